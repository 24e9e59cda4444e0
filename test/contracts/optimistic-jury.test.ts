/** OptimisticOracle in front of the real jury: disputes that are drawn, voted on, appealed, voided. */

import { type Hex, toHex } from 'viem';
import { describe, expect, it } from 'vitest';
import { fromHex } from '../../src/primitives/bytes.ts';
import { ForkingChain } from '../support/forking-chain.ts';
import { account, encodeConstructor, moduleOf } from './artifacts.ts';
import {
  anyone,
  fund,
  JuryScene,
  jury,
  rich,
  rival,
  shortTerms,
  status,
  TOO_EARLY,
  weightUnit,
} from './jury-scene.ts';
import {
  type Assertion,
  baseTerms,
  guard,
  nobody,
  optimistic,
  states,
} from './optimistic-scene.ts';

const asserter = account(0xe1);
const disputer = account(0xe2);
const start = 10n ** 20n;
const fee = 3n * shortTerms.feePerJuror;
const bond = 2n * fee;
const [yes, no] = [1, 2];
/** Every juror could hold all seats of the first jury. */
const pool = Array.from({ length: 8 }, () => 12_000n * weightUnit);

class EscalationScene extends JuryScene {
  constructor(amounts = pool) {
    super(amounts, shortTerms);
    const { chain } = this;
    const deploy = (name: string, address: Hex, values: readonly unknown[]) =>
      chain.deploy(address, moduleOf(name), encodeConstructor(name, values));
    deploy('CorruptionGuard', guard.address, [nobody, fund.address, 0]);
    const parts = [jury.address, guard.address, fund.address, nobody];
    deploy('OptimisticOracle', optimistic.address, [...parts, baseTerms]);
    chain.know(optimistic);
    for (const person of [asserter, disputer]) chain.world.credit(fromHex(person), start);
  }

  override people(): Hex[] {
    return [...super.people(), optimistic.address];
  }

  override checkBooks(): void {
    super.checkBooks();
    // the parent checks its books before there is an optimistic oracle
    if (this.chain.world.code(fromHex(optimistic.address)).length === 0) return;
    const owed = this.chain.read<bigint>(optimistic, 'liabilities');
    expect(this.chain.balance(optimistic.address)).toBe(owed);
  }

  assertion(id: Hex): Assertion {
    return this.chain.read(optimistic, 'getAssertion', [id]);
  }

  assert(text = 'The river did not freeze.'): Hex {
    const args = [toHex(text), asserter];
    const { chain } = this;
    return chain.mustSend(asserter, optimistic, 'assertTruthWithDefaults', args, bond).value as Hex;
  }

  /** Number of the jury's question. */
  dispute(id: Hex): bigint {
    this.chain.mustSend(disputer, optimistic, 'disputeAssertion', [id, disputer], bond);
    const { question } = this.assertion(id);
    this.ids.push(question);
    return question;
  }

  settle(id: Hex): string | undefined {
    return this.chain.send(anyone, optimistic, 'settleAssertion', [id]).error;
  }

  /** What asserter and disputer have won or lost, once all that is owed is paid. */
  outcomes(): readonly bigint[] {
    const { chain } = this;
    chain.mine();
    for (const person of [asserter, disputer]) {
      const owed = chain.read<bigint>(optimistic, 'claimable', [person]);
      if (owed > 0n) chain.mustSend(person, optimistic, 'claim');
    }
    if (chain.read<bigint>(optimistic, 'claimable', [fund.address]) > 0n) {
      chain.mustSend(anyone, optimistic, 'sweep');
    }
    chain.mine();
    expect(chain.balance(optimistic.address)).toBe(0n);
    return [asserter, disputer].map((person) => chain.balance(person) - start);
  }
}

describe('a dispute before a drawn jury', () => {
  it('is settled as the jury rules, which is paid by the loser', () => {
    for (const [votes, state, gains] of [
      [[no, no, yes], states.false, [-bond, bond - fee]],
      [[yes, yes, no], states.true, [bond - fee, -bond]],
    ] as const) {
      const scene = new EscalationScene();
      const id = scene.assert();
      const question = scene.dispute(id);
      expect(scene.settle(id)).toBe('DisputePending()');
      scene.hold(question, votes);
      expect(scene.settle(id)).toBe('DisputePending()'); // appeals are open
      scene.pass(question);
      expect(scene.settle(id)).toBe(undefined);
      expect(scene.assertion(id).state).toBe(state);
      scene.mustSend(anyone, 'execute', [question, 100]);
      expect(scene.outcomes()).toEqual(gains);
      const jurors = scene.jurors.map(({ address }) => scene.claimable(address));
      expect(jurors.reduce((sum, amount) => sum + amount)).toBeGreaterThanOrEqual(fee);
    }
  });

  it('follows an appeal', () => {
    const scene = new EscalationScene();
    const id = scene.assert();
    const question = scene.dispute(id);
    scene.hold(question, [no, no, no]);
    const cost = (outcome: number) =>
      scene.chain.read<bigint>(jury, 'appealCost', [question, outcome]);
    scene.mustSend(rich, 'fundAppeal', [question, yes], cost(yes));
    scene.mustSend(rival, 'fundAppeal', [question, no], cost(no));
    expect(scene.settle(id)).toBe('DisputePending()');
    scene.hold(question, Array(7).fill(yes));
    scene.pass(question);
    expect(scene.settle(id)).toBe(undefined);
    expect(scene.assertion(id).state).toBe(states.true);
    scene.mustSend(anyone, 'execute', [question, 100]);
    expect(scene.outcomes()).toEqual([bond - fee, -bond]);
  });

  it('that came too early costs both sides half of the fee', () => {
    const scene = new EscalationScene();
    const id = scene.assert();
    const question = scene.dispute(id);
    scene.hold(question, [TOO_EARLY, TOO_EARLY, no]);
    scene.pass(question);
    expect(scene.settle(id)).toBe(undefined);
    expect(scene.assertion(id).state).toBe(states.undecided);
    expect(scene.outcomes()).toEqual([-fee / 2n, -fee / 2n]);
  });

  it('that no juror answers costs neither side anything', () => {
    const scene = new EscalationScene();
    const first = scene.assert();
    const second = scene.assert('The lake did not freeze.');
    const questions = [scene.dispute(first), scene.dispute(second)];
    const isOver = () => questions.every((question) => scene.outcome(question)[0] === status.void);
    for (let block = 0; block < 200 && !isOver(); block++) {
      for (const question of questions) {
        const now = scene.outcome(question)[0];
        if (now === status.tally) scene.mustSend(anyone, 'tally', [question]);
        if (now === status.drawing) scene.mustSend(anyone, 'draw', [question, 100]);
      }
      scene.chain.mine();
    }
    expect(isOver()).toBe(true);
    // one claim fetches both fees
    expect(scene.claimable(optimistic.address)).toBe(2n * fee);
    expect(scene.settle(first)).toBe(undefined);
    expect(scene.claimable(optimistic.address)).toBe(0n);
    expect(scene.settle(second)).toBe(undefined);
    for (const id of [first, second]) expect(scene.assertion(id).state).toBe(states.undecided);
    expect(scene.outcomes()).toEqual([0n, 0n]);
  });

  it('needs no jury to stop a statement when the jurors have left', () => {
    const scene = new EscalationScene();
    const id = scene.assert();
    for (const { address, amount } of scene.jurors) scene.mustSend(address, 'leave', [amount]);
    scene.chain.mine(shortTerms.stakeDelay + 1);
    const args = [toHex('x'), asserter];
    const again = scene.chain.send(asserter, optimistic, 'assertTruthWithDefaults', args, bond);
    expect(again.error).toMatch(/^NoJury\(0,/);
    scene.chain.mustSend(disputer, optimistic, 'disputeAssertion', [id, disputer], bond);
    expect(scene.assertion(id)).toMatchObject({ juryMissing: true, question: 0n });
    scene.chain.mineTo(scene.assertion(id).expirationBlock + 6n);
    expect(scene.settle(id)).toBe(undefined);
    expect(scene.outcomes()).toEqual([0n, 0n]);
  });

  it('is the same question after a reorganisation', () => {
    for (const depth of [1, 6, 7]) {
      const scene = new EscalationScene();
      const forks = new ForkingChain(scene.chain);
      const id = scene.assert();
      scene.chain.mine();
      scene.dispute(id);
      scene.chain.mine(depth);
      forks.reorganise(depth);
      scene.ids.pop();
      expect(scene.assertion(id).state).toBe(states.asserted);
      const question = scene.dispute(id);
      scene.hold(question, [no, no, no]);
      scene.pass(question);
      expect(scene.settle(id)).toBe(undefined);
      expect(scene.outcomes()).toEqual([-bond, bond - fee]);
    }
  });
});
