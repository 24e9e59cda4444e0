import { encodeAbiParameters, encodePacked, type Hex, keccak256, toHex } from 'viem';
import { describe, expect, it } from 'vitest';
import { account, readArtifact } from './artifacts.ts';
import {
  guardedTerms,
  openTerms,
  PoolScene,
  pair,
  provider,
  registry,
  stranger,
  token0,
  token1,
  trader,
  twap,
  unit,
} from './pool-scene.ts';

const fee = 10n * unit;

function scene(): PoolScene {
  const world = new PoolScene();
  world.setReserves(100n * unit, 250n * unit);
  world.sell(token0, unit / 1_000n);
  world.setReserves(100n * unit, 250n * unit);
  return world;
}

describe('a feed', () => {
  it('is made by anybody, for the fee, with the guards of mainnet', () => {
    const { chain } = scene();
    const result = chain.mustSend(provider, twap, 'createFeed', [pair.address, 300, 3], fee);
    const feed = result.value as Hex;
    expect(result.events.map(({ name }) => name)).toEqual([
      'FeedRegistered',
      'FeedCreated',
      'IncreaseObservationCardinalityNext',
      'CardinalityIncreased',
    ]);
    expect(result.events[3]?.args).toEqual({ feed, from: 1, to: 3 });
    const { pool, ...guards } = guardedTerms;
    expect(chain.read(twap, 'configuration', [feed])).toMatchObject(guards);
    const words = encodeAbiParameters(
      Array.from({ length: 8 }, () => ({ type: 'uint256' as const })),
      [BigInt(pool), 1n, 1_800n, 300n, 20n, 86_400n, 240n, 500n],
    );
    const id = encodePacked(
      ['uint256', 'uint256', 'bytes32', 'bytes32'],
      [BigInt(provider), 2n, keccak256(toHex('TWAP')), keccak256(words)],
    );
    expect(feed).toBe(keccak256(id));
    const again = chain.send(provider, twap, 'createFeed', [pair.address, 300, 3], fee);
    expect(again.error).toBe('FeedExists()');
    const poor = chain.send(trader, twap, 'createFeed', [pair.address, 300, 3], fee - 1n);
    expect(poor.error).toBe(`WrongFee(${fee - 1n},${fee})`);
    const longer = chain.mustSend(trader, twap, 'createFeed', [pair.address, 2_000, 1], fee);
    const terms = chain.read<{ window: number }>(twap, 'configuration', [longer.value]);
    expect(terms.window).toBe(2_000);
  });

  it.each([
    [0, { pool: account(0xbad) }, 'revert'],
    [2, { window: 0, minWindow: 0 }, 'BadConfiguration(2)'],
    [3, { minWindow: 0 }, 'BadConfiguration(3)'],
    [3, { minWindow: 1_801 }, 'BadConfiguration(3)'],
    [7, { divergenceBps: 10_001 }, 'BadConfiguration(7)'],
  ])('is refused for member %i of its terms', (_, change, error) => {
    const args = ['x', { ...openTerms, ...change }, 1];
    expect(scene().chain.send(provider, twap, 'createFeedWith', args, fee).error).toBe(error);
  });

  it('is refused for a pool that is none of the factory', () => {
    const world = scene();
    const foreign = account(0xf0e);
    const words = `${token0.address.slice(2).padStart(64, '0')}${token1.address.slice(2).padStart(64, '0')}`;
    const { deployedBytecode } = readArtifact('AmmPair');
    world.chain.deploy(foreign, Buffer.from(deployedBytecode.slice(2), 'hex'), `0x${words}`);
    const args = ['x', { ...openTerms, pool: foreign }, 1];
    expect(world.chain.send(provider, twap, 'createFeedWith', args, fee).error).toBe(
      'UnknownPool()',
    );
  });

  it('that nobody made has no answers', () => {
    const world = scene();
    const nothing = `0x${'07'.repeat(32)}`;
    for (const [name, ...rest] of [
      ['latestRoundData'],
      ['status'],
      ['getPriceNoOlderThan', 1n],
      ['getRoundData', 1n],
      ['consult', 300, 1n, true],
      ['consultTick', 300],
      ['consultBlocks', 30, 1n, true],
      ['oldest'],
      ['observe', [0]],
      ['configuration'],
    ] as const) {
      expect(world.refusal(name, [nothing, ...rest])).toBe('UnknownFeed()');
    }
    for (const [name, ...rest] of [['poke'], ['increaseCardinality', 2]] as const) {
      expect(world.chain.send(stranger, twap, name, [nothing, ...rest]).error).toBe(
        'UnknownFeed()',
      );
    }
  });

  it('has as much history as somebody pays for, up to 1,024 places', () => {
    const world = scene();
    const feed = world.feed(openTerms, 2);
    const raise = (places: number) =>
      world.chain.send(stranger, twap, 'increaseCardinality', [feed, places]);
    expect(raise(1_025).error).toBe('CardinalityLimit(1024)');
    expect(raise(2).events).toEqual([]);
    const first = raise(3);
    expect(first.gasUsed).toBeGreaterThan(110_000n); // five new words
    expect(first.events.at(-1)).toMatchObject({ name: 'CardinalityIncreased' });
    // what was paid for beforehand is not paid for by traders
    world.pass(15);
    const inPaid = world.sell(token0, unit).gasUsed;
    world.pass(15);
    world.pass(15);
    expect(world.sell(token0, unit).gasUsed).toBeLessThan(inPaid + 5_000n);
    expect(inPaid).toBeLessThan(230_000n);
  });
});

describe('history', () => {
  it('can be paid for before there is liquidity, at one price a place', () => {
    const world = new PoolScene();
    const grow = (places: number) =>
      world.chain.mustSend(stranger, pair, 'increaseObservationCardinalityNext', [places]).gasUsed;
    const [four, twelve] = [grow(4), grow(16)];
    expect((twelve - four) / 8n).toBeLessThan(114_000n);
    expect(world.refusal('oldest', [world.feed()])).toBe('NoLiquidity()');
    expect(world.chain.mustSend(stranger, pair, 'poke').value).toContain(false);
    world.setReserves(unit, unit);
    for (let block = 0; block < 20; block++) {
      world.pass(15);
      world.sell(block % 2 === 0 ? token0 : token1, unit / 100n);
    }
    const state = world.chain.read<readonly unknown[]>(pair, 'observationState');
    expect(state.slice(0, 3)).toEqual([4, 16, 16]);
    expect(world.chain.read(pair, 'history')).toEqual([225n, 15n]);
  });
});

describe('its proxy', () => {
  it('answers what Chainlink consumers ask', () => {
    const world = scene();
    const { chain } = world;
    const tradedAt = BigInt(chain.time);
    const tradedIn = BigInt(chain.height);
    const feed = world.feed({ ...guardedTerms, zeroForOne: false }, 4, 'OAK/GOLD');
    const address = chain.read<Hex>(registry, 'proxyOf', [feed]);
    const proxy = { address, abi: readArtifact('AggregatorV3Proxy').abi };
    expect(chain.read(proxy, 'latestRoundData')).toEqual([0n, 0n, 0n, 0n, 0n]);
    expect(() => chain.read(proxy, 'getPriceNoOlderThan', [9n])).toThrow('HistoryTooShort(0)');
    world.passBlocks(120);
    const value = (4n * unit) / 10n - 1n; // 100 / 250, UQ112x112 is floored
    const answer = [tradedIn, value, tradedAt, tradedAt, tradedIn];
    expect(chain.read(proxy, 'latestRoundData')).toEqual(answer);
    expect(chain.read(proxy, 'getRoundData', [tradedIn])).toEqual(answer);
    expect(chain.read(proxy, 'getRoundData', [tradedIn + 1n])).toEqual([
      tradedIn + 1n,
      0n,
      0n,
      0n,
      0n,
    ]);
    expect(chain.read(proxy, 'latestAnswer')).toBe(value);
    expect(chain.read(proxy, 'decimals')).toBe(18);
    expect(chain.read(proxy, 'description')).toBe('OAK/GOLD');
    expect(chain.read(proxy, 'status')).toEqual([
      1,
      value,
      0n,
      tradedAt,
      tradedIn,
      120,
      86_400,
      500,
    ]);
    expect(chain.read(proxy, 'getPriceNoOlderThan', [1_800n])).toEqual([value, 0n, tradedAt]);
    expect(() => chain.read(proxy, 'getPriceNoOlderThan', [1_799n])).toThrow('Stale(1800,1799)');
    expect(chain.read<readonly unknown[]>(registry, 'feedOf', [feed])[0]).toBe(2);
  });

  it('shows how far the means by time and by blocks are apart', () => {
    const world = scene();
    const feed = world.feed({}, 4);
    world.passBlocks(60, 20);
    world.setReserves(100n * unit, 500n * unit);
    world.passBlocks(60, 10);
    const [, value, conf] = world.chain.read<[number, bigint, bigint]>(twap, 'status', [feed]);
    // by time 1200 s at 2.5 and 600 s at 5, by blocks 60 and 60
    expect(value).toBe((10n * unit) / 3n);
    expect(conf).toBe((375n * unit) / 100n - (10n * unit) / 3n - 1n);
  });
});
