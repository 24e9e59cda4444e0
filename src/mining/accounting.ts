/**
 * What mining has come to: shares by outcome, the blocks found here with their fate, and how long
 * the next one takes. Counted since the start; rewards over all time are read from the chain.
 */

import type { Hex } from '../primitives/bytes.ts';
import { limits } from '../primitives/limits.ts';

/** Who found or tried something. */
export type MiningDoor = 'built-in' | 'stratum' | 'getblocktemplate';

export type ShareOutcome =
  | 'accepted'
  | 'stale'
  | 'duplicate'
  | 'low-difficulty'
  | 'wrong-time'
  | 'wrong-version'
  | 'unauthorized'
  | 'not-subscribed'
  | 'malformed'
  | 'rejected';

export interface FoundBlock {
  /** In hash order. */
  readonly id: Hex;
  readonly height: number;
  readonly door: MiningDoor;
  /** User name that the miner gave, or the door's own. */
  readonly worker: string;
  /** Seconds since 1970. */
  readonly time: number;
  /** `pending` until the chain has reached its height. */
  readonly fate: 'pending' | 'on-chain' | 'orphaned';
}

interface ChainMove {
  readonly head: { readonly height: number };
  readonly reverted: readonly { readonly id: Hex }[];
  readonly applied: readonly { readonly id: Hex }[];
}

export interface TimeToBlock {
  /** Mean, seconds. */
  readonly expectedSeconds: number;
  /** Seconds within which a block is found with this probability: waiting times are exponential. */
  readonly within: { readonly [probability: string]: number };
}

/** Time to the next block of a miner that makes `hashesPerSecond` at `target`. */
export function timeToBlock(hashesPerSecond: number, target: bigint): TimeToBlock | undefined {
  if (hashesPerSecond <= 0) return undefined;
  const expectedSeconds = 2 ** 256 / (Number(target) + 1) / hashesPerSecond;
  const within = (probability: number): number => -Math.log(1 - probability) * expectedSeconds;
  return {
    expectedSeconds,
    within: { '10%': within(0.1), '50%': within(0.5), '90%': within(0.9), '99%': within(0.99) },
  };
}

export class MiningAccounts {
  readonly #shares = new Map<ShareOutcome, number>();
  #blocks: FoundBlock[] = [];
  #found = 0;
  #orphaned = 0;

  share(outcome: ShareOutcome): void {
    this.#shares.set(outcome, (this.#shares.get(outcome) ?? 0) + 1);
  }

  found(block: Omit<FoundBlock, 'fate'>): void {
    this.#found += 1;
    this.#blocks = [{ ...block, fate: 'pending' as const }, ...this.#blocks];
    this.#blocks.length = Math.min(this.#blocks.length, limits.minedBlocksKept);
  }

  /** Follows the fate of what was found. A block that a reorganisation brings back counts again. */
  moved({ head, reverted, applied }: ChainMove): void {
    const on = new Set(applied.map(({ id }) => id));
    const off = new Set(reverted.map(({ id }) => id));
    this.#blocks = this.#blocks.map((block) => {
      const passed = block.fate === 'pending' && head.height >= block.height;
      if (on.has(block.id)) return this.#settle(block, 'on-chain');
      if (off.has(block.id) || passed) return this.#settle(block, 'orphaned');
      return block;
    });
  }

  get blocksFound(): number {
    return this.#found;
  }

  get blocksOrphaned(): number {
    return this.#orphaned;
  }

  /** Newest first. */
  get blocks(): readonly FoundBlock[] {
    return this.#blocks;
  }

  /** Shares by outcome; outcomes that never came are absent. */
  get shares(): { readonly [Outcome in ShareOutcome]?: number } {
    return Object.fromEntries(this.#shares);
  }

  #settle(block: FoundBlock, fate: FoundBlock['fate']): FoundBlock {
    if (block.fate === fate) return block;
    if (fate === 'orphaned') this.#orphaned += 1;
    else if (block.fate === 'orphaned') this.#orphaned -= 1;
    return { ...block, fate };
  }
}
