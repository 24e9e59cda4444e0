import type { Hex } from 'viem';
import { describe, expect, it } from 'vitest';
import {
  anyone,
  asker,
  baseTerms,
  hashOf,
  hunter,
  INVALID,
  JuryScene,
  jury,
  rich,
  rival,
  saltOf,
  shortTerms,
  stakes,
  status,
  type Terms,
  TOO_EARLY,
  weightUnit,
} from './jury-scene.ts';

const pool = Array.from({ length: 8 }, () => 12_000n * weightUnit);
const lock = baseTerms.minStake;

function scene(changes: Partial<Terms> = {}): JuryScene {
  return new JuryScene(pool, { ...shortTerms, ...changes });
}

/** A question whose jury is drawn, and the holder of its first seat. */
function drawn(world: JuryScene, seats = 3, openBlock = 0): [bigint, Hex] {
  const id = world.ask(seats, 2, openBlock);
  world.draw(id);
  return [id, world.vote(id, 0)[0]];
}

describe('phases', () => {
  it('follow from the last draw, half-open, with the windows of the main network', () => {
    const world = new JuryScene(pool);
    const [id, juror] = drawn(world);
    const { drawnBlock, commitEnd, revealStart, revealEnd } = world.round(id);
    expect([commitEnd, revealStart, revealEnd].map((end) => end - drawnBlock)).toEqual([
      480n,
      486n,
      966n,
    ]);
    expect(world.reveal(id, 0, 1).error).toBe('WrongStatus(3,5)');
    world.chain.mineTo(commitEnd - 1n);
    expect(world.commit(id, 0, 1).error).toBe(undefined);
    world.chain.mineTo(commitEnd);
    expect(world.commit(id, 1, 1).error).toBe('WrongStatus(4,3)');
    expect(world.reveal(id, 0, 1).error).toBe('WrongStatus(4,5)');
    world.chain.mineTo(revealStart - 1n);
    expect(world.outcome(id)[0]).toBe(status.seal);
    world.chain.mineTo(revealStart);
    expect(world.commit(id, 0, 1).error).toBe('WrongStatus(5,3)');
    expect(world.send(anyone, 'tally', [id]).error).toBe('WrongStatus(5,6)');
    world.chain.mineTo(revealEnd - 1n);
    expect(world.reveal(id, 0, 1).error).toBe(undefined);
    expect(world.vote(id, 0)).toEqual([juror, 3, 1, expect.anything()]);
    world.chain.mineTo(revealEnd);
    expect(world.reveal(id, 1, 1).error).toBe('WrongStatus(6,5)');
    expect(world.outcome(id)).toEqual([status.tally, 0, 0n]);
  });

  it('end six blocks after the appeals, without a transaction', () => {
    const world = scene();
    const id = world.ask();
    expect(world.outcome(id + 1n)).toEqual([status.unknown, 0, 0n]);
    expect(world.send(anyone, 'tally', [id + 1n]).error).toBe('UnknownQuestion()');
    world.hold(id, [2, 2, 1]);
    const final = world.question(id).talliedBlock + 8n + 6n;
    world.chain.mineTo(final - 1n);
    expect(world.outcome(id)).toEqual([status.appeal, 2, 0n]);
    expect(world.send(anyone, 'execute', [id, 1]).error).toBe('NotFinal()');
    world.chain.mineTo(final);
    expect(world.outcome(id)).toEqual([status.ruled, 2, final]);
    world.chain.mine(3);
    world.mustSend(anyone, 'execute', [id, 100]);
    expect(world.outcome(id)).toEqual([status.ruled, 2, final]);
  });
});

describe('commitments', () => {
  it('are computed by the contract as by the test', () => {
    const world = scene();
    const salt = saltOf(1n, 2, 3);
    expect(world.chain.read(jury, 'computeCommit', [7n, 1, asker, 255, salt])).toBe(
      hashOf(7n, 1, asker, 255, salt),
    );
  });

  it('S13: a copied commitment cannot be opened, and its copier counts as absent', () => {
    const world = scene();
    const [id, victim] = drawn(world, 15);
    const seats = Array.from({ length: 15 }, (_, voteId) => voteId);
    const other = seats.find((voteId) => world.vote(id, voteId)[0] !== victim) as number;
    const copier = world.vote(id, other)[0];
    for (const voteId of seats) world.commit(id, voteId, 1);
    world.mustSend(copier, 'commitVote', [id, [other], world.vote(id, 0)[3]]);
    expect(world.send(copier, 'commitVote', [id, [0], world.vote(id, 0)[3]]).error).toBe(
      'NotDrawn()',
    );
    world.chain.mineTo(world.round(id).revealStart);
    for (const voteId of seats) if (voteId !== other) world.reveal(id, voteId, 1);
    const stolen = [id, [other], 1, saltOf(id, 0, 0)];
    expect(world.send(copier, 'revealVote', stolen).error).toBe('CommitMismatch()');
    world.chain.mineTo(world.round(id).revealEnd);
    world.mustSend(anyone, 'tally', [id]);
    const slashed = world.finish(id).events.filter(({ name }) => name === 'Slashed');
    expect(slashed.map(({ args }) => [args.account, args.reason, args.amount])).toEqual([
      [copier, 1, (lock * 12n) / 10n],
    ]);
    world.chain.mine();
  });

  it('may be replaced, cover several seats, and are opened once with a fresh, strong salt', () => {
    const world = new JuryScene([40_000n * weightUnit], shortTerms);
    const [id, juror] = drawn(world);
    const [salt, weak] = [saltOf(id, 9, 9), `0x${'00'.repeat(17)}${'11'.repeat(15)}` as Hex];
    const commit = (seats: readonly number[], outcome: number, secret: Hex) =>
      world.send(juror, 'commitVote', [id, seats, hashOf(id, 0, juror, outcome, secret)]).error;
    expect(commit([0, 1, 2], 1, salt)).toBe(undefined);
    expect(commit([0, 1], 2, salt)).toBe(undefined);
    expect(commit([2], 1, weak)).toBe(undefined);
    expect(commit([3], 1, salt)).toBe('NotDrawn()');
    expect(commit(Array(32).fill(0), 1, salt)).toBe('NotDrawn()');
    world.chain.mineTo(world.round(id).revealStart);
    const reveal = (seats: readonly number[], outcome: number, secret: Hex) =>
      world.send(juror, 'revealVote', [id, seats, outcome, secret]).error;
    expect(reveal([0], 1, salt)).toBe('CommitMismatch()');
    expect(reveal([2], 1, weak)).toBe('SaltTooWeak()');
    expect(reveal([0], 2, salt)).toBe(undefined);
    expect(reveal([1], 2, salt)).toBe(undefined); // the same commitment again
    expect(reveal([1], 2, salt)).toBe('AlreadyRevealed()');
    expect(reveal([1], 1, salt)).toBe('SaltReused()');
  });

  it('told early are a bounty, and telling on oneself costs as much as being wrong', () => {
    const world = scene();
    const [id, juror] = drawn(world);
    world.commit(id, 0, 1);
    const proof = [id, [0], juror, 1, saltOf(id, 0, 0)] as const;
    expect(world.send(hunter, 'proveEarlyReveal', [id, [0], juror, 2, proof[4]]).error).toBe(
      'CommitMismatch()',
    );
    const before = world.stakeOf(juror);
    world.mustSend(hunter, 'proveEarlyReveal', proof);
    const reserve = (lock * 12n) / 10n;
    expect(before - world.stakeOf(juror)).toBe(reserve);
    expect(world.claimable(hunter)).toBe(reserve / 6n);
    expect(reserve - world.claimable(hunter)).toBe(lock);
    expect(world.send(hunter, 'proveEarlyReveal', proof).error).toBe('NoCommit()');
    expect(world.commit(id, 0, 2).error).toBe('NoCommit()');
    for (const voteId of [1, 2]) world.commit(id, voteId, 1);
    world.chain.mineTo(world.round(id).revealStart);
    expect(world.reveal(id, 0, 1).error).toBe('NoCommit()');
    expect(world.send(hunter, 'proveEarlyReveal', proof).error).toBe('WrongStatus(5,4)');
    for (const voteId of [1, 2]) expect(world.reveal(id, voteId, 1).error).toBe(undefined);
    world.chain.mineTo(world.round(id).revealEnd);
    world.mustSend(anyone, 'tally', [id]);
    const { events } = world.finish(id);
    expect(events.some(({ name }) => name === 'Slashed')).toBe(false);
    const shares = events.filter(({ name }) => name === 'JurorShift');
    expect(shares.map(({ args }) => args.stakeDelta)).toEqual([reserve / 6n, reserve / 6n]);
    expect(world.question(id).held).toBe(0n);
    world.chain.mine();
  });
});

describe('tallies', () => {
  it('S4 (published): two equal blocks roll; the same votes united resolve', () => {
    const world = scene();
    const id = world.ask(4);
    const { events } = world.hold(id, [1, 1, 2, 2]);
    expect(events[0]?.args).toMatchObject({ winner: INVALID, tied: true, decided: false });
    expect(world.question(id).rounds).toBe(2);
    world.hold(id, [2, 2, 2, 2]);
    expect(world.outcome(id)).toEqual([status.appeal, 2, 0n]);
    world.finish(id);
    // The round that was rolled is judged by the ruling too: two votes lost, two shared.
    expect([world.round(id, 0).coherent, world.round(id, 1).coherent]).toEqual([2, 4]);
    world.chain.mine();
  });

  it('S5: exactly the quorum does not resolve, one more vote does', () => {
    const world = scene();
    const id = world.ask(4);
    world.hold(id, [1, 1, undefined, undefined]);
    expect(world.question(id).rounds).toBe(2);
    world.hold(id, [1, 1, 1, undefined]);
    expect(world.outcome(id)).toEqual([status.appeal, 1, 0n]);
  });

  it('rule INVALID when the last roll ties, and then nobody who revealed was wrong', () => {
    const world = scene({ rollsMax: 1 });
    const id = world.ask(4, 2);
    world.hold(id, [1, 2, 1, 2]);
    const { events } = world.hold(id, [1, 2, INVALID, undefined]);
    expect(events[0]?.args).toMatchObject({ winner: INVALID, tied: true, decided: true });
    const slashed = world.finish(id).events.filter(({ name }) => name === 'Slashed');
    expect(slashed.map(({ args }) => args.reason)).toEqual([1]);
    expect(world.outcome(id).slice(0, 2)).toEqual([status.ruled, INVALID]);
    expect([world.round(id, 0).coherent, world.round(id, 1).coherent]).toEqual([4, 3]);
    world.chain.mine();
  });

  it('that tied and were overturned by a lone appeal make those wrong who voted otherwise', () => {
    const world = scene({ rollsMax: 0 });
    const id = world.ask(4, 2);
    world.hold(id, [1, 2, 1, 2]);
    expect(world.question(id)).toMatchObject({ ruling: INVALID, tied: true });
    const cost = world.chain.read<bigint>(jury, 'appealCost', [id, 1]);
    world.mustSend(rich, 'fundAppeal', [id, 1], cost);
    const slashed = world.finish(id).events.filter(({ name }) => name === 'Slashed');
    expect(world.outcome(id).slice(0, 2)).toEqual([status.ruled, 1]);
    expect(slashed.map(({ args }) => args.reason)).toEqual([2, 2]);
    expect(world.round(id).coherent).toBe(2);
    world.chain.mine();
  });

  it('of an appeal have all their rolls, whatever the jury before needed', () => {
    const world = scene({ rollsMax: 1 });
    const id = world.ask(3);
    const nobody = (seats: number) => Array<undefined>(seats).fill(undefined);
    world.hold(id, nobody(3));
    world.hold(id, [1, 1, 2]);
    for (const [payer, outcome] of [
      [rich, 2],
      [rival, 1],
    ] as const) {
      const cost = world.chain.read<bigint>(jury, 'appealCost', [id, outcome]);
      world.mustSend(payer, 'fundAppeal', [id, outcome], cost);
    }
    world.hold(id, nobody(7));
    expect(world.outcome(id)[0]).toBe(status.open);
    expect(world.question(id)).toMatchObject({ rounds: 4, instance: 1 });
    world.hold(id, Array<number>(7).fill(1));
    world.finish(id);
    expect(world.outcome(id).slice(0, 2)).toEqual([status.ruled, 1]);
    expect(world.claimable(rival)).toBe(14n * world.terms.feePerJuror);
    world.chain.mine();
  });

  it('void the question when nobody comes: the fee goes back, the absent pay', () => {
    const world = scene({ rollsMax: 1 });
    const id = world.ask(3);
    world.hold(id, [undefined, 1, undefined]);
    const { events } = world.hold(id, [undefined, undefined, undefined]);
    expect(events.map(({ name }) => name)).toEqual(['Tallied', 'Credited', 'Voided']);
    expect(world.outcome(id)).toEqual([status.void, 0, BigInt(world.chain.height)]);
    expect(world.claimable(asker)).toBe(3n * world.terms.feePerJuror);
    expect(world.mustSend(asker, 'claim', []).value).toBe(3n * world.terms.feePerJuror);
    const done = world.mustSend(anyone, 'execute', [id, 100]).events;
    expect(done.filter(({ name }) => name === 'Slashed')).toHaveLength(5);
    // Who came shares what the absent of that round lost.
    expect(world.claimable(world.vote(id, 1, 0)[0])).toBe((2n * lock * 6n) / 10n);
    expect(world.question(id).held).toBe(0n);
    world.chain.mine();
  });
});

describe('outcomes', () => {
  it('S12: those of the question, INVALID, and TOO_EARLY where it may be', () => {
    const world = scene();
    const [id] = drawn(world);
    const [dated] = drawn(world, 3, 1);
    for (const question of [id, dated]) {
      for (const [voteId, outcome] of [3, TOO_EARLY, INVALID].entries()) {
        expect(world.commit(question, voteId, outcome).error).toBe(undefined);
      }
    }
    world.chain.mineTo(world.round(dated).revealStart);
    expect(world.reveal(dated, 0, 3).error).toBe('BadOutcome()');
    expect(world.reveal(dated, 1, TOO_EARLY).error).toBe(undefined);
    expect(world.reveal(dated, 2, INVALID).error).toBe(undefined);
    expect(world.reveal(id, 1, TOO_EARLY).error).toBe('BadOutcome()');
  });

  it('S12: TOO_EARLY lets the asker ask once more', () => {
    const world = scene();
    const fee = 3n * world.terms.feePerJuror;
    const id = world.ask(3, 2, world.chain.height + 10);
    expect(world.round(id).startBlock).toBe(BigInt(world.chain.height + 10));
    world.hold(id, [TOO_EARLY, TOO_EARLY, 1]);
    const again = world.chain.height + 50;
    expect(world.send(asker, 'reopen', [id, again], fee).error).toBe('NotReopenable()');
    world.pass(id);
    expect(world.outcome(id).slice(0, 2)).toEqual([status.ruled, TOO_EARLY]);
    expect(world.send(anyone, 'reopen', [id, again]).error).toBe('NotReopenable()');
    expect(world.send(asker, 'reopen', [id, again], fee - 1n).error).toBe(`WrongValue(${fee})`);
    const next = world.mustSend(asker, 'reopen', [id, again], fee).value as bigint;
    world.ids.push(next);
    expect(world.question(id).reopenedAs).toBe(next);
    expect(world.send(asker, 'reopen', [id, again], fee).error).toBe('NotReopenable()');
    world.mustSend(anyone, 'execute', [id, 100]);
    world.hold(next, [TOO_EARLY, TOO_EARLY, TOO_EARLY]);
    world.finish(next);
    expect(world.send(asker, 'reopen', [next, again], fee).error).toBe('NotReopenable()');
    world.chain.mine();
  });

  it('refuse questions out of bounds', () => {
    const world = scene();
    const fee = (seats: number) => BigInt(seats) * world.terms.feePerJuror;
    const ask = (outcomes: number, openBlock: number, seats: number, data: Hex = '0x') =>
      world.send(asker, 'ask', [saltOf(1n, 1, 1), outcomes, openBlock, seats, data], fee(seats))
        .error;
    expect(ask(1, 0, 3)).toBe('BadQuestion()');
    expect(ask(255, 0, 3)).toBe('BadQuestion()');
    expect(ask(2, 0, 2)).toBe('BadQuestion()');
    expect(ask(2, 0, 32)).toBe('BadQuestion()');
    expect(ask(2, world.chain.height + 40_321, 3)).toBe('BadQuestion()');
    expect(ask(2, 0, 3, `0x${'00'.repeat(8_193)}`)).toBe('BadQuestion()');
    expect(ask(254, world.chain.height + 40_320, 31, `0x${'00'.repeat(8_192)}`)).toBe(undefined);
  });

  it('come from questions that differ although their words do not', () => {
    const world = scene();
    expect(world.ask()).not.toBe(world.ask());
    world.chain.mine();
  });
});

describe('terms', () => {
  it('are kept as constructed and refused out of bounds', () => {
    const world = scene();
    expect(world.chain.read(jury, 'terms')).toEqual(world.terms);
    const wrong = (changes: Partial<Terms>) => () => scene(changes);
    expect(wrong({ absentBps: 9_999 })).toThrow('reverted');
    expect(wrong({ jurorsMax: 32 })).toThrow('reverted');
    expect(wrong({ floor: baseTerms.floor - 1n })).toThrow('reverted');
    expect(wrong({ feePerJuror: 0n })).toThrow('reverted');
  });

  it('take slashed halves from the stake registry alone', () => {
    const world = scene();
    expect(world.chain.sendRaw(asker, jury.address, '0x', 1n).status).toBe('reverted');
    expect(world.chain.read(stakes, 'isOracle', [jury.address])).toBe(true);
  });
});
