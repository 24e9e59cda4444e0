/** Each rule by itself: what it takes, and that one step beside it is refused. */

import { describe, expect, it } from 'vitest';
import { blockFault } from '../../../src/consensus/pbft/block-rules.ts';
import type { Message } from '../../../src/consensus/pbft/messages.ts';
import { isNewViewValid, isViewChangeValid } from '../../../src/consensus/pbft/signatures.ts';
import { emptyBytes } from '../../../src/primitives/bytes.ts';
import { headerId } from '../../../src/primitives/header.ts';
import { recordCommitment } from '../../../src/primitives/record.ts';
import { quorumOf } from '../../../src/primitives/seal.ts';
import { Committee, crypto } from './committee.ts';
import {
  blockOn,
  certificateOf,
  changeOf,
  deliver,
  newViewOf,
  proposalOf,
  quiet,
  seatOf,
  statusMessageOf,
  voteOf,
} from './forge.ts';

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

const kindsOf = (said: readonly Message[], id: string): string[] =>
  said.filter((message) => 'id' in message && message.id === id).map(({ kind }) => kind);

describe.each([1, 2, 3, 4, 5, 6, 7])('certificates of %i members', (count) => {
  const quorum = quorumOf(count);
  const { state } = seatOf(quiet(count).table, 0);
  const { header } = blockOn(state);
  const voters = range(quorum);
  const judge = (certificate: ReturnType<typeof certificateOf>, view = 3, height = 1): boolean =>
    isViewChangeValid(state, changeOf(0, count, view, height, certificate));

  it('are PREPAREs of a quorum, in an earlier view', () => {
    expect(judge(certificateOf(header, 2, 1, voters))).toBe(true);
    expect(judge(certificateOf(header, 2, 1, range(count)))).toBe(true);
    expect(judge(certificateOf(header, 2, 1, range(quorum - 1)))).toBe(false);
    expect(judge(certificateOf(header, 3, 1, voters))).toBe(false);
    expect(judge(certificateOf(header, 4, 1, voters))).toBe(false);
  });

  it('are of this height and block, and hold nothing forged', () => {
    expect(judge(certificateOf(header, 2, 2, voters))).toBe(false);
    expect(judge(certificateOf(header, 2, 1, voters, 'commit'))).toBe(false);
    const { prepares } = certificateOf(header, 2, 1, voters);
    expect(judge({ header: { ...header, time: header.time + 1 }, prepares })).toBe(false);
    expect(judge({ header, prepares: { ...prepares, view: 1 } })).toBe(false);
    expect(judge(certificateOf(header, 2, 1, [...range(quorum - 1), count]))).toBe(false);
    const forged = new Map(prepares.signatures).set(0, new Uint8Array(64));
    expect(judge({ header, prepares: { view: 2, signatures: forged } })).toBe(false);
  });

  it('are part of what the VIEW-CHANGE signs', () => {
    const change = changeOf(0, count, 3, 1, certificateOf(header, 2, 1, voters));
    expect(isViewChangeValid(state, { ...change, certificate: undefined })).toBe(false);
    expect(isViewChangeValid(state, { ...change, view: 4 })).toBe(false);
    expect(isViewChangeValid(state, { ...change, height: 2 })).toBe(false);
    expect(isViewChangeValid(state, { ...change, member: count })).toBe(false);
  });

  it('come in a NEW-VIEW with a quorum of VIEW-CHANGEs for this view, by its primary', () => {
    const view = 3;
    const primary = view % count;
    const changes = voters.map((member) => changeOf(member, count, view, 1));
    const judged = (list: typeof changes, by = primary): boolean =>
      isNewViewValid(state, newViewOf(by, view, list));
    expect(judged(changes)).toBe(true);
    expect(isNewViewValid(state, newViewOf(primary, view, []))).toBe(false);
    expect(judged(changes.slice(1))).toBe(false);
    expect(judged([...changes.slice(1), changes.at(-1) as (typeof changes)[0]])).toBe(quorum === 1);
    expect(judged([...changes, changes[0] as (typeof changes)[0]])).toBe(false);
    expect(judged([...changes.slice(1), changeOf(0, count, view + count, 1)])).toBe(false);
    expect(judged(changes, count)).toBe(false);
    if (count > 1) expect(judged(changes, (primary + 1) % count)).toBe(false);
    const short = certificateOf(header, 2, 1, range(quorum - 1));
    expect(judged([changeOf(0, count, view, 1, short), ...changes.slice(1)])).toBe(false);
  });
});

describe('a view', () => {
  const certificates = (table: Committee) => {
    const { state } = seatOf(table, 2);
    const [older, newer] = [blockOn(state, 1), blockOn(state, 2)];
    return {
      newer,
      one: certificateOf(older.header, 0, 1, [0, 1, 2]),
      two: certificateOf(newer.header, 1, 1, [0, 1, 2]),
    };
  };

  it.each([
    ['first', true],
    ['last', false],
  ])('is bound to the certificate of the highest view, which stands %s', (_, isFirst) => {
    const { table } = quiet(4);
    const { one, two, newer } = certificates(table);
    const order = isFirst ? [two, one] : [one, two];
    const changes = order.map((certificate, member) => changeOf(member, 4, 5, 1, certificate));
    deliver(table, 1, 2, newViewOf(1, 5, [...changes, changeOf(3, 4, 5, 1)]));
    const { promises } = seatOf(table, 2).state;
    expect(promises).toMatchObject({ view: 5, entered: true });
    expect(promises.start).toEqual({ height: 1, required: newer.header });
  });

  it('asks for what was prepared at the highest height alone, and waits for the blocks below', () => {
    const { table } = quiet(4);
    const { one } = certificates(table);
    const [low, high] = [changeOf(0, 4, 5, 1, one), changeOf(2, 4, 5, 2)];
    deliver(table, 1, 3, newViewOf(1, 5, [low, changeOf(1, 4, 5, 1), high]));
    const { state } = seatOf(table, 3);
    expect(state.promises.view).toBe(0);
    expect(state.heldNewView?.view).toBe(5);
    const entry = { ...state.head, height: 1 };
    seatOf(table, 3).dispatch({ kind: 'applied', entry });
    expect(state.promises).toMatchObject({ view: 5, entered: true });
    expect(state.promises.start).toEqual({ height: 2, required: undefined });
  });

  it('is led by who has the blocks below it, not before', () => {
    const { table } = quiet(4);
    const { state } = seatOf(table, 1);
    for (const member of [0, 2, 3]) deliver(table, member, 1, changeOf(member, 4, 1, 2));
    expect(state.promises).toMatchObject({ view: 1, entered: false });
    seatOf(table, 1).dispatch({ kind: 'applied', entry: { ...state.head, height: 1 } });
    expect(state.promises).toMatchObject({ view: 1, entered: true, start: { height: 2 } });
  });

  it('takes nothing but the block that it is bound to', () => {
    const { table, said } = quiet(4);
    const { two, newer } = certificates(table);
    const changes = [changeOf(0, 4, 5, 1, two), changeOf(1, 4, 5, 1), changeOf(3, 4, 5, 1)];
    for (const target of [2, 3]) deliver(table, 1, target, newViewOf(1, 5, changes));
    const other = blockOn(seatOf(table, 2).state, 3);
    deliver(table, 1, 2, proposalOf(1, 5, 1, other));
    deliver(table, 1, 3, proposalOf(1, 5, 1, newer));
    table.run(20);
    expect(seatOf(table, 2).state.promises).toMatchObject({ view: 6, entered: false });
    expect(seatOf(table, 2).details.at(-1)).toContain('not-the-prepared-block');
    expect(kindsOf(said, headerId(other.header, crypto))).toEqual([]);
    expect(kindsOf(said, headerId(newer.header, crypto))).toContain('prepare');
  });

  it('is joined at the lowest of f + 1 later ones', () => {
    const { table } = quiet(7);
    for (const [member, view] of [9, 4, 6].entries()) {
      expect(seatOf(table, 6).state.promises.view).toBe(0);
      deliver(table, member, 6, changeOf(member, 7, view, 1));
    }
    expect(seatOf(table, 6).state.promises.view).toBe(4);
  });

  it('begins with the usual patience after a block', () => {
    const table = new Committee({ members: 4 });
    table.run(2_500);
    table.members[0]?.stop();
    table.run(5_000);
    const { state } = seatOf(table, 1);
    expect(state.viewChanges).toBeGreaterThan(0);
    expect(state.failedViews).toBe(0);
  });
});

describe('votes', () => {
  it('need the signature of the primary under the proposal', () => {
    const { table, said } = quiet(4);
    const block = blockOn(seatOf(table, 2).state);
    deliver(table, 0, 2, proposalOf(1, 0, 1, block));
    table.run(20);
    expect(said.filter(({ kind }) => kind === 'prepare')).toEqual([]);
    deliver(table, 0, 2, proposalOf(0, 0, 1, block));
    table.run(20);
    expect(kindsOf(said, headerId(block.header, crypto))).toContain('prepare');
  });

  it('wait for execution, PREPARE and COMMIT alike, and never come for what fails', () => {
    const { table, said } = quiet(4);
    const block = blockOn(seatOf(table, 2).state);
    const id = headerId(block.header, crypto);
    seatOf(table, 3).refuses.add(id);
    for (const target of [2, 3]) {
      seatOf(table, target).checkMs = 100;
      deliver(table, 0, target, proposalOf(0, 0, 1, block));
      for (const voter of [1, 5 - target]) {
        deliver(table, voter, target, voteOf(voter, 'prepare', 0, 1, id));
      }
    }
    table.run(90);
    expect(kindsOf(said, id)).toEqual([]);
    table.run(20);
    const votes = said.flatMap((message) =>
      message.kind === 'prepare' || message.kind === 'commit' ? [message] : [],
    );
    expect(new Set(votes.map(({ kind, member }) => `${member} ${kind}`))).toEqual(
      new Set(['2 prepare', '2 commit']),
    );
  });

  it('of a primary that re-proposes wait for execution, too', () => {
    const { table, said } = quiet(4);
    const primary = seatOf(table, 1);
    const block = blockOn(primary.state);
    const id = headerId(block.header, crypto);
    // It has the body from view 0, and no result of execution after its restart.
    deliver(table, 0, 1, proposalOf(0, 0, 1, block));
    table.run(20);
    primary.stop();
    primary.start();
    table.introduce();
    primary.checkMs = 1_000;
    for (const voter of [0, 2, 3]) {
      deliver(table, voter, 1, voteOf(voter, 'prepare', 1, 1, id));
      const certificate = certificateOf(block.header, 0, 1, [0, 2, 3]);
      deliver(table, voter, 1, changeOf(voter, 4, 1, 1, certificate));
    }
    const { state } = seatOf(table, 1);
    expect(state.promises).toMatchObject({ view: 1, entered: true });
    expect(state.promises.prepare).toMatchObject({ view: 1, id });
    expect(state.promises.commit).toBeUndefined();
    expect(kindsOf(said, id)).not.toContain('commit');
  });

  it('for one block bind against another in that view, also after a restart', () => {
    const { table, said } = quiet(4);
    const [first, second] = [1, 2].map((salt) => blockOn(seatOf(table, 2).state, salt));
    if (first === undefined || second === undefined) throw new Error('no blocks');
    deliver(table, 0, 2, proposalOf(0, 0, 1, first));
    table.run(20);
    const before = seatOf(table, 2).state.promises;
    expect(before.prepare?.id).toBe(headerId(first.header, crypto));
    table.members[2]?.stop();
    table.members[2]?.start();
    table.introduce();
    expect(seatOf(table, 2).state.promises).toEqual(before);
    const id = headerId(second.header, crypto);
    deliver(table, 0, 2, proposalOf(0, 0, 1, second));
    for (const voter of [1, 3]) deliver(table, voter, 2, voteOf(voter, 'prepare', 0, 1, id));
    table.run(20);
    expect(kindsOf(said, id)).toEqual([]);
  });

  it('and views, certificates and bounds are the same after a restart', () => {
    const { table } = quiet(4);
    const block = blockOn(seatOf(table, 2).state);
    const id = headerId(block.header, crypto);
    const certificate = certificateOf(block.header, 0, 1, [0, 1, 3]);
    const changes = [
      changeOf(0, 4, 1, 1, certificate),
      ...[1, 3].map((at) => changeOf(at, 4, 1, 1)),
    ];
    deliver(table, 1, 2, newViewOf(1, 1, changes));
    deliver(table, 1, 2, proposalOf(1, 1, 1, block));
    table.run(20);
    for (const voter of [0, 3]) deliver(table, voter, 2, voteOf(voter, 'prepare', 1, 1, id));
    const before = structuredClone(seatOf(table, 2).state.promises);
    expect(before.commit?.id).toBe(id);
    expect(before.prepared?.prepares.signatures.size).toBe(3);
    table.members[2]?.stop();
    table.members[2]?.start();
    const { promises, newView } = seatOf(table, 2).state;
    expect(promises).toEqual(before);
    expect(newView?.view).toBe(1);
  });
});

describe('blocks', () => {
  const { table } = quiet(4);
  const { state } = seatOf(table, 1);
  const good = blockOn(state, 1);
  const withRecord = (change: object) => {
    const record = { ...good.record, ...change };
    return {
      ...good,
      record,
      header: { ...good.header, commitment: recordCommitment(record, crypto) },
    };
  };
  const withHeader = (change: object) => ({ ...good, header: { ...good.header, ...change } });

  it.each([
    [undefined, good],
    ['wrong-parent', withHeader({ previous: new Uint8Array(32) })],
    ['wrong-version', withHeader({ version: 0x20002000 })],
    ['has-work', withHeader({ bits: 1 })],
    ['has-work', withHeader({ nonce: 1 })],
    ['time-too-old', withHeader({ time: state.head.header.time - 1 })],
    ['wrong-height', withRecord({ height: 2 })],
    ['wrong-members', withRecord({ extraData: new Uint8Array(32) })],
    ['has-extranonce', withRecord({ extranonce: new Uint8Array(16).fill(1) })],
    ['wrong-beneficiary', withRecord({ beneficiary: new Uint8Array(20) })],
  ])('have the fault %s', (fault, block) => {
    expect(blockFault(state, block, state.head)).toBe(fault);
  });
});

describe('proof of a lie', () => {
  const [one, other] = ['aa'.repeat(32), 'bb'.repeat(32)];

  it.each([
    ['the same block', voteOf(3, 'prepare', 0, 1, one)],
    ['another view', voteOf(3, 'prepare', 1, 1, other)],
    ['another height', voteOf(3, 'prepare', 0, 2, other)],
    ['another kind', voteOf(3, 'commit', 0, 1, other)],
    ['another member', voteOf(2, 'prepare', 0, 1, other)],
    ['a forged signature', { ...voteOf(3, 'prepare', 0, 1, other), signature: emptyBytes }],
  ])('is no two votes of which one is for %s', (_, second) => {
    const { table } = quiet(4);
    const first = voteOf(3, 'prepare', 0, 1, one);
    deliver(table, 0, 1, { kind: 'evidence', first, second });
    deliver(table, 0, 1, { kind: 'evidence', first: second, second: first });
    expect(seatOf(table, 1).state.evidence.size).toBe(0);
    const proof = voteOf(3, 'prepare', 0, 1, other);
    deliver(table, 0, 1, { kind: 'evidence', first, second: proof });
    expect([...seatOf(table, 1).state.evidence.keys()]).toEqual([3]);
  });

  it('about this replica takes f + 1 members with another block', () => {
    const table = new Committee({ members: 4 });
    table.run(2_500);
    const { state } = seatOf(table, 1);
    expect(state.head.height).toBeGreaterThan(0);
    for (const member of [2, 3]) {
      expect(state.hasDiverged).toBe(false);
      deliver(table, member, 1, statusMessageOf(member, 0, 1, one));
      // The same word twice is one member's.
      deliver(table, 2, 1, statusMessageOf(member, 0, 1, one));
    }
    expect(state.hasDiverged).toBe(true);
    const forged = { ...statusMessageOf(2, 0, 1, one), signature: emptyBytes };
    const other = new Committee({ members: 4 });
    other.run(2_500);
    for (const member of [2, 3]) deliver(other, member, 1, { ...forged, member });
    expect(seatOf(other, 1).state.hasDiverged).toBe(false);
  });
});
