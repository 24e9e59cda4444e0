import { keccak256, toHex } from 'viem';
import { describe, expect, it } from 'vitest';
import { account } from './artifacts.ts';
import {
  baseConfiguration,
  chainId,
  collector,
  deadAddress,
  hashOf,
  hunter,
  OracleScene,
  oracle,
  reportersOf,
  saltOf,
  stakes,
  stranger,
  weightUnit,
} from './oracle-scene.ts';

const equalWeights = [20n, 20n, 20n, 20n, 20n];

function scene(
  changes: Partial<typeof baseConfiguration> = {},
  weights: readonly bigint[] = equalWeights,
): OracleScene {
  return new OracleScene(reportersOf(weights), changes);
}

function lockedOf(world: OracleScene, index: number): bigint {
  return world.chain.read<readonly bigint[]>(stakes, 'accountOf', [
    world.reporter(index),
  ])[3] as bigint;
}

function stakeOf(world: OracleScene, index: number): bigint {
  return world.chain.read(stakes, 'stakeOf', [world.reporter(index)]);
}

describe('commitments', () => {
  it('hash as computed elsewhere', () => {
    const feed = keccak256(toHex('BTC/USD'));
    expect(feed).toBe('0xee62665949c883f9e0f6f002eac32e00bd59dfe6c34e92a91c37d6a8322d6489');
    const overrides = { chainId: 1337n, contract: account(0xa1) };
    const hash = (reporter: number) =>
      hashOf(feed, 7n, account(reporter), 10010n, `0x${'11'.repeat(32)}`, overrides);
    expect(hash(0xb1)).toBe('0x4f11382a8b43f68ccba30dd441696ac125232c23732320de5766d4f378266147');
    expect(hash(0xb2)).toBe('0x0eb33a692a37f082578ece8a918accbc5214230b603bd6a90350ac18a3bcbf2d');
  });

  it('are computed by the contract as by the test', () => {
    const world = scene();
    const salt = saltOf(stranger, 7n);
    expect(chainId).toBe(1337);
    for (const value of [10010n, -1n, -(2n ** 191n) + 1n]) {
      const args = [world.feed, 7n, stranger, value, salt];
      expect(world.chain.read(oracle, 'computeCommit', args)).toBe(
        hashOf(world.feed, 7n, stranger, value, salt),
      );
    }
  });

  it('C1: a copied commitment cannot be opened by the copier', () => {
    const world = scene();
    const [victim, copier] = [world.reporter(0), world.reporter(1)];
    world.goTo(1n, 0);
    world.commit(victim, 1n, 10010n);
    const stolen = hashOf(world.feed, 1n, victim, 10010n, saltOf(victim, 1n));
    world.chain.mustSend(copier, oracle, 'commit', [world.feed, 1n, stolen]);
    world.goTo(1n, 26);
    expect(world.reveal(victim, 1n, 10010n).error).toBe(undefined);
    expect(world.reveal(copier, 1n, 10010n, saltOf(victim, 1n)).error).toBe('CommitMismatch()');
    world.goTo(1n, 46);
    world.finalize(1n);
    const { events } = world.settle(1n);
    const penalties = events.filter(({ name }) => name === 'Penalized');
    expect(penalties.map(({ args }) => [args.reporter, args.reason])).toEqual([[copier, 1]]);
  });

  it('C2: the same hash sent first by another does not shut the victim out', () => {
    const world = scene();
    const [victim, copier] = [world.reporter(0), world.reporter(1)];
    world.goTo(1n, 0);
    const hash = hashOf(world.feed, 1n, victim, 10010n, saltOf(victim, 1n));
    world.chain.mustSend(copier, oracle, 'commit', [world.feed, 1n, hash]);
    expect(world.commit(victim, 1n, 10010n).error).toBe(undefined);
    world.goTo(1n, 26);
    expect(world.reveal(victim, 1n, 10010n).error).toBe(undefined);
  });

  it('C3: phases are kept, and a secret told early is a bounty', () => {
    const world = scene({ bondBps: 10_000 });
    const victim = world.reporter(0);
    const salt = saltOf(victim, 1n);
    world.goTo(1n, 0);
    world.commit(victim, 1n, 10010n);
    expect(world.reveal(victim, 1n, 10010n).error).toBe('WrongPhase(1,3)');
    world.goTo(1n, 20);
    expect(world.reveal(victim, 1n, 10010n).error).toBe('WrongPhase(2,3)');
    expect(world.commit(world.reporter(1), 1n, 1n).error).toBe('WrongPhase(2,1)');
    const proof = [world.feed, 1n, victim, 10010n, salt];
    const wrong = [world.feed, 1n, victim, 10011n, salt];
    expect(world.chain.send(hunter, oracle, 'proveEarlyReveal', wrong).error).toBe(
      'CommitMismatch()',
    );
    world.chain.mustSend(hunter, oracle, 'proveEarlyReveal', proof);
    expect(world.claimable(hunter)).toBe(5n * weightUnit);
    expect(world.chain.balance(deadAddress)).toBe(5n * weightUnit);
    expect(stakeOf(world, 0)).toBe(10n * weightUnit);
    expect(world.chain.send(hunter, oracle, 'proveEarlyReveal', proof).error).toBe('NoCommit()');
    world.goTo(1n, 26);
    expect(world.reveal(victim, 1n, 10010n).error).toBe('NoCommit()');
    expect(world.chain.send(hunter, oracle, 'proveEarlyReveal', proof).error).toBe(
      'WrongPhase(3,2)',
    );
  });

  it('C3: who told early commits no more in that round', () => {
    const world = scene();
    const victim = world.reporter(0);
    world.goTo(1n, 0);
    world.commit(victim, 1n, 10010n);
    const proof = [world.feed, 1n, victim, 10010n, saltOf(victim, 1n)];
    world.chain.mustSend(hunter, oracle, 'proveEarlyReveal', proof);
    expect(world.commit(victim, 1n, 5n).error).toBe('NoCommit()');
  });

  it('C4: the last block of the reveal window is open, the next is not', () => {
    const world = scene();
    world.goTo(1n, 0);
    world.commit(world.reporter(0), 1n, 5n);
    world.commit(world.reporter(1), 1n, 5n);
    world.goTo(1n, 45);
    expect(world.reveal(world.reporter(0), 1n, 5n).error).toBe(undefined);
    world.goTo(1n, 46);
    expect(world.reveal(world.reporter(1), 1n, 5n).error).toBe('WrongPhase(0,3)');
  });

  it('C5: a later commitment replaces an earlier one, and a report is final', () => {
    const world = scene();
    const reporter = world.reporter(0);
    world.goTo(1n, 0);
    world.commit(reporter, 1n, 1n);
    world.commit(reporter, 1n, 2n);
    expect(lockedOf(world, 0)).toBe(2n * weightUnit);
    world.goTo(1n, 26);
    expect(world.reveal(reporter, 1n, 1n).error).toBe('CommitMismatch()');
    expect(world.reveal(reporter, 1n, 2n).error).toBe(undefined);
    expect(world.reveal(reporter, 1n, 2n).error).toBe('AlreadyRevealed()');
  });

  it('C6: salts are long and used once', () => {
    const world = scene();
    const reporter = world.reporter(0);
    const weak = toHex(7, { size: 32 });
    const strong = toHex(2n ** 128n, { size: 32 });
    world.goTo(1n, 0);
    world.commit(reporter, 1n, 1n, weak);
    world.commit(world.reporter(1), 1n, 1n, strong);
    world.goTo(1n, 26);
    expect(world.reveal(reporter, 1n, 1n, weak).error).toBe('SaltTooWeak()');
    expect(world.reveal(world.reporter(1), 1n, 1n, strong).error).toBe(undefined);
    world.goTo(2n, 0);
    world.commit(world.reporter(1), 2n, 1n, strong);
    world.goTo(2n, 26);
    expect(world.reveal(world.reporter(1), 2n, 1n, strong).error).toBe('SaltReused()');
  });

  it('C7: nothing can be replayed on another feed, round, chain or contract', () => {
    const world = new OracleScene(reportersOf(equalWeights), {}, ['BTC/USD', 'ETH/USD']);
    const foreign = [
      hashOf(world.feeds[1] as `0x${string}`, 1n, world.reporter(0), 9n, saltOf(stranger, 1n)),
      hashOf(world.feed, 2n, world.reporter(1), 9n, saltOf(stranger, 1n)),
      hashOf(world.feed, 1n, world.reporter(2), 9n, saltOf(stranger, 1n), { chainId: 1n }),
      hashOf(world.feed, 1n, world.reporter(3), 9n, saltOf(stranger, 1n), {
        contract: account(0xa1),
      }),
    ];
    world.goTo(1n, 0);
    for (const [index, hash] of foreign.entries()) {
      world.chain.mustSend(world.reporter(index), oracle, 'commit', [world.feed, 1n, hash]);
    }
    world.goTo(1n, 26);
    for (const index of foreign.keys()) {
      const { error } = world.reveal(world.reporter(index), 1n, 9n, saltOf(stranger, 1n));
      expect(error).toBe('CommitMismatch()');
    }
  });
});

describe('penalties and quorum', () => {
  it('C8: penalties are rounded up', () => {
    const reporters = reportersOf(equalWeights).map(({ address, stake }) => ({
      address,
      stake: stake + 1n,
    }));
    const world = new OracleScene(reporters, { bondBps: 10_000 });
    world.report(1n, [undefined, 10_000n, 10_000n, 10_000n, 20_000n]);
    world.finalize(1n);
    const { events } = world.settle(1n);
    const penalties = events.filter(({ name }) => name === 'Penalized');
    // 2 % and 1 % of 20 * 10^12 + 1, half of each burned, the odd acorn too
    expect(penalties.map(({ args }) => [args.reason, args.amount, args.burned])).toEqual([
      [1, 400_000_000_001n, 200_000_000_001n],
      [2, 200_000_000_001n, 100_000_000_001n],
    ]);
    expect(stakeOf(world, 0)).toBe(20n * weightUnit + 1n - 400_000_000_001n);
    expect(stakeOf(world, 1)).toBe(20n * weightUnit + 1n);
  });

  it('C9: two reports are no value, and nothing is refreshed', () => {
    const world = scene();
    world.report(1n, [100n, 100n, 100n, 100n, 100n]);
    world.finalize(1n);
    const before = world.latest();
    world.settle(1n);
    const pot = () => world.chain.read<bigint>(oracle, 'potOf', [world.feed]);
    world.goTo(2n, 0);
    world.report(2n, [200n, 900n, undefined, undefined, undefined]);
    const waiting = pot();
    const { events } = world.finalize(2n);
    expect(events.map(({ name, args }) => [name, args.reason])).toEqual([['RoundVoided', 1]]);
    expect(pot()).toBe(waiting + baseConfiguration.rewardPerRound);
    expect(world.latest()).toEqual(before);
    const penalties = world.settle(2n).events.filter(({ name }) => name === 'Penalized');
    expect(penalties.map(({ args }) => [args.reporter, args.reason])).toEqual(
      [2, 3, 4].map((index) => [world.reporter(index), 1]),
    );
  });

  it('C9: less than half of the weight is no value, half is', () => {
    const light = scene({}, [1000n, 1000n, 2999n, 2502n, 2499n]);
    light.report(1n, [100n, 100n, 100n, undefined, undefined]);
    const voided = light.finalize(1n).events.map(({ name, args }) => [name, args.reason]);
    expect(voided).toEqual([['RoundVoided', 2]]);
    const half = scene({}, [1000n, 1000n, 3000n, 2500n, 2500n]);
    half.report(1n, [100n, 100n, 100n, undefined, undefined]);
    expect(half.finalize(1n).events.map(({ name }) => name)).toContain('RoundFinalized');
  });

  it('C11: extreme values move nothing and overflow nothing', () => {
    const world = scene();
    const extreme = 2n ** 191n - 1n;
    world.goTo(1n, 0);
    const tooLarge = [2n ** 191n, -(2n ** 191n), 2n ** 255n - 1n, -(2n ** 255n)];
    world.commit(world.reporter(0), 1n, 2n ** 191n);
    world.goTo(1n, 26);
    for (const value of tooLarge) {
      expect(world.reveal(world.reporter(0), 1n, value).error).toBe('ValueOutOfRange()');
    }
    world.report(2n, [extreme, 10_000n, 10_001n, 10_002n, -extreme]);
    world.finalize(2n);
    expect(world.latest()[1]).toBe(10_001n);
    const penalties = world.settle(2n).events.filter(({ name }) => name === 'Penalized');
    expect(penalties.map(({ args }) => [args.reporter, args.reason])).toEqual([
      [world.reporter(0), 2],
      [world.reporter(4), 2],
    ]);
    expect(world.round(2n).left).toBe(0n);
  });
});

describe('rewards', () => {
  it('C12: the worked round pays exactly', () => {
    const world = scene({}, [10n, 30n, 20n, 25n, 15n]);
    world.report(1n, [9990n, 10000n, 10010n, 10050n, 12000n]);
    world.finalize(1n);
    const { value, q1, q3, pool, left } = world.round(1n);
    expect({ value, q1, q3, pool, left }).toEqual({
      value: 10010n,
      q1: 10000n,
      q3: 10050n,
      pool: 1_010_104n,
      left: 1_000_003n,
    });
    expect(world.claimable(collector)).toBe(10_101n);
    world.settle(1n);
    const rewards = world.reporters.map(({ address }) => world.claimable(address));
    expect(rewards).toEqual([70588n, 371766n, 247844n, 309805n, 0n]);
    expect(stakeOf(world, 4)).toBe(15n * weightUnit - (15n * weightUnit) / 1000n);
    const [before, owner] = [world.chain.balance(world.reporter(1)), world.reporter(1)];
    world.chain.mustSend(owner, oracle, 'claim');
    expect(world.chain.balance(owner) - before).toBe(371766n);
    expect(world.chain.send(owner, oracle, 'claim').error).toBe('NothingToClaim()');
  });

  it('C12: batches of one pay like one batch of all', () => {
    const world = scene({}, [10n, 30n, 20n, 25n, 15n]);
    world.report(1n, [9990n, 10000n, 10010n, 10050n, 12000n]);
    world.finalize(1n);
    const settle = () => world.chain.send(stranger, oracle, 'settle', [world.feed, 1n, 1]);
    expect(settle().error).toBe(`NotSettleable(${world.chain.height + 6})`);
    world.chain.mine(6);
    expect([1, 2, 3, 4, 5].map(() => settle().value)).toEqual([4, 3, 2, 1, 0]);
    expect(settle().error).toBe('AlreadySettled()');
    const rewards = world.reporters.map(({ address }) => world.claimable(address));
    expect(rewards).toEqual([70588n, 371766n, 247844n, 309805n, 0n]);
  });

  it('C13: a value outside both bands earns nothing', () => {
    const world = scene();
    world.report(1n, [10_000n, 10_000n, 10_000n, 10_000n, 10_300n]);
    world.finalize(1n);
    const { events } = world.settle(1n);
    expect(world.claimable(world.reporter(4))).toBe(0n);
    expect(events.filter(({ name }) => name === 'Penalized')).toEqual([]); // 3 % is no outlier
    expect(world.claimable(world.reporter(0))).toBe(250_000n);
  });
});

describe('strategies', () => {
  it('C17: repeating the old value earns nothing, and costs once the market is far', () => {
    for (const [market, penalties] of [
      [10_500n, []],
      [10_600n, [2]],
    ] as const) {
      const world = scene();
      world.report(1n, [market, market, market, market, 10_000n]);
      world.finalize(1n);
      const { events } = world.settle(1n);
      expect(world.claimable(world.reporter(4))).toBe(0n);
      const reasons = events.filter(({ name }) => name === 'Penalized');
      expect(reasons.map(({ args }) => args.reason)).toEqual(penalties);
    }
  });

  it('C18: the last revealer moves the value to a neighbour at most, or pays for silence', () => {
    const honest = [100n, 101n, 103n];
    const revealed = scene({}, [20n, 20n, 20n, 20n]);
    revealed.report(1n, [...honest, 150n]);
    revealed.finalize(1n);
    expect(revealed.latest()[1]).toBe(102n);
    const withheld = scene({}, [20n, 20n, 20n, 20n]);
    withheld.report(1n, [...honest, undefined]);
    withheld.finalize(1n);
    expect(withheld.latest()[1]).toBe(101n);
    withheld.settle(1n);
    expect(stakeOf(withheld, 3)).toBe(20n * weightUnit - (2n * weightUnit * 2n) / 100n);
  });

  it('three wallets that commit three values and show the best lose against one honest one', () => {
    const weights = [8_000n, 20_000n, 2_000n, 2_000n, 2_000n];
    const rewardPerRound = 10n * weightUnit;
    const values = [100n, 100n, 100n, 103n, 97n];
    const outcome = (shown: readonly (bigint | undefined)[]): bigint => {
      const world = scene({ bondBps: 10_000, rewardPerRound }, weights);
      world.report(1n, shown);
      world.finalize(1n);
      world.settle(1n);
      const own = [2, 3, 4].map(
        (index) => stakeOf(world, index) + world.claimable(world.reporter(index)),
      );
      return own.reduce((sum, amount) => sum + amount, 0n);
    };
    const honest = outcome([100n, 100n, 100n, 100n, 100n]);
    const hedged = outcome([100n, 100n, 100n, undefined, undefined]);
    const confessed = outcome(values);
    expect(hedged).toBeLessThan(honest);
    expect(hedged).toBeLessThan(confessed); // silence costs more than being wrong
  });
});

describe('stake', () => {
  it('C14: weight is the snapshot, and an exit waits for the settlement', () => {
    const world = scene({ bondBps: 10_000 });
    const leaver = world.reporter(0);
    world.goTo(1n, 0);
    world.commit(leaver, 1n, 10n);
    const { chain } = world;
    chain.mustSend(leaver, stakes, 'requestExit', [20n * weightUnit]);
    chain.mustSend(world.reporter(1), stakes, 'deposit', [], 80n * weightUnit);
    for (const index of [1, 2, 3, 4]) world.commit(world.reporter(index), 1n, 10n);
    world.goTo(1n, 26);
    for (const index of [0, 1, 2, 3, 4]) world.reveal(world.reporter(index), 1n, 10n);
    for (const seat of [0, 1]) {
      const report = chain.read<readonly unknown[]>(oracle, 'getReport', [world.feed, 1n, seat]);
      expect(report[5]).toBe(20n);
    }
    chain.mineTo(150);
    expect(chain.send(leaver, stakes, 'withdraw').error).toBe(`StakeLocked(${20n * weightUnit})`);
    world.finalize(1n);
    expect(chain.send(leaver, stakes, 'withdraw').error).toBe(`StakeLocked(${20n * weightUnit})`);
    world.settle(1n);
    const before = chain.balance(leaver);
    chain.mustSend(leaver, stakes, 'withdraw');
    expect(chain.balance(leaver) - before).toBe(20n * weightUnit);
  });

  it('C15: seventy per cent of the stake weigh no more than a fifth', () => {
    const weights = [70n, 8n, 8n, 7n, 7n];
    const open = scene({ weightCapBps: 10_000 }, weights);
    open.report(1n, [20_000n, 10_000n, 10_001n, 10_002n, 10_003n]);
    open.finalize(1n);
    expect(open.latest()[1]).toBe(20_000n);
    const capped = scene({ weightCapBps: 2_000 }, weights);
    capped.report(1n, [20_000n, 10_000n, 10_001n, 10_002n, 10_003n]);
    capped.finalize(1n);
    expect(capped.round(1n).capWeight).toBe(7n);
    expect(capped.latest()[1]).toBe(10_002n);
  });
});
