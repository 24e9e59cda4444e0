/** Members that change from one height to the next: added, removed, the primary too, a new key. */

import { describe, expect, it } from 'vitest';
import type { Message } from '../../../src/consensus/pbft/messages.ts';
import { pbft } from '../../../src/consensus/pbft/pbft.ts';
import { decodeMembers, membersRecordName, verifySeal } from '../../../src/primitives/seal.ts';
import { Committee, crypto, memberOf } from './committee.ts';
import {
  blockOn,
  changeOf,
  deliver,
  newViewOf,
  proposalOf,
  seatOf,
  statusMessageOf,
  voteOf,
} from './forge.ts';

const consortiumOf = (table: Committee, seat: number) => {
  const state = table.members[seat]?.state;
  if (state === undefined) throw new Error(`seat ${seat} is empty`);
  return pbft.status(state).consortium;
};

/** A consortium that changes at the given heights. */
function governed(
  seats: number,
  ...changes: readonly (readonly [height: number, members: readonly number[]])[]
): Committee {
  const membersAt = (height: number): readonly number[] =>
    changes.findLast(([from]) => from <= height)?.[1] ?? [];
  return new Committee({ members: membersAt(1).length, seats, membersAt });
}

/** Every block is final for a light client that knows the list of its height. */
function expectSealed(table: Committee, seat: number, membersAt: (height: number) => number[]) {
  const own = table.members[seat] as Committee['members'][number];
  const { chain, head } = own;
  for (let height = 1; height <= head.height; height++) {
    const id = chain.canonical(height) as string;
    const seal = chain.block(id)?.seal as Uint8Array;
    const subject = { genesisId: new Uint8Array(32).fill(0xab), height, id };
    const members = membersAt(height).map(memberOf);
    expect(verifySeal(seal, subject, members, crypto), `height ${height}`).toBe(true);
    expect(table.blocksAt(height)).toBe(1);
    // The node keeps the list of each height, by what the block before says of it.
    if (height === 1) continue;
    const parent = chain.block(chain.canonical(height - 1) as string)?.record;
    const list = own.recorded(membersRecordName(parent?.extraData as Uint8Array));
    expect(decodeMembers(list as Uint8Array)).toEqual(members);
  }
}

describe('a change of members', () => {
  it('lets a follower vote from the next height on, and the larger quorum decides', () => {
    const table = governed(5, [1, [0, 1, 2, 3]], [6, [0, 1, 2, 3, 4]]);
    table.run(20_000);
    expect(Math.min(...table.heights())).toBeGreaterThan(12);
    expect(consortiumOf(table, 4)).toMatchObject({ self: 4, quorum: 4, phase: 'normal' });
    expectSealed(table, 0, (height) => (height < 6 ? [0, 1, 2, 3] : [0, 1, 2, 3, 4]));
    // Four of five decide, and one of them is the new one.
    table.members[1]?.stop();
    const before = Math.max(...table.heights());
    table.run(30_000);
    expect(table.heights()[4]).toBeGreaterThan(before + 3);
  });

  it('removes the primary, which follows from then on', () => {
    const table = governed(4, [1, [0, 1, 2, 3]], [5, [3, 1, 2]]);
    table.run(20_000);
    expect(Math.min(...table.heights())).toBeGreaterThan(10);
    expect(consortiumOf(table, 0)).toMatchObject({ self: undefined, phase: 'watching' });
    expect(consortiumOf(table, 3)).toMatchObject({ self: 0, quorum: 2 });
    expectSealed(table, 0, (height) => (height < 5 ? [0, 1, 2, 3] : [3, 1, 2]));
  });

  it('takes a new key of a member in place of the old one', () => {
    const table = governed(4, [1, [0, 1, 2, 3]], [5, [0, 1, 2, 9]]);
    table.run(6_000);
    table.members[3]?.rekey(9);
    table.introduce();
    table.run(20_000);
    expect(consortiumOf(table, 3)).toMatchObject({ self: 3, phase: 'normal' });
    table.members[2]?.stop();
    const before = Math.max(...table.heights());
    table.run(30_000);
    expect(table.heights()[3]).toBeGreaterThan(before + 3);
    expectSealed(table, 0, (height) => (height < 5 ? [0, 1, 2, 3] : [0, 1, 2, 9]));
  });

  it('leads from one member to two, three, and back to one', () => {
    const table = governed(3, [1, [0]], [4, [0, 1]], [8, [0, 1, 2]], [12, [2]]);
    table.run(40_000);
    expect(Math.min(...table.heights())).toBeGreaterThan(15);
    expect(consortiumOf(table, 2)).toMatchObject({ self: 0, quorum: 1 });
    expect(consortiumOf(table, 0)?.phase).toBe('watching');
  });

  it('is followed by one that slept through several, all places moved', () => {
    const table = governed(
      6,
      [1, [0, 1, 2, 3]],
      [6, [1, 2, 3, 0]],
      [12, [4, 5, 1, 2]],
      [18, [5, 4, 2, 3]],
    );
    table.run(1_500);
    table.members[3]?.stop();
    table.run(40_000);
    // Three of four members do without it.
    expect(Math.max(...table.heights())).toBeGreaterThan(20);
    table.members[3]?.start();
    table.introduce();
    table.run(20_000);
    const [height = 0] = table.heights();
    expect(table.heights()[3]).toBeGreaterThanOrEqual(height - 1);
    expect(consortiumOf(table, 3)).toMatchObject({ self: 3, phase: 'normal' });
  });

  it('in the middle of a view change neither forks nor halts', () => {
    for (const dead of [0, 1, 2]) {
      const table = governed(5, [1, [0, 1, 2, 3]], [3, [1, 2, 3, 4, 0]], [5, [4, 3, 2, 1]]);
      table.passes = (source, target) => source !== dead && target !== dead;
      table.run(30_000);
      table.passes = () => true;
      table.run(30_000);
      expect(Math.min(...table.heights())).toBeGreaterThan(8);
      for (let height = 1; height <= Math.min(...table.heights()); height++) {
        expect(table.blocksAt(height)).toBe(1);
      }
    }
  });

  it('keeps the evidence against those that stay', () => {
    const table = governed(4, [1, [0, 1, 2, 3]], [5, [3, 1, 2]]);
    table.run(1_500);
    const state = table.members[1]?.state;
    const vote =
      state?.prepares.get(state.head.height + 1, 3) ?? table.members[3]?.state?.promises.prepare;
    if (state === undefined || vote === undefined) throw new Error('no vote');
    state.evidence.set(3, {
      kind: 'evidence',
      first: vote,
      second: { ...vote, id: 'cc'.repeat(32) },
    });
    table.run(15_000);
    expect(consortiumOf(table, 1)?.members[0]?.evidence?.height).toBe(vote.height);
  });

  it('drops what the old list signed, and moves what is known of a key to its new place', () => {
    const after = [3, 1, 2, 0];
    const table = governed(4, [1, [0, 1, 2, 3]], [2, after]);
    table.passes = () => false;
    const seat = seatOf(table, 1);
    const { state } = seat;
    const newView = newViewOf(
      2,
      6,
      [0, 2, 3].map((member) => changeOf(member, 4, 6, 2)),
    );
    const id = 'aa'.repeat(32);
    for (const message of [
      statusMessageOf(3, 0, 0, state.head.id),
      voteOf(3, 'prepare', 0, 2, id),
      voteOf(3, 'commit', 0, 2, id),
      changeOf(3, 4, 5, 2),
      newView,
      proposalOf(0, 0, 2, blockOn(state)),
    ]) {
      deliver(table, 3, 1, message);
    }
    state.newView = newView;
    expect(state.heldNewView).toEqual(newView);
    expect([state.changes.size, state.proposals.size, state.statuses.size]).toEqual([1, 1, 1]);
    const said: Message[] = [];
    table.passes = (_source, _target, message) => said.push(message) < 0;
    const entry = { ...state.head, height: 1 };
    seat.dispatch({ kind: 'applied', entry, members: after.map(memberOf) });
    expect(state).toMatchObject({ self: 1, heldNewView: undefined, newView: undefined });
    expect(state.promises.view).toBe(0);
    expect([state.changes.size, state.proposals.size]).toEqual([0, 0]);
    expect(state.prepares.get(2, 3) ?? state.commits.get(2, 3)).toBeUndefined();
    expect([...state.statuses.values()].map(({ member }) => member)).toEqual([0]);
    expect([...state.statuses.keys()]).toEqual([0]);
    expect(state.peers.get('seat-3')?.member).toBe(0);
    expect(said.map(({ kind }) => kind)).toEqual(['status', 'status', 'status']);
  });

  it('has a member that changes view say so again under the new list', () => {
    const table = governed(4, [1, [0, 1, 2, 3]], [2, [3, 0, 1, 2]]);
    const seat = seatOf(table, 1);
    const { state } = seat;
    for (const member of [2, 3]) deliver(table, member, 1, changeOf(member, 4, 3, 1));
    expect(state.promises).toMatchObject({ view: 3, entered: false });
    const said: Message[] = [];
    table.passes = (_source, _target, message) => said.push(message) < 0;
    const entry = { ...state.head, height: 1 };
    seat.dispatch({ kind: 'applied', entry, members: [3, 0, 1, 2].map(memberOf) });
    const changes = said.filter(({ kind }) => kind === 'view-change');
    expect(changes).toHaveLength(3);
    expect(changes[0]).toMatchObject({ view: 3, height: 2, member: 2 });
    expect([...state.changes.keys()]).toEqual([2]);
  });

  it('is refused before the first block when contract and parameters disagree', () => {
    const membersAt = (): number[] => [1, 0];
    expect(() => new Committee({ members: 2, membersAt })).toThrow('governance contract');
  });
});
