/**
 * One simulated node: the driver with a virtual disk, network, clock and miner around it. It can
 * lose power at any event and start again from what was durable.
 */

import { readHeader } from '../consensus/chain-view.ts';
import { Driver } from '../consensus/driver.ts';
import type { DriverHost, HeadChange } from '../consensus/host.ts';
import type { Answer, PeerId, Query, ReportCode, SigningIdentity } from '../consensus/protocol.ts';
import type { Block, HeaderEntry } from '../primitives/block.ts';
import { toHex } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { limits } from '../primitives/limits.ts';
import { DecodeError } from '../primitives/rlp.ts';
import { endOfPrefix, keys } from '../primitives/store.ts';
import {
  type Codec,
  type ExchangeKind,
  exchangeCodecs,
  type Status,
  transactionBatchCodec,
} from '../primitives/wire.ts';
import type { Adversary } from './adversary.ts';
import type { SimulatedChain } from './chain.ts';
import type { Scheduled, VirtualClock } from './clock.ts';
import type { SimulatedDisk } from './disk.ts';
import type { HashPower } from './hash-power.ts';
import type { Endpoint, RequestResult, SimulatedNetwork, Topic } from './network.ts';
import type { Random } from './random.ts';

/** What the run sees of a node. */
export interface NodeObserver {
  started(node: PeerId, head: HeaderEntry): void;
  headChanged(node: PeerId, change: HeadChange): void;
  reported(node: PeerId, peer: PeerId, code: ReportCode): void;
  alarmed(node: PeerId, code: string, detail: string): void;
  mined(node: PeerId): void;
  /** A message leaves for a peer. */
  said(node: PeerId, message: unknown): void;
}

export interface NodeOptions {
  readonly id: PeerId;
  /** 20 bytes, paid for blocks made here. */
  readonly beneficiary: Uint8Array;
  /** Wall milliseconds at virtual time 0 by this node's clock. */
  readonly clockStartMs: number;
}

/**
 * The codec of a run. The same message goes to many: its bytes are made once, and read once, since
 * nobody changes a message that came in.
 */
export function createSharedCodec<Message>({ encode, decode }: Codec<Message>): Codec<Message> {
  const encoded = new WeakMap<object, Uint8Array>();
  const decoded = new WeakMap<Uint8Array, Message>();
  return {
    encode: (message) => {
      const bytes = encoded.get(message as object) ?? encode(message);
      encoded.set(message as object, bytes);
      return bytes;
    },
    decode: (bytes) => {
      const message = decoded.get(bytes) ?? decode(bytes);
      decoded.set(bytes, message);
      return message;
    },
  };
}

export interface NodeParts<Message> {
  readonly chain: SimulatedChain<Message>;
  readonly codec: Codec<Message>;
  readonly clock: VirtualClock;
  readonly network: SimulatedNetwork;
  readonly disk: SimulatedDisk;
  readonly miner: HashPower;
  readonly random: Random;
  readonly crypto: Crypto;
  readonly observer: NodeObserver;
  /** Makes this node a Byzantine one. */
  readonly adversary?: Adversary;
  /** The key of a consortium member. */
  readonly identity?: SigningIdentity;
  /** The key of any node, where they have one. */
  keyOf?(node: PeerId): Uint8Array;
  /** What is said to a peer in place of a message; undefined withholds it. */
  readonly lie?: (message: Message) => Message | undefined;
}

/** Executing or proposing one block. */
const turnMs = 2;
const statusRetryMs = 2_000;

export class SimulatedNode<Message> {
  readonly id: PeerId;
  readonly #options: NodeOptions;
  readonly #parts: NodeParts<Message>;
  #driver: Driver<unknown, unknown, Message> | undefined;
  readonly #timers = new Map<string, Scheduled>();
  readonly #requests = new Map<number, Scheduled>();

  constructor(options: NodeOptions, parts: NodeParts<Message>) {
    this.id = options.id;
    this.#options = options;
    this.#parts = parts;
  }

  get isRunning(): boolean {
    return this.#driver !== undefined;
  }

  /** The head this node tells everyone; undefined while it is down. */
  get head(): HeaderEntry | undefined {
    return this.#driver?.head;
  }

  get disk(): SimulatedDisk {
    return this.#parts.disk;
  }

  /** Starts from the disk. */
  start(): void {
    const { chain, disk, crypto, network, miner, observer, identity } = this.#parts;
    const head = this.storedHead;
    const headers = disk
      .list(
        keys.headerByHeight(Math.max(0, head.height - limits.headerWindowBlocks), ''),
        endOfPrefix('g'),
      )
      .flatMap(([key]) => readHeader(disk, toHex(key.subarray(9))) ?? []);
    const driver: Driver<unknown, unknown, Message> = new Driver(
      {
        protocol: chain.protocol,
        host: this.#host(() => this.#driver === driver),
        machine: (reader) => chain.createMachine(reader),
        stored: { reader: disk, head, headers },
        crypto,
      },
      chain.parameters,
      {
        self: this.id,
        beneficiary: this.#options.beneficiary,
        extraData: new Uint8Array(32),
        ...(identity === undefined ? {} : { identity }),
      },
    );
    this.#driver = driver;
    observer.started(this.id, head);
    driver.dispatch({ kind: 'started' });
    network.attach(this.id, this.#endpoint(driver));
    if (miner.mines) driver.dispatch({ kind: 'mining', enabled: true });
  }

  /** Power fails. */
  crash(): void {
    this.#driver?.stop();
    this.#driver = undefined;
    for (const timer of [...this.#timers.values(), ...this.#requests.values()]) timer.cancel();
    this.#timers.clear();
    this.#requests.clear();
    this.#parts.miner.seal(undefined, () => undefined);
    this.#parts.network.detach(this.id);
    this.#parts.disk.crash();
  }

  /** Hands in a transaction as a wallet would. */
  submit(raw: Uint8Array): boolean {
    return this.#driver?.submit(raw).ok ?? false;
  }

  /** The head that the disk names; ahead of what is told while a write is under way. */
  get storedHead(): HeaderEntry {
    const { disk } = this.#parts;
    const id = disk.get(keys.meta('head'));
    const head = id === undefined ? undefined : readHeader(disk, toHex(id));
    if (head === undefined) throw new Error(`the disk of ${this.id} names no head`);
    return head;
  }

  #status(): Status {
    const head = this.head ?? this.#parts.chain.genesis;
    return {
      genesisId: this.#parts.chain.networkId,
      headId: head.id,
      height: head.height,
      work: head.work,
      earliestBody: 0,
    };
  }

  #endpoint(driver: Driver<unknown, unknown, Message>): Endpoint {
    const { chain, adversary } = this.#parts;
    return {
      gossip: (topic, peer, delivery, bytes) =>
        this.#gossiped(driver, topic, peer, delivery, bytes),
      direct: (peer, bytes) => {
        this.#gossiped(driver, 'messages', peer, 0, bytes);
      },
      serve: (kind, bytes) => {
        const query = { kind, value: exchangeCodecs[kind].query.decode(bytes) } as Query;
        const answer = chain.answer(driver.chain, query, this.#status());
        const encoded = exchangeCodecs[kind].answer.encode(answer as never);
        return adversary === undefined ? encoded : adversary.answer(kind, encoded);
      },
      joined: (peer) => this.#greet(driver, peer),
      left: (peer) => driver.dispatch({ kind: 'left', peer }),
    };
  }

  /** A peer counts as joined when it has answered with its status, as in production. */
  #greet(driver: Driver<unknown, unknown, Message>, peer: PeerId): void {
    const { network, clock } = this.#parts;
    const query = exchangeCodecs.status.query.encode(this.#status());
    network.request(this.id, peer, 'status', query, limits.peerStatusMs, (result) => {
      if (this.#driver !== driver) return;
      const answer = this.#decodeAnswer('status', result);
      if (answer.kind === 'status') {
        const key = this.#parts.keyOf?.(peer);
        driver.dispatch({ kind: 'joined', peer, status: answer.value, key });
      } else if (answer.kind === 'failed' && answer.reason === 'timeout') {
        clock.schedule(statusRetryMs, () => {
          if (this.#driver === driver) this.#greet(driver, peer);
        });
      }
    });
  }

  #gossiped(
    driver: Driver<unknown, unknown, Message>,
    topic: Topic,
    peer: PeerId,
    delivery: number,
    bytes: Uint8Array,
  ): void {
    try {
      if (topic === 'transactions') {
        driver.receiveTransactions(delivery, transactionBatchCodec.decode(bytes));
        return;
      }
      const message = this.#parts.codec.decode(bytes);
      driver.dispatch({ kind: 'received', peer, delivery, message });
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#parts.network.judge(this.id, delivery, 'reject');
      this.#parts.observer.reported(this.id, peer, 'malformed');
    }
  }

  /** Gossip and direct messages as they leave: altered where the node is Byzantine. */
  #say(bytes: Uint8Array, send: (bytes: Uint8Array) => void): void {
    const { adversary } = this.#parts;
    const said = adversary === undefined ? bytes : adversary.say(bytes);
    if (said !== undefined) send(said);
  }

  #sealed(block: Block): void {
    const { adversary, chain, crypto, network, observer } = this.#parts;
    observer.mined(this.id);
    if (adversary !== undefined) {
      const forged = adversary.forge(block);
      network.publish(this.id, 'messages', chain.announce(forged, crypto));
    }
    this.#driver?.dispatch({ kind: 'sealed', block });
  }

  #decodeAnswer(kind: ExchangeKind, result: RequestResult): Answer {
    if (!result.ok) return { kind: 'failed', reason: result.reason };
    try {
      return { kind, value: exchangeCodecs[kind].answer.decode(result.bytes) } as Answer;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return { kind: 'failed', reason: 'malformed' };
    }
  }

  #request(
    isCurrent: () => boolean,
    ...[request, peer, query, deadlineMs]: Parameters<DriverHost<Message>['request']>
  ): void {
    const { kind } = query;
    const bytes = exchangeCodecs[kind].query.encode(query.value as never);
    const { network } = this.#parts;
    const open = network.request(this.id, peer, kind, bytes, deadlineMs, (result) => {
      this.#requests.delete(request);
      if (!isCurrent()) return;
      const answer = this.#decodeAnswer(kind, result);
      this.#driver?.dispatch({ kind: 'answered', request, peer, answer });
    });
    this.#requests.set(request, open);
  }

  #setTimer(name: string, afterMs: number): void {
    this.#timers.get(name)?.cancel();
    const timer = this.#parts.clock.schedule(afterMs, () => {
      this.#timers.delete(name);
      this.#driver?.dispatch({ kind: 'elapsed', timer: name });
    });
    this.#timers.set(name, timer);
  }

  #broadcastTransactions(raw: readonly Uint8Array[]): void {
    const { network } = this.#parts;
    for (let at = 0; at < raw.length; at += limits.gossipTransactionsMax) {
      const batch = raw.slice(at, at + limits.gossipTransactionsMax);
      network.publish(this.id, 'transactions', transactionBatchCodec.encode(batch));
    }
  }

  /** @param isCurrent whether the driver of this host still runs: a power failure ends it. */
  #host(isCurrent: () => boolean): DriverHost<Message> {
    const { clock, network, disk, miner, random, observer, lie } = this.#parts;
    const { encode } = this.#parts.codec;
    const guard = (task: () => void) => (): void => {
      if (isCurrent()) task();
    };
    return {
      now: () => this.#options.clockStartMs + clock.now,
      random: () => random.next(),
      write: (operations, sync, done) => disk.append(operations, sync, guard(done)),
      defer: (task) => void clock.schedule(turnMs, guard(task)),
      send: (peer, message) => {
        observer.said(this.id, message);
        const said = lie === undefined ? message : lie(message);
        if (said === undefined) return;
        this.#say(encode(said), (bytes) => network.sendDirect(this.id, peer, bytes));
      },
      broadcast: (message) =>
        this.#say(encode(message), (bytes) => network.publish(this.id, 'messages', bytes)),
      broadcastTransactions: (raw) => this.#broadcastTransactions(raw),
      verdict: (delivery, verdict) => network.judge(this.id, delivery, verdict),
      request: (...request) => this.#request(isCurrent, ...request),
      cancel: (request) => {
        this.#requests.get(request)?.cancel();
        this.#requests.delete(request);
      },
      setTimer: (name, afterMs) => this.#setTimer(name, afterMs),
      clearTimer: (name) => {
        this.#timers.get(name)?.cancel();
        this.#timers.delete(name);
      },
      seal: (block) => miner.seal(block, (sealed) => this.#sealed(sealed)),
      report: (peer, code) => observer.reported(this.id, peer, code),
      alarm: (code, detail) => observer.alarmed(this.id, code, detail),
      headChanged: (change) => observer.headChanged(this.id, change),
    };
  }
}
