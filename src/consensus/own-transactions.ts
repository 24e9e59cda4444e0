/**
 * Transactions that this node answers for: its users' and those that a reorganisation undid. Gossip
 * drops what it has just seen, and a partition may swallow the first call, so they are announced
 * again until they are mined or gone.
 */

import { type Hex, toHex } from '../primitives/bytes.ts';
import { limits } from '../primitives/limits.ts';
import type { SignedTransaction } from '../primitives/transaction.ts';
import type { DriverHost, StateMachine } from './host.ts';

export const rebroadcastTimer = 'rebroadcast';

type Announcer = Pick<DriverHost<unknown>, 'broadcastTransactions' | 'setTimer'>;

export class OwnTransactions {
  readonly #host: Announcer;
  readonly #isWaiting: StateMachine['isWaiting'];
  /** Raw transactions by hash. */
  readonly #unconfirmed = new Map<Hex, Uint8Array>();

  constructor(host: Announcer, isWaiting: StateMachine['isWaiting']) {
    this.#host = host;
    this.#isWaiting = isWaiting;
  }

  announce(transactions: readonly Pick<SignedTransaction, 'raw' | 'hash'>[]): void {
    this.#host.broadcastTransactions(transactions.map(({ raw }) => raw));
    if (this.#unconfirmed.size === 0) this.#host.setTimer(rebroadcastTimer, limits.rebroadcastMs);
    for (const { raw, hash } of transactions) {
      if (this.#unconfirmed.size < limits.rebroadcastTransactionsMax) {
        this.#unconfirmed.set(toHex(hash), raw);
      }
    }
  }

  /** The timer has elapsed. */
  announceAgain(): void {
    for (const hash of this.#unconfirmed.keys()) {
      if (!this.#isWaiting(hash)) this.#unconfirmed.delete(hash);
    }
    if (this.#unconfirmed.size === 0) return;
    this.#host.broadcastTransactions([...this.#unconfirmed.values()]);
    this.#host.setTimer(rebroadcastTimer, limits.rebroadcastMs);
  }
}

/** `batch` in order, in parts of at most `sizeBytesMax` bytes: a protocol may send each in one message. */
export function partsOf(
  batch: readonly Uint8Array[],
  sizeBytesMax: number,
): readonly Uint8Array[][] {
  const parts: Uint8Array[][] = [];
  let sizeBytes = Number.POSITIVE_INFINITY;
  for (const raw of batch) {
    sizeBytes += raw.length;
    if (sizeBytes > sizeBytesMax) {
      parts.push([]);
      sizeBytes = raw.length;
    }
    parts.at(-1)?.push(raw);
  }
  return parts;
}
