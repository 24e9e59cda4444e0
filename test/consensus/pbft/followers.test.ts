/** Members that were away, nodes that are no members, replicas whose state is not the others'. */

import { describe, expect, it } from 'vitest';
import { pbft } from '../../../src/consensus/pbft/pbft.ts';
import { headerId } from '../../../src/primitives/header.ts';
import { Committee, crypto, genesisTime } from './committee.ts';
import {
  blockOn,
  changeOf,
  deliver,
  proposalOf,
  quiet,
  seatOf,
  statusMessageOf,
  voteOf,
} from './forge.ts';

describe('state transfer', () => {
  it('brings a member that slept for a hundred blocks up to the others, and it votes again', () => {
    const table = new Committee({ members: 4 });
    table.run(1_500);
    table.members[3]?.stop();
    table.run(110_000);
    expect(table.heights()[3]).toBeLessThan(3);
    expect(table.heights()[0]).toBeGreaterThan(100);
    table.members[3]?.start();
    table.introduce();
    table.run(3_000);
    const [height = 0] = table.heights();
    expect(table.heights()[3]).toBeGreaterThanOrEqual(height - 1);
    table.members[2]?.stop();
    table.run(12_000);
    expect(table.heights()[3]).toBeGreaterThan(height + 2);
  });

  it('asks others when the peer that claims most delivers nothing', () => {
    const table = new Committee({ members: 4 });
    table.members[3]?.stop();
    table.run(20_000);
    const [liar, sleeper] = [table.members[2], table.members[3]];
    if (liar === undefined || sleeper === undefined) throw new Error('no members');
    sleeper.start();
    table.introduce();
    sleeper.dispatch({
      kind: 'joined',
      peer: 'seat-2',
      status: {
        genesisId: new Uint8Array(32),
        headId: 'ff'.repeat(32),
        height: 1_000_000,
        work: 0n,
        earliestBody: 0,
      },
    });
    liar.chain = { ...liar.chain, canonical: () => undefined, header: () => undefined };
    table.run(15_000);
    expect(table.heights()[3]).toBeGreaterThan(18);
  });

  it('takes no block whose seal fails', () => {
    const table = new Committee({ members: 4 });
    table.members[3]?.stop();
    table.run(10_000);
    for (const seat of table.members.slice(0, 3)) {
      const { chain } = seat;
      const block: typeof chain.block = (id) => {
        const found = chain.block(id);
        const seal = found?.seal?.slice();
        if (found === undefined || seal === undefined) return found;
        seal[seal.length - 1] = (seal.at(-1) as number) ^ 1;
        return { ...found, seal };
      };
      seat.chain = { ...chain, block };
    }
    table.members[3]?.start();
    table.introduce();
    table.run(900);
    expect(table.heights()[3]).toBe(0);
  });
});

describe('transactions of clients', () => {
  it('go to the members alone only from a member that reaches all of them', () => {
    const table = new Committee({ members: 4, seats: 5 });
    table.run(100);
    const forwards = (seat: number): boolean | undefined =>
      pbft.forwards?.(seatOf(table, seat).state);
    expect([forwards(1), forwards(4)]).toEqual([true, false]);
    table.members[4]?.stop();
    expect(forwards(1)).toBe(true);
    table.members[3]?.stop();
    expect(forwards(1)).toBe(false);
  });

  it('are taken from members alone', () => {
    const table = new Committee({ members: 4, seats: 5 });
    table.run(100);
    const { state } = seatOf(table, 1);
    const message = { kind: 'requests', transactions: [Uint8Array.of(0xc0)] } as const;
    const submitted = [4, 2].map((seat) =>
      pbft
        .step(state, {
          kind: 'received',
          peer: `seat-${seat}`,
          delivery: 0,
          message,
          now: table.now,
        })
        .some(({ kind }) => kind === 'submit'),
    );
    expect(submitted).toEqual([false, true]);
  });
});

describe('a diverged replica', () => {
  it('says so and votes no more; the others go on', () => {
    const table = new Committee({ members: 4 });
    const saidAfter: string[] = [];
    table.passes = (source, target, message) => {
      const isDiverged = table.members[3]?.state?.hasDiverged === true;
      if (source === 3 && isDiverged) saidAfter.push(message.kind);
      if (target === 3 && message.kind === 'pre-prepare' && message.height === 3) {
        const id = table.members[0]?.state?.proposal?.id;
        if (id !== undefined) table.members[3]?.refuses.add(id);
      }
      return true;
    };
    table.run(20_000);
    const diverged = table.members[3];
    const [alarm] = diverged?.details.filter((_, at) => diverged.alarms[at] === 'diverged') ?? [];
    expect(alarm).toMatch(/^block 3 [0-9a-f]{64} .*wrong-state-root, record says aa, is bb/);
    expect(new Set(saidAfter)).toEqual(new Set(['status']));
    expect(diverged?.state && pbft.status(diverged.state).consortium?.phase).toBe('diverged');
    expect(diverged?.head.height).toBe(2);
    expect(table.heights()[0]).toBeGreaterThan(6);
  });
});

describe('a member that diverged', () => {
  /** Two of four say that block 0 is another one: for `index` its own state is wrong. */
  function diverged(index: number) {
    const { table, said } = quiet(4);
    for (const member of [0, 1, 2, 3].filter((other) => other !== index).slice(0, 2)) {
      deliver(table, member, index, statusMessageOf(member, 0, 0, 'aa'.repeat(32)));
    }
    const seat = seatOf(table, index);
    expect(seat.state.hasDiverged).toBe(true);
    /** What it alone said since. */
    const words = (): Set<string> =>
      new Set(
        said.flatMap((message) =>
          'member' in message && message.member !== index ? [] : [message.kind],
        ),
      );
    return { table, seat, words };
  }

  it('votes for nothing and seals nothing', () => {
    const { table, seat, words } = diverged(2);
    const block = blockOn(seat.state);
    const id = headerId(block.header, crypto);
    deliver(table, 0, 2, proposalOf(0, 0, 1, block));
    for (const kind of ['prepare', 'commit'] as const) {
      for (const voter of [1, 3]) deliver(table, voter, 2, voteOf(voter, kind, 0, 1, id));
    }
    deliver(table, 0, 2, voteOf(0, 'commit', 0, 1, id));
    table.run(5_000);
    expect(words()).toEqual(new Set(['status']));
    expect(seat.state.promises).toMatchObject({ prepare: undefined, commit: undefined });
    expect(seat.state.verdicts.size).toBe(0);
    expect(seat.head.height).toBe(0);
    expect(seat.alarms).toEqual(['diverged']);
  });

  it('proposes nothing', () => {
    const { table, seat, words } = diverged(0);
    seat.submit(1);
    table.run(5_000);
    expect(words()).toEqual(new Set(['status']));
  });

  it('leaves no view, joins none and leads none', () => {
    const { table, seat, words } = diverged(1);
    seat.submit(1);
    // Long past its patience; a quorum leaves for the view that it would lead.
    table.run(60_000);
    for (const member of [0, 2, 3]) deliver(table, member, 1, changeOf(member, 4, 1, 1));
    seat.state.pace = Array.from({ length: 8 }, () => 1_999);
    table.run(5_000);
    expect(words()).toEqual(new Set(['status']));
    expect(seat.state).toMatchObject({ viewChanges: 0, failedViews: 0 });
    expect(seat.state.promises).toMatchObject({ view: 0, entered: true });
    expect(seat.alarms).toEqual(['diverged']);
  });
});

describe('the clock', () => {
  it('holds a proposal that is too new until it is not', () => {
    const table = new Committee({ members: 4 });
    table.run(2_100);
    const before = Math.max(...table.heights());
    // The primary's clock runs 8 s ahead, 3 s more than the tolerance.
    const [primary] = table.members;
    primary?.skew(8_000);
    table.run(1_500);
    expect(Math.max(...table.heights())).toBe(before);
    table.run(30_000);
    expect(Math.min(...table.heights())).toBeGreaterThan(before + 5);
  });

  it('takes the lead from a primary that would stop the clock', () => {
    const table = new Committee({ members: 4 });
    table.run(2_100);
    // Its timers begin with this clock: it is in time, its blocks are not.
    table.members[0]?.stop();
    table.members[0]?.skew(-3_600_000);
    table.members[0]?.start();
    table.introduce();
    const before = Math.max(...table.heights());
    table.run(40_000);
    const { head, state } = table.members[1] as Committee['members'][number];
    expect(head.height).toBeGreaterThan(before + 20);
    expect(state?.promises.view).toBeGreaterThan(0);
    // It is second 52 after genesis: 5 s of tolerance and 2 s of patience are the worst.
    expect(head.header.time - genesisTime).toBeGreaterThanOrEqual(44);
  });

  it('never lets block time run backwards', () => {
    const table = new Committee({ members: 4 });
    table.members[1]?.skew(-60_000);
    table.run(30_000);
    const times = [1, 2, 3].map((height) => {
      const id = table.idAt(2, height) as string;
      return table.members[2]?.chain.header(id)?.header.time as number;
    });
    expect(times).toEqual([...times].sort());
  });
});
