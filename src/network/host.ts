/**
 * The network as the rest of the node sees it: joins the parts, keeps them healthy once a second,
 * stops them without leftovers. What a message means is decided elsewhere; here it is bytes.
 */

import { join } from 'node:path';
import { multiaddr } from '@multiformats/multiaddr';
import { limits } from '../primitives/limits.ts';
import type { ExchangeKind } from '../primitives/wire.ts';
import { assertDialable, bestAddress, isDialable, parseMultiaddr, withPeer } from './addresses.ts';
import { banSubjects, connectionGater, type Slots, shareSlots } from './admission.ts';
import { TransactionBatcher } from './batcher.ts';
import { Dialer } from './dialer.ts';
import { DirectMessages } from './direct.ts';
import { RequestError } from './errors.ts';
import { PeerExchange } from './exchange.ts';
import { GossipExchange } from './gossip.ts';
import { peerIdOfIdentity } from './identity.ts';
import { type Names, networkNames } from './names.ts';
import { createNode, type Node } from './node.ts';
import { PenaltyBook, type PenaltyCode } from './penalties.ts';
import { messageCost, RateLimiter } from './rates.ts';
import { type RegisterHandler, RequestExchange } from './requests.ts';
import { type Session, Sessions } from './sessions.ts';
import { PeerBook } from './store.ts';
import type {
  Connection,
  GossipTopic,
  NetworkHandlers,
  NetworkOptions,
  PeerId,
  PeerInfo,
  RequestKind,
  Verdict,
} from './types.ts';

interface Parts {
  readonly id: PeerId;
  readonly options: NetworkOptions;
  readonly handlers: NetworkHandlers;
  readonly names: Names;
  readonly slots: Slots;
  readonly book: PeerBook;
  readonly penalties: PenaltyBook;
  readonly byPeer: Map<PeerId, Session>;
  readonly node: Node;
}

/** A running libp2p host; `createNetwork` makes one. */
export class Network {
  /** Own peer id, base58. */
  readonly id: PeerId;
  private readonly parts: Parts;
  private readonly node: Node;
  private readonly rates = new RateLimiter();
  private readonly requests: RequestExchange;
  private readonly sessions: Sessions;
  private readonly gossip: GossipExchange;
  private readonly batcher: TransactionBatcher;
  private readonly dialer: Dialer;
  private readonly exchange: PeerExchange;
  private readonly direct: DirectMessages;
  private timer: NodeJS.Timeout | undefined;
  private savedMs = Date.now();

  constructor(parts: Parts) {
    this.id = parts.id;
    this.parts = parts;
    this.node = parts.node;
    const { names, options, handlers } = parts;
    this.requests = new RequestExchange({
      names,
      logger: options.logger,
      rates: this.rates,
      answer: (connection, kind, query) => this.answer(connection, kind, query),
      report: (peer, code) => this.report(peer, code),
    });
    this.gossip = new GossipExchange(
      this.node.services.gossip,
      names,
      (peer, sizeBytes) => this.isInTime(peer, 'gossip', sizeBytes),
      (...message) => this.sessions.gossip(...message),
    );
    this.sessions = new Sessions(parts.byPeer, {
      genesisHash: options.genesisHash,
      handlers,
      requests: this.requests,
      verdict: (delivery, verdict) => this.verdict(delivery, verdict),
      disconnect: (connection, reason) => this.hangUp(connection, reason),
      onJoined: (session) => this.onJoined(session),
    });
    this.direct = new DirectMessages({
      protocol: names.protocol('consensus'),
      logger: options.logger,
      connectionTo: (peer) => this.openConnection(peer),
      onMessage: (peer, bytes) => {
        const hasJoined = this.sessions.get(peer)?.status !== undefined;
        const cost = messageCost(bytes.length);
        if (hasJoined && this.isInTime(peer, 'direct', cost)) handlers.message?.(peer, bytes);
      },
      report: (peer, code) => this.report(peer, code),
    });
    this.exchange = new PeerExchange({
      self: parts.id,
      slots: parts.slots,
      book: parts.book,
      logger: options.logger,
      requests: this.requests,
      sessions: () => this.sessions.all(),
    });
    this.batcher = new TransactionBatcher((batch) => this.publishLater(batch));
    this.dialer = new Dialer({
      self: parts.id,
      bootnodes: options.bootnodes,
      redialMsMax: options.redialMsMax ?? limits.dialBackoffMsMax,
      slots: parts.slots,
      book: parts.book,
      logger: options.logger,
      connected: () => this.sessions.connected(),
      isBanned: (subject) => parts.penalties.isBanned(subject, Date.now()),
      dial: (address) => this.dial(address),
    });
  }

  /** Listens, subscribes and begins to dial. */
  async start(): Promise<void> {
    this.listenToEvents();
    const register: RegisterHandler = (...registration) => this.node.handle(...registration);
    await this.requests.serve(register);
    if (this.parts.handlers.message !== undefined) await this.direct.serve(register);
    await this.node.start();
    this.gossip.subscribe();
    this.timer = setInterval(() => this.tick(), limits.peerTickMs);
    this.tick();
    this.parts.options.logger.info({ id: this.id, addresses: this.addresses() }, 'network started');
  }

  private listenToEvents(): void {
    const { book, options } = this.parts;
    this.node.addEventListener('connection:open', ({ detail }) =>
      this.sessions.opened(detail, Date.now()),
    );
    this.node.addEventListener('connection:close', ({ detail }) => {
      const others = this.node
        .getConnections(detail.remotePeer)
        .filter((other) => other !== detail);
      this.sessions.moved(detail, others);
    });
    this.node.addEventListener('peer:disconnect', ({ detail }) => {
      this.direct.closed(detail.toString());
      this.sessions.closed(detail.toString());
    });
    this.node.addEventListener('peer:identify', ({ detail }) => {
      const peer = detail.peerId.toString();
      const session = this.sessions.get(peer);
      if (session !== undefined) session.agent = (detail.agentVersion ?? '').slice(0, 64);
      // Of a peer this node has dialled it knows the address already, and that it works.
      if (detail.connection.direction === 'outbound') return;
      const listens = detail.listenAddrs.map(String);
      const address = bestAddress(detail.connection.remoteAddr.toString(), listens);
      if (address !== undefined) book.learn(peer, withPeer(address, peer));
    });
    this.node.addEventListener('peer:discovery', ({ detail }) => {
      const peer = detail.id.toString();
      const address = detail.multiaddrs.map(String).find(isDialable);
      if (!options.mdns || address === undefined || peer === this.id) return;
      book.learn(peer, withPeer(address, peer));
    });
  }

  private onJoined({ peer, connection }: Session): void {
    const { book, options } = this.parts;
    if (connection.direction === 'outbound') {
      book.learn(peer, withPeer(connection.remoteAddr.toString(), peer));
      book.succeeded(peer, Date.now());
    }
    this.dialer.joined(peer);
    options.logger.info({ peer, address: connection.remoteAddr.toString() }, 'peer joined');
  }

  /** Multiaddresses others can dial, peer id included. */
  addresses(): readonly string[] {
    return this.node.getMultiaddrs().map(String);
  }

  /** Peers that have joined. */
  peers(): readonly PeerInfo[] {
    const subscribers = this.gossip.subscribers();
    return this.sessions.all().flatMap(({ peer, connection, status, agent, sinceMs }) => {
      if (status === undefined) return [];
      return {
        id: peer,
        address: connection.remoteAddr.toString(),
        direction: connection.direction,
        agent,
        latencyMs: connection.rtt,
        height: status.height,
        headId: status.headId,
        score: this.gossip.score(peer),
        subscribed: subscribers.has(peer),
        sinceMs,
      };
    });
  }

  /**
   * Gossips an own message to every peer of the topic.
   * @returns the number of peers it was sent to; 0 when there is none or it was seen before
   * @throws PublishError when peers would refuse its size
   */
  publish(topic: GossipTopic, bytes: Uint8Array): Promise<number> {
    return this.gossip.publish(topic, bytes);
  }

  /**
   * Queues own raw transactions; they leave in batches within 50 ms unless many wait.
   * @returns how many were taken, the first ones of `raws`
   */
  publishTransactions(raws: readonly Uint8Array[]): number {
    return this.batcher.add(raws);
  }

  private publishLater(batch: Uint8Array): void {
    this.publish('transactions', batch).catch((error: unknown) => {
      this.parts.options.logger.warn({ reason: (error as Error).message }, 'batch not published');
    });
  }

  /** A direct message is not read more slowly: the muxer grants window for bytes nobody reads. */
  private isInTime(peer: PeerId, kind: 'gossip' | 'direct', cost: number): boolean {
    const isInTime = this.rates.book(peer, kind, cost, Date.now()) !== undefined;
    if (!isInTime) this.report(peer, 'rate');
    return isInTime;
  }

  /** Settles a gossiped delivery: `accept` forwards it, `reject` costs those who sent it. */
  verdict(delivery: number, verdict: Verdict): void {
    this.gossip.verdict(delivery, verdict);
  }

  /**
   * Sends a direct message; order is kept, arrival is not promised.
   * @returns false when it was dropped: not connected, or too much is waiting already
   */
  send(peer: PeerId, bytes: Uint8Array): boolean {
    return this.direct.send(peer, bytes);
  }

  /**
   * Asks a peer and returns the encoded answer, at most as long as its kind allows.
   * @throws RequestError with code timeout, disconnected, refused or malformed
   */
  async request(
    peer: PeerId,
    kind: ExchangeKind,
    query: Uint8Array,
    deadlineMs: number,
    cancelled?: AbortSignal,
  ): Promise<Uint8Array> {
    const connection = this.openConnection(peer);
    if (connection === undefined) {
      throw new RequestError('disconnected', `${peer} is not connected`);
    }
    return this.requests.ask(connection, kind, query, deadlineMs, cancelled);
  }

  private openConnection(peer: PeerId): Connection | undefined {
    const session = this.sessions.get(peer);
    if (session === undefined) return undefined;
    const connections = this.node.getConnections(session.connection.remotePeer);
    return connections.find(({ status }) => status === 'open');
  }

  private async answer(
    connection: Connection,
    kind: RequestKind,
    query: Uint8Array,
  ): Promise<Uint8Array> {
    if (kind === 'status') return this.sessions.answerStatus(connection, query);
    if (kind === 'peers') return this.exchange.answer(connection);
    return this.parts.handlers.query(connection.remotePeer.toString(), kind, query);
  }

  /** Counts misbehaviour; enough of it disconnects or bans the peer. */
  report(peer: PeerId, code: PenaltyCode): void {
    const { penalties, options } = this.parts;
    const consequence = penalties.report(peer, code, Date.now());
    options.logger.debug({ peer, code, consequence }, 'peer reported');
    if (consequence === 'none') return;
    const session = this.sessions.get(peer);
    if (consequence === 'ban') {
      const address = session?.connection.remoteAddr.toString();
      penalties.ban(address === undefined ? [peer] : banSubjects(peer, address), Date.now());
    }
    if (session !== undefined) this.hangUp(session.connection, `${consequence}: ${code}`);
  }

  /** Connects to a multiaddress now; resolves before statuses are exchanged. @throws when it cannot */
  async dial(address: string): Promise<PeerId> {
    const connection = await this.node.dial(multiaddr(address));
    return connection.remotePeer.toString();
  }

  /** Hangs up; the peer is not dialled again for a minute. Unknown peers are ignored. */
  disconnect(peer: PeerId): void {
    // Also when the other side was quicker: the wish is that the connection stays down.
    this.dialer.rest(peer, Date.now());
    const session = this.sessions.get(peer);
    if (session !== undefined) this.hangUp(session.connection, 'asked to');
  }

  /** Closes every connection to the peer of `connection`. */
  private hangUp({ remotePeer }: Connection, reason: string): void {
    this.parts.options.logger.info({ peer: remotePeer.toString(), reason }, 'peer disconnected');
    for (const connection of this.node.getConnections(remotePeer)) {
      connection.abort(new Error(reason));
    }
  }

  private tick(): void {
    const nowMs = Date.now();
    this.sessions.sweep(nowMs, ({ peer, connection }) =>
      this.gossip.reaches(peer, this.node.getConnections(connection.remotePeer)),
    );
    for (const { peer, connection } of this.sessions.all()) {
      if (this.gossip.isGraylisted(peer)) this.hangUp(connection, 'gossip score is too low');
    }
    this.rates.forgetIdle(nowMs);
    this.exchange.tick(nowMs);
    this.dialer.tick(nowMs);
    if (nowMs - this.savedMs < limits.peerStoreSaveMs) return;
    this.savedMs = nowMs;
    this.save().catch((error: unknown) => {
      this.parts.options.logger.warn({ reason: (error as Error).message }, 'peer file not saved');
    });
  }

  /** Anchors are the outbound peers of longest standing: the hardest ones for others to have placed. */
  private save(): Promise<void> {
    const anchors = this.sessions
      .all()
      .filter(({ status, connection }) => status && connection.direction === 'outbound')
      .sort((left, right) => left.sinceMs - right.sinceMs)
      .slice(0, limits.peerAnchors)
      .map(({ peer }) => peer);
    return this.parts.book.save(anchors, this.parts.penalties.bans(Date.now()));
  }

  /** Saves the peer file and ends every connection, request and timer. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.batcher.stop();
    this.requests.stop();
    this.direct.stop();
    await this.save().finally(() => this.node.stop());
  }
}

/**
 * Builds and starts the host.
 * @throws Error when the port is taken, or when key or a bootnode's address is none
 */
export async function createNetwork(
  options: NetworkOptions,
  handlers: NetworkHandlers,
): Promise<Network> {
  for (const address of options.bootnodes) assertDialable(address);
  const id = peerIdOfIdentity(options.privateKey);
  const names = networkNames(options.genesisHash);
  const slots = shareSlots(options.peersMax);
  const invited = new Set(options.bootnodes.map((address) => parseMultiaddr(address).peer));
  const book = await PeerBook.open(join(options.dataDirectory, 'peers.json'), options.logger);
  const penalties = new PenaltyBook(book.bans);
  const byPeer = new Map<PeerId, Session>();
  const gater = connectionGater(slots, id, {
    isBanned: (subject) => penalties.isBanned(subject, Date.now()),
    isConnected: (peer) => byPeer.has(peer),
    isInvited: (peer) => invited.has(peer),
    inboundPeers: () =>
      [...byPeer.values()].filter(({ connection }) => connection.direction === 'inbound').length,
  });
  const node = await createNode(options, {
    names,
    gater,
    ownScore: (peer) => penalties.score(peer, Date.now()),
  });
  const shared = { names, slots, book, penalties, byPeer };
  const network = new Network({ id, options, handlers, node, ...shared });
  try {
    await network.start();
  } catch (error) {
    await node.stop();
    throw error;
  }
  return network;
}
