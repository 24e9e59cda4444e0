/**
 * A Byzantine node: inside it is honest, but what leaves it is altered, replayed, withheld or
 * forged with real work. Nothing it does may break a check at the others.
 */

import type { Block } from '../primitives/block.ts';
import { bigintToBytes } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { type CoinbaseRecord, recordCommitment } from '../primitives/record.ts';
import type { ExchangeKind } from '../primitives/wire.ts';
import { searchNonce } from './hash-power.ts';
import type { Random } from './random.ts';

/** Old messages kept for replay. */
const memoryMax = 64;
/** A day: far beyond every future limit. */
const farSeconds = 86_400;

export class Adversary {
  readonly #random: Random;
  readonly #crypto: Crypto;
  readonly #said: Uint8Array[] = [];
  readonly #answered = new Map<ExchangeKind, Uint8Array[]>();

  constructor(random: Random, crypto: Crypto) {
    this.#random = random;
    this.#crypto = crypto;
  }

  /** What is said in place of an honest message; undefined withholds it. */
  say(bytes: Uint8Array): Uint8Array | undefined {
    return this.#distort(bytes, this.#said);
  }

  /** What answers a request in place of the honest answer; undefined is silence. */
  answer(kind: ExchangeKind, bytes: Uint8Array): Uint8Array | undefined {
    const memory = this.#answered.get(kind) ?? [];
    this.#answered.set(kind, memory);
    return this.#distort(bytes, memory);
  }

  /** A block with real work that breaks one rule, made from an honest template. */
  forge(block: Block): Block {
    const { header, record } = block;
    const otherBits = this.#random.pick([0x207fffff, 0x2100ffff, 0x20800001]);
    const forged = this.#random.pick<Block>([
      this.#commit(block, { stateRoot: this.#random.bytes(32) }),
      this.#commit(block, { receiptsRoot: this.#random.bytes(32) }),
      this.#commit(block, { transactionsRoot: this.#random.bytes(32) }),
      this.#commit(block, { height: record.height + 1 }),
      this.#commit(block, { gasUsed: record.gasUsed + 1 }),
      this.#commit(block, { gasLimit: record.gasLimit + 1 }),
      this.#commit(block, { baseFeePerGas: record.baseFeePerGas - 1n }),
      { ...block, header: { ...header, time: header.time + farSeconds } },
      { ...block, header: { ...header, time: header.time - farSeconds } },
      { ...block, header: { ...header, bits: otherBits } },
      { ...block, header: { ...header, version: 0x20000001 } },
      { ...block, header: { ...header, previous: bigintToBytes(1n, 32) } },
    ]);
    // Bits that stand for no target cannot be worked for: the header goes out as it is.
    const hasTarget = forged.header.bits !== 0x2100ffff && forged.header.bits !== 0x20800001;
    return hasTarget ? searchNonce(forged, this.#random.bits(), this.#crypto) : forged;
  }

  #commit(block: Block, change: Partial<CoinbaseRecord>): Block {
    const record = { ...block.record, ...change };
    const commitment = recordCommitment(record, this.#crypto);
    return { ...block, record, header: { ...block.header, commitment } };
  }

  #distort(bytes: Uint8Array, memory: Uint8Array[]): Uint8Array | undefined {
    memory.push(bytes);
    if (memory.length > memoryMax) memory.shift();
    switch (this.#random.pick(['honest', 'honest', 'silent', 'flip', 'cut', 'replay'] as const)) {
      case 'honest':
        return bytes;
      case 'silent':
        return undefined;
      case 'flip':
        return this.#flip(bytes);
      case 'cut':
        return bytes.slice(0, this.#random.integer(0, bytes.length));
      case 'replay':
        return this.#random.pick(memory);
    }
  }

  #flip(bytes: Uint8Array): Uint8Array {
    if (bytes.length === 0) return bytes;
    const altered = bytes.slice();
    const at = this.#random.integer(0, bytes.length - 1);
    altered[at] = (altered[at] as number) ^ (1 << this.#random.integer(0, 7));
    return altered;
  }
}
