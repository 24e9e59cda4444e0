import { encodeFunctionData, getContractAddress, type Hex } from 'viem';
import { describe, expect, it } from 'vitest';
import type { Target } from '../support/contract-chain.ts';
import { account, encodeConstructor, moduleOf, readArtifact } from './artifacts.ts';
import {
  type Configuration,
  collector,
  fund,
  OracleScene,
  oracle,
  registry,
  reportersOf,
  saltOf,
  stakes,
  stranger,
  weightUnit,
} from './oracle-scene.ts';

function scene(changes: Partial<Configuration> = {}, names = ['BTC/USD']): OracleScene {
  return new OracleScene(reportersOf([20n, 20n, 20n, 20n, 20n]), changes, names);
}

function proxyOf(world: OracleScene): Target {
  const address = world.chain.read<Hex>(registry, 'proxyOf', [world.feed]);
  return { address, abi: readArtifact('AggregatorV3Proxy').abi };
}

describe('the fund', () => {
  it('takes no feed twice and none without a weight', () => {
    const { chain, feed } = scene();
    const build = (feeds: readonly Hex[], weights: readonly number[]) => () =>
      chain.deploy(
        account(0xf1),
        moduleOf('OracleFund'),
        encodeConstructor('OracleFund', [feeds.map(() => oracle.address), feeds, weights]),
      );
    const other: Hex = `0x${'01'.repeat(32)}`;
    expect(build([feed, feed], [1, 1])).toThrow('reverted');
    expect(build([feed, other], [1, 0])).toThrow('reverted');
    expect(build([feed, other], [1, 1])).not.toThrow();
  });
});

describe('a feed, read through its proxy', () => {
  it('stands at its CREATE2 address', () => {
    const world = scene();
    const { bytecode } = readArtifact('AggregatorV3Proxy');
    const contractArguments = `${world.feed.slice(2)}${oracle.address.slice(2).padStart(64, '0')}`;
    const predicted = getContractAddress({
      from: registry.address,
      opcode: 'CREATE2',
      salt: world.feed,
      bytecode: `${bytecode}${contractArguments}`,
    });
    expect(proxyOf(world).address).toBe(predicted);
  });

  it('answers what Chainlink consumers ask', () => {
    const world = scene();
    const proxy = proxyOf(world);
    const { chain } = world;
    expect(chain.read(proxy, 'decimals')).toBe(8);
    expect(chain.read(proxy, 'description')).toBe('BTC/USD');
    expect(chain.read(proxy, 'version')).toBe(1n);
    expect(chain.read(proxy, 'latestRoundData')).toEqual([0n, 0n, 0n, 0n, 0n]);
    expect(() => chain.read(proxy, 'getPriceNoOlderThan', [1n])).toThrow('NoData()');
    const openedAt = BigInt(chain.time);
    world.report(1n, [100n, 101n, 102n, 103n, 104n]);
    const revealedAt = openedAt + 26n * 15n;
    world.finalize(1n);
    const answer = [1n, 102n, openedAt, revealedAt, 1n];
    expect(chain.read(proxy, 'latestRoundData')).toEqual(answer);
    expect(chain.read(proxy, 'getRoundData', [1n])).toEqual(answer);
    expect(chain.read(proxy, 'getRoundData', [2n])).toEqual([2n, 0n, 0n, 0n, 0n]);
    expect(chain.read(proxy, 'latestAnswer')).toBe(102n);
    expect(chain.read(proxy, 'latestTimestamp')).toBe(revealedAt);
    expect(chain.read(proxy, 'latestRound')).toBe(1n);
    expect(chain.read(proxy, 'getAnswer', [1n])).toBe(102n);
    expect(chain.read(proxy, 'getTimestamp', [9n])).toBe(0n);
    // the quartiles of 100..104 are 101 and 103
    expect(chain.read(proxy, 'status')).toEqual([1, 102n, 1n, revealedAt, 27n, 5, 3_600, 50]);
    expect(chain.read(proxy, 'feed')).toBe(world.feed);
  });

  it('goes stale by the age of its reports, however late it is finalized', () => {
    const world = scene({ heartbeat: 600 });
    const { chain } = world;
    const proxy = proxyOf(world);
    world.report(1n, [100n, 101n, 102n, 103n, 104n]);
    chain.mine(100);
    world.finalize(1n);
    expect(chain.read<readonly unknown[]>(proxy, 'status')[0]).toBe(2);
    const age = 120n * 15n; // revealed in block 27, now 147
    expect(() => chain.read(proxy, 'getPriceNoOlderThan', [age - 1n])).toThrow(
      `Stale(${age},${age - 1n})`,
    );
    expect(chain.read(proxy, 'getPriceNoOlderThan', [age])).toEqual([
      102n,
      1n,
      BigInt(chain.time) - age,
    ]);
  });

  it('keeps the newest round when an older one is finalized after it', () => {
    const world = scene();
    world.report(1n, [1n, 1n, 1n, 1n, 1n]);
    world.report(2n, [2n, 2n, 2n, 2n, 2n]);
    world.finalize(2n);
    world.finalize(1n);
    expect(world.latest().slice(0, 2)).toEqual([2n, 2n]);
    const { chain } = world;
    const again = chain.send(stranger, oracle, 'finalize', [world.feed, 1n]);
    expect(again.error).toBe('AlreadyFinal()');
    expect(chain.send(stranger, oracle, 'finalize', [world.feed, 3n]).error).toBe('NoRound()');
  });

  it('says bootstrap while too little stake stands behind it', () => {
    const world = scene({ minTotalStake: 81n * weightUnit });
    world.report(1n, [100n, 100n, 100n, 100n, undefined]);
    world.finalize(1n);
    const proxy = proxyOf(world);
    expect(world.chain.read<readonly unknown[]>(proxy, 'status')[0]).toBe(3);
    expect(() => world.chain.read(proxy, 'getPriceNoOlderThan', [10_000n])).toThrow(
      `Bootstrap(${80n * weightUnit},${81n * weightUnit})`,
    );
  });

  it('has negative values and a value of zero', () => {
    const world = scene();
    world.report(1n, [-10_300n, -10_000n, -9_999n, -9_998n, 5n]);
    world.finalize(1n);
    expect(world.latest()[1]).toBe(-9_999n);
    world.settle(1n);
    world.report(2n, [0n, 0n, 0n, 1n, -1n]);
    world.finalize(2n);
    expect(world.latest().slice(0, 2)).toEqual([2n, 0n]);
    const { events } = world.settle(2n);
    expect(events.filter(({ name }) => name === 'Penalized')).toEqual([]);
    expect(world.round(2n).left).toBe(0n);
  });
});

describe('phases', () => {
  it('follow from the height alone', () => {
    const world = scene();
    const { chain, feed } = world;
    const at = (offset: number) => {
      world.goTo(1n, offset);
      return chain.read<readonly unknown[]>(oracle, 'phase', [feed]);
    };
    expect(at(0)).toEqual([1, 21n]);
    expect(at(19)).toEqual([1, 21n]);
    expect(at(20)).toEqual([2, 27n]);
    expect(at(26)).toEqual([3, 47n]);
    expect(at(45)).toEqual([3, 47n]);
    expect(at(46)).toEqual([0, 61n]);
    expect(at(60)).toEqual([1, 81n]);
    expect(chain.read(oracle, 'currentRound', [feed])).toBe(2n);
    expect(chain.read(oracle, 'windows', [feed, 2n])).toEqual([61n, 81n, 87n, 107n]);
  });

  it('refuse rounds that are not the running one', () => {
    const world = scene();
    for (const round of [0n, 2n, 2n ** 64n - 1n]) {
      expect(world.commit(world.reporter(0), round, 1n).error).toBe('WrongPhase(0,1)');
    }
  });

  it('keep finalize until the reveals are over', () => {
    const world = scene();
    world.goTo(1n, 0);
    world.commit(world.reporter(0), 1n, 1n);
    const finalize = () => world.chain.send(collector, oracle, 'finalize', [world.feed, 1n]).error;
    expect(finalize()).toBe('WrongPhase(1,0)');
    world.goTo(1n, 45);
    expect(finalize()).toBe('WrongPhase(3,0)');
    world.goTo(1n, 46);
    expect(finalize()).toBe(undefined);
  });
});

describe('money', () => {
  it('reaches genesis feeds by their weights, when it is asked for', () => {
    const world = scene({}, ['BTC/USD', 'ETH/USD']);
    const { chain } = world;
    chain.mine(9);
    const received = 10n * world.subsidy;
    expect(chain.read(fund, 'received')).toBe(received);
    expect(chain.read(fund, 'owed', [world.feeds[0]])).toBe(received / 3n);
    chain.mustSend(stranger, fund, 'collect', [world.feeds[1]]);
    expect(chain.read(oracle, 'potOf', [world.feeds[1]])).toBe((received * 2n) / 3n);
    expect(chain.read(fund, 'owed', [world.feeds[1]])).toBe(0n);
    expect(chain.send(stranger, fund, 'collect', [`0x${'01'.repeat(32)}`]).error).toBe(
      'UnknownFeed()',
    );
  });

  it('is drawn by the first commit of a round', () => {
    const world = scene({ rewardPerRound: 10n ** 24n });
    world.goTo(1n, 5);
    const due = world.chain.read<bigint>(fund, 'owed', [world.feed]);
    const { events } = world.commit(world.reporter(0), 1n, 1n);
    const opened = events.find(({ name }) => name === 'RoundOpened');
    expect(opened?.args.pool).toBe(due);
    expect(world.round(1n)).toMatchObject({ pool: due, left: due, totalWeight: 100n });
  });

  it('cannot be sent to the oracle by accident', () => {
    const { chain } = scene();
    expect(chain.sendRaw(stranger, oracle.address, '0x', 1n).status).toBe('reverted');
    expect(chain.sendRaw(stranger, registry.address, '0x', 1n).status).toBe('reverted');
    const data = encodeFunctionData({ abi: oracle.abi, functionName: 'claim' });
    expect(chain.sendRaw(stranger, oracle.address, data, 1n).status).toBe('reverted');
  });
});

describe('a full feed', () => {
  it('C19: 64 reports finalize in less than a tenth of a block', () => {
    const world = new OracleScene(reportersOf(Array(64).fill(20n)), {
      seats: 64,
      weightCapBps: 2_000,
    });
    const { chain } = world;
    world.goTo(1n, 0);
    const first = world.commit(world.reporter(0), 1n, 10_000n).gasUsed;
    for (let index = 1; index < 64; index++) {
      world.commit(world.reporter(index), 1n, BigInt(10_000 + ((index * 37) % 64)));
    }
    world.goTo(1n, 26);
    for (let index = 0; index < 64; index++) {
      const value = BigInt(10_000 + ((index * 37) % 64));
      const salt = saltOf(world.reporter(index), 1n);
      expect(world.reveal(world.reporter(index), 1n, value, salt).error).toBe(undefined);
    }
    world.goTo(1n, 46);
    const { gasUsed } = world.finalize(1n);
    expect(world.latest()[1]).toBe(10_031n); // mean of 10031 and 10032, rounded down
    expect(gasUsed).toBeLessThan(3_000_000n);
    expect(first).toBeLessThan(3_000_000n);
    const settled = world.settle(1n);
    expect(settled.value).toBe(0);
    expect(world.round(1n).left).toBe(0n);
    expect(chain.read(stakes, 'burned')).toBe(0n);
  });
});
