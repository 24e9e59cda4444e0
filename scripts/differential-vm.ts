/**
 * Random modules of binaryen's generator, floats and several results included:
 * `npx tsx scripts/differential-vm.ts [--modules 10000] [--seed 1]`. Each runs as it came, metered, and
 * in the reference interpreter, at several limits of gas: the same results, logs, memory, gas and point
 * of exhaustion. Three processes with different compilers of the engine must show the same. A difference
 * prints its seed and ends with status 1.
 */

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Engines, serve } from '../test/support/fuzz/engines.ts';
import { compareModule, emptyReport } from '../test/support/interpreter/differential.ts';
import { RandomModules } from '../test/support/interpreter/random-module.ts';
import { pickerFrom } from '../test/support/pick.ts';

/** Seeds of one question: the engines need not wait for each other after every module. */
const batchSize = 25;

interface Task {
  readonly first: number;
  readonly modules: readonly Uint8Array[];
}

interface Result {
  readonly digest: string;
  readonly calls: number;
  readonly limited: number;
  readonly trapped: number;
}

function serveModules(isInterpreted: boolean): void {
  serve<Task, Result>(({ first, modules }) => {
    const report = emptyReport();
    for (const [index, bytes] of modules.entries()) {
      const seed = first + index;
      compareModule(bytes, { pick: pickerFrom(seed), isInterpreted }, report);
      if (report.differences.length === 0) continue;
      throw new Error(`seed ${seed}: ${report.differences.join('\n')}`);
    }
    const { calls, limited, trapped, shown } = report;
    return { digest: shown.digest('hex'), calls, limited, trapped };
  });
}

/** Modules made of 300 to 1,500 random bytes each. */
async function makeBatch(
  modules: RandomModules,
  first: number,
  end: number,
): Promise<Uint8Array[]> {
  const batch: Uint8Array[] = [];
  for (let seed = first; seed < Math.min(first + batchSize, end); seed++) {
    batch.push(await modules.make(seed, 300 + ((677 * seed) % 1_200)));
  }
  return batch;
}

async function compare(count: number, first: number): Promise<void> {
  const startMs = performance.now();
  const modules = new RandomModules();
  const engines = new Engines<Task, Result>(fileURLToPath(import.meta.url));
  const total = { calls: 0, limited: 0, trapped: 0 };
  const end = first + count;
  let next = await makeBatch(modules, first, end);
  for (let seed = first; seed < end; seed += batchSize) {
    const batch = next;
    const answer = engines.ask({ first: seed, modules: batch });
    // The generator works while the engines do.
    next = await makeBatch(modules, seed + batchSize, end);
    const result = await answer;
    if ('problem' in result) {
      console.log(`seeds from ${seed}: ${result.problem}`);
      process.exitCode = 1;
      break;
    }
    for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += result[key];
    const done = seed - first + batch.length;
    if (done % (8 * batchSize) !== 0 && done !== count) continue;
    console.log(
      `${Math.round((performance.now() - startMs) / 1_000)} s: ${done} modules from seed ${first}, ` +
        `${total.calls} calls (${total.trapped} trapped), ${total.limited} runs under a limit, ` +
        'no difference in three engines',
    );
  }
  engines.close();
}

const { values } = parseArgs({
  options: {
    modules: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    serve: { type: 'string' },
  },
});
if (values.serve === undefined) await compare(Number(values.modules), Number(values.seed));
// The interpreter knows no compilers: once is enough.
else serveModules(values.serve === 'default');
