import { afterEach, describe, expect, it } from 'vitest';
import { limits } from '../../src/primitives/limits.ts';
import { decodeRlp } from '../../src/primitives/rlp.ts';
import { startAdversary } from './adversary.ts';
import { connect, HostSet, startHost, until } from './support.ts';

const hosts = new HostSet();
afterEach(() => hosts.stopAll());
const host = (...options: Parameters<typeof startHost>) => hosts.add(startHost(...options));

describe('gossip', () => {
  it('carries one block announcement between two hosts, after their statuses', async () => {
    const a = await host({ height: 7 });
    const b = await host({ height: 9 });
    await connect(a, b);
    expect(a.heard.joined).toMatchObject([{ peer: b.network.id, status: { height: 9 } }]);
    expect(b.heard.joined).toMatchObject([{ peer: a.network.id, status: { height: 7 } }]);
    expect(await a.network.publish('blocks', Uint8Array.of(1, 2, 3))).toBe(1);
    await until('the block arrives', () => b.heard.gossip.length === 1);
    expect(b.heard.gossip[0]).toMatchObject({
      peer: a.network.id,
      topic: 'blocks',
      bytes: Uint8Array.of(1, 2, 3),
    });
  });

  it('forwards what was accepted over three hops, and nothing else', async () => {
    const [a, b, c] = [await host(), await host(), await host()];
    // Peer exchange must not give them a shorter way.
    a.network.report(c.network.id, 'invalid-block');
    await connect(a, b);
    await connect(b, c);
    for (const [index, verdict] of (['ignore', 'reject', 'accept'] as const).entries()) {
      await a.network.publish('blocks', Uint8Array.of(index));
      await until('it reaches the second host', () => b.heard.gossip.length === index + 1);
      b.network.verdict(b.heard.gossip[index]?.delivery as number, verdict);
    }
    await until('the accepted one reaches the third host', () => c.heard.gossip.length > 0);
    expect(c.heard.gossip.map(({ peer, bytes }) => [peer, ...bytes])).toEqual([[b.network.id, 2]]);
  });

  it('lets a rejected message, and only that, cost its sender', async () => {
    const [a, b] = [await host(), await host()];
    await connect(a, b);
    const scoreOfA = (): number => b.network.peers()[0]?.score as number;
    await a.network.publish('blocks', Uint8Array.of(1));
    await until('the first arrives', () => b.heard.gossip.length === 1);
    b.network.verdict(b.heard.gossip[0]?.delivery as number, 'ignore');
    expect(scoreOfA()).toBeGreaterThanOrEqual(0);
    await a.network.publish('blocks', Uint8Array.of(2));
    await until('the second arrives', () => b.heard.gossip.length === 2);
    b.network.verdict(b.heard.gossip[1]?.delivery as number, 'reject');
    // Scores are cached for a heartbeat.
    await until('the score has fallen', () => scoreOfA() < -10);
    // A number that was settled already changes nothing.
    b.network.verdict(b.heard.gossip[1]?.delivery as number, 'accept');
    expect(a.heard.gossip).toEqual([]);
  });

  it('refuses messages that are too large, own ones and foreign ones', async () => {
    const b = await host();
    await expect(
      b.network.publish('blocks', new Uint8Array(limits.gossipBlockSizeBytesMax + 1)),
    ).rejects.toMatchObject({ code: 'message-too-large' });
    const adversary = hosts.track(await startAdversary());
    await adversary.dial(b);
    await until('it is subscribed', () => b.network.peers()[0]?.subscribed === true);
    await adversary.publish('blocks', new Uint8Array(limits.gossipBlockSizeBytesMax + 1));
    await until('the score has fallen', () => (b.network.peers()[0]?.score as number) < -10);
    expect(b.heard.gossip).toEqual([]);
  });

  it('parts from a peer that floods it with transactions', async () => {
    const b = await host();
    const adversary = hosts.track(await startAdversary());
    await adversary.dial(b);
    // 14 MiB pass at once, 2 MiB a second after that, and ten reports are too many.
    for (let index = 0; index < 1_000 && b.heard.left.length === 0; index++) {
      const batch = new Uint8Array(limits.gossipTransactionsSizeBytesMax).fill(index);
      batch[0] = index >> 8;
      await adversary.publish('transactions', batch).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await until('it is gone', () => b.heard.left.length === 1);
    expect(b.heard.gossip.length).toBeGreaterThanOrEqual(56);
  });

  it('sends own transactions in batches, in order', async () => {
    const [a, b] = [await host(), await host()];
    await connect(a, b);
    const raws = Array.from({ length: 150 }, (_, index) => Uint8Array.of(2, index, 7));
    expect(a.network.publishTransactions(raws)).toBe(150);
    await until('three batches arrive', () => b.heard.gossip.length === 3);
    const heard = b.heard.gossip.map(({ bytes }) => decodeRlp(bytes) as Uint8Array[]);
    expect(heard.map((batch) => batch.length).sort()).toEqual([22, 64, 64]);
    expect(new Set(heard.flat().map((raw) => raw[1])).size).toBe(150);
  });
});
