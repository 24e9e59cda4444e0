/**
 * Compiles native/contracts to genesis/<name>.wasm and writes genesis/artifacts/<Name>.json.
 * The same bytes on every machine: the compiler's version is pinned, and a test rebuilds and compares.
 * Run `npx tsx scripts/build-contracts.ts` after a change in native/contracts.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Abi } from 'viem';
import { artifactOf, artifactText, type CompiledContract } from '../src/node/contract/artifact.ts';
import { compileModule } from '../src/node/contract/compiler.ts';
import { entryModule, interfaceModule, parseInterface } from '../src/node/contract/interface.ts';
import { encodeCreation } from '../src/vm/creation.ts';

const sourceDirectory = fileURLToPath(new URL('../native/contracts/', import.meta.url));
const genesisDirectory = fileURLToPath(new URL('../genesis/', import.meta.url));

/** Names that are not their folder's in Pascal case. */
const irregularNames: Readonly<Record<string, string>> = {
  'aggregator-proxy': 'AggregatorV3Proxy',
  multicall: 'Multicall3',
};

/** Contracts whose creation data another one carries, because it deploys them. */
const embedded: Readonly<Record<string, { readonly module: string; readonly name: string }>> = {
  'aggregator-proxy': { module: 'oracle-registry/proxy-code.ts', name: 'proxyCode' },
  'amm-pair': { module: 'pair-factory/pair-code.ts', name: 'pairCode' },
};

/** Folders that hold no genesis contract. */
const otherFolders: ReadonlySet<string> = new Set(['probe', 'pair-probe']);

function pascalCase(folder: string): string {
  return folder.replace(/(^|-)([a-z])/g, (_, _dash, letter: string) => letter.toUpperCase());
}

/** Folder -> contract name. In the order of the alphabet what is embedded comes first. */
export const contractNames: Readonly<Record<string, string>> = Object.fromEntries(
  readdirSync(sourceDirectory)
    .filter((folder) => !otherFolders.has(folder))
    .filter((folder) => existsSync(join(sourceDirectory, folder, 'interface.abi')))
    .filter((folder) => existsSync(join(sourceDirectory, folder, 'contract.ts')))
    .sort()
    .map((folder) => [folder, irregularNames[folder] ?? pascalCase(folder)]),
);

function interfaceOf(folder: string): Abi {
  return parseInterface(readFileSync(join(sourceDirectory, folder, 'interface.abi'), 'utf8'));
}

/** Text of generated modules by path below native/contracts. */
export type GeneratedModules = ReadonlyMap<string, string>;

/** The compiler asks for a file: generated ones first, then what lies on disk. */
function readSource(path: string, generated: GeneratedModules): string | null {
  const given = generated.get(path);
  if (given !== undefined) return given;
  const [, folder, kind] = /([^/]+)\/(interface|entry)\.ts$/.exec(path) ?? [];
  if (folder && existsSync(join(sourceDirectory, folder, 'interface.abi'))) {
    const abi = interfaceOf(folder);
    return kind === 'entry' ? entryModule(abi) : interfaceModule(abi);
  }
  const file = join(sourceDirectory, path);
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

/**
 * Compiles one contract folder of native/contracts.
 * @throws BuildError with the compiler's report.
 */
export async function compileContract(
  folder: string,
  name: string,
  generated: GeneratedModules = new Map(),
): Promise<CompiledContract> {
  const wasm = await compileModule({
    entry: `${folder}/entry.ts`,
    baseDirectory: sourceDirectory,
    readFile: (path) => readSource(path, generated),
  });
  const sourceName = `native/contracts/${folder}/contract.ts`;
  return { name, sourceName, abi: interfaceOf(folder), wasm };
}

function creationModule(name: string, contract: CompiledContract): string {
  const code = encodeCreation(contract.wasm);
  return [
    `export const ${name}: usize = memory.data<u8>([${code.join(',')}]);`,
    `export const ${name}Length: u32 = ${code.length};`,
  ].join('\n');
}

/** Every file that belongs into genesis/, by its path there. */
export async function buildContracts(): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const generated = new Map<string, string>();
  for (const [folder, name] of Object.entries(contractNames)) {
    const contract = await compileContract(folder, name, generated);
    const host = embedded[folder];
    if (host) generated.set(host.module, creationModule(host.name, contract));
    files.set(`${folder}.wasm`, contract.wasm);
    files.set(`artifacts/${name}.json`, Buffer.from(artifactText(artifactOf(contract))));
  }
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await mkdir(join(genesisDirectory, 'artifacts'), { recursive: true });
  for (const [path, contents] of await buildContracts()) {
    const file = join(genesisDirectory, path);
    const before = await readFile(file).catch(() => undefined);
    const same = before !== undefined && Buffer.compare(before, contents) === 0;
    if (!same) await writeFile(file, contents);
    console.log(`genesis/${path} ${contents.length} bytes${same ? '' : ', written'}`);
  }
}
