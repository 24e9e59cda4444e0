/** Shared by the ledger's tests: an in-memory store and a naive reading of the state tree's rule. */

import { compareBytes, fromHex, type Hex, toHex } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import {
  emptySubtree,
  hashStateBranch,
  hashStateLeaf,
  pathBit,
} from '../../src/primitives/state-proof.ts';
import type { StoreReader, WriteOperation } from '../../src/primitives/store.ts';

export class MemoryStore implements StoreReader {
  readonly entries = new Map<Hex, Uint8Array>();

  get(key: Uint8Array): Uint8Array | undefined {
    return this.entries.get(toHex(key));
  }

  apply(operations: readonly WriteOperation[]): void {
    for (const { key, value } of operations) {
      if (value === undefined) this.entries.delete(toHex(key));
      else this.entries.set(toHex(key), Uint8Array.from(value));
    }
  }

  /** Every entry as text, sorted by key, for byte-for-byte comparison. */
  dump(): string[] {
    return [...this.entries].map(([key, value]) => `${key}=${toHex(value)}`).sort();
  }
}

/** Root by the definition: recursion over the sorted leaves, without any storage. */
export function naiveRoot(leaves: ReadonlyMap<Hex, Uint8Array>): Uint8Array {
  const sorted = [...leaves]
    .map(([path, value]) => ({ path: fromHex(path), value }))
    .sort((left, right) => compareBytes(left.path, right.path));
  const visit = (subset: typeof sorted, depth: number): Uint8Array => {
    const [first] = subset;
    if (first === undefined) return emptySubtree;
    if (subset.length === 1) {
      return hashStateLeaf(first.path, nobleCrypto.sha256(first.value), nobleCrypto);
    }
    return hashStateBranch(
      visit(
        subset.filter(({ path }) => pathBit(path, depth) === 0),
        depth + 1,
      ),
      visit(
        subset.filter(({ path }) => pathBit(path, depth) === 1),
        depth + 1,
      ),
      nobleCrypto,
    );
  };
  return visit(sorted, 0);
}
