/**
 * Random valid modules from a generator that knows nothing of this project: binaryen's wasm-opt turns
 * bytes into a program (`-ttf`), without NaN, whose bits are the engine's choice. The tool is compiled
 * once and run inside this process: 40 ms a module instead of 1,200.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pickBytes, pickerFrom } from '../pick.ts';

const tool = fileURLToPath(new URL('../../../node_modules/binaryen/bin/wasm-opt', import.meta.url));
const features = [
  '--mvp-features',
  '--enable-sign-ext',
  '--enable-bulk-memory-opt',
  '--enable-multivalue',
];

/** What Emscripten's start code looks for in its surroundings. */
interface Surroundings {
  readonly print: (line: string) => void;
  readonly printErr: (line: string) => void;
  readonly instantiateWasm: (
    imports: Record<string, Record<string, unknown>>,
    receive: (instance: WebAssembly.Instance) => void,
  ) => void;
  readonly postRun: () => void;
  /** Set by the tool's own text: the bytes of its module. */
  wasmBytes?: () => Uint8Array<ArrayBuffer>;
}

type ToolMain = (
  require: NodeJS.Require,
  process: object,
  surroundings: Surroundings,
  fileName: string,
  folderName: string,
) => void;

export class RandomModules {
  private readonly main: ToolMain;
  private compiled: WebAssembly.Module | undefined;

  constructor() {
    const text = readFileSync(tool, 'utf8').replace(/^#!.*\n/, '');
    const names = ['require', 'process', 'Module', '__filename', '__dirname'];
    this.main = new Function(...names, `Module.wasmBytes = findWasmBinary;${text}`) as ToolMain;
  }

  /** One run of the tool, in an instance of its own. @throws Error with what it printed. */
  private async run(parameters: readonly string[]): Promise<void> {
    const printed: string[] = [];
    const print = (line: string): void => void printed.push(line);
    const own = { exitCode: 0, argv: [process.execPath, tool, ...parameters] };
    const seen = Object.create(process, Object.getOwnPropertyDescriptors(own)) as object;
    await new Promise<void>((resolve) => {
      const surroundings: Surroundings = {
        print,
        printErr: print,
        instantiateWasm: (imports, receive) => {
          this.compiled ??= new WebAssembly.Module(
            (surroundings.wasmBytes as () => Uint8Array<ArrayBuffer>)(),
          );
          receive(new WebAssembly.Instance(this.compiled, imports));
        },
        postRun: resolve,
      };
      this.main(createRequire(tool), seen, surroundings, tool, dirname(tool));
    });
    if (own.exitCode !== 0 || printed.length > 0) throw new Error(`wasm-opt: ${printed.join()}`);
  }

  /** The module that `seed` stands for. @throws Error when wasm-opt fails. */
  async make(seed: number, sizeBytes: number): Promise<Uint8Array> {
    const folder = mkdtempSync(join(tmpdir(), 'random-module-'));
    try {
      const [input, output] = [join(folder, 'input'), join(folder, 'output.wasm')];
      writeFileSync(input, pickBytes(pickerFrom(seed), sizeBytes));
      await this.run([input, '-ttf', ...features, '--denan', '-o', output]);
      return new Uint8Array(readFileSync(output));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
}
