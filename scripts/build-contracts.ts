/**
 * Compiles native/contracts to genesis/<name>.wasm and writes genesis/artifacts/<Name>.json.
 * The same bytes on every machine: the compiler's version is pinned, and a test rebuilds and compares.
 * Run `npx tsx scripts/build-contracts.ts` after a change in native/contracts.
 */

import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main } from 'assemblyscript/asc';
import type { Abi } from 'viem';
import { entryModule, interfaceModule, parseInterface } from './contract-interface.ts';

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

/** One page of memory at first; no runtime export, so no allocation outside the SDK's arena. */
const options = [
  '-Oz',
  '--converge',
  '--noAssert',
  '--runtime',
  'stub',
  '--use',
  'abort=',
  '--initialMemory',
  '1',
  '--disable',
  'sign-extension,nontrapping-f2i,mutable-globals',
];

export interface CompiledContract {
  readonly name: string;
  /** The folder of its source below native/contracts. */
  readonly folder: string;
  readonly abi: Abi;
  readonly wasm: Uint8Array;
}

function interfaceOf(folder: string): Abi {
  return parseInterface(readFileSync(join(sourceDirectory, folder, 'interface.abi'), 'utf8'));
}

/** Text of generated modules by path below native/contracts. */
export type GeneratedModules = ReadonlyMap<string, string>;

/** The compiler asks for a file: generated ones first, then what lies on disk. */
function readSource(
  path: string,
  baseDirectory: string,
  generated: GeneratedModules,
): string | null {
  const given = generated.get(path);
  if (given !== undefined) return given;
  const [, folder, kind] = /([^/]+)\/(interface|entry)\.ts$/.exec(path) ?? [];
  if (folder && existsSync(join(sourceDirectory, folder, 'interface.abi'))) {
    const abi = interfaceOf(folder);
    return kind === 'entry' ? entryModule(abi) : interfaceModule(abi);
  }
  const file = join(baseDirectory, path);
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

/**
 * Compiles one contract folder of native/contracts.
 * @throws Error with the compiler's report.
 */
export async function compileContract(
  folder: string,
  name: string,
  generated: GeneratedModules = new Map(),
): Promise<CompiledContract> {
  let wasm: Uint8Array | undefined;
  const { error, stderr } = await main(
    [`${folder}/entry.ts`, '--baseDir', sourceDirectory, '--outFile', 'contract.wasm', ...options],
    {
      readFile: (path, baseDirectory) => readSource(path, baseDirectory, generated),
      writeFile: (file, contents) => {
        if (file.endsWith('contract.wasm') && typeof contents !== 'string') wasm = contents;
      },
    },
  );
  if (error || !wasm) throw new Error(`${folder} does not compile: ${error}\n${stderr}`);
  return { name, folder, abi: interfaceOf(folder), wasm };
}

/** Creation data without constructor arguments: 0xEF574101, length, module. */
export function creationCode(wasm: Uint8Array): Uint8Array {
  const data = new Uint8Array(8 + wasm.length);
  data.set([0xef, 0x57, 0x41, 0x01]);
  new DataView(data.buffer).setUint32(4, wasm.length);
  data.set(wasm, 8);
  return data;
}

/** The artifact that viem, ethers and Hardhat read. */
function artifact(contract: CompiledContract): string {
  const hex = (bytes: Uint8Array) => `0x${Buffer.from(bytes).toString('hex')}`;
  const value = {
    _format: 'hh-sol-artifact-1',
    contractName: contract.name,
    sourceName: `native/contracts/${contract.folder}/contract.ts`,
    abi: contract.abi,
    bytecode: hex(creationCode(contract.wasm)),
    deployedBytecode: hex(contract.wasm),
    linkReferences: {},
    deployedLinkReferences: {},
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** The registry deploys proxies, so it carries their creation data. */
function proxyModule(proxy: CompiledContract): string {
  const code = creationCode(proxy.wasm);
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
    files.set(`artifacts/${name}.json`, Buffer.from(artifact(contract)));
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
