import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { shareSlots } from '../../src/network/admission.ts';
import { Dialer, type DialerParts } from '../../src/network/dialer.ts';
import { PeerBook } from '../../src/network/store.ts';
import type { PeerInfo } from '../../src/network/types.ts';
import { limits } from '../../src/primitives/limits.ts';
import { silentLogger } from './support.ts';

const ids = [
  '12D3KooWPFV5hsFi6a1BsNhVXAVnqjhFBdEUUVop63LJfmbxRrot',
  '12D3KooWGRUYiEcBH4j4bKcCnSoRKTrTtPvFbXpBzkLLyrp2vwoB',
  '12D3KooWHFrmLWTTDD4NodngtRMEVYgxrsDMp4F9iSwYntZ9WjHa',
  '12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq',
];
const address = (host: string, id: string | undefined): string =>
  `/ip4/${host}/tcp/30333${id === undefined ? '' : `/p2p/${id}`}`;

async function emptyBook(): Promise<{ book: PeerBook; file: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'dodona-book-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'peers.json');
  return { book: await PeerBook.open(file, silentLogger), file };
}

/** A dialer whose dials succeed or fail as told, and that notes them. */
async function dialer(parts: Partial<DialerParts> = {}) {
  const dialled: string[] = [];
  let connected: Pick<PeerInfo, 'id' | 'address' | 'direction'>[] = [];
  const made = new Dialer({
    self: 'self',
    bootnodes: [],
    redialMsMax: limits.dialBackoffMsMax,
    slots: shareSlots(16),
    book: (await emptyBook()).book,
    logger: silentLogger,
    connected: () => connected,
    isBanned: () => false,
    ...parts,
    dial: (text) => {
      dialled.push(text);
      return parts.dial?.(text) ?? Promise.reject(new Error('unreachable'));
    },
  });
  return {
    dialled,
    setConnected: (peers: typeof connected) => {
      connected = peers;
    },
    /** Ticks and lets the dials settle. */
    tick: async (nowMs: number) => {
      dialled.length = 0;
      made.tick(nowMs);
      await new Promise((resolve) => setImmediate(resolve));
      return [...dialled];
    },
    made,
  };
}

describe('slots', () => {
  it.each([
    [60, 8, 52],
    [200, 20, 180],
    [16, 8, 8],
    [4, 2, 2],
    [1, 1, 0],
  ])('shares %i into %i outbound and %i inbound', (peersMax, outboundTarget, inboundMax) => {
    expect(shareSlots(peersMax)).toEqual({ peersMax, outboundTarget, inboundMax });
  });
});

describe('dialer', () => {
  it('doubles the time between dials up to a minute, with jitter below it', async () => {
    const boot = address('127.0.0.1', ids[0]);
    const { tick } = await dialer({ bootnodes: [boot] });
    const gaps: number[] = [];
    let last = 0;
    for (let now = 0; gaps.length < 10; now += 100) {
      if ((await tick(now)).length === 0) continue;
      if (now > 0) gaps.push(now - last);
      last = now;
    }
    for (const [index, gap] of gaps.entries()) {
      const full = Math.min(limits.dialBackoffMsMax, limits.dialBackoffMsMin * 2 ** index);
      expect(gap).toBeGreaterThanOrEqual(full / 2);
      expect(gap).toBeLessThanOrEqual(full + 100);
    }
  });

  it('leaves a bootnode that accepts and hangs up to its back-off, until it joins', async () => {
    const boot = address('127.0.0.1', undefined);
    const { tick, made, setConnected } = await dialer({
      bootnodes: [boot],
      dial: () => Promise.resolve(ids[0] as string),
    });
    expect(await tick(0)).toEqual([boot]);
    expect(await tick(400)).toEqual([]);
    expect(await tick(1_000)).toEqual([boot]);
    expect(await tick(1_900)).toEqual([]);
    made.joined(ids[0] as string);
    setConnected([{ id: ids[0] as string, address: boot, direction: 'outbound' }]);
    // The address names no peer, yet it is known who answered there.
    expect(await tick(100_000)).toEqual([]);
    setConnected([]);
    expect(await tick(200_000)).toEqual([boot]);
    expect(await tick(201_000)).toEqual([boot]);
    made.rest(ids[0] as string, 201_000);
    expect(await tick(260_000)).toEqual([]);
    expect(await tick(261_000)).toEqual([boot]);
  });

  it('dials at most two of one /16, no banned one, and stops at the target', async () => {
    const { book } = await emptyBook();
    for (const [index, host] of ['203.0.1.1', '203.0.2.2', '203.0.3.3', '198.51.1.1'].entries()) {
      book.learn(ids[index] as string, address(host, ids[index]));
    }
    const { tick, setConnected } = await dialer({
      book,
      isBanned: (subject) => subject === ids[3],
    });
    setConnected([
      { id: 'x', address: address('203.0.9.1', undefined), direction: 'outbound' },
      { id: 'y', address: address('203.0.9.2', undefined), direction: 'outbound' },
    ]);
    expect(await tick(0)).toEqual([]);
    setConnected([]);
    expect((await tick(1)).length).toBe(3);
    const many = Array.from({ length: 8 }, (_, index) => ({
      id: `peer ${index}`,
      address: address('127.0.0.1', undefined),
      direction: 'outbound' as const,
    }));
    setConnected(many);
    expect(await tick(100_000)).toEqual([]);
  });
});

describe('peer book', () => {
  it('keeps what it knew over a restart, anchors and bans included', async () => {
    const { book, file } = await emptyBook();
    book.learn(ids[0] as string, address('127.0.0.1', ids[0]));
    book.learn(ids[1] as string, address('127.0.0.2', ids[1]));
    book.learn(ids[2] as string, 'nonsense');
    book.succeeded(ids[0] as string, 1_000);
    book.failed(ids[0] as string);
    await book.save([ids[0] as string], [{ subject: ids[3] as string, untilMs: 5 }]);
    const again = await PeerBook.open(file, silentLogger);
    expect(again.all()).toEqual([
      { id: ids[0], address: address('127.0.0.1', ids[0]), seenMs: 1_000, failures: 1 },
      { id: ids[1], address: address('127.0.0.2', ids[1]), seenMs: 0, failures: 0 },
    ]);
    expect(again.anchors).toEqual([ids[0]]);
    expect(again.bans).toEqual([{ subject: ids[3], untilMs: 5 }]);
  });

  it('starts empty from a damaged file, and drops entries it cannot use', async () => {
    const { file } = await emptyBook();
    await writeFile(file, '{"peers": [');
    expect((await PeerBook.open(file, silentLogger)).all()).toEqual([]);
    await writeFile(
      file,
      '{"peers": [null, {"id": 3}, {"id": "a", "address": "x", "seenMs": 0, "failures": 0}], "bans": 7}',
    );
    expect((await PeerBook.open(file, silentLogger)).all()).toEqual([]);
    expect(await readFile(file, 'utf8')).toContain('null');
  });

  it('never grows beyond its limit, and lets go of strangers first', async () => {
    const { book } = await emptyBook();
    book.learn('met', address('127.0.0.1', undefined));
    book.succeeded('met', 1);
    for (let index = 0; index < limits.peerStoreMax + 50; index++) {
      book.learn(`stranger ${index}`, address('127.0.0.1', undefined));
    }
    expect(book.all()).toHaveLength(limits.peerStoreMax);
    expect(book.get('met')).toBeDefined();
  });

  it('forgets a stranger after three failures, an acquaintance never', async () => {
    const { book } = await emptyBook();
    for (const id of ['stranger', 'met']) book.learn(id, address('127.0.0.1', undefined));
    book.succeeded('met', 1);
    for (let count = 0; count < 3; count++) {
      book.failed('stranger');
      book.failed('met');
    }
    expect(book.get('stranger')).toBeUndefined();
    expect(book.get('met')?.failures).toBe(3);
  });
});
