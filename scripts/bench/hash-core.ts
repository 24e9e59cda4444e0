/** Hash rate of each core on one thread against @noble hashing the same headers. */

import { createHashCore, type HashCoreName } from '../../src/mining/hash-core.ts';
import { type BenchRow, type Round, rate } from './measure.ts';

const sliceMs = 200;
const roundCount = 7;

/** Prepares a core; each call of the result searches for a while and returns hashes a second. */
function searcher(name: HashCoreName): () => number {
  const core = createHashCore(name);
  core.prepare(new Uint8Array(80).fill(7), 0n);
  const slice = name === 'noble' ? 1_000 : 50_000;
  core.search(0, slice);
  return () => {
    const start = performance.now();
    let count = 0;
    while (performance.now() - start < sliceMs) {
      core.search(count, slice);
      count += slice;
    }
    return rate(count, performance.now() - start);
  };
}

export function benchHashCore(): readonly BenchRow[] {
  const noble = searcher('noble');
  return (['scalar', 'simd'] as const).map((name) => {
    const search = searcher(name);
    const rounds: Round[] = [];
    for (let round = 0; round < roundCount; round++) {
      rounds.push({ measured: search(), reference: noble() });
    }
    return {
      work: `hash core, ${name}`,
      unit: 'hashes/s',
      rounds,
      against: '@noble/hashes SHA-256d',
      bar: name === 'simd' ? 25 : undefined,
    };
  });
}
