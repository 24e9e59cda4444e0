/** Recipients that misbehave, jurors who leave, random interleavings: the books stay right. */

import fc from 'fast-check';
import { encodeFunctionData, type Hex, toFunctionSelector, toHex } from 'viem';
import { beforeAll, describe, expect, it } from 'vitest';
import { fromHex } from '../../src/primitives/bytes.ts';
import { account } from './artifacts.ts';
import { holdToBounds } from './gas-bounds.ts';
import { action, RandomRun } from './optimistic-run.ts';
import {
  asserter,
  disputer,
  fund,
  governor,
  guard,
  jury,
  nobody,
  OptimisticScene,
  oak,
  optimistic,
  outcomes,
  people,
  recipient,
  settler,
  states,
  type Terms,
} from './optimistic-scene.ts';
import { compileStandIn, modes } from './stand-in.ts';

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

describe('recipients of callbacks', () => {
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

  it('O9: are told of disputes and of results', () => {
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

  it.each(['revert', 'burn', 'flood'] as const)('O9: that %s hinder nobody', (mode) => {
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

  it('O9: that failed can be told again, once', () => {
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

  it('O9: that settle again from inside change nothing', () => {
    const { world, id } = withRecipient('reenter');
    world.chain.mineTo(world.settleBlock(id));
    world.mustSettle(id);
    const again = BigInt(toFunctionSelector('function AlreadySettled()'));
    expect(world.recipientSlot('inner')).toBe(again);
    expect(world.claimable(asserter)).toBe(world.minimumBond());
    expect(world.assertion(id).callbackFailed).toBe(false);
    world.chain.mine();
  });

  it('O9: cannot be starved by who settles: with too little gas nothing happens', () => {
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
    for (; gas < 1_000_000n; gas += 8_000n) {
      const outcome = chain.sendRaw(settler, optimistic.address, data, 0n, gas);
      if (outcome.status === 'success') break;
      expect(world.assertion(id).state).toBe(states.asserted);
      refused++;
    }
    // the first that succeeds gave the recipient all of its gas, less what entering it costs
    expect(refused).toBeGreaterThan(35);
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

  it('running out of gas in the jury does not look like no jury', () => {
    const world = scene();
    const id = world.mustAssert();
    const { bond } = world.assertion(id);
    const data = encodeFunctionData({
      abi: optimistic.abi,
      functionName: 'disputeAssertion',
      args: [id, disputer],
    });
    const send = () =>
      world.chain.sendRaw(disputer, optimistic.address, data, bond, 10_000_000n).status;
    world.setJury('mode', modes.burn);
    expect(send()).toBe('reverted'); // though a 64th of the gas was left to go on
    expect(world.assertion(id).state).toBe(states.asserted);
    world.setJury('mode', modes.accept);
    expect(send()).toBe('success');
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

describe('random interleavings', () => {
  it('lose no acorn and leave no assertion behind', () => {
    const fees = fc.bigInt({ min: 1n, max: 10n ** 20n });
    const burns = fc.integer({ min: 1, max: 10_000 });
    const steps = fc.array(action, { minLength: 20, maxLength: 45 });
    const settled = new Set<number>();
    fc.assert(
      fc.property(fees, burns, steps, (fee, burnBps, actions) => {
        const run = new RandomRun(standIn, fee, burnBps);
        const { chain } = run.world;
        const wealth = () =>
          [...people, optimistic.address, fund.address, jury.address].reduce(
            (sum, person) => sum + chain.balance(person),
            0n,
          );
        const before = wealth();
        for (const step of actions) run.take(step);
        run.finish();
        expect(wealth()).toBe(before);
        for (const id of run.world.ids) settled.add(run.world.assertion(id).state);
      }),
      { numRuns: 16, seed: 20_261_123 },
    );
    expect([...settled].sort()).toEqual([states.true, states.false, states.undecided]);
  });
});

describe('gas', () => {
  it('of every entry point is bounded', () => {
    const world = scene();
    const { chain } = world;
    world.setRecipient('mode', modes.burn);
    const used = new Map<string, bigint>();
    const callback = recipient.address;
    const bond = 2n * world.minimumBond(); // more than the jury costs: the fund gets a part
    const short = world.assert({ text: 'x'.repeat(64), callback, bond });
    const long = world.assert({ text: 'x'.repeat(8_192), nonce: 1n });
    const id = short.value as Hex;
    used.set('assertTruth', long.gasUsed);
    const plain = ['0x01', asserter];
    const least = world.minimumBond();
    const byDefault = chain.mustSend(asserter, optimistic, 'assertTruthWithDefaults', plain, least);
    world.ids.push(byDefault.value as Hex);
    used.set('assertTruthWithDefaults', byDefault.gasUsed);
    used.set('disputeAssertion', world.dispute(id).gasUsed);
    world.rule(id, outcomes.false);
    used.set('settleAssertion, disputed', world.mustSettle(id).gasUsed);
    world.setRecipient('mode', modes.accept);
    used.set('retryCallback', chain.mustSend(settler, optimistic, 'retryCallback', [id]).gasUsed);
    chain.mineTo(world.settleBlock(long.value as Hex));
    used.set('settleAssertion', world.mustSettle(long.value as Hex).gasUsed);
    const other = byDefault.value as Hex;
    chain.mineTo(world.settleBlock(other));
    const asked = chain.mustSend(settler, optimistic, 'settleAndGetAssertionResult', [other]);
    used.set('settleAndGetAssertionResult', asked.gasUsed);
    used.set('claim', chain.mustSend(disputer, optimistic, 'claim').gasUsed);
    used.set('sweep', chain.mustSend(settler, optimistic, 'sweep').gasUsed);
    used.set('setBurn', chain.mustSend(governor, optimistic, 'setBurn', [5_000]).gasUsed);
    holdToBounds('OptimisticOracle', used);
  });
});
