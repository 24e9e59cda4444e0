/** The failures that are known of PBFT and its descendants, one named test for each. */

import { describe, expect, it } from 'vitest';
import type { Message } from '../../../src/consensus/pbft/messages.ts';
import { pbft } from '../../../src/consensus/pbft/pbft.ts';
import { headerId } from '../../../src/primitives/header.ts';
import { verifySeal, votePayload } from '../../../src/primitives/seal.ts';
import { memberIdentity } from '../../../src/simulation/consortium.ts';
import { Committee, crypto, memberParameters } from './committee.ts';

type Kind = Message['kind'];

/** Drops messages of these kinds. */
const without =
  (...kinds: readonly Kind[]) =>
  (_source: number, _target: number, message: Message): boolean =>
    !kinds.includes(message.kind);

/** Cuts the committee into the members below `border` and the others. */
const split = (border: number) => (source: number, target: number) =>
  source < border === target < border;

describe('the normal case', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 10])('makes blocks with %i members', (members) => {
    const table = new Committee({ members });
    table.run(10_000);
    expect(Math.min(...table.heights())).toBeGreaterThan(5);
    expect(table.blocksAt(5)).toBe(1);
  });

  it('seals blocks so that the member list alone proves them', () => {
    const table = new Committee({ members: 4 });
    table.run(3_000);
    const id = table.idAt(2, 1) as string;
    const seal = table.members[2]?.chain.block(id)?.seal as Uint8Array;
    const { members } = memberParameters({ members: 4 });
    const subject = { genesisId: new Uint8Array(32).fill(0xab), height: 1, id };
    expect(verifySeal(seal, subject, members, crypto)).toBe(true);
    expect(verifySeal(seal, { ...subject, height: 2 }, members, crypto)).toBe(false);
    expect(verifySeal(seal, subject, members.toReversed(), crypto)).toBe(false);
    expect(verifySeal(seal.slice(0, -1), subject, members, crypto)).toBe(false);
  });

  it('proposes at once for a waiting transaction, and nothing when nobody waits', () => {
    const table = new Committee({ members: 4, emptyBlockMs: 0 });
    table.run(60_000);
    expect(table.heights()).toEqual([0, 0, 0, 0]);
    for (const seat of table.members) seat.submit(1);
    table.run(60);
    expect(table.heights()).toEqual([1, 1, 1, 1]);
  });
});

describe('empty blocks', () => {
  it('do not hold up the transaction that comes after one', () => {
    const table = new Committee({ members: 4 });
    table.run(5_300);
    const before = table.heights();
    for (const seat of table.members) seat.submit(1);
    table.run(60);
    expect(table.heights()).toEqual(before.map((height) => height + 1));
  });

  it('come once a second at most when what waits never fits', () => {
    const table = new Committee({ members: 4 });
    table.run(2_000);
    const [before = 0] = table.heights();
    for (const seat of table.members) seat.submit(1);
    table.run(10_000);
    expect((table.heights()[0] as number) - before).toBeLessThanOrEqual(12);
  });
});

describe('quorums', () => {
  it('never let two halves of six decide; two threes would (2f + 1 is unsafe there)', () => {
    const sound = new Committee({ members: 6 });
    sound.passes = split(3);
    sound.run(60_000);
    expect(sound.heights()).toEqual([0, 0, 0, 0, 0, 0]);
    const unsound = new Committee({ members: 6, quorum: 3 });
    unsound.passes = split(3);
    unsound.run(60_000);
    expect(unsound.blocksAt(1)).toBe(2);
  });

  it('stop with two of four down, lose nothing, and resume without help', () => {
    const table = new Committee({ members: 4 });
    table.run(5_000);
    const before = table.heights();
    table.members[2]?.stop();
    table.members[3]?.stop();
    table.run(60_000);
    expect(table.heights()[0]).toBeLessThanOrEqual((before[0] as number) + 1);
    for (const seat of table.members.slice(2)) seat.start();
    table.introduce();
    table.run(40_000);
    expect(Math.min(...table.heights())).toBeGreaterThan((before[0] as number) + 3);
    for (let height = 1; height <= Math.min(...table.heights()); height++) {
      expect(table.blocksAt(height)).toBe(1);
    }
  });
});

describe('view changes', () => {
  /** The block commits at member 3 alone: the other COMMITs to and from it get lost. */
  function commitAtOne(step?: typeof pbft.step): Committee {
    const table = new Committee({ members: 4, ...(step === undefined ? {} : { step }) });
    table.passes = (_source, target, message) => message.kind !== 'commit' || target === 3;
    for (let waited = 0; table.heights()[3] === 0 && waited < 3_000; waited += 10) table.run(10);
    expect(table.heights()).toEqual([0, 0, 0, 1]);
    table.members[3]?.stop();
    // What was committed in view 0 is known to nobody who is left but as "prepared".
    table.passes = (_source, _target, message) => message.kind !== 'commit' || message.view > 0;
    table.run(20_000);
    return table;
  }

  it('re-propose the block of the highest certificate byte for byte', () => {
    const table = commitAtOne();
    expect(Math.min(...table.heights().slice(0, 3))).toBeGreaterThan(1);
    expect(table.members[0]?.state?.promises.view).toBeGreaterThan(0);
    expect(table.blocksAt(1)).toBe(1);
  });

  it('undo a final block when certificates are forgotten: the canary', () => {
    const table = commitAtOne((state, event) => {
      state.promises.prepared = undefined;
      const effects = pbft.step(state, event);
      state.promises.prepared = undefined;
      return effects;
    });
    expect(table.blocksAt(1)).toBe(2);
  });

  it('replace a dead primary within twice the timer', () => {
    const table = new Committee({ members: 4 });
    table.run(3_000);
    table.members[0]?.stop();
    const [, height = 0] = table.heights();
    table.run(1_000 + 2 * 2_000);
    expect(table.heights()[1]).toBeGreaterThan(height + 1);
  });

  it('end an outage of an hour within the capped back-off', () => {
    const table = new Committee({ members: 4 });
    table.run(3_000);
    const before = Math.max(...table.heights());
    table.passes = () => false;
    table.run(3_000_000);
    // Views change and none begins: in silence each member waits for a quorum without a timer.
    table.passes = without('new-view', 'pre-prepare');
    const { view: first = 0 } = table.members[1]?.state?.promises ?? {};
    table.run(600_000);
    const { view = 0 } = table.members[1]?.state?.promises ?? {};
    // One in 16 s, the first three sooner; without a cap nine, without back-off three hundred.
    expect(view - first).toBeGreaterThan(30);
    expect(view - first).toBeLessThan(45);
    table.passes = () => true;
    const { viewTimeoutMsMax } = memberParameters({ members: 4 });
    table.run(viewTimeoutMsMax + 1_000);
    expect(Math.min(...table.heights())).toBeGreaterThan(before);
  });

  it('come once, not with every other block, where all members are slow', () => {
    const table = new Committee({ members: 4 });
    for (const seat of table.members) {
      // Above the usual patience of 2 s, below twice that.
      seat.checkMs = 2_500;
      seat.load = [Uint8Array.of(0xc0)];
      seat.submit(1);
    }
    table.run(60_000);
    expect(Math.min(...table.heights())).toBeGreaterThan(15);
    expect(table.members[1]?.state?.promises.view).toBe(1);
    expect(table.members[1]?.state?.failedViews).toBe(1);
    for (const seat of table.members) seat.checkMs = 1;
    table.run(5_000);
    expect(table.members[1]?.state?.failedViews).toBe(0);
  });

  it('cannot be forced by f members, and are joined at f + 1', () => {
    const table = new Committee({ members: 4 });
    table.run(2_000);
    const [first, second, third] = table.members;
    first?.dispatch({ kind: 'elapsed', timer: 'view' });
    table.members[2]?.state?.changes.clear();
    const force = (index: number): void => {
      const state = table.members[index]?.state;
      if (state !== undefined) state.viewSince = state.heightSince = -1e15;
      table.members[index]?.dispatch({ kind: 'elapsed', timer: 'view' });
    };
    force(3);
    table.run(100);
    expect(second?.state?.promises.view).toBe(0);
    force(2);
    table.run(100);
    expect(second?.state?.promises.view).toBe(1);
    expect(third?.state?.promises.entered).toBe(true);
    table.run(5_000);
    expect(table.blocksAt(Math.min(...table.heights()))).toBe(1);
  });
});

describe('a restart', () => {
  it('neither forgets a vote nor casts another', () => {
    const table = new Committee({ members: 4 });
    table.passes = without('commit');
    table.run(1_200);
    const vote = table.members[2]?.state?.promises.prepare;
    expect(vote?.height).toBe(1);
    table.members[2]?.stop();
    table.members[2]?.start();
    expect(table.members[2]?.state?.promises.prepare).toEqual(vote);
    table.passes = () => true;
    table.introduce();
    table.run(30_000);
    expect(table.blocksAt(1)).toBe(1);
    expect(Math.min(...table.heights())).toBeGreaterThan(3);
  });

  it('of a primary re-proposes its own block', () => {
    const table = new Committee({ members: 4 });
    // Nobody else has seen it.
    table.passes = without('pre-prepare');
    table.run(1_200);
    const own = table.members[0]?.state?.promises.prepare?.id;
    expect(own).toBeDefined();
    table.members[0]?.stop();
    // A second later a new block would have another time.
    table.run(1_000);
    table.members[0]?.start();
    table.passes = () => true;
    table.introduce();
    table.run(500);
    expect(table.idAt(1, 1)).toBe(own);
  });

  it('of the only member goes on', () => {
    const table = new Committee({ members: 1 });
    table.run(3_000);
    table.members[0]?.stop();
    table.members[0]?.start();
    table.run(3_000);
    expect(table.heights()[0]).toBeGreaterThan(3);
  });
});

describe('a bad primary', () => {
  it('is left when its block fails, and its proposal is not voted for', () => {
    const table = new Committee({ members: 4 });
    table.run(2_500);
    table.passes = (_source, _target, message) => {
      if (message.kind !== 'pre-prepare' || message.view > 0) return true;
      const id = headerId(message.block.header, crypto);
      for (const seat of table.members.slice(1)) seat.refuses.add(id);
      return true;
    };
    table.run(4_000);
    expect(table.members[1]?.state?.promises.view).toBeGreaterThan(0);
    table.run(4_000);
    expect(Math.min(...table.heights())).toBeGreaterThan(4);
  });

  it('that starves the best paid transaction is left', () => {
    const table = new Committee({ members: 4 });
    for (const seat of table.members) {
      seat.best = 'aa'.repeat(32);
      seat.submit(1);
    }
    table.run(12_000);
    expect(table.members[1]?.alarms).toContain('view-change');
    expect(table.members[1]?.state?.promises.view).toBeGreaterThan(0);
  });

  const arrival = (sequence: number, gasLimit: number) => {
    const hash = sequence.toString(16).padStart(64, '0');
    return { hash, gasLimit, sizeBytes: 110, sequence };
  };

  it('that leaves out what waits longest is left, whatever pays best meanwhile', () => {
    const table = new Committee({ members: 4 });
    for (const seat of table.members) {
      // One that a primary will not have, and others that come and go.
      seat.arrivals = [arrival(1, 21_000)];
      seat.submit(1);
    }
    for (let second = 0; second < 10; second++) {
      for (const seat of table.members) seat.best = second.toString(16).padStart(64, 'b');
      table.run(1_000);
    }
    const { viewChanges, promises } = table.members[1]?.state ?? {};
    expect(promises?.view).toBe(1);
    expect(table.members[1]?.details.at(-1)).toContain(arrival(1, 0).hash);
    // It is held against one primary only, the next one in line against the next.
    for (const seat of table.members) seat.best = undefined;
    table.run(10_000);
    expect(table.members[1]?.state?.viewChanges).toBe(viewChanges);
    for (const seat of table.members) seat.arrivals.push(arrival(2, 21_000));
    table.run(10_000);
    expect(table.members[1]?.state?.promises.view).toBe(2);
  });

  it('is not blamed for what waits longest and did not fit', () => {
    const table = new Committee({ members: 4 });
    for (const seat of table.members) {
      seat.arrivals = [arrival(1, 30_000_001)];
      seat.submit(1);
    }
    table.run(20_000);
    expect(table.members[1]?.state?.promises.view).toBe(0);
  });

  it('that stays just below the timeout is left for its pace', () => {
    const table = new Committee({ members: 4 });
    const delayed = new Set<string>();
    table.passes = (source, target, message) => {
      if (message.kind !== 'pre-prepare' || message.view > 0) return true;
      const key = `${target} ${message.height}`;
      if (delayed.has(key)) return false;
      delayed.add(key);
      table.clock.schedule(1_600, () =>
        table.members[target]?.dispatch({
          kind: 'received',
          peer: `seat-${source}`,
          delivery: 0,
          message,
        }),
      );
      return false;
    };
    for (const seat of table.members) seat.submit(1);
    table.run(30_000);
    expect(table.members[1]?.state?.promises.view).toBeGreaterThan(0);
  });
});

describe('evidence', () => {
  it('of a double vote is kept, passed on, shown, and survives a restart', () => {
    const table = new Committee({ members: 4 });
    table.run(500);
    table.run(3_000);
    const height = Math.min(...table.heights()) + 1;
    table.passes = without('commit');
    table.run(1_500);
    const vote = table.members[3]?.state?.promises.prepare;
    expect(vote?.height).toBe(height);
    const other = { ...(vote as NonNullable<typeof vote>), id: 'cc'.repeat(32) };
    // The same key votes elsewhere for another block of the same view and height.
    const subject = { genesisId: new Uint8Array(32).fill(0xab), height, id: other.id };
    const payload = votePayload('prepare', other.view, subject);
    const signature = memberIdentity(crypto, 3).sign(payload);
    table.members[1]?.dispatch({
      kind: 'received',
      peer: 'seat-3',
      delivery: 0,
      message: { ...other, signature },
    });
    table.run(100);
    for (const index of [0, 1, 2]) {
      const state = table.members[index]?.state;
      if (state === undefined) throw new Error('stopped');
      expect(pbft.status(state).consortium?.members[3]?.evidence?.height).toBe(height);
    }
    table.members[1]?.stop();
    table.members[1]?.start();
    expect(table.members[1]?.state?.evidence.has(3)).toBe(true);
  });
});
