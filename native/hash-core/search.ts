// The nonce search over one 80-byte header: what does not depend on the nonce is done once by
// `prepare`, the rest for one or four nonces at a time. Fixed addresses; no allocation.

import {
  compress, expand, expandWith, fixedPart, initialState, plainRounds, roundConstants,
  sixtyOneRounds,
} from './sha256';
import { add, anyAtMost, count, lanes, splat, swapBytes } from './words';

/** The host writes the 80 header bytes here ... */
export const headerAddress: usize = 0;
/** ... and the target here: 32 bytes, little-endian. */
export const targetAddress: usize = 80;

const midstate: usize = 112; // 8 words: the state after the header's first 64 bytes
const candidate: usize = 144; // 8 words: the hash that is compared with the target
const scratch: usize = 176; // 8 words
const plainWords: usize = 256; // 64 words for compressions in one lane
// From here on, a word has the width of all lanes (at most 16 bytes).
const firstWords: usize = 1024; // schedule of the first hash's second block
const secondWords: usize = 2048; // schedule of the second hash
const firstStart: usize = 3072; // state after round 2 of the first hash
const secondStart: usize = 3200; // the initial hash value
const midstateLanes: usize = 3328;
const result: usize = 3456;
const firstParts: usize = 3584; // fixed parts of the first hash's words 20 to 32
const secondParts: usize = 3792; // fixed parts of the second hash's words 24 to 30

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

function splatParts<T>(target: usize, words: usize, from: usize, to: usize): void {
  for (let t = from; t < to; t++) {
    store<T>(target + (t - from) * sizeof<T>(), splat<T>(fixedPart(words, t)));
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

/** Reads the header; to be called after each change of it and before `search`. */
export function prepareLanes<T>(): void {
  loadBlock(plainWords, headerAddress, 16);
  memory.copy(midstate, initialState, 32);
  compress(midstate, plainWords, scratch);

  loadBlock(plainWords, headerAddress + 64, 4);
  padHeader(plainWords);
  expand<u32>(plainWords, 16, 18); // words 16 and 17 do not reach back to the nonce, word 3
  splatWords<T>(firstWords, plainWords, 18);
  splatParts<T>(firstParts, plainWords, 20, 33);
  memory.copy(scratch, midstate, 32);
  plainRounds(scratch, plainWords, 3);
  splatWords<T>(firstStart, scratch, 8);
  splatWords<T>(midstateLanes, midstate, 8);

  padHash(plainWords);
  splatWords<T>(secondWords, plainWords, 16);
  splatParts<T>(secondParts, plainWords, 24, 31);
  splatWords<T>(secondStart, initialState, 8);
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

/**
 * Tries nonces start, start + 1, ... start + length - 1 (no wrap beyond 2^32 - 1, length < 2^31).
 * Returns how far from `start` the first one lies that meets the target, or -1.
 */
export function searchLanes<T>(start: u32, length: u32): i32 {
  const size = sizeof<T>();
  const highestWord = splat<T>(load<u32>(targetAddress, 28));
  for (let offset: u32 = 0; offset < length; offset += lanes<T>()) {
    store<T>(firstWords + 3 * size, swapBytes<T>(count<T>(start + offset)));
    expand<T>(firstWords, 18, 20);
    expandWith<T>(firstWords, 20, 33, firstParts);
    expand<T>(firstWords, 33, 64);
    sixtyOneRounds<T>(firstStart, result, firstWords + 3 * size, roundConstants + 12);
    for (let at: usize = 0; at < 8 * size; at += size) {
      store<T>(secondWords + at, add<T>(load<T>(result + at), load<T>(midstateLanes + at)));
    }
    expand<T>(secondWords, 16, 24);
    expandWith<T>(secondWords, 24, 31, secondParts);
    expand<T>(secondWords, 31, 61);
    sixtyOneRounds<T>(secondStart, result, secondWords, roundConstants);
    // e after round 60 is h after round 63, so this is the last word of the hash.
    const last = add<T>(load<T>(result + 4 * size), load<T>(secondStart + 7 * size));
    if (anyAtMost<T>(swapBytes<T>(last), highestWord)) {
      const end = min<u32>(offset + lanes<T>(), length);
      for (let lane = offset; lane < end; lane++) {
        if (meetsTarget(start + lane)) return lane;
      }
    }
  }
  return -1;
}
