/**
 * The numbered adversarial tests of the TWAP, in blocks, through pair and oracle. T4, T6, T7 and T14
 * are of the ring alone and stand in pair-probe.test.ts. T1, T2 and T3 are published vectors of
 * Uniswap v2 (ExampleSlidingWindowOracle.spec.ts, UniswapV2Pair.spec.ts).
 */

import type { Hex } from 'viem';
import { describe, expect, it } from 'vitest';
import { mainnet } from '../../scripts/genesis-networks.ts';
import { acceptableFromMs, createRules } from '../../src/consensus/pow/header-rules.ts';
import { parseParameters } from '../../src/consensus/pow/parameters.ts';
import {
  guardedTerms,
  type openTerms,
  PoolScene,
  pair,
  q112,
  stranger,
  token0,
  token1,
  twap,
  unit,
} from './pool-scene.ts';

const hour = 3_600;

interface Setting {
  readonly scene: PoolScene;
  readonly feed: Hex;
}

/** A pair that begins with these reserves and one trade, and a feed of it. */
function begin(
  reserve0: bigint,
  reserve1: bigint,
  terms: Partial<typeof openTerms> = {},
  cardinality = 8,
): Setting {
  const scene = new PoolScene();
  scene.setReserves(unit, unit);
  scene.sell(token0, unit / 1_000n);
  scene.setReserves(reserve0, reserve1);
  return { scene, feed: scene.feed(terms, cardinality) };
}

describe('vectors of Uniswap v2', () => {
  function threePrices(): Setting {
    const { scene, feed } = begin(5n * unit, 10n * unit);
    scene.pass(3 * hour);
    scene.setReserves(10n * unit, 10n * unit);
    scene.pass(3 * hour);
    scene.setReserves(20n * unit, 10n * unit);
    return { scene, feed };
  }

  it('T1 (published): a mean over three prices, both ways', () => {
    const { scene, feed } = threePrices();
    scene.pass(17 * hour);
    expect(scene.consult(feed, 23 * hour, 100n)).toBe(76n);
    expect(scene.consult(feed, 23 * hour, 100n, false)).toBe(167n);
  });

  it('T2 (published): a window that the old prices have left', () => {
    const { scene, feed } = threePrices();
    scene.pass(26 * hour);
    expect(scene.consult(feed, 23 * hour, 100n)).toBe(50n);
    expect(scene.consult(feed, 23 * hour, 100n, false)).toBe(200n);
  });

  it('T3 (published): cumulative prices', () => {
    const { scene } = begin(3n * unit, 3n * unit);
    const sums = () => [
      scene.chain.read(pair, 'price0CumulativeLast'),
      scene.chain.read(pair, 'price1CumulativeLast'),
    ];
    expect(sums()).toEqual([0n, 0n]);
    scene.pass(10);
    scene.setReserves(6n * unit, 2n * unit);
    expect(sums()).toEqual([10n * q112, 10n * q112]);
    scene.pass(10);
    scene.chain.mustSend(stranger, pair, 'sync');
    expect(sums()).toEqual([
      69230624780464368380406617722934610n,
      207691874341393105141219853168803840n,
    ]);
    expect(scene.reserves()[2]).toBe(scene.chain.time);
  });
});

describe('means', () => {
  it('T5 (published): ticks are rounded down, not towards zero', () => {
    const { scene, feed } = begin(10_001n * unit, 10_000n * unit);
    scene.pass(12);
    scene.setReserves(unit, unit);
    scene.pass(2);
    const [ticks] = scene.chain.read<[bigint[]]>(twap, 'observe', [feed, [4, 0]]);
    expect(ticks).toEqual([-10n, -12n]);
    expect(scene.chain.read(twap, 'consultTick', [feed, 4])).toBe(-1);
  });

  it('T8: seven times the price in 1 of 120 blocks', () => {
    const { scene, feed } = begin(unit, unit);
    scene.passBlocks(119);
    scene.setReserves(unit, 7n * unit);
    scene.pass(15);
    expect(scene.consult(feed, 1_800, 1_000_000n)).toBe(1_049_999n);
    expect(scene.chain.read(twap, 'consultTick', [feed, 1_800])).toBe(162);
    const byBlocks = [feed, 120, 1_000_000n, true];
    expect(scene.chain.read(twap, 'consultBlocks', byBlocks)).toBe(1_049_999n);
  });

  it('T9: what happens inside one block does not count', () => {
    const { scene, feed } = begin(1_000n * unit, 1_000n * unit);
    scene.passBlocks(10);
    const before = scene.consult(feed, 150, unit);
    scene.sell(token0, 1_000n * unit);
    expect(scene.reserves()[1]).toBeLessThan(502n * unit);
    expect(scene.consult(feed, 150, unit)).toBe(before);
    scene.sell(token1, 1_000n * unit - scene.reserves()[1]);
    expect(scene.consult(feed, 150, unit)).toBe(before);
    const poke = () => scene.chain.mustSend(stranger, twap, 'poke', [feed]);
    expect(poke().value).toBe(false); // the first trade has observed
    scene.pass(15);
    const first = poke();
    expect(first.value).toBe(true);
    expect(first.events).toMatchObject([
      { name: 'ObservationWritten', args: { feed, index: 2, ts: BigInt(scene.chain.time) } },
    ]);
    expect(poke()).toMatchObject({ value: false, events: [] });
  });

  it('T17: a quiet pool has one long segment and an exact price', () => {
    const { scene, feed } = begin(3n * unit, 7n * unit, guardedTerms);
    scene.passBlocks(100);
    const answer = scene.chain.read(twap, 'consult', [feed, 1_500, 3n * unit, true]);
    expect(answer).toEqual([7n * unit - 1n, 1_500, 10_000]); // UQ112x112 is floored
    const half = scene.chain.read(twap, 'consult', [feed, 750, unit, false]);
    expect(half).toEqual([(((3n * q112) / 7n) * unit) / q112, 750, 10_000]);
  });

  it('hold while many blocks share one second', () => {
    const { scene, feed } = begin(unit, unit);
    scene.pass(10);
    for (const price of [2n, 3n, 4n]) {
      scene.setReserves(unit, price * unit);
      scene.pass(0);
    }
    scene.pass(10);
    // ten seconds at 1, none at 2 and 3, ten at 4; by blocks 1, 2, 3, 4, 4
    expect(scene.consult(feed, 20, 10n)).toBe(25n);
    expect(scene.chain.read(twap, 'consultBlocks', [feed, 5, 10n, true])).toBe(27n); // 28, floored
    const [, , , heights] = scene.chain.read<bigint[][]>(twap, 'observe', [feed, [0, 10, 20]]);
    const height = BigInt(scene.chain.height);
    expect(heights).toEqual([height, height - 2n, height - 5n]); // the block before is in no observation
  });

  it('reach back by interpolation between two observations', () => {
    const { scene, feed } = begin(unit, 2n * unit);
    scene.passBlocks(10);
    scene.setReserves(unit, 4n * unit);
    scene.passBlocks(10);
    // 75 of 225 seconds and 5 of 15 blocks at 2, the rest at 4: a third and two thirds
    expect(scene.consult(feed, 225, 300n)).toBe(1_000n - 1n);
    expect(scene.chain.read(twap, 'consultBlocks', [feed, 15, 300n, true])).toBe(999n);
    const [ticks, price0, price1, heights] = scene.chain.read<bigint[][]>(twap, 'observe', [
      feed,
      [225, 150, 0],
    ]) as [bigint[], bigint[], bigint[], bigint[]];
    expect(price0.map((sum) => sum / q112)).toEqual([150n, 300n, 900n]);
    expect(price1.map((sum) => (sum * 4n) / q112)).toEqual([150n, 300n, 450n]);
    expect(ticks).toEqual([75n * 6931n, 150n * 6931n, 150n * (6931n + 13863n)]);
    expect(heights.map((height) => BigInt(scene.chain.height) - height)).toEqual([15n, 10n, 0n]);
  });
});

describe('guards', () => {
  it('T10: a miner who leaves seven times the price and stamps the next block late', () => {
    const rules = createRules(parseParameters(mainnet.parameters), Number(mainnet.bits));
    const now = 1_700_000_000;
    expect(acceptableFromMs(now + 30, rules)).toBe(now * 1_000);
    expect(acceptableFromMs(now + 7_200, rules)).toBeGreaterThan(now * 1_000);

    const { scene, feed } = begin(unit, unit);
    const guarded = scene.feed(guardedTerms);
    scene.passBlocks(130);
    scene.setReserves(unit, 7n * unit);
    scene.pass(7_200);
    expect(scene.consult(feed, 1_800, unit)).toBe(7n * unit); // without guards
    expect(scene.refusal('consult', [guarded, 1_800, unit, true])).toBe('TimestampSkew(7200,1)');
    expect(scene.refusal('consultTick', [guarded, 1_800])).toBe('TimestampSkew(7200,1)');
    expect(scene.refusal('getPriceNoOlderThan', [guarded, 10n ** 6n])).toBe(
      'TimestampSkew(7200,1)',
    );
    // the price is put right at once, and the crooked block stays in the window for a while
    scene.setReserves(unit, unit);
    scene.passBlocks(100);
    expect(scene.consult(feed, 1_800, 100n)).toBe(200n);
    expect(scene.refusal('consult', [guarded, 1_800, unit, true])).toMatch(/^SourcesDiverge/);
    scene.passBlocks(20);
    expect(scene.consult(guarded, 1_800, unit)).toBe(unit);
  });

  it('T10: within the drift rule, the means by time and by blocks disagree', () => {
    const { scene, feed } = begin(unit, unit, guardedTerms);
    scene.passBlocks(89);
    scene.passBlocks(30, 14);
    scene.setReserves(unit, 7n * unit);
    scene.pass(45);
    const timeMean = (2_070n * q112) / 1_800n; // 1.15
    const blockMean = (126n * q112) / 120n; // 1.05
    expect(scene.refusal('consult', [feed, 1_800, unit, true])).toBe(
      `SourcesDiverge(${timeMean},${blockMean})`,
    );
    const lenient = scene.feed({ ...guardedTerms, divergenceBps: 953 });
    const strict = scene.feed({ ...guardedTerms, divergenceBps: 952 }); // 0.1 / 1.05 is 952.4 bps
    expect(scene.consult(lenient, 1_800, 1_000n)).toBe(1_149n);
    expect(scene.refusal('consult', [strict, 1_800, unit, true])).toMatch(/^SourcesDiverge/);
    expect(scene.chain.read(twap, 'latestRoundData', [feed])).toEqual([0n, 0n, 0n, 0n, 0n]);
    expect(scene.chain.read<readonly unknown[]>(twap, 'status', [feed])[0]).toBe(4);
  });

  it('T11: no history, no answer', () => {
    const { scene, feed } = begin(unit, unit, guardedTerms);
    scene.passBlocks(120);
    expect(scene.consult(feed, 1_800, unit)).toBe(unit);
    const refusal = (window: number) => scene.refusal('consult', [feed, window, unit, true]);
    expect(refusal(1_801)).toBe('HistoryTooShort(1800)');
    expect(refusal(299)).toBe('WindowTooShort(300)');
    expect(refusal(0)).toBe('WindowTooShort(300)');
    expect(scene.refusal('consultTick', [feed, 1_801])).toBe('HistoryTooShort(1800)');
    expect(scene.refusal('observe', [feed, [0, 1_801]])).toBe('HistoryTooShort(1800)');
    expect(scene.refusal('consultBlocks', [feed, 121, unit, true])).toBe('HistoryTooShort(120)');
    expect(scene.refusal('consultBlocks', [feed, 19, unit, true])).toBe('TooFewBlocks(19,20)');
    expect(scene.chain.read(twap, 'consultBlocks', [feed, 20, unit, true])).toBe(unit);
    expect(scene.chain.read(twap, 'oldest', [feed])).toEqual([1_800n, 120n]);
    // with one place the history ends with each trade
    const { scene: short, feed: thin } = begin(unit, unit, guardedTerms, 1);
    short.passBlocks(130);
    short.sell(token0, unit / 10n);
    expect(short.refusal('consult', [thin, 300, unit, true])).toBe('HistoryTooShort(0)');
  });

  it('T12: one block after the first trade there is no price, least of all the present one', () => {
    const { scene, feed } = begin(unit, unit, guardedTerms);
    scene.pass(15);
    scene.sell(token0, unit);
    expect(scene.refusal('consult', [feed, 300, unit, true])).toBe('HistoryTooShort(15)');
    expect(scene.refusal('consult', [feed, 15, unit, true])).toBe('WindowTooShort(300)');
    expect(scene.refusal('getPriceNoOlderThan', [feed, 1_000n])).toBe('HistoryTooShort(15)');
    expect(scene.chain.read(twap, 'latestRoundData', [feed])).toEqual([0n, 0n, 0n, 0n, 0n]);
    expect(scene.chain.read<readonly unknown[]>(twap, 'status', [feed])[0]).toBe(0);
  });

  it('T13: a pool that ran dry has no price, and none for the time it was', () => {
    const { scene, feed } = begin(unit, 2n * unit);
    scene.passBlocks(10);
    const sums = () => scene.chain.read<bigint[][]>(twap, 'observe', [feed, [0]]).slice(0, 3);
    const consult = (window: number) => scene.refusal('consult', [feed, window, unit, true]);
    scene.setReserves(0n, 0n);
    const frozen = sums();
    expect(frozen[1]).toEqual([300n * q112]);
    expect(consult(150)).toBe('NoLiquidity()');
    scene.passBlocks(4);
    expect(scene.chain.mustSend(stranger, twap, 'poke', [feed]).value).toBe(true);
    scene.setReserves(0n, 5n * unit);
    scene.passBlocks(4);
    expect(sums()).toEqual(frozen);
    expect(consult(60)).toBe('NoLiquidity()');
    expect(scene.refusal('consultBlocks', [feed, 4, unit, true])).toBe('NoLiquidity()');
    scene.setReserves(unit, 3n * unit);
    expect(sums()).toEqual(frozen);
    scene.passBlocks(6);
    expect(scene.consult(feed, 90, unit)).toBe(3n * unit);
    expect(consult(91)).toBe('NoLiquidity()');
    expect(consult(200)).toBe('NoLiquidity()');
    expect(scene.chain.read(twap, 'consultBlocks', [feed, 6, unit, true])).toBe(3n * unit);
    expect(scene.refusal('consultBlocks', [feed, 7, unit, true])).toBe('NoLiquidity()');
  });

  it('T15: sums wrap and differences stay exact', () => {
    const most = q112 - 1n;
    const { scene, feed } = begin(1n, most);
    const age = 2 ** 32 - 1;
    const sum = () => scene.chain.read<bigint>(pair, 'price0CumulativeLast');
    const price = most << 112n;
    scene.pass(age);
    scene.chain.mustSend(stranger, twap, 'poke', [feed]);
    expect(sum()).toBe(price * BigInt(age));
    scene.pass(age);
    scene.chain.mustSend(stranger, twap, 'poke', [feed]);
    expect(sum()).toBe(BigInt.asUintN(256, 2n * price * BigInt(age)));
    expect(sum()).toBeLessThan(price * BigInt(age));
    expect(scene.consult(feed, age, 1n)).toBe(most);
    expect(scene.consult(feed, 5, 2n)).toBe(2n * most);
    expect(scene.chain.read(twap, 'consultTick', [feed, age])).toBe(776_363);
  });

  it('T16: a poke does not make an old price fresh', () => {
    const { scene, feed } = begin(unit, 2n * unit, { maxAge: 86_400 });
    const tradedAt = BigInt(scene.chain.time);
    scene.passBlocks(10, 4_320);
    expect(scene.chain.mustSend(stranger, twap, 'poke', [feed]).value).toBe(true);
    scene.chain.mustSend(stranger, pair, 'sync');
    scene.passBlocks(10, 4_320);
    expect(scene.consult(feed, 1_800, unit)).toBe(2n * unit);
    const status = () => scene.chain.read<readonly unknown[]>(twap, 'status', [feed]);
    expect(status().slice(0, 4)).toEqual([1, 2n * unit, 0n, tradedAt]);
    scene.pass(1);
    expect(scene.chain.mustSend(stranger, twap, 'poke', [feed]).value).toBe(true);
    expect(status().slice(0, 4)).toEqual([2, 2n * unit, 0n, tradedAt]);
    expect(scene.chain.read<readonly bigint[]>(twap, 'latestRoundData', [feed])[3]).toBe(tradedAt);
    const stale = 'Stale(86401,86400)';
    expect(scene.refusal('getPriceNoOlderThan', [feed, 86_400n])).toBe(stale);
    expect(scene.refusal('consult', [feed, 1_800, unit, true])).toBe(stale);
    expect(scene.refusal('consultTick', [feed, 1_800])).toBe(stale);
    expect(scene.refusal('consultBlocks', [feed, 5, unit, true])).toBe(stale);
    scene.sell(token0, unit / 100n);
    expect(scene.consult(feed, 1_800, unit)).toBe(2n * unit);
  });

  it('count blocks as well as seconds', () => {
    const { scene, feed } = begin(unit, unit, { minBlocks: 20 });
    scene.passBlocks(30, 100);
    expect(scene.refusal('consult', [feed, 1_900, unit, true])).toBe('TooFewBlocks(19,20)');
    expect(scene.consult(feed, 1_901, unit)).toBe(unit); // the twentieth in part counts as whole
  });

  it('allow what is exactly at their limits', () => {
    const { scene: late, feed: slow } = begin(unit, unit, { maxSecondsPerBlock: 240 });
    late.passBlocks(3, 240);
    expect(late.consult(slow, 720, unit)).toBe(unit);
    late.pass(241);
    expect(late.refusal('consult', [slow, 961, unit, true])).toBe('TimestampSkew(961,4)');
    // By time (15 * 1 + 45 * 3) / 60, by blocks (1 + 3) / 2: exactly a quarter more.
    const { scene, feed } = begin(unit, unit, { divergenceBps: 2_500 });
    scene.pass(15);
    scene.setReserves(unit, 3n * unit);
    scene.pass(45);
    expect(scene.consult(feed, 60, 2n * unit)).toBe(5n * unit);
    const strict = scene.feed({ divergenceBps: 2_499 }, 8, 'STRICT');
    expect(scene.refusal('consult', [strict, 60, unit, true])).toMatch(/^SourcesDiverge/);
  });

  it('want a trade where they limit its age', () => {
    const scene = new PoolScene();
    scene.setReserves(unit, unit);
    const feed = scene.feed({ maxAge: 86_400 });
    scene.passBlocks(120);
    expect(scene.refusal('consult', [feed, 1_800, unit, true])).toBe('NoData()');
    expect(scene.refusal('getPriceNoOlderThan', [feed, 86_400n])).toBe('NoData()');
    expect(scene.chain.read<readonly unknown[]>(twap, 'status', [feed])[0]).toBe(0);
  });
});
