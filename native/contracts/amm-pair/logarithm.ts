/**
 * The tick of a price as Uniswap v3 counts it: floor(log(price) / log(1.0001)), from two reserves.
 * Base-2 logarithms with 56 fractional bits come from repeated squaring of a 64-bit mantissa.
 *
 * Errors: a logarithm is short by less than 2^-55.9, so their quotient is within 2^-41.3 of a tick.
 * What lies within 2^-40 below a tick counts as that tick: thus prices that are exact powers of
 * 1.0001, which reserves can form up to the eighth, are never one short.
 */

import { U256 } from "../sdk/u256";

const fractionBits: u64 = 56;
/** 2^50 / log2(1.0001), rounded. */
const ticksPerDoubling: u64 = 7804533660876581615;
/** log2 has 56 fractional bits, the factor 50; of the 106 of their product 64 are cut off. */
const tickBits: i64 = 42;
/** 2^-40 of a tick. */
const tolerance: i64 = 4;

/** High 64 bits of the product of two 64-bit integers. */
function multiplyHigh(left: u64, right: u64): u64 {
  const leftLow = left & 0xffffffff;
  const leftHigh = left >> 32;
  const rightLow = right & 0xffffffff;
  const rightHigh = right >> 32;
  const first = leftHigh * rightLow + ((leftLow * rightLow) >> 32);
  const second = leftLow * rightHigh + (first & 0xffffffff);
  return leftHigh * rightHigh + (first >> 32) + (second >> 32);
}

/** log2 of a value between 1 and 2^128 - 1, rounded down, with 56 fractional bits. */
function logarithm(value: U256): i64 {
  const isWide = value.limb1 != 0;
  const spare = clz<u64>(isWide ? value.limb1 : value.limb0);
  let mantissa = (isWide ? value.limb1 : value.limb0) << spare;
  if (isWide && spare != 0) mantissa |= value.limb0 >> (64 - spare);
  let result = (isWide ? 127 : 63) - spare;
  for (let bit: u64 = 0; bit < fractionBits; bit++) {
    // the mantissa is in [1, 2) with 63 fractional bits, its square in [1, 4) with 62
    const square = multiplyHigh(mantissa, mantissa);
    const isDouble = square >> 63;
    result = (result << 1) | isDouble;
    mantissa = isDouble ? square : square << 1;
  }
  return <i64>result;
}

/** Tick of the price reserve1 / reserve0; both between 1 and 2^112 - 1. */
export function tickOf(reserve0: U256, reserve1: U256): i64 {
  const doublings = logarithm(reserve1) - logarithm(reserve0);
  const size = <i64>multiplyHigh(<u64>(doublings < 0 ? -doublings : doublings), ticksPerDoubling);
  return ((doublings < 0 ? -size : size) + tolerance) >> tickBits;
}
