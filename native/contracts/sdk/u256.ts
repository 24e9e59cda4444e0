/**
 * 256-bit integers: four 64-bit limbs in memory, lowest first, which is also how Solidity packs a
 * storage word seen from its low end. Unsigned arithmetic is checked and reverts with Panic, as in
 * Solidity 0.8; values are never changed in place, every result is a new word of the arena.
 */

import { panic, PANIC_OVERFLOW } from "./revert";
import { divideLimbs, remainderOf } from "./division";
import { fullProduct, squareHalf } from "./multiplication";
import { allocate, allocateWord } from "./memory";

// @ts-ignore: decorator
@unmanaged @final
export class U256 {
  limb0: u64;
  limb1: u64;
  limb2: u64;
  limb3: u64;

  // @ts-ignore: decorator
  @operator("+") private static plus(left: U256, right: U256): U256 {
    return add(left, right, true);
  }

  // @ts-ignore: decorator
  @operator("-") private static minus(left: U256, right: U256): U256 {
    return subtract(left, right, true);
  }

  // @ts-ignore: decorator
  @operator("*") private static times(left: U256, right: U256): U256 {
    return multiply(left, right);
  }

  // @ts-ignore: decorator
  @operator("/") private static over(left: U256, right: U256): U256 {
    return changetype<U256>(divide(left, right));
  }

  // @ts-ignore: decorator
  @operator("%") private static modulo(left: U256, right: U256): U256 {
    return changetype<U256>(remainderOf(divide(left, right), 4));
  }

  // @ts-ignore: decorator
  @operator("<") private static isLess(left: U256, right: U256): bool {
    return less(left, right);
  }

  // @ts-ignore: decorator
  @operator(">") private static isGreater(left: U256, right: U256): bool {
    return less(right, left);
  }

  // @ts-ignore: decorator
  @operator("<=") private static isAtMost(left: U256, right: U256): bool {
    return !less(right, left);
  }

  // @ts-ignore: decorator
  @operator(">=") private static isAtLeast(left: U256, right: U256): bool {
    return !less(left, right);
  }

  // @ts-ignore: decorator
  @operator("==") private static isEqual(left: U256, right: U256): bool {
    return equal(left, right);
  }

  // @ts-ignore: decorator
  @operator("!=") private static isDifferent(left: U256, right: U256): bool {
    return !equal(left, right);
  }
}

/** An unset word of the arena. */
export function fresh(): U256 {
  return changetype<U256>(allocate(32));
}

/** A word from its limbs, lowest first. */
export function limbs(limb0: u64, limb1: u64, limb2: u64, limb3: u64): U256 {
  const word = changetype<U256>(allocateWord());
  word.limb0 = limb0;
  word.limb1 = limb1;
  word.limb2 = limb2;
  word.limb3 = limb3;
  return word;
}

export function u256(value: u64): U256 {
  return limbs(value, 0, 0, 0);
}

/** Overwrites `target`: for sums in loops that give their memory back. */
export function assign(target: U256, source: U256): void {
  memory.copy(changetype<usize>(target), changetype<usize>(source), 32);
}

/** Reads 32 big-endian bytes. */
export function loadWord(source: usize): U256 {
  return limbs(
    bswap(load<u64>(source, 24)),
    bswap(load<u64>(source, 16)),
    bswap(load<u64>(source, 8)),
    bswap(load<u64>(source)),
  );
}

/** Writes 32 big-endian bytes. */
export function storeWord(target: usize, value: U256): void {
  store<u64>(target, bswap(value.limb3));
  store<u64>(target, bswap(value.limb2), 8);
  store<u64>(target, bswap(value.limb1), 16);
  store<u64>(target, bswap(value.limb0), 24);
}

export function isZero(value: U256): bool {
  return (value.limb0 | value.limb1 | value.limb2 | value.limb3) == 0;
}

/** Whether the value is below 2^64, so that `limb0` is all of it. */
export function fitsU64(value: U256): bool {
  return (value.limb1 | value.limb2 | value.limb3) == 0;
}

export function minimum(left: U256, right: U256): U256 {
  return less(left, right) ? left : right;
}

/** Quotient rounded up. */
export function divideUp(left: U256, right: U256): U256 {
  const quotient = divide(left, right);
  const isExact = isZero(changetype<U256>(remainderOf(quotient, 4)));
  return isExact ? changetype<U256>(quotient) : changetype<U256>(quotient) + u256(1);
}

/** Sum modulo 2^256. */
export function wrappingAdd(left: U256, right: U256): U256 {
  return add(left, right, false);
}

function add(left: U256, right: U256, isChecked: bool): U256 {
  const word0 = left.limb0;
  const limb0 = word0 + right.limb0;
  let carry = <u64>(limb0 < word0);
  const part1 = left.limb1 + carry;
  const limb1 = part1 + right.limb1;
  carry = <u64>(part1 < carry) | <u64>(limb1 < part1);
  const part2 = left.limb2 + carry;
  const limb2 = part2 + right.limb2;
  carry = <u64>(part2 < carry) | <u64>(limb2 < part2);
  const part3 = left.limb3 + carry;
  const limb3 = part3 + right.limb3;
  if ((<u32>(part3 < carry) | <u32>(limb3 < part3)) & <u32>isChecked) panic(PANIC_OVERFLOW);
  return limbs(limb0, limb1, limb2, limb3);
}

/** Difference modulo 2^256. */
export function wrappingSubtract(left: U256, right: U256): U256 {
  return subtract(left, right, false);
}

function subtract(left: U256, right: U256, isChecked: bool): U256 {
  const word0 = left.limb0;
  const limb0 = word0 - right.limb0;
  let borrow = <u64>(word0 < limb0);
  const word1 = left.limb1;
  const part1 = word1 - right.limb1;
  const limb1 = part1 - borrow;
  borrow = <u64>(word1 < part1) | <u64>(part1 < limb1);
  const word2 = left.limb2;
  const part2 = word2 - right.limb2;
  const limb2 = part2 - borrow;
  borrow = <u64>(word2 < part2) | <u64>(part2 < limb2);
  const word3 = left.limb3;
  const part3 = word3 - right.limb3;
  const limb3 = part3 - borrow;
  if ((<u32>(word3 < part3) | <u32>(part3 < limb3)) & <u32>isChecked) panic(PANIC_OVERFLOW);
  return limbs(limb0, limb1, limb2, limb3);
}

function less(left: U256, right: U256): bool {
  if (left.limb3 != right.limb3) return left.limb3 < right.limb3;
  if (left.limb2 != right.limb2) return left.limb2 < right.limb2;
  if (left.limb1 != right.limb1) return left.limb1 < right.limb1;
  return left.limb0 < right.limb0;
}

function equal(left: U256, right: U256): bool {
  return (
    ((left.limb0 ^ right.limb0) |
      (left.limb1 ^ right.limb1) |
      (left.limb2 ^ right.limb2) |
      (left.limb3 ^ right.limb3)) == 0
  );
}

function multiply(left: U256, right: U256): U256 {
  const product = fullProduct(changetype<usize>(left), changetype<usize>(right));
  if (!isZero(changetype<U256>(product + 32))) panic(PANIC_OVERFLOW);
  return changetype<U256>(product);
}

/** value * value in about a third of the time. */
export function square(value: U256): U256 {
  if ((value.limb2 | value.limb3) != 0) return multiply(value, value);
  const product = changetype<U256>(allocateWord());
  squareHalf(changetype<usize>(product), value.limb0, value.limb1);
  return product;
}

/** Quotient, and behind it the remainder. */
function divide(left: U256, right: U256): usize {
  return divideLimbs(changetype<usize>(left), 4, changetype<usize>(right));
}

// Signed values are two's complement words.

export function isNegative(value: U256): bool {
  return <i64>value.limb3 < 0;
}

export function negate(value: U256): U256 {
  return wrappingSubtract(u256(0), value);
}

/** Absolute value; that of -2^255 is 2^255. */
export function magnitude(value: U256): U256 {
  return isNegative(value) ? negate(value) : value;
}

export function signedLess(left: U256, right: U256): bool {
  if (<i64>left.limb3 != <i64>right.limb3) return <i64>left.limb3 < <i64>right.limb3;
  return less(left, right);
}

/** |left - right| as an unsigned value; exact for any two signed values. */
export function distance(left: U256, right: U256): U256 {
  return signedLess(left, right) ? wrappingSubtract(right, left) : wrappingSubtract(left, right);
}

/** Floor of value / 2 for an unsigned value. */
export function half(value: U256): U256 {
  return limbs(
    (value.limb0 >> 1) | (value.limb1 << 63),
    (value.limb1 >> 1) | (value.limb2 << 63),
    (value.limb2 >> 1) | (value.limb3 << 63),
    value.limb3 >> 1,
  );
}
