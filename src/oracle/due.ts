/**
 * Whether a feed needs a report now, for agents that save fees: when its value would outlive its
 * heartbeat before the next round is over, or when the market has left the band around it.
 */

import type { Feed, OracleClient } from './client.ts';

export interface Need {
  readonly isDue: boolean;
  /** For the operator. */
  readonly reason: string;
}

/** Seconds a block, by the pace of the last `blocks`; the genesis block's time says nothing about it. */
async function blockSeconds(client: OracleClient, height: number, blocks: number): Promise<number> {
  const first = Math.max(Math.min(1, height), height - blocks);
  const [before, now] = await Promise.all([client.block(first), client.block(height)]);
  return height === first ? 0 : (now.time - before.time) / (height - first);
}

/**
 * @param round the one that takes commitments now
 * @param value what this reporter observes
 */
export async function needOf(
  client: OracleClient,
  feed: Feed,
  at: { readonly round: number; readonly height: number },
  value: bigint,
): Promise<Need> {
  const { round, height } = at;
  const [own, next] = await Promise.all([
    client.windows(feed, round),
    client.windows(feed, round + 1),
  ]);
  const [status, head, pace] = await Promise.all([
    client.status(feed),
    client.block(height),
    blockSeconds(client, height, next.commitStart - own.commitStart),
  ]);
  if (status.updatedAt === 0) return { isDue: true, reason: 'no value yet' };
  const age = Math.max(0, head.time - status.updatedAt);
  // Without this round, the next one answers: what would be stale by then is due now.
  const isOld = age + (next.revealEnd - height) * pace >= feed.heartbeatSeconds;
  const distance = value > status.value ? value - status.value : status.value - value;
  const magnitude = status.value < 0n ? -status.value : status.value;
  const isOff = distance * 10_000n > BigInt(feed.deviationBps) * magnitude;
  const bps = magnitude === 0n ? 'all' : `${(distance * 10_000n) / magnitude} bps`;
  return { isDue: isOff || isOld, reason: `the value is ${age} s old, ${bps} off` };
}
