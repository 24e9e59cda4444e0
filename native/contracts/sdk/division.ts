/**
 * Division of 256-bit integers: Knuth's algorithm D (The Art of Computer Programming, vol. 2,
 * 4.3.1) over 32-bit limbs, so that a partial product fits 64 bits.
 */

import { allocate, mark, release } from "./memory";

// @ts-ignore: decorator
@inline
export function limb(number: usize, index: i32): u64 {
  return load<u32>(number + (<usize>index << 2));
}

// @ts-ignore: decorator
@inline
export function setLimb(number: usize, index: i32, value: u64): void {
  store<u32>(number + (<usize>index << 2), <u32>value);
}

export function significantLimbs(number: usize): i32 {
  let count = 8;
  while (count > 0 && limb(number, count - 1) == 0) count--;
  return count;
}

/**
 * Copies `count` limbs shifted left by `shift` < 32 bits, and one limb more for what spills over.
 */
export function shiftInto(target: usize, source: usize, count: i32, shift: u32): void {
  let carry: u64 = 0;
  for (let index = 0; index < count; index++) {
    const wide = (limb(source, index) << <u64>shift) | carry;
    setLimb(target, index, wide);
    carry = wide >> 32;
  }
  setLimb(target, count, carry);
}

/**
 * quotient = left / right and remainder = left % right; `right` is not zero, outputs alias nothing.
 */
export function divideLimbs(left: usize, right: usize, quotient: usize, remainder: usize): void {
  memory.fill(quotient, 0, 32);
  memory.fill(remainder, 0, 32);
  const leftCount = significantLimbs(left);
  const rightCount = significantLimbs(right);
  if (leftCount < rightCount) {
    memory.copy(remainder, left, 32);
  } else if (rightCount == 1) {
    divideByLimb(left, leftCount, limb(right, 0), quotient, remainder);
  } else {
    divideLong(left, leftCount, right, rightCount, quotient, remainder);
  }
}

export function divideByLimb(
  left: usize, leftCount: i32, divisor: u64, quotient: usize, remainder: usize,
): void {
  let rest: u64 = 0;
  for (let index = leftCount - 1; index >= 0; index--) {
    const wide = (rest << 32) | limb(left, index);
    setLimb(quotient, index, wide / divisor);
    rest = wide % divisor;
  }
  setLimb(remainder, 0, rest);
}

function divideLong(
  left: usize, leftCount: i32, right: usize, rightCount: i32, quotient: usize, remainder: usize,
): void {
  const position = mark();
  const dividend = allocate(40); // D1: normalise, so that the divisor's top bit is set
  const divisor = allocate(40);
  const shift = clz<u32>(<u32>limb(right, rightCount - 1));
  shiftInto(dividend, left, leftCount, shift);
  shiftInto(divisor, right, rightCount, shift);
  for (let index = leftCount - rightCount; index >= 0; index--) {
    setLimb(quotient, index, quotientDigit(dividend + (<usize>index << 2), divisor, rightCount));
  }
  for (let index = 0; index < rightCount; index++) { // D8: undo the shift
    const wide = limb(dividend, index) | (limb(dividend, index + 1) << 32);
    setLimb(remainder, index, wide >> <u64>shift);
  }
  release(position);
}

/** Steps D3 to D6: one digit of the quotient; `dividend` is reduced by digit * divisor. */
export function quotientDigit(dividend: usize, divisor: usize, count: i32): u64 {
  const top = limb(divisor, count - 1);
  const wide = (limb(dividend, count) << 32) | limb(dividend, count - 1);
  let digit = wide / top;
  let rest = wide % top;
  while (
    digit > 0xffffffff ||
    digit * limb(divisor, count - 2) > ((rest << 32) | limb(dividend, count - 2))
  ) {
    digit--;
    rest += top;
    if (rest > 0xffffffff) break;
  }
  let borrow: i64 = 0;
  let carry: u64 = 0;
  for (let index = 0; index < count; index++) {
    const product = digit * limb(divisor, index) + carry;
    carry = product >> 32;
    const difference = <i64>limb(dividend, index) - borrow - <i64>(product & 0xffffffff);
    setLimb(dividend, index, <u64>difference);
    borrow = difference < 0 ? 1 : 0;
  }
  const last = <i64>limb(dividend, count) - borrow - <i64>carry;
  setLimb(dividend, count, <u64>last);
  if (last >= 0) return digit;
  carry = 0; // D6: the estimate was one too large, add the divisor back
  for (let index = 0; index < count; index++) {
    const sum = limb(dividend, index) + limb(divisor, index) + carry;
    setLimb(dividend, index, sum);
    carry = sum >> 32;
  }
  setLimb(dividend, count, limb(dividend, count) + carry);
  return digit - 1;
}
