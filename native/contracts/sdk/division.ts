/**
 * Division of numbers of several 64-bit limbs: Knuth's algorithm D (The Art of Computer Programming,
 * vol. 2, 4.3.1). Digits are estimated with the reciprocal of the divisor's 64 leading bits (Möller and
 * Granlund, Improved division by invariant integers, 2011): two products take the place of a division.
 * Nothing is normalised but these bits and the leading ones of the dividend.
 */

import { allocate } from "./memory";
import { limb, setLimb, significantLimbs, upperProduct } from "./multiplication";
import { PANIC_DIVISION, panic } from "./revert";

/**
 * Divides `count` <= 8 limbs by four; Panic when these are zero. Returns the place of the quotient of
 * `count` limbs; `remainderOf` finds the remainder.
 */
export function divideLimbs(dividend: usize, count: i32, divisor: usize): usize {
  const size = significantLimbs(divisor, 4);
  if (size == 0) panic(PANIC_DIVISION);
  const bytes = <usize>count << 3;
  // Quotient, a zero limb, and what is left of the dividend between this one and another.
  const quotient = allocate(2 * bytes + 16);
  memory.fill(quotient, 0, 2 * bytes + 16);
  const rest = remainderOf(quotient, count);
  memory.copy(rest, dividend, bytes);
  const leading = limb(divisor, size - 1);
  const shift = clz<u64>(leading);
  const top = leadingBits(leading, size > 1 ? limb(divisor, size - 2) : 0, shift);
  const inverse = reciprocal(top);
  const length = significantLimbs(dividend, count);
  let index = length - size;
  if (limb(rest, length - 1) < leading) index--; // a leading zero
  for (; index >= 0; index--) {
    const part = rest + (<usize>index << 3);
    setLimb(quotient, index, quotientDigit(part, divisor, size, shift, top, inverse));
  }
  return quotient;
}

/** The remainder that `divideLimbs` left behind a quotient of `count` limbs; it has as many. */
// @ts-ignore: decorator
@inline
export function remainderOf(quotient: usize, count: i32): usize {
  return quotient + (<usize>count << 3) + 8;
}

/** The upper one of two limbs after a shift to the left by less than 64 bits. */
// @ts-ignore: decorator
@inline
export function leadingBits(upper: u64, lower: u64, shift: u64): u64 {
  return (upper << shift) | ((lower >> 1) >> (63 - shift));
}

/** (2^128 - 1) / top - 2^64 for a top bit that is set: two digits of 32 bits, by algorithm D. */
// @ts-ignore: decorator
@inline
function reciprocal(top: u64): u64 {
  const upper = top >> 32;
  const lower = top & 0xffffffff;
  let inverse: u64 = 0;
  let rest = ~top;
  for (let half = 0; half < 2; half++) {
    let digit = rest / upper;
    let left = rest - digit * upper;
    while (digit > 0xffffffff || digit * lower > ((left << 32) | 0xffffffff)) {
      digit--;
      left += upper;
      if (left > 0xffffffff) break;
    }
    rest = ((rest << 32) | 0xffffffff) - digit * top;
    inverse = (inverse << 32) | digit;
  }
  return inverse;
}

/**
 * Steps D3 to D6: one digit of the quotient; `dividend` of size + 1 limbs is reduced by
 * digit * divisor. The estimate is at most two too large.
 */
// @ts-ignore: decorator
@inline
function quotientDigit(
  dividend: usize, divisor: usize, size: i32, shift: u64, top: u64, inverse: u64,
): u64 {
  const limb2 = limb(dividend, size);
  const limb1 = limb(dividend, size - 1);
  const high = leadingBits(limb2, limb1, shift);
  let digit: u64 = 0xffffffffffffffff;
  if (high < top) {
    const next = leadingBits(limb1, limb(dividend, size - 2), shift);
    const low = high * inverse + next;
    digit = upperProduct(high, inverse) + high + <u64>(low < next) + 1;
    let rest = next - digit * top;
    if (rest > low) {
      digit--;
      rest += top;
    }
    if (rest >= top) digit++;
  }
  let carry: u64 = 0;
  for (let index = 0; index < size; index++) {
    const factor = limb(divisor, index);
    const product = digit * factor + carry;
    const word = limb(dividend, index);
    setLimb(dividend, index, word - product);
    carry = upperProduct(digit, factor) + <u64>(product < carry) + <u64>(word < product);
  }
  let missing = carry - limb2;
  while (missing != 0) { // D6: too large, add the divisor back
    digit--;
    carry = 0;
    for (let index = 0; index < size; index++) {
      const part = limb(dividend, index) + carry;
      const sum = part + limb(divisor, index);
      setLimb(dividend, index, sum);
      carry = <u64>(part < carry) | <u64>(sum < part);
    }
    missing -= carry;
  }
  setLimb(dividend, size, 0);
  return digit;
}
