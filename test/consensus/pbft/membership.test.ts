/** Members that change from one height to the next: added, removed, the primary too, a new key. */

import { describe, expect, it } from 'vitest';
import { pbft } from '../../../src/consensus/pbft/pbft.ts';
import { decodeMembers, membersRecordName, verifySeal } from '../../../src/primitives/seal.ts';
import { Committee, crypto, memberOf } from './committee.ts';

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

  it('is refused before the first block when contract and parameters disagree', () => {
    const membersAt = (): number[] => [1, 0];
    expect(() => new Committee({ members: 2, membersAt })).toThrow('governance contract');
  });
});
