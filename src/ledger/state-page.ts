/**
 * The stored unit of the state tree: four levels of the binary tree, that is sixteen subtrees, in
 * one database entry. A page costs one read where single nodes cost four; the bits between are
 * folded when needed. Pages are a matter of storage: roots and proofs know only the binary tree.
 */

import type { Crypto } from '../primitives/crypto.ts';
import { emptySubtree, hashStateBranch } from '../primitives/state-proof.ts';

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

/** Joins two halves: nothing and a lone leaf stay what they are, all else is hashed as a branch. */
export function joinSubtrees(left: Slot, right: Slot, crypto: Crypto): Slot {
  if (left === undefined && (right === undefined || right.onlyPath !== undefined)) return right;
  if (right === undefined && left?.onlyPath !== undefined) return left;
  const hash = hashStateBranch(left?.hash ?? emptySubtree, right?.hash ?? emptySubtree, crypto);
  return { hash, onlyPath: undefined };
}

/** All levels of a page: `[0]` the whole (1 slot), then 2, 4, 8 and `[4]` the page itself. */
export function pageLevels(page: Page, crypto: Crypto): readonly Page[] {
  const levels: Page[] = [page];
  while ((levels[0] as Page).length > 1) {
    const below = levels[0] as Page;
    const level: Page = [];
    for (let index = 0; index < below.length; index += 2) {
      level.push(joinSubtrees(below[index], below[index + 1], crypto));
    }
    levels.unshift(level);
  }
  return levels;
}

/** What the page is as one slot of the page above. */
export function foldPage(page: Page, crypto: Crypto): Slot {
  return pageLevels(page, crypto)[0]?.[0];
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
