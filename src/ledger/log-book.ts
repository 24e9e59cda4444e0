/**
 * Logs of the running transaction as one run of bytes, cut into topics and data only when a receipt
 * asks. An object and four byte strings for each log cost several times more than the log itself.
 */

import type { Log } from '../primitives/receipt.ts';

interface Entry {
  readonly address: Uint8Array;
  readonly topics: number;
  /** Where its bytes end. */
  readonly end: number;
}

export class LogBook {
  readonly #entries: Entry[] = [];
  #bytes = new Uint8Array(256);
  #length = 0;

  get count(): number {
    return this.#entries.length;
  }

  /** Keeps a copy of `bytes`: `topics` words of 32 bytes, then data. */
  add(address: Uint8Array, topics: number, bytes: Uint8Array): void {
    const end = this.#length + bytes.length;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = end;
    this.#entries.push({ address, topics, end });
  }

  /** Forgets all but the first `count`. */
  cutTo(count: number): void {
    if (count === this.#entries.length) return;
    this.#entries.length = count;
    this.#length = this.#entries[count - 1]?.end ?? 0;
  }

  list(): Log[] {
    let start = 0;
    return this.#entries.map(({ address, topics, end }) => {
      const first = start;
      start = end;
      const word = (index: number) =>
        this.#bytes.slice(first + 32 * index, first + 32 * index + 32);
      return {
        address,
        topics: Array.from({ length: topics }, (_, index) => word(index)),
        data: this.#bytes.slice(first + 32 * topics, end),
      };
    });
  }
}
