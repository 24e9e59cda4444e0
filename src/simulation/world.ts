/**
 * A whole network in one thread from one seed: first everything goes wrong and nothing false may
 * happen (safety), then everything heals and all nodes must come to one growing chain (liveness).
 */

import { readHeader } from '../consensus/chain-view.ts';
import type { PeerId, ReportCode } from '../consensus/protocol.ts';
import type { HeaderEntry } from '../primitives/block.ts';
import { toHex, utf8 } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import type { Codec } from '../primitives/wire.ts';
import { Adversary } from './adversary.ts';
import type { SimulatedChain } from './chain.ts';
import { Checkers, isHarmless, SimulationFailure } from './checkers.ts';
import { VirtualClock } from './clock.ts';
import { SimulatedDisk } from './disk.ts';
import { Faults } from './faults.ts';
import { Governance, LightFollower } from './governance.ts';
import { HashPower } from './hash-power.ts';
import { SimulatedNetwork } from './network.ts';
import { createSharedCodec, type NodeObserver, type NodeParts, SimulatedNode } from './node.ts';
import { Random } from './random.ts';
import { byzantineNames, drawShares, drawWeather, type Weather } from './weather.ts';
import { Workload } from './workload.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly nodes: number;
  /** How many of them are Byzantine; 0 by default. */
  readonly byzantine?: number;
  /** Length of the safety phase, virtual minutes. */
  readonly minutes: number;
  /** In place of what the seed draws: a test of one kind of weather. */
  readonly weather?: Partial<Weather>;
  /** Disks that promise what they have not kept: for canaries only. */
  readonly lyingDisks?: boolean;
}

export interface SimulationReport {
  readonly failure:
    | { readonly check: string; readonly detail: string; readonly atMs: number }
    | undefined;
  /** Identifies the course of the run: equal for equal options, whatever the machine. */
  readonly digest: string;
  readonly events: number;
  readonly virtualMs: number;
  /** From the healing until all nodes had made progress. */
  readonly healingMs: number;
  readonly height: number;
  readonly blocksMined: number;
  readonly blocksSeen: number;
  /** Links that honest nodes cut to Byzantine ones for what they did. */
  readonly convictions: number;
  readonly reorganisations: number;
  readonly deepestReorganisation: number;
  readonly crashes: number;
  readonly partitions: number;
  readonly clogs: number;
  readonly lostBatches: number;
  readonly messages: number;
  readonly transactionsSubmitted: number;
  readonly transactionsMined: number;
  /** Changes of members that a light client followed. */
  readonly memberChanges: number;
}

/** Blocks that must be added, with all nodes on one head, after everything has healed. */
const livenessBlocks = 3;
/** In block intervals: time for that, generous against a run of bad luck. */
const livenessIntervals = 80;

/** Mean time between one change of members and the next. */
const governanceIntervalMs = 4_000;

/** Hash power of all Byzantine nodes together, beside the honest network's 1. */
const byzantineShare = 0.3;

/** Production bans sooner or later, by weight; this many show more of the liar's repertoire. */
const guiltyReportsMax = 4;

class World<Message> {
  readonly #options: WorldOptions;
  readonly #chain: SimulatedChain<Message>;
  readonly #crypto: Crypto;
  readonly #codec: Codec<Message>;
  readonly #clock = new VirtualClock();
  readonly #network: SimulatedNetwork;
  /** The honest ones: they are checked, and must end on one chain. */
  readonly #nodes: readonly SimulatedNode<Message>[];
  readonly #byzantine: ReadonlySet<PeerId>;
  readonly #all: readonly SimulatedNode<Message>[];
  readonly #checkers: Checkers;
  readonly #faults: Faults;
  readonly #workload: Workload<Message>;
  readonly #inspect: ((node: string, message: Message) => string | undefined) | undefined;
  readonly #governance: Governance | undefined;
  readonly #follower: LightFollower | undefined;
  #digest: Uint8Array;
  #events = 0;
  #blocksMined = 0;
  #convictions = 0;
  /** Guilty reports by link. */
  readonly #guilt = new Map<string, number>();

  constructor(options: WorldOptions, chain: SimulatedChain<Message>, crypto: Crypto) {
    this.#options = options;
    this.#chain = chain;
    this.#crypto = crypto;
    this.#codec = createSharedCodec(chain.protocol.message);
    this.#digest = chain.networkId;
    const random = new Random(`seed ${options.seed}`);
    const drawn = drawWeather(random.fork('weather'), chain.blockIntervalMs);
    const weather = { ...drawn, ...options.weather };
    const clock = this.#clock;
    this.#network = new SimulatedNetwork(clock, random.fork('network'), crypto, weather);
    this.#checkers = new Checkers(
      {
        finality: chain.protocol.finality,
        depthMax: 12 + Math.ceil((6 * weather.partitionMsMax) / chain.blockIntervalMs),
        genesis: chain.genesis,
      },
      crypto,
    );
    const { nodes, byzantine = 0 } = options;
    this.#byzantine = new Set(
      byzantineNames(byzantine, chain.consortium !== undefined, options.seed),
    );
    const governance = chain.consortium?.governance;
    this.#follower = governance && new LightFollower(governance, chain.networkId, crypto);
    const shares = drawShares(random.fork('shares'), nodes - byzantine);
    this.#inspect = chain.consortium?.createInspector();
    const spares = Array.from({ length: chain.consortium?.spares ?? 0 }, (_, index) =>
      this.#createNode(random, `spare-${index}`, 0),
    );
    const members = shares.map((share, index) => this.#createNode(random, `node-${index}`, share));
    this.#nodes = [...members, ...spares];
    const ids = this.#nodes.map(({ id }) => id);
    if (chain.consortium !== undefined) this.#network.connectMesh([...ids, ...this.#byzantine]);
    else this.#network.connect(ids);
    const liars = [...this.#byzantine].map((id) => {
      if (chain.consortium === undefined) this.#network.connectOutsider(id);
      return this.#createNode(random, id, byzantineShare / byzantine);
    });
    this.#all = [...this.#nodes, ...liars];
    this.#faults = new Faults(
      { clock, random: random.fork('faults'), network: this.#network, nodes: this.#all },
      weather,
    );
    // Signing is dear, and a consortium makes a block as soon as anything waits.
    const interval = chain.blockIntervalMs / (chain.consortium === undefined ? 4 : 1);
    const operators = new Map([
      ...members.map((node, index) => [index, node] as const),
      ...spares.map((node, index) => [nodes + index, node] as const),
    ]);
    this.#governance =
      governance &&
      new Governance(governance, { crypto, clock, random: random.fork('governance') }, operators, {
        byzantine,
        intervalMs: governanceIntervalMs,
      });
    this.#workload = new Workload(chain, clock, random.fork('workload'), this.#nodes, interval);
  }

  run(): SimulationReport {
    let failure: SimulationReport['failure'];
    try {
      for (const node of this.#all) node.start();
      this.#workload.begin();
      this.#faults.begin();
      this.#governance?.begin();
      this.#clock.runUntil(this.#options.minutes * 60_000, () => this.#count());
      this.#faults.end();
      this.#governance?.end();
      this.#demandProgress();
      this.#audit();
    } catch (error) {
      const check = error instanceof SimulationFailure ? error.check : 'exception';
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
      failure = { check, detail, atMs: this.#clock.now };
    }
    return this.#report(failure);
  }

  #createNode(random: Random, id: string, share: number): SimulatedNode<Message> {
    const chain = this.#chain;
    const clock = this.#clock;
    const own = random.fork(id);
    const disk = new SimulatedDisk(clock, own.fork('disk'), {
      syncMs: own.integer(1, 30),
      lies: this.#options.lyingDisks ?? false,
    });
    disk.format(chain.genesisOperations);
    const skewMs = own.integer(-2_000, 2_000);
    return new SimulatedNode(
      {
        id,
        beneficiary: own.fork('beneficiary').bytes(20),
        clockStartMs: chain.genesis.header.time * 1_000 + 60_000 + skewMs,
      },
      {
        chain,
        codec: this.#codec,
        clock,
        network: this.#network,
        disk,
        miner: new HashPower(clock, own.fork('miner'), this.#crypto, share * chain.hashesPerMs),
        random: own.fork('protocol'),
        crypto: this.#crypto,
        observer: this.#byzantine.has(id) ? this.#bystander() : this.#observer(disk),
        ...this.#character(id, own),
      },
    );
  }

  /** What makes a node a member, a liar, or one of two that share a key (Twins, OPODIS 2021). */
  #character(
    id: string,
    own: Random,
  ): Pick<NodeParts<Message>, 'adversary' | 'identity' | 'keyOf' | 'lie'> {
    const { consortium } = this.#chain;
    const isByzantine = this.#byzantine.has(id);
    const adversary = new Adversary(own.fork('adversary'), this.#crypto);
    if (consortium === undefined) return isByzantine ? { adversary } : {};
    const index = this.#memberOf(id);
    const identity = consortium.identity(index);
    const keyOf = (node: string): Uint8Array => consortium.identity(this.#memberOf(node)).publicKey;
    if (!id.startsWith('liar')) return { identity, keyOf };
    return { identity, keyOf, lie: consortium.createLiar(own.fork('lies'), index) };
  }

  /** Byzantine members stand at the end of the list; both twins have the key of one. */
  #memberOf(id: string): number {
    const { nodes, byzantine = 0 } = this.#options;
    const [, kind, number] = /^(node|spare|liar|twin)-(\d+)/.exec(id) as RegExpExecArray;
    const firsts: Record<string, number> = { node: 0, spare: nodes };
    return Number(number) + (firsts[kind as string] ?? nodes - byzantine);
  }

  #observer(disk: SimulatedDisk): NodeObserver {
    const checkers = this.#checkers;
    return {
      started: (node, head) => {
        this.#follower?.note(disk);
        checkers.started(node, head, (id) => readHeader(disk, id));
      },
      headChanged: (node, change) => {
        checkers.headChanged(node, change);
        this.#follow(disk, change.applied);
        this.#note(`${this.#clock.now} ${node} ${change.head.id}`);
      },
      reported: (node, peer, code) => {
        if (this.#byzantine.has(peer)) this.#convict(node, peer, code);
        else checkers.reported(node, peer, code);
      },
      alarmed: (node, code, detail) => {
        const isTheirs = code === 'block-refused' || code === 'equivocation';
        if (!isTheirs || this.#byzantine.size === 0) {
          checkers.alarmed(node, code, detail);
        }
      },
      mined: () => {
        this.#blocksMined += 1;
      },
      said: (node, message) => {
        const fault = this.#inspect?.(node, message as Message);
        if (fault !== undefined) throw new SimulationFailure('double vote', fault);
      },
    };
  }

  /** A light client checks each block that a node tells. */
  #follow(disk: SimulatedDisk, applied: readonly HeaderEntry[]): void {
    const follower = this.#follower;
    if (follower === undefined) return;
    follower.note(disk);
    for (const entry of applied) {
      const fault = follower.check(disk, entry);
      if (fault !== undefined) throw new SimulationFailure('light client', fault);
    }
  }

  /** What a Byzantine node believes is nobody's concern. */
  #bystander(): NodeObserver {
    const ignore = (): void => undefined;
    const mined = (): void => {
      this.#blocksMined += 1;
    };
    return {
      started: ignore,
      headChanged: ignore,
      reported: ignore,
      alarmed: ignore,
      said: ignore,
      mined,
    };
  }

  /** The protocol tells of guilt, the host bans: here after some guilty reports. */
  #convict(node: PeerId, peer: PeerId, code: ReportCode): void {
    if (isHarmless(code)) return;
    const link = `${node} ${peer}`;
    const reports = (this.#guilt.get(link) ?? 0) + 1;
    this.#guilt.set(link, reports);
    if (reports !== guiltyReportsMax) return;
    this.#convictions += 1;
    this.#clock.schedule(0, () => this.#network.disconnect(node, peer));
  }

  #count(): void {
    this.#events += 1;
  }

  #note(text: string): void {
    this.#digest = this.#crypto.sha256(new Uint8Array([...this.#digest, ...utf8(text)]));
  }

  /**
   * Runs until all nodes stand on one head that is higher than any was, or time is up. Final blocks
   * cannot differ, so with members it is enough that everyone has got that far.
   */
  #demandProgress(): void {
    const highest = Math.max(...this.#nodes.map(({ head }) => head?.height ?? 0));
    const end = this.#clock.now + livenessIntervals * this.#chain.blockIntervalMs;
    while (this.#clock.now < end) {
      this.#clock.runUntil(this.#clock.now + 100, () => this.#count());
      const [first, ...others] = this.#nodes.map(({ head }) => head);
      if (first === undefined || first.height < highest + livenessBlocks) continue;
      const isFinal = this.#chain.protocol.finality === 'immediate';
      const target = isFinal ? highest + livenessBlocks : first.height;
      const isThere = (head: HeaderEntry | undefined): boolean =>
        head !== undefined && (isFinal ? head.height >= target : head.id === first.id);
      if (others.every(isThere)) return;
    }
    const heads = this.#nodes.map(({ id, head }) => `${id} ${head?.height} ${head?.id.slice(-16)}`);
    throw new SimulationFailure(
      'liveness',
      `no common head above ${highest + livenessBlocks - 1} after healing: ${heads.join(', ')}`,
    );
  }

  /** Whole states at the end: sound, and equal where the heads are. */
  #audit(): void {
    for (const { id, disk, storedHead } of this.#nodes) {
      const stored = disk.list(Uint8Array.of(0), Uint8Array.of(255));
      const fault = this.#chain.audit(stored, storedHead);
      if (fault !== undefined) throw new SimulationFailure('audit', `${id}: ${fault}`);
    }
  }

  #report(failure: SimulationReport['failure']): SimulationReport {
    const [node] = this.#nodes;
    const chain = node === undefined ? [] : this.#checkers.chainOf(node.id);
    const minedTransactions = this.#nodes.map(({ disk }) => this.#chain.transactionsMined(disk));
    return {
      failure,
      digest: toHex(this.#digest),
      events: this.#events,
      virtualMs: this.#clock.now,
      healingMs: Math.max(0, this.#clock.now - this.#options.minutes * 60_000),
      height: chain.at(-1)?.height ?? 0,
      blocksMined: this.#blocksMined,
      blocksSeen: this.#checkers.blocksSeen,
      convictions: this.#convictions,
      reorganisations: this.#checkers.reorganisations,
      deepestReorganisation: this.#checkers.deepestReorganisation,
      crashes: this.#faults.crashes,
      partitions: this.#faults.partitions,
      clogs: this.#faults.clogs,
      lostBatches: this.#nodes.reduce((sum, { disk }) => sum + disk.lostBatches, 0),
      messages: this.#network.messagesSent,
      transactionsSubmitted: this.#workload.submitted,
      memberChanges: this.#follower?.changes ?? 0,
      transactionsMined: Math.max(0, ...minedTransactions),
    };
  }
}

/** Runs one world to its end or to its first failure. */
export function runWorld<Message>(
  options: WorldOptions,
  chain: SimulatedChain<Message>,
  crypto: Crypto,
): SimulationReport {
  return new World(options, chain, crypto).run();
}
