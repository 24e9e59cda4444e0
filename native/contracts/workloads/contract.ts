/**
 * What the machine's speed is measured with; deployed nowhere. Each method repeats one piece of work
 * `rounds` times and returns a digest of it. Workloads.sol has the same in Solidity.
 */

import { Address, Indexed, keccak, Mapping, mulDiv, self, sender, square, u256, U256 } from "dodona";
import { allocate, mark, release } from "dodona/memory";
import { assign, fresh, limbs, storeWord, wrappingAdd } from "dodona/u256";

/** Knuth's MMIX generator. */
const multiplier: u64 = 6364136223846793005;
const increment: u64 = 1442695040888963407;

function next(state: u64): u64 {
  return state * multiplier + increment;
}

@contract declare class Workloads {
  @view nest(depth: u64): u64;
}

@storage class Token {
  static balances: Mapping<Address, U256>;
}

@event declare function Transfer(from: Indexed<Address>, to: Indexed<Address>, value: U256): void;
@error declare function InsufficientBalance(account: Address, balance: U256, needed: U256): void;

/** A linear congruential generator modulo 2^64. */
@view
export function generate(rounds: u64): u64 {
  let state: u64 = 1;
  for (let round: u64 = 0; round < rounds; round++) state = next(state);
  return state;
}

/** Keccak-256 of its own result. */
@view
export function hashChain(rounds: u64): U256 {
  const word = u256(1);
  const position = mark();
  const data = changetype<usize>(fresh());
  for (let round: u64 = 0; round < rounds; round++) {
    storeWord(data, word);
    assign(word, keccak(data, 32));
    release(position + 32);
  }
  return word;
}

/** Fixed-point log2 of value / 2^127, which lies in 1..2, to 64 binary places: a square for each. */
function logarithm(value: U256): u64 {
  const x = limbs(value.limb0, value.limb1, 0, 0);
  let result: u64 = 0;
  const position = mark();
  for (let bit = 63; bit >= 0; bit--) {
    const wide = square(x);
    // wide >> (127 + isAbove), without a branch: its bits are as good as random
    const limb1 = wide.limb1;
    const limb2 = wide.limb2;
    const limb3 = wide.limb3;
    const isAbove = limb3 >> 63;
    x.limb0 = select(limb2, (limb1 >> 63) | (limb2 << 1), isAbove != 0);
    x.limb1 = select(limb3, (limb2 >> 63) | (limb3 << 1), isAbove != 0);
    result |= isAbove << bit;
    release(position);
  }
  return result;
}

/** mulDiv over 512 bits and a logarithm of its result. */
@view
export function fixedPoint(rounds: u64): U256 {
  const sum = u256(0);
  const position = mark();
  let state: u64 = 1;
  for (let round: u64 = 0; round < rounds; round++) {
    state = next(state);
    const left = limbs(state, 1, state, 0x1000000000000);
    const right = limbs(7, state, 0, 0x2000000000000);
    const divisor = limbs(state, 0, 3, 0x8000000000000000);
    const quotient = mulDiv(left, right, divisor);
    const scaled = limbs(quotient.limb0, state | 0x8000000000000000, 0, 0);
    assign(sum, wrappingAdd(sum, wrappingAdd(quotient, u256(logarithm(scaled)))));
    release(position);
  }
  return sum;
}

/** The median of 31 signed observations, sorted here. */
@view
export function median(rounds: u64): u64 {
  const values = allocate(31 * 8);
  let state: u64 = 1;
  let sum: u64 = 0;
  for (let round: u64 = 0; round < rounds; round++) {
    for (let index: usize = 0; index < 31; index++) {
      state = next(state);
      const value = <i64>state >> 1;
      let place = index;
      while (place > 0 && load<i64>(values + ((place - 1) << 3)) > value) {
        store<i64>(values + (place << 3), load<i64>(values + ((place - 1) << 3)));
        place--;
      }
      store<i64>(values + (place << 3), value);
    }
    sum += <u64>load<i64>(values + (15 << 3));
  }
  return sum;
}

/** Shell sort of 1,000 numbers. */
@view
export function sort(rounds: u64): u64 {
  const count: usize = 1000;
  const values = allocate(count * 4);
  let state: u64 = 1;
  let sum: u64 = 0;
  for (let round: u64 = 0; round < rounds; round++) {
    for (let index: usize = 0; index < count; index++) {
      state = next(state);
      store<u32>(values + (index << 2), <u32>(state >> 32));
    }
    for (let gap = count >> 1; gap > 0; gap >>= 1) {
      for (let index = gap; index < count; index++) {
        const value = load<u32>(values + (index << 2));
        let place = index;
        while (place >= gap && load<u32>(values + ((place - gap) << 2)) > value) {
          store<u32>(values + (place << 2), load<u32>(values + ((place - gap) << 2)));
          place -= gap;
        }
        store<u32>(values + (place << 2), value);
      }
    }
    for (let index: usize = 0; index < count; index++) {
      sum += <u64>load<u32>(values + (index << 2)) * index;
    }
  }
  return sum;
}

const constants = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);

/** FIPS 180-4, 6.2.2. */
function compress(state: usize, block: usize, schedule: usize): void {
  for (let index: usize = 0; index < 16; index++) {
    store<u32>(schedule + (index << 2), bswap(load<u32>(block + (index << 2))));
  }
  for (let index: usize = 16; index < 64; index++) {
    const place = schedule + (index << 2);
    const late = load<u32>(place - 8);
    const early = load<u32>(place - 60);
    const sigma1 = rotr(late, 17) ^ rotr(late, 19) ^ (late >> 10);
    const sigma0 = rotr(early, 7) ^ rotr(early, 18) ^ (early >> 3);
    store<u32>(place, sigma1 + load<u32>(place - 28) + sigma0 + load<u32>(place - 64));
  }
  let a = load<u32>(state);
  let b = load<u32>(state, 4);
  let c = load<u32>(state, 8);
  let d = load<u32>(state, 12);
  let e = load<u32>(state, 16);
  let f = load<u32>(state, 20);
  let g = load<u32>(state, 24);
  let h = load<u32>(state, 28);
  for (let index: usize = 0; index < 64; index++) {
    const sigma1 = rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25);
    const place = index << 2;
    const first =
      h + sigma1 + ((e & f) ^ (~e & g)) + load<u32>(constants + place) + load<u32>(schedule + place);
    const sigma0 = rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22);
    const second = sigma0 + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + first;
    d = c;
    c = b;
    b = a;
    a = first + second;
  }
  store<u32>(state, load<u32>(state) + a);
  store<u32>(state, load<u32>(state, 4) + b, 4);
  store<u32>(state, load<u32>(state, 8) + c, 8);
  store<u32>(state, load<u32>(state, 12) + d, 12);
  store<u32>(state, load<u32>(state, 16) + e, 16);
  store<u32>(state, load<u32>(state, 20) + f, 20);
  store<u32>(state, load<u32>(state, 24) + g, 24);
  store<u32>(state, load<u32>(state, 28) + h, 28);
}

/** SHA-256 of `rounds` times 64 zero bytes. */
@view
export function sha256(rounds: u64): U256 {
  const schedule = allocate(256);
  const block = allocate(64);
  const state = allocate(32);
  memory.fill(block, 0, 64);
  store<u32>(state, 0x6a09e667);
  store<u32>(state, 0xbb67ae85, 4);
  store<u32>(state, 0x3c6ef372, 8);
  store<u32>(state, 0xa54ff53a, 12);
  store<u32>(state, 0x510e527f, 16);
  store<u32>(state, 0x9b05688c, 20);
  store<u32>(state, 0x1f83d9ab, 24);
  store<u32>(state, 0x5be0cd19, 28);
  for (let round: u64 = 0; round < rounds; round++) compress(state, block, schedule);
  store<u8>(block, 0x80);
  store<u64>(block, bswap(rounds << 9), 56);
  compress(state, block, schedule);
  return limbs(
    (<u64>load<u32>(state, 24) << 32) | load<u32>(state, 28),
    (<u64>load<u32>(state, 16) << 32) | load<u32>(state, 20),
    (<u64>load<u32>(state, 8) << 32) | load<u32>(state, 12),
    (<u64>load<u32>(state) << 32) | load<u32>(state, 4),
  );
}

/** Gives the caller `amount` units. */
@call
export function mint(amount: U256): bool {
  Token.balances.set(sender(), amount);
  return true;
}

/** Transfers of one unit to accounts 2^32, 2^32 + 1 and so on; what is left to the caller. */
@call
export function transfers(rounds: u64): U256 {
  const from = sender();
  const position = mark();
  for (let round: u64 = 0; round < rounds; round++) {
    const to = u256(0x100000000 + round);
    const amount = u256(1);
    const source = Token.balances.entry(from);
    const balance = source.value;
    if (balance < amount) InsufficientBalance(from, balance, amount);
    source.value = balance - amount;
    const target = Token.balances.entry(to);
    target.value = target.value + amount;
    Transfer(from, to, amount);
    release(position);
  }
  return Token.balances.get(from);
}

/** Calls itself `depth` deep. */
@view
export function nest(depth: u64): u64 {
  return depth == 0 ? 0 : Workloads.at(self()).nest(depth - 1) + 1;
}

/** Calls that are nested 8 deep. */
@view
export function calls(rounds: u64): u64 {
  let sum: u64 = 0;
  const position = mark();
  for (let round: u64 = 0; round < rounds; round++) {
    sum += Workloads.at(self()).nest(7);
    release(position);
  }
  return sum;
}
