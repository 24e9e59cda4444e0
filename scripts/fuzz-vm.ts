/**
 * Random modules against the contract machine: `npx tsx scripts/fuzz-vm.ts [modules] [first seed]`.
 * Each runs in the engine as it came, in the engine metered, and in the interpreter, at several limits
 * of gas. A difference prints its seed and ends with status 1. With `node --import tsx --liftoff-only`
 * or `--no-liftoff` before the script, the same seeds hold one of the engine's compilers to the rest.
 */

import { compareModule, emptyReport } from '../test/support/interpreter/differential.ts';
import { pickerFrom, randomModule } from '../test/support/interpreter/random-module.ts';

const [count = 10_000, first = 1] = process.argv.slice(2).map(Number);
const report = emptyReport();
const startMs = performance.now();
for (let seed = first; seed < first + count; seed++) {
  compareModule(randomModule(seed, 2_000), pickerFrom(seed), report);
  if (report.differences.length > 0) {
    console.log(`seed ${seed}:\n${report.differences.join('\n')}`);
    process.exit(1);
  }
  const done = seed - first + 1;
  if (done % 100 !== 0 && done !== count) continue;
  const seconds = Math.round((performance.now() - startMs) / 1_000);
  console.log(
    `${done} modules, ${report.calls} calls, ${report.trapped} trapped, ` +
      `${report.limited} runs under a limit, no difference, ${seconds} s`,
  );
}
