/**
 * The order in which a proposer takes waiting transactions: best tip first among the next ones of
 * all senders, earlier arrival first between equals, nonces in order.
 */

import type { SignedTransaction } from '../primitives/transaction.ts';
import { effectiveTip } from './fees.ts';
import type { Candidates } from './propose.ts';
import type { PoolEntry } from './sender-queue.ts';

interface Head {
  readonly chain: readonly PoolEntry[];
  readonly index: number;
  readonly tip: bigint;
  readonly sequence: number;
}

function isBetter(left: Head, right: Head): boolean {
  return left.tip === right.tip ? left.sequence < right.sequence : left.tip > right.tip;
}

/** A binary heap of the next transaction of each sender. */
export class BestFirst implements Candidates {
  readonly #baseFee: bigint;
  readonly #heap: Head[] = [];
  #taken: Head | undefined;

  /** `chains`: for each sender its executable entries in order of nonce. */
  constructor(chains: Iterable<readonly PoolEntry[]>, baseFee: bigint) {
    this.#baseFee = baseFee;
    for (const chain of chains) this.#push(chain, 0);
  }

  next(): SignedTransaction | undefined {
    if (this.#taken !== undefined) this.#push(this.#taken.chain, this.#taken.index + 1);
    this.#taken = this.#pop();
    return this.#taken?.chain[this.#taken.index]?.transaction;
  }

  skip(): void {
    this.#taken = undefined;
  }

  #push(chain: readonly PoolEntry[], index: number): void {
    const entry = chain[index];
    if (entry === undefined) return;
    const tip = effectiveTip(entry.transaction, this.#baseFee);
    const head = { chain, index, tip, sequence: entry.sequence };
    const heap = this.#heap;
    let hole = heap.length;
    heap.push(head);
    while (hole > 0) {
      const above = (hole - 1) >> 1;
      if (!isBetter(head, heap[above] as Head)) break;
      heap[hole] = heap[above] as Head;
      hole = above;
    }
    heap[hole] = head;
  }

  #pop(): Head | undefined {
    const heap = this.#heap;
    const best = heap[0];
    const last = heap.pop();
    if (best === undefined || last === undefined || heap.length === 0) return best;
    let hole = 0;
    for (let child = 1; child < heap.length; child = 2 * hole + 1) {
      if (child + 1 < heap.length && isBetter(heap[child + 1] as Head, heap[child] as Head)) {
        child += 1;
      }
      if (!isBetter(heap[child] as Head, last)) break;
      heap[hole] = heap[child] as Head;
      hole = child;
    }
    heap[hole] = last;
    return best;
  }
}
