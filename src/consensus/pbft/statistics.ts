/** What an operator watches over time: blocks, what was in them, how long they took. Plain data. */

import type { Block } from '../../primitives/block.ts';
import type { Hex } from '../../primitives/bytes.ts';
import { limits } from '../../primitives/limits.ts';
import type { ConsortiumStatistics } from '../protocol.ts';
import type { PbftState, Turn } from './state.ts';

export interface Tally {
  blocks: number;
  emptyBlocks: number;
  transactions: number;
  largestBlock: number;
  /** Milliseconds from a proposal at this node to its final block, of the last blocks, oldest first. */
  readonly latenciesMs: number[];
}

export function createTally(): Tally {
  return { blocks: 0, emptyBlocks: 0, transactions: 0, largestBlock: 0, latenciesMs: [] };
}

/** A block became final here; one that came by state transfer has no latency. */
export function noteBlock({ state, now }: Turn, id: Hex, { transactions }: Block): void {
  const { tally, proposal } = state;
  const size = transactions.length;
  tally.blocks += 1;
  if (size === 0) tally.emptyBlocks += 1;
  tally.transactions += size;
  tally.largestBlock = Math.max(tally.largestBlock, size);
  if (proposal?.id !== id) return;
  tally.latenciesMs.push(Math.max(0, now - proposal.since));
  if (tally.latenciesMs.length > limits.consortiumLatenciesKept) tally.latenciesMs.shift();
}

/** The value below which `share` of the sorted list lies; undefined for an empty list. */
function quantile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

/** Since this node's start; changes nothing. */
export function statisticsOf({ tally, viewChanges }: PbftState): ConsortiumStatistics {
  const { latenciesMs, ...counts } = tally;
  const sorted = [...latenciesMs].sort((left, right) => left - right);
  return {
    ...counts,
    viewChanges,
    latencyMs: { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), max: sorted.at(-1) },
  };
}
