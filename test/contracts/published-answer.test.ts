/** The one word that a light client reads: value, time and bootstrap flag at the feed's id. */

import { describe, expect, it } from 'vitest';
import { bigintFromBytes, fromHex } from '../../src/primitives/bytes.ts';
import { OracleScene, oracle, reportersOf, stranger, weightUnit } from './oracle-scene.ts';

describe('the published answer', () => {
  const publishedBy = (scene: OracleScene): bigint =>
    bigintFromBytes(scene.chain.world.storage(fromHex(oracle.address), fromHex(scene.feed)));

  it.each([
    ['a negative value of enough stake', -5_000_000n, 0n, 0n],
    ['little stake behind it', 7n, 10n ** 24n, 1n],
  ])('is one word at the feed id: %s', (_name, value, minTotalStake, flag) => {
    const scene = new OracleScene(reportersOf([100n, 100n, 100n]), { minTotalStake });
    scene.report(1n, [value, value, value]);
    expect(publishedBy(scene)).toBe(0n);
    scene.finalize(1n);
    const [, , , updatedAt] = scene.latest();
    const word = (flag << 232n) | ((updatedAt as bigint) << 192n) | BigInt.asUintN(192, value);
    expect(publishedBy(scene)).toBe(word);
  });

  it('stays what it was when a round is void', () => {
    const scene = new OracleScene(reportersOf([100n, 100n, 100n]));
    scene.report(1n, [5n, 5n, 5n]);
    scene.finalize(1n);
    const before = publishedBy(scene);
    scene.report(2n, [9n, 9n, undefined]);
    scene.finalize(2n);
    expect(publishedBy(scene)).toBe(before);
  });

  it('calls the same stake enough as the contract does, however the cap cuts it', () => {
    // 140 of weight were revealed; cut to shares of a fifth they count as 50.
    const minTotalStake = 100n * weightUnit;
    const changes = { minTotalStake, weightCapBps: 2_000 };
    const scene = new OracleScene(reportersOf([100n, 10n, 10n, 10n, 10n]), changes);
    scene.report(1n, [7n, 7n, 7n, 7n, 7n]);
    scene.finalize(1n);
    expect(publishedBy(scene) >> 232n).toBe(0n);
    const [state] = scene.chain.read<readonly number[]>(oracle, 'status', [scene.feed]);
    expect(state).toBe(1);
  });
});

describe('the settlement of an answer', () => {
  it('pays no more for weight that the cap cut away', () => {
    const scene = new OracleScene(reportersOf([970n, 10n, 10n, 10n, 10n]), { weightCapBps: 2_000 });
    scene.chain.mustSend(stranger, oracle, 'fund', [scene.feed], 1_000_000n);
    scene.report(1n, [7n, 7n, 7n, 7n, 7n]);
    scene.finalize(1n);
    scene.settle(1n);
    const rewards = scene.reporters.map(({ address }) => scene.claimable(address));
    expect(rewards[0]).toBeGreaterThan(0n);
    for (const reward of rewards) {
      const difference = reward - (rewards[0] as bigint);
      expect(difference >= -5n && difference <= 5n).toBe(true); // shares round down, the last takes the rest
    }
  });

  it('slashes nobody in the middle half, however wide it is and whatever it earns', () => {
    const weights = reportersOf([20n, 20n, 20n, 20n, 20n]);
    const scene = new OracleScene(weights, { primarySharePpm: 0 });
    scene.report(1n, [100n, 100n, 200n, 300n, 300n]); // quartiles 100 and 300
    scene.finalize(1n);
    const { events } = scene.settle(1n);
    expect(events.filter(({ name }) => name === 'Penalized')).toEqual([]);
  });
});
