/** The small rules of the network room: names, frames, rates, penalties, batches, addresses, identity. */

import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ReportCode } from '../../src/consensus/protocol.ts';
import {
  bestAddress,
  isDialable,
  reachOf,
  subnetOf,
  withPeer,
} from '../../src/network/addresses.ts';
import { banSubjects, connectionGater, shareSlots } from '../../src/network/admission.ts';
import { nextBatch } from '../../src/network/batcher.ts';
import { addressesCodec, isShareable, peersQueryCodec } from '../../src/network/exchange.ts';
import { decodeLength, encodeLength } from '../../src/network/frames.ts';
import {
  loadOrCreateIdentity,
  peerIdOfIdentity,
  publicKeyOfPeer,
  rawIdentity,
} from '../../src/network/identity.ts';
import { messageId, networkNames, saltedMessageId } from '../../src/network/names.ts';
import { PenaltyBook, penalties } from '../../src/network/penalties.ts';
import { messageCost, queryCost, RateLimiter } from '../../src/network/rates.ts';
import { answerSizeMax } from '../../src/network/requests.ts';
import { concat, fromHex, utf8 } from '../../src/primitives/bytes.ts';
import { limits } from '../../src/primitives/limits.ts';
import { DecodeError, encodeRlp } from '../../src/primitives/rlp.ts';
import { transactionBatchCodec } from '../../src/primitives/wire.ts';

describe('names', () => {
  const names = networkNames(fromHex(`0123abcd${'ee'.repeat(28)}`));

  it('carry the first 8 digits of the genesis hash', () => {
    expect(names.topics).toEqual(['/dodona/0123abcd/blocks', '/dodona/0123abcd/transactions']);
    expect(names.protocol('bodies')).toBe('/dodona/0123abcd/bodies/1');
    expect(names.topicOf('/dodona/0123abcd/blocks')).toBe('blocks');
    expect(names.topicOf('/dodona/0123abce/blocks')).toBeUndefined();
    // RFC 6763, 7.2: at most 15 characters after the underscore.
    expect(names.mdnsService.split('.')[0]).toHaveLength(16);
  });

  it('give a message 20 bytes of SHA-256(topic ‖ data), the same as @noble', () => {
    fc.assert(
      fc.property(fc.string(), fc.uint8Array({ maxLength: 500 }), (topic, data) => {
        const whole = sha256(concat(utf8(topic), data));
        expect(new Uint8Array(messageId({ topic, data }))).toEqual(whole.subarray(0, 20));
      }),
    );
  });

  it('salt the local id, and keep topics apart', () => {
    const [one, two] = [saltedMessageId(), saltedMessageId()];
    const message = { topic: 'a', data: Uint8Array.of(1) };
    expect(one(message)).toBe(one({ ...message }));
    expect(one(message)).not.toBe(two(message));
    expect(one(message)).not.toBe(one({ ...message, topic: 'b' }));
  });
});

describe('length prefix', () => {
  it('is the unsigned varint of multiformats', () => {
    // Examples of https://github.com/multiformats/unsigned-varint.
    const examples: [number, string][] = [
      [1, '01'],
      [127, '7f'],
      [128, '8001'],
      [255, 'ff01'],
      [300, 'ac02'],
      [16_384, '808001'],
    ];
    for (const [length, hex] of examples) expect(encodeLength(length)).toEqual(fromHex(hex));
  });

  it('reads back what it wrote, whatever follows, and waits while it is incomplete', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 28 - 1 }), fc.uint8Array(), (length, rest) => {
        const bytes = encodeLength(length);
        expect(decodeLength(concat(bytes, rest))).toEqual({ length, width: bytes.length });
        expect(decodeLength(bytes.subarray(0, -1))).toBeUndefined();
      }),
    );
  });

  it('refuses long and padded forms', () => {
    for (const hex of ['ffffffff', 'ffffffff01', '8000', '818000']) {
      expect(() => decodeLength(fromHex(hex))).toThrow(/shortest varint/);
    }
  });
});

describe('rates', () => {
  it('serve a burst at once, then delay, then refuse', () => {
    const rates = new RateLimiter();
    const book = (nowMs: number) => rates.book('peer', 'status', 1, nowMs);
    const waits = Array.from({ length: 9 }, () => book(0));
    expect(waits).toEqual([0, 0, 0, 0, 0, 1_000, 2_000, 3_000, undefined]);
    // The refused one was not booked.
    expect(book(1_000)).toBe(3_000);
    expect(rates.book('other', 'status', 1, 0)).toBe(0);
    expect(rates.book('peer', 'headers', 1, 0)).toBe(0);
  });

  it('never serve more than burst and time allow', () => {
    const gaps = fc.array(fc.nat({ max: 200 }), { maxLength: 200 });
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 16 }), (gapsMs, cost) => {
        const rates = new RateLimiter();
        let now = 0;
        let units = 0;
        let servedMs = 0;
        for (const gap of gapsMs) {
          now += gap;
          const wait = rates.book('peer', 'bodies', cost, now);
          if (wait === undefined) continue;
          units += cost;
          servedMs = Math.max(servedMs, now + wait);
        }
        expect(units).toBeLessThanOrEqual(1_024 + (256 * servedMs) / 1_000 + 1e-6);
      }),
    );
  });

  it('cost what is asked for', () => {
    const id = '00'.repeat(32);
    expect(queryCost('bodies', { ids: [id, id, id] })).toBe(3);
    expect(queryCost('bodies', { ids: [] })).toBe(1);
    expect(queryCost('headers', { locator: [], stop: id, max: 2_000 })).toBe(1);
    expect(queryCost('transactions', { id, indexes: Array.from({ length: 1_400 }, () => 0) })).toBe(
      6,
    );
  });

  it('let a member say four full blocks a second, or 8,192 votes', () => {
    expect([0, 200, 5_000].map(messageCost)).toEqual([2_048, 2_048, 5_000]);
    const rates = new RateLimiter();
    const count = (cost: number) => {
      let taken = 0;
      while (rates.book(`peer ${cost}`, 'direct', cost, 0) !== undefined) taken += 1;
      return taken;
    };
    // A burst of 32 MiB, and the 3 s that a peer may be ahead of its rate.
    expect(count(messageCost(limits.directMessageSizeBytesMax))).toBe(35);
    expect(count(messageCost(200))).toBe(40_960);
  });

  it('forget a peer whose time has passed', () => {
    const rates = new RateLimiter();
    for (let count = 0; count < 5; count++) rates.book('peer', 'status', 1, 0);
    rates.forgetIdle(4_999);
    expect(rates.book('peer', 'status', 1, 0)).toBe(1_000);
    rates.forgetIdle(6_000);
    expect(rates.book('peer', 'status', 1, 0)).toBe(0);
  });
});

describe('slots', () => {
  it('are shared between the directions, and bootnodes come in beyond them', () => {
    const gater = connectionGater(shareSlots(10), 'self', {
      isBanned: (subject) => subject === 'banned',
      inboundPeers: () => 5,
      isConnected: (peer) => peer === 'connected',
      isInvited: (peer) => peer === 'invited' || peer === 'banned',
    });
    const isDenied = (peer: string) =>
      gater.denyInboundEncryptedConnection?.({ toString: () => peer } as never, {} as never);
    expect(shareSlots(10)).toMatchObject({ inboundMax: 5, outboundTarget: 5 });
    expect(['stranger', 'connected', 'invited', 'banned'].map(isDenied)).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });
});

describe('penalties', () => {
  it('have a weight for every code a protocol may report, and no other', () => {
    const table: Record<ReportCode, number> = penalties;
    const codes: readonly ReportCode[] = Object.keys(penalties) as (keyof typeof penalties)[];
    for (const code of codes) expect(table[code]).toBeGreaterThan(0);
  });

  it('add up, lead to disconnection and ban, and halve with time', () => {
    const book = new PenaltyBook([]);
    expect(book.report('peer', 'bad-delivery', 0)).toBe('none');
    expect(book.report('peer', 'bad-delivery', 0)).toBe('disconnect');
    expect(book.score('peer', 0)).toBe(-50);
    expect(book.score('peer', limits.penaltyHalfLifeMs)).toBe(-25);
    expect(book.report('peer', 'malformed', 0)).toBe('ban');
    expect(book.report('worse', 'invalid-block', 0)).toBe('ban');
    expect(book.score('stranger', 0)).toBe(-0);
  });

  it('end bans when they expire', () => {
    const book = new PenaltyBook([{ subject: 'old', untilMs: 10 }]);
    book.ban(['peer', '203.0.113.5'], 0);
    expect(book.isBanned('old', 9)).toBe(true);
    expect(book.isBanned('old', 10)).toBe(false);
    expect(book.isBanned('203.0.113.5', limits.banMs - 1)).toBe(true);
    expect(book.isBanned('203.0.113.5', limits.banMs)).toBe(false);
    expect(book.bans(20)).toEqual([
      { subject: 'peer', untilMs: limits.banMs },
      { subject: '203.0.113.5', untilMs: limits.banMs },
    ]);
  });

  it('keep at most a fixed number of entries', () => {
    const book = new PenaltyBook([]);
    for (let index = 0; index <= limits.penaltyEntriesMax; index++) {
      book.report(`peer ${index}`, 'rate', 0);
      book.ban([`peer ${index}`], 0);
    }
    expect(book.score('peer 0', 0)).toBe(-0);
    expect(book.score('peer 1', 0)).toBe(-5);
    expect(book.bans(0)).toHaveLength(limits.penaltyEntriesMax);
  });
});

describe('transaction batches', () => {
  it('hold all transactions in order, and every one is acceptable', () => {
    const sizes = fc.array(
      fc.oneof(
        { weight: 9, arbitrary: fc.integer({ min: 1, max: 300 }) },
        { weight: 1, arbitrary: fc.integer({ min: 100_000, max: 163_840 }) },
      ),
      { maxLength: 100 },
    );
    fc.assert(
      fc.property(sizes, (lengths) => {
        const raws = lengths.map((length) => new Uint8Array(length));
        const batches: (readonly Uint8Array[])[] = [];
        for (let start = 0; start < raws.length; ) {
          const batch = nextBatch(raws, start);
          expect(batch.length).toBeGreaterThan(0);
          expect(transactionBatchCodec.decode(transactionBatchCodec.encode(batch))).toHaveLength(
            batch.length,
          );
          batches.push(batch);
          start += batch.length;
        }
        expect(batches.flat().every((raw, index) => raw === raws[index])).toBe(true);
        expect(batches.flat()).toHaveLength(raws.length);
      }),
      { numRuns: 30 },
    );
  });
});

describe('addresses', () => {
  it.each([
    ['127.0.0.1', 'loopback', undefined],
    ['::1', 'loopback', undefined],
    ['10.1.2.3', 'private', undefined],
    ['172.16.0.1', 'private', undefined],
    ['172.32.0.1', 'public', '172.32'],
    ['192.168.7.7', 'private', undefined],
    ['100.64.0.1', 'private', undefined],
    ['169.254.1.1', 'private', undefined],
    ['203.0.113.9', 'public', '203.0'],
    ['fe80::1', 'private', undefined],
    ['fd00::1', 'private', undefined],
    ['2001:db8:5::1', 'public', '2001:db8'],
    ['seed.example.org', 'public', 'seed.example.org'],
  ])('place %s', (host, reach, subnet) => {
    expect(reachOf(host)).toBe(reach);
    expect(subnetOf(host)).toBe(subnet);
  });

  it('know what can be dialled, and which address of a peer is worth keeping', () => {
    expect(isDialable('/ip4/1.2.3.4/tcp/1')).toBe(true);
    expect(isDialable('/ip4/1.2.3.4/udp/1')).toBe(false);
    expect(isDialable('1.2.3.4:1')).toBe(false);
    const listens = ['/ip4/127.0.0.1/tcp/1', '/ip4/10.0.0.5/tcp/1', '/ip4/10.0.0.9/tcp/1'];
    expect(bestAddress('/ip4/10.0.0.9/tcp/5555', listens)).toBe(listens[2]);
    expect(bestAddress('/ip4/10.0.0.77/tcp/5555', listens)).toBe(listens[1]);
    expect(bestAddress('/ip4/203.0.113.7/tcp/5555', listens)).toBeUndefined();
    const id = '12D3KooWPFV5hsFi6a1BsNhVXAVnqjhFBdEUUVop63LJfmbxRrot';
    expect(withPeer('/ip4/1.2.3.4/tcp/1', id)).toBe(`/ip4/1.2.3.4/tcp/1/p2p/${id}`);
    expect(withPeer(`/ip4/1.2.3.4/tcp/1/p2p/${id}`, id)).toBe(`/ip4/1.2.3.4/tcp/1/p2p/${id}`);
  });

  it('are banned with the peer only when they are public', () => {
    expect(banSubjects('id', '/ip4/203.0.113.7/tcp/1')).toEqual(['id', '203.0.113.7']);
    expect(banSubjects('id', '/ip4/127.0.0.1/tcp/1')).toEqual(['id']);
  });
});

describe('peer exchange', () => {
  const id = '12D3KooWPFV5hsFi6a1BsNhVXAVnqjhFBdEUUVop63LJfmbxRrot';

  it('carries at most 16 addresses of at most 128 bytes', () => {
    const address = `/ip4/203.0.113.7/tcp/30333/p2p/${id}`;
    const sixteen = Array.from({ length: 16 }, () => address);
    expect(addressesCodec.decode(addressesCodec.encode(sixteen))).toEqual(sixteen);
    expect(addressesCodec.encode(sixteen).length).toBeLessThan(answerSizeMax.peers);
    const seventeen = addressesCodec.encode([...sixteen, address]);
    expect(() => addressesCodec.decode(seventeen)).toThrow(/at most 16/);
    const long = addressesCodec.encode([`/dns4/${'a'.repeat(130)}/tcp/1`]);
    expect(() => addressesCodec.decode(long)).toThrow(/bytes/);
    expect(() => addressesCodec.decode(encodeRlp([Uint8Array.of(255, 255, 1)]))).toThrow(
      DecodeError,
    );
    expect(() => peersQueryCodec.decode(encodeRlp([Uint8Array.of(1)]))).toThrow(DecodeError);
  });

  it.each([
    ['203.0.113.7', '203.0.113.9', true],
    ['203.0.113.7', '127.0.0.1', true],
    ['192.168.1.5', '192.168.1.6', true],
    ['192.168.1.5', '127.0.0.1', true],
    ['127.0.0.1', '127.0.0.1', true],
    ['192.168.1.5', '203.0.113.9', false],
    ['127.0.0.1', '203.0.113.9', false],
    ['127.0.0.1', '192.168.1.6', false],
  ])('shares %s with a peer at %s: %s', (host, other, shared) => {
    const address = `/ip4/${host}/tcp/1/p2p/${id}`;
    expect(isShareable(address, `/ip4/${other}/tcp/2`)).toBe(shared);
  });

  it('shares no names and no addresses without a peer', () => {
    expect(isShareable(`/dns4/example.org/tcp/1/p2p/${id}`, '/ip4/1.2.3.4/tcp/1')).toBe(false);
    expect(isShareable('/ip4/203.0.113.7/tcp/1', '/ip4/1.2.3.4/tcp/1')).toBe(false);
  });
});

describe('identity', () => {
  it('is made once, for the owner only, and refused when damaged', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dodona-identity-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'identity');
    const key = await loadOrCreateIdentity(file);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await loadOrCreateIdentity(file)).toEqual(key);
    expect(peerIdOfIdentity(key)).toMatch(/^12D3KooW/);
    expect(publicKeyOfPeer(peerIdOfIdentity(key))).toEqual(rawIdentity(key).publicKey);
    await writeFile(file, 'not a key');
    await expect(loadOrCreateIdentity(file)).rejects.toMatchObject({ code: 'identity-invalid' });
  });
});
