/**
 * Sender recovery, the most expensive part of a transfer (about 50 µs): done once, in verifier
 * threads, and remembered by transaction hash for the executor.
 */

import { emptyBytes, toHex } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { limits } from '../primitives/limits.ts';
import {
  decodeTransaction,
  recoverSender,
  type SignedTransaction,
} from '../primitives/transaction.ts';
import type { RecoveredSenders } from './executor-api.ts';

export interface VerifierApi {
  recover(raw: readonly Uint8Array[]): RecoveredSenders;
}

/** Decodes and recovers each; what is malformed or signed by nobody gets the empty sender. */
export function recoverSenders(raw: readonly Uint8Array[], crypto: Crypto): RecoveredSenders {
  const hashes: Uint8Array[] = [];
  const senders: Uint8Array[] = [];
  for (const bytes of raw) {
    try {
      const { hash, sender } = recoverSender(decodeTransaction(bytes, crypto), crypto);
      hashes.push(hash);
      senders.push(sender);
    } catch {
      hashes.push(emptyBytes);
      senders.push(emptyBytes);
    }
  }
  return { hashes, senders };
}

/** Senders by transaction hash; the oldest are forgotten first. */
export class SenderCache {
  readonly #crypto: Crypto;
  readonly #senders = new Map<string, Uint8Array>();

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  remember(recovered: RecoveredSenders): void {
    recovered.hashes.forEach((hash, index) => {
      const sender = recovered.senders[index];
      if (sender === undefined || sender.length === 0) return;
      this.#senders.set(toHex(hash), sender);
      if (this.#senders.size > limits.senderCacheMax) {
        const [oldest] = this.#senders.keys();
        if (oldest !== undefined) this.#senders.delete(oldest);
      }
    });
  }

  /** The transaction with its sender, or undefined when no verifier has seen it. @throws DecodeError */
  known(raw: Uint8Array): SignedTransaction | undefined {
    const transaction = decodeTransaction(raw, this.#crypto);
    const sender = this.#senders.get(toHex(transaction.hash));
    return sender === undefined ? undefined : { ...transaction, sender };
  }

  /** The same, recovered here when need be. @throws DecodeError when it is signed by nobody */
  recover(raw: Uint8Array): SignedTransaction {
    return this.known(raw) ?? recoverSender(decodeTransaction(raw, this.#crypto), this.#crypto);
  }
}
