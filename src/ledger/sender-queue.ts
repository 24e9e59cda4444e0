/**
 * The waiting transactions of one sender, by nonce: how many follow each other without a gap, and
 * how many of these could be mined at the current base fee.
 */

import type { Hex } from '../primitives/bytes.ts';
import type { SignedTransaction } from '../primitives/transaction.ts';
import type { Account } from './account.ts';
import { maximumCost } from './transactions.ts';

export interface PoolEntry {
  readonly transaction: SignedTransaction;
  /** Its hash. */
  readonly key: Hex;
  /** Order of arrival: decides between equal prices. */
  readonly sequence: number;
  /** Height of the head when it came. */
  readonly height: number;
  /** All gas at the maximum fee, and the value. */
  readonly cost: bigint;
}

export class SenderQueue {
  readonly address: Uint8Array;
  #account: Account;
  readonly #entries = new Map<bigint, PoolEntry>();
  #cost = 0n;
  #contiguous = 0;
  #executable = 0;

  constructor(address: Uint8Array, account: Account) {
    this.address = address;
    this.#account = account;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Transactions from the account's nonce on, without a gap. */
  get contiguous(): number {
    return this.#contiguous;
  }

  /** The first of these that afford the base fee. */
  get executable(): number {
    return this.#executable;
  }

  /** Sum of the costs of all that waits. */
  get cost(): bigint {
    return this.#cost;
  }

  /** First nonce that is free: the account's, plus the contiguous ones. */
  get pendingNonce(): bigint {
    return this.#account.nonce + BigInt(this.#contiguous);
  }

  /** Whether `account` is the one that the counts were made with. */
  isCurrent(account: Account): boolean {
    return account.nonce === this.#account.nonce && account.balance === this.#account.balance;
  }

  get(nonce: bigint): PoolEntry | undefined {
    return this.#entries.get(nonce);
  }

  isQueued(entry: PoolEntry): boolean {
    return entry.transaction.nonce >= this.pendingNonce;
  }

  entries(): Iterable<PoolEntry> {
    return this.#entries.values();
  }

  /** The entry with the highest nonce. */
  last(): PoolEntry | undefined {
    let last: PoolEntry | undefined;
    for (const entry of this.#entries.values()) {
      if (last === undefined || entry.transaction.nonce > last.transaction.nonce) last = entry;
    }
    return last;
  }

  /** The one that the next block could take. */
  next(): PoolEntry | undefined {
    return this.#executable === 0 ? undefined : this.#entries.get(this.#account.nonce);
  }

  /** Entries that can be mined now, in order of nonce. */
  executableEntries(): readonly PoolEntry[] {
    return Array.from(
      { length: this.#executable },
      (_, index) => this.#entries.get(this.#account.nonce + BigInt(index)) as PoolEntry,
    );
  }

  /** Puts `entry` at its nonce, in place of any other. */
  set(entry: PoolEntry, baseFee: bigint): void {
    const { nonce } = entry.transaction;
    this.#cost += entry.cost - (this.#entries.get(nonce)?.cost ?? 0n);
    this.#entries.set(nonce, entry);
    this.#extend(baseFee);
  }

  delete(entry: PoolEntry, baseFee: bigint): void {
    if (this.#entries.get(entry.transaction.nonce) !== entry) return;
    this.#entries.delete(entry.transaction.nonce);
    this.#cost -= entry.cost;
    this.recount(baseFee);
  }

  /** Takes the account as it is now; returns the entries that can never be mined any more. */
  refresh(account: Account, baseFee: bigint): readonly PoolEntry[] {
    this.#account = account;
    const dropped: PoolEntry[] = [];
    for (const [nonce, entry] of this.#entries) {
      if (nonce >= account.nonce && entry.cost <= account.balance) continue;
      this.#entries.delete(nonce);
      this.#cost -= entry.cost;
      dropped.push(entry);
    }
    this.recount(baseFee);
    return dropped;
  }

  recount(baseFee: bigint): void {
    this.#contiguous = 0;
    this.#executable = 0;
    this.#extend(baseFee);
  }

  #extend(baseFee: bigint): void {
    while (this.#entries.has(this.pendingNonce)) this.#contiguous += 1;
    while (this.#executable < this.#contiguous) {
      const next = this.#entries.get(this.#account.nonce + BigInt(this.#executable));
      if (next === undefined || next.transaction.maxFeePerGas < baseFee) break;
      this.#executable += 1;
    }
  }
}

/** A new entry for `transaction`. */
export function poolEntry(
  transaction: SignedTransaction,
  key: Hex,
  sequence: number,
  height: number,
): PoolEntry {
  return { transaction, key, sequence, height, cost: maximumCost(transaction) };
}
