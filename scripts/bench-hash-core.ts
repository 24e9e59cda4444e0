/**
 * Hash rate of each core on one thread, and its ratio to @noble hashing the same headers in the
 * same run. Run `npx tsx scripts/bench-hash-core.ts`.
 */

import { createHashCore, type HashCoreName } from '../src/mining/hash-core.ts';

const names: readonly HashCoreName[] = ['noble', 'scalar', 'simd'];
const roundMs = 400;
const rounds = 3;

/** Best of some rounds, in hashes per second: interruptions only ever slow a round down. */
function measure(name: HashCoreName): number {
  const core = createHashCore(name);
  core.prepare(new Uint8Array(80).fill(7), 0n);
  const slice = name === 'noble' ? 5_000 : 100_000;
  core.search(0, slice);
  let best = 0;
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    let count = 0;
    while (performance.now() - start < roundMs) {
      core.search(count, slice);
      count += slice;
    }
    best = Math.max(best, (count * 1_000) / (performance.now() - start));
  }
  return best;
}

const rates = new Map(names.map((name) => [name, measure(name)]));
const reference = rates.get('noble') as number;
console.log('core      MH/s   x @noble');
for (const [name, rate] of rates) {
  console.log(
    `${name.padEnd(8)}${(rate / 1e6).toFixed(2).padStart(6)}${(rate / reference).toFixed(1).padStart(11)}`,
  );
}
