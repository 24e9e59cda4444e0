/**
 * What a job may vary, and who varies which part: 2^16 version values (BIP320) in groups of sixteen
 * times 2^32 nonces, cut into one contiguous range of positions per thread. A position is a nonce
 * with all versions of a group: sixteen hashes. Time is never touched: contracts read it.
 */

import { versionRollingMask } from '../primitives/header.ts';
import { type FoundNonce, type HashCore, searchCountMax, versionsAtOnce } from './hash-core.ts';

const noncesPerGroup = 2 ** 32;
const versionRollingShift = 13;

/** All positions, 2^48 hashes: at 8 MH/s one thread is busy for more than a year. */
export const searchSpaceSize: number = (2 ** 16 / versionsAtOnce) * noncesPerGroup;

/** Positions from `begin` to `end` (exclusive); position = group of versions * 2^32 + nonce. */
export interface SearchRange {
  readonly begin: number;
  readonly end: number;
}

/** Part `index` of `parts` of the first `size` positions: disjoint, together everything. */
export function partOfSpace(index: number, parts: number, size: number): SearchRange {
  const boundary = (part: number): number => Math.floor((size / parts) * part);
  return { begin: boundary(index), end: index + 1 === parts ? size : boundary(index + 1) };
}

/** The version with its sixteen rolling bits set to `index`. */
export function rollVersion(version: number, index: number): number {
  return ((version & ~versionRollingMask) | (index << versionRollingShift)) >>> 0;
}

/** The sixteen versions of a group; all groups together are all versions, each once. */
export function versionsOfGroup(version: number, group: number): readonly number[] {
  return Array.from({ length: versionsAtOnce }, (_, index) =>
    rollVersion(version, group * versionsAtOnce + index),
  );
}

/** Walks one range of one header on one core, some positions at a time. */
export class RangeSearch {
  readonly #core: HashCore;
  readonly #header: Uint8Array;
  readonly #target: bigint;
  readonly #version: number;
  readonly #end: number;
  #position: number;
  #preparedGroup: number | undefined;

  constructor(core: HashCore, header: Uint8Array, target: bigint, range: SearchRange) {
    this.#core = core;
    this.#header = header.slice();
    this.#target = target;
    this.#version = new DataView(header.buffer, header.byteOffset).getUint32(0, true);
    this.#position = range.begin;
    this.#end = range.end;
  }

  get exhausted(): boolean {
    return this.#position >= this.#end;
  }

  /** Tries at most `count` further positions; `tried` counts them, that of a find included. */
  advance(count: number): { readonly tried: number; readonly found: FoundNonce | undefined } {
    const group = Math.floor(this.#position / noncesPerGroup);
    const start = this.#position % noncesPerGroup;
    const length = Math.min(
      count,
      searchCountMax,
      noncesPerGroup - start,
      this.#end - this.#position,
    );
    if (this.#preparedGroup !== group) {
      const versions = versionsOfGroup(this.#version, group);
      this.#core.prepare(this.#header, versions, this.#target);
      this.#preparedGroup = group;
    }
    const found = this.#core.search(start, length);
    const tried = found === undefined ? length : found.nonce - start + 1;
    this.#position += tried;
    return { tried, found };
  }
}
