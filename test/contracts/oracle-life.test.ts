/** The short version of `npx tsx scripts/fuzz-oracles.ts`. */

import { describe, expect, it } from 'vitest';
import { OracleLife } from './oracle-life.ts';

describe('any order of events around reporters, jurors and their stake', () => {
  it('loses no acorn, leaves no round behind and pays everybody', () => {
    const seen = new Set<string>();
    for (const seed of [1, 2]) {
      const life = new OracleLife(seed);
      life.live(150);
      life.end();
      for (const name of life.seen.keys()) seen.add(name);
    }
    expect([...seen]).toEqual(
      expect.arrayContaining([
        'Penalized 1',
        'Penalized 4',
        'RoundDisputed',
        'SeatTaken',
        'Slashed',
        'round final',
        'round refuted',
        'round void',
      ]),
    );
  });
});
