/** The juror agent before the real contracts: a refuted lie, crashes, doubles, abstention, dry runs. */

import { keccak256, toHex } from 'viem';
import { describe, expect, it } from 'vitest';
import { roundStates } from '../../src/oracle/states.ts';
import { VoteBook } from '../../src/oracle/vote-book.ts';
import { account } from '../contracts/artifacts.ts';
import { hashOf, saltOf, shortTerms } from '../contracts/jury-scene.ts';
import { hunter, jury, oracle, stakes, stranger, weightUnit } from '../contracts/oracle-scene.ts';
import { JurorScene, jurorAt, policyOf } from './juror-scene.ts';

const honest = 10_000n * 10n ** 8n;
const lie = 14_000n * 10n ** 8n;
const fee = 3n * shortTerms.feePerJuror;

/** A round of BTC/USD that says `values`, taken to the jury by a stranger. */
function disputed({ scene }: JurorScene, values: readonly bigint[]): bigint {
  scene.report(1n, values);
  scene.finalize(1n);
  const sent = scene.chain.mustSend(hunter, oracle, 'disputeRound', [scene.feed, 1n], 2n * fee);
  return sent.value as bigint;
}

/** A question by text, as any account may ask it. */
function asked({ scene }: JurorScene, text: string): bigint {
  const hash = keccak256(toHex(text));
  return scene.chain.mustSend(hunter, jury, 'ask', [hash, 2, 0, 3, toHex(text)], fee)
    .value as bigint;
}

describe('a jury of agents', () => {
  it('refutes the lie of a majority, and the liars lose their lock', async () => {
    const court = new JurorScene(3);
    const id = disputed(court, [lie, lie, lie, honest, honest]);
    for (const index of [0, 1, 2]) await court.agent(index, policyOf('10002'));
    await court.runUntil('ruled', id);
    expect(await court.jury.rulingOf(id)).toMatchObject({ outcome: 2 });
    await court.run(16);
    const { scene } = court;
    expect(scene.round(1n).state).toBe(roundStates.refuted);
    scene.chain.mustSend(stranger, oracle, 'settle', [scene.feed, 1n, 64]);
    const stakeOf = (index: number) => scene.chain.read(stakes, 'stakeOf', [scene.reporter(index)]);
    expect([0, 1, 2, 3, 4].map(stakeOf)).toEqual(
      [10n, 10n, 10n, 20n, 20n].map((units) => units * weightUnit),
    );
    // Who voted was paid: three coherent seats shared the fee, and each agent claimed its part.
    const left = [0, 1, 2].map((index) => scene.chain.read(jury, 'claimable', [jurorAt(index)]));
    expect(left).toEqual([0n, 0n, 0n]);
    const paid = [0, 1, 2].reduce((sum, index) => sum + scene.chain.balance(jurorAt(index)), 0n);
    expect(paid).toBe(fee);
    // What anyone may do was done once.
    for (const once of ['draw', 'tally', 'execute', 'resolve']) {
      expect(court.actions().filter((action) => action === once)).toEqual([once]);
    }
    expect(court.actions()).not.toContain('failed');
  });

  it('upholds what lies within its tolerance', async () => {
    const court = new JurorScene(1);
    const id = disputed(court, [honest, honest, honest, honest, honest]);
    await court.agent(0, policyOf('10099'));
    await court.runUntil('ruled', id);
    expect(await court.jury.rulingOf(id)).toMatchObject({ outcome: 1 });
  });
});

describe('a reporter agent', () => {
  it('carries out a ruling and settles its round, however old, also after a restart', async () => {
    const court = new JurorScene(1);
    const { scene } = court;
    const id = disputed(court, [lie, lie, lie, honest, honest]);
    scene.chain.mine(300); // five periods in which nobody drew the jury
    const juror = await court.agent(0, policyOf('10000'));
    await court.runUntil('ruled', id);
    const actions: string[] = [];
    const reporter = await court.reporter(9, (note) =>
      actions.push(`${note.action} ${note.round}`),
    );
    for (let block = 0; block < 16; block++) {
      await reporter.onHead(court.transport.head, 0);
      court.transport.mineBlock();
    }
    expect(juror.halted).toBeUndefined();
    expect(actions).toEqual(['resolve 1', 'settle 1']);
    expect(scene.round(1n)).toMatchObject({ state: roundStates.refuted, unsettled: 0 });
  });
});

describe('a juror that was killed', () => {
  it('reveals from its book, and without the book from its key', async () => {
    const court = new JurorScene(2);
    const id = disputed(court, [lie, lie, lie, honest, honest]);
    const before = [
      await court.agent(0, policyOf('10000')),
      await court.agent(1, policyOf('10000')),
    ];
    await court.runUntil('seal', id, before);
    const { rmSync } = await import('node:fs');
    rmSync(court.bookFile(1));
    // The other's sources changed their mind: it stays with what it promised.
    const after = [
      await court.agent(0, policyOf('14000')),
      await court.agent(1, policyOf('14000')),
    ];
    await court.runUntil('ruled', id, after);
    expect(await court.jury.rulingOf(id)).toMatchObject({ outcome: 2 });
    expect((await VoteBook.open(court.bookFile(1))).get(id, 0)).toBe(2);
  });

  it('warns while a reveal is due', async () => {
    const court = new JurorScene(1);
    const id = disputed(court, [lie, lie, lie, honest, honest]);
    const agent = await court.agent(0, policyOf('10000'));
    expect(await agent.owesReveal(court.transport.head)).toBe(false);
    await court.runUntil('seal', id);
    expect(await agent.owesReveal(court.transport.head)).toBe(true);
    await court.runUntil('tally', id);
    expect(await agent.owesReveal(court.transport.head)).toBe(false);
  });
});

describe('a transaction that no block takes', () => {
  it('is sent again for more until one does', async () => {
    const court = new JurorScene(1);
    const id = disputed(court, [lie, lie, lie, honest, honest]);
    await court.agent(0, policyOf('10000'));
    court.transport.leastTip = 1_100_000_000n; // the usual tip is one gigaacorn
    await court.runUntil('commit', id);
    expect(court.actions()).toEqual(['draw', 'replace']);
    court.transport.leastTip = 0n;
    await court.runUntil('seal', id);
    expect(court.actions()).toEqual(['draw', 'replace', 'commit']);
  });
});

describe('two that vote with one key', () => {
  it('are noticed by the one that did not: it stops before it sends anything', async () => {
    const court = new JurorScene(1);
    const id = disputed(court, [lie, lie, lie, honest, honest]);
    const agent = await court.agent(0, policyOf('10000'));
    await court.runUntil('drawing', id, []);
    const { chain } = court.scene;
    chain.mustSend(stranger, jury, 'draw', [id, 100]);
    const hash = hashOf(id, 0, jurorAt(0), 1, saltOf(id, 0, 0));
    chain.mustSend(jurorAt(0), jury, 'commitVote', [id, [0], hash]);
    await court.run(3);
    expect(agent.halted).toMatchObject({ code: 'foreign-vote' });
    expect(court.actions()).toEqual(['stopped']);
    const seats = await court.jury.seats(id, 0, 3);
    expect(seats.map(({ state }) => state)).toEqual(['committed', 'drawn', 'drawn']);
  });

  it('cannot be started on one book, and a book takes one outcome', async () => {
    const court = new JurorScene(1);
    const { writeFileSync } = await import('node:fs');
    writeFileSync(`${court.bookFile(5)}.lock`, '1'); // process 1 is alive and is never this one
    await expect(VoteBook.open(court.bookFile(5))).rejects.toMatchObject({ code: 'book-in-use' });
    const book = await VoteBook.open(court.bookFile(6));
    await book.promise(7n, 0, 1);
    await book.promise(7n, 0, 1);
    await expect(book.promise(7n, 0, 2)).rejects.toMatchObject({ code: 'already-promised' });
    await book.promise(7n, 1, 2);
  });
});

describe('questions of others', () => {
  it('are answered by the table of the operator, by text, hash and asker', async () => {
    const court = new JurorScene(1);
    const [first, second, third] = ['rain?', 'snow?', 'hail?'].map((text) => asked(court, text));
    const answer = [
      { claim: 'rain?', outcome: 'true' },
      { question: keccak256(toHex('snow?')), asker: hunter, outcome: 'false' },
      { claim: 'hail?', asker: account(0x99), outcome: 'true' }, // asked by another
    ];
    await court.agent(0, policyOf('1', { answer, default: 'invalid' }));
    await court.run(30);
    const ids = [first, second, third] as bigint[];
    for (const id of ids) await court.runUntil('ruled', id);
    const rulings = await Promise.all(ids.map((id) => court.jury.rulingOf(id)));
    expect(rulings.map(({ outcome }) => outcome)).toEqual([1, 2, 0]);
  });

  it('without an answer are said once and left alone', async () => {
    const court = new JurorScene(1);
    const id = asked(court, 'will it rain?');
    const agent = await court.agent(0, policyOf('1'));
    await court.runUntil('tally', id);
    expect(court.actions()).toEqual(['draw', 'abstain']);
    expect(agent.halted).toBeUndefined();
  });
});

describe('a dry run', () => {
  it('says what it would send and sends nothing', async () => {
    const court = new JurorScene(1);
    const id = disputed(court, [lie, lie, lie, honest, honest]);
    await court.agent(0, policyOf('10000'), { dryRun: true });
    await court.runUntil('drawing', id);
    await court.run(6);
    expect(court.notes).toMatchObject([{ action: 'draw', sent: false }]);
    court.scene.chain.mustSend(stranger, jury, 'draw', [id, 100]);
    await court.run(6);
    expect(court.notes.slice(1)).toMatchObject([{ action: 'commit', sent: false }]);
    expect(court.notes[1]?.detail).toMatch(/^outcome 2: BTC\/USD round 1 says/);
    const seats = await court.jury.seats(id, 0, 3);
    expect(seats.map(({ state }) => state)).toEqual(['drawn', 'drawn', 'drawn']);
  });
});
