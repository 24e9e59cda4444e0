/** What a run draws from its seed before it begins: the network, the shares of hash power, names. */

import type { FaultOptions } from './faults.ts';
import type { NetworkOptions } from './network.ts';
import type { Random } from './random.ts';

export type Weather = NetworkOptions & FaultOptions;

/** The weather of a run, drawn from its seed. */
export function drawWeather(random: Random, blockIntervalMs: number): Weather {
  // Most runs are stormy: a quiet network proves little.
  const calmness = random.next() ** 2;
  return {
    delayMsMin: random.integer(1, 50),
    delayMsMean: random.integer(10, 1_000),
    loss: random.chance(0.5) ? 0 : 0.1 * random.next(),
    duplication: 0.1 * random.next(),
    degree: random.integer(2, 6),
    intervalMs: blockIntervalMs * (0.3 + 8 * calmness),
    downMsMean: blockIntervalMs * (0.2 + 5 * random.next()),
    partitionMsMax: blockIntervalMs * 24 * random.next() ** 2,
    clogMsMax: blockIntervalMs * 4,
  };
}

/** Shares of the hash power: a few large miners, many small ones, some that only watch. */
export function drawShares(random: Random, count: number): readonly number[] {
  const weights = Array.from({ length: count }, (_, index) =>
    index > 0 && random.chance(0.2) ? 0 : random.exponential(1) ** 2,
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** Names of Byzantine nodes. Among members liars alternate with pairs of twins. */
export function byzantineNames(
  count: number,
  areMembers: boolean,
  seed: number,
): readonly string[] {
  return Array.from({ length: count }, (_, index) => index).flatMap((index) =>
    areMembers && (index + seed) % 2 === 1
      ? [`twin-${index}-a`, `twin-${index}-b`]
      : [`liar-${index}`],
  );
}
