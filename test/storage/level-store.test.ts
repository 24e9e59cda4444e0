import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { utf8 } from '../../src/primitives/bytes.ts';
import { LevelStore, SnapshotSource } from '../../src/storage/level-store.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dodona-store-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const put = (key: string, value: string) => ({ key: utf8(key), value: utf8(value) });

describe('LevelStore', () => {
  it('shows a write before it is durable and keeps it after reopening', async () => {
    const store = await LevelStore.open(folder);
    const written = store.write([put('a', '1'), put('b', '2')], { sync: true });
    expect(store.get(utf8('a'))).toEqual(utf8('1'));
    await written;
    await store.close();
    const again = await LevelStore.open(folder);
    expect(again.get(utf8('b'))).toEqual(utf8('2'));
    await again.close();
  });

  it('lets the last of several waiting writes win, and deletes', async () => {
    const store = await LevelStore.open(folder);
    const order: number[] = [];
    await Promise.all(
      [1, 2, 3].map((turn) =>
        store.write([put('k', String(turn))], { sync: false }).then(() => order.push(turn)),
      ),
    );
    expect(order).toEqual([1, 2, 3]);
    expect(store.get(utf8('k'))).toEqual(utf8('3'));
    const deleted = store.write([{ key: utf8('k'), value: undefined }], { sync: false });
    expect(store.get(utf8('k'))).toBeUndefined();
    await deleted;
    expect(store.get(utf8('k'))).toBeUndefined();
    await store.close();
  });

  it('reads ranges in both directions with a limit', async () => {
    const store = await LevelStore.open(folder);
    await store.write([put('x1', 'a'), put('x2', 'b'), put('x3', 'c'), put('y', 'd')], {
      sync: false,
    });
    const forward = await store.range(utf8('x'), utf8('y'), { limit: 2 });
    expect(forward.map(([key]) => new TextDecoder().decode(key))).toEqual(['x1', 'x2']);
    const backward = await store.range(utf8('x'), utf8('y'), { limit: 2, reverse: true });
    expect(backward.map(([key]) => new TextDecoder().decode(key))).toEqual(['x3', 'x2']);
    await store.close();
  });

  it('gives a reader one moment of the database', async () => {
    const store = await LevelStore.open(folder);
    await store.write([put('head', '1')], { sync: true });
    const source = await SnapshotSource.open(folder);
    const snapshot = source.take();
    await store.write([put('head', '2')], { sync: true });
    expect(snapshot.get(utf8('head'))).toEqual(utf8('1'));
    snapshot.close();
    const later = source.take();
    expect(later.get(utf8('head'))).toEqual(utf8('2'));
    later.close();
    await source.close();
    await store.close();
  });

  it('gives plain byte arrays whose slices are copies', async () => {
    const store = await LevelStore.open(folder);
    await store.write([put('a', 'value')], { sync: false });
    const first = store.get(utf8('a'));
    const copy = first?.slice(0, 1);
    copy?.fill(0);
    expect(store.get(utf8('a'))).toEqual(utf8('value'));
    expect(Buffer.isBuffer(first)).toBe(false);
    await store.close();
  });
});
