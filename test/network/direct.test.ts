import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { encodeLength, FrameSplitter } from '../../src/network/frames.ts';
import { concat } from '../../src/primitives/bytes.ts';
import { limits } from '../../src/primitives/limits.ts';
import { startAdversary } from './adversary.ts';
import { connect, HostSet, startHost, until } from './support.ts';

const hosts = new HostSet();
afterEach(() => hosts.stopAll());
const host = (...options: Parameters<typeof startHost>) => hosts.add(startHost(...options));

describe('direct messages', () => {
  it('arrive in order, in both directions, small and large', async () => {
    const [a, b] = [await host(), await host()];
    await connect(a, b);
    const largest = new Uint8Array(limits.directMessageSizeBytesMax).fill(7);
    for (let index = 0; index < 100; index++) {
      expect(a.network.send(b.network.id, Uint8Array.of(index))).toBe(true);
      if (index === 50) expect(a.network.send(b.network.id, largest)).toBe(true);
    }
    b.network.send(a.network.id, Uint8Array.of(255));
    await until('all have arrived', () => b.heard.messages.length === 101);
    await until('the answer has arrived', () => a.heard.messages.length === 1);
    const received = b.heard.messages.map(({ bytes }) => bytes);
    expect(received.filter(({ length }) => length === 1).map(([index]) => index)).toEqual(
      Array.from({ length: 100 }, (_, index) => index),
    );
    expect(Buffer.compare(received[51] as Uint8Array, largest)).toBe(0);
    expect(a.heard.messages[0]).toMatchObject({ peer: b.network.id, bytes: Uint8Array.of(255) });
  });

  it('are dropped for absent peers and full queues, and refused when too large', async () => {
    const [a, b] = [await host(), await host()];
    expect(a.network.send(b.network.id, Uint8Array.of(1))).toBe(false);
    await connect(a, b);
    const half = new Uint8Array(limits.directMessageSizeBytesMax);
    const fit = Math.floor(limits.directQueueSizeBytesMax / half.length);
    const taken = Array.from({ length: fit + 1 }, () => a.network.send(b.network.id, half));
    expect(taken).toEqual([...Array.from({ length: fit }, () => true), false]);
    await until('the others have arrived', () => b.heard.messages.length === fit);
    expect(a.network.send(b.network.id, Uint8Array.of(1))).toBe(true);
    expect(() => a.network.send(b.network.id, new Uint8Array(half.length + 1))).toThrow(/at most/);
    await hosts.stop(b);
    await until('it has left', () => a.heard.left.length === 1);
    expect(a.network.send(b.network.id, Uint8Array.of(1))).toBe(false);
  });

  it('cost the sender its connection when a frame is too large', async () => {
    const a = await host();
    const adversary = hosts.track(await startAdversary());
    await adversary.dial(a);
    await until('it has joined', () => a.heard.joined.length === 1);
    const stream = await adversary.open('consensus');
    stream.send(encodeLength(limits.directMessageSizeBytesMax + 1));
    await until('it is gone', () => a.heard.left.length === 1);
    expect(a.heard.messages).toEqual([]);
  });
});

describe('frame splitter', () => {
  it('finds the same frames however the bytes are cut', () => {
    const frames = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 60 })), (payloads, cuts) => {
        const bytes = concat(
          ...payloads.flatMap((payload) => [encodeLength(payload.length), payload]),
        );
        const splitter = new FrameSplitter(300);
        const found: Uint8Array[] = [];
        let start = 0;
        for (const cut of [...cuts, bytes.length]) {
          if (start >= bytes.length) break;
          found.push(...splitter.push(bytes.subarray(start, start + cut)));
          start += cut;
        }
        expect(found).toEqual(payloads);
      }),
    );
  });

  it('refuses a frame above its limit before the bytes come', () => {
    expect(() => new FrameSplitter(10).push(encodeLength(11))).toThrow(/at most 10/);
  });
});
