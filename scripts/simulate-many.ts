/**
 * Many seeds of one simulation, for release runs and nights: 200 seeds of 10 nodes by default.
 * Run `npx tsx scripts/simulate-many.ts [--seeds 200] [--from 1] [--nodes 10] [--minutes 30]
 * [--byzantine 2]`, or `--protocol pbft --seeds 2000 --minutes 1` for consortia of 1 to 10 members,
 * with as many Byzantine ones as they tolerate.
 * Prints one line a seed, what all runs together went through, and how to repeat each failure.
 */

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createNativeCrypto } from '../src/node/native-crypto.ts';
import { faultsOf } from '../src/primitives/seal.ts';
import { commandOf, runSimulation } from '../src/simulation/simulate.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    nodes: { type: 'string' },
    byzantine: { type: 'string' },
    minutes: { type: 'string', default: '30' },
    protocol: { type: 'string', default: 'pow' },
  },
});

const crypto = createNativeCrypto();
const registry = readFileSync(new URL('../genesis/member-registry.wasm', import.meta.url));
const from = Number(values.from);
const failures: string[] = [];
const totals = {
  blocksMined: 0,
  reorganisations: 0,
  crashes: 0,
  lostBatches: 0,
  partitions: 0,
  memberChanges: 0,
};
let deepest = 0;
let slowest = 0;

/** Nodes and Byzantine nodes of one run. */
function sizeOf(seed: number): { readonly nodes: number; readonly byzantine: number } {
  const isConsortium = values.protocol === 'pbft';
  const nodes = Number(values.nodes ?? (isConsortium ? 1 + (seed % 10) : 10));
  return { nodes, byzantine: Number(values.byzantine ?? (isConsortium ? faultsOf(nodes) : 0)) };
}

for (let seed = from; seed < from + Number(values.seeds); seed++) {
  const options = {
    seed,
    ...sizeOf(seed),
    minutes: Number(values.minutes),
    protocol: values.protocol,
  };
  const started = performance.now();
  const report = runSimulation(options, crypto, registry);
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += report[key];
  deepest = Math.max(deepest, report.deepestReorganisation);
  slowest = Math.max(slowest, report.healingMs);
  const outcome = report.failure === undefined ? 'ok' : `FAILED ${report.failure.check}`;
  console.log(`seed ${seed}: ${outcome}, height ${report.height}, ${seconds} s`);
  if (report.failure !== undefined) {
    console.log(report.failure.detail);
    failures.push(commandOf(options));
  }
}

console.log(
  `${totals.blocksMined} blocks, ${totals.reorganisations} reorganisations (deepest ${deepest}), ` +
    `${totals.crashes} power failures with ${totals.lostBatches} writes lost, ${totals.partitions} partitions, ${totals.memberChanges} changes of members, healed within ${(slowest / 1_000).toFixed(1)} s`,
);
for (const command of failures) console.log(`repeat with: ${command}`);
process.exitCode = failures.length === 0 ? 0 : 1;
