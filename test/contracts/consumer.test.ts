/** The example consumer on real feeds, through their proxies. */

import { encodeAbiParameters, type Hex } from 'viem';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Artifact } from '../../src/node/contract/artifact.ts';
import { buildContract } from '../../src/node/contract/project.ts';
import { fromHex } from '../../src/primitives/bytes.ts';
import type { ContractChain, Target } from '../support/contract-chain.ts';
import { account, encodeConstructor, moduleOf, targetOf } from './artifacts.ts';
import { registry as directory, OracleScene, reportersOf, weightUnit } from './oracle-scene.ts';
import { guardedTerms, PoolScene, registry, token0, unit } from './pool-scene.ts';

const address = account(0xc0de);
const guard = targetOf('CorruptionGuard');
let artifact: Artifact;

beforeAll(async () => {
  const folder = new URL('../../native/contracts/examples/consumer', import.meta.url);
  artifact = await buildContract(folder.pathname);
});

/** A pair at 2.5 with an hour of history, a feed of it, and the desk that reads it. */
function scene(): { world: PoolScene; desk: Target } {
  const world = new PoolScene();
  world.setReserves(100n * unit, 250n * unit);
  const feed = world.feed(guardedTerms, 8);
  world.passBlocks(120);
  world.sell(token0, unit / 1_000n);
  world.setReserves(100n * unit, 250n * unit);
  world.passBlocks(120);
  return { world, desk: openDesk(world.chain, world.chain.read(registry, 'proxyOf', [feed])) };
}

/** A desk that takes prices of an hour with a confidence of 1 %, and the guard it asks. */
function openDesk(chain: ContractChain, proxy: Hex): Target {
  const parts = [directory.address, account(0xf0), 0];
  const data = encodeConstructor('CorruptionGuard', parts);
  chain.deploy(guard.address, moduleOf('CorruptionGuard'), data);
  const terms = encodeAbiParameters(
    [{ type: 'address' }, { type: 'uint64' }, { type: 'uint64' }, { type: 'address' }],
    [proxy, 3_600n, 100n, guard.address],
  );
  chain.deploy(address, fromHex(artifact.deployedBytecode), terms);
  return { address, abi: artifact.abi };
}

describe('a careful consumer', () => {
  it('has the price of a feed in order', () => {
    const { world, desk } = scene();
    expect(world.chain.read(desk, 'price')).toMatchObject([
      25n * 10n ** 17n,
      0n,
      expect.any(BigInt),
    ]);
    expect(world.chain.read(desk, 'worth', [4n * unit])).toBe(10n * unit);
  });

  it('has none when the price is old', () => {
    const { world, desk } = scene();
    world.passBlocks(120);
    expect(world.chain.read<bigint[]>(desk, 'price')[0]).toBeGreaterThan(0n);
    world.pass(1);
    expect(() => world.chain.read(desk, 'price')).toThrow('Stale(3601,3600)');
  });

  it('has none when the means by time and by blocks are too far apart for it', () => {
    const { world, desk } = scene();
    world.setReserves(100n * unit, 500n * unit);
    world.pass(45); // by time 1.025, by blocks 1 + 1 / 118: 165 bps
    expect(() => world.chain.read(desk, 'price')).toThrow(/^PriceUnsure\(/);
  });

  it('has none when a guard of the feed refuses', () => {
    const { world, desk } = scene();
    world.setReserves(100n * unit, 500n * unit);
    world.pass(600);
    expect(() => world.chain.read(desk, 'worth', [unit])).toThrow(/^SourcesDiverge\(/);
    world.setReserves(0n, 0n);
    expect(() => world.chain.read(desk, 'price')).toThrow('NoLiquidity()');
  });

  it('lends no more than the stake behind the price carries', () => {
    const world = new OracleScene(reportersOf([40n, 30n, 30n]), { decimals: 0, bondBps: 10_000 });
    const desk = openDesk(world.chain, world.chain.read(directory, 'proxyOf', [world.feed]));
    const loan = (amount: bigint) => world.chain.read<bigint>(desk, 'loanFor', [amount]);
    expect(() => loan(1n)).toThrow('NoData()');
    world.report(1n, [100n, 100n, 100n]);
    world.finalize(1n);
    const limit = (51n * weightUnit * 2n) / 3n; // two thirds of what a majority of the bonds costs
    expect(loan(limit / 100n)).toBe(limit);
    expect(() => loan(limit / 100n + 1n)).toThrow(`TooMuchAtRisk(${limit + 100n},${limit})`);
  });

  it('lends nothing on a price that no stake stands behind', () => {
    const { world, desk } = scene();
    world.chain.know(guard);
    expect(() => world.chain.read(desk, 'loanFor', [unit])).toThrow(/^TooMuchAtRisk\(\d+,0\)$/);
    expect(world.chain.read(desk, 'worth', [unit])).toBeGreaterThan(0n);
  });
});
