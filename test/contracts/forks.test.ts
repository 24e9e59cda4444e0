/**
 * What a reorganisation can undo. Reveals are broadcast when the seal ends and rulings are believed
 * when they become final: up to six blocks back nothing can be changed that they depend on. The
 * seventh block is the residual risk of a seal and a settle delay of six.
 */

import { describe, expect, it } from 'vitest';
import { ForkingChain } from '../support/forking-chain.ts';
import { anyone, JuryScene, rich, rival, shortTerms, status, weightUnit } from './jury-scene.ts';
import { collector, OracleScene, oracle, reportersOf, stranger } from './oracle-scene.ts';

const safeDepths = [1, 2, 3, 4, 5, 6];
const riskyDepth = 7;

describe('a chain that forks', () => {
  it('forgets what the undone blocks held and gives new ids from there on', () => {
    const scene = new JuryScene([40_000n * weightUnit], shortTerms);
    const fork = new ForkingChain(scene.chain);
    scene.chain.mine(4);
    const { height } = scene.chain;
    const ids = [height - 3, height - 2, height - 1].map((block) => scene.chain.blockId(block));
    const id = scene.ask();
    scene.chain.mine();
    expect(scene.outcome(id)[0]).toBe(status.open);
    fork.reorganise(2);
    scene.ids.pop();
    expect(scene.chain.height).toBe(height - 1);
    expect(scene.outcome(id)[0]).toBe(status.unknown);
    expect(scene.chain.balance(rich)).toBe(10n ** 27n);
    expect(scene.chain.blockId(height - 3)).toEqual(ids[0]);
    expect(scene.chain.blockId(height - 2)).toEqual(ids[1]);
    expect(scene.chain.blockId(height - 1)).not.toEqual(ids[2]);
    scene.chain.mine();
    expect(() => fork.reorganise(17)).toThrow('is not remembered');
  });
});

describe('CommitRevealOracle', () => {
  const values = [10_000n, 10_010n, 10_020n, 10_030n];

  function committed(): [OracleScene, ForkingChain] {
    const world = new OracleScene(reportersOf([20n, 20n, 20n, 20n, 20n]));
    const fork = new ForkingChain(world.chain);
    world.goTo(1n, 19);
    for (const [index, value] of values.entries()) {
      expect(world.commit(world.reporter(index), 1n, value).error).toBe(undefined);
    }
    return [world, fork];
  }

  it('C16: reveals are sent when no fork of six blocks reopens the commitments', () => {
    const [world, fork] = committed();
    const late = world.reporter(4);
    for (const depth of safeDepths) {
      world.goTo(1n, 26);
      fork.reorganise(depth);
      expect(world.commit(late, 1n, 10_020n).error).toBe('WrongPhase(2,1)');
    }
    world.goTo(1n, 26);
    fork.reorganise(riskyDepth);
    expect(world.commit(late, 1n, 10_020n).error).toBe(undefined);
    // The others' commitments were in the block that was undone, and can be sent again.
    expect(world.round(1n)).toMatchObject({ committed: 16n });
    for (const [index, value] of values.entries()) {
      expect(world.commit(world.reporter(index), 1n, value).error).toBe(undefined);
    }
    world.chain.mine();
  });

  it('settles when no fork of six blocks reopens the reveals', () => {
    const [world, fork] = committed();
    world.goTo(1n, 45);
    for (const index of [0, 1, 2]) {
      expect(world.reveal(world.reporter(index), 1n, values[index] as bigint).error).toBe(
        undefined,
      );
    }
    world.goTo(1n, 46);
    world.finalize(1n);
    const value = world.latest()[1];
    const silent = world.reporter(3);
    for (const depth of safeDepths) {
      world.goTo(1n, 52);
      fork.reorganise(depth);
      expect(world.reveal(silent, 1n, values[3] as bigint).error).toBe('WrongPhase(0,3)');
      // A fork may undo the transaction that finalized, but not what it computes.
      if (depth === 6) world.chain.mustSend(collector, oracle, 'finalize', [world.feed, 1n]);
      expect(world.latest()[1]).toBe(value);
      const early = [world.feed, 1n, 64];
      expect(world.chain.send(stranger, oracle, 'settle', early).error).toBe('NotSettleable(53)');
    }
    world.goTo(1n, 52);
    fork.reorganise(riskyDepth);
    expect(world.reveal(silent, 1n, values[3] as bigint).error).toBe(undefined);
    expect(world.round(1n)).toMatchObject({ revealed: 8n });
    world.chain.mine();
  });
});

describe('SchellingOracle', () => {
  function started(): [JuryScene, ForkingChain, bigint] {
    const scene = new JuryScene(Array(6).fill(12_000n * weightUnit), shortTerms);
    const fork = new ForkingChain(scene.chain);
    const id = scene.ask();
    scene.draw(id);
    return [scene, fork, id];
  }

  it('C16: votes are told when no fork of six blocks reopens the commitments', () => {
    const [scene, fork, id] = started();
    const { commitEnd, revealStart } = scene.round(id);
    for (const voteId of [0, 1]) scene.commit(id, voteId, 1);
    scene.chain.mineTo(commitEnd - 1n);
    for (const depth of safeDepths) {
      scene.chain.mineTo(revealStart);
      fork.reorganise(depth);
      expect(scene.commit(id, 2, 1).error).toBe('WrongStatus(4,3)');
    }
    scene.chain.mineTo(revealStart);
    fork.reorganise(riskyDepth);
    expect(scene.commit(id, 2, 1).error).toBe(undefined);
    scene.chain.mine();
  });

  it('a ruling is final when no fork of six blocks reopens the appeals', () => {
    const [scene, fork, id] = started();
    scene.answer(id, [1, 1, 2]);
    const { talliedBlock } = scene.question(id);
    const fee = scene.terms.feePerJuror;
    const end = talliedBlock + BigInt(scene.terms.appealBlocks);
    const final = end + 6n;
    scene.mustSend(rich, 'fundAppeal', [id, 2], 14n * fee);
    for (const depth of safeDepths) {
      scene.chain.mineTo(final);
      expect(scene.outcome(id)).toEqual([status.ruled, 2, final]);
      fork.reorganise(depth);
      expect(scene.send(rival, 'fundAppeal', [id, 1], 7n * fee).error).toBe('AppealClosed()');
      expect(scene.outcome(id)[0]).toBe(status.appeal);
    }
    scene.chain.mineTo(final);
    fork.reorganise(riskyDepth);
    scene.mustSend(rival, 'fundAppeal', [id, 1], 7n * fee);
    expect(scene.round(id).seats).toBe(7);
    scene.chain.mine();
  });

  it('an appeal that a fork undid counts again when it is sent again in time', () => {
    for (const depth of [...safeDepths, riskyDepth]) {
      const [scene, fork, id] = started();
      scene.answer(id, [1, 1, 2]);
      const { talliedBlock } = scene.question(id);
      const fee = scene.terms.feePerJuror;
      const end = talliedBlock + BigInt(scene.terms.appealBlocks);
      scene.mustSend(rich, 'fundAppeal', [id, 2], 14n * fee);
      scene.chain.mineTo(end - 1n);
      scene.mustSend(rival, 'fundAppeal', [id, 1], 7n * fee);
      scene.chain.mine();
      fork.reorganise(depth);
      expect(scene.outcome(id)[0]).toBe(status.appeal);
      scene.chain.mineTo(end - 1n);
      scene.mustSend(rival, 'fundAppeal', [id, 1], 7n * fee);
      expect(scene.round(id).seats).toBe(7);
      scene.chain.mine();
    }
  });

  it('a fork that takes the seed draws another jury, and old commitments bind nobody', () => {
    const [scene, fork, id] = started();
    const before = [0, 1, 2].map((voteId) => scene.vote(id, voteId)[0]);
    for (const voteId of [0, 1, 2]) scene.commit(id, voteId, 1);
    scene.chain.mine();
    fork.reorganise(2);
    expect(scene.outcome(id)[0]).toBe(status.open);
    scene.chain.mine();
    scene.mustSend(anyone, 'draw', [id, 100]);
    const after = [0, 1, 2].map((voteId) => scene.vote(id, voteId)[0]);
    expect(after).not.toEqual(before);
    expect(scene.vote(id, 0)[1]).toBe(1);
    scene.answer(id, [1, 1, 1]);
    scene.finish(id);
    scene.chain.mine();
  });
});
