/**
 * Any order of events, honest or not: the step never throws, forgets no request, gives one verdict
 * for each delivery, keeps its rooms within their bounds, and finds the best chain when peace comes.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Answer, Query } from '../../../src/consensus/protocol.ts';
import { nobleCrypto as crypto } from '../../../src/primitives/crypto.ts';
import { limits } from '../../../src/primitives/limits.ts';
import { announce } from '../../../src/primitives/wire.ts';
import { genesis, honestPeer, type Mined, mine, mineChain, World } from './support.ts';

const peers = ['a', 'b', 'c', 'd'];
const transactions = [1, 2, 3].map((byte) => Uint8Array.of(byte, byte));

/** Three branches: the heaviest breaks in the middle, the next is the best valid one. */
const trunk = mineChain(genesis, 4, { transactions });
const best = [...trunk, ...mineChain(trunk[3] as Mined, 8, { salt: 1 })];
const broken = [...trunk, ...mineChain(trunk[3] as Mined, 12, { salt: 2 })];
const short = mineChain(genesis, 6, { salt: 3, transactions });
const chains = [best, broken, short];
const badBlock = broken[8] as Mined;
const blocks: readonly Mined[] = [
  ...new Set([...best, ...broken, ...short, mine(genesis, { height: 9 }), mine(best[5] as Mined)]),
];

type Command =
  | { kind: 'announce'; peer: number; block: number; spoil: 'no' | 'ids' | 'record' }
  | { kind: 'join'; peer: number; chain: number; lie: boolean }
  | { kind: 'leave'; peer: number }
  | {
      kind: 'answer';
      open: number;
      chain: number;
      how: 'honest' | 'other' | 'empty' | 'fail' | 'wrong';
    }
  | { kind: 'unasked' }
  | { kind: 'wait'; milliseconds: number }
  | { kind: 'mining'; enabled: boolean }
  | { kind: 'sealed'; block: number }
  | { kind: 'proposed' }
  | { kind: 'slow'; isSlow: boolean }
  | { kind: 'execute'; most: number }
  | { kind: 'restart' };

const peer = fc.nat({ max: peers.length - 1 });
const chain = fc.nat({ max: chains.length - 1 });
const block = fc.nat({ max: blocks.length - 1 });

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('announce' as const),
      peer,
      block,
      spoil: fc.constantFrom('no', 'no', 'ids', 'record'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('join' as const), peer, chain, lie: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), peer }) },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      open: fc.nat({ max: 20 }),
      chain,
      how: fc.constantFrom('honest', 'honest', 'honest', 'other', 'empty', 'fail', 'wrong'),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'unasked' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      milliseconds: fc.nat({ max: 20_000 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('mining' as const), enabled: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sealed' as const), block }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'proposed' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('slow' as const), isSlow: fc.boolean() }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('execute' as const), most: fc.nat({ max: 4 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
);

function wrongAnswer(query: Query, from: readonly Mined[]): Answer {
  if (query.kind === 'headers') {
    return { kind: 'headers', value: [...from].reverse().map(({ header }) => header) };
  }
  if (query.kind === 'bodies') {
    const value = from.map(({ block: { record } }) => ({ record, transactions: [] }));
    return { kind: 'bodies', value: value.slice(0, limits.bodiesPerAnswerMax) };
  }
  return { kind: 'transactions', value: [Uint8Array.of(9)] };
}

function answerOf(query: Query, from: readonly Mined[], how: string): Answer {
  if (how === 'fail') return { kind: 'failed', reason: 'timeout' };
  if (how === 'wrong') return wrongAnswer(query, from);
  if (how === 'empty' && query.kind !== 'status') return { kind: query.kind, value: [] };
  // A peer that is asked of a block it never had says so.
  const isKnown = query.kind !== 'transactions' || from.some(({ id }) => id === query.value.id);
  return isKnown ? honestPeer(from)(query) : { kind: 'transactions', value: [] };
}

function obey(world: World, order: Command): void {
  switch (order.kind) {
    case 'announce': {
      const mined = blocks[order.block] as Mined;
      const message = announce(mined.block, mined.id, crypto);
      const shortIds = [new Uint8Array(8), ...message.shortIds.slice(1)];
      const { record } = (blocks[0] as Mined).block;
      const spoiled = order.spoil === 'ids' ? { ...message, shortIds } : { ...message, record };
      world.announce(peers[order.peer] as string, mined, order.spoil === 'no' ? message : spoiled);
      break;
    }
    case 'join': {
      const tip = (chains[order.chain] as Mined[]).at(-1) as Mined;
      world.join(peers[order.peer] as string, order.lie ? { ...tip, work: tip.work * 2n } : tip);
      break;
    }
    case 'leave':
      world.run({ kind: 'left', peer: peers[order.peer] as string });
      break;
    case 'answer': {
      const open = world.open();
      const request = open[order.open % Math.max(1, open.length)];
      if (request === undefined) break;
      world.answer(request, answerOf(request.query, chains[order.chain] as Mined[], order.how));
      break;
    }
    case 'unasked':
      world.run({
        kind: 'answered',
        request: 999_999,
        peer: 'a',
        answer: { kind: 'headers', value: [] },
      });
      break;
    case 'wait':
      elapse(world, order.milliseconds);
      break;
    case 'mining':
      world.run({ kind: 'mining', enabled: order.enabled });
      break;
    case 'sealed':
      world.run({ kind: 'sealed', block: (blocks[order.block] as Mined).block });
      break;
    case 'proposed':
      world.run({ kind: 'proposed', block: (blocks[0] as Mined).block, parent: world.head.id });
      break;
    case 'slow':
      world.isSlow = order.isSlow;
      break;
    case 'execute':
      world.execute(order.most);
      break;
    case 'restart':
      world.restart();
      break;
  }
}

/** Time passes; timers fire in their order. */
function elapse(world: World, milliseconds: number): void {
  const until = world.now + milliseconds;
  for (let fired = 0; fired < 200; fired++) {
    const due = [...world.state.timers].filter(([, at]) => at <= until);
    const [next] = due.sort((left, right) => left[1] - right[1]);
    if (next === undefined) break;
    world.now = Math.max(world.now, next[1]);
    world.run({ kind: 'elapsed', timer: next[0] });
  }
  world.now = until;
}

function expectBounds(world: World): void {
  const { state } = world;
  const counts = new Map<string, number>();
  for (const { peer: asked } of state.requests.values()) {
    counts.set(asked, (counts.get(asked) ?? 0) + 1);
    expect(state.peers.has(asked)).toBe(true);
  }
  for (const each of state.peers.values()) {
    expect(each.inFlight).toBe(counts.get(each.id) ?? 0);
    expect(each.inFlight).toBeLessThanOrEqual(limits.requestsInFlightPerPeer);
  }
  for (const request of state.fetching.values()) expect(state.requests.has(request)).toBe(true);
  for (const id of state.rebuilds.keys()) expect(state.fetching.has(id)).toBe(true);
  expect(state.orphans.size).toBeLessThanOrEqual(limits.orphansMax);
  expect(state.rebuilds.size).toBeLessThanOrEqual(limits.rebuildsMax);
  expect(state.tree.size).toBeLessThanOrEqual(blocks.length + 1);
  expect(world.chain.invalid(world.head.id)).toBeUndefined();
}

describe('any order of events', () => {
  it('keeps every promise, and ends on the best valid chain', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (orders) => {
        const world = new World();
        world.bad.add(badBlock.id);
        world.poolTransactions.push(transactions[0] as Uint8Array);
        for (const order of orders) {
          obey(world, order);
          expectBounds(world);
        }
        world.isSlow = false;
        world.execute();
        for (const name of peers) world.run({ kind: 'left', peer: name });
        expect(world.state.requests.size).toBe(0);
        world.join('honest', best.at(-1) as Mined);
        for (let round = 0; round < 5; round++) {
          world.serve({ honest: honestPeer(best) });
          elapse(world, limits.peerPollMs);
        }
        // Two branches may tie at the top; whichever came first stays.
        expect(world.head.work).toBe((best.at(-1) as Mined).work);
      }),
      { numRuns: 300 },
    );
  });
});
