/** Fork choice: the heaviest complete and valid branch, first seen among equals. */

import { describe, expect, it } from 'vitest';
import { pow } from '../../../src/consensus/pow/pow.ts';
import { genesis, mine, mineChain, World } from './support.ts';

const kinds = (world: World): string[] =>
  world.said
    .filter(({ kind }) => kind === 'apply' || kind === 'revert')
    .map((effect) => ('id' in effect ? `${effect.kind} ${effect.id}` : ''));

describe('fork choice', () => {
  it('keeps the branch seen first while work is equal, and follows the next block', () => {
    const world = new World();
    const first = mine(genesis, { salt: 1 });
    const second = mine(genesis, { salt: 2 });
    const child = mine(second);
    expect(world.announce('a', first)).toBe('accept');
    expect(world.announce('b', second)).toBe('accept');
    expect(world.head.id).toBe(first.id);
    expect(world.announce('b', child)).toBe('accept');
    expect(world.head.id).toBe(child.id);
    expect(kinds(world)).toEqual([
      `apply ${first.id}`,
      `revert ${first.id}`,
      `apply ${second.id}`,
      `apply ${child.id}`,
    ]);
  });

  it('keeps the applied head among equals after a restart', () => {
    const world = new World();
    const first = mine(genesis, { salt: 1 });
    const second = mine(genesis, { salt: 2 });
    world.announce('a', second);
    world.announce('a', first);
    world.restart();
    world.execute();
    expect(world.head.id).toBe(second.id);
  });

  it('undoes and applies a deep branch in one list, with an alarm', () => {
    const world = new World();
    const old = mineChain(genesis, 101, { salt: 1 });
    const heavier = mineChain(genesis, 102, { salt: 2 });
    for (const block of old) world.announce('a', block);
    for (const block of heavier.slice(0, -1)) world.announce('b', block);
    expect(world.head.id).toBe(old.at(-1)?.id);
    const last = heavier.at(-1) as (typeof heavier)[number];
    const before = world.said.length;
    world.announce('b', last);
    const list = world.said.slice(before).map(({ kind }) => kind);
    expect(list.filter((kind) => kind === 'revert')).toHaveLength(101);
    expect(list.filter((kind) => kind === 'apply')).toHaveLength(102);
    expect(list.lastIndexOf('revert')).toBeLessThan(list.indexOf('apply'));
    expect(list).toContain('alarm');
    expect(world.head.id).toBe(last.id);
  });

  it('returns to the best valid branch when a heavier one breaks in the middle', () => {
    const world = new World();
    const good = mineChain(genesis, 3, { salt: 1 });
    const broken = mineChain(genesis, 4, { salt: 2 });
    world.bad.add((broken[1] as { id: string }).id);
    world.join('b', genesis);
    for (const block of good) world.announce('a', block);
    for (const block of broken) world.announce('b', block);
    expect(world.head.id).toBe(good[2]?.id);
    expect(world.state.head.id).toBe(good[2]?.id);
    const marks = broken.map(({ id }) => world.chain.invalid(id));
    expect(marks).toEqual([
      undefined,
      'state-root-mismatch',
      'ancestor-invalid',
      'ancestor-invalid',
    ]);
    // Nobody is blamed: whoever relays a block has not executed it yet.
    expect(world.of('report')).toEqual([]);
    world.restart();
    expect(world.state.tree.best.id).toBe(good[2]?.id);
    expect(world.announce('b', mine(broken[3] as never))).toBe('ignore');
  });

  it('goes on with an extension of the surviving branch after a refusal', () => {
    const world = new World();
    const [one] = mineChain(genesis, 1);
    const bad = mine(one as never, { salt: 1 });
    const good = mine(one as never, { salt: 2 });
    world.bad.add(bad.id);
    world.announce('a', one as never);
    world.announce('a', bad);
    world.announce('a', good);
    expect(world.head.id).toBe(good.id);
  });

  it('finishes a reorganisation that a crash cut in half', () => {
    const world = new World();
    const old = mineChain(genesis, 3, { salt: 1 });
    const heavier = mineChain(genesis, 5, { salt: 2 });
    for (const block of old) world.announce('a', block);
    for (const block of heavier.slice(0, 3)) world.announce('b', block);
    // The bodies of the heavier branch are durable, its application is not.
    const { header, block } = heavier[3] as (typeof heavier)[number];
    const message = { header, record: block.record, shortIds: [] };
    world.step({ kind: 'received', peer: 'b', delivery: 1_000, message });
    expect(world.head.id).toBe(old[2]?.id);
    world.restart();
    world.execute();
    expect(world.head.id).toBe(heavier[3]?.id);
  });

  it('shows every branch with what is known of it', () => {
    const world = new World();
    const main = mineChain(genesis, 3, { salt: 1 });
    const side = mine(genesis, { salt: 2 });
    for (const block of main) world.announce('a', block);
    world.announce('b', side);
    const { tips, syncing, nextBits } = pow.status(world.state);
    expect(syncing).toBeUndefined();
    expect(nextBits).toBe(0x207fffff);
    expect(tips).toHaveLength(2);
    expect(tips).toContainEqual(
      expect.objectContaining({ id: main[2]?.id, status: 'active', branchLength: 0 }),
    );
    expect(tips).toContainEqual(
      expect.objectContaining({ id: side.id, status: 'valid-headers', branchLength: 1 }),
    );
  });
});
