/** OptimisticOracle in front of the real jury: disputes that are drawn, voted on, appealed, voided. */

import { toHex } from 'viem';
import { describe, expect, it } from 'vitest';
import { ForkingChain } from '../support/forking-chain.ts';
import { asserter, bond, disputer, EscalationScene, fee, no, yes } from './escalation-scene.ts';
import { anyone, jury, rich, rival, shortTerms, status, TOO_EARLY } from './jury-scene.ts';
import { optimistic, states } from './optimistic-scene.ts';

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
