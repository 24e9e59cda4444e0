/**
 * A pair in BigInt: Uniswap v2's arithmetic, and every price since the first with how long it lasted,
 * so that a sum at any moment is added up anew instead of interpolated.
 */

import { q112 } from './pool-scene.ts';
import { tickByPowers } from './tick-model.ts';

export interface Sums {
  readonly ticks: bigint;
  readonly price0: bigint;
  readonly price1: bigint;
}

/** One block: how long it lasted and the price it left. */
interface Block {
  readonly seconds: bigint;
  readonly tick: bigint;
  readonly price0: bigint;
  readonly price1: bigint;
}

function squareRoot(value: bigint): bigint {
  let root = value;
  for (let next = (root + 1n) / 2n; next < root; next = (root + value / root) / 2n) root = next;
  return root;
}

const least = (left: bigint, right: bigint): bigint => (left < right ? left : right);

export class PairModel {
  reserve0 = 0n;
  reserve1 = 0n;
  supply = 0n;
  readonly #blocks: Block[] = [];

  get product(): bigint {
    return this.reserve0 * this.reserve1;
  }

  pass(seconds: number): void {
    const { reserve0, reserve1 } = this;
    if (reserve0 === 0n) return;
    const price0 = (reserve1 * q112) / reserve0;
    const price1 = (reserve0 * q112) / reserve1;
    const tick = tickByPowers(reserve0, reserve1);
    this.#blocks.push({ seconds: BigInt(seconds), tick, price0, price1 });
  }

  /** Shares for two amounts, the locked ones not counted. */
  mint(amount0: bigint, amount1: bigint): bigint {
    const isFirst = this.supply === 0n;
    const issued = isFirst
      ? squareRoot(amount0 * amount1)
      : least((amount0 * this.supply) / this.reserve0, (amount1 * this.supply) / this.reserve1);
    this.supply += issued;
    this.donate(amount0, amount1);
    return isFirst ? issued - 1_000n : issued;
  }

  burn(shares: bigint): readonly [bigint, bigint] {
    const amount0 = (shares * this.reserve0) / this.supply;
    const amount1 = (shares * this.reserve1) / this.supply;
    this.supply -= shares;
    this.donate(-amount0, -amount1);
    return [amount0, amount1];
  }

  donate(amount0: bigint, amount1: bigint): void {
    this.reserve0 += amount0;
    this.reserve1 += amount1;
  }

  /** What `amount` of one token buys of the other. */
  quote(amount: bigint, isToken0: boolean): bigint {
    const [reserveIn, reserveOut] = isToken0
      ? [this.reserve0, this.reserve1]
      : [this.reserve1, this.reserve0];
    return (amount * 997n * reserveOut) / (reserveIn * 1_000n + amount * 997n);
  }

  swap(amount: bigint, isToken0: boolean): void {
    const out = this.quote(amount, isToken0);
    if (isToken0) this.donate(amount, -out);
    else this.donate(-out, amount);
  }

  /** Seconds since the first liquidity. */
  get age(): bigint {
    return this.#blocks.reduce((sum, { seconds }) => sum + seconds, 0n);
  }

  /** Sums over the first `seconds` seconds. */
  sumsAt(seconds: bigint): Sums {
    const sums = { ticks: 0n, price0: 0n, price1: 0n };
    let rest = seconds;
    for (const block of this.#blocks) {
      const part = least(rest, block.seconds);
      sums.ticks += part * block.tick;
      sums.price0 += part * block.price0;
      sums.price1 += part * block.price1;
      rest -= part;
    }
    return sums;
  }

  /** Both prices added up over the last `count` blocks. */
  blockSums(count: number): readonly [bigint, bigint] {
    const last = this.#blocks.slice(this.#blocks.length - count);
    const total = (pick: (block: Block) => bigint) =>
      last.reduce((sum, block) => sum + pick(block), 0n);
    return [total(({ price0 }) => price0), total(({ price1 }) => price1)];
  }

  get blocks(): number {
    return this.#blocks.length;
  }
}
