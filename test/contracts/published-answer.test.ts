/** The one word that a light client reads: value, time and bootstrap flag at the feed's id. */

import { describe, expect, it } from 'vitest';
import { bigintFromBytes, fromHex } from '../../src/primitives/bytes.ts';
import { OracleScene, oracle, reportersOf, weightUnit } from './oracle-scene.ts';

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
