import { type Hex, toFunctionSelector, toHex } from 'viem';
import { beforeAll, describe, expect, it } from 'vitest';
import { ForkingChain } from '../support/forking-chain.ts';
import { account, encodeConstructor, moduleOf } from './artifacts.ts';
import {
  asserter,
  baseTerms,
  disputer,
  fund,
  governor,
  guard,
  jury,
  noDomain,
  OptimisticScene,
  oak,
  optimistic,
  outcomes,
  recipient,
  states,
  type Terms,
} from './optimistic-scene.ts';
import { realityPayout } from './reality-ladder.ts';
import { compileStandIn } from './stand-in.ts';

let standIn: Uint8Array;

beforeAll(async () => {
  standIn = await compileStandIn();
});

const scene = (fee?: bigint, terms: Partial<Terms> = {}) =>
  new OptimisticScene(standIn, fee, terms);

/** Asserts, disputes, rules. */
function disputed(world: OptimisticScene, outcome: bigint, bond?: bigint): Hex {
  const id = world.mustAssert(bond === undefined ? {} : { bond });
  expect(world.dispute(id).error).toBe(undefined);
  world.chain.mine();
  world.rule(id, outcome);
  return id;
}

describe('OptimisticOracle', () => {
  it('O1 (published): undisputed it is true, not a block too early', () => {
    const world = scene(50n * oak, { settleDelay: 1 });
    const { chain } = world;
    const id = world.mustAssert({ liveness: 7_200n });
    const made = chain.height;
    chain.mineTo(made + 7_199 + 1); // one block more than UMA's: expiration + settleDelay
    expect(world.settle(id).error).toBe('NotExpired()');
    chain.mine();
    const { value, events } = world.mustSettle(id);
    expect(value).toBe(true);
    expect(events.map(({ name }) => name)).toEqual(['Credited', 'AssertionSettled']);
    expect(world.claimable(asserter)).toBe(100n * oak);
    expect(world.claimable(fund.address)).toBe(0n);
    chain.mine();
  });

  it('O2 (published): disputed and false', () => {
    const world = scene();
    const id = disputed(world, outcomes.false);
    expect(world.mustSettle(id).value).toBe(false);
    expect(world.claimable(disputer)).toBe(150n * oak);
    expect(world.claimable(asserter)).toBe(0n);
    expect(world.chain.balance(jury.address)).toBe(50n * oak);
    expect(world.claimable(fund.address)).toBe(0n);
    expect(world.chain.read(optimistic, 'getAssertionResult', [id])).toBe(false);
    world.drain();
    expect(world.chain.balance(optimistic.address)).toBe(0n);
  });

  it('O3 (published): disputed and true', () => {
    const world = scene();
    const id = disputed(world, outcomes.true);
    expect(world.mustSettle(id).value).toBe(true);
    expect(world.claimable(asserter)).toBe(150n * oak);
    expect(world.claimable(disputer)).toBe(0n);
    expect(world.chain.balance(jury.address)).toBe(50n * oak);
    world.drain();
    expect(world.chain.balance(optimistic.address)).toBe(0n);
  });

  it('O4 (published): bonds and shares at six burns; here the bond rounds up', () => {
    const fee = 50n * oak;
    const published = [
      [1_000n, 500n * oak, 950n * oak],
      [2_000n, 250n * oak, 450n * oak],
      [3_000n, 166_666666666666666666n, 283_333333333333333333n],
      [5_000n, 100n * oak, 150n * oak],
      [7_000n, 71_428571428571428571n, 92_857142857142857143n],
      [10_000n, 50n * oak, 50n * oak],
    ] as const;
    for (const [burn, bond, winner] of published) {
      expect((fee * 10_000n) / burn).toBe(bond);
      const burned = (bond * burn) / 10_000n;
      expect(burned).toBe([3_000n, 7_000n].includes(burn) ? fee - 1n : fee);
      expect(2n * bond - burned).toBe(winner);
      const world = scene(fee, { burnBps: Number(burn) });
      const least = world.minimumBond();
      expect(least).toBe((fee * 10_000n + burn - 1n) / burn);
      world.mustSettle(disputed(world, outcomes.false));
      expect(world.claimable(disputer)).toBe(2n * least - fee);
      expect(world.claimable(fund.address)).toBe(0n);
    }
  });

  it('O5: disputes end with the block before expiration', () => {
    const world = scene();
    const [first, second] = [world.mustAssert(), world.mustAssert({ nonce: 1n })];
    const expiration = world.assertion(first).expirationBlock;
    world.chain.mineTo(expiration - 1n);
    expect(world.dispute(first).error).toBe(undefined);
    world.chain.mine();
    expect(world.dispute(second).error).toBe('Expired()');
  });

  it('O6: nothing happens twice, and nothing before the jury has ruled', () => {
    const world = scene();
    const id = world.mustAssert();
    world.dispute(id);
    expect(world.dispute(id).error).toBe('AlreadyDisputed()');
    world.chain.mine(10_000);
    expect(world.settle(id).error).toBe('DisputePending()');
    world.rule(id, outcomes.true);
    world.mustSettle(id);
    expect(world.settle(id).error).toBe('AlreadySettled()');
    expect(world.dispute(id).error).toBe('AlreadySettled()');
    const unknown = noDomain;
    expect(world.settle(unknown).error).toBe('UnknownAssertion()');
  });

  it('O7: disputing oneself costs exactly the fee', () => {
    for (const outcome of [outcomes.true, outcomes.false]) {
      const world = scene();
      const before = world.chain.balance(asserter);
      const id = world.mustAssert();
      expect(world.dispute(id, asserter).error).toBe(undefined);
      world.rule(id, outcome);
      world.mustSettle(id);
      world.drain();
      expect(before - world.chain.balance(asserter)).toBe(50n * oak);
    }
  });

  it('O8: the same statement in one block needs another nonce', () => {
    const world = scene();
    const first = world.mustAssert({ nonce: 4n });
    expect(world.assert({ nonce: 4n }).error).toBe('AssertionExists()');
    const second = world.mustAssert({ nonce: 5n });
    expect(second).not.toBe(first);
    const values = [toHex('again'), asserter];
    const bond = world.minimumBond();
    const again = () =>
      world.chain.send(asserter, optimistic, 'assertTruthWithDefaults', values, bond);
    const { value } = again();
    world.ids.push(value as Hex);
    expect(world.assertion(value as Hex)).toMatchObject({ state: 1, expirationBlock: 481n });
    expect(again().error).toBe('AssertionExists()');
    world.chain.mine();
  });

  it('O10: what governance changes does not touch what was asserted before', () => {
    const world = scene();
    const { chain } = world;
    const id = world.mustAssert();
    const { events } = chain.mustSend(governor, optimistic, 'setBurn', [10_000]);
    expect(events).toHaveLength(1);
    expect(world.minimumBond()).toBe(50n * oak);
    world.dispute(id);
    world.rule(id, outcomes.false);
    world.mustSettle(id);
    expect(world.claimable(disputer)).toBe(150n * oak);
    expect(chain.send(asserter, optimistic, 'setBurn', [1]).error).toBe('OnlyGovernor()');
    expect(chain.send(governor, optimistic, 'setBurn', [0]).error).toBe('BadBurn()');
  });

  it('O11: a dispute survives a reorganisation, and nothing settles meanwhile', () => {
    for (const depth of [1, 2, 3, 4, 5, 6]) {
      const world = scene();
      const { chain } = world;
      const forks = new ForkingChain(chain);
      const id = world.mustAssert();
      const { expirationBlock } = world.assertion(id);
      chain.mineTo(expirationBlock - 1n);
      expect(world.dispute(id).error).toBe(undefined); // in the last block that may dispute
      chain.mine(depth);
      expect(world.settle(id).error).toBe('DisputePending()');
      forks.reorganise(depth); // that block is replaced, and those after it
      expect(BigInt(chain.height)).toBe(expirationBlock - 1n);
      expect(world.assertion(id).state).toBe(states.asserted);
      expect(world.settle(id).error).toBe('NotExpired()');
      expect(world.dispute(id).error).toBe(undefined);
      chain.mine(depth + 1);
      expect(world.settle(id).error).toBe('DisputePending()');
    }
  });

  it('O11: whoever sees a settlement sees a dispute window that six blocks buried', () => {
    const world = scene();
    const { chain } = world;
    const id = world.mustAssert();
    const { expirationBlock } = world.assertion(id);
    chain.mineTo(expirationBlock);
    for (let block = 0; block < 6; block++) {
      expect(world.settle(id).error).toBe('NotExpired()');
      chain.mine();
    }
    expect(world.settle(id).error).toBe(undefined);
  });

  it('O13: too early, both get back their bonds less half of the fee', () => {
    const world = scene(51n, { burnBps: 5_050 });
    expect(world.minimumBond()).toBe(101n);
    const id = disputed(world, outcomes.tooEarly);
    const { events, value } = world.mustSettle(id);
    expect(value).toBe(false);
    expect(events.at(-1)).toMatchObject({
      name: 'AssertionUndecided',
      args: { returnedToEach: 75n },
    });
    expect([asserter, disputer, fund.address].map((person) => world.claimable(person))).toEqual([
      75n,
      75n,
      1n,
    ]);
    expect(() => world.chain.read(optimistic, 'getAssertionResult', [id])).toThrow('NoResult()');
    world.drain();
    expect(world.chain.balance(fund.address)).toBe(1n);
    expect(world.assert({ nonce: 1n }).error).toBe(undefined);
    const invalid = scene(51n, { burnBps: 5_050 });
    invalid.mustSettle(disputed(invalid, outcomes.invalid));
    expect(invalid.claimable(asserter)).toBe(75n);
  });

  it('O14: bonds, burns and livenesses have bounds', () => {
    const world = scene();
    const least = world.minimumBond();
    expect(world.assert({ bond: least - 1n }).error).toBe(`BondTooLow(${least})`);
    // A recipient that demands no more changes nothing.
    const named = { bond: least - 1n, callback: recipient.address };
    expect(world.assert(named).error).toBe(`BondTooLow(${least})`);
    for (const [nonce, liveness] of [40n, 40_320n].entries()) {
      expect(world.assert({ liveness, nonce: BigInt(nonce) }).error).toBe(undefined);
    }
    expect(world.assert({ liveness: 39n }).error).toBe('LivenessOutOfRange()');
    expect(world.assert({ liveness: 40_321n }).error).toBe('LivenessOutOfRange()');
    expect(world.assert({ value: least - 1n }).error).toBe(`WrongValue(${least - 1n},${least})`);
    expect(world.assert({ value: least + 1n }).error).toBe(`WrongValue(${least + 1n},${least})`);
    expect(world.assert({ bond: 2n ** 96n, value: 0n }).error).toBe('BondTooHigh()');
    expect(world.assert({ text: 'x'.repeat(8_193) }).error).toBe('ClaimTooLong(8192)');
    expect(world.assert({ text: 'x'.repeat(8_192) }).error).toBe(undefined);
    for (const burnBps of [0, 10_001]) {
      const values = [
        jury.address,
        guard.address,
        fund.address,
        governor,
        { ...baseTerms, burnBps },
      ];
      const data = encodeConstructor('OptimisticOracle', values);
      const build = () => world.chain.deploy(account(0x77), moduleOf('OptimisticOracle'), data);
      expect(build).toThrow(toFunctionSelector('function BadBurn()').slice(2));
    }
  });

  it('O15 (published, arithmetic only): a ladder of doubled bonds, as Reality pays it', () => {
    const answers = ['alice', 'bob', 'alice', 'bob', 'charlie', 'bob', 'charlie'];
    const ladder = (unit: bigint) =>
      answers.map((by, step) => ({ by, bond: unit << BigInt(step), right: by !== 'bob' }));
    expect(realityPayout(ladder(1n), 100n, 0n)).toEqual({ alice: 11n, charlie: 216n });
    const paid = realityPayout(ladder(oak), 100n * oak, 40n);
    expect(paid).toEqual({ alice: (10_825n * oak) / 1_000n, charlie: (2_146n * oak) / 10n });
    const burned = 227n * oak - (paid.alice as bigint) - (paid.charlie as bigint);
    expect(burned).toBe((1_575n * oak) / 1_000n);
    const small = [
      { by: 'k0', bond: 1n, right: false },
      { by: 'k3', bond: 2n, right: false },
      { by: 'k4', bond: 4n, right: true },
      { by: 'k3', bond: 11n, right: false },
      { by: 'k5', bond: 22n, right: true },
    ];
    expect(realityPayout(small, 1_000n, 40n)).toEqual({ k4: 11n, k5: 1_029n });
  });

  it('O16: a miner of 40 % cannot keep a dispute out; one of 51 % is outside of the model', () => {
    const log2 = (share: number, blocks: number) => blocks * Math.log2(share);
    expect(log2(0.4, baseTerms.liveness)).toBeLessThan(-600); // 10^-191
    expect(log2(0.4, baseTerms.livenessMin)).toBeLessThan(-52); // 10^-16 at the shortest
    expect(log2(0.2, baseTerms.livenessMin)).toBeLessThan(-92);
    const world = scene();
    expect(world.chain.read(optimistic, 'terms')).toEqual(baseTerms);
  });
});
