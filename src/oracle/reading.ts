/**
 * What a feed answers, whatever its kind: value, age and state from the face that all oracle contracts
 * share, as of the head or of a block that others already stand on.
 */

import { limits } from '../primitives/limits.ts';
import type { Feed, OracleClient } from './client.ts';
import { ContractRefusal } from './contracts.ts';

export interface FeedReading {
  readonly state: 'none' | 'fresh' | 'stale' | 'bootstrap' | 'refused';
  readonly value: bigint;
  readonly confidence: bigint;
  /** Seconds between the last report behind the value and the head's time. */
  readonly ageSeconds: number;
  readonly updatedAt: number;
  readonly updatedHeight: number;
  readonly reports: number;
  readonly round: bigint;
  /** Height of the block whose state was read. */
  readonly height: number;
  /** Without a value to rely on: the contract's own error, such as `HistoryTooShort(90)`. */
  readonly refusal: string | undefined;
}

export interface ReadingTerms {
  /** An older value is refused. */
  readonly maxAgeSeconds: number | undefined;
  /** Blocks that must stand on the one whose state is read. */
  readonly confirmations: number;
}

/** A value that does not meet the terms of its reader. */
export class ReadingRefused extends Error {
  readonly code: 'Stale' | 'NoData' | 'state-not-kept';
  constructor(code: ReadingRefused['code'], message: string) {
    super(message);
    this.name = 'ReadingRefused';
    this.code = code;
  }
}

const readingStates = ['none', 'fresh', 'stale', 'bootstrap', 'refused'] as const;

/** The height to read at. @throws ReadingRefused when it lies below the states that nodes keep */
function heightBelow(head: number, confirmations: number): number {
  if (confirmations > limits.historicalStateBlocks) {
    const message = `${confirmations} confirmations are too many: nodes keep the state for ${limits.historicalStateBlocks} blocks below the head`;
    throw new ReadingRefused('state-not-kept', message);
  }
  if (confirmations > head) {
    const message = `${confirmations} confirmations are more than the ${head} blocks that there are`;
    throw new ReadingRefused('state-not-kept', message);
  }
  return head - confirmations;
}

/** Why the feed's contract refuses its strict read, whatever the age; undefined when it answers. */
async function strictRefusal(
  client: OracleClient,
  feed: Feed,
  height: number,
): Promise<ContractRefusal | undefined> {
  try {
    await client.strictRead(feed, 2n ** 64n, height);
    return undefined;
  } catch (error) {
    if (error instanceof ContractRefusal) return error;
    throw error;
  }
}

/**
 * Reads `feed` under `terms`. The age counts to the head's time, also where an older block is read.
 * @throws ReadingRefused, ContractRefusal
 */
export async function readFeed(
  client: OracleClient,
  feed: Feed,
  { maxAgeSeconds, confirmations }: ReadingTerms,
): Promise<FeedReading> {
  const head = await client.head();
  const height = heightBelow(head.height, confirmations);
  const [status, round] = await Promise.all([
    client.status(feed, height),
    client.latestRound(feed, height),
  ]);
  const { value, confidence, updatedAt, updatedHeight, reports } = status;
  const stored = readingStates[status.state] ?? 'none';
  const ageSeconds = updatedAt === 0 ? 0 : Math.max(0, head.time - updatedAt);
  const hasAged = feed.heartbeatSeconds > 0 && ageSeconds > feed.heartbeatSeconds;
  const state = stored === 'fresh' && hasAged ? 'stale' : stored;
  const hasAnswer = state === 'fresh' || state === 'stale';
  const refusal = hasAnswer ? undefined : await strictRefusal(client, feed, height);
  if (maxAgeSeconds !== undefined) {
    if (refusal !== undefined) throw refusal;
    if (state === 'none') throw new ReadingRefused('NoData', `${feed.name} has no value yet`);
    if (ageSeconds > maxAgeSeconds) {
      const message = `the value of ${feed.name} is ${ageSeconds} s old, at most ${maxAgeSeconds} s were asked for`;
      throw new ReadingRefused('Stale', message);
    }
  }
  return {
    ...{ state, value, confidence, ageSeconds, updatedAt, updatedHeight, reports, round, height },
    refusal: refusal?.reason,
  };
}
