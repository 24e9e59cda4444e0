/**
 * What needs the probe contract: the pair's ring with the published vectors of Uniswap v3's
 * Oracle.spec.ts, its logarithm with exact powers, loans to a borrower. The pair has no liquidity
 * sums; the first price sum carries v3's seconds per liquidity, modulo 2^160 as there.
 */

import fc from 'fast-check';
import { encodeFunctionData } from 'viem';
import { beforeAll, describe, expect, it } from 'vitest';
import { compileContract } from '../../scripts/build-contracts.ts';
import { ContractChain, type Target } from '../support/contract-chain.ts';
import { account } from './artifacts.ts';
import { chainId, PoolScene, pair, stranger, token0, trader, unit, vm } from './pool-scene.ts';
import { powerOf, priceOf } from './tick-model.ts';

let probe: Target;
let wasm: Uint8Array;

beforeAll(async () => {
  const compiled = await compileContract('pair-probe', 'PairProbe');
  probe = { address: account(0x99), abi: compiled.abi };
  wasm = compiled.wasm;
});

const q128 = 2n ** 128n;

/** v3's OracleTest contract: `update` first accrues the old tick and liquidity. */
class Oracle {
  readonly chain = new ContractChain(vm, chainId, []);
  #time: bigint;
  #height = 1n;
  #observed: bigint;
  #tick: bigint;
  #liquidity: bigint;

  constructor(time = 0n, tick = 0n, liquidity = 0n) {
    this.chain.deploy(probe.address, wasm, '0x');
    this.#time = time;
    this.#observed = time;
    this.#tick = tick;
    this.#liquidity = liquidity;
    this.#send('begin', [time, 1n]);
  }

  #send(name: string, args: readonly unknown[]): void {
    this.chain.mustSend(account(1), probe, name, args);
  }

  /** Growth of both sums since the newest observation. */
  #growth(): [bigint, bigint] {
    const seconds = this.#time - this.#observed;
    const divisor = this.#liquidity === 0n ? 1n : this.#liquidity;
    return [this.#tick * seconds, (seconds * q128) / divisor];
  }

  advance(seconds: bigint): void {
    this.#time += seconds;
    this.#height += 1n;
  }

  update(seconds: bigint, tick: bigint, liquidity: bigint): void {
    this.advance(seconds);
    this.#send('update', [this.#time, this.#height, ...this.#growth()]);
    this.#observed = this.#time;
    this.#tick = tick;
    this.#liquidity = liquidity;
  }

  grow(target: number): void {
    this.#send('grow', [target]);
  }

  /** [tick sum, seconds per liquidity] `secondsAgo`. */
  observe(secondsAgo: bigint): readonly [bigint, bigint] {
    const [ticks, price] = this.chain.read<[bigint, bigint]>(probe, 'observeAt', [
      this.#time,
      this.#height,
      ...this.#growth(),
      this.#time - secondsAgo,
    ]);
    return [ticks, BigInt.asUintN(160, price)];
  }

  /** [index, cardinality, cardinality to come]. */
  state(): readonly number[] {
    return this.chain.read<readonly number[]>(probe, 'state').slice(0, 3);
  }

  oldest(): number {
    return this.chain.read<readonly number[]>(probe, 'state')[3] as number;
  }

  /** [time, tick sum, seconds per liquidity] of a place. */
  at(index: number): readonly [bigint, bigint, bigint] {
    const [time, , ticks, price] = this.chain.read<readonly [bigint, bigint, bigint, bigint]>(
      probe,
      'observation',
      [index],
    );
    return [time, ticks, BigInt.asUintN(160, price)];
  }
}

describe('the ring, with the published vectors of Uniswap v3', () => {
  it('overwrites with one place', () => {
    const oracle = new Oracle();
    oracle.update(1n, 2n, 5n);
    expect(oracle.at(0)).toEqual([1n, 0n, 340282366920938463463374607431768211456n]);
    oracle.update(5n, -1n, 8n);
    expect(oracle.at(0)).toEqual([6n, 10n, 680564733841876926926749214863536422912n]);
    oracle.update(3n, 2n, 3n);
    expect(oracle.at(0)).toEqual([9n, 7n, 808170621437228850725514692650449502208n]);
    expect(oracle.state()).toEqual([0, 1, 1]);
  });

  it('wraps around', () => {
    const oracle = new Oracle();
    oracle.grow(3);
    oracle.update(3n, 1n, 2n);
    oracle.update(4n, 2n, 3n);
    oracle.update(5n, 3n, 4n);
    expect(oracle.state()).toEqual([0, 3, 3]);
    expect(oracle.at(0)).toEqual([12n, 14n, 2268549112806256423089164049545121409706n]);
    expect(oracle.oldest()).toBe(1);
  });

  it('fills places in order', () => {
    const oracle = new Oracle();
    oracle.grow(4);
    oracle.update(3n, 3n, 2n);
    oracle.update(4n, -7n, 6n);
    oracle.update(5n, -2n, 4n);
    expect([1, 2, 3].map((index) => oracle.at(index)[1])).toEqual([0n, 12n, -23n]);
    expect(oracle.at(3)).toEqual([12n, -23n, 1984980473705474370203018543351981233493n]);
    expect(oracle.oldest()).toBe(0);
  });

  it('grows when its index passes the end', () => {
    const oracle = new Oracle();
    oracle.grow(2);
    oracle.grow(4);
    oracle.update(3n, 5n, 6n);
    expect(oracle.state()).toEqual([1, 4, 4]);
    oracle.update(4n, 6n, 4n);
    expect(oracle.state()).toEqual([2, 4, 4]);
    expect(oracle.at(2)[1]).toBe(20n);
  });

  it('T4 (published): two places', () => {
    const oracle = new Oracle(5n, -5n, 5n);
    oracle.grow(2);
    oracle.update(4n, 1n, 2n);
    oracle.advance(7n);
    expect(oracle.observe(0n)).toEqual([-13n, 1463214177760035392892510811956603309260n]);
    expect(oracle.observe(7n)[0]).toBe(-20n);
    expect(oracle.observe(11n)[0]).toBe(0n);
    expect(() => oracle.observe(12n)).toThrow();
  });

  it('T6 (published): passes 2^32 seconds', () => {
    const oracle = new Oracle(2n ** 32n - 1n, 2n);
    oracle.advance(2n);
    expect(oracle.observe(1n)[0]).toBe(2n);
  });

  it('T7 (published): refuses what is older than the oldest', () => {
    const oracle = new Oracle(5n);
    oracle.advance(3n);
    expect(oracle.observe(3n)).toEqual([0n, 0n]);
    // HistoryTooShort(3) of the pair, whose ABI the probe has not
    expect(() => oracle.observe(4n)).toThrow(/0x[0-9a-f]{8}0{63}3$/);
  });

  it('keeps sums exact over 2^32 seconds', () => {
    const oracle = new Oracle();
    oracle.grow(2);
    oracle.update(2n ** 32n - 6n, 0n, 0n);
    oracle.advance(13n);
    expect(oracle.observe(0n)[1]).toBe(7n * q128);
    expect(oracle.observe(3n)[1]).toBe(4n * q128);
    expect(oracle.observe(8n)[1]).toBe((2n ** 32n - 1n) * q128);
  });

  it('finds the oldest across 2^32 seconds', () => {
    const oracle = new Oracle(2n ** 32n - 10n);
    oracle.grow(3);
    for (const seconds of [1n, 6n, 2n, 4n]) oracle.update(seconds, 0n, 0n);
    // places hold 2^32 - 1, 2^32 + 3 and 2^32 - 3
    expect(oracle.state()).toEqual([1, 3, 3]);
    expect([0, 1, 2].map((index) => oracle.at(index)[0] - 2n ** 32n)).toEqual([-1n, 3n, -3n]);
    expect(oracle.oldest()).toBe(2);
  });

  it('T14: growth waits for the end and loses nothing', () => {
    const oracle = new Oracle();
    oracle.grow(2);
    oracle.update(1n, 1n, 1n);
    oracle.update(1n, 2n, 1n);
    expect(oracle.state()).toEqual([0, 2, 2]);
    oracle.grow(3);
    expect(oracle.state()).toEqual([0, 2, 3]);
    oracle.update(1n, 3n, 1n);
    expect(oracle.state()).toEqual([1, 2, 3]);
    oracle.update(1n, 4n, 1n);
    expect(oracle.state()).toEqual([2, 3, 3]);
    expect([0, 1, 2].map((index) => oracle.at(index)[1])).toEqual([1n, 3n, 6n]);
    expect([0n, 1n, 2n].map((ago) => oracle.observe(ago)[0])).toEqual([6n, 3n, 1n]);
    expect(oracle.oldest()).toBe(0);
  });
});

describe('the tick of a price', () => {
  const tickOf = (reserve0: bigint, reserve1: bigint) =>
    chain.read<bigint>(probe, 'tickOf', [reserve0, reserve1]);
  let chain: ContractChain;
  beforeAll(() => {
    chain = new ContractChain(vm, chainId, []);
    chain.deploy(probe.address, wasm, '0x');
  });

  // floor(ln(reserve1 / reserve0) / ln(1.0001)) by bc with 40 digits
  it.each([
    [10n ** 12n, 1n, 276324n],
    [10n ** 6n, 1n, 138162n],
    [64n, 1n, 41590n],
    [8n, 1n, 20795n],
    [2n, 1n, 6931n],
    [1n, 1n, 0n],
    [1n, 2n, -6932n],
    [1n, 8n, -20796n],
    [1n, 64n, -41591n],
    [1n, 10n ** 6n, -138163n],
    [1n, 10n ** 12n, -276325n],
  ])('of %i / %i is the floor of its logarithm', (reserve1, reserve0, tick) => {
    expect(tickOf(reserve0, reserve1)).toBe(tick);
    expect(tickOf(reserve0 * 10n ** 18n, reserve1 * 10n ** 18n)).toBe(tick);
  });

  it('is exact for the powers of 1.0001 that reserves can form', () => {
    for (let tick = 1n; tick <= 8n; tick++) {
      const [above, below] = [10_001n ** tick, 10_000n ** tick];
      expect(tickOf(below, above)).toBe(tick);
      expect(tickOf(above, below)).toBe(-tick);
      if (tick !== 2n && tick !== 3n) continue; // where an acorn less is between 2^-40 and 1 of a tick
      expect(tickOf(below, above - 1n)).toBe(tick - 1n);
      expect(tickOf(above, below - 1n)).toBe(-tick - 1n);
    }
  });

  it('never leaves the band of its tick', () => {
    const reserve = fc.oneof(
      fc.bigInt({ min: 1n, max: 2n ** 112n - 1n }),
      fc.bigInt({ min: 1n, max: 1_000_000n }),
      fc.integer({ min: 0, max: 111 }).map((bits) => 2n ** BigInt(bits)),
    );
    fc.assert(
      fc.property(reserve, reserve, (reserve0, reserve1) => {
        const tick = tickOf(reserve0, reserve1);
        const price = priceOf(reserve0, reserve1);
        // 2^-40 of a tick is 2^-53.2 of a price
        expect(price + (price >> 53n) >= powerOf(tick)).toBe(true);
        expect(price < powerOf(tick + 1n)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('reaches from one end to the other', () => {
    const most = 2n ** 112n - 1n;
    expect([tickOf(most, 1n), tickOf(1n, most)]).toEqual([-776_364n, 776_363n]);
  });
});

describe('flash loans', () => {
  const borrower = account(0xb0_5508);
  function lend(target: Target, name: string, args: readonly unknown[], amount: bigint) {
    const scene = new PoolScene();
    scene.setReserves(1_000n * unit, 1_000n * unit);
    scene.chain.deploy(borrower, wasm, '0x');
    scene.give(token0, borrower, unit);
    const question = encodeFunctionData({ abi: target.abi, functionName: name, args });
    const data = `0x${target.address.slice(2).padStart(64, '0')}${question.slice(2)}`;
    const { error } = scene.chain.send(trader, pair, 'swap', [amount, 0n, borrower, data]);
    return { scene, error };
  }

  const loan = 300n * unit;
  const due = (loan * 1_000n + 996n) / 997n;

  it('are paid back with the fee, in the same token', () => {
    const { scene, error } = lend(token0, 'transfer', [pair.address, due], loan);
    expect(error).toBe(undefined);
    expect(scene.reserves().slice(0, 2)).toEqual([1_000n * unit + due - loan, 1_000n * unit]);
  });

  it('are refused when an acorn is missing', () => {
    expect(lend(token0, 'transfer', [pair.address, due - 1n], loan).error).toBe('K()');
    expect(lend(token0, 'transfer', [stranger, due], loan).error).toBe('InsufficientInputAmount()');
  });

  it.each([
    ['swap', [1n, 0n, stranger, '0x']],
    ['mint', [stranger]],
    ['burn', [stranger]],
    ['skim', [stranger]],
    ['sync', []],
    ['poke', []],
    ['increaseObservationCardinalityNext', [2]],
  ])('cannot enter by %s', (name, args) => {
    expect(lend(pair, name, args, loan).error).toBe('Locked()');
  });
});
