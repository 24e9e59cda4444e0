import { encodeFunctionData, type Hex, toFunctionSelector, toHex } from 'viem';
import { beforeAll, describe, expect, it } from 'vitest';
import { fromHex } from '../../src/primitives/bytes.ts';
import { account, encodeConstructor, moduleOf } from './artifacts.ts';
import {
  asserter,
  baseTerms,
  disputer,
  fund,
  governor,
  guard,
  jury,
  nobody,
  noDomain,
  OptimisticScene,
  oak,
  optimistic,
  outcomes,
  recipient,
  settler,
  states,
  type Terms,
} from './optimistic-scene.ts';
import { compileStandIn, modes } from './stand-in.ts';

let standIn: Uint8Array;

beforeAll(async () => {
  standIn = await compileStandIn();
}, 120_000);

const scene = (fee?: bigint, terms: Partial<Terms> = {}) =>
  new OptimisticScene(standIn, fee, terms);

interface Answer {
  readonly by: string;
  readonly bond: bigint;
  readonly right: boolean;
}

/**
 * Reality.eth's claimWinnings: from the last answer to the first each right one takes the bonds
 * above it down to the next right one below, to whom it pays that one's bond; of all bonds but the
 * last a part is burned (0: none).
 */
function realityPayout(
  history: readonly Answer[],
  bounty: bigint,
  burnedPart: bigint,
): Record<string, bigint> {
  const paid: Record<string, bigint> = {};
  const pay = (to: string, amount: bigint) => {
    paid[to] = (paid[to] ?? 0n) + amount;
  };
  let payee: string | undefined;
  let queued = 0n;
  let lastBond = 0n;
  for (const [place, { by, bond, right }] of [...history].reverse().entries()) {
    queued += lastBond;
    if (right && payee === undefined) {
      payee = by;
      queued += bounty;
    } else if (right && payee !== undefined && by !== payee) {
      const takeover = queued < bond ? queued : bond;
      pay(payee, queued - takeover);
      payee = by;
      queued = takeover;
    }
    lastBond = place === 0 || burnedPart === 0n ? bond : bond - bond / burnedPart;
  }
  pay(payee as string, queued + lastBond);
  return paid;
}

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

  it('O3: disputed and true', () => {
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
    // both branches share 39 blocks; from block 40, the last that may dispute, they part
    const branch = (disputeAt: number | undefined) => {
      const world = scene();
      const id = world.mustAssert();
      const { chain } = world;
      expect(world.assertion(id).expirationBlock).toBe(41n);
      chain.mineTo(40);
      const errors: (string | undefined)[] = [];
      for (; chain.height < 47; chain.mine()) {
        if (chain.height === disputeAt) errors.push(world.dispute(id).error);
        errors.push(world.settle(id).error);
      }
      return { world, id, errors };
    };
    const pending = Array(7).fill('DisputePending()');
    const first = branch(40);
    expect(first.errors).toEqual([undefined, ...pending]);
    const second = branch(40); // six blocks replaced, the dispute included again
    expect(second.id).toBe(first.id);
    expect(second.errors).toEqual([undefined, ...pending]);
    const censored = branch(undefined);
    expect(censored.id).toBe(first.id);
    expect(censored.errors).toEqual(Array(7).fill('NotExpired()'));
    expect(censored.world.settle(first.id).error).toBe(undefined);
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

describe('O9: recipients of callbacks', () => {
  const resolved = BigInt(toFunctionSelector('function assertionResolvedCallback(bytes32,bool)'));
  const wasDisputed = BigInt(toFunctionSelector('function assertionDisputedCallback(bytes32)'));
  const undecided = BigInt(toFunctionSelector('function assertionUndecidedCallback(bytes32)'));

  function withRecipient(mode: keyof typeof modes): { world: OptimisticScene; id: Hex } {
    const world = scene();
    world.setRecipient('mode', modes[mode]);
    world.setRecipient('oracle', BigInt(optimistic.address));
    const id = world.mustAssert({ callback: recipient.address });
    return { world, id };
  }

  it('are told of disputes and of results', () => {
    const { world, id } = withRecipient('accept');
    world.dispute(id);
    expect(world.recipientSlot('selector')).toBe(wasDisputed);
    world.rule(id, outcomes.true);
    world.mustSettle(id);
    expect(world.recipientSlot('selector')).toBe(resolved);
    expect(world.recipientSlot('truth')).toBe(1n);
    expect(world.recipientSlot('calls')).toBe(2n);
    const other = world.mustAssert({ callback: recipient.address, nonce: 1n });
    world.dispute(other);
    world.rule(other, outcomes.tooEarly);
    world.mustSettle(other);
    expect(world.recipientSlot('selector')).toBe(undecided);
    world.chain.mine();
  });

  it.each(['revert', 'burn', 'flood'] as const)('that %s hinder nobody', (mode) => {
    const { world, id } = withRecipient(mode);
    const dispute = world.dispute(id);
    expect(dispute.error).toBe(undefined);
    expect(dispute.events.at(-1)?.name).toBe('CallbackFailed');
    world.rule(id, outcomes.false);
    const { events, gasUsed } = world.mustSettle(id);
    expect(world.claimable(disputer)).toBe(150n * oak);
    const failed = events.at(-1);
    expect(failed?.name).toBe('CallbackFailed');
    const reason = { revert: `0x${'ab'.repeat(256)}`, burn: '0x', flood: undefined }[mode];
    if (reason !== undefined) expect(failed?.args.reason).toBe(reason);
    expect(gasUsed).toBeLessThan(600_000n);
    expect(world.assertion(id)).toMatchObject({ state: states.false, callbackFailed: true });
    world.chain.mine();
  });

  it('that failed can be told again, once', () => {
    const { world, id } = withRecipient('revert');
    world.chain.mineTo(world.settleBlock(id));
    world.mustSettle(id);
    const retry = () => world.chain.send(settler, optimistic, 'retryCallback', [id]);
    expect(retry().error).toMatch(/^unknown error 0xabab/);
    world.setRecipient('mode', modes.accept);
    expect(retry().error).toBe(undefined);
    expect(world.recipientSlot('selector')).toBe(resolved);
    expect(retry().error).toBe('NothingToRetry()');
  });

  it('that settle again from inside change nothing', () => {
    const { world, id } = withRecipient('reenter');
    world.chain.mineTo(world.settleBlock(id));
    world.mustSettle(id);
    const again = BigInt(toFunctionSelector('function AlreadySettled()'));
    expect(world.recipientSlot('inner')).toBe(again);
    expect(world.claimable(asserter)).toBe(world.minimumBond());
    expect(world.assertion(id).callbackFailed).toBe(false);
    world.chain.mine();
  });

  it('cannot be starved by who settles: with too little gas nothing happens', () => {
    const { world, id } = withRecipient('accept');
    const { chain } = world;
    chain.mineTo(world.settleBlock(id));
    const data = encodeFunctionData({
      abi: optimistic.abi,
      functionName: 'settleAssertion',
      args: [id],
    });
    let refused = 0;
    let gas = 20_000n;
    for (; gas < 1_000_000n; gas += 3_000n) {
      const outcome = chain.sendRaw(settler, optimistic.address, data, 0n, gas);
      if (outcome.status === 'success') break;
      expect(world.assertion(id).state).toBe(states.asserted);
      refused++;
    }
    // the first that succeeds gave the recipient all of its gas, less what entering it costs
    expect(refused).toBeGreaterThan(100);
    expect(gas).toBeLessThan(600_000n);
    expect(world.recipientSlot('calls')).toBe(1n);
    expect(world.recipientSlot('gas')).toBeGreaterThan(170_000n);
    expect(world.assertion(id).callbackFailed).toBe(false);
  });

  it('may demand a bond', () => {
    const { world } = withRecipient('accept');
    const { chain } = world;
    const demanding = account(0xd1);
    chain.mustSend(demanding, guard, 'setBondFloor', [777n * oak]);
    const least = 777n * oak;
    expect(chain.read(optimistic, 'minimumBondFor', [demanding])).toBe(least);
    expect(world.assert({ callback: demanding, bond: least - 1n }).error).toBe(
      `BondTooLow(${least})`,
    );
    expect(world.assert({ callback: demanding, bond: least }).error).toBe(undefined);
    chain.mine();
  });
});

describe('without a jury', () => {
  it('nothing can be asserted', () => {
    const world = scene();
    world.setJury('active', 99n);
    world.setJury('floor', 100n);
    expect(world.assert().error).toBe('NoJury(99,100)');
    world.setJury('active', 100n);
    expect(world.assert().error).toBe(undefined);
  });

  it('a question that finds no jurors costs neither side anything', () => {
    const world = scene();
    const first = world.mustAssert();
    const second = world.mustAssert({ nonce: 1n });
    for (const id of [first, second]) {
      world.dispute(id);
      world.void(id);
    }
    world.chain.mine();
    // both fees come at once; the second settlement finds nothing left to fetch
    for (const id of [first, second]) {
      world.mustSettle(id);
      expect(world.assertion(id).state).toBe(states.undecided);
      world.chain.mine();
    }
    expect(world.claimable(asserter)).toBe(200n * oak);
    expect(world.claimable(disputer)).toBe(200n * oak);
    world.drain();
    expect(world.chain.balance(optimistic.address)).toBe(0n);
  });

  it('a void question waits until its fee is back', () => {
    const world = scene();
    const id = world.mustAssert();
    world.dispute(id);
    world.void(id);
    const { chain } = world;
    world.setJury('refund', 0n);
    expect(world.settle(id).error).toBe('RefundPending()');
    world.setJury('refund', 50n * oak);
    expect(world.settle(id).error).toBe(undefined);
    chain.mine();
  });

  it('a dispute still stops a statement, and jurors who leave do not make it true', () => {
    const world = scene();
    const { chain } = world;
    const id = world.mustAssert();
    world.setJury('floor', 1n);
    expect(world.dispute(id).error).toBe(undefined);
    expect(world.assertion(id)).toMatchObject({ question: 0n, juryMissing: true });
    expect(world.settle(id).error).toBe('DisputePending()');
    chain.mineTo(world.settleBlock(id));
    world.mustSettle(id);
    expect(world.assertion(id).state).toBe(states.undecided);
    expect(world.claimable(disputer)).toBe(100n * oak);
    world.drain();
    expect(chain.balance(optimistic.address)).toBe(0n);
  });

  it('too little gas for the jury does not look like no jury', () => {
    const world = scene();
    const id = world.mustAssert();
    const { bond } = world.assertion(id);
    const data = encodeFunctionData({
      abi: optimistic.abi,
      functionName: 'disputeAssertion',
      args: [id, disputer],
    });
    for (let gas = 20_000n; gas < 1_000_000n; gas += 3_000n) {
      const outcome = world.chain.sendRaw(disputer, optimistic.address, data, bond, gas);
      if (outcome.status === 'success') break;
    }
    expect(world.assertion(id)).toMatchObject({ state: states.disputed, juryMissing: false });
    world.chain.mine();
  });
});

describe('money', () => {
  it('is claimed once, by whom it belongs to', () => {
    const world = scene();
    const { chain } = world;
    const id = disputed(world, outcomes.false, 300n * oak);
    world.mustSettle(id);
    // half of the bond is lost: 50 for the jury, 100 for the fund
    expect(world.claimable(fund.address)).toBe(100n * oak);
    expect(world.claimable(disputer)).toBe(450n * oak);
    expect(chain.send(asserter, optimistic, 'claim').error).toBe('NothingToClaim()');
    expect(chain.mustSend(disputer, optimistic, 'claim').value).toBe(450n * oak);
    expect(chain.send(disputer, optimistic, 'claim').error).toBe('NothingToClaim()');
    expect(chain.mustSend(settler, optimistic, 'sweep').value).toBe(100n * oak);
    expect(chain.balance(fund.address)).toBe(100n * oak);
    chain.mine();
  });

  it('is not taken by accident', () => {
    const { chain } = scene();
    expect(chain.sendRaw(asserter, optimistic.address, '0x', 1n).status).toBe('reverted');
    chain.world.credit(fromHex(settler), 1n);
    const data = encodeFunctionData({ abi: optimistic.abi, functionName: 'claim' });
    expect(chain.sendRaw(settler, optimistic.address, data, 1n).status).toBe('reverted');
  });

  it('belongs to asserter and disputer, whoever pays for them', () => {
    const world = scene();
    const { chain } = world;
    const bond = world.minimumBond();
    const make = (by: Hex, whom: Hex) =>
      chain.send(by, optimistic, 'assertTruthWithDefaults', [toHex('x'), whom], bond);
    expect(make(settler, nobody).error).toBe('ZeroAddress()');
    const id = make(settler, asserter).value as Hex;
    world.ids.push(id);
    const dispute = (whom: Hex, value = bond) =>
      chain.send(settler, optimistic, 'disputeAssertion', [id, whom], value);
    expect(dispute(nobody).error).toBe('ZeroAddress()');
    expect(dispute(disputer, bond + 1n).error).toBe(`WrongValue(${bond + 1n},${bond})`);
    expect(dispute(disputer).error).toBe(undefined);
    world.rule(id, outcomes.true);
    const result = chain.mustSend(settler, optimistic, 'settleAndGetAssertionResult', [id]);
    expect(result.value).toBe(true);
    expect(chain.mustSend(settler, optimistic, 'settleAndGetAssertionResult', [id]).value).toBe(
      true,
    );
    expect(world.claimable(settler)).toBe(0n);
    expect(world.claimable(asserter)).toBe(150n * oak);
    chain.mine();
  });
});
