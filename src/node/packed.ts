/**
 * Lists of byte strings between threads. A structured clone pays some 2 µs for each object in it;
 * a batch of transfers therefore travels as two arrays, whatever its length.
 */

import { concatAll } from '../primitives/bytes.ts';

export interface Packed {
  readonly bytes: Uint8Array;
  /** Where each string ends in `bytes`, in order. */
  readonly ends: Uint32Array;
}

export function pack(list: readonly Uint8Array[]): Packed {
  const ends = new Uint32Array(list.length);
  let end = 0;
  for (const [index, { length }] of list.entries()) {
    end += length;
    ends[index] = end;
  }
  return { bytes: concatAll(list), ends };
}

/** Views of `bytes`: copy those that outlive the message. */
export function unpack({ bytes, ends }: Packed): Uint8Array[] {
  return Array.from(ends, (end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}
