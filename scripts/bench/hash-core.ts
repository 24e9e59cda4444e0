/**
 * Hash rate of each core on one thread against @noble hashing the same headers, and of the two
 * WebAssembly cores against each other. In time of the processor, which others do not take away.
 */

import { createHashCore, type HashCoreName, versionsAtOnce } from '../../src/mining/hash-core.ts';
import { versionsOfGroup } from '../../src/mining/search-space.ts';
import { baseVersion } from '../../src/primitives/header.ts';
import { type BenchRow, type Round, rate } from './measure.ts';

const sliceMs = 150;
const roundCount = 11;

/** Prepares a core; each call of the result searches for a while and returns hashes a second. */
function searcher(name: HashCoreName): () => number {
  const core = createHashCore(name);
  core.prepare(new Uint8Array(80).fill(7), versionsOfGroup(baseVersion, 0), 0n);
  const slice = name === 'noble' ? 64 : 3_200;
  core.search(0, slice);
  return () => {
    const start = process.cpuUsage();
    for (let count = 0; ; ) {
      core.search(count, slice);
      count += slice;
      const { user, system } = process.cpuUsage(start);
      const elapsedMs = (user + system) / 1_000;
      if (elapsedMs >= sliceMs) return rate(count * versionsAtOnce, elapsedMs);
    }
  };
}

/** By turns, so that a change of the clock frequency meets both. */
function compare(measured: () => number, reference: () => number): readonly Round[] {
  return Array.from({ length: roundCount }, () => ({
    measured: measured(),
    reference: reference(),
  }));
}

export function benchHashCore(): readonly BenchRow[] {
  const [noble, scalar, simd] = [searcher('noble'), searcher('scalar'), searcher('simd')];
  const unit = 'hashes/s';
  const against = '@noble/hashes SHA-256d';
  return [
    { work: 'hash core, scalar', unit, rounds: compare(scalar, noble), against, bar: undefined },
    { work: 'hash core, simd', unit, rounds: compare(simd, noble), against, bar: 25 },
    {
      work: 'hash core, simd',
      unit,
      rounds: compare(simd, scalar),
      against: 'the scalar core',
      bar: undefined,
    },
  ];
}
