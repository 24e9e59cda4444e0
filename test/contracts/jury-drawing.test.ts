import { concat, type Hex, keccak256, padHex, toHex, zeroAddress } from 'viem';
import { describe, expect, it } from 'vitest';
import { fromHex } from '../../src/primitives/bytes.ts';
import { account } from './artifacts.ts';
import {
  anyone,
  asker,
  hunter,
  JuryScene,
  jury,
  shortTerms,
  stakes,
  status,
  type Terms,
  weightUnit,
} from './jury-scene.ts';

const pool = [90n, 20n, 50n, 10n, 30n, 70n, 20n, 40n].map((units) => units * 1_000n * weightUnit);
const least = shortTerms.floor;
const word = (number: bigint | number) => toHex(BigInt(number), { size: 32 });

/** The jurors that the rule draws when nobody is busy, computed from the published facts alone. */
function expectedJury(
  scene: JuryScene,
  id: bigint,
  round: number,
  weights: readonly [Hex, bigint][],
): Hex[] {
  const { startBlock, seats } = scene.round(id, round);
  const blockId = scene.chain.blockId(Number(startBlock) + scene.terms.seedBlocks);
  const seed = keccak256(
    concat([keccak256(toHex('ORACLE_JURY_V1')), word(id), word(round), toHex(blockId)]),
  );
  const total = weights.reduce((sum, [, weight]) => sum + weight, 0n);
  return Array.from({ length: seats }, (_, attempt) => {
    let target = BigInt(keccak256(concat([seed, word(attempt)]))) % total;
    const found = weights.find(([, weight]) => {
      if (target < weight) return true;
      target -= weight;
      return false;
    });
    return (found as [Hex, bigint])[0];
  });
}

function drawnJury(scene: JuryScene, id: bigint, round: number): Hex[] {
  const { filled } = scene.round(id, round);
  return Array.from({ length: filled }, (_, voteId) => scene.vote(id, voteId, round)[0]);
}

function weightsOf(scene: JuryScene): [Hex, bigint][] {
  return scene.jurors.map(({ address }) => [address, scene.juror(address).enrolled / weightUnit]);
}

describe('the draw', () => {
  it('S14: follows from seed and stake alone, the same on every node', () => {
    const draws = [1, 1_000].map((batch) => {
      const scene = new JuryScene([...pool, least], shortTerms);
      const zero = scene.jurors[8]?.address as Hex;
      scene.mustSend(zero, 'leave', [least]);
      scene.chain.mine(shortTerms.stakeDelay);
      const id = scene.ask(31);
      scene.chain.mine(shortTerms.seedBlocks);
      expect(scene.send(anyone, 'draw', [id, 1]).error).toBe(
        `SeedPending(${scene.round(id).startBlock + 2n})`,
      );
      expect(scene.outcome(id)[0]).toBe(status.open);
      scene.chain.mine();
      expect(scene.outcome(id)[0]).toBe(status.drawing);
      let left = 31;
      while (left > 0) left = scene.mustSend(anyone, 'draw', [id, batch]).value as number;
      expect(scene.outcome(id)[0]).toBe(status.commit);
      const drawn = drawnJury(scene, id, 0);
      expect(drawn).toEqual(expectedJury(scene, id, 0, weightsOf(scene)));
      expect(drawn).not.toContain(zero);
      scene.chain.mine();
      return drawn;
    });
    expect(draws[0]).toEqual(draws[1]);
  });

  it('sees the pool as it stood, however it grew and changed since', () => {
    const whole = 40_000n * weightUnit;
    const scene = new JuryScene(Array(9).fill(whole), shortTerms, whole);
    const newcomers = Array.from({ length: 20 }, (_, index) => account(0x200 + index));
    const people = [...scene.jurors.map(({ address }) => address), ...newcomers];
    for (const person of newcomers) {
      scene.chain.world.credit(fromHex(person), whole);
      scene.chain.mustSend(person, stakes, 'deposit', [], whole);
    }
    // Leaves are given in the order in which people come.
    const leaves = scene.jurors.map(({ address }) => address);
    const weights = (): [Hex, bigint][] =>
      leaves.map((person) => [person, scene.juror(person).enrolled / weightUnit]);
    const history = new Map<number, [Hex, bigint][]>();
    scene.people = () => [...people, asker, anyone];
    // 9 leaves fill two levels; 29 need four.
    for (let step = 0; step < 40; step++) {
      const person = people[(step * 7) % people.length] as Hex;
      if (!leaves.includes(person)) leaves.push(person);
      const isIn = scene.juror(person).enrolled > whole / 2n;
      scene.mustSend(person, isIn ? 'leave' : 'enroll', [whole / BigInt(2 + (step % 3))]);
      history.set(scene.chain.height, weights());
      scene.chain.mine();
      const then = history.get(scene.chain.height - shortTerms.stakeDelay);
      if (then === undefined) continue;
      const total = then.reduce((sum, [, weight]) => sum + weight, 0n);
      const [active] = scene.chain.read<[bigint, bigint]>(jury, 'juryStake');
      expect(active).toBe(total * weightUnit);
      if (step % 12 !== 7) continue;
      const id = scene.ask(9);
      scene.draw(id);
      expect(drawnJury(scene, id, 0)).toEqual(expectedJury(scene, id, 0, then));
    }
    expect(scene.ids).toHaveLength(3);
  });

  it('gives another branch another jury', () => {
    const scene = new JuryScene(pool, shortTerms);
    const restore = scene.chain.snapshot();
    const jurors = [0, 1].map(() => {
      restore();
      const id = scene.ask(15);
      scene.draw(id);
      expect(drawnJury(scene, id, 0)).toEqual(expectedJury(scene, id, 0, weightsOf(scene)));
      scene.ids.pop();
      return drawnJury(scene, id, 0);
    });
    expect(jurors[0]).not.toEqual(jurors[1]);
  });

  it('S11: stake enrolled after the delay began is not drawn, in no round', () => {
    const scene = new JuryScene(pool, shortTerms, 10n ** 9n * weightUnit);
    const whale = scene.jurors[3]?.address as Hex;
    const before = weightsOf(scene);
    // One block too late to count: stakeDelay blocks must lie between.
    scene.chain.mine();
    scene.mustSend(whale, 'enroll', [10n ** 8n * weightUnit]);
    scene.chain.mine(shortTerms.stakeDelay - 1);
    const id = scene.ask(31);
    scene.draw(id);
    expect(drawnJury(scene, id, 0)).toEqual(expectedJury(scene, id, 0, before));
    const { commitEnd, revealEnd } = scene.round(id);
    expect(commitEnd).toBeLessThan(revealEnd);
    scene.chain.mineTo(revealEnd);
    scene.mustSend(anyone, 'tally', [id]); // nobody voted: rolled
    scene.draw(id);
    expect(drawnJury(scene, id, 1)).toEqual(expectedJury(scene, id, 1, before));
    const later = scene.ask(15);
    scene.draw(later);
    expect(drawnJury(scene, later, 0)).toEqual(expectedJury(scene, later, 0, weightsOf(scene)));
    expect(drawnJury(scene, later, 0).filter((juror) => juror === whale).length).toBeGreaterThan(
      12,
    );
  });

  it('S11: stake of a drawn seat stays, and no other account can vote with it', () => {
    const scene = new JuryScene([least], { ...shortTerms, jurorsMax: 31 });
    const only = scene.jurors[0]?.address as Hex;
    const id = scene.ask(31);
    scene.draw(id);
    scene.mustSend(only, 'leave', [least]);
    expect(scene.send(only, 'unlock', []).error).toBe(
      `LeavePending(${scene.juror(only).leavingUntil})`,
    );
    scene.chain.mineTo(scene.juror(only).leavingUntil);
    expect(scene.send(only, 'unlock', []).error).toBe('NothingToUnlock()');
    scene.chain.mustSend(only, stakes, 'requestExit', [least]);
    scene.chain.mine(10);
    expect(scene.chain.send(only, stakes, 'withdraw').error).toBe(`StakeLocked(${least})`);
    expect(scene.send(hunter, 'commitVote', [id, [0], word(1)]).error).toMatch(/WrongStatus/);
    // Nobody revealed: every seat loses its reserve, and the questions end without a jury.
    for (let rolls = 0; rolls < 5; rolls++) {
      if (scene.outcome(id)[0] === status.void) break;
      if (scene.outcome(id)[0] === status.tally) scene.mustSend(anyone, 'tally', [id]);
      else scene.draw(id);
    }
    expect(scene.outcome(id)[0]).toBe(status.void);
    scene.mustSend(anyone, 'execute', [id, 100]);
    expect(scene.stakeOf(only)).toBe(0n);
    expect(scene.juror(only).enrolled).toBe(0n);
    // The lock is gone with its last acorn: the account may begin anew.
    expect(scene.chain.read(stakes, 'lockOf', [jury.address, padHex(only, { size: 32 })])).toEqual([
      zeroAddress,
      0n,
    ]);
    scene.chain.mine();
  });
});

describe('a jury that is not there', () => {
  const emptyTerms: Partial<Terms> = shortTerms;

  it('is refused below the floor', () => {
    const scene = new JuryScene([least], emptyTerms);
    const only = scene.jurors[0]?.address as Hex;
    const fee = 3n * shortTerms.feePerJuror;
    expect(scene.chain.read(jury, 'juryStake')).toEqual([least, least]);
    scene.mustSend(only, 'leave', [1_200n * weightUnit]);
    expect(scene.send(asker, 'ask', [word(7), 2, 0, 3, '0x'], fee - 1n).error).toBe(
      `WrongValue(${fee})`,
    );
    scene.ask();
    scene.chain.mine(shortTerms.stakeDelay);
    expect(scene.send(asker, 'ask', [word(7), 2, 0, 3, '0x'], fee).error).toBe(
      `NoJury(${least - 1_200n * weightUnit},${least})`,
    );
  });

  it('voids the question after four rolls and gives the whole fee back', () => {
    const scene = new JuryScene([least, least], emptyTerms);
    const first = scene.ask(31);
    const second = scene.ask(31);
    const third = scene.ask(3);
    scene.draw(first);
    scene.draw(second);
    // All stake is reserved now. 16 tries a seat, then another seed.
    for (let roll = 0; roll < 5; roll++) {
      expect(scene.outcome(third)[0]).toBe(roll === 0 ? status.drawing : status.open);
      const { events } = scene.draw(third);
      expect(events.map(({ name }) => name)).toContain('DrawFailed');
      if (roll === 4) break;
      // A busy pool gets time.
      const { height } = scene.chain;
      expect(scene.round(third).startBlock).toBe(BigInt(height + shortTerms.commitBlocks));
    }
    const [now, outcome, finalBlock] = scene.outcome(third);
    expect([now, outcome, Number(finalBlock)]).toEqual([status.void, 0, scene.chain.height]);
    expect(scene.claimable(asker)).toBe(3n * shortTerms.feePerJuror);
    expect(scene.question(third).held).toBe(0n);
    expect(scene.mustSend(anyone, 'execute', [third, 10]).value).toBe(0);
    for (const { address } of scene.jurors) expect(scene.juror(address).reserved).toBe(least);
    scene.chain.mine();
  });

  it('is drawn with another seed when nobody drew it in time', () => {
    const scene = new JuryScene(pool, shortTerms);
    const id = scene.ask();
    scene.chain.mine(shortTerms.seedBlocks + 8_191);
    scene.mustSend(anyone, 'draw', [id, 100]);
    expect(scene.outcome(id)[0]).toBe(status.commit);
    const late = scene.ask();
    scene.chain.mine(shortTerms.seedBlocks + 8_192);
    const { events } = scene.mustSend(anyone, 'draw', [late, 100]);
    expect(events.map(({ name }) => name)).toEqual(['DrawFailed', 'RoundOpened']);
    scene.draw(late);
    expect(scene.outcome(late)[0]).toBe(status.commit);
  });

  it('leaves the ruling before it when it was to hear an appeal', () => {
    const scene = new JuryScene([least, least], emptyTerms);
    const id = scene.ask();
    scene.hold(id, [1, 1, 2]);
    const busy = [scene.ask(31), scene.ask(28)]; // and 3 seats of this question: all 62
    for (const other of busy) {
      const { startBlock } = scene.round(other);
      scene.chain.mineTo(Math.max(scene.chain.height, Number(startBlock) + 3));
      scene.mustSend(anyone, 'draw', [other, 1_000]);
    }
    const fee = shortTerms.feePerJuror;
    scene.mustSend(asker, 'fundAppeal', [id, 2], 14n * fee);
    scene.mustSend(hunter, 'fundAppeal', [id, 1], 7n * fee);
    for (let roll = 0; roll < 5; roll++) scene.draw(id);
    expect(scene.outcome(id).slice(0, 2)).toEqual([status.ruled, 1]);
    expect([scene.claimable(asker), scene.claimable(hunter)]).toEqual([14n * fee, 7n * fee]);
    scene.mustSend(anyone, 'execute', [id, 100]);
    expect(scene.question(id).held).toBe(0n);
    scene.chain.mine();
  });
});

describe('juror stake', () => {
  it('comes from what the registry holds for the account', () => {
    const scene = new JuryScene(pool, shortTerms, 5_000n * weightUnit);
    const juror = scene.jurors[0]?.address as Hex;
    expect(scene.send(juror, 'enroll', [0n]).error).toBe('ZeroAmount()');
    expect(scene.send(juror, 'enroll', [5_000n * weightUnit + 1n]).error).toBe(
      `StakeTooLow(${95_000n * weightUnit},${95_000n * weightUnit + 1n})`,
    );
    scene.mustSend(juror, 'enroll', [5_000n * weightUnit]);
    expect(scene.send(anyone, 'enroll', [1n]).error).toBe(`StakeTooLow(1,${1_200n * weightUnit})`);
    scene.mustSend(juror, 'leave', [93_000n * weightUnit]);
    expect(scene.send(juror, 'leave', [2_001n * weightUnit]).error).toBe(
      `StakeTooLow(${2_000n * weightUnit},${2_001n * weightUnit})`,
    );
    // Less than one seat is no juror.
    expect(scene.send(juror, 'leave', [801n * weightUnit]).error).toBe(
      `StakeTooLow(${1_199n * weightUnit},${1_200n * weightUnit})`,
    );
    scene.mustSend(juror, 'leave', [2_000n * weightUnit]);
    // Until every draw is over that could have counted it: 4 blocks of delay, 2 to the seed, 6 to vote.
    expect(scene.juror(juror).leavingUntil).toBe(BigInt(scene.chain.height + 12));
    expect(scene.send(juror, 'unlock', []).error).toMatch(/^LeavePending/);
    scene.chain.mineTo(scene.juror(juror).leavingUntil);
    expect(scene.mustSend(juror, 'unlock', []).value).toBe(95_000n * weightUnit);
    scene.mustSend(juror, 'enroll', [95_000n * weightUnit]);
    scene.chain.mine();
  });
});
