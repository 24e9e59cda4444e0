/** Ticks by exact powers of 1.0001: what the pair's logarithm is held against. */

const one = 2n ** 256n;

/** 1.0001^tick times 2^256, short by less than 2^-200 of itself. */
export function powerOf(tick: bigint): bigint {
  let power = one;
  let base = (one * 10_001n) / 10_000n;
  for (let rest = tick < 0n ? -tick : tick; rest > 0n; rest >>= 1n) {
    if (rest & 1n) power = (power * base) / one;
    base = (base * base) / one;
  }
  return tick < 0n ? (one * one) / power : power;
}

/** reserve1 / reserve0 times 2^256, rounded down. */
export function priceOf(reserve0: bigint, reserve1: bigint): bigint {
  return (reserve1 * one) / reserve0;
}

/** The tick whose band holds the price; 2^-53 of a price below a tick counts as that tick. */
export function tickByPowers(reserve0: bigint, reserve1: bigint): bigint {
  const exact = priceOf(reserve0, reserve1);
  const price = exact + (exact >> 53n);
  let tick = BigInt(Math.floor(Math.log(Number(reserve1) / Number(reserve0)) / Math.log(1.0001)));
  while (price < powerOf(tick)) tick--;
  while (price >= powerOf(tick + 1n)) tick++;
  return tick;
}
