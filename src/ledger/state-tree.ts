/**
 * The state tree on disk: values by path, pages of the binary sparse Merkle tree by position, the
 * latest version only. What is stored is a function of the set of (path, value) alone, so undoing
 * a block restores every byte.
 */

import { compareBytes, equalBytes, fromHex, type Hex } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { emptySubtree, hashStateLeaf, type StateProof } from '../primitives/state-proof.ts';
import { keys, type StoreReader, type WriteOperation } from '../primitives/store.ts';
import {
  decodePage,
  encodePage,
  type Page,
  PageFolder,
  pageIndex,
  pagePosition,
  pageSlots,
  type Slot,
} from './state-page.ts';

/** New values by path in hex; undefined deletes. */
export type StateChanges = ReadonlyMap<Hex, Uint8Array | undefined>;

interface Change {
  readonly path: Uint8Array;
  /** The leaf as it becomes, or undefined when it goes. */
  readonly leaf: Slot;
}

function loadPage(reader: StoreReader, path: Uint8Array, depth: number): Page {
  const bytes = reader.get(keys.node(pagePosition(path, depth)));
  if (bytes === undefined) {
    throw new Error(`state page at depth ${depth} is missing: the database is damaged`);
  }
  return decodePage(bytes);
}

/** One update: walks the changed paths downwards together, rebuilds their pages on the way up. */
class TreeUpdate {
  readonly operations: WriteOperation[] = [];
  readonly #reader: StoreReader;
  readonly #folder: PageFolder;
  readonly #changes: readonly Change[];

  constructor(reader: StoreReader, changes: readonly Change[], crypto: Crypto) {
    this.#reader = reader;
    this.#changes = changes;
    this.#folder = new PageFolder(crypto);
  }

  /** The root after all changes. The root page is stored unless the tree is empty. */
  run(): Uint8Array {
    const position = keys.node(pagePosition(emptySubtree, 0));
    const stored = this.#reader.get(position);
    const page = stored === undefined ? this.#emptyPage() : decodePage(stored);
    this.#updatePage(page, 0, 0, this.#changes.length);
    const root = this.#folder.fold(page);
    if (root !== undefined || stored !== undefined) {
      this.operations.push({
        key: position,
        value: root === undefined ? undefined : encodePage(page),
      });
    }
    return root?.hash ?? emptySubtree;
  }

  #emptyPage(): Page {
    return new Array<Slot>(pageSlots).fill(undefined);
  }

  /** Applies changes [start, end), which share the page's prefix, to its slots. */
  #updatePage(page: Page, depth: number, start: number, end: number): void {
    let from = start;
    while (from < end) {
      const index = pageIndex((this.#changes[from] as Change).path, depth);
      let to = from + 1;
      while (to < end && pageIndex((this.#changes[to] as Change).path, depth) === index) to++;
      page[index] = this.#updateSlot(page[index], depth + 1, from, to);
      from = to;
    }
  }

  #updateSlot(slot: Slot, depth: number, start: number, end: number): Slot {
    const first = this.#changes[start] as Change;
    const isStored = slot !== undefined && slot.onlyPath === undefined;
    if (end - start === 1 && !isStored) {
      if (slot?.onlyPath === undefined || equalBytes(slot.onlyPath, first.path)) return first.leaf;
      if (first.leaf === undefined) return slot;
    }
    const page = isStored ? loadPage(this.#reader, first.path, depth) : this.#emptyPage();
    if (slot?.onlyPath !== undefined) page[pageIndex(slot.onlyPath, depth)] = slot;
    this.#updatePage(page, depth, start, end);
    const folded = this.#folder.fold(page);
    const isBranch = folded !== undefined && folded.onlyPath === undefined;
    if (isBranch || isStored) {
      this.operations.push({
        key: keys.node(pagePosition(first.path, depth)),
        value: isBranch ? encodePage(page) : undefined,
      });
    }
    return folded;
  }
}

/**
 * Writes `changes` into the tree: about one page read, hashed and written for each changed path and
 * level of 16 that it does not share with others. Returns the new root and all writes, values included.
 */
export function updateTree(
  reader: StoreReader,
  changes: StateChanges,
  crypto: Crypto,
): { readonly root: Uint8Array; readonly operations: WriteOperation[] } {
  const sorted: Change[] = [];
  const values: WriteOperation[] = [];
  for (const [hexPath, value] of changes) {
    const path = fromHex(hexPath);
    let leaf: Slot;
    if (value !== undefined) {
      leaf = { hash: hashStateLeaf(path, crypto.sha256(value), crypto), onlyPath: path };
    }
    sorted.push({ path, leaf });
    values.push({ key: keys.state(path), value });
  }
  sorted.sort((left, right) => compareBytes(left.path, right.path));
  const update = new TreeUpdate(reader, sorted, crypto);
  const root = update.run();
  return { root, operations: values.concat(update.operations) };
}

function rootSlot(reader: StoreReader, crypto: Crypto): Slot {
  const stored = reader.get(keys.node(pagePosition(emptySubtree, 0)));
  return stored === undefined ? undefined : new PageFolder(crypto).fold(decodePage(stored));
}

/** Root of the stored tree; 32 zero bytes when it is empty. */
export function stateRoot(reader: StoreReader, crypto: Crypto): Uint8Array {
  return rootSlot(reader, crypto)?.hash ?? emptySubtree;
}

/** Proof of what the tree holds at `path`: its value, or that there is none. */
export function proveState(reader: StoreReader, path: Uint8Array, crypto: Crypto): StateProof {
  const folder = new PageFolder(crypto);
  const siblings: Uint8Array[] = [];
  let slot = rootSlot(reader, crypto);
  let page: Page = [];
  for (let bit = 0; slot !== undefined && slot.onlyPath === undefined; bit++) {
    const depth = bit >> 2;
    if (bit % 4 === 0) page = loadPage(reader, path, depth);
    const count = 8 >> (bit % 4);
    const start = pageIndex(path, depth) & -count;
    siblings.push(folder.fold(page, start ^ count, count)?.hash ?? emptySubtree);
    slot = folder.fold(page, start, count);
  }
  if (slot?.onlyPath === undefined) return { siblings, end: { kind: 'empty' } };
  if (equalBytes(slot.onlyPath, path)) return { siblings, end: { kind: 'leaf' } };
  const value = reader.get(keys.state(slot.onlyPath));
  if (value === undefined) throw new Error('a leaf of the state tree has no value: run db check');
  const other = { path: slot.onlyPath, valueHash: crypto.sha256(value) };
  return { siblings, end: { kind: 'other', ...other } };
}
