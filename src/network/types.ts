/** What the network room asks of its host and offers to it; payloads are bytes and plain data. */

import type { Libp2p } from 'libp2p';
import type { Hex } from '../primitives/bytes.ts';
import type { ExchangeKind, Status } from '../primitives/wire.ts';

// libp2p's own names, taken from its entry so that no second package has to be installed.
export type Connection = ReturnType<Libp2p['getConnections']>[number];
export type Stream = Awaited<ReturnType<Connection['newStream']>>;

/** Base58 text of a libp2p peer id. */
export type PeerId = string;
export type GossipTopic = 'blocks' | 'transactions';
/** Requests on the wire: those of the protocols, and the host's own. */
export type RequestKind = ExchangeKind | 'peers';
export type Verdict = 'accept' | 'ignore' | 'reject';

/** The part of pino's interface that is used here. */
export interface Logger {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export interface NetworkOptions {
  /** Canonical hash of the genesis file, 32 bytes: names topics and protocols. */
  readonly genesisHash: Uint8Array;
  /** Protobuf form of an Ed25519 private key, from `loadOrCreateIdentity`. */
  readonly privateKey: Uint8Array;
  /** Port 0 takes any free port. */
  readonly listen: { readonly host: string; readonly port: number };
  /** Multiaddresses that are dialled again whenever they are not connected. */
  readonly bootnodes: readonly string[];
  /** Longest pause between two dials of a bootnode; a minute when absent. */
  readonly redialMsMax?: number;
  /** Whether to look for peers in the local network by multicast DNS. */
  readonly mdns: boolean;
  /** Peers in both directions together; at least a tenth is kept for outbound ones. */
  readonly peersMax: number;
  /** Folder of `peers.json` (addresses, anchors, bans). */
  readonly dataDirectory: string;
  /** Shown to peers, as `dodona/0.1.0`. */
  readonly agent: string;
  readonly logger: Logger;
}

/** Called by the network. None of them may throw; `query` may reject to refuse. */
export interface NetworkHandlers {
  /** Own status, from a snapshot at hand. */
  status(): Status;
  /** Statuses were exchanged and the peer is in the same network. */
  joined(peer: PeerId, status: Status): void;
  left(peer: PeerId): void;
  /** A gossiped message of allowed size; `Network.verdict(delivery, ...)` must follow. */
  gossip(peer: PeerId, topic: GossipTopic, bytes: Uint8Array, delivery: number): void;
  /** A direct message of a joined peer. Without this handler the node neither takes nor sends any. */
  message?(peer: PeerId, bytes: Uint8Array): void;
  /** Answers a well-formed query with bytes of `exchangeCodecs[kind].answer`. */
  query(
    peer: PeerId,
    kind: Exclude<ExchangeKind, 'status'>,
    query: Uint8Array,
  ): Promise<Uint8Array>;
}

export interface PeerInfo {
  readonly id: PeerId;
  readonly address: string;
  readonly direction: 'inbound' | 'outbound';
  readonly agent: string;
  /** Round trip in milliseconds, once measured. */
  readonly latencyMs: number | undefined;
  /** Height the peer told when it joined. */
  readonly height: number;
  /** Its head then, in hash order. */
  readonly headId: Hex;
  /** Gossip score with penalties; below 0 is bad. */
  readonly score: number;
  /** Whether it has subscribed to blocks; a second or so after it joined. */
  readonly subscribed: boolean;
  /** Wall time of the connection. */
  readonly sinceMs: number;
}
