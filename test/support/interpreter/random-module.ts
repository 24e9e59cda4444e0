/**
 * Random valid modules from a generator that knows nothing of this project: binaryen's wasm-opt turns
 * bytes into a program (`-ttf`), without NaN, whose bits are the engine's choice.
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Numbers below its argument, the same for the same seed (mulberry32). */
export function pickerFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Comes with assemblyscript. */
const tool = fileURLToPath(new URL('../../../node_modules/binaryen/bin/wasm-opt', import.meta.url));

/** The module that `seed` stands for. @throws Error when wasm-opt fails. */
export function randomModule(seed: number, sizeBytes: number): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'random-module-'));
  try {
    const pick = pickerFrom(seed);
    const [input, output] = [join(folder, 'input'), join(folder, 'output.wasm')];
    writeFileSync(
      input,
      Uint8Array.from({ length: sizeBytes }, () => pick(256)),
    );
    const features = ['--mvp-features', '--enable-sign-ext', '--enable-bulk-memory-opt'];
    const command = [tool, input, '-ttf', ...features, '--denan', '-o', output];
    execFileSync(process.execPath, command, { stdio: 'pipe' });
    return new Uint8Array(readFileSync(output));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
