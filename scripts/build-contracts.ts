/**
 * Compiles native/contracts to genesis/<name>.wasm and writes genesis/artifacts/<Name>.json.
 * The same bytes on every machine: the compiler's version is pinned, and a test rebuilds and compares.
 * Run `npx tsx scripts/build-contracts.ts` after a change in native/contracts.
 */

import { existsSync, readFileSync } from 'node:fs';
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

/** Folder -> contract name, in an order where embedded modules come before those that hold them. */
export const contractNames: Readonly<Record<string, string>> = {
  'aggregator-proxy': 'AggregatorV3Proxy',
  'stake-registry': 'StakeRegistry',
  'oracle-registry': 'OracleRegistry',
  'oracle-fund': 'OracleFund',
  'commit-reveal-oracle': 'CommitRevealOracle',
};

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

/** The registry deploys proxies, so it carries their creation data. */
function proxyModule(proxy: CompiledContract): string {
  const code = encodeCreation(proxy.wasm);
  return [
    `export const proxyCode: usize = memory.data<u8>([${code.join(',')}]);`,
    `export const proxyCodeLength: u32 = ${code.length};`,
  ].join('\n');
}

/** Every file that belongs into genesis/, by its path there. */
export async function buildContracts(): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const generated = new Map<string, string>();
  for (const [folder, name] of Object.entries(contractNames)) {
    const contract = await compileContract(folder, name, generated);
    if (name === 'AggregatorV3Proxy') {
      generated.set('oracle-registry/proxy-code.ts', proxyModule(contract));
    }
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
