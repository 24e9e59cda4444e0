/** Gossiped blocks: verdicts, orphans, parking, rebuilding from the pool. */

import { describe, expect, it } from 'vitest';
import { keepOrphan } from '../../../src/consensus/pow/waiting-room.ts';
import { toHex } from '../../../src/primitives/bytes.ts';
import { nobleCrypto as crypto } from '../../../src/primitives/crypto.ts';
import { limits } from '../../../src/primitives/limits.ts';
import { announce } from '../../../src/primitives/wire.ts';
import { genesis, honestPeer, type Mined, mine, mineChain, World } from './support.ts';

const transactions = [1, 2, 3].map((byte) => Uint8Array.of(byte, byte, byte));

describe('verdicts', () => {
  it('reject what is wrong for ever', () => {
    const world = new World();
    const right = mine(genesis);
    const message = announce(right.block, right.id, crypto);
    const other = mine(genesis, { salt: 9 });
    expect(world.announce('a', mine(genesis, { workless: true }))).toBe('reject');
    expect(world.announce('a', mine(genesis, { bits: 0x207ffffe }))).toBe('reject');
    expect(world.announce('a', mine(genesis, { bits: 0x2100ffff }))).toBe('reject');
    expect(world.announce('a', mine(genesis, { version: 1 }))).toBe('reject');
    expect(world.announce('a', mine(genesis, { height: 2 }))).toBe('reject');
    expect(world.announce('a', mine(genesis, { time: genesis.header.time + 4 }))).toBe('reject');
    expect(world.announce('a', right, { ...message, record: other.block.record })).toBe('reject');
    expect(world.announce('a', right, { ...message, seal: Uint8Array.of(1) })).toBe('reject');
    expect(world.state.tree.size).toBe(1);
    expect(world.announce('a', right)).toBe('accept');
    expect(world.announce('b', right)).toBe('ignore');
  });

  it('ignore rolled version bits, as BIP320 asks', () => {
    const world = new World();
    expect(world.announce('a', mine(genesis, { version: 0x3fffe000 }))).toBe('accept');
  });
});

describe('a block from the future', () => {
  it('is parked, and taken when its time has come', () => {
    const world = new World();
    const time = Math.floor(world.now / 1000) + 31;
    const early = mine(genesis, { time });
    expect(world.announce('a', early)).toBe('ignore');
    expect(world.head.id).toBe(genesis.id);
    const timer = world.of('setTimer').find((effect) => effect.timer === 'parked-blocks');
    expect(timer?.afterMs).toBe(1_000);
    world.now += 1_000;
    world.run({ kind: 'elapsed', timer: 'parked-blocks' });
    expect(world.head.id).toBe(early.id);
    expect(world.of('broadcast')).toHaveLength(1);
    expect(world.chain.invalid(early.id)).toBeUndefined();
  });

  it('is never kept in unbounded numbers', () => {
    const world = new World();
    const time = Math.floor(world.now / 1000) + 100;
    for (let salt = 0; salt < limits.parkedMax + 20; salt++) {
      world.announce('a', mine(genesis, { time: time + (salt % 50), salt: salt % 256 }));
    }
    expect(world.state.parked.size).toBeLessThanOrEqual(limits.parkedMax);
  });
});

describe('an unknown parent', () => {
  it('makes an orphan and a question for headers, and costs the sender nothing', () => {
    const world = new World();
    const chain = mineChain(genesis, 3);
    world.join('a', genesis);
    expect(world.announce('a', chain[2] as Mined)).toBe('ignore');
    const [request] = world.open();
    expect(request).toMatchObject({ peer: 'a', query: { kind: 'headers' } });
    world.serve({ a: honestPeer(chain) });
    expect(world.head.id).toBe(chain[2]?.id);
    expect(world.state.orphans.size).toBe(0);
    expect(world.of('report')).toEqual([]);
  });

  it('is followed without a peer to ask when the parent is announced', () => {
    const world = new World();
    const chain = mineChain(genesis, 3);
    for (const block of [...chain].reverse()) world.announce('x', block);
    expect(world.head.id).toBe(chain[2]?.id);
    // The two that waited were forgotten by gossip.
    expect(world.of('broadcast')).toHaveLength(2);
  });

  it('fills at most eight places for a peer and 64 in all', () => {
    const world = new World();
    const lost = mine(genesis, { salt: 255 });
    for (let salt = 0; salt < 12; salt++) world.announce('greedy', mine(lost, { salt }));
    expect(world.state.orphans.size).toBe(limits.orphansPerPeerMax);
    for (let peer = 0; peer < 80; peer++) {
      world.announce(`peer ${peer}`, mine(lost, { salt: 20 + peer }));
    }
    expect(world.state.orphans.size).toBe(limits.orphansMax);
  });
});

describe('an orphan', () => {
  it('is not worth a place without a sixteenth of the work at the head', () => {
    const { state } = new World();
    const orphan = mine(mine(genesis));
    const announcement = announce(orphan.block, orphan.id, crypto);
    const waiting = { announcement, peer: 'a', notBeforeMs: 0 };
    const { head } = state;
    state.head = { ...head, header: { ...head.header, bits: 0x1f7fffff } };
    keepOrphan(state, orphan.id, waiting);
    expect(state.orphans.size).toBe(0);
    state.head = { ...head, header: { ...head.header, bits: 0x200fffff } };
    keepOrphan(state, orphan.id, waiting);
    expect(state.orphans.size).toBe(1);
  });
});

describe('rebuilding from short ids', () => {
  it('needs no request when the pool has everything', () => {
    const world = new World();
    world.join('a', genesis);
    world.poolTransactions.push(...transactions);
    const block = mine(genesis, { transactions });
    expect(world.announce('a', block)).toBe('accept');
    expect(world.of('request')).toEqual([]);
    expect(world.head.id).toBe(block.id);
  });

  it('asks for the missing ones by index', () => {
    const world = new World();
    world.join('a', genesis);
    world.poolTransactions.push(transactions[1] as Uint8Array);
    const block = mine(genesis, { transactions });
    world.announce('a', block);
    const [request] = world.open();
    expect(request?.query).toEqual({
      kind: 'transactions',
      value: { id: block.id, indexes: [0, 2] },
    });
    world.serve({ a: honestPeer([block]) });
    expect(world.head.id).toBe(block.id);
  });

  it('falls back to the whole body when the root does not match, and blames nobody', () => {
    const world = new World();
    world.join('a', genesis);
    const block = mine(genesis, { transactions });
    const message = announce(block.block, block.id, crypto);
    const swapped = [...message.shortIds].reverse();
    world.poolTransactions.push(...transactions);
    expect(world.announce('a', block, { ...message, shortIds: swapped })).toBe('accept');
    expect(world.open().map(({ query }) => query.kind)).toEqual(['bodies']);
    world.serve({ a: honestPeer([block]) });
    expect(world.head.id).toBe(block.id);
    expect(world.of('report')).toEqual([]);
  });

  it('gets the body of a fork of equal work too, and passes on one announcement of it', () => {
    const world = new World();
    world.join('a', genesis);
    world.announce('a', mine(genesis, { salt: 1 }));
    const fork = mine(genesis, { salt: 2, transactions });
    const message = announce(fork.block, fork.id, crypto);
    const wrong = { ...message, shortIds: message.shortIds.slice(1) };
    world.poolTransactions.push(...transactions);
    expect(world.announce('a', fork, wrong)).toBe('accept');
    expect(world.announce('b', fork, message)).toBe('ignore');
    expect(world.open().map(({ query }) => query.kind)).toEqual(['bodies']);
    world.serve({ a: honestPeer([fork]) });
    expect(world.chain.hasBody(fork.id)).toBe(true);
    expect(world.head.id).not.toBe(fork.id);
  });

  it('falls back to any peer with the block when the announcer is gone', () => {
    const world = new World();
    world.join('a', genesis);
    const block = mine(genesis, { transactions });
    world.announce('a', block);
    world.join('b', block);
    world.run({ kind: 'left', peer: 'a' });
    expect(world.of('cancel')).toHaveLength(1);
    world.serve({ b: honestPeer([block]) });
    expect(world.head.id).toBe(block.id);
  });

  it('takes a body that breaks a rule as the fault of the block', () => {
    const world = new World();
    world.join('a', genesis);
    const huge = Array.from({ length: 14 }, (_, byte) => new Uint8Array(160_000).fill(byte));
    const block = mine(genesis, { transactions: huge });
    world.announce('a', block);
    world.serve({ a: honestPeer([block]) });
    expect(world.head.id).toBe(genesis.id);
    expect(world.chain.invalid(block.id)).toBe('body-too-large');
    expect(toHex(block.header.previous)).toBe(genesis.id);
    expect(world.of('report')).toContainEqual({ kind: 'report', peer: 'a', code: 'invalid-block' });
  });
});
