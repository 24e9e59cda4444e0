import type { Hex } from 'viem';
import { describe, expect, it } from 'vitest';
import { fromHex } from '../../src/primitives/bytes.ts';
import { account } from './artifacts.ts';
import {
  type Configuration,
  deadAddress,
  OracleScene,
  oak,
  oracle,
  registry,
  reportersOf,
  stakes,
  stranger,
  weightUnit,
} from './oracle-scene.ts';

/** Three seats taken at genesis by 20, 30 and 40; two more people have stake but no seat. */
function scene(changes: Partial<Configuration> = {}): OracleScene {
  return new OracleScene(reportersOf([20n, 30n, 40n]), { seats: 4, ...changes });
}

function stake(world: OracleScene, weight: bigint): void {
  world.chain.mustSend(stranger, stakes, 'deposit', [], weight * weightUnit);
  world.chain.mine();
}

const takeSeat = (world: OracleScene, person = stranger) =>
  world.chain.send(person, oracle, 'takeSeat', [world.feed]);

describe('seats', () => {
  it('a free seat counts from the next round', () => {
    const world = scene();
    stake(world, 1n);
    expect(takeSeat(world).value).toBe(2n);
    expect(takeSeat(world).error).toBe('AlreadySeated()');
    expect(world.commit(stranger, 1n, 5n).error).toBe('NotReporter()');
    world.goTo(2n, 0);
    expect(world.commit(stranger, 2n, 5n).error).toBe(undefined);
    expect(world.chain.read(oracle, 'seatOf', [world.feed, stranger])).toEqual([true, 3, 2n]);
  });

  it('a seat needs the minimum stake, held since the block before', () => {
    const world = scene({ minStake: 10n * weightUnit });
    world.chain.mustSend(stranger, stakes, 'deposit', [], 10n * weightUnit);
    expect(takeSeat(world).error).toBe(`StakeTooLow(0,${10n * weightUnit})`);
    world.chain.mine();
    expect(takeSeat(world).error).toBe(undefined);
  });

  it('C19: a full feed yields its lowest seat for a tenth more, from the next round', () => {
    const world = scene({ seats: 3 });
    const lowest = world.reporter(0);
    stake(world, 21n);
    expect(takeSeat(world).error).toBe(`SeatsFull(${22n * weightUnit})`);
    stake(world, 1n);
    const { events } = takeSeat(world);
    expect(events[0]?.args).toEqual({
      feed: world.feed,
      reporter: stranger,
      displaced: lowest,
      seat: 0,
      fromRound: 2n,
    });
    expect(world.commit(lowest, 1n, 5n).error).toBe(undefined); // still his this round
    expect(world.commit(stranger, 1n, 5n).error).toBe('NotReporter()');
    const seatOf = (person: Hex) => world.chain.read(oracle, 'seatOf', [world.feed, person]);
    expect([seatOf(lowest), seatOf(stranger)]).toEqual([
      [true, 0, 1n],
      [true, 0, 2n],
    ]);
    world.goTo(1n, 26);
    expect(world.reveal(lowest, 1n, 5n).error).toBe(undefined);
    world.goTo(2n, 0);
    expect(world.commit(lowest, 2n, 5n).error).toBe('NotReporter()');
    expect(world.commit(stranger, 2n, 5n).error).toBe(undefined);
    world.chain.mustSend(lowest, stakes, 'deposit', [], 5n * weightUnit);
    world.chain.mine();
    expect(takeSeat(world, lowest).value).toBe(3n); // the lowest is the stranger now: 22 * 1.1
  });

  it('a tenth more is rounded up', () => {
    const world = scene({ seats: 3 });
    world.chain.mustSend(world.reporter(0), stakes, 'deposit', [], 1n);
    const need = 22n * weightUnit + 2n; // of 20 units and 1 acorn
    world.chain.mustSend(stranger, stakes, 'deposit', [], need - 1n);
    world.chain.mine();
    expect(takeSeat(world).error).toBe(`SeatsFull(${need})`);
    world.chain.mustSend(stranger, stakes, 'deposit', [], 1n);
    world.chain.mine();
    expect(takeSeat(world).error).toBe(undefined);
  });

  it('a pending tenant can be displaced, the present one keeps the round', () => {
    const world = scene({ seats: 3 });
    const rival = account(0x1b9);
    world.chain.world.credit(fromHex(rival), oak);
    stake(world, 22n);
    takeSeat(world);
    world.chain.mustSend(rival, stakes, 'deposit', [], 25n * weightUnit);
    const rivalStake = 25n * weightUnit;
    world.people = () => [...world.reporters.map(({ address }) => address), stranger, rival];
    world.chain.mine();
    expect(rivalStake).toBeGreaterThan((22n * weightUnit * 11n) / 10n);
    expect(takeSeat(world, rival).value).toBe(2n);
    expect(world.chain.read(oracle, 'seatsOf', [world.feed, 1n])).toContain(world.reporter(0));
    expect(world.chain.read(oracle, 'seatsOf', [world.feed, 2n])).toContain(rival);
    expect(world.chain.read(oracle, 'seatsOf', [world.feed, 2n])).not.toContain(stranger);
    expect(takeSeat(world).error).toContain('SeatsFull');
  });

  it('an idle holder counts in no quorum and yields to the minimum stake', () => {
    const world = new OracleScene(reportersOf([20n, 30n, 40n, 900n]), { seats: 4 });
    const whale = world.reporter(3);
    world.report(9n, [10n, 10n, 10n]);
    expect(world.finalize(9n).events.map(({ name }) => name)).toContain('RoundVoided');
    world.report(10n, [10n, 10n, 10n]);
    expect(world.finalize(10n).events.map(({ name }) => name)).toContain('RoundFinalized');
    stake(world, 1n);
    expect(takeSeat(world).events[0]?.args.displaced).toBe(whale);
  });

  it('a holder with less than the minimum stake counts in no quorum', () => {
    const world = new OracleScene(reportersOf([10n, 20n, 20n, 90n]), {
      minStake: 10n * weightUnit,
    });
    world.chain.mustSend(world.reporter(3), stakes, 'requestExit', [81n * weightUnit]);
    world.report(2n, [10n, 10n, 10n]);
    expect(world.round(2n).totalWeight).toBe(50n); // with who has exactly the minimum
    world.goTo(3n, 0);
    const tooLow = `StakeTooLow(${9n * weightUnit},${10n * weightUnit})`;
    expect(world.commit(world.reporter(3), 3n, 5n).error).toBe(tooLow);
  });

  it('an idle holder who comes back counts again', () => {
    const world = new OracleScene(reportersOf([20n, 30n, 40n, 900n]), { seats: 4 });
    world.report(10n, [10n, 10n, 10n, undefined]);
    expect(world.round(10n).totalWeight).toBe(990n);
    expect(world.finalize(10n).events.map(({ name }) => name)).toContain('RoundVoided');
  });
});

describe('feeds of others', () => {
  const configuration = {
    ...Object.fromEntries([]),
    decimals: 6,
    heartbeat: 60,
    deviationBps: 10,
    period: 48,
    commitBlocks: 20,
    sealBlocks: 6,
    revealBlocks: 20,
    disputeBlocks: 6,
    seats: 3,
    minReports: 3,
    minWeightBps: 5_000,
    weightCapBps: 10_000,
    bondBps: 1_000,
    bandBps: 50,
    primarySharePpm: 400_000,
    outlierBps: 500,
    outlierSlashBps: 100,
    noRevealSlashBps: 200,
    earlyRevealSlashBps: 5_000,
    minStake: weightUnit,
    minTotalStake: 0n,
    rewardPerRound: oak,
  };
  const create = (world: OracleScene, changes: object, value = 10n * oak, name = 'BTC/USD') =>
    world.chain.send(
      stranger,
      oracle,
      'createFeed',
      [name, { ...configuration, ...changes }],
      value,
    );

  it('cost 10 OAK, have another id than a bare name, and are unlisted', () => {
    const world = scene();
    for (const paid of [9n * oak, 11n * oak]) {
      expect(create(world, {}, paid).error).toBe(`WrongFee(${paid},${10n * oak})`);
    }
    const created = create(world, {});
    const feed = created.value as `0x${string}`;
    expect(feed).not.toBe(world.feed);
    expect(world.chain.balance(deadAddress)).toBe(10n * oak);
    const listed = world.chain.read<readonly unknown[]>(registry, 'feedOf', [feed]);
    expect(listed.slice(3)).toEqual([stranger, 6, 60, 10, false, 'BTC/USD']);
    expect(create(world, {}).error).toBe('FeedExists()');
    expect(create(world, { decimals: 7 }).error).toBe(undefined);
    expect(world.chain.read(oracle, 'configuration', [feed])).toEqual(configuration);
    expect(world.chain.read(registry, 'feedCount')).toBe(3n);
    expect(world.chain.read(registry, 'feedAt', [1n])).toBe(feed);
    expect(() => world.chain.read(registry, 'feedAt', [3n])).toThrow('UnknownFeed()');
  });

  it.each([
    [0, { decimals: 37 }],
    [1, { heartbeat: 0 }],
    [3, { period: 45 }],
    [4, { commitBlocks: 19 }],
    [5, { sealBlocks: 5 }],
    [6, { revealBlocks: 2_001 }],
    [8, { seats: 65 }],
    [8, { seats: 2 }],
    [9, { minReports: 4 }],
    [15, { outlierBps: 49 }],
    [17, { noRevealSlashBps: 100 }],
    [18, { earlyRevealSlashBps: 10_001 }],
    [18, { noRevealSlashBps: 200, earlyRevealSlashBps: 400 }],
    [19, { minStake: weightUnit - 1n }],
    [21, { rewardPerRound: 2n ** 96n }],
  ])('refuse field %i of %o', (field, changes) => {
    expect(create(scene(), changes).error).toBe(`BadConfiguration(${field})`);
  });

  it('have printable names of at most 31 characters', () => {
    const world = scene();
    for (const name of ['', 'x'.repeat(32), 'BTC/\n', 'BTC/\x7f', 'BTC/USD\u00e9']) {
      expect(create(world, {}, 10n * oak, name).error).toBe('BadName()');
    }
    expect(create(world, {}, 10n * oak, 'x'.repeat(31)).error).toBe(undefined);
  });

  it('live on what is paid into them', () => {
    const world = scene();
    const feed = create(world, {}).value;
    expect(world.chain.send(stranger, oracle, 'fund', [feed]).error).toBe('ZeroAmount()');
    world.chain.mustSend(stranger, oracle, 'fund', [feed], oak);
    expect(world.chain.read(oracle, 'potOf', [feed])).toBe(oak);
    const unknown = world.chain.send(stranger, oracle, 'fund', [`0x${'00'.repeat(32)}`], 1n);
    expect(unknown.error).toBe('UnknownFeed()');
  });
});
