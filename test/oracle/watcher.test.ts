/** The watching agent before the real contracts: what it disputes, what it leaves, what it spends. */

import { describe, expect, it } from 'vitest';
import { bond, disputer, fee, no, yes } from '../contracts/escalation-scene.ts';
import { anyone } from '../contracts/jury-scene.ts';
import { optimistic, states } from '../contracts/optimistic-scene.ts';
import { ForkingChain } from '../support/forking-chain.ts';
import { ClaimScene, purse, rightClaim, watcher, wrongClaim } from './claim-scene.ts';

/** A year after the agent's time. */
const laterClaim = 'BTC/USD >= 1 at 2024-03-11T12:00:00Z';

describe('a watching agent', () => {
  it('disputes a wrong claim once, and takes what the jury gives it', async () => {
    const scene = new ClaimScene();
    const id = scene.claim(wrongClaim);
    scene.chain.mine();
    const agent = scene.watcher();
    await scene.run(agent, 3);
    expect(scene.assertion(id)).toMatchObject({ state: states.disputed, disputer: watcher });
    expect(scene.chain.balance(watcher)).toBe(purse - bond);
    const question = scene.assertion(id).question;
    scene.hold(question, [no, no, yes]);
    scene.pass(question);
    await scene.run(agent, 12);
    expect(scene.state(id)).toBe(states.false);
    // Both bonds but what the jury costs, paid out.
    expect(scene.chain.balance(watcher)).toBe(purse + bond - fee);
    expect(scene.actions()).toEqual(['wrong', 'dispute', 'settle', 'claim']);
    expect(scene.chain.read(optimistic, 'claimable', [watcher])).toBe(0n);
  });

  it('leaves right claims, foreign texts and the future alone', async () => {
    const scene = new ClaimScene();
    const expected = [
      [rightClaim, ['right']],
      ['The oak is older than the temple.', ['unparsed']],
      ['ETH/USD > 1 at 2023-03-11T12:00:00Z', ['unknown', 'warning']],
      ['BTC/USD > 1 at 2023-03-10T12:00:00Z', ['unknown', 'warning']],
      ['BTC/USD > 20050 at 2023-03-11T12:00:00Z', ['close', 'warning']],
      [laterClaim, ['early', 'warning']],
    ] as const;
    const ids = expected.map(([text]) => scene.claim(text));
    const own = scene.claim(wrongClaim, bond, 40n, watcher);
    scene.chain.mine();
    const agent = scene.watcher();
    await scene.run(agent, 48);
    expect(ids.map((id) => scene.actions(id))).toEqual(expected.map(([, actions]) => actions));
    expect(ids.map((id) => scene.state(id))).toEqual(ids.map(() => states.asserted));
    // Its own assertion it settles when the time has come.
    expect(scene.state(own)).toBe(states.true);
    expect(scene.actions(own)).toEqual(['wrong', 'settle']);
  });

  it('disputes claims about the future where the operator wants it', async () => {
    const scene = new ClaimScene();
    const id = scene.claim(laterClaim);
    scene.chain.mine();
    await scene.run(scene.watcher({ early: 'dispute' }), 2);
    expect(scene.state(id)).toBe(states.disputed);
  });

  it('sends nothing in a dry run, and says what it would', async () => {
    const scene = new ClaimScene();
    const id = scene.claim(wrongClaim);
    scene.chain.mine();
    await scene.run(scene.watcher({ dryRun: true }), 8);
    expect(scene.actions()).toEqual(['wrong', 'dispute']);
    expect(scene.state(id)).toBe(states.asserted);
    expect(scene.chain.balance(watcher)).toBe(purse);
  });

  it('is second to another disputer without loss', async () => {
    const scene = new ClaimScene();
    const id = scene.claim(wrongClaim);
    scene.chain.mine();
    const agent = scene.watcher();
    await agent.onHead(scene.transport.head, 1_700_000_000);
    scene.chain.mustSend(disputer, optimistic, 'disputeAssertion', [id, disputer], bond);
    scene.transport.mineBlock();
    await scene.run(agent, 8);
    expect(scene.assertion(id).disputer).toBe(disputer);
    expect(scene.chain.balance(watcher)).toBe(purse);
    expect(scene.actions()).toEqual(['wrong', 'dispute']);
  });
});

describe('a dispute that no block takes', () => {
  it('is sent again for more, and pays one bond', async () => {
    const scene = new ClaimScene();
    const id = scene.claim(wrongClaim);
    scene.chain.mine();
    const agent = scene.watcher();
    scene.transport.leastTip = 1_100_000_000n; // the usual tip is one gigaacorn
    await scene.run(agent, 14);
    expect(scene.actions()).toEqual(['wrong', 'dispute', 'replace']);
    expect(scene.assertion(id)).toMatchObject({ state: states.disputed, disputer: watcher });
    expect(scene.chain.balance(watcher)).toBe(purse - bond);
  });
});

describe('the limits of a watching agent', () => {
  it('hold for one assertion, with a warning before its window closes', async () => {
    const scene = new ClaimScene();
    const id = scene.claim(wrongClaim, 11n * bond);
    scene.chain.mine();
    const agent = scene.watcher();
    await scene.run(agent, 28);
    expect(scene.actions(id)).toEqual(['wrong', 'limit']);
    await scene.run(agent, 4);
    expect(scene.actions(id)).toEqual(['wrong', 'limit', 'warning']);
    expect(scene.notes.at(-1)?.detail).toMatch(/^closes in 10 blocks undisputed: its bond is/);
    expect(scene.state(id)).toBe(states.asserted);
  });

  it('hold for all together: open bonds count, also those of before a restart', async () => {
    const scene = new ClaimScene();
    const limits = { bondTotal: 3n * bond };
    const first = [1, 2].map(() => scene.claim(wrongClaim));
    scene.chain.mine();
    await scene.run(scene.watcher(limits), 2);
    const more = [1, 2].map(() => scene.claim(wrongClaim));
    scene.chain.mine();
    await scene.run(scene.watcher(limits), 6);
    expect(first.map((id) => scene.state(id))).toEqual([states.disputed, states.disputed]);
    expect(more.map((id) => scene.state(id))).toEqual([states.disputed, states.asserted]);
    expect(scene.chain.balance(watcher)).toBe(purse - 3n * bond);
  });

  it('count what was lost, and not what a stranger disputes in its name', async () => {
    const scene = new ClaimScene();
    const lost = scene.claim(wrongClaim);
    const gift = scene.claim(rightClaim);
    scene.chain.mine();
    scene.chain.mustSend(disputer, optimistic, 'disputeAssertion', [gift, watcher], bond);
    const agent = scene.watcher({ bondTotal: bond });
    await scene.run(agent, 2);
    const question = scene.assertion(lost).question;
    scene.hold(question, [yes, yes, yes]);
    scene.pass(question);
    scene.chain.mustSend(anyone, optimistic, 'settleAssertion', [lost]);
    expect(scene.state(lost)).toBe(states.true);
    const next = scene.claim(wrongClaim);
    scene.chain.mine();
    // The same for an agent that has only the chain to ask.
    for (const each of [agent, scene.watcher({ bondTotal: bond })]) await scene.run(each, 2);
    expect(scene.state(next)).toBe(states.asserted);
    expect(scene.actions(next)).toEqual(['wrong', 'limit', 'wrong', 'limit']);
  });

  it('end where the purse does', async () => {
    const scene = new ClaimScene();
    const id = scene.claim(wrongClaim, 2n * purse);
    scene.chain.mine();
    await scene.run(scene.watcher({ bondPerAssertion: 3n * purse, bondTotal: 3n * purse }), 2);
    expect(scene.actions(id)).toEqual(['wrong', 'limit']);
    expect(scene.notes.at(-1)?.detail).toContain(`${watcher} has`);
  });
});

describe('a watching agent that was killed', () => {
  it('waits for what it may have sent before, and pays one bond', async () => {
    const scene = new ClaimScene();
    const id = scene.claim(wrongClaim);
    scene.chain.mine();
    await scene.watcher().onHead(scene.transport.head, 1_700_000_000);
    const again = scene.watcher();
    await again.onHead(scene.transport.head, 1_700_000_000);
    expect(scene.actions()).toEqual(['wrong', 'dispute', 'wrong']);
    scene.transport.mineBlock();
    await scene.run(again, 3);
    expect(scene.state(id)).toBe(states.disputed);
    expect(scene.chain.balance(watcher)).toBe(purse - bond);
    expect(scene.actions()).toEqual(['wrong', 'dispute', 'wrong']);
  });
});

describe('a reorganisation', () => {
  it('that drops the dispute has it sent again', async () => {
    const scene = new ClaimScene();
    const id = scene.claim(wrongClaim);
    scene.chain.mine();
    const forks = new ForkingChain(scene.chain);
    const agent = scene.watcher();
    scene.chain.mine();
    await scene.run(agent, 2);
    expect(scene.state(id)).toBe(states.disputed);
    forks.reorganise(2);
    scene.transport.reorganised();
    expect(scene.state(id)).toBe(states.asserted);
    await scene.run(agent, 8);
    expect(scene.state(id)).toBe(states.disputed);
    expect(scene.chain.balance(watcher)).toBe(purse - bond);
  });
});
