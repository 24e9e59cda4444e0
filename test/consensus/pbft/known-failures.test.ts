/**
 * Failures that others met, one named test for each; those marked * stand in the file named.
 *
 * | failure | met by | test |
 * |---|---|---|
 * | locks without certificates fork | IBFT v1 (Saltini, Hyland-Wood) | * pitfalls: re-propose the block of the highest certificate; undo a final block when certificates are forgotten |
 * | a slow primary just below the timeout | Aardvark (NSDI 2009) | * pitfalls: that stays just below the timeout |
 * | one member floods the others with requests | Aardvark | a flood of requests |
 * | one member or a stranger floods the others with messages | Aardvark | a flood of messages |
 * | a client is starved | Aardvark | * pitfalls: that starves the best paid transaction |
 * | back-off without a cap | QBFT networks, besu 7642 | * pitfalls: end an outage of an hour |
 * | a restart forgets a vote | CometBFT PR 1033 | a stop before, between and after record and sending |
 * | equivocating PREPAREs cost liveness | malachite 309 | two PREPAREs of one member |
 * | late COMMITs are thrown away | tendermint 1690, 5009 | COMMITs that come a view late |
 * | nothing wakes up without empty blocks | tendermint 3199 | a transaction after a long idle time |
 * | evidence seen twice stops peers | tendermint 5560 | evidence again and again |
 * | state transfer believes the last reporter | bft-smart 62 | * followers: takes no block whose seal fails; asks others |
 * | crafted messages crash members | SmartBFT 279 | altered messages of every kind |
 * | NEW-VIEW with a lower certificate | PBFT section 4.4 | the highest certificate of a NEW-VIEW |
 * | NEW-VIEW with nothing prepared | PBFT section 4.4 | a NEW-VIEW without certificates |
 * | a primary jumps ahead and fills the window | PBFT section 4.2 | a proposal far ahead |
 */

import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { type Message, messageCodec } from '../../../src/consensus/pbft/messages.ts';
import { isNewViewValid } from '../../../src/consensus/pbft/signatures.ts';
import { limits } from '../../../src/primitives/limits.ts';
import { DecodeError } from '../../../src/primitives/rlp.ts';
import { Committee } from './committee.ts';
import { deliver, seatOf, voteOf } from './forge.ts';

/** No height has two blocks. */
function expectAgreement(table: Committee): void {
  for (let height = 1; height <= Math.max(...table.heights()); height++) {
    expect(table.blocksAt(height)).toBe(1);
  }
}

describe('known failures', () => {
  it('a flood of requests: each peer has its quota, and it is filled again each tick', () => {
    const table = new Committee({ members: 4 });
    table.run(1_500);
    const { state } = seatOf(table, 1);
    const peer = state.peers.get('seat-2');
    const other = state.peers.get('seat-3');
    const transactions = Array.from({ length: 4_000 }, () => Uint8Array.of(0xc0));
    for (let times = 0; times < 5; times++)
      deliver(table, 2, 1, { kind: 'requests', transactions });
    expect(peer?.requestsLeft).toBe(limits.consortiumRequestsPerTick - 8_000);
    expect(other?.requestsLeft).toBe(limits.consortiumRequestsPerTick);
    table.run(limits.consortiumTickMs);
    expect(peer?.requestsLeft).toBe(limits.consortiumRequestsPerTick);
  });

  it('a flood of messages: no more signatures are checked than a peer may cost', () => {
    const table = new Committee({ members: 4, seats: 5 });
    table.run(1_500);
    const { state } = seatOf(table, 1);
    const before = table.heights()[1] ?? 0;
    const checked = vi.spyOn(state.environment.crypto, 'verifyEd25519');
    const flood = (source: number): number => {
      checked.mockClear();
      for (let view = 0; view < 3_000; view++) {
        const vote = voteOf(2, 'prepare', 10 + view, state.head.height + 1, 'ee'.repeat(32));
        deliver(table, source, 1, { ...vote, signature: new Uint8Array(64) });
      }
      return checked.mock.calls.length;
    };
    const [stranger, member] = [flood(4), flood(2)];
    checked.mockRestore();
    expect(stranger).toBeGreaterThan(0);
    expect(stranger).toBeLessThanOrEqual(limits.consortiumMessagesOfStranger);
    expect(member).toBeGreaterThan(900);
    expect(member).toBeLessThanOrEqual(limits.consortiumMessagesPerTick);
    table.run(5_000);
    expect(table.heights()[1]).toBeGreaterThanOrEqual(before + 4);
  });

  it.each(['before the record', 'between record and sending', 'after sending'])(
    'a stop %s of a vote leads to no second vote',
    (moment) => {
      const table = new Committee({ members: 4 });
      const said = new Map<string, string>();
      let stopped = false;
      table.passes = (source, _target, message) => {
        if (message.kind !== 'prepare' && message.kind !== 'commit') return true;
        const key = `${source} ${message.kind} ${message.view} ${message.height}`;
        const known = said.get(key) ?? message.id;
        expect(known, key).toBe(message.id);
        const isVictim = source === 2 && message.kind === 'prepare' && message.height === 2;
        if (!isVictim || stopped) {
          said.set(key, known);
          return true;
        }
        stopped = true;
        table.clock.schedule(0, () => {
          const victim = seatOf(table, 2);
          if (moment === 'before the record') victim.state.promises.prepare = undefined;
          victim.stop();
          victim.start();
          table.introduce();
        });
        // The first copy is lost with the power in all cases but the last.
        if (moment === 'after sending') said.set(key, known);
        return moment === 'after sending';
      };
      table.run(30_000);
      expect(stopped).toBe(true);
      expect(Math.min(...table.heights())).toBeGreaterThan(5);
      expectAgreement(table);
    },
  );

  it('two PREPAREs of one member in every view neither fork nor stop the others', () => {
    const table = new Committee({ members: 4 });
    table.passes = (source, target, message) => {
      if (source !== 3 || target === 0 || message.kind !== 'prepare') return true;
      deliver(
        table,
        3,
        target,
        voteOf(3, 'prepare', message.view, message.height, 'cc'.repeat(32)),
      );
      return true;
    };
    table.run(20_000);
    expect(Math.min(...table.heights().slice(0, 3))).toBeGreaterThan(10);
    expectAgreement(table);
    expect(seatOf(table, 1).state.evidence.has(3)).toBe(true);
  });

  it('COMMITs that come a view late still seal their block', () => {
    const table = new Committee({ members: 4 });
    const late: [number, number, Message][] = [];
    table.passes = (source, target, message) => {
      if (message.kind !== 'commit' || message.view > 0) return true;
      late.push([source, target, message]);
      return false;
    };
    table.run(1_200);
    const id = seatOf(table, 1).state.promises.commit?.id;
    expect(id).toBeDefined();
    // All leave view 0 with the certificate in hand, and nothing of view 1 gets through.
    table.passes = () => false;
    table.run(3_000);
    expect(seatOf(table, 1).state.promises.view).toBeGreaterThan(0);
    expect(table.heights()).toEqual([0, 0, 0, 0]);
    for (const [source, target, message] of late) deliver(table, source, target, message);
    table.run(10);
    expect(table.heights()).toEqual([1, 1, 1, 1]);
    expect(table.idAt(2, 1)).toBe(id);
  });

  it('a transaction after a long idle time is taken at once, also with a dead primary', () => {
    const table = new Committee({ members: 4, emptyBlockMs: 0 });
    table.run(600_000);
    expect(table.heights()).toEqual([0, 0, 0, 0]);
    for (const seat of table.members) seat.submit(1);
    table.run(60);
    expect(table.heights()).toEqual([1, 1, 1, 1]);
    for (const seat of table.members) seat.submit(0);
    table.run(600_000);
    const before = Math.max(...table.heights());
    table.members[0]?.stop();
    for (const seat of table.members.slice(1)) seat.submit(1);
    table.run(2 * 2_000);
    expect(table.heights()[1]).toBeGreaterThan(before);
  });

  it('evidence again and again is neither passed on twice nor held against who brings it', () => {
    const table = new Committee({ members: 4 });
    table.run(2_000);
    const passed: Message[] = [];
    table.passes = (_source, _target, message) => {
      if (message.kind === 'evidence') passed.push(message);
      return true;
    };
    const height = seatOf(table, 1).head.height + 1;
    const evidence: Message = {
      kind: 'evidence',
      first: voteOf(3, 'commit', 0, height, 'aa'.repeat(32)),
      second: voteOf(3, 'commit', 0, height, 'bb'.repeat(32)),
    };
    for (let times = 0; times < 5; times++) deliver(table, 0, 1, evidence);
    table.run(5_000);
    // Each of three honest members tells its three peers once; the accused one does, too.
    expect(passed.length).toBeLessThanOrEqual(12);
    expect(Math.min(...table.heights())).toBeGreaterThan(4);
    const forged = { ...evidence, second: evidence.first };
    deliver(table, 0, 1, forged);
    const stranger = { ...evidence.first, member: 2 };
    deliver(table, 0, 1, { ...evidence, first: stranger, second: { ...stranger, id: 'cc' } });
    expect(seatOf(table, 1).state.evidence.has(2)).toBe(false);
  });

  it('altered messages of every kind stop nobody', () => {
    const table = new Committee({ members: 4 });
    const seen: { readonly source: number; readonly target: number; readonly bytes: Uint8Array }[] =
      [];
    table.passes = (source, target, message) => {
      seen.push({ source, target, bytes: messageCodec.encode(message) });
      return source !== 0 || seen.length > 200;
    };
    table.run(12_000);
    table.passes = () => true;
    const kinds = new Set(seen.map(({ bytes }) => messageCodec.decode(bytes).kind));
    expect(kinds).toContain('new-view');
    expect(kinds).toContain('view-change');
    const alteration = fc.record({
      at: fc.nat(seen.length - 1),
      bit: fc.nat(),
      field: fc.constantFrom('view', 'height', 'member', 'id', 'none'),
      value: fc.constantFrom(0, 1, 2, 63, 64, 2 ** 31, Number.MAX_SAFE_INTEGER),
    });
    fc.assert(
      fc.property(alteration, ({ at, bit, field, value }) => {
        const { source, target, bytes } = seen[at] as (typeof seen)[number];
        const altered = bytes.slice();
        const place = bit % (8 * altered.length);
        if (field === 'none') {
          altered[place >> 3] = (altered[place >> 3] as number) ^ (1 << (place & 7));
        }
        try {
          const message = messageCodec.decode(altered);
          const changed =
            field in message && field !== 'id' ? { ...message, [field]: value } : message;
          deliver(table, source, target, changed);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 300 },
    );
    const before = Math.min(...table.heights());
    table.run(30_000);
    expect(Math.min(...table.heights())).toBeGreaterThan(before + 5);
    expectAgreement(table);
  });

  it('the highest certificate of a NEW-VIEW binds, whatever order they come in', () => {
    const table = new Committee({ members: 4 });
    // Prepared at member 0 alone in view 0, at members 1 and 2 in a later view; never committed.
    let round = 0;
    table.passes = (_source, target, message) => {
      if (message.kind === 'commit') return false;
      if (message.kind === 'prepare' && message.view === 0) return target === 0;
      round = Math.max(round, 'view' in message ? message.view : 0);
      return true;
    };
    table.run(20_000);
    expect(round).toBeGreaterThan(1);
    const newView = table.members.map((seat) => seat.state?.newView).find((each) => each);
    if (newView === undefined) throw new Error('no NEW-VIEW');
    const best = newView.changes
      .flatMap(({ certificate }) => certificate ?? [])
      .toSorted((one, other) => other.prepares.view - one.prepares.view)[0];
    const { state } = seatOf(table, 1);
    expect(state.promises.start.required).toEqual(best?.header);
    // One certificate left out: its own VIEW-CHANGE does not verify any more.
    const changes = newView.changes.map((change) => ({ ...change, certificate: undefined }));
    expect(isNewViewValid(state, newView)).toBe(true);
    expect(isNewViewValid(state, { ...newView, changes })).toBe(false);
    table.passes = () => true;
    table.run(20_000);
    expect(Math.min(...table.heights())).toBeGreaterThan(2);
    expectAgreement(table);
  });

  it('a NEW-VIEW without certificates leaves the primary free', () => {
    const table = new Committee({ members: 4 });
    table.members[0]?.stop();
    table.run(6_000);
    const { state } = seatOf(table, 1);
    expect(state.promises.view).toBeGreaterThan(0);
    expect(state.promises.start.required).toBeUndefined();
    expect(table.heights()[1]).toBeGreaterThan(0);
  });

  it('a proposal far ahead is not kept, and takes no place from the next one', () => {
    const table = new Committee({ members: 4 });
    let stolen: Message | undefined;
    table.passes = (_source, target, message) => {
      if (message.kind === 'pre-prepare' && target === 1) stolen ??= message;
      return true;
    };
    table.run(1_200);
    if (stolen?.kind !== 'pre-prepare') throw new Error('no proposal');
    const { state } = seatOf(table, 1);
    for (const ahead of [2, 100, 1_000_000]) {
      const height = state.head.height + 1 + ahead;
      const { signature } = voteOf(0, 'prepare', 0, height, state.head.id);
      deliver(table, 0, 1, { ...stolen, height, signature });
      deliver(table, 3, 1, voteOf(3, 'commit', 0, height, 'aa'.repeat(32)));
      expect(state.proposals.get(0)?.height ?? 0).toBeLessThan(height);
      expect(state.commits.get(height, 3)).toBeUndefined();
    }
    table.run(3_000);
    expect(Math.min(...table.heights())).toBeGreaterThan(3);
  });
});

describe('statistics', () => {
  it('count blocks and say how long they took', () => {
    const table = new Committee({ members: 4 });
    table.run(5_500);
    const { tally, head } = seatOf(table, 2).state;
    expect(tally.blocks).toBe(head.height);
    expect(tally.emptyBlocks).toBe(head.height);
    expect(tally.latenciesMs).toHaveLength(head.height);
    // PREPARE and COMMIT take 10 ms each, check and apply 3 together.
    expect(Math.max(...tally.latenciesMs)).toBeLessThan(40);
  });
});
