/** Feeds of every kind through the one face that clients read, against the real contracts. */

import type { Hex } from 'viem';
import { describe, expect, it } from 'vitest';
import { OracleClient } from '../../src/oracle/client.ts';
import { OracleDesk } from '../../src/oracle/service.ts';
import { PoolScene, registry, stranger, token0, twap, unit } from '../contracts/pool-scene.ts';
import { SignedScene } from '../contracts/signed-scene.ts';
import { ChainTransport } from '../support/chain-transport.ts';
import type { ContractChain } from '../support/contract-chain.ts';

function deskOf(chain: ContractChain): OracleDesk {
  const client = new OracleClient(new ChainTransport(chain), { registry: registry.address });
  return new OracleDesk(client, 1337, async () => undefined);
}

function poolScene(terms: Record<string, number>): { scene: PoolScene; feed: Hex } {
  const scene = new PoolScene();
  const feed = scene.feed(terms, 4);
  return { scene, feed };
}

describe('a TWAP feed', () => {
  it('is read like any other, with its guard named where it refuses', async () => {
    const { scene, feed } = poolScene({ window: 60, minBlocks: 2, maxAge: 600 });
    const desk = deskOf(scene.chain);
    expect(await desk.feeds()).toMatchObject([{ kind: 'twap', heartbeatSeconds: 600 }]);
    expect(await desk.read(feed, undefined)).toMatchObject({
      state: 'none',
      refusal: 'NoLiquidity()',
    });
    scene.setReserves(100n * unit, 250n * unit);
    scene.sell(token0, unit / 1_000n);
    scene.pass(15);
    expect(await desk.read(feed, undefined)).toMatchObject({
      state: 'none',
      refusal: 'HistoryTooShort(15)',
    });
    expect(await desk.read(feed, 600)).toMatchObject({ code: 'HistoryTooShort' });
    scene.setReserves(100n * unit, 250n * unit);
    scene.passBlocks(5);
    const reading = await desk.read(feed, 600);
    if ('code' in reading) throw new Error(reading.message);
    const { state, value, round, updatedHeight, refusal } = reading;
    expect([state, value, refusal]).toEqual(['fresh', (25n * unit) / 10n, undefined]);
    expect(round).toBe(BigInt(updatedHeight));
  });

  it('is stale by its last trade, whatever was poked since', async () => {
    const { scene, feed } = poolScene({ window: 60, maxAge: 600 });
    const desk = deskOf(scene.chain);
    scene.setReserves(100n * unit, 250n * unit);
    scene.sell(token0, unit / 1_000n);
    scene.pass(660);
    expect(scene.chain.mustSend(stranger, twap, 'poke', [feed]).value).toBe(true);
    expect(await desk.read(feed, undefined)).toMatchObject({ state: 'stale', ageSeconds: 660 });
    expect(await desk.read(feed, 600)).toMatchObject({ code: 'Stale' });
  });

  it('has no rounds of reports', async () => {
    const { scene, feed } = poolScene({});
    const desk = deskOf(scene.chain);
    const report = { feed, value: 1n, round: undefined, reporter: new Uint8Array(20) };
    for (const answer of [
      await desk.round(feed, undefined),
      await desk.submitReport(report),
      await desk.prepareReport(report),
    ]) {
      expect(answer).toMatchObject({ code: 'WrongKind' });
    }
  });
});

describe('a signed feed', () => {
  it('is read like any other', async () => {
    const scene = new SignedScene();
    const desk = deskOf(scene.chain);
    expect(await desk.read('GOLD/USD', undefined)).toMatchObject({
      feed: { kind: 'signed' },
      state: 'none',
      refusal: 'NoData()',
    });
    expect(await desk.read('GOLD/USD', 60)).toMatchObject({ code: 'NoData' });
    await scene.transmit({ observations: [20n, 22n, 30n] });
    expect(await desk.read('GOLD/USD', 60)).toMatchObject({
      state: 'fresh',
      value: 22n,
      round: 1n,
      reports: 3,
    });
    expect(await desk.round('GOLD/USD', 1)).toMatchObject({ code: 'WrongKind' });
  });
});

describe('a reading below the head', () => {
  it('is refused where no state is kept', async () => {
    const desk = deskOf(new SignedScene().chain);
    const refused = { code: 'state-not-kept' };
    const tooDeep = await desk.read('GOLD/USD', undefined, 129);
    expect(tooDeep).toMatchObject({ ...refused, message: expect.stringContaining('128 blocks') });
    expect(await desk.read('GOLD/USD', undefined, 5)).toMatchObject(refused);
  });
});
