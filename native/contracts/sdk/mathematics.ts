/**
 * What prices and shares need beyond the four operators: products of 512 bits and square roots, all
 * in the contract itself. A BigInt host function would cost several times as much.
 */

import { divideLimbs, leadingBits, remainderOf } from "./division";
import { mark, release } from "./memory";
import { fullProduct, limb, setLimb, significantLimbs } from "./multiplication";
import { PANIC_OVERFLOW, panic } from "./revert";
import { assign, half, isZero, U256, u256, wrappingAdd } from "./u256";

/**
 * left * right / divisor, rounded down, exact in between; Panic when the result needs more than 256
 * bits.
 */
export function mulDiv(left: U256, right: U256, divisor: U256): U256 {
  const quotient = divideProduct(left, right, divisor);
  if (!isZero(changetype<U256>(quotient + 32))) panic(PANIC_OVERFLOW);
  return changetype<U256>(quotient);
}

/** left * right modulo `modulus`; Panic for modulus 0. */
export function mulMod(left: U256, right: U256, modulus: U256): U256 {
  return changetype<U256>(remainderOf(divideProduct(left, right, modulus), 8));
}

/** Quotient of 512 bits and remainder. */
// @ts-ignore: decorator
@inline
function divideProduct(left: U256, right: U256, divisor: U256): usize {
  const product = fullProduct(changetype<usize>(left), changetype<usize>(right));
  return divideLimbs(product, 8, changetype<usize>(divisor));
}

/** Square root, rounded down, by Newton's method from above. */
export function squareRoot(value: U256): U256 {
  const count = significantLimbs(changetype<usize>(value), 4);
  if (count == 0) return u256(0);
  if (count == 1) return u256(rootOf(value.limb0));
  const root = rootAbove(changetype<usize>(value), count - 1);
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

/** Square root of a limb that is not zero, rounded down. */
function rootOf(value: u64): u64 {
  let root: u64 = 0;
  let next = <u64>1 << ((65 - clz<u64>(value)) >> 1);
  do {
    root = next;
    next = (root + value / root) >> 1;
  } while (next < root);
  return root;
}

/** What exceeds the root by less than 2^-30 of it: 32 bits from the value's top limb `last` > 0. */
// @ts-ignore: decorator
@inline
function rootAbove(value: usize, last: i32): U256 {
  const top = limb(value, last);
  const shift = clz<u64>(top) & ~1;
  const root = rootOf(leadingBits(top, limb(value, last - 1), shift)) + 1;
  const places = (<u64>last << 5) - (shift >> 1);
  const above = u256(0);
  const index = <i32>(places >> 6);
  setLimb(changetype<usize>(above), index, root << places);
  setLimb(changetype<usize>(above), index + 1, leadingBits(0, root, places & 63));
  return above;
}
