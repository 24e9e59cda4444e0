/**
 * Who pays and who earns. The stake registry burns half of every slash; published vectors of systems
 * that burn nothing are therefore met with doubled penalties, whose kept half is their pot.
 */

import type { Hex } from 'viem';
import { describe, expect, it } from 'vitest';
import type { Result } from '../support/contract-chain.ts';
import { account } from './artifacts.ts';
import {
  anyone,
  asker,
  fund,
  JuryScene,
  jury,
  oak,
  rich,
  rival,
  shortTerms,
  type Terms,
  weightUnit,
} from './jury-scene.ts';

type Ballot = readonly (number | undefined)[];

/** Eight jurors with room for several seats each. */
const pool = Array.from({ length: 8 }, () => 12_000n * weightUnit);

/** One vote costs `lock` acorns and no juror can hold more seats than `seats` says. */
function exactScene(seats: readonly number[], lock: bigint, changes: Partial<Terms> = {}) {
  const reserve = (lock * BigInt(changes.absentBps ?? 10_000)) / 10_000n;
  const count = seats.reduce((sum, number) => sum + number, 0);
  return new JuryScene(
    seats.map((number) => BigInt(number) * reserve),
    {
      ...shortTerms,
      jurorsMax: count,
      minStake: lock,
      floor: BigInt(count) * reserve,
      absentBps: 10_000,
      ...changes,
    },
  );
}

/** Seats vote as their juror's ballot says, in the order in which the juror was drawn. */
function seatVotes(scene: JuryScene, id: bigint, ballots: readonly Ballot[]): Ballot {
  const next = ballots.map(() => 0);
  return Array.from({ length: scene.round(id).seats }, (_, voteId) => {
    const [juror] = scene.vote(id, voteId);
    const index = scene.jurors.findIndex(({ address }) => address === juror);
    const place = next[index] as number;
    next[index] = place + 1;
    return ballots[index]?.[place];
  });
}

/** Asks, votes by juror, executes; sums of stake deltas and fees by juror. */
function run(scene: JuryScene, ballots: readonly Ballot[]): Map<string, [bigint, bigint]> {
  const seats = ballots.reduce((sum, ballot) => sum + ballot.length, 0);
  const id = scene.ask(seats, 4);
  scene.draw(id);
  scene.answer(id, seatVotes(scene, id, ballots));
  return shiftsOf(scene.finish(id));
}

function shiftsOf({ events }: Result): Map<string, [bigint, bigint]> {
  const sums = new Map<string, [bigint, bigint]>();
  for (const { name, args } of events) {
    if (name !== 'JurorShift') continue;
    const [stake, fee] = sums.get(args.juror as Hex) ?? [0n, 0n];
    sums.set(args.juror as Hex, [stake + (args.stakeDelta as bigint), fee + (args.fee as bigint)]);
  }
  return sums;
}

const repeat = (vote: number | undefined, times: number): Ballot => Array(times).fill(vote);
const jurorAt = (index: number) => account(0xc1 + index);

describe('penalties and rewards', () => {
  it('S1 (published): as Kleros pays (KlerosCore_Execution.t.sol)', () => {
    const scene = exactScene([1, 1, 1], 2_000n * oak, { feePerJuror: 30_000_000_000_000_000n });
    const shifts = run(scene, [[1], [1], [2]]);
    // −1000 with burn 0: a lock of 2000 of which 1000 is kept.
    expect(shifts.get(jurorAt(2))).toEqual([-2_000n * oak, 0n]);
    for (const coherent of [0, 1]) {
      expect(shifts.get(jurorAt(coherent))).toEqual([500n * oak, 45_000_000_000_000_000n]);
    }
    scene.chain.mine();
  });

  it('S2 (published): as UMA slashes (VotingV2.js)', () => {
    // 0.16 % of 4 M a vote, doubled: 8 votes wrong, 2 x 8 right, 1 absent.
    const scene = exactScene([8, 8, 8, 1], 12_800n * weightUnit);
    const shifts = run(scene, [repeat(2, 8), repeat(1, 8), repeat(1, 8), [undefined]]);
    const kept = (index: number) =>
      (shifts.get(jurorAt(index)) as [bigint, bigint])[0] / weightUnit;
    expect([kept(0) / 2n, kept(3) / 2n]).toEqual([-51_200n, -6_400n]);
    expect([kept(1), kept(2)]).toEqual([28_800n, 28_800n]);
    scene.chain.mine();
  });

  it('S3 (published): UMA’s rounding leaves dust and never a hole', () => {
    const lock = 15_000_000n * oak + 1_000n;
    const scene = new JuryScene(Array(5).fill(lock), {
      ...shortTerms,
      jurorsMax: 5,
      minStake: lock,
      incoherentBps: 32,
      absentBps: 32,
      floor: lock,
    });
    const id = scene.ask(5);
    const before = scene.claimable(fund.address);
    scene.hold(id, [1, 1, 1, 2, 2]);
    const { events } = scene.finish(id);
    const deltas = events
      .filter(({ name }) => name === 'JurorShift')
      .map(({ args }) => args.stakeDelta as bigint);
    const published = {
      taken: 24_000_000_000_000_000_000_002n,
      given: 16_000_000_000_000_000_000_001n,
    };
    expect(deltas.filter((delta) => delta < 0n)).toEqual(
      [-2n, -2n].map((sign) => sign * published.taken),
    );
    expect(deltas.filter((delta) => delta > 0n)).toEqual(Array(3).fill(published.given));
    expect(scene.claimable(fund.address) - before).toBe(1n);
    expect(scene.question(id).held).toBe(0n);
    scene.chain.mine();
  });

  it('S9: committing every answer and showing the best loses, because half is burned', () => {
    // 10 bps of 2 M a vote; three wallets of one owner, 4 votes right, 10 wrong.
    const lock = 2_000n * weightUnit;
    const seats = [1, 1, 1, 4, 10];
    const wrong = [...repeat(2, 4), ...repeat(3, 3), ...repeat(4, 3)];
    const hedge: Ballot[] = [[1], [undefined], [undefined], repeat(1, 4), wrong];
    const owner = (shifts: Map<string, [bigint, bigint]>) =>
      [0, 1, 2].reduce(
        (sum, index) => sum + (shifts.get(jurorAt(index)) as [bigint, bigint])[0],
        0n,
      );
    const hedged = owner(run(exactScene(seats, lock), hedge));
    expect(hedged).toBe(-1_600n * weightUnit);
    // Published: +800 where nothing is burned, that is with the whole pot.
    const share = hedged + 2n * lock;
    expect(2n * share - 2n * lock).toBe(800n * weightUnit);
    const worse = owner(run(exactScene(seats, lock, { absentBps: 12_000 }), hedge));
    expect(worse).toBe(-2_320n * weightUnit);
    const honest = run(exactScene([3, 4, 10], lock), [repeat(1, 3), repeat(1, 4), wrong]);
    expect((honest.get(jurorAt(0)) as [bigint, bigint])[0]).toBeGreaterThan(hedged);
  });

  it('S15: batches of one and all at once come to the same', () => {
    const balances = (batch: number): unknown[] => {
      const scene = new JuryScene(pool, shortTerms);
      const id = scene.ask(5, 3);
      scene.hold(id, [1, 1, undefined, undefined, undefined]); // rolled
      scene.hold(id, [1, 2, 2, 2, undefined]);
      scene.mustSend(rich, 'fundAppeal', [id, 1], scene.terms.feePerJuror * 22n);
      scene.mustSend(rival, 'fundAppeal', [id, 2], scene.terms.feePerJuror * 11n);
      scene.hold(id, [1, 1, 1, 1, 1, 1, 2, 2, 3, 3, undefined]);
      scene.pass(id);
      let left = 1;
      let calls = 0;
      while (left > 0) {
        left = scene.mustSend(anyone, 'execute', [id, batch]).value as number;
        calls++;
        scene.chain.mine();
      }
      expect(calls).toBe(batch === 1 ? 2 * (5 + 5 + 11) : 1);
      expect(scene.send(anyone, 'execute', [id, 1]).error).toBe('NothingToExecute()');
      expect(scene.question(id).held).toBe(0n);
      return scene
        .people()
        .map((person) => [
          person,
          scene.claimable(person),
          scene.stakeOf(person),
          scene.juror(person),
        ]);
    };
    expect(balances(1)).toEqual(balances(1_000));
  });
});

describe('appeals', () => {
  const fee = shortTerms.feePerJuror;

  function ruled(votes: Ballot = [1, 1, 2]): [JuryScene, bigint] {
    const scene = new JuryScene(pool, shortTerms);
    const id = scene.ask(3, 3);
    scene.hold(id, votes);
    return [scene, id];
  }

  it('S6: when an appeal leaves everybody wrong, pot and fee go to the fund', () => {
    const [scene, id] = ruled([1, 1, 1]);
    scene.mustSend(rich, 'fundAppeal', [id, 2], 14n * fee);
    const { events } = scene.finish(id);
    expect(scene.outcome(id)[1]).toBe(2);
    expect(events.filter(({ name }) => name === 'Slashed')).toHaveLength(3);
    const lock = scene.terms.minStake;
    expect(scene.claimable(fund.address)).toBe((3n * lock) / 2n + 3n * fee);
    const before = scene.chain.balance(fund.address);
    scene.mustSend(anyone, 'sweep', []);
    expect(scene.chain.balance(fund.address) - before).toBe((3n * lock) / 2n + 3n * fee);
    scene.chain.mine();
  });

  it('S7: only the loser pays: it wins by default and has its money back', () => {
    const [scene, id] = ruled();
    scene.mustSend(rich, 'fundAppeal', [id, 3], 14n * fee);
    expect(scene.outcome(id).slice(0, 2)).toEqual([7, 1]);
    scene.finish(id);
    expect(scene.outcome(id).slice(0, 2)).toEqual([8, 3]);
    expect(scene.claimable(rich)).toBe(14n * fee);
  });

  it('S7: both pay: 3 seats become 7, and the right side gets both stakes but the jury fee', () => {
    for (const [second, winner, amount] of [
      [2, rich, 14n],
      [1, rival, 14n],
    ] as const) {
      const [scene, id] = ruled();
      scene.mustSend(rich, 'fundAppeal', [id, 2], 14n * fee);
      scene.mustSend(rival, 'fundAppeal', [id, 1], 7n * fee);
      expect(scene.round(id).seats).toBe(7);
      scene.hold(id, Array(7).fill(second));
      scene.finish(id);
      expect(scene.outcome(id)[1]).toBe(second);
      expect(scene.claimable(winner)).toBe(amount * fee);
      expect(scene.claimable(winner === rich ? rival : rich)).toBe(0n);
      expect(scene.question(id).held).toBe(0n);
      scene.chain.mine();
    }
  });

  it('share what is left in proportion when neither side was right', () => {
    const [scene, id] = ruled();
    scene.mustSend(rich, 'fundAppeal', [id, 2], 14n * fee);
    scene.mustSend(rival, 'fundAppeal', [id, 1], 7n * fee);
    scene.hold(id, Array(7).fill(3));
    scene.finish(id);
    const third = (14n * fee) / 3n;
    expect([scene.claimable(rich), scene.claimable(rival)]).toEqual([2n * third, third]);
    expect(scene.question(id).held).toBe(0n);
    scene.chain.mine();
  });

  it('S7: nobody pays: the first jury has the last word; the winner alone is paid back', () => {
    const [scene, id] = ruled();
    scene.finish(id);
    expect(scene.outcome(id).slice(0, 2)).toEqual([8, 1]);
    const [other, question] = ruled();
    other.mustSend(rival, 'fundAppeal', [question, 1], 7n * fee);
    other.finish(question);
    expect(other.outcome(question).slice(0, 2)).toEqual([8, 1]);
    expect(other.claimable(rival)).toBe(7n * fee);
  });

  it('S8: the loser has the first half of the window, the winner all of it', () => {
    const [scene, id] = ruled();
    const { talliedBlock } = scene.question(id);
    const half = BigInt(shortTerms.appealBlocks / 2);
    expect(scene.chain.read(jury, 'appealCost', [id, 2])).toBe(14n * fee);
    expect(scene.send(rich, 'fundAppeal', [id, 2], 14n * fee - 1n).error).toBe(
      `WrongValue(${14n * fee})`,
    );
    scene.chain.mineTo(talliedBlock + half - 1n);
    scene.mustSend(rich, 'fundAppeal', [id, 2], 14n * fee);
    expect(scene.send(rival, 'fundAppeal', [id, 3], 14n * fee).error).toBe('AlreadyFunded()');
    const [late, question] = ruled();
    late.chain.mineTo(late.question(question).talliedBlock + half);
    expect(late.send(rich, 'fundAppeal', [question, 2], 14n * fee).error).toBe('AppealClosed()');
    late.mustSend(rival, 'fundAppeal', [question, 1], 7n * fee);
    scene.chain.mineTo(talliedBlock + 2n * half - 1n);
    scene.mustSend(rival, 'fundAppeal', [id, 1], 7n * fee);
    late.chain.mineTo(late.question(question).talliedBlock + 2n * half);
    expect(late.send(rich, 'fundAppeal', [question, 1], 7n * fee).error).toBe('AppealClosed()');
  });

  it('S10: bribing a majority costs more with every appeal', () => {
    const scene = new JuryScene(pool, { ...shortTerms, alphaBps: 10_000 });
    const { minStake, feePerJuror } = scene.terms;
    const id = scene.ask(3, 2);
    const budgets: bigint[] = [];
    for (const seats of [3, 7, 15]) {
      expect(scene.round(id).seats).toBe(seats);
      const flips = Math.floor(seats / 2) + 1;
      scene.hold(id, [...repeat(2, flips), ...repeat(1, seats - flips)]);
      budgets.push((BigInt(flips) * (minStake + feePerJuror)) / weightUnit);
      if (seats === 15) break;
      const next = BigInt(2 * seats + 1) * fee;
      scene.mustSend(rich, 'fundAppeal', [id, 1], 2n * next);
      scene.mustSend(rival, 'fundAppeal', [id, 2], next);
    }
    expect(budgets).toEqual([2_060n, 4_120n, 8_240n]);
    // The honest side wins the next appeal by default, and every bribed vote loses its lock.
    scene.mustSend(rich, 'fundAppeal', [id, 1], 62n * fee);
    const { events } = scene.finish(id);
    const slashed = events.filter(({ name }) => name === 'Slashed');
    expect(slashed).toHaveLength(2 + 4 + 8);
    for (const { args } of slashed) expect(args.amount).toBe(minStake);
    scene.chain.mine();
  });

  it('S16 (published, arithmetic only): the ladder of Augur doubles its bonds', () => {
    // B = 2A - 3S: A all stake so far, S that on the outcome which the bond raises.
    const totals = [1n];
    const bonds: bigint[] = [];
    const onSide = [1n, 0n];
    for (let round = 0; round < 4; round++) {
      const side = (round + 1) % 2;
      const all = (onSide[0] as bigint) + (onSide[1] as bigint);
      const bond = 2n * all - 3n * (onSide[side] as bigint);
      bonds.push(bond);
      onSide[side] = (onSide[side] as bigint) + bond;
      totals.push(all + bond);
    }
    expect(bonds).toEqual([2n, 3n, 6n, 12n]);
    expect(totals.slice(1)).toEqual([3n, 6n, 12n, 24n]);
    // After three bonds 8 of 12 stand on the winner: 4 forfeited, a fifth of them burned.
    expect(((12n - 8n) * 8n * 100n) / 10n / 8n).toBe(40n);
  });
});

describe('money', () => {
  it('is paid when its owner asks, once', () => {
    const scene = new JuryScene(pool, shortTerms);
    const id = scene.ask();
    scene.hold(id, [1, 1, 1]);
    scene.finish(id);
    const [juror] = scene.vote(id, 0, 0);
    const due = scene.claimable(juror);
    expect(due).toBeGreaterThan(0n);
    const before = scene.chain.balance(juror);
    expect(scene.mustSend(juror, 'claim', []).value).toBe(due);
    expect(scene.chain.balance(juror) - before).toBe(due);
    expect(scene.send(juror, 'claim', []).error).toBe('NothingToClaim()');
    expect(scene.send(anyone, 'sweep', []).error).toBe('NothingToClaim()');
    expect(scene.chain.sendRaw(asker, jury.address, '0x', 1n).status).not.toBe('success');
    scene.chain.mine();
  });
});
