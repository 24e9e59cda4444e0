// SHA-256 (FIPS 180-4) over words in memory, for one or four lanes: the message schedule, the
// rounds, and a plain one-block compression for what is done once for a header or a candidate.
// README.md counts the operations and says what the engine makes of them.

import { add, and, loadSplat, rotateRight, shiftRight, xor } from './words';

/** K: the first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
export const roundConstants: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);

/** The initial hash value: square roots of the first 8 primes. */
export const initialState: usize = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);

// @ts-ignore: decorator
@inline
function bigSigma0<T>(a: T): T {
  return xor<T>(xor<T>(rotateRight<T>(a, 2), rotateRight<T>(a, 13)), rotateRight<T>(a, 22));
}

// @ts-ignore: decorator
@inline
function bigSigma1<T>(e: T): T {
  return xor<T>(xor<T>(rotateRight<T>(e, 6), rotateRight<T>(e, 11)), rotateRight<T>(e, 25));
}

// @ts-ignore: decorator
@inline
function smallSigma0<T>(w: T): T {
  return xor<T>(xor<T>(rotateRight<T>(w, 7), rotateRight<T>(w, 18)), shiftRight<T>(w, 3));
}

// @ts-ignore: decorator
@inline
function smallSigma1<T>(w: T): T {
  return xor<T>(xor<T>(rotateRight<T>(w, 17), rotateRight<T>(w, 19)), shiftRight<T>(w, 10));
}

/** The rounds add each word with its constant K: those sums stand this far behind the words. */
export const keyedOffset: usize = 1024;

// @ts-ignore: decorator
@inline
export function wordAt<T>(words: usize, t: usize): T {
  return load<T>(words + t * sizeof<T>());
}

// @ts-ignore: decorator
@inline
export function sigma0At<T>(words: usize, t: usize): T {
  return smallSigma0<T>(wordAt<T>(words, t));
}

// @ts-ignore: decorator
@inline
export function sigma1At<T>(words: usize, t: usize): T {
  return smallSigma1<T>(wordAt<T>(words, t));
}

// @ts-ignore: decorator
@inline
export function storeWord<T>(words: usize, t: usize, word: T): void {
  const at = words + t * sizeof<T>();
  store<T>(at, word);
  store<T>(at, add<T>(word, loadSplat<T>(roundConstants + 4 * t)), keyedOffset);
}

/** Makes one word: `at` is the address of the word 16 before it, `key` that of its K. */
// @ts-ignore: decorator
@inline
function nextWord<T>(at: usize, key: usize): void {
  const word = add<T>(
    add<T>(smallSigma1<T>(load<T>(at, 14 * sizeof<T>())), load<T>(at, 9 * sizeof<T>())),
    add<T>(smallSigma0<T>(load<T>(at, sizeof<T>())), load<T>(at)),
  );
  store<T>(at, word, 16 * sizeof<T>());
  store<T>(at, add<T>(word, loadSplat<T>(key)), 16 * sizeof<T>() + keyedOffset);
}

/** Fills words `from` to `to` (exclusive) of the schedule at `words`. */
// @ts-ignore: decorator
@inline
export function expand<T>(words: usize, from: usize, to: usize): void {
  const end = words + (to - 16) * sizeof<T>();
  let key = roundConstants + 4 * from;
  for (let at = words + (from - 16) * sizeof<T>(); at < end; at += sizeof<T>(), key += 4) {
    nextWord<T>(at, key);
  }
}

/** T1 of FIPS 180-4 section 6.2.2; Ch as g ^ (e & (f ^ g)), one operation less. */
// @ts-ignore: decorator
@inline
function temporary1<T>(e: T, f: T, g: T, h: T, keyed: T): T {
  return add<T>(add<T>(add<T>(h, keyed), xor<T>(g, and<T>(e, xor<T>(f, g)))), bigSigma1<T>(e));
}

/** T1 + T2; Maj as b ^ ((a ^ b) & (b ^ c)), whose halves are shared with the neighbour rounds. */
// @ts-ignore: decorator
@inline
function newA<T>(t1: T, a: T, b: T, aXorB: T, bXorC: T): T {
  return add<T>(add<T>(t1, bigSigma0<T>(a)), xor<T>(b, and<T>(aXorB, bXorC)));
}

/**
 * Room for a hash under way: a schedule, its keyed words, and a row for each round. A row is the
 * round's new a, its new e, and a xor b. Older rows hold the rest of the state: b, c and d are the
 * a of one, two and three rounds before, and f, g and h the e.
 */
export const chainSize: usize = 5120;
const rowsOffset: usize = 2048;
const savedOffset: usize = 4096; // behind the rows of one lane: the state before a compression

// @ts-ignore: decorator
@inline
function rowSize<T>(): usize {
  return 3 * sizeof<T>();
}

/** The four rows that stand for the eight words at `state`; `word` is added to a and e. */
// @ts-ignore: decorator
@inline
function beginRows<T>(chain: usize, state: usize, word: T): void {
  const rows = chain + rowsOffset;
  for (let index: usize = 0; index < 4; index++) {
    store<T>(rows + (3 - index) * rowSize<T>(), wordAt<T>(state, index));
    store<T>(rows + (3 - index) * rowSize<T>(), wordAt<T>(state, index + 4), sizeof<T>());
  }
  store<T>(rows, xor<T>(wordAt<T>(state, 1), wordAt<T>(state, 2)), 11 * sizeof<T>());
  store<T>(rows, add<T>(wordAt<T>(state, 0), word), 9 * sizeof<T>());
  store<T>(rows, add<T>(wordAt<T>(state, 4), word), 10 * sizeof<T>());
}

/** The a after so many rounds of a chain, -3 at least: b, c and d are those of rounds before. */
// @ts-ignore: decorator
@inline
export function aAt<T>(chain: usize, rounds: usize): T {
  return load<T>(chain + rowsOffset + (rounds + 3) * rowSize<T>());
}

/** The e after so many rounds. */
// @ts-ignore: decorator
@inline
export function eAt<T>(chain: usize, rounds: usize): T {
  return load<T>(chain + rowsOffset + (rounds + 3) * rowSize<T>(), sizeof<T>());
}

/** Makes the e of the fifth row from `row` on, and answers T1. */
// @ts-ignore: decorator
@inline
function halfRound<T>(row: usize, keyed: usize): T {
  const e = load<T>(row, 10 * sizeof<T>());
  const f = load<T>(row, 7 * sizeof<T>());
  const g = load<T>(row, 4 * sizeof<T>());
  const t1 = temporary1<T>(e, f, g, load<T>(row, sizeof<T>()), load<T>(keyed));
  store<T>(row, add<T>(load<T>(row), t1), 13 * sizeof<T>());
  return t1;
}

/** Makes the fifth row from `row` on. */
// @ts-ignore: decorator
@inline
function round<T>(row: usize, keyed: usize): void {
  const t1 = halfRound<T>(row, keyed);
  const a = load<T>(row, 9 * sizeof<T>());
  const b = load<T>(row, 6 * sizeof<T>());
  const aXorB = xor<T>(a, b);
  store<T>(row, aXorB, 14 * sizeof<T>());
  store<T>(row, newA<T>(t1, a, b, aXorB, load<T>(row, 11 * sizeof<T>())), 12 * sizeof<T>());
}

/** Hashes under way at a time, a round of each by turns: one alone waits for itself. */
export const chainCount: usize = 4;

/** Rounds 4 to 63 of four hashes with one schedule, whose word 3 the states still lack. */
// @ts-ignore: decorator
@inline
export function lastSixtyRounds<T>(chains: usize, states: usize, words: usize): void {
  const size = sizeof<T>();
  for (let index: usize = 0; index < chainCount; index++) {
    beginRows<T>(chains + index * chainSize, states + 8 * index * size, wordAt<T>(words, 3));
  }
  let row = chains + rowsOffset;
  let keyed = words + keyedOffset + 4 * size;
  for (const end = keyed + 60 * size; keyed < end; keyed += size, row += rowSize<T>()) {
    round<T>(row, keyed);
    round<T>(row + chainSize, keyed);
    round<T>(row + 2 * chainSize, keyed);
    round<T>(row + 3 * chainSize, keyed);
  }
}

/** One round with the word of a hash's own schedule, and the word 30 further on. */
// @ts-ignore: decorator
@inline
function wordAndRound<T>(row: usize, word: usize, key: usize): void {
  nextWord<T>(word + 14 * sizeof<T>(), key);
  round<T>(row, word + keyedOffset);
}

/**
 * Rounds 1 to 60 of four hashes with a schedule each, whose word 0 the state still lacks. Needs
 * words up to 30 and makes the others. The last four rounds make no a: e is all that counts.
 */
// @ts-ignore: decorator
@inline
export function firstSixtyRounds<T>(chains: usize, state: usize): void {
  const size = sizeof<T>();
  for (let index: usize = 0; index < chainCount; index++) {
    beginRows<T>(chains + index * chainSize, state, load<T>(chains + index * chainSize));
  }
  let row = chains + rowsOffset;
  let word = chains + size;
  let key = roundConstants + 4 * 31;
  for (const end = word + 30 * size; word < end; word += size, row += rowSize<T>(), key += 4) {
    wordAndRound<T>(row, word, key);
    wordAndRound<T>(row + chainSize, word + chainSize, key);
    wordAndRound<T>(row + 2 * chainSize, word + 2 * chainSize, key);
    wordAndRound<T>(row + 3 * chainSize, word + 3 * chainSize, key);
  }
  let keyed = word + keyedOffset;
  for (const end = keyed + 26 * size; keyed < end; keyed += size, row += rowSize<T>()) {
    round<T>(row, keyed);
    round<T>(row + chainSize, keyed + chainSize);
    round<T>(row + 2 * chainSize, keyed + 2 * chainSize);
    round<T>(row + 3 * chainSize, keyed + 3 * chainSize);
  }
  for (const end = keyed + 4 * size; keyed < end; keyed += size, row += rowSize<T>()) {
    halfRound<T>(row, keyed);
    halfRound<T>(row + chainSize, keyed + chainSize);
    halfRound<T>(row + 2 * chainSize, keyed + 2 * chainSize);
    halfRound<T>(row + 3 * chainSize, keyed + 3 * chainSize);
  }
}

/** Runs rounds 0 to `count` on the state, in one lane, over the words of the chain. */
export function plainRounds(state: usize, chain: usize, count: usize): void {
  beginRows<u32>(chain, state, 0);
  for (let t: usize = 0; t < count; t++) {
    round<u32>(chain + rowsOffset + t * rowSize<u32>(), chain + keyedOffset + 4 * t);
  }
  for (let index: usize = 0; index < 4; index++) {
    store<u32>(state + 4 * index, aAt<u32>(chain, count - index));
    store<u32>(state + 4 * index, eAt<u32>(chain, count - index), 16);
  }
}

/** Adds its K to each of the first 16 words. */
export function keyBlock(words: usize): void {
  for (let t: usize = 0; t < 16; t++) storeWord<u32>(words, t, load<u32>(words + 4 * t));
}

/** One whole compression in one lane: of the state and the first 16 words of the chain. */
export function compress(state: usize, chain: usize): void {
  keyBlock(chain);
  expand<u32>(chain, 16, 64);
  memory.copy(chain + savedOffset, state, 32);
  plainRounds(state, chain, 64);
  for (let at: usize = 0; at < 32; at += 4) {
    store<u32>(state + at, load<u32>(state + at) + load<u32>(chain + at, savedOffset));
  }
}
