/**
 * Products of 64-bit limbs. WebAssembly has the lower half of such a product only; the upper one takes
 * four products of half limbs.
 */

import { allocate } from "./memory";

// @ts-ignore: decorator
@inline
export function limb(number: usize, index: i32): u64 {
  return load<u64>(number + (<usize>index << 3));
}

// @ts-ignore: decorator
@inline
export function setLimb(number: usize, index: i32, value: u64): void {
  store<u64>(number + (<usize>index << 3), value);
}

export function significantLimbs(number: usize, count: i32): i32 {
  while (count > 0 && limb(number, count - 1) == 0) count--;
  return count;
}

/** The upper limb of a product, at most 2^64 - 2; no sum on the way leaves 64 bits. */
// @ts-ignore: decorator
@inline
export function upperProduct(left: u64, right: u64): u64 {
  const leftLow = left & 0xffffffff;
  const leftHigh = left >> 32;
  const rightLow = right & 0xffffffff;
  const rightHigh = right >> 32;
  const middle = leftLow * rightHigh + ((leftLow * rightLow) >> 32);
  const other = leftHigh * rightLow + (middle & 0xffffffff);
  return leftHigh * rightHigh + (middle >> 32) + (other >> 32);
}

/** The same of value * value, with two of three products. */
// @ts-ignore: decorator
@inline
function upperSquare(value: u64): u64 {
  const low = value & 0xffffffff;
  const high = value >> 32;
  const cross = low * high;
  return high * high + (cross >> 31) + <u64>(value * value < cross << 33);
}

/** Eight limbs, the schoolbook product of two factors of four. Leading zeros cost nothing. */
export function fullProduct(left: usize, right: usize): usize {
  const target = allocate(64);
  memory.fill(target, 0, 64);
  const leftCount = significantLimbs(left, 4);
  const rightCount = significantLimbs(right, 4);
  for (let i = 0; i < leftCount; i++) {
    const factor = limb(left, i);
    const row = target + (<usize>i << 3);
    let carry: u64 = 0;
    for (let j = 0; j < rightCount; j++) {
      const digit = limb(right, j);
      const low = factor * digit;
      const part = low + carry;
      const sum = part + limb(row, j);
      setLimb(row, j, sum);
      carry = upperProduct(factor, digit) + <u64>(part < low) + <u64>(sum < part);
    }
    setLimb(row, rightCount, carry);
  }
  return target;
}

/**
 * Four limbs at `target`: the square of two, unrolled, for the inner loops of logarithms. The lower
 * limb of a square is 0 or 1 modulo 4, so that it has room for a carry; doubled limbs have none.
 */
// @ts-ignore: decorator
@inline
export function squareHalf(target: usize, limb0: u64, limb1: u64): void {
  const cross = limb0 * limb1;
  const crossUpper = upperProduct(limb0, limb1);
  const lower = cross << 1;
  const upper = (crossUpper << 1) | (cross >> 63);
  const word1 = upperSquare(limb0) + lower;
  const word2 = limb1 * limb1 + <u64>(word1 < lower) + upper;
  store<u64>(target, limb0 * limb0);
  store<u64>(target, word1, 8);
  store<u64>(target, word2, 16);
  store<u64>(target, upperSquare(limb1) + (crossUpper >> 63) + <u64>(word2 < upper), 24);
}
