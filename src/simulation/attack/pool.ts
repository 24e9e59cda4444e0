/**
 * A constant-product pool with the pair contract's integer rules, and the two means that oracles
 * take of it over time: arithmetic over UQ112.112 prices, geometric over ticks.
 */

const resolution = 1n << 112n;
const feeBase = 1_000n;
const feeKept = 997n;

export class Pool {
  reserve0: bigint;
  reserve1: bigint;

  constructor(reserve0: bigint, reserve1: bigint) {
    this.reserve0 = reserve0;
    this.reserve1 = reserve1;
  }

  /** Price of token 0 in token 1, UQ112.112. */
  get price(): bigint {
    return (this.reserve1 * resolution) / this.reserve0;
  }

  /** Pays `amountIn` of token 1 for token 0, which gets dearer. 0.3 % of it stays as the fee. */
  buy(amountIn: bigint): bigint {
    const charged = amountIn * feeKept;
    const amountOut = (charged * this.reserve0) / (this.reserve1 * feeBase + charged);
    this.reserve1 += amountIn;
    this.reserve0 -= amountOut;
    return amountOut;
  }

  /** Pays `amountIn` of token 0 for token 1. */
  sell(amountIn: bigint): bigint {
    const charged = amountIn * feeKept;
    const amountOut = (charged * this.reserve1) / (this.reserve0 * feeBase + charged);
    this.reserve0 += amountIn;
    this.reserve1 -= amountOut;
    return amountOut;
  }
}

export interface Segment {
  readonly seconds: number;
  readonly blocks: number;
  /** Price in multiples of the fair one. */
  readonly price: number;
}

type Measure = 'seconds' | 'blocks';

/** Mean of prices, weighted by time or by blocks. */
export function arithmeticMean(segments: readonly Segment[], measure: Measure): number {
  let sum = 0;
  let length = 0;
  for (const segment of segments) {
    sum += segment.price * segment[measure];
    length += segment[measure];
  }
  return sum / length;
}

/** 1.0001^mean tick, the tick of each price rounded towards minus infinity as contracts do. */
export function geometricMean(segments: readonly Segment[], measure: Measure): number {
  let sum = 0;
  let length = 0;
  for (const segment of segments) {
    sum += Math.floor(Math.log(segment.price) / Math.log(1.0001)) * segment[measure];
    length += segment[measure];
  }
  return 1.0001 ** Math.floor(sum / length);
}
