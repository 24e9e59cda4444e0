/**
 * Simulated hash power: the waiting time is drawn (memoryless, by share), the proof of work is then
 * really searched, so that every rule about it is exercised. Simulated targets cost few hashes.
 */

import type { Block } from '../primitives/block.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { encodeHeader } from '../primitives/header.ts';
import { meetsTarget, workOfBits } from '../primitives/work.ts';
import type { Scheduled, VirtualClock } from './clock.ts';
import type { Random } from './random.ts';

/** The block with the first nonce from `start` on that meets its bits. */
export function searchNonce(block: Block, start: number, crypto: Crypto): Block {
  const bytes = encodeHeader(block.header);
  const view = new DataView(bytes.buffer);
  for (let nonce = start; ; nonce = (nonce + 1) >>> 0) {
    view.setUint32(76, nonce, true);
    if (meetsTarget(crypto.sha256d(bytes), block.header.bits)) {
      return { ...block, header: { ...block.header, nonce } };
    }
  }
}

/** One node's miner. */
export class HashPower {
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #crypto: Crypto;
  readonly #hashesPerMs: number;
  #search: Scheduled | undefined;

  /** @param hashesPerMs 0 for a node that does not mine. */
  constructor(clock: VirtualClock, random: Random, crypto: Crypto, hashesPerMs: number) {
    this.#clock = clock;
    this.#random = random;
    this.#crypto = crypto;
    this.#hashesPerMs = hashesPerMs;
  }

  get mines(): boolean {
    return this.#hashesPerMs > 0;
  }

  /** Searches this block in place of any other; undefined rests. */
  seal(block: Block | undefined, found: (block: Block) => void): void {
    this.#search?.cancel();
    this.#search = undefined;
    if (block === undefined || !this.mines) return;
    const meanMs = Number(workOfBits(block.header.bits)) / this.#hashesPerMs;
    this.#search = this.#clock.schedule(this.#random.exponential(meanMs), () => {
      this.#search = undefined;
      found(searchNonce(block, this.#random.bits(), this.#crypto));
    });
  }
}
