// The nonce search over one 80-byte header: what does not depend on the nonce is done once by
// `prepare`, the rest for one or four nonces at a time. Fixed addresses; no allocation.

import {
  compress, expand, initialState, keyBlock, keyedOffset, plainRounds, sigma0At, sigma1At,
  sixtyRounds, storeWord, wordAt,
} from './sha256';
import { add, anyAtMost, count, lanes, splat, swapBytes } from './words';

/** The host writes the 80 header bytes here ... */
export const headerAddress: usize = 0;
/** ... and the target here: 32 bytes, little-endian. */
export const targetAddress: usize = 80;

const midstate: usize = 112; // 8 words: the state after the header's first 64 bytes
const candidate: usize = 144; // 8 words: the hash that is compared with the target
const scratch: usize = 176; // 8 words
const plainWords: usize = 256; // a schedule in one lane; its keyed words follow as of the others
// From here on, a word has the width of all lanes (at most 16 bytes).
const firstWords: usize = 2048; // schedule of the first hash's second block, keyed from 3072
const secondWords: usize = 4096; // schedule of the second hash, keyed from 5120
const firstParts: usize = 6144; // fixed parts of the first schedule's words, by word
const secondParts: usize = 7168; // and of the second one's
const firstStart: usize = 8192; // state after round 3 of the first hash, but for the nonce
const secondStart: usize = 8320; // state after round 0 of the second, but for word 0
const midstateLanes: usize = 8448;
const result: usize = 8576;
const lastInitial: usize = 8704; // last word of the initial hash value

/** Copies `words` big-endian words from bytes at `source`. */
function loadBlock(target: usize, source: usize, words: usize): void {
  for (let at: usize = 0; at < 4 * words; at += 4) {
    store<u32>(target + at, bswap<u32>(load<u32>(source + at)));
  }
}

function splatWords<T>(target: usize, source: usize, words: usize): void {
  for (let index: usize = 0; index < words; index++) {
    store<T>(target + index * sizeof<T>(), splat<T>(load<u32>(source + 4 * index)));
  }
}

/**
 * Leaves at `parts` what the fixed words add to words `from` to `to`: every word that varies is 0
 * in `words`, and so are its four terms, in the words made here too.
 */
function splatParts<T>(parts: usize, words: usize, from: usize, to: usize): void {
  for (let t = from; t < to; t++) {
    expand<u32>(words, t, t + 1);
    store<T>(parts + t * sizeof<T>(), splat<T>(wordAt<u32>(words, t)));
    store<u32>(words + 4 * t, 0);
  }
}

/** Words 4 to 15 of the header's second block: the padding of an 80-byte message. */
function padHeader(words: usize): void {
  memory.fill(words + 16, 0, 48);
  store<u32>(words, 0x80000000, 16);
  store<u32>(words, 640, 60);
}

/** Words 8 to 15 of the second hash's block: the padding of a 32-byte message. */
function padHash(words: usize): void {
  memory.fill(words + 32, 0, 32);
  store<u32>(words, 0x80000000, 32);
  store<u32>(words, 256, 60);
}

/** Splats a block of `count` words and the same with their constants K. */
function splatSchedule<T>(target: usize, count: usize): void {
  splatWords<T>(target, plainWords, count);
  splatWords<T>(target + keyedOffset, plainWords + keyedOffset, count);
}

/** Reads the header; to be called after each change of it and before `search`. */
export function prepareLanes<T>(): void {
  loadBlock(plainWords, headerAddress, 16);
  memory.copy(midstate, initialState, 32);
  compress(midstate, plainWords, scratch);
  splatWords<T>(midstateLanes, midstate, 8);

  loadBlock(plainWords, headerAddress + 64, 3);
  padHeader(plainWords);
  store<u32>(plainWords, 0, 12); // word 3 is the nonce
  keyBlock(plainWords);
  expand<u32>(plainWords, 16, 18); // words 16 and 17 do not reach back to it
  splatSchedule<T>(firstWords, 18);
  splatParts<T>(firstParts, plainWords, 18, 33);
  memory.copy(scratch, midstate, 32);
  plainRounds(scratch, plainWords, 4);
  splatWords<T>(firstStart, scratch, 8);

  memory.fill(plainWords, 0, 32); // words 0 to 7 are the first hash
  padHash(plainWords);
  keyBlock(plainWords);
  splatSchedule<T>(secondWords, 16);
  splatParts<T>(secondParts, plainWords, 16, 31);
  memory.copy(scratch, initialState, 32);
  plainRounds(scratch, plainWords, 1);
  splatWords<T>(secondStart, scratch, 8);
  store<T>(lastInitial, splat<T>(load<u32>(initialState, 28)));
}

/** Whether the header with `nonce` meets the target: the whole hash, all 256 bits compared. */
function meetsTarget(nonce: u32): bool {
  loadBlock(plainWords, headerAddress + 64, 3);
  store<u32>(plainWords, bswap<u32>(nonce), 12);
  padHeader(plainWords);
  memory.copy(candidate, midstate, 32);
  compress(candidate, plainWords, scratch);
  memory.copy(plainWords, candidate, 32);
  padHash(plainWords);
  memory.copy(candidate, initialState, 32);
  compress(candidate, plainWords, scratch);
  for (let at: usize = 32; at > 0; at -= 4) {
    const word = bswap<u32>(load<u32>(candidate + at - 4));
    const bound = load<u32>(targetAddress + at - 4);
    if (word !== bound) return word < bound;
  }
  return true;
}

/** Word t where its terms t - 15 and t - 16 are fixed. */
// @ts-ignore: decorator
@inline
function halfWord<T>(words: usize, t: usize): T {
  return add<T>(sigma1At<T>(words, t - 2), wordAt<T>(words, t - 7));
}

/** Words 18 to 39 from the nonce: as many terms as vary, and 0 where the padding is 0. */
// @ts-ignore: decorator
@inline
function beginFirst<T>(): void {
  const words = firstWords;
  const parts = firstParts;
  storeWord<T>(words, 18, add<T>(sigma0At<T>(words, 3), wordAt<T>(parts, 18)));
  storeWord<T>(words, 19, add<T>(wordAt<T>(words, 3), wordAt<T>(parts, 19)));
  for (let t: usize = 20; t < 25; t++) {
    storeWord<T>(words, t, add<T>(sigma1At<T>(words, t - 2), wordAt<T>(parts, t)));
  }
  for (let t: usize = 25; t < 30; t++) storeWord<T>(words, t, halfWord<T>(words, t));
  for (let t: usize = 30; t < 33; t++) {
    storeWord<T>(words, t, add<T>(halfWord<T>(words, t), wordAt<T>(parts, t)));
  }
  expand<T>(words, 33, 40);
}

/** Words 16 to 36 from the first hash in words 0 to 7, in the same way. */
// @ts-ignore: decorator
@inline
function beginSecond<T>(): void {
  const words = secondWords;
  const parts = secondParts;
  storeWord<T>(words, 16, add<T>(sigma0At<T>(words, 1), wordAt<T>(words, 0)));
  const word17 = add<T>(sigma0At<T>(words, 2), wordAt<T>(words, 1));
  storeWord<T>(words, 17, add<T>(word17, wordAt<T>(parts, 17)));
  for (let t: usize = 18; t < 22; t++) {
    const early = add<T>(sigma0At<T>(words, t - 15), wordAt<T>(words, t - 16));
    storeWord<T>(words, t, add<T>(sigma1At<T>(words, t - 2), early));
  }
  expand<T>(words, 22, 23);
  const early23 = add<T>(wordAt<T>(words, 7), wordAt<T>(parts, 23));
  storeWord<T>(words, 23, add<T>(halfWord<T>(words, 23), early23));
  storeWord<T>(words, 24, add<T>(halfWord<T>(words, 24), wordAt<T>(parts, 24)));
  for (let t: usize = 25; t < 30; t++) storeWord<T>(words, t, halfWord<T>(words, t));
  storeWord<T>(words, 30, add<T>(halfWord<T>(words, 30), wordAt<T>(parts, 30)));
  expand<T>(words, 31, 37);
}

/**
 * Tries nonces start, start + 1, ... start + length - 1 (no wrap beyond 2^32 - 1, length < 2^31).
 * Returns how far from `start` the first one lies that meets the target, or -1.
 */
export function searchLanes<T>(start: u32, length: u32): i32 {
  const size = sizeof<T>();
  const highestWord = splat<T>(load<u32>(targetAddress, 28));
  for (let offset: u32 = 0; offset < length; offset += lanes<T>()) {
    const nonce = swapBytes<T>(count<T>(start + offset));
    store<T>(firstWords + 3 * size, nonce);
    beginFirst<T>();
    sixtyRounds<T>(firstStart, nonce, firstWords, 4, result, true);
    for (let t: usize = 0; t < 8; t++) {
      storeWord<T>(secondWords, t, add<T>(wordAt<T>(result, t), wordAt<T>(midstateLanes, t)));
    }
    beginSecond<T>();
    sixtyRounds<T>(secondStart, wordAt<T>(secondWords, 0), secondWords, 1, result, false);
    // e after round 60 is h after round 63: with it the hash's last word, which decides mostly.
    const last = add<T>(wordAt<T>(result, 4), load<T>(lastInitial));
    if (anyAtMost<T>(swapBytes<T>(last), highestWord)) {
      const end = min<u32>(offset + lanes<T>(), length);
      for (let lane = offset; lane < end; lane++) {
        if (meetsTarget(start + lane)) return lane;
      }
    }
  }
  return -1;
}
