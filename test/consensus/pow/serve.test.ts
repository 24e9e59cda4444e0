/** Answers to peers: locators, prefixes, size limits. */

import { describe, expect, it } from 'vitest';
import { headersQuery, locatorOf } from '../../../src/consensus/pow/locator.ts';
import { answerQuery } from '../../../src/consensus/pow/serve.ts';
import type { Query } from '../../../src/consensus/protocol.ts';
import { nobleCrypto as crypto } from '../../../src/primitives/crypto.ts';
import { type Header, headerId } from '../../../src/primitives/header.ts';
import { limits } from '../../../src/primitives/limits.ts';
import { type Body, exchangeCodecs, type Status } from '../../../src/primitives/wire.ts';
import { genesis, honestPeer, type Mined, mine, mineChain, World } from './support.ts';

const own: Status = {
  genesisId: new Uint8Array(32),
  headId: genesis.id,
  height: 0,
  work: 0n,
  earliestBody: 0,
};
const chain = mineChain(genesis, 2_500);

function grown(blocks: readonly Mined[]): World {
  const world = new World();
  world.preload(blocks);
  world.restart();
  return world;
}

const ask = (world: World, query: Query): unknown => answerQuery(world.chain, query, own);
const headersAfter = (world: World, ...locator: string[]): string[] => {
  const query: Query = { kind: 'headers', value: headersQuery(locator) };
  return (ask(world, query) as Header[]).map((header) => headerId(header, crypto));
};

describe('headers', () => {
  const world = grown(chain);

  it('follow the first locator id on the applied chain, at most 2,000', () => {
    const unknown = 'ff'.repeat(32);
    const answer = headersAfter(world, unknown, chain[99]?.id as string, genesis.id);
    expect(answer).toHaveLength(limits.headersPerAnswerMax);
    expect(answer[0]).toBe(chain[100]?.id);
    expect(headersAfter(world, chain[2_497]?.id as string)).toEqual([
      chain[2_498]?.id,
      chain[2_499]?.id,
    ]);
    expect(headersAfter(world, chain[2_499]?.id as string)).toEqual([]);
  });

  it('begin at block 1 for a stranger, and end at the stop', () => {
    expect(headersAfter(world)[0]).toBe(chain[0]?.id);
    const value = { locator: [genesis.id], stop: chain[4]?.id as string, max: 2_000 };
    expect(ask(world, { kind: 'headers', value })).toHaveLength(5);
  });

  it('never follow a side branch', () => {
    const other = grown(chain.slice(0, 10));
    const side = mine(chain[4] as Mined, { salt: 1 });
    other.announce('a', side);
    expect(headersAfter(other, side.id, chain[4]?.id as string)[0]).toBe(chain[5]?.id);
  });
});

describe('locators', () => {
  it('are dense at the tip, end at genesis, and stay within 32 ids', () => {
    const world = grown(chain);
    const ids = locatorOf(world.state.tree, world.chain, world.state.head);
    expect(ids.slice(0, 10)).toEqual(
      chain
        .slice(-10)
        .reverse()
        .map(({ id }) => id),
    );
    expect(ids.at(-1)).toBe(genesis.id);
    expect(ids.length).toBeLessThanOrEqual(limits.locatorHashesMax);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('bodies', () => {
  it('are an ordered prefix that ends at the first unknown block', () => {
    const world = grown(chain.slice(0, 5));
    const ids = [chain[0], chain[1], chain[9], chain[2]].map((mined) => (mined as Mined).id);
    const answer = ask(world, { kind: 'bodies', value: { ids } });
    const expected = honestPeer(chain)({ kind: 'bodies', value: { ids: ids.slice(0, 2) } });
    expect(answer).toEqual('value' in expected ? expected.value : undefined);
  });

  it('stay below 4 MiB', () => {
    const transactions = Array.from({ length: 12 }, (_, byte) =>
      new Uint8Array(160_000).fill(byte),
    );
    const big = mineChain(genesis, 4, { transactions });
    const world = grown(big);
    const ids = big.map(({ id }) => id);
    const answer = ask(world, { kind: 'bodies', value: { ids } }) as Body[];
    expect(answer).toHaveLength(2);
    const bytes = exchangeCodecs.bodies.answer.encode(answer);
    expect(bytes.length).toBeLessThanOrEqual(limits.bodiesAnswerSizeBytesMax);
  });
});

describe('transactions', () => {
  const transactions = [1, 2, 3].map((byte) => Uint8Array.of(byte));
  const [block] = mineChain(genesis, 1, { transactions }) as [Mined];
  const world = grown([block]);
  const indexes = (...list: number[]): unknown =>
    ask(world, { kind: 'transactions', value: { id: block.id, indexes: list } });

  it('come in the order asked, each once', () => {
    expect(indexes(0, 2)).toEqual([transactions[0], transactions[2]]);
    expect(indexes(1, 1)).toEqual([]);
    expect(indexes(2, 0)).toEqual([]);
    expect(indexes(3)).toEqual([]);
  });

  it('of an unknown block are none', () => {
    const value = { id: 'aa'.repeat(32), indexes: [0] };
    expect(ask(world, { kind: 'transactions', value })).toEqual([]);
  });
});

describe('status', () => {
  it('is what the host says of itself', () => {
    expect(ask(grown([]), { kind: 'status', value: own })).toBe(own);
  });
});
