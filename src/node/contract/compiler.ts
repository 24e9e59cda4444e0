/**
 * AssemblyScript to a contract module: the options of every contract, and the compiler itself, which
 * is loaded when it is first needed and asks its caller for each file.
 */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

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

/** A contract that does not compile, or a project that cannot be read. */
export class BuildError extends Error {
  readonly code = 'contract-build';
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'BuildError';
  }
}

/** What the compiler's public transform hooks get: its parser, then its module. */
export interface CompilerHooks {
  afterParse?(parser: unknown): void;
  afterCompile?(module: unknown): void;
}

export interface Compilation {
  /** Path of the module whose exports are the contract's. */
  readonly entry: string;
  readonly baseDirectory: string;
  /** The text of a file of the project, by its path from the base directory; null when absent. */
  readonly readFile: (path: string) => string | null;
  readonly hooks?: CompilerHooks;
}

const sdkDirectory = fileURLToPath(new URL('../../../native/contracts/sdk/', import.meta.url));
/** Names the SDK among the compiler's library folders; no such folder exists. */
const sdkLibrary = '~dodona';

/** `import … from "dodona"` and `"dodona/…"`: files of the SDK; null for other names. */
function readLibrary(path: string): string | null {
  const [, file] = /^dodona\/([a-z0-9-]+\.ts)$/.exec(path) ?? [];
  if (file === undefined) return null;
  try {
    return readFileSync(`${sdkDirectory}${file}`, 'utf8');
  } catch {
    return null;
  }
}

async function loadCompiler(): Promise<typeof import('assemblyscript/asc')> {
  try {
    return await import('assemblyscript/asc');
  } catch (error) {
    throw new BuildError('contracts need the package assemblyscript: npm install', error);
  }
}

/**
 * The module that a contract compiles to.
 * @throws BuildError with the compiler's report
 */
export async function compileModule(compilation: Compilation): Promise<Uint8Array> {
  const { entry, baseDirectory, readFile, hooks } = compilation;
  const { main } = await loadCompiler();
  let wasm: Uint8Array | undefined;
  const { error, stderr } = await main(
    [
      ...[entry, '--baseDir', baseDirectory, '--outFile', 'contract.wasm'],
      ...['--lib', sdkLibrary, ...options],
    ],
    {
      readFile: (path, directory) =>
        directory === sdkLibrary ? readLibrary(path) : readFile(path),
      listFiles: () => [],
      writeFile: (file, contents) => {
        if (file.endsWith('contract.wasm') && typeof contents !== 'string') wasm = contents;
      },
      transforms: hooks === undefined ? [] : [hooks as never],
    },
  );
  if (error instanceof BuildError) throw error;
  if (error || !wasm) throw new BuildError(`the contract does not compile\n${stderr}`, error);
  return wasm;
}
