/** Catching up: headers first, the work gate with its two passes, parallel bodies, stalls. */

import { beforeAll, describe, expect, it } from 'vitest';
import { pow } from '../../../src/consensus/pow/pow.ts';
import type { Answer, Query } from '../../../src/consensus/protocol.ts';
import { limits } from '../../../src/primitives/limits.ts';
import { easyParameters, genesis, honestPeer, type Mined, mineChain, World } from './support.ts';

const tipOf = (chain: readonly Mined[]): Mined => chain.at(-1) as Mined;
const storedHeaders = (world: World): number =>
  [...world.disk.keys()].filter((key) => key.startsWith('68')).length;

let long: readonly Mined[];
beforeAll(() => {
  long = mineChain(genesis, 5_000);
});

describe('headers first', () => {
  it('takes a chain from one peer and its bodies from several', () => {
    const world = new World();
    const chain = long.slice(0, 300);
    for (const peer of ['a', 'b', 'c']) world.join(peer, tipOf(chain));
    const asked = world.open().map(({ query }) => query.kind);
    expect(asked).toEqual(['headers']);
    const peer = honestPeer(chain);
    world.serve({ a: peer, b: peer, c: peer });
    expect(world.head.id).toBe(tipOf(chain).id);
    const bodies = world.of('request').filter(({ query }) => query.kind === 'bodies');
    expect(new Set(bodies.map((request) => request.peer)).size).toBe(3);
    const ids = bodies.flatMap(({ query }) => (query.kind === 'bodies' ? query.value.ids : []));
    expect(ids).toHaveLength(300);
    expect(new Set(ids).size).toBe(300);
  });

  it('keeps within the slots of a peer and the body window', () => {
    const world = new World();
    world.join('a', tipOf(long));
    world.answer(world.open()[0] as never, honestPeer(long)(world.open()[0]?.query as Query));
    const open = world.open();
    expect(open.filter(({ query }) => query.kind === 'headers')).toHaveLength(1);
    expect(open).toHaveLength(limits.requestsInFlightPerPeer - 1);
    expect(pow.status(world.state).syncing).toEqual({ current: 0, highest: 2_000 });
  });

  it('does not run more than one window ahead of bodies that arrive', () => {
    const world = new World();
    const chain = [...long, ...mineChain(tipOf(long), 2_000)];
    const peer = honestPeer(chain);
    world.join('a', tipOf(chain));
    const [first] = world.open();
    world.answer(first as never, peer(first?.query as Query));
    const bodies = world.open().find(({ query }) => query.kind === 'bodies');
    world.answer(bodies as never, peer(bodies?.query as Query));
    const headersOnly = (query: Query): Answer =>
      query.kind === 'headers' ? peer(query) : { kind: 'bodies', value: [] };
    world.serve({ a: headersOnly });
    expect(world.state.tree.heaviest.height).toBe(6_000);
    // Withheld bodies must not hide another branch: after 30 s without any, headers go on.
    world.now += limits.syncingIdleMs;
    world.run({ kind: 'elapsed', timer: 'poll' });
    world.serve({ a: headersOnly });
    expect(world.state.tree.heaviest.height).toBe(7_000);
  });

  it('asks a second peer beside one that is slow', () => {
    const world = new World();
    world.join('a', tipOf(long));
    world.join('b', tipOf(long));
    expect(world.open().map(({ peer }) => peer)).toEqual(['a']);
    world.now += limits.headersSlowMs;
    world.run({ kind: 'elapsed', timer: 'headers-slow' });
    expect(world.open().map(({ peer }) => peer)).toEqual(['a', 'b']);
  });

  it('asks a second peer when the first lets its headers run out', () => {
    const world = new World();
    const chain = long.slice(0, 20);
    world.join('a', tipOf(chain));
    world.join('b', tipOf(chain));
    world.serve({ b: honestPeer(chain) });
    expect(world.head.id).toBe(tipOf(chain).id);
    const reports = world.of('report').map(({ peer, code }) => `${peer} ${code}`);
    expect(reports.every((report) => report === 'a stalled')).toBe(true);
  });

  it('goes on from its stored headers after a crash', () => {
    const world = new World();
    const chain = long.slice(0, 500);
    world.join('a', tipOf(chain));
    world.answer(world.open()[0] as never, honestPeer(chain)(world.open()[0]?.query as Query));
    world.answer(world.open()[0] as never, honestPeer(chain)(world.open()[0]?.query as Query));
    expect(world.head.height).toBe(16);
    world.restart();
    expect(world.state.tree.heaviest.height).toBe(500);
    world.join('a', tipOf(chain));
    world.serve({ a: honestPeer(chain) });
    expect(world.head.id).toBe(tipOf(chain).id);
  });

  it('learns what gossip lost by asking around', () => {
    const world = new World();
    world.join('a', genesis);
    const chain = long.slice(0, 5);
    world.now += limits.peerPollMs;
    world.run({ kind: 'elapsed', timer: 'poll' });
    world.serve({ a: honestPeer(chain) });
    expect(world.head.id).toBe(tipOf(chain).id);
  });

  it('moves to a heavier branch that begins before the window', () => {
    const world = new World();
    world.preload(long);
    world.restart();
    expect(world.head.id).toBe(tipOf(long).id);
    const heavier = [...long.slice(0, 100), ...mineChain(long[99] as Mined, 4_950, { salt: 7 })];
    world.join('b', tipOf(heavier));
    world.serve({ b: honestPeer(heavier) });
    expect(world.head.id).toBe(tipOf(heavier).id);
    expect(world.of('alarm').map(({ code }) => code)).toContain('deep-reorganisation');
    expect(world.state.tree.size).toBeLessThan(3 * limits.headerWindowBlocks);
  });
});

describe('bad headers', () => {
  it('end the session, store nothing, and cost the sender', () => {
    const world = new World();
    const chain = long.slice(0, 10);
    const wrong = mineChain(chain[4] as Mined, 5, { bits: 0x207ffffe });
    world.join('a', tipOf(chain));
    world.serve({ a: honestPeer([...chain.slice(0, 5), ...wrong]) });
    expect(storedHeaders(world)).toBe(1);
    expect(world.of('report')).toEqual([{ kind: 'report', peer: 'a', code: 'invalid-header' }]);
  });

  it('that do not link are malformed', () => {
    const world = new World();
    world.join('a', tipOf(long));
    const gap = [...long.slice(0, 5), ...long.slice(6, 10)].map(({ header }) => header);
    world.serve({ a: () => ({ kind: 'headers', value: gap }) });
    expect(world.of('report')).toEqual([{ kind: 'report', peer: 'a', code: 'malformed' }]);
  });

  it('from the future end the answer without blame', () => {
    const world = new World();
    world.now = (genesis.header.time + 15 * 10) * 1000;
    const chain = long.slice(0, 50);
    world.join('a', tipOf(chain));
    world.serve({ a: honestPeer(chain) });
    expect(world.head.height).toBe(12);
    expect(world.of('report')).toEqual([]);
  });
});

describe('the work gate', () => {
  it('stores nothing of a branch that stays 240 blocks short', () => {
    const world = new World();
    const own = long.slice(0, 300);
    world.join('a', tipOf(own));
    world.serve({ a: honestPeer(own) });
    const before = storedHeaders(world);
    const light = mineChain(genesis, 50, { salt: 3 });
    world.join('liar', { ...tipOf(light), work: tipOf(own).work + 1_000n });
    world.serve({ a: honestPeer(own), liar: honestPeer(light) });
    expect(storedHeaders(world)).toBe(before);
    expect(world.of('report')).toEqual([{ kind: 'report', peer: 'liar', code: 'low-work-chain' }]);
    expect(world.announce('liar', light[0] as Mined)).toBe('ignore');
    expect(storedHeaders(world)).toBe(before);
  });

  const guarded = { ...easyParameters, minimumWork: '9000' };

  it('downloads a long branch twice before its first header is stored', () => {
    const world = new World(guarded);
    world.join('a', tipOf(long));
    const peer = honestPeer(long);
    const rounds: number[] = [];
    for (let [next] = world.open(); next?.query.kind === 'headers'; [next] = world.open()) {
      world.answer(next, peer(next.query));
      rounds.push(storedHeaders(world) - 1);
    }
    // 9,000 hashes are 4,500 blocks: three answers prove them; the second pass releases what 24
    // later bits confirm, and all of it once the work is shown again.
    expect(rounds).toEqual([0, 0, 0, 0, 4_000 - limits.presyncBufferHeaders, 5_000]);
    world.serve({ a: peer });
    expect(world.head.id).toBe(tipOf(long).id);
    expect(world.of('report')).toEqual([]);
  });

  it('stores nothing when the second pass shows other headers', () => {
    const world = new World(guarded);
    const other = mineChain(genesis, 5_000, { salt: 5 });
    world.join('a', tipOf(long));
    let answers = 0;
    world.serve({ a: (query) => honestPeer(answers++ < 3 ? long : other)(query) });
    expect(storedHeaders(world)).toBe(1);
    expect(world.of('report')).toEqual([{ kind: 'report', peer: 'a', code: 'low-work-chain' }]);
  });

  it('stores nothing of a long branch that never reaches the minimum', () => {
    const world = new World({ ...easyParameters, minimumWork: '11000' });
    world.join('a', tipOf(long));
    world.serve({ a: honestPeer(long) });
    expect(storedHeaders(world)).toBe(1);
    expect(world.of('report')).toEqual([{ kind: 'report', peer: 'a', code: 'low-work-chain' }]);
  });
});

describe('bodies', () => {
  it('that do not match cost the sender, never the block', () => {
    const world = new World();
    const chain = long.slice(0, 40);
    for (const peer of ['a', 'b']) world.join(peer, tipOf(chain));
    const honest = honestPeer(chain);
    const forger = (query: Query): Answer => {
      const answer = honest(query);
      if (answer.kind !== 'bodies') return answer;
      const value = answer.value.map((body) => ({ ...body, transactions: [Uint8Array.of(1)] }));
      return { kind: 'bodies', value };
    };
    world.serve({ a: forger, b: honest });
    expect(world.head.id).toBe(tipOf(chain).id);
    expect(world.of('report').map(({ peer, code }) => `${peer} ${code}`)).toContain(
      'a bad-delivery',
    );
    expect(world.of('report').some(({ peer }) => peer === 'b')).toBe(false);
  });

  it('are taken from a peer that holds up the window and given to another', () => {
    const world = new World();
    const chain = long.slice(0, 40);
    for (const peer of ['a', 'b']) world.join(peer, tipOf(chain));
    const honest = honestPeer(chain);
    const [headers] = world.open();
    world.answer(headers as never, honest(headers?.query as Query));
    const first = world.open().find(({ query }) => {
      return query.kind === 'bodies' && query.value.ids.includes(chain[0]?.id as string);
    });
    const slow = first?.peer as string;
    for (const request of world.open()) {
      if (request.peer !== slow) world.answer(request, honest(request.query));
    }
    expect(world.head.height).toBe(0);
    world.now += limits.bodyStallMsMin;
    world.run({ kind: 'elapsed', timer: 'bodies-stalled' });
    expect(world.of('cancel').map(({ request }) => request)).toContain(first?.request);
    expect(world.of('report')).toContainEqual({ kind: 'report', peer: slow, code: 'stalled' });
    const fast = slow === 'a' ? 'b' : 'a';
    const again = world.open().find(({ query, peer }) => {
      return peer === fast && query.kind === 'bodies' && query.value.ids[0] === chain[0]?.id;
    });
    expect(again).toBeDefined();
    world.serve({ [fast]: honest });
    world.now += limits.peerRestMs;
    world.run({ kind: 'elapsed', timer: 'poll' });
    world.serve({ a: honest, b: honest });
    expect(world.head.id).toBe(tipOf(chain).id);
  });

  it('withheld by the heaviest branch do not stop the next heaviest', () => {
    const world = new World();
    const honest = long.slice(0, 20);
    const withheld = mineChain(genesis, 25, { salt: 4 });
    const evil = (query: Query): Answer =>
      query.kind === 'headers' ? honestPeer(withheld)(query) : { kind: 'bodies', value: [] };
    world.join('evil', tipOf(withheld));
    world.serve({ evil });
    world.join('a', tipOf(honest));
    world.now += limits.peerPollMs;
    world.run({ kind: 'elapsed', timer: 'poll' });
    for (let round = 0; round < 10 && world.head.height < 20; round++) {
      world.serve({ evil, a: honestPeer(honest) });
      world.now += limits.peerPollMs;
      world.run({ kind: 'elapsed', timer: 'poll' });
    }
    expect(world.head.id).toBe(tipOf(honest).id);
  });
});
