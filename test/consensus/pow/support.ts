/**
 * A world for one proof-of-work protocol: a Map for a disk, a queue for the executor, a list of
 * everything it said. Blocks are real (regtest-like difficulty), execution is "valid unless named".
 */

import { createChainView } from '../../../src/consensus/chain-view.ts';
import { type ChainPoint, extend, hashHeader } from '../../../src/consensus/pow/header-rules.ts';
import { pow } from '../../../src/consensus/pow/pow.ts';
import type { PowState } from '../../../src/consensus/pow/state.ts';
import type { Answer, ChainView, Effect, Event, Query } from '../../../src/consensus/protocol.ts';
import type { Block, HeaderEntry } from '../../../src/primitives/block.ts';
import { fromHex, type Hex, toHex } from '../../../src/primitives/bytes.ts';
import { bodyOperations, headerOperations } from '../../../src/primitives/chain-records.ts';
import { nobleCrypto as crypto } from '../../../src/primitives/crypto.ts';
import { merkleRoot } from '../../../src/primitives/merkle.ts';
import { type CoinbaseRecord, recordCommitment } from '../../../src/primitives/record.ts';
import { keys, type WriteOperation } from '../../../src/primitives/store.ts';
import {
  announce,
  type BlockAnnouncement,
  type Status,
  shortId,
} from '../../../src/primitives/wire.ts';
import { meetsTarget } from '../../../src/primitives/work.ts';

export type PowEffect = Effect<BlockAnnouncement>;
export type PowEvent = Event<BlockAnnouncement>;
type Of<Kind extends PowEffect['kind']> = Extract<PowEffect, { kind: Kind }>;
type WithoutNow<Each> = Each extends { readonly now: number } ? Omit<Each, 'now'> : never;

/** Two hashes a block on average. */
export const easyBits = 0x207fffff;
export const genesisTime = 1_700_000_000;
/** The devnet's parameters, with a step so that time rules can be seen. */
export const easyParameters = {
  difficulty: 'fixed',
  spacing: 15,
  halfLife: 3_600,
  step: 5,
  futureLimit: 30,
};

/** A block with its place in the chain. */
export interface Mined extends ChainPoint {
  readonly block: Block;
}

function record(height: number, transactions: readonly Uint8Array[]): CoinbaseRecord {
  return {
    height,
    stateRoot: new Uint8Array(32),
    transactionsRoot: merkleRoot(transactions, crypto),
    receiptsRoot: new Uint8Array(32),
    beneficiary: new Uint8Array(20),
    gasLimit: 30_000_000,
    gasUsed: 0,
    baseFeePerGas: 1n,
    extraData: new Uint8Array(32),
    extranonce: new Uint8Array(16),
  };
}

export interface MineOptions {
  readonly time?: number;
  readonly bits?: number;
  readonly transactions?: readonly Uint8Array[];
  readonly height?: number;
  readonly version?: number;
  /** Makes siblings with equal contents differ. */
  readonly salt?: number;
  /** Leaves the header without its work. */
  readonly workless?: boolean;
}

/** A block on `parent`, with its work done. */
export function mine(parent: ChainPoint, options: MineOptions = {}): Mined {
  const transactions = options.transactions ?? [];
  const height = options.height ?? parent.height + 1;
  const extranonce = new Uint8Array(16);
  extranonce[0] = options.salt ?? 0;
  const full = { ...record(height, transactions), extranonce };
  const base = {
    version: options.version ?? 0x20000000,
    previous: fromHex(parent.id),
    commitment: recordCommitment(full, crypto),
    time: options.time ?? parent.header.time + 15,
    bits: options.bits ?? easyBits,
  };
  for (let nonce = 0; ; nonce++) {
    const header = { ...base, nonce };
    const { hash, id } = hashHeader(header, crypto);
    if (meetsTarget(hash, easyBits) === (options.workless === true)) continue;
    const block: Block = { header, record: full, transactions };
    return { ...extend(parent, header, id), block };
  }
}

/** `count` blocks on `parent`. */
export function mineChain(parent: ChainPoint, count: number, options: MineOptions = {}): Mined[] {
  const chain: Mined[] = [];
  for (let tip = parent; chain.length < count; ) {
    const next = mine(tip, options);
    chain.push(next);
    tip = next;
  }
  return chain;
}

function createGenesis(): Mined {
  const header = {
    version: 0x20000000,
    previous: new Uint8Array(32),
    commitment: recordCommitment(record(0, []), crypto),
    time: genesisTime,
    bits: easyBits,
    nonce: 0,
  };
  const { id } = hashHeader(header, crypto);
  const block = { header, record: record(0, []), transactions: [] };
  return { id, parentId: '00'.repeat(32), header, height: 0, work: 0n, anchorTime: 0, block };
}

export const genesis = createGenesis();

export class World {
  readonly disk = new Map<string, Uint8Array>();
  readonly said: PowEffect[] = [];
  /** Blocks that execution refuses. */
  readonly bad = new Set<Hex>();
  readonly poolTransactions: Uint8Array[] = [];
  chain: ChainView;
  state: PowState;
  /** Queued blocks wait until `execute` is called. */
  isSlow = false;
  now = genesisTime * 1000 + 1_000_000_000;
  #head: HeaderEntry = genesis;
  readonly #requests = new Map<number, Of<'request'>>();
  #queue: (Of<'apply'> | Of<'revert'>)[] = [];
  #changes: { kind: 'applied' | 'reverted'; entry: HeaderEntry }[] = [];
  #delivery = 1;
  #random = 1;
  readonly #parameters: unknown;

  constructor(parameters: unknown = easyParameters) {
    this.#parameters = parameters;
    this.write(headerOperations(genesis));
    this.write(bodyOperations(genesis.id, genesis.block));
    this.write([{ key: keys.canonical(0), value: fromHex(genesis.id) }]);
    this.chain = this.#view();
    this.state = this.#create();
    this.step({ kind: 'started' });
  }

  get head(): HeaderEntry {
    return this.#head;
  }

  write(operations: readonly WriteOperation[]): void {
    for (const { key, value } of operations) {
      if (value === undefined) this.disk.delete(toHex(key));
      else this.disk.set(toHex(key), value);
    }
  }

  /** Puts an applied chain on the disk; `restart` makes it the head. */
  preload(chain: readonly Mined[]): void {
    for (const mined of chain) {
      this.write([...headerOperations(mined), ...bodyOperations(mined.id, mined.block)]);
      this.write([{ key: keys.canonical(mined.height), value: fromHex(mined.id) }]);
      this.#head = mined;
    }
  }

  /** Forgets everything but the disk, as a crash does. */
  restart(): void {
    this.said.length = 0;
    this.#queue = [];
    this.#changes = [];
    this.chain = this.#view();
    this.state = this.#create();
    this.step({ kind: 'started' });
  }

  /** One event; effects are carried out but queued blocks are not executed yet. */
  step(event: WithoutNow<PowEvent>): readonly PowEffect[] {
    const effects = pow.step(this.state, { ...event, now: this.now } as PowEvent);
    for (const effect of effects) {
      if (effect.kind === 'request') this.#requests.set(effect.request, effect);
      if (effect.kind === 'record') this.write(effect.operations);
      if (effect.kind === 'apply' || effect.kind === 'revert') this.#queue.push(effect);
    }
    this.said.push(...effects);
    return effects;
  }

  /** Executes what is queued, as the driver does: a reorganisation is reported when complete. */
  execute(most = Number.POSITIVE_INFINITY): void {
    for (let done = 0; done < most; done++) {
      const task = this.#queue.shift();
      if (task === undefined) break;
      if (task.kind === 'revert') this.#revert(task.id);
      else this.#apply(task.id);
      const isWhole =
        this.#changes.every(({ kind }) => kind === 'applied') || this.#queue.length === 0;
      if (isWhole) for (const change of this.#changes.splice(0)) this.step(change);
    }
  }

  run(event: WithoutNow<PowEvent>): readonly PowEffect[] {
    const effects = this.step(event);
    if (!this.isSlow) this.execute();
    return effects;
  }

  join(peer: string, tip: ChainPoint): void {
    const status: Status = {
      genesisId: new Uint8Array(32),
      headId: tip.id,
      height: tip.height,
      work: tip.work,
      earliestBody: 0,
    };
    this.run({ kind: 'joined', peer, status });
  }

  /** Gossip from `peer`; returns the verdict. */
  announce(peer: string, mined: Mined, message = announce(mined.block, mined.id, crypto)): string {
    const delivery = this.#delivery++;
    const effects = this.run({ kind: 'received', peer, delivery, message });
    const verdicts = effects.filter((effect) => effect.kind === 'verdict');
    if (verdicts.length !== 1 || verdicts[0]?.delivery !== delivery) {
      throw new Error(`${verdicts.length} verdicts for one delivery`);
    }
    return verdicts[0].verdict;
  }

  /** Requests that are open, oldest first. */
  open(): readonly Of<'request'>[] {
    return [...this.state.requests.keys()].map((key) => this.#requests.get(key) as Of<'request'>);
  }

  of<Kind extends PowEffect['kind']>(kind: Kind): readonly Of<Kind>[] {
    return this.said.filter((effect): effect is Of<Kind> => effect.kind === kind);
  }

  answer(request: Of<'request'>, answer: Answer): void {
    this.run({ kind: 'answered', request: request.request, peer: request.peer, answer });
  }

  /** Lets peers answer until nobody is asked any more. */
  serve(peers: Readonly<Record<string, (query: Query) => Answer>>): void {
    for (let [next] = this.open(); next !== undefined; [next] = this.open()) {
      const respond = peers[next.peer];
      const failed: Answer = { kind: 'failed', reason: 'timeout' };
      this.answer(next, respond === undefined ? failed : respond(next.query));
    }
  }

  #view(): ChainView {
    const reader = { get: (key: Uint8Array) => this.disk.get(toHex(key)) };
    const view = createChainView(reader, () => this.#head, []);
    const stored = [...this.disk.keys()]
      .filter((key) => key.startsWith('68'))
      .map((key) => view.header(key.slice(2)) as HeaderEntry);
    return createChainView(reader, () => this.#head, stored);
  }

  #create(): PowState {
    return pow.create(pow.parseParameters(this.#parameters), {
      self: 'self',
      crypto,
      chain: this.chain,
      pool: {
        byShortIds: (id, shortIds) => this.#byShortIds(id, shortIds),
        best: () => undefined,
        oldest: () => undefined,
      },
      recorded: () => undefined,
      random: () => {
        this.#random = (this.#random * 48_271) % 0x7fffffff;
        return this.#random / 0x7fffffff;
      },
    });
  }

  #byShortIds(id: Hex, shortIds: readonly Uint8Array[]): (Uint8Array | undefined)[] {
    const held = new Map(
      this.poolTransactions.map((raw) => [toHex(shortId(id, crypto.keccak256(raw), crypto)), raw]),
    );
    return shortIds.map((short) => held.get(toHex(short)));
  }

  #revert(id: Hex): void {
    if (id !== this.#head.id) throw new Error('asked to revert what is not the head');
    const parent = this.chain.header(toHex(this.#head.header.previous)) as HeaderEntry;
    this.write([{ key: keys.canonical(this.#head.height), value: undefined }]);
    const last = this.#changes.at(-1);
    if (last?.kind === 'applied' && last.entry.id === id) this.#changes.pop();
    else this.#changes.push({ kind: 'reverted', entry: this.#head });
    this.#head = parent;
  }

  #apply(id: Hex): void {
    const block = this.chain.block(id);
    const entry = this.chain.header(id);
    if (block === undefined || entry === undefined)
      throw new Error('asked to apply a missing block');
    if (toHex(block.header.previous) !== this.#head.id) throw new Error('parent is not the head');
    if (this.bad.has(id)) {
      this.#queue = [];
      this.step({ kind: 'refused', id, code: 'state-root-mismatch' });
      return;
    }
    this.write([{ key: keys.canonical(entry.height), value: fromHex(id) }]);
    this.#head = entry;
    const last = this.#changes.at(-1);
    if (last?.kind === 'reverted' && last.entry.id === id) this.#changes.pop();
    else this.#changes.push({ kind: 'applied', entry });
  }
}

/** A peer that serves these blocks, each chain from block 1 on. */
export function honestPeer(chain: readonly Mined[]): (query: Query) => Answer {
  const byId = new Map(chain.map((mined) => [mined.id, mined]));
  return (query) => {
    if (query.kind === 'headers') {
      const known = query.value.locator.find((id) => byId.has(id));
      const from = known === undefined ? 0 : (byId.get(known) as Mined).height;
      const value = chain.slice(from, from + query.value.max).map(({ header }) => header);
      return { kind: 'headers', value };
    }
    if (query.kind === 'bodies') {
      const end = query.value.ids.findIndex((id) => !byId.has(id));
      const ids = end < 0 ? query.value.ids : query.value.ids.slice(0, end);
      const value = ids.map((id) => {
        const { header: _, ...body } = (byId.get(id) as Mined).block;
        return body;
      });
      return { kind: 'bodies', value };
    }
    if (query.kind === 'transactions') {
      const { transactions } = (byId.get(query.value.id) as Mined).block;
      const value = query.value.indexes.map((index) => transactions[index] as Uint8Array);
      return { kind: 'transactions', value };
    }
    return { kind: 'failed', reason: 'refused' };
  };
}
