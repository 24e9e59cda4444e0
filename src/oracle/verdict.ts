/**
 * What an operator's own sources say about a claim. Only a claim of the grammar, about a quantity
 * that is known here, can be found wrong; everything else is left to people.
 */

import { type Claim, claimPrice, judge } from './claim.ts';
import { observe } from './observation.ts';
import type { WatchedQuantity } from './watch-file.ts';

export interface Verdict {
  /**
   * `unknown`: no quantity of that name, or too few sources answer. `early`: its time has not come.
   */
  readonly kind: 'right' | 'wrong' | 'close' | 'unknown' | 'early';
  /** The price behind it, or the reason that there is none. */
  readonly reason: string;
}

/**
 * @param time seconds since 1970
 * @param marginBps around the threshold, where the verdict is `close`
 */
export async function verdictOf(
  claim: Claim,
  quantities: readonly WatchedQuantity[],
  time: number,
  marginBps: number,
): Promise<Verdict> {
  const quantity = quantities.find(({ name }) => name === claim.quantity);
  if (quantity === undefined) {
    return { kind: 'unknown', reason: `no sources for ${claim.quantity} in the watch file` };
  }
  if (claim.time > time) {
    return { kind: 'early', reason: `it speaks of a time ${claim.time - time} s from now` };
  }
  const sources = quantity.sources.map((source) => ({
    name: source.name,
    read: () => source.read(claim),
  }));
  const { observation, left } = await observe(sources, claim.time, quantity);
  const reasons = left.map(({ source, reason }) => `${source}: ${reason}`).join('; ');
  if (observation === undefined) return { kind: 'unknown', reason: reasons };
  const kind = judge(claim, observation.value, marginBps);
  return { kind, reason: `${claim.quantity} was ${claimPrice(observation.value)}` };
}
