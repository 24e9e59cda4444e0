/**
 * Attacks the contract machine for a while: `npx tsx scripts/fuzz-vm.ts [--minutes 60] [--seed 1]`.
 * Each seed is a chain of hostile blocks (test/support/fuzz), executed by two nodes in each of three
 * processes with different compilers of the engine. All six must agree on every receipt and state
 * root. A difference, a fault, a crash or two minutes of silence prints the seed and ends with status 1.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Engines, serve } from '../test/support/fuzz/engines.ts';
import { type ChainReport, TwinNodes } from '../test/support/fuzz/twin-nodes.ts';
import { compilePuppet } from '../test/support/puppet.ts';

const genesisFolder = fileURLToPath(new URL('../genesis', import.meta.url));

/** A seed; the puppet comes along, because its compiler takes 500 MB. */
interface Task {
  readonly seed: number;
  readonly puppet: Uint8Array;
}

function serveChains(): void {
  const genesis = readdirSync(genesisFolder)
    .filter((name) => name.endsWith('.wasm'))
    .map((name) => new Uint8Array(readFileSync(join(genesisFolder, name))));
  let nodes: TwinNodes | undefined;
  serve<Task, ChainReport>(({ seed, puppet }) => {
    nodes ??= new TwinNodes([puppet, ...genesis]);
    return nodes.run(seed);
  });
}

async function attack(minutes: number, first: number): Promise<void> {
  const startMs = performance.now();
  const puppet = await compilePuppet();
  const engines = new Engines<Task, ChainReport>(fileURLToPath(import.meta.url));
  const total = { transactions: 0, succeeded: 0, creations: 0, created: 0 };
  const summary = (done: number): string =>
    `${Math.round((performance.now() - startMs) / 1_000)} s: ${done} chains from seed ${first}, ` +
    `${total.transactions} transactions (${total.succeeded} succeeded), ` +
    `${total.created} of ${total.creations} creations accepted, each executed six times`;
  for (let seed = first; performance.now() - startMs < 60_000 * minutes; seed++) {
    const report = await engines.ask({ seed, puppet });
    if ('problem' in report) {
      console.log(`${summary(seed - first)}\nseed ${seed}: ${report.problem}`);
      process.exitCode = 1;
      break;
    }
    for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += report[key];
    const done = seed - first + 1;
    if (done % 20 === 0) console.log(summary(done));
  }
  engines.close();
}

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    serve: { type: 'string' },
  },
});
if (values.serve === undefined) await attack(Number(values.minutes), Number(values.seed));
else serveChains();
