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
 * Runs rounds `from` to `from + 59`. `start` is the state before them as far as it is fixed: `word`,
 * that of the round before, is still missing in a and e, to which it is only added. Needs words up
 * to `from + 35` and makes the last 24 on its way: their long chains fill the gaps between rounds.
 * Leaves a..h at `target` if `whole`, else only e, and the last four rounds do not make their a.
 */
// @ts-ignore: decorator
@inline
export function sixtyRounds<T>(
  start: usize, word: T, words: usize, from: usize, target: usize, whole: bool,
): void {
  const size = sizeof<T>();
  let a = add<T>(load<T>(start), word);
  let b = load<T>(start + size);
  let c = load<T>(start + 2 * size);
  let d = load<T>(start + 3 * size);
  let e = add<T>(load<T>(start + 4 * size), word);
  let f = load<T>(start + 5 * size);
  let g = load<T>(start + 6 * size);
  let h = load<T>(start + 7 * size);
  let y = a;
  let z = xor<T>(b, c);
  let t = a;
  let k = words + keyedOffset + from * size;
  let at = words + (from + 20) * size;
  let key = roundConstants + 4 * (from + 36);
  for (let end = k + 24 * size; k < end; k += 8 * size, at += 8 * size, key += 4 * 8) {
    t = temporary1<T>(e, f, g, h, load<T>(k)); d = add<T>(d, t);
    y = xor<T>(a, b); h = newA<T>(t, a, b, y, z); nextWord<T>(at, key);
    t = temporary1<T>(d, e, f, g, load<T>(k, sizeof<T>())); c = add<T>(c, t);
    z = xor<T>(h, a); g = newA<T>(t, h, a, z, y); nextWord<T>(at + size, key + 4);
    t = temporary1<T>(c, d, e, f, load<T>(k, 2 * sizeof<T>())); b = add<T>(b, t);
    y = xor<T>(g, h); f = newA<T>(t, g, h, y, z); nextWord<T>(at + 2 * size, key + 8);
    t = temporary1<T>(b, c, d, e, load<T>(k, 3 * sizeof<T>())); a = add<T>(a, t);
    z = xor<T>(f, g); e = newA<T>(t, f, g, z, y); nextWord<T>(at + 3 * size, key + 12);
    t = temporary1<T>(a, b, c, d, load<T>(k, 4 * sizeof<T>())); h = add<T>(h, t);
    y = xor<T>(e, f); d = newA<T>(t, e, f, y, z); nextWord<T>(at + 4 * size, key + 16);
    t = temporary1<T>(h, a, b, c, load<T>(k, 5 * sizeof<T>())); g = add<T>(g, t);
    z = xor<T>(d, e); c = newA<T>(t, d, e, z, y); nextWord<T>(at + 5 * size, key + 20);
    t = temporary1<T>(g, h, a, b, load<T>(k, 6 * sizeof<T>())); f = add<T>(f, t);
    y = xor<T>(c, d); b = newA<T>(t, c, d, y, z); nextWord<T>(at + 6 * size, key + 24);
    t = temporary1<T>(f, g, h, a, load<T>(k, 7 * sizeof<T>())); e = add<T>(e, t);
    z = xor<T>(b, c); a = newA<T>(t, b, c, z, y); nextWord<T>(at + 7 * size, key + 28);
  }
  for (let end = k + 32 * size; k < end; k += 8 * size) {
    t = temporary1<T>(e, f, g, h, load<T>(k));
    d = add<T>(d, t); y = xor<T>(a, b); h = newA<T>(t, a, b, y, z);
    t = temporary1<T>(d, e, f, g, load<T>(k, sizeof<T>()));
    c = add<T>(c, t); z = xor<T>(h, a); g = newA<T>(t, h, a, z, y);
    t = temporary1<T>(c, d, e, f, load<T>(k, 2 * sizeof<T>()));
    b = add<T>(b, t); y = xor<T>(g, h); f = newA<T>(t, g, h, y, z);
    t = temporary1<T>(b, c, d, e, load<T>(k, 3 * sizeof<T>()));
    a = add<T>(a, t); z = xor<T>(f, g); e = newA<T>(t, f, g, z, y);
    t = temporary1<T>(a, b, c, d, load<T>(k, 4 * sizeof<T>()));
    h = add<T>(h, t); y = xor<T>(e, f); d = newA<T>(t, e, f, y, z);
    t = temporary1<T>(h, a, b, c, load<T>(k, 5 * sizeof<T>()));
    g = add<T>(g, t); z = xor<T>(d, e); c = newA<T>(t, d, e, z, y);
    t = temporary1<T>(g, h, a, b, load<T>(k, 6 * sizeof<T>()));
    f = add<T>(f, t); y = xor<T>(c, d); b = newA<T>(t, c, d, y, z);
    t = temporary1<T>(f, g, h, a, load<T>(k, 7 * sizeof<T>()));
    e = add<T>(e, t); z = xor<T>(b, c); a = newA<T>(t, b, c, z, y);
  }
  t = temporary1<T>(e, f, g, h, load<T>(k)); d = add<T>(d, t);
  if (whole) { y = xor<T>(a, b); h = newA<T>(t, a, b, y, z); }
  t = temporary1<T>(d, e, f, g, load<T>(k, sizeof<T>())); c = add<T>(c, t);
  if (whole) { z = xor<T>(h, a); g = newA<T>(t, h, a, z, y); }
  t = temporary1<T>(c, d, e, f, load<T>(k, 2 * sizeof<T>())); b = add<T>(b, t);
  if (whole) { y = xor<T>(g, h); f = newA<T>(t, g, h, y, z); }
  t = temporary1<T>(b, c, d, e, load<T>(k, 3 * sizeof<T>())); a = add<T>(a, t);
  // The roles have moved by four: a is in e, b in f, ... e in a, ... h in d.
  store<T>(target + 4 * size, a);
  if (!whole) return;
  z = xor<T>(f, g);
  store<T>(target, newA<T>(t, f, g, z, y));
  store<T>(target + size, f);
  store<T>(target + 2 * size, g);
  store<T>(target + 3 * size, h);
  store<T>(target + 5 * size, b);
  store<T>(target + 6 * size, c);
  store<T>(target + 7 * size, d);
}

/** Runs rounds 0 to `count` on the eight words at `state`, in one lane, without adding anything. */
export function plainRounds(state: usize, words: usize, count: usize): void {
  for (let t: usize = 0; t < count; t++) {
    const a = load<u32>(state);
    const e = load<u32>(state, 16);
    const t1 = temporary1<u32>(
      e, load<u32>(state, 20), load<u32>(state, 24), load<u32>(state, 28),
      load<u32>(words + 4 * t, keyedOffset),
    );
    const b = load<u32>(state, 4);
    const next = newA<u32>(t1, a, b, a ^ b, b ^ load<u32>(state, 8));
    store<u32>(state, load<u32>(state, 12) + t1, 12);
    memory.copy(state + 4, state, 28);
    store<u32>(state, next);
  }
}

/** Adds its K to each of the first 16 words. */
export function keyBlock(words: usize): void {
  for (let t: usize = 0; t < 16; t++) storeWord<u32>(words, t, load<u32>(words + 4 * t));
}

/** One whole compression in one lane: `state` += rounds over the 16 words at `words` (room for 64). */
export function compress(state: usize, words: usize, scratch: usize): void {
  keyBlock(words);
  expand<u32>(words, 16, 64);
  memory.copy(scratch, state, 32);
  plainRounds(scratch, words, 64);
  for (let at: usize = 0; at < 32; at += 4) {
    store<u32>(state + at, load<u32>(state + at) + load<u32>(scratch + at));
  }
}
