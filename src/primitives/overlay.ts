/**
 * Writes that are readable before they are durable: a map laid over another reader. The driver
 * stages a whole reorganisation in one, so that nobody sees it until it is complete.
 */

import { toHex } from './bytes.ts';
import type { StoreReader, WriteOperation } from './store.ts';

export class Overlay implements StoreReader {
  readonly #base: StoreReader;
  #staged = new Map<string, WriteOperation>();

  constructor(base: StoreReader) {
    this.#base = base;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    if (this.#staged.size > 0) {
      const staged = this.#staged.get(toHex(key));
      if (staged !== undefined) return staged.value;
    }
    return this.#base.get(key);
  }

  /** Lays `operations` on top; later ones win. */
  stage(operations: readonly WriteOperation[]): void {
    for (const operation of operations) this.#staged.set(toHex(operation.key), operation);
  }

  /** Everything staged since the last drain, one operation a key; the overlay is empty afterwards. */
  drain(): readonly WriteOperation[] {
    const operations = [...this.#staged.values()];
    this.#staged = new Map();
    return operations;
  }
}
