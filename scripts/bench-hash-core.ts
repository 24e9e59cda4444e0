/** Hash rate of each core on one thread against @noble hashing the same headers in the same run. */

import { createHashCore, type HashCoreName } from '../src/mining/hash-core.ts';
import type { BenchRow } from './bench.ts';

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

export function benchHashCore(): readonly BenchRow[] {
  const noble = measure('noble');
  return (['scalar', 'simd'] as const).map((name) => ({
    work: `hash core, ${name}`,
    unit: 'hashes/s',
    measured: measure(name),
    reference: noble,
    against: '@noble',
    bar: name === 'simd' ? 25 : undefined,
  }));
}
