import { describe, expect, it } from 'vitest';
import type { RequestExchange } from '../../src/network/requests.ts';
import { type Session, Sessions } from '../../src/network/sessions.ts';
import type { Connection } from '../../src/network/types.ts';
import { limits } from '../../src/primitives/limits.ts';
import { exchangeCodecs } from '../../src/primitives/wire.ts';
import { genesisHash, statusAt } from './support.ts';

const connectionFrom = (peer: string): Connection =>
  ({ remotePeer: { toString: () => peer }, direction: 'inbound' }) as unknown as Connection;

/** Sessions with everything they do written down. */
function sessions() {
  const log: string[] = [];
  const made = new Sessions(new Map<string, Session>(), {
    genesisHash,
    handlers: {
      status: () => statusAt(1),
      joined: (peer, status) => log.push(`joined ${peer} ${status.height}`),
      left: (peer) => log.push(`left ${peer}`),
      gossip: (peer, topic, bytes, delivery) => log.push(`${topic} ${peer} ${bytes} ${delivery}`),
      query: () => Promise.reject(new Error('not here')),
    },
    requests: undefined as unknown as RequestExchange,
    verdict: (delivery, verdict) => log.push(`${verdict} ${delivery}`),
    disconnect: ({ remotePeer }, reason) => log.push(`disconnect ${remotePeer}: ${reason}`),
    onJoined: () => {},
  });
  return { made, log };
}

const status = (height: number, genesis?: Uint8Array): Uint8Array =>
  exchangeCodecs.status.query.encode(statusAt(height, genesis));

describe('sessions', () => {
  it('hold gossip back until the peer has joined, and deliver it in order', () => {
    const { made, log } = sessions();
    const connection = connectionFrom('p');
    made.opened(connection, 0);
    made.gossip('p', 'blocks', Uint8Array.of(1), 10);
    made.gossip('p', 'transactions', Uint8Array.of(2), 11);
    expect(log).toEqual([]);
    expect(
      exchangeCodecs.status.answer.decode(made.answerStatus(connection, status(5))).height,
    ).toBe(1);
    made.gossip('p', 'blocks', Uint8Array.of(3), 12);
    made.answerStatus(connection, status(6));
    expect(log).toEqual(['joined p 5', 'blocks p 1 10', 'transactions p 2 11', 'blocks p 3 12']);
  });

  it('ignore gossip of strangers, of those who leave, and beyond the limit', () => {
    const { made, log } = sessions();
    made.gossip('stranger', 'blocks', Uint8Array.of(1), 1);
    made.opened(connectionFrom('p'), 0);
    for (let delivery = 2; delivery <= limits.gossipEarlyPerPeerMax + 2; delivery++) {
      made.gossip('p', 'blocks', Uint8Array.of(1), delivery);
    }
    expect(log).toEqual(['ignore 1', `ignore ${limits.gossipEarlyPerPeerMax + 2}`]);
    made.closed('p');
    expect(log).toHaveLength(2 + limits.gossipEarlyPerPeerMax);
    expect(log.some((line) => line.startsWith('left'))).toBe(false);
  });

  it('end with a status that is wrong or late', () => {
    const { made, log } = sessions();
    const connection = connectionFrom('p');
    made.opened(connection, 0);
    const other = new Uint8Array(32);
    expect(() => made.answerStatus(connection, status(1, other))).toThrow(/different genesis/);
    expect(log).toEqual(['disconnect p: different genesis']);
    made.sweep(limits.peerStatusMs, () => true);
    expect(log).toHaveLength(1);
    made.sweep(limits.peerStatusMs + 1, () => true);
    expect(log[1]).toBe('disconnect p: no status in time');
  });

  it('end when gossip streams stay away, not when they come back in time', () => {
    const { made, log } = sessions();
    const connection = connectionFrom('p');
    made.opened(connection, 0);
    made.answerStatus(connection, status(1));
    log.length = 0;
    made.sweep(1_000, () => false);
    made.sweep(1_000 + limits.peerGossipGraceMs, () => true);
    made.sweep(20_000, () => false);
    made.sweep(20_000 + limits.peerGossipGraceMs, () => false);
    expect(log).toEqual([]);
    made.sweep(20_001 + limits.peerGossipGraceMs, () => false);
    expect(log).toEqual(['disconnect p: gossip streams are missing']);
    made.closed('p');
    expect(log[1]).toBe('left p');
    expect(made.all()).toEqual([]);
  });
});
