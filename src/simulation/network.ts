/**
 * The virtual network: a gossip mesh and requests between nodes, in bytes. It delays, loses,
 * duplicates and reorders, cuts in one or both directions, and holds links back ("clogs") to let
 * everything arrive at once later. Forwarding follows the verdict, as gossipsub's does.
 */

import type { PeerId, Verdict } from '../consensus/protocol.ts';
import { type Hex, toHex } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import type { ExchangeKind } from '../primitives/wire.ts';
import type { Scheduled, VirtualClock } from './clock.ts';
import type { Random } from './random.ts';

export type Topic = 'messages' | 'transactions';

export interface NetworkOptions {
  /** Shortest delay of a message, milliseconds. */
  readonly delayMsMin: number;
  /** Mean of what comes on top; the tail reorders messages. */
  readonly delayMsMean: number;
  readonly loss: number;
  readonly duplication: number;
  /** Links that each node opens. */
  readonly degree: number;
}

/** What a node hangs into the network; absent while it is down. */
export interface Endpoint {
  gossip(topic: Topic, peer: PeerId, delivery: number, bytes: Uint8Array): void;
  /** A direct message of a consortium protocol. */
  direct(peer: PeerId, bytes: Uint8Array): void;
  /** Undefined when the node does not answer. */
  serve(kind: ExchangeKind, query: Uint8Array): Uint8Array | undefined;
  joined(peer: PeerId): void;
  left(peer: PeerId): void;
}

interface Delivery {
  readonly topic: Topic;
  readonly source: PeerId;
  readonly bytes: Uint8Array;
}

interface Attached {
  readonly endpoint: Endpoint;
  readonly seen: Set<Hex>;
  readonly deliveries: Map<number, Delivery>;
}

export type RequestResult =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly reason: 'timeout' | 'disconnected' | 'malformed' };

const pair = (from: PeerId, to: PeerId): string => `${from}>${to}`;

export class SimulatedNetwork {
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #crypto: Crypto;
  readonly #options: NetworkOptions;
  readonly #links = new Map<PeerId, Set<PeerId>>();
  readonly #attached = new Map<PeerId, Attached>();
  /** Directions that drop everything, with the number of cuts that hold them. */
  readonly #cuts = new Map<string, number>();
  /** Directions that deliver nothing before a time. */
  readonly #cloggedUntil = new Map<string, number>();
  #deliveries = 0;
  #calm = false;
  #messagesSent = 0;

  constructor(clock: VirtualClock, random: Random, crypto: Crypto, options: NetworkOptions) {
    this.#clock = clock;
    this.#random = random;
    this.#crypto = crypto;
    this.#options = options;
  }

  get messagesSent(): number {
    return this.#messagesSent;
  }

  /** Links the peers to a connected graph: a ring and random chords. */
  connect(peers: readonly PeerId[]): void {
    const ring = this.#random.shuffle(peers);
    for (const peer of peers) this.#links.set(peer, new Set());
    ring.forEach((peer, index) => {
      this.#link(peer, ring[(index + 1) % ring.length] as PeerId);
      for (let chord = 2; chord < this.#options.degree; chord++) {
        this.#link(peer, this.#random.pick(ring));
      }
    });
  }

  /** Links every peer to every other, as a consortium's are. */
  connectMesh(peers: readonly PeerId[]): void {
    for (const peer of peers) {
      this.#links.set(peer, new Set(peers.filter((other) => other !== peer)));
    }
  }

  /** Links one more peer to some of those already connected. */
  connectOutsider(peer: PeerId): void {
    const others = [...this.#links.keys()];
    this.#links.set(peer, new Set());
    for (let link = 0; link < this.#options.degree; link++) {
      this.#link(peer, this.#random.pick(others));
    }
  }

  /** Ends a link for good, as a ban does. */
  disconnect(one: PeerId, other: PeerId): void {
    if (this.#links.get(one)?.delete(other) !== true) return;
    this.#links.get(other)?.delete(one);
    this.#attached.get(one)?.endpoint.left(other);
    this.#attached.get(other)?.endpoint.left(one);
  }

  peersOf(peer: PeerId): readonly PeerId[] {
    return [...(this.#links.get(peer) ?? [])];
  }

  /** A node comes up: it and its running neighbours learn of each other. */
  attach(self: PeerId, endpoint: Endpoint): void {
    this.#attached.set(self, { endpoint, seen: new Set(), deliveries: new Map() });
    for (const peer of this.peersOf(self)) {
      if (!this.#attached.has(peer)) continue;
      this.#later(peer, self, () => this.#attached.get(self)?.endpoint.joined(peer));
      this.#later(self, peer, () => {
        if (this.#attached.has(self)) this.#attached.get(peer)?.endpoint.joined(self);
      });
    }
  }

  /** A node goes down: its neighbours notice. */
  detach(self: PeerId): void {
    this.#attached.delete(self);
    for (const peer of this.peersOf(self)) this.#attached.get(peer)?.endpoint.left(self);
  }

  /** Own gossip of `self`, to all its links. */
  publish(self: PeerId, topic: Topic, bytes: Uint8Array): void {
    this.#attached.get(self)?.seen.add(this.#messageId(bytes));
    for (const peer of this.peersOf(self)) this.#gossip(self, peer, topic, bytes);
  }

  /** Passes a delivered message on when it was accepted. */
  judge(self: PeerId, delivery: number, verdict: Verdict): void {
    const node = this.#attached.get(self);
    const message = node?.deliveries.get(delivery);
    node?.deliveries.delete(delivery);
    if (!message || verdict !== 'accept') return;
    for (const peer of this.peersOf(self)) {
      if (peer !== message.source) this.#gossip(self, peer, message.topic, message.bytes);
    }
  }

  sendDirect(self: PeerId, peer: PeerId, bytes: Uint8Array): void {
    const arrive = (): void => this.#attached.get(peer)?.endpoint.direct(self, bytes);
    this.#transmit(self, peer, arrive);
    if (!this.#calm && this.#random.chance(this.#options.duplication)) {
      this.#transmit(self, peer, arrive);
    }
  }

  /** Asks a peer; `done` is called exactly once unless the request is cancelled before. */
  request(
    self: PeerId,
    peer: PeerId,
    kind: ExchangeKind,
    query: Uint8Array,
    deadlineMs: number,
    done: (result: RequestResult) => void,
  ): Scheduled {
    let open = true;
    const finish = (result: RequestResult): void => {
      if (!open) return;
      open = false;
      deadline.cancel();
      done(result);
    };
    const deadline = this.#clock.schedule(deadlineMs, () =>
      finish({ ok: false, reason: 'timeout' }),
    );
    if (!this.#attached.has(peer)) {
      this.#later(self, self, () => finish({ ok: false, reason: 'disconnected' }));
    }
    this.#transmit(self, peer, () => {
      const bytes = this.#attached.get(peer)?.endpoint.serve(kind, query);
      if (bytes) this.#transmit(peer, self, () => finish({ ok: true, bytes }));
    });
    return {
      cancel: () => {
        open = false;
        deadline.cancel();
      },
    };
  }

  /** Drops everything from one group to the other until the returned function heals it. */
  cut(from: readonly PeerId[], to: readonly PeerId[], oneWay: boolean): () => void {
    const directions = from.flatMap((one) =>
      to.flatMap((other) => (oneWay ? [pair(one, other)] : [pair(one, other), pair(other, one)])),
    );
    for (const key of directions) this.#cuts.set(key, (this.#cuts.get(key) ?? 0) + 1);
    return () => {
      for (const key of directions) {
        const rest = (this.#cuts.get(key) ?? 1) - 1;
        if (rest > 0) this.#cuts.set(key, rest);
        else this.#cuts.delete(key);
      }
    };
  }

  /** Holds one direction back for a while; what was sent arrives in a burst afterwards. */
  clog(from: PeerId, to: PeerId, durationMs: number): void {
    this.#cloggedUntil.set(pair(from, to), this.#clock.now + durationMs);
  }

  /** From now on nothing is lost, cut, clogged or duplicated: the liveness phase. */
  calm(): void {
    this.#calm = true;
    this.#cuts.clear();
    this.#cloggedUntil.clear();
  }

  #link(one: PeerId, other: PeerId): void {
    if (one === other) return;
    this.#links.get(one)?.add(other);
    this.#links.get(other)?.add(one);
  }

  #messageId(bytes: Uint8Array): Hex {
    return toHex(this.#crypto.sha256(bytes).subarray(0, 20));
  }

  #gossip(from: PeerId, to: PeerId, topic: Topic, bytes: Uint8Array): void {
    const arrive = (isCopy: boolean): void => {
      const node = this.#attached.get(to);
      if (!node) return;
      const id = this.#messageId(bytes);
      // A copy stands for one that comes after the message cache has forgotten the first.
      if (node.seen.has(id) && !isCopy) return;
      node.seen.add(id);
      this.#deliveries += 1;
      node.deliveries.set(this.#deliveries, { topic, source: from, bytes });
      node.endpoint.gossip(topic, from, this.#deliveries, bytes);
    };
    this.#transmit(from, to, () => arrive(false));
    if (!this.#calm && this.#random.chance(this.#options.duplication)) {
      this.#transmit(from, to, () => arrive(true));
    }
  }

  /** Delivers unless the direction is cut or the message is lost on the way. */
  #transmit(from: PeerId, to: PeerId, arrive: () => void): void {
    this.#messagesSent += 1;
    const lost = this.#random.chance(this.#options.loss) && !this.#calm;
    if (lost || this.#cuts.has(pair(from, to))) return;
    this.#later(from, to, arrive);
  }

  #later(from: PeerId, to: PeerId, arrive: () => void): void {
    const { delayMsMin, delayMsMean } = this.#options;
    const delayMs = delayMsMin + this.#random.exponential(delayMsMean);
    const clogMs = (this.#cloggedUntil.get(pair(from, to)) ?? 0) - this.#clock.now;
    this.#clock.schedule(Math.max(0, clogMs) + delayMs, arrive);
  }
}
