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
  /** By hash; `isDue` once gossip is to repeat it. */
  readonly #unconfirmed = new Map<Hex, { readonly raw: Uint8Array; readonly isDue: boolean }>();

  constructor(host: Announcer, isWaiting: StateMachine['isWaiting']) {
    this.#host = host;
    this.#isWaiting = isWaiting;
  }

  /** `isForwarded`: the protocol brings them to the makers of blocks, so gossip waits. */
  announce(
    transactions: readonly Pick<SignedTransaction, 'raw' | 'hash'>[],
    isForwarded: boolean,
  ): void {
    if (!isForwarded) this.#host.broadcastTransactions(transactions.map(({ raw }) => raw));
    if (this.#unconfirmed.size === 0) this.#again(isForwarded);
    for (const { raw, hash } of transactions) {
      if (this.#unconfirmed.size >= limits.rebroadcastTransactionsMax) break;
      this.#unconfirmed.set(toHex(hash), { raw, isDue: !isForwarded });
    }
  }

  /** The timer has elapsed. What was forwarded gets one more pause: it may have come just now. */
  announceAgain(): void {
    const due: Uint8Array[] = [];
    let hasForwarded = false;
    for (const [hash, { raw, isDue }] of this.#unconfirmed) {
      if (!this.#isWaiting(hash)) {
        this.#unconfirmed.delete(hash);
        continue;
      }
      if (isDue) due.push(raw);
      else {
        hasForwarded = true;
        this.#unconfirmed.set(hash, { raw, isDue: true });
      }
    }
    if (due.length > 0) this.#host.broadcastTransactions(due);
    if (this.#unconfirmed.size > 0) this.#again(hasForwarded);
  }

  #again(isSoon: boolean): void {
    this.#host.setTimer(rebroadcastTimer, isSoon ? limits.forwardedPauseMs : limits.rebroadcastMs);
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
