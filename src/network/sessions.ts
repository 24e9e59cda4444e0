/**
 * From connection to peer: statuses are exchanged first, a different genesis ends it, and gossip
 * that overtakes the exchange is held back, so that the node hears `joined` before anything else.
 */

import { equalBytes } from '../primitives/bytes.ts';
import { limits } from '../primitives/limits.ts';
import { exchangeCodecs, type Status } from '../primitives/wire.ts';
import type { RequestExchange } from './requests.ts';
import type {
  Connection,
  GossipTopic,
  NetworkHandlers,
  PeerId,
  PeerInfo,
  Verdict,
} from './types.ts';

interface EarlyMessage {
  readonly topic: GossipTopic;
  readonly bytes: Uint8Array;
  readonly delivery: number;
}

export interface Session {
  readonly peer: PeerId;
  /** The oldest one; libp2p holds a second when both sides dialled at once. */
  connection: Connection;
  readonly sinceMs: number;
  agent: string;
  /** Set once the peer has joined. */
  status: Status | undefined;
  /** Since when a gossip stream is missing. */
  deafSinceMs: number | undefined;
  readonly early: EarlyMessage[];
}

export interface SessionParts {
  readonly genesisHash: Uint8Array;
  readonly handlers: NetworkHandlers;
  readonly requests: RequestExchange;
  verdict(delivery: number, verdict: Verdict): void;
  disconnect(connection: Connection, reason: string): void;
  onJoined(session: Session): void;
}

const statusCodec = exchangeCodecs.status.answer;

export class Sessions {
  private readonly parts: SessionParts;
  private readonly byPeer: Map<PeerId, Session>;

  /** `byPeer` is shared with admission, which only reads it. */
  constructor(byPeer: Map<PeerId, Session>, parts: SessionParts) {
    this.byPeer = byPeer;
    this.parts = parts;
  }

  get(peer: PeerId): Session | undefined {
    return this.byPeer.get(peer);
  }

  all(): readonly Session[] {
    return [...this.byPeer.values()];
  }

  /** Everybody connected, joined or not: each takes a slot. */
  connected(): readonly Pick<PeerInfo, 'id' | 'address' | 'direction'>[] {
    return this.all().map(({ peer, connection }) => ({
      id: peer,
      address: connection.remoteAddr.toString(),
      direction: connection.direction,
    }));
  }

  /** A connection is ready. The side that opened it asks for the status. */
  opened(connection: Connection, nowMs: number): void {
    const peer = connection.remotePeer.toString();
    if (!this.byPeer.has(peer)) {
      this.byPeer.set(peer, {
        peer,
        connection,
        sinceMs: nowMs,
        agent: '',
        status: undefined,
        deafSinceMs: undefined,
        early: [],
      });
    }
    if (connection.direction !== 'outbound') return;
    this.askStatus(connection).catch((error: unknown) => {
      // When both sides dial at once, libp2p drops one connection: the other goes on.
      if (connection.status !== 'open') return;
      this.parts.disconnect(connection, `no status: ${(error as Error).message}`);
    });
  }

  private async askStatus(connection: Connection): Promise<void> {
    const own = statusCodec.encode(this.parts.handlers.status());
    const bytes = await this.parts.requests.ask(connection, 'status', own, limits.peerStatusMs);
    this.accept(connection, statusCodec.decode(bytes));
  }

  /** Serves a status query: takes the peer's status and returns the own one. @throws to refuse */
  answerStatus(connection: Connection, query: Uint8Array): Uint8Array {
    this.accept(connection, statusCodec.decode(query));
    return statusCodec.encode(this.parts.handlers.status());
  }

  private accept(connection: Connection, status: Status): void {
    const peer = connection.remotePeer.toString();
    if (!equalBytes(status.genesisId, this.parts.genesisHash)) {
      this.parts.disconnect(connection, 'different genesis');
      throw new Error('the peer has a different genesis');
    }
    const session = this.byPeer.get(peer);
    if (session === undefined || session.status !== undefined) return;
    session.status = status;
    this.parts.onJoined(session);
    this.parts.handlers.joined(peer, status);
    for (const { topic, bytes, delivery } of session.early.splice(0)) {
      this.parts.handlers.gossip(peer, topic, bytes, delivery);
    }
  }

  /** A connection is gone; `others` to the same peer are open. */
  moved(closed: Connection, others: readonly Connection[]): void {
    const session = this.byPeer.get(closed.remotePeer.toString());
    const [next] = others;
    if (session?.connection === closed && next !== undefined) session.connection = next;
  }

  /** The last connection to `peer` is gone. */
  closed(peer: PeerId): void {
    const session = this.byPeer.get(peer);
    if (session === undefined) return;
    this.byPeer.delete(peer);
    for (const { delivery } of session.early) this.parts.verdict(delivery, 'ignore');
    if (session.status !== undefined) this.parts.handlers.left(peer);
  }

  /** Passes a gossiped message on, or keeps it until the peer has joined. */
  gossip(peer: PeerId, topic: GossipTopic, bytes: Uint8Array, delivery: number): void {
    const session = this.byPeer.get(peer);
    if (session?.status !== undefined) {
      this.parts.handlers.gossip(peer, topic, bytes, delivery);
    } else if (session !== undefined && session.early.length < limits.gossipEarlyPerPeerMax) {
      session.early.push({ topic, bytes, delivery });
    } else {
      this.parts.verdict(delivery, 'ignore');
    }
  }

  /** Disconnects whoever has not joined in time, or cannot gossip although connected. */
  sweep(nowMs: number, canGossip: (session: Session) => boolean): void {
    for (const session of this.all()) {
      if (session.status === undefined) {
        if (nowMs - session.sinceMs > limits.peerStatusMs) {
          this.parts.disconnect(session.connection, 'no status in time');
        }
      } else if (canGossip(session)) {
        session.deafSinceMs = undefined;
      } else {
        session.deafSinceMs ??= nowMs;
        if (nowMs - session.deafSinceMs > limits.peerGossipGraceMs) {
          this.parts.disconnect(session.connection, 'gossip streams are missing');
        }
      }
    }
  }
}
