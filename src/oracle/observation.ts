/**
 * One reporter's observation: the median of its sources, after refusing those that stray from the
 * others. A reporter with no agreement between its sources says nothing.
 */

import { limits } from '../primitives/limits.ts';
import type { PriceSource } from './sources.ts';

export interface Observation {
  readonly value: bigint;
  readonly used: readonly { readonly source: string; readonly value: bigint }[];
  /** Sources that failed or strayed, with the reason. */
  readonly left: readonly { readonly source: string; readonly reason: string }[];
}

/** The middle value; of an even number, the floor of the mean of the middle two. */
export function median(values: readonly bigint[]): bigint {
  if (values.length === 0) throw new RangeError('no values to take the median of');
  const sorted = [...values].sort((left, right) => (left < right ? -1 : left > right ? 1 : 0));
  const upper = sorted[sorted.length >> 1] as bigint;
  if (sorted.length % 2 === 1) return upper;
  const lower = sorted[(sorted.length >> 1) - 1] as bigint;
  const sum = lower + upper;
  return sum < 0n && sum % 2n !== 0n ? sum / 2n - 1n : sum / 2n;
}

/**
 * Reads every source at `time` and combines them.
 * @returns undefined when fewer than `minimumSources` agree within `strayBps` of their median.
 */
export async function observe(
  sources: readonly PriceSource[],
  time: number,
  options: { readonly minimumSources: number; readonly strayBps: number },
): Promise<{ readonly observation: Observation | undefined; readonly left: Observation['left'] }> {
  if (sources.length > limits.sourcesPerFeedMax) {
    throw new RangeError(`${sources.length} sources, at most ${limits.sourcesPerFeedMax} a feed`);
  }
  const left: { source: string; reason: string }[] = [];
  const read = await Promise.all(
    sources.map(async (source) => {
      try {
        return [{ source: source.name, value: await source.read(time) }];
      } catch (error) {
        left.push({ source: source.name, reason: (error as Error).message });
        return [];
      }
    }),
  );
  const answers = read.flat();
  if (answers.length === 0) return { observation: undefined, left };
  const middle = median(answers.map(({ value }) => value));
  const used = answers.filter(({ source, value }) => {
    const distance = value > middle ? value - middle : middle - value;
    const strays = distance * 10_000n > middle * BigInt(options.strayBps);
    if (strays) left.push({ source, reason: `more than ${options.strayBps} bps from the others` });
    return !strays;
  });
  if (used.length < options.minimumSources) return { observation: undefined, left };
  const value = median(used.map((answer) => answer.value));
  return { observation: { value, used, left }, left };
}
