/**
 * What prices and shares need beyond the four operators: products of 512 bits and square roots, all
 * in the contract itself. A BigInt host function would cost several times as much.
 */

import {
  divideByLimb, limb, quotientDigit, setLimb, shiftInto, significantLimbs,
} from "./division";
import { allocate, mark, release } from "./memory";
import { PANIC_DIVISION, PANIC_OVERFLOW, panic } from "./revert";
import { assign, fresh, half, isZero, limbs, U256, u256, wrappingAdd } from "./u256";

/** The full product as 16 limbs of 32 bits, lowest first. */
function product(left: U256, right: U256): usize {
  const target = allocate(64);
  memory.fill(target, 0, 64);
  for (let i: usize = 0; i < 8; i++) {
    const factor = <u64>load<u32>(changetype<usize>(left) + (i << 2));
    let carry: u64 = 0;
    for (let j: usize = 0; j < 8; j++) {
      const place = target + ((i + j) << 2);
      const digit = <u64>load<u32>(changetype<usize>(right) + (j << 2));
      const sum = factor * digit + <u64>load<u32>(place) + carry;
      store<u32>(place, <u32>sum);
      carry = sum >> 32;
    }
    store<u32>(target + ((i + 8) << 2), <u32>carry);
  }
  return target;
}

function high(wide: usize): U256 {
  return limbs(
    load<u64>(wide, 32), load<u64>(wide, 40), load<u64>(wide, 48), load<u64>(wide, 56),
  );
}

/**
 * quotient (64 bytes) = wide / divisor and remainder = wide % divisor, by Knuth's algorithm D as in
 * division.ts, with a dividend of 16 limbs.
 */
function divideWide(wide: usize, divisor: U256, quotient: usize, remainder: usize): void {
  memory.fill(quotient, 0, 64);
  memory.fill(remainder, 0, 32);
  const right = changetype<usize>(divisor);
  const count = significantLimbs(right);
  if (count == 1) {
    divideByLimb(wide, 16, limb(right, 0), quotient, remainder);
    return;
  }
  const dividend = allocate(72);
  const scaled = allocate(40);
  const shift = clz<u32>(<u32>limb(right, count - 1));
  shiftInto(dividend, wide, 16, shift);
  shiftInto(scaled, right, count, shift);
  for (let index = 16 - count; index >= 0; index--) {
    setLimb(quotient, index, quotientDigit(dividend + (<usize>index << 2), scaled, count));
  }
  for (let index = 0; index < count; index++) {
    const pair = limb(dividend, index) | (limb(dividend, index + 1) << 32);
    setLimb(remainder, index, pair >> <u64>shift);
  }
}

/**
 * left * right / divisor, rounded down, exact in between; Panic when the result needs more than 256
 * bits.
 */
export function mulDiv(left: U256, right: U256, divisor: U256): U256 {
  if (isZero(divisor)) panic(PANIC_DIVISION);
  const wide = product(left, right);
  if (high(wide) >= divisor) panic(PANIC_OVERFLOW);
  const quotient = allocate(64);
  divideWide(wide, divisor, quotient, changetype<usize>(fresh()));
  return changetype<U256>(quotient);
}

/** left * right modulo `modulus`; Panic for modulus 0. */
export function mulMod(left: U256, right: U256, modulus: U256): U256 {
  if (isZero(modulus)) panic(PANIC_DIVISION);
  const remainder = fresh();
  divideWide(product(left, right), modulus, allocate(64), changetype<usize>(remainder));
  return remainder;
}

function bitLength(value: U256): u32 {
  if (value.limb3 != 0) return 256 - <u32>clz<u64>(value.limb3);
  if (value.limb2 != 0) return 192 - <u32>clz<u64>(value.limb2);
  if (value.limb1 != 0) return 128 - <u32>clz<u64>(value.limb1);
  return 64 - <u32>clz<u64>(value.limb0);
}

/** A power of two that is not below the root; 2^128 - 1 stands for 2^128. */
function rootAbove(value: U256): U256 {
  const exponent = (bitLength(value) + 1) >> 1;
  if (exponent == 128) return limbs(0xffffffffffffffff, 0xffffffffffffffff, 0, 0);
  const word = limbs(0, 0, 0, 0);
  const place = changetype<usize>(word) + (<usize>(exponent >> 6) << 3);
  store<u64>(place, <u64>1 << <u64>(exponent & 63));
  return word;
}

/** Square root, rounded down, by Newton's method from above. */
export function squareRoot(value: U256): U256 {
  if (isZero(value)) return u256(0);
  const root = rootAbove(value);
  const position = mark();
  let falls = true;
  while (falls) {
    const next = half(wrappingAdd(root, value / root));
    falls = next < root;
    if (falls) assign(root, next);
    release(position);
  }
  return root;
}
