/**
 * Sender recovery, the most expensive part of a transfer (about 50 µs): done once a node, in its
 * verifier thread, and remembered by transaction hash there and in the executor.
 */

import { toHex } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { limits } from '../primitives/limits.ts';
import { DecodeError } from '../primitives/rlp.ts';
import {
  decodeTransaction,
  recoverSender,
  type SignedTransaction,
} from '../primitives/transaction.ts';
import type { RecoveredSenders } from './executor-api.ts';
import type { Packed } from './packed.ts';

export interface VerifierApi {
  recover(raw: Packed): RecoveredSenders;
  /** Of the transactions in a protocol's message; of none when it is malformed: its receiver will say so. */
  recoverCargo(protocol: string, message: Uint8Array): RecoveredSenders;
}

const hashSizeBytes = 32;
const senderSizeBytes = 20;
const isNobody = (sender: Uint8Array): boolean => sender.every((byte) => byte === 0);

/** Transactions whose signature belongs to somebody. */
export function countSigned({ senders }: RecoveredSenders): number {
  let count = 0;
  for (let start = 0; start < senders.length; start += senderSizeBytes) {
    if (!isNobody(senders.subarray(start, start + senderSizeBytes))) count += 1;
  }
  return count;
}

/** Senders by transaction hash; the oldest are forgotten first. */
export class SenderCache {
  readonly #crypto: Crypto;
  readonly #senders = new Map<string, Uint8Array>();

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  remember({ hashes, senders }: RecoveredSenders): void {
    for (let index = 0; index < hashes.length / hashSizeBytes; index++) {
      const start = index * senderSizeBytes;
      const sender = senders.slice(start, start + senderSizeBytes);
      if (isNobody(sender)) continue;
      const first = index * hashSizeBytes;
      this.#keep(toHex(hashes.subarray(first, first + hashSizeBytes)), sender);
    }
  }

  #keep(key: string, sender: Uint8Array): void {
    this.#senders.set(key, sender);
    if (this.#senders.size <= limits.senderCacheMax) return;
    const [oldest] = this.#senders.keys();
    if (oldest !== undefined) this.#senders.delete(oldest);
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

  /** Hashes and senders of all; what is malformed or signed by nobody gets the zero address. */
  recoverAll(list: readonly Uint8Array[]): RecoveredSenders {
    const hashes = new Uint8Array(hashSizeBytes * list.length);
    const senders = new Uint8Array(senderSizeBytes * list.length);
    for (const [index, raw] of list.entries()) {
      const hash = this.#crypto.keccak256(raw);
      hashes.set(hash, hashSizeBytes * index);
      const sender = this.#senderOf(toHex(hash), raw);
      if (sender !== undefined) senders.set(sender, senderSizeBytes * index);
    }
    return { hashes, senders };
  }

  #senderOf(key: string, raw: Uint8Array): Uint8Array | undefined {
    const known = this.#senders.get(key);
    if (known !== undefined) return known;
    try {
      const { sender } = recoverSender(decodeTransaction(raw, this.#crypto), this.#crypto);
      this.#keep(key, sender);
      return sender;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return undefined;
    }
  }
}
