/**
 * Transactions that wait for a block: which are taken, replaced, evicted, and in which order they
 * are offered. Deterministic: the same calls give the same pool. Messages hold the words that
 * wallets look for (those of geth).
 */

import { equalBytes, type Hex, toHex } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { limits } from '../primitives/limits.ts';
import type { SignedTransaction } from '../primitives/transaction.ts';
import { shortId } from '../primitives/wire.ts';
import { checkCreation } from '../vm/contract.ts';
import { type Account, emptyCodeHash } from './account.ts';
import { effectiveTip } from './fees.ts';
import { BestFirst } from './pool-order.ts';
import type { Candidates } from './propose.ts';
import { type PoolEntry, poolEntry, SenderQueue } from './sender-queue.ts';
import {
  checkInIsolation,
  insufficientFunds,
  nonceTooHigh,
  nonceTooLow,
  senderHasCode,
  type TransactionFault,
  type TransactionFaultCode,
} from './transactions.ts';

export type PoolFault = TransactionFault<
  | TransactionFaultCode
  | 'already-known'
  | 'replacement-underpriced'
  | 'underpriced'
  | 'pool-full'
  | 'creation-refused'
>;
export type PoolResult =
  | { readonly ok: true; readonly hash: Uint8Array }
  | ({ readonly ok: false } & PoolFault);

export interface PoolParts {
  readonly chainId: number;
  readonly gasLimit: number;
  readonly crypto: Crypto;
  /** The account as the head's state has it. */
  readonly account: (address: Uint8Array) => Account;
}

/** The block that waiting transactions hope for. */
export interface PoolHead {
  readonly height: number;
  /** Base fee of the block after the head. */
  readonly baseFee: bigint;
}

export type PoolBounds = {
  readonly [Name in
    | 'poolTransactionsMax'
    | 'poolSizeBytesMax'
    | 'poolPerSenderMax'
    | 'poolNonceGapMax'
    | 'poolReplacementBumpPercent'
    | 'poolQueuedBlocksMax']: number;
};

const refused = (fault: PoolFault): PoolResult => ({ ok: false, ...fault });

/**
 * A creation that cannot succeed is not kept, though a block may hold it: it would cost its sender
 * all of the gas. Nor is a module that this node's engine refuses, so that it is never mined here.
 */
function creationFault({ to, data }: SignedTransaction): PoolFault | undefined {
  const refusal = to === undefined ? checkCreation(data) : undefined;
  if (refusal === undefined) return undefined;
  const message = `contract creation refused: ${refusal.message} (${refusal.code})`;
  return { code: 'creation-refused', message };
}

export class TransactionPool {
  readonly #parts: PoolParts;
  readonly #bounds: PoolBounds;
  readonly #senders = new Map<Hex, SenderQueue>();
  readonly #byHash = new Map<Hex, PoolEntry>();
  /** Accounts of senders on the present head: a burst of one sender reads the state once. */
  readonly #accounts = new Map<Hex, Account>();
  #head: PoolHead;
  #sequence = 0;
  #sizeBytes = 0;
  #pending = 0;
  #waiting = 0;
  /** Highest tip that was evicted since the pool was last roomy: less is refused at once. */
  #floor: bigint | undefined;

  constructor(parts: PoolParts, head: PoolHead, bounds: PoolBounds = limits) {
    this.#parts = parts;
    this.#head = head;
    this.#bounds = bounds;
  }

  /** How many transactions could be mined in the next block, were it large enough. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Takes a transaction, or says why not. */
  add(transaction: SignedTransaction): PoolResult {
    const key = toHex(transaction.hash);
    if (this.#byHash.has(key)) {
      return refused({ code: 'already-known', message: `already known: 0x${key}` });
    }
    const fault =
      checkInIsolation(transaction, this.#parts) ??
      this.#check(transaction) ??
      creationFault(transaction);
    if (fault !== undefined) return refused(fault);
    const entry = poolEntry(transaction, key, this.#sequence++, this.#head.height);
    this.#insert(key, entry);
    if (this.#isOverfull(1)) this.#evict();
    if (this.#byHash.has(key)) return { ok: true, hash: transaction.hash };
    return refused(this.#underpriced(transaction));
  }

  get(hash: Hex): SignedTransaction | undefined {
    return this.#byHash.get(hash)?.transaction;
  }

  /** The next nonce to use: the account's, plus its contiguous transactions here. */
  pendingNonce(address: Uint8Array): bigint {
    const queue = this.#senders.get(toHex(address));
    return queue?.pendingNonce ?? this.#parts.account(address).nonce;
  }

  /** Numbers for `txpool_status`. */
  counts(): { readonly pending: number; readonly queued: number } {
    return { pending: this.#pending, queued: this.#byHash.size - this.#pending };
  }

  /** Everything, by sender and nonce: `pending` without a gap before it, `queued` the rest. */
  content(): {
    readonly pending: readonly SignedTransaction[];
    readonly queued: readonly SignedTransaction[];
  } {
    const pending: SignedTransaction[] = [];
    const queued: SignedTransaction[] = [];
    for (const key of [...this.#senders.keys()].sort()) {
      const queue = this.#senders.get(key) as SenderQueue;
      const entries = [...queue.entries()].sort((left, right) =>
        left.transaction.nonce < right.transaction.nonce ? -1 : 1,
      );
      for (const entry of entries) {
        (queue.isQueued(entry) ? queued : pending).push(entry.transaction);
      }
    }
    return { pending, queued };
  }

  /** What a proposer may take, best first. Valid until the pool changes. */
  candidates(): Candidates {
    const chains = [...this.#senders.values()].map((queue) => queue.executableEntries());
    return new BestFirst(chains, this.#head.baseFee);
  }

  /** The first to arrive after `sequence` among the next ones of all senders. */
  oldest(sequence: number): PoolEntry | undefined {
    let oldest: PoolEntry | undefined;
    for (const queue of this.#senders.values()) {
      const next = queue.next();
      if (next === undefined || next.sequence <= sequence) continue;
      if (oldest === undefined || next.sequence < oldest.sequence) oldest = next;
    }
    return oldest;
  }

  /** The raw transactions that the short ids of block `id` stand for, in their order. */
  byShortIds(id: Hex, shortIds: readonly Uint8Array[]): readonly (Uint8Array | undefined)[] {
    const wanted = new Map(shortIds.map((bytes, index) => [toHex(bytes), index]));
    const found: (Uint8Array | undefined)[] = shortIds.map(() => undefined);
    let missing = wanted.size;
    for (const { transaction } of this.#byHash.values()) {
      if (missing === 0) break;
      const index = wanted.get(toHex(shortId(id, transaction.hash, this.#parts.crypto)));
      if (index === undefined || found[index] !== undefined) continue;
      found[index] = transaction.raw;
      missing -= 1;
    }
    return found;
  }

  /** Forgets transactions that a proposal found unusable. */
  drop(transactions: readonly SignedTransaction[]): void {
    for (const { hash } of transactions) this.#remove(this.#byHash.get(toHex(hash)));
  }

  /** The head moved: the applied leave, the reverted return if they are still valid. */
  headChanged(
    change: {
      readonly applied: readonly SignedTransaction[];
      readonly reverted: readonly SignedTransaction[];
    },
    head: PoolHead,
  ): void {
    this.#head = head;
    this.#accounts.clear();
    this.drop(change.applied);
    // Reverted transfers take money away from accounts that sent nothing: look at all of them.
    const changed =
      change.reverted.length > 0
        ? [...this.#senders.keys()]
        : new Set(change.applied.map(({ sender }) => toHex(sender)));
    for (const key of changed) this.#refresh(key);
    this.#takeBack(change);
    this.#recountAll();
    this.#expire();
    if (!this.#isOverfull(0.9)) this.#floor = undefined;
  }

  /** What was reverted and not applied again waits once more. */
  #takeBack(change: {
    readonly applied: readonly SignedTransaction[];
    readonly reverted: readonly SignedTransaction[];
  }): void {
    if (change.reverted.length === 0) return;
    const applied = new Set(change.applied.map(({ hash }) => toHex(hash)));
    const returning = [...change.reverted].sort((left, right) =>
      left.nonce < right.nonce ? -1 : 1,
    );
    for (const transaction of returning) {
      if (!applied.has(toHex(transaction.hash))) this.add(transaction);
    }
  }

  #account(key: Hex, address: Uint8Array): Account {
    const known = this.#accounts.get(key);
    if (known !== undefined) return known;
    // Between two heads no more senders than this get in; the rest only tries.
    if (this.#accounts.size >= this.#bounds.poolTransactionsMax) this.#accounts.clear();
    const account = this.#parts.account(address);
    this.#accounts.set(key, account);
    return account;
  }

  #check(transaction: SignedTransaction): PoolFault | undefined {
    const { sender, nonce, gasLimit, maxFeePerGas, value } = transaction;
    const key = toHex(sender);
    const account = this.#account(key, sender);
    if (nonce < account.nonce) return nonceTooLow(account.nonce, nonce);
    if (!equalBytes(account.codeHash, emptyCodeHash)) return senderHasCode(sender);
    if (this.#senders.has(key)) this.#refresh(key, account);
    const queue = this.#senders.get(key);
    const replaced = queue?.get(nonce);
    const cost = gasLimit * maxFeePerGas + value;
    const others = (queue?.cost ?? 0n) - (replaced?.cost ?? 0n);
    if (account.balance < cost + others) return insufficientFunds(account.balance, cost + others);
    const next = queue?.pendingNonce ?? account.nonce;
    if (nonce > next + BigInt(this.#bounds.poolNonceGapMax)) return nonceTooHigh(next, nonce);
    if (replaced !== undefined) return this.#checkReplacement(transaction, replaced.transaction);
    if (queue !== undefined && queue.size >= this.#bounds.poolPerSenderMax) {
      const message = `txpool is full: ${queue.size} transactions of this sender wait`;
      return { code: 'pool-full', message };
    }
    if (nonce > next && !this.#hasRoom(transaction)) {
      return { code: 'pool-full', message: 'txpool is full: close the gap in the nonces first' };
    }
    if (this.#floor !== undefined && this.#tip(transaction) <= this.#floor) {
      return this.#underpriced(transaction);
    }
    return undefined;
  }

  #checkReplacement(
    transaction: SignedTransaction,
    replaced: SignedTransaction,
  ): PoolFault | undefined {
    const percent = BigInt(100 + this.#bounds.poolReplacementBumpPercent);
    const isRaised = (before: bigint, after: bigint): boolean =>
      after > before && after * 100n >= before * percent;
    if (
      isRaised(replaced.maxFeePerGas, transaction.maxFeePerGas) &&
      isRaised(replaced.maxPriorityFeePerGas, transaction.maxPriorityFeePerGas)
    ) {
      return undefined;
    }
    const message = `replacement transaction underpriced: both fees of 0x${toHex(replaced.hash)} must rise by ${percent - 100n} %`;
    return { code: 'replacement-underpriced', message };
  }

  #underpriced(transaction: SignedTransaction): PoolFault {
    const tip = this.#tip(transaction);
    const message = `transaction underpriced: tip ${tip}, above ${this.#floor ?? 0n} needed`;
    return { code: 'underpriced', message };
  }

  #tip(transaction: SignedTransaction): bigint {
    return effectiveTip(transaction, this.#head.baseFee);
  }

  /** Changes one sender's queue and keeps the totals right. */
  #update(key: Hex, queue: SenderQueue, change: (queue: SenderQueue) => void): void {
    this.#pending -= queue.contiguous;
    this.#waiting -= queue.executable;
    change(queue);
    this.#pending += queue.contiguous;
    this.#waiting += queue.executable;
    if (queue.size === 0) this.#senders.delete(key);
    else this.#senders.set(key, queue);
  }

  #insert(key: Hex, entry: PoolEntry): void {
    const { sender, nonce, raw } = entry.transaction;
    const senderKey = toHex(sender);
    const queue =
      this.#senders.get(senderKey) ?? new SenderQueue(sender, this.#account(senderKey, sender));
    this.#forget(queue.get(nonce));
    this.#byHash.set(key, entry);
    this.#sizeBytes += raw.length;
    this.#update(senderKey, queue, () => queue.set(entry, this.#head.baseFee));
  }

  #forget(entry: PoolEntry | undefined): void {
    if (entry === undefined) return;
    this.#byHash.delete(entry.key);
    this.#sizeBytes -= entry.transaction.raw.length;
  }

  #remove(entry: PoolEntry | undefined): void {
    if (entry === undefined) return;
    this.#forget(entry);
    const key = toHex(entry.transaction.sender);
    const queue = this.#senders.get(key) as SenderQueue;
    this.#update(key, queue, () => queue.delete(entry, this.#head.baseFee));
  }

  #refresh(key: Hex, known?: Account): void {
    const queue = this.#senders.get(key);
    if (queue === undefined) return;
    const account = known ?? this.#account(key, queue.address);
    if (queue.isCurrent(account)) return;
    this.#update(key, queue, () => {
      for (const entry of queue.refresh(account, this.#head.baseFee)) this.#forget(entry);
    });
  }

  #recountAll(): void {
    for (const [key, queue] of [...this.#senders]) {
      this.#update(key, queue, () => queue.recount(this.#head.baseFee));
    }
  }

  #expire(): void {
    const oldest = this.#head.height - this.#bounds.poolQueuedBlocksMax;
    if (this.#byHash.size === this.#pending) return;
    for (const entry of [...this.#byHash.values()]) {
      const queue = this.#senders.get(toHex(entry.transaction.sender));
      if (entry.height < oldest && queue?.isQueued(entry)) this.#remove(entry);
    }
  }

  #hasRoom(transaction: SignedTransaction): boolean {
    const { poolTransactionsMax, poolSizeBytesMax } = this.#bounds;
    if (this.#byHash.size >= poolTransactionsMax) return false;
    return this.#sizeBytes + transaction.raw.length <= poolSizeBytesMax;
  }

  #isOverfull(share: number): boolean {
    const { poolTransactionsMax, poolSizeBytesMax } = this.#bounds;
    return (
      this.#byHash.size > share * poolTransactionsMax || this.#sizeBytes > share * poolSizeBytesMax
    );
  }

  /**
   * Makes 1 % of room at once, so that a full pool is not searched for every newcomer: the last
   * transaction of each sender is up for it, queued ones first, then by tip, then the newest.
   */
  #evict(): void {
    while (this.#isOverfull(0.99)) {
      const last = [...this.#senders.values()].map((queue) => {
        const entry = queue.last() as PoolEntry;
        return { entry, isQueued: queue.isQueued(entry), tip: this.#tip(entry.transaction) };
      });
      last.sort((left, right) => {
        if (left.isQueued !== right.isQueued) return left.isQueued ? -1 : 1;
        if (left.tip !== right.tip) return left.tip < right.tip ? -1 : 1;
        return right.entry.sequence - left.entry.sequence;
      });
      for (const { entry, isQueued, tip } of last) {
        if (!this.#isOverfull(0.99)) break;
        this.#remove(entry);
        if (!isQueued && (this.#floor === undefined || tip > this.#floor)) this.#floor = tip;
      }
    }
  }
}
