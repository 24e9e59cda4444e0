// The nonce search over one 80-byte header in sixteen versions: what does not depend on the nonce
// is done once by `prepare`, what does not depend on the version once for a nonce, or for four.
// Versions differ in the first 64 bytes alone, so all share the second block's schedule (overt
// AsicBoost: Hanke 2016, arXiv 1604.00575). Fixed addresses; no allocation.

import {
  aAt, chainCount, chainSize, compress, eAt, expand, firstSixtyRounds, initialState, keyBlock,
  keyedOffset, lastSixtyRounds, plainRounds, sigma0At, sigma1At, storeWord, wordAt,
} from './sha256';
import { add, anyAtMost, count, lanes, splat, swapBytes } from './words';

/** The host writes the 80 header bytes here; its version and nonce are filled in here ... */
export const headerAddress: usize = 0;
/** ... the target here: 32 bytes, little-endian ... */
export const targetAddress: usize = 80;
/** ... and the versions here. */
export const versionsAddress: usize = 112;
const versionCount: u32 = 16; // `chainCount` at a time

const state: usize = 176; // 8 words
const plain: usize = 1024; // chain of one lane
// From here on, a word has the width of all lanes (at most 16 bytes).
const chains: usize = 6144; // the hashes under way
const firstWords: usize = 26624; // schedule of the first hash's second block, keyed from 27648
const secondParts: usize = 28672; // fixed parts of the second schedule's words, by word
const secondStart: usize = 29696; // state after round 0 of the second hash, but for word 0
const lastInitial: usize = 29824; // last word of the initial hash value
const midstates: usize = 30720; // by version: the state after the header's first 64 bytes,
const firstStarts: usize = 32768; // and that after round 3 of the second block, but for the nonce

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

/** Splats the plain block and the same with its constants K. */
function splatBlock<T>(target: usize): void {
  splatWords<T>(target, plain, 16);
  splatWords<T>(target + keyedOffset, plain + keyedOffset, 16);
}

/**
 * Leaves at `secondParts` what the fixed words add to words 16 to 30: every word that varies is 0
 * in the plain block, and so are its four terms, in the words made here too.
 */
function splatParts<T>(): void {
  for (let t: usize = 16; t < 31; t++) {
    expand<u32>(plain, t, t + 1);
    store<T>(secondParts + t * sizeof<T>(), splat<T>(wordAt<u32>(plain, t)));
    store<u32>(plain + 4 * t, 0);
  }
}

/** Leaves at `state` that after the header's first 64 bytes. */
function compressFirstBlock(version: u32): void {
  store<u32>(headerAddress, version);
  loadBlock(plain, headerAddress, 16);
  memory.copy(state, initialState, 32);
  compress(state, plain);
}

/** Words 0 to 15 of the header's second block: its last 16 bytes, and the padding of 80. */
function loadSecondBlock(nonce: u32): void {
  loadBlock(plain, headerAddress + 64, 3);
  store<u32>(plain, bswap<u32>(nonce), 12);
  memory.fill(plain + 16, 0, 48);
  store<u32>(plain, 0x80000000, 16);
  store<u32>(plain, 640, 60);
  keyBlock(plain);
}

/** Words 8 to 15 of the second hash's block: the padding of a 32-byte message. */
function padHash(): void {
  memory.fill(plain + 32, 0, 32);
  store<u32>(plain, 0x80000000, 32);
  store<u32>(plain, 256, 60);
}

/** Reads header and versions; to be called after each change of them and before `search`. */
export function prepareLanes<T>(): void {
  for (let index: u32 = 0; index < versionCount; index++) {
    compressFirstBlock(load<u32>(versionsAddress + 4 * index));
    splatWords<T>(midstates + 8 * index * sizeof<T>(), state, 8);
    loadSecondBlock(0);
    plainRounds(state, plain, 4);
    splatWords<T>(firstStarts + 8 * index * sizeof<T>(), state, 8);
  }
  splatBlock<T>(firstWords);

  memory.fill(plain, 0, 32); // words 0 to 7 are the first hash
  padHash();
  keyBlock(plain);
  for (let index: usize = 0; index < chainCount; index++) splatBlock<T>(chains + index * chainSize);
  splatParts<T>();
  memory.copy(state, initialState, 32);
  plainRounds(state, plain, 1);
  splatWords<T>(secondStart, state, 8);
  store<T>(lastInitial, splat<T>(load<u32>(initialState, 28)));
}

/** Whether the header with version and nonce meets the target: all of it hashed, all compared. */
function meetsTarget(version: u32, nonce: u32): bool {
  compressFirstBlock(version);
  loadSecondBlock(nonce);
  compress(state, plain);
  memory.copy(plain, state, 32);
  padHash();
  memory.copy(state, initialState, 32);
  compress(state, plain);
  for (let at: usize = 32; at > 0; at -= 4) {
    const word = bswap<u32>(load<u32>(state + at - 4));
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

/** Words 0 to 30 of a second hash: as many terms as vary, and nothing added where it is 0. */
// @ts-ignore: decorator
@inline
function beginSecond<T>(words: usize, midstate: usize): void {
  const parts = secondParts;
  for (let t: usize = 0; t < 4; t++) {
    storeWord<T>(words, t, add<T>(aAt<T>(words, 60 - t), wordAt<T>(midstate, t)));
    storeWord<T>(words, t + 4, add<T>(eAt<T>(words, 60 - t), wordAt<T>(midstate, t + 4)));
  }
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
}

/** Whether the last word of a hash, which decides mostly, is at most the target's in any lane. */
// @ts-ignore: decorator
@inline
function isCandidate<T>(chain: usize, highestWord: T): bool {
  // e after round 60 is h after round 63.
  const last = add<T>(eAt<T>(chain, 60), load<T>(lastInitial));
  return anyAtMost<T>(swapBytes<T>(last), highestWord);
}

/** The first hit of nonces start + from to start + to (exclusive), as `searchLanes` answers it. */
function firstHit(start: u32, from: u32, to: u32): i32 {
  for (let offset = from; offset < to; offset++) {
    for (let index: u32 = 0; index < versionCount; index++) {
      if (meetsTarget(load<u32>(versionsAddress + 4 * index), start + offset)) {
        return offset * versionCount + index;
      }
    }
  }
  return -1;
}

/**
 * Tries nonces start, start + 1, ... start + length - 1 with each version (no wrap beyond 2^32 - 1,
 * length <= 2^27). Returns 16 times how far from `start` the first nonce lies that meets the
 * target, plus the index of the first version with which it does, or -1.
 */
export function searchLanes<T>(start: u32, length: u32): i32 {
  const stateSize = 8 * sizeof<T>();
  const highestWord = splat<T>(load<u32>(targetAddress, 28));
  for (let offset: u32 = 0; offset < length; offset += lanes<T>()) {
    storeWord<T>(firstWords, 3, swapBytes<T>(count<T>(start + offset)));
    expand<T>(firstWords, 16, 64);
    for (let at: usize = 0; at < versionCount * stateSize; at += chainCount * stateSize) {
      lastSixtyRounds<T>(chains, firstStarts + at, firstWords);
      for (let index: usize = 0; index < chainCount; index++) {
        beginSecond<T>(chains + index * chainSize, midstates + at + index * stateSize);
      }
      firstSixtyRounds<T>(chains, secondStart);
      for (let index: usize = 0; index < chainCount; index++) {
        if (!isCandidate<T>(chains + index * chainSize, highestWord)) continue;
        const hit = firstHit(start, offset, min<u32>(offset + lanes<T>(), length));
        if (hit >= 0) return hit;
      }
    }
  }
  return -1;
}
