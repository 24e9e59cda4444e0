/**
 * The stored unit of the state tree: four levels of the binary tree, that is sixteen subtrees, in
 * one database entry. A page costs one read where single nodes cost four; the bits between are
 * folded when needed. Pages are a matter of storage: roots and proofs know only the binary tree.
 */

import type { Crypto } from '../primitives/crypto.ts';
import { emptySubtree } from '../primitives/state-proof.ts';

export const pageSlots = 16;

export interface Subtree {
  readonly hash: Uint8Array;
  /** Path of its only leaf; undefined when it has two leaves or more. */
  readonly onlyPath: Uint8Array | undefined;
}
/** A subtree, or undefined for one without leaves. */
export type Slot = Subtree | undefined;
/** Sixteen slots, by the four bits of a path that the page covers. */
export type Page = Slot[];

/** Folds pages; it keeps one buffer, because a block hashes tens of thousands of branches. */
export class PageFolder {
  readonly #crypto: Crypto;
  /** 0x01 ‖ left ‖ right, as `hashStateBranch` has it. */
  readonly #branch = Uint8Array.of(1, ...emptySubtree, ...emptySubtree);

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  /** Joins two halves: nothing and a lone leaf stay what they are, all else is hashed as a branch. */
  join(left: Slot, right: Slot): Slot {
    if (left === undefined && (right === undefined || right.onlyPath !== undefined)) return right;
    if (right === undefined && left?.onlyPath !== undefined) return left;
    this.#branch.set(left?.hash ?? emptySubtree, 1);
    this.#branch.set(right?.hash ?? emptySubtree, 33);
    return { hash: this.#crypto.sha256(this.#branch), onlyPath: undefined };
  }

  /** What slots [start, start + count) are as one; of all sixteen, the slot of the page above. */
  fold(page: Page, start = 0, count = pageSlots): Slot {
    if (count === 1) return page[start];
    const half = count >> 1;
    return this.join(this.fold(page, start, half), this.fold(page, start + half, half));
  }
}

/** u16 bitmap of used slots ‖ u16 bitmap of leaves ‖ for each used slot: hash 32 ‖ leaf: path 32. */
export function encodePage(page: Page): Uint8Array {
  let used = 0;
  let leaves = 0;
  let size = 4;
  for (let index = 0; index < pageSlots; index++) {
    const slot = page[index];
    if (slot === undefined) continue;
    used |= 1 << index;
    if (slot.onlyPath !== undefined) leaves |= 1 << index;
    size += slot.onlyPath === undefined ? 32 : 64;
  }
  const bytes = new Uint8Array(size);
  bytes.set([used >> 8, used & 0xff, leaves >> 8, leaves & 0xff]);
  let offset = 4;
  for (const slot of page) {
    if (slot === undefined) continue;
    bytes.set(slot.hash, offset);
    offset += 32;
    if (slot.onlyPath === undefined) continue;
    bytes.set(slot.onlyPath, offset);
    offset += 32;
  }
  return bytes;
}

/** The page in `bytes`, which this node wrote: hashes and paths are views into them. */
export function decodePage(bytes: Uint8Array): Page {
  const used = ((bytes[0] as number) << 8) | (bytes[1] as number);
  const leaves = ((bytes[2] as number) << 8) | (bytes[3] as number);
  const page: Page = [];
  let offset = 4;
  for (let index = 0; index < pageSlots; index++) {
    if ((used & (1 << index)) === 0) {
      page.push(undefined);
      continue;
    }
    const hash = bytes.subarray(offset, offset + 32);
    offset += 32;
    let onlyPath: Uint8Array | undefined;
    if ((leaves & (1 << index)) !== 0) {
      onlyPath = bytes.subarray(offset, offset + 32);
      offset += 32;
    }
    page.push({ hash, onlyPath });
  }
  if (offset !== bytes.length) {
    throw new Error(`state page has ${bytes.length} bytes instead of ${offset}: run db check`);
  }
  return page;
}

/** Key of the page that covers bits 4 * depth to 4 * depth + 3 below the prefix of `path`. */
export function pagePosition(path: Uint8Array, depth: number): Uint8Array {
  const position = new Uint8Array(1 + ((depth + 1) >> 1));
  position[0] = depth;
  position.set(path.subarray(0, position.length - 1), 1);
  if (depth % 2 === 1) {
    position[position.length - 1] = (position[position.length - 1] as number) & 0xf0;
  }
  return position;
}

/** The four bits of `path` that choose a slot in its page at `depth`. */
export function pageIndex(path: Uint8Array, depth: number): number {
  const byte = path[depth >> 1] as number;
  return depth % 2 === 0 ? byte >> 4 : byte & 15;
}
