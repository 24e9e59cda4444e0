/**
 * `safe` and `finalized` on a proof-of-work chain: the deepest block that has 6 (60) blocks' worth
 * of the recent peak work above it. Depth alone would promise too much after hash power left.
 */

import type { HeaderEntry } from '../primitives/block.ts';
import { type Hex, toHex } from '../primitives/bytes.ts';
import { workOfBits } from '../primitives/work.ts';

/** Blocks whose work makes the "recent peak": half an hour of mainnet. */
const peakWindowBlocks = 120;

export interface CanonicalChain {
  header(id: Hex): HeaderEntry | undefined;
}

/**
 * The highest block of the applied chain with at least `blocks` times the peak work above it;
 * genesis when there is none yet.
 */
export function finalityPoint(
  chain: CanonicalChain,
  head: HeaderEntry,
  blocks: number,
): HeaderEntry {
  const peak = recentPeakWork(chain, head);
  for (let entry = head; ; entry = parentOf(chain, entry)) {
    if (entry.height === 0 || head.work - entry.work >= peak * BigInt(blocks)) return entry;
  }
}

function recentPeakWork(chain: CanonicalChain, head: HeaderEntry): bigint {
  let peak = 0n;
  let entry = head;
  for (let seen = 0; seen < peakWindowBlocks && entry.height > 0; seen++) {
    const work = workOfBits(entry.header.bits);
    if (work > peak) peak = work;
    entry = parentOf(chain, entry);
  }
  return peak;
}

function parentOf(chain: CanonicalChain, entry: HeaderEntry): HeaderEntry {
  const parent = chain.header(toHex(entry.header.previous));
  if (parent === undefined) throw new Error(`the parent of ${entry.id} is not stored`);
  return parent;
}
