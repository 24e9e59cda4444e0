/**
 * What a job may vary, and who varies which part: 2^16 version values (BIP320) times 2^32 nonces,
 * cut into one contiguous range of positions per thread. Time is never touched: contracts read it.
 */

import { headerSizeBytes, versionRollingMask } from '../primitives/header.ts';
import { type HashCore, searchCountMax } from './hash-core.ts';

/** Version values times nonces: at 6 MH/s one thread is busy for a year and a half. */
export const searchSpaceSize: number = 2 ** 48;

const noncesPerVersion = 2 ** 32;
const versionRollingShift = 13;

/** Positions from `begin` to `end` (exclusive); position = version index * 2^32 + nonce. */
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

export interface FoundNonce {
  readonly version: number;
  readonly nonce: number;
}

/** Walks one range of one header on one core, some positions at a time. */
export class RangeSearch {
  readonly #core: HashCore;
  readonly #header: Uint8Array;
  readonly #target: bigint;
  readonly #baseVersion: number;
  readonly #end: number;
  #position: number;
  #preparedIndex: number | undefined;

  constructor(core: HashCore, header: Uint8Array, target: bigint, range: SearchRange) {
    this.#core = core;
    this.#header = header.slice(0, headerSizeBytes);
    this.#target = target;
    this.#baseVersion = new DataView(header.buffer, header.byteOffset).getUint32(0, true);
    this.#position = range.begin;
    this.#end = range.end;
  }

  get exhausted(): boolean {
    return this.#position >= this.#end;
  }

  /** Tries at most `count` further positions; `tried` counts them, a find included. */
  advance(count: number): { readonly tried: number; readonly found: FoundNonce | undefined } {
    const index = Math.floor(this.#position / noncesPerVersion);
    const start = this.#position % noncesPerVersion;
    const length = Math.min(
      count,
      searchCountMax,
      noncesPerVersion - start,
      this.#end - this.#position,
    );
    const version = rollVersion(this.#baseVersion, index);
    if (this.#preparedIndex !== index) {
      new DataView(this.#header.buffer).setUint32(0, version, true);
      this.#core.prepare(this.#header, this.#target);
      this.#preparedIndex = index;
    }
    const nonce = this.#core.search(start, length);
    const tried = nonce === undefined ? length : nonce - start + 1;
    this.#position += tried;
    return { tried, found: nonce === undefined ? undefined : { version, nonce } };
  }
}
