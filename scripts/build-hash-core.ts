/**
 * Compiles native/hash-core to src/mining/hash-core.generated.ts, byte for byte the same on every
 * machine: the compiler's version is pinned, and a test rebuilds and compares.
 * Run `npx tsx scripts/build-hash-core.ts` after a change in native/hash-core.
 */

import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main } from 'assemblyscript/asc';

const nativeDirectory = fileURLToPath(new URL('../native/hash-core/', import.meta.url));
const generatedFile = fileURLToPath(
  new URL('../src/mining/hash-core.generated.ts', import.meta.url),
);

/** No runtime, no growth: one page of memory whose first 36 KiB the search lays out itself. */
const options = [
  '-O3',
  '--noAssert',
  '--runtime',
  'stub',
  '--use',
  'abort=',
  '--memoryBase',
  '36864',
  '--initialMemory',
  '1',
  '--maximumMemory',
  '1',
];

/** Compiles one entry file. @throws Error with the compiler's report. */
async function compile(entry: string, extraOptions: readonly string[]): Promise<Uint8Array> {
  const output = 'core.wasm';
  let wasm: Uint8Array | undefined;
  const { error, stderr } = await main(
    [entry, '--baseDir', nativeDirectory, '--outFile', output, ...options, ...extraOptions],
    {
      writeFile: (name, contents) => {
        if (basename(name) === output && typeof contents !== 'string') wasm = contents;
      },
    },
  );
  if (error || !wasm) throw new Error(`${entry} does not compile: ${error}\n${stderr}`);
  return wasm;
}

/** The text of src/mining/hash-core.generated.ts for the sources as they are now. */
export async function generateHashCoreModule(): Promise<string> {
  const scalar = await compile('scalar.ts', []);
  const simd = await compile('simd.ts', ['--enable', 'simd']);
  const constant = (name: string, bytes: Uint8Array): string =>
    `export const ${name} =\n  '${Buffer.from(bytes).toString('base64')}';\n`;
  return [
    '/** Compiled from native/hash-core by scripts/build-hash-core.ts; not to be edited. */\n',
    constant('scalarCoreBase64', scalar),
    constant('simdCoreBase64', simd),
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = await generateHashCoreModule();
  const before = await readFile(generatedFile, 'utf8').catch(() => '');
  if (before !== text) await writeFile(generatedFile, text);
  console.log(`${generatedFile} ${before === text ? 'is up to date' : 'written'}`);
}
