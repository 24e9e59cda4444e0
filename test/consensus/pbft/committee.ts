/**
 * A consortium on one table: the protocol of each member over a Map for a disk, messages that take
 * 10 ms unless a test drops them, virtual timers. Execution is "valid unless named".
 */

import { createChainView, readHeader } from '../../../src/consensus/chain-view.ts';
import type { Message } from '../../../src/consensus/pbft/messages.ts';
import { parseParameters } from '../../../src/consensus/pbft/parameters.ts';
import { pbft } from '../../../src/consensus/pbft/pbft.ts';
import type { PbftState } from '../../../src/consensus/pbft/state.ts';
import { answerQuery } from '../../../src/consensus/pow/serve.ts';
import type {
  Answer,
  ChainView,
  Effect,
  Event,
  WaitingTransaction,
} from '../../../src/consensus/protocol.ts';
import type { Block, HeaderEntry } from '../../../src/primitives/block.ts';
import { fromHex, type Hex, toHex } from '../../../src/primitives/bytes.ts';
import { bodyOperations, headerOperations } from '../../../src/primitives/chain-records.ts';
import { nobleCrypto } from '../../../src/primitives/crypto.ts';
import { headerId } from '../../../src/primitives/header.ts';
import { merkleRoot } from '../../../src/primitives/merkle.ts';
import { recordCommitment } from '../../../src/primitives/record.ts';
import { membersHash } from '../../../src/primitives/seal.ts';
import { keys, type WriteOperation } from '../../../src/primitives/store.ts';
import { VirtualClock } from '../../../src/simulation/clock.ts';
import { memberIdentity, simulatedSignatures } from '../../../src/simulation/consortium.ts';

export const genesisTime = 1_700_000_000;
const latencyMs = 10;
const genesisHash = new Uint8Array(32).fill(0xab);
export const crypto = simulatedSignatures(nobleCrypto, 12);

type Step = typeof pbft.step;
type Unstamped<Each> = Each extends { readonly now: number } ? Omit<Each, 'now'> : never;
type Inner = Unstamped<Event<Message>>;

/** A block on `parent`, with what `salt` says in its record. */
export function buildBlock(
  parent: HeaderEntry | undefined,
  salt: Partial<Block['record']>,
  time: number,
  transactions: readonly Uint8Array[] = [],
) {
  const empty = merkleRoot([], crypto);
  const record = {
    height: parent === undefined ? 0 : parent.height + 1,
    stateRoot: new Uint8Array(32),
    transactionsRoot: merkleRoot(transactions, crypto),
    receiptsRoot: empty,
    beneficiary: new Uint8Array(20),
    gasLimit: 30_000_000,
    gasUsed: 0,
    baseFeePerGas: 1n,
    extraData: genesisHash,
    extranonce: new Uint8Array(16),
    ...salt,
  };
  const header = {
    version: 0x20000000,
    previous: parent === undefined ? new Uint8Array(32) : fromHex(parent.id),
    commitment: recordCommitment(record, crypto),
    time,
    bits: 0,
    nonce: 0,
  };
  return { header, record, transactions };
}

const genesisBlock = buildBlock(undefined, {}, genesisTime);
const genesisEntry: HeaderEntry = {
  id: headerId(genesisBlock.header, crypto),
  header: genesisBlock.header,
  height: 0,
  work: 0n,
};

const statusOf = ({ head }: Seat) => ({
  genesisId: genesisHash,
  headId: head.id,
  height: head.height,
  work: 0n,
  earliestBody: 0,
});

export interface CommitteeOptions {
  readonly members: number;
  /** Seats at the table; as many as members by default. */
  readonly seats?: number;
  /** A contract that changes members: keys of those who vote at a height. */
  readonly membersAt?: (height: number) => readonly number[];
  readonly emptyBlockMs?: number;
  readonly quorum?: number;
  readonly step?: Step;
}

/** A member with key number `index`. */
export function memberOf(index: number) {
  const key = memberIdentity(crypto, index).publicKey;
  return { key, address: key.slice(0, 20) };
}

export function memberParameters(options: CommitteeOptions) {
  const members = Array.from({ length: options.members }, (_, index) => {
    const { key, address } = memberOf(index);
    return { key: `0x${toHex(key)}`, address: `0x${toHex(address)}` };
  });
  const { emptyBlockMs = 1_000 } = options;
  return parseParameters({ members, emptyBlockMs });
}

export class Committee {
  readonly clock = new VirtualClock();
  readonly options: CommitteeOptions;
  readonly members: Seat[];
  /** Whether a message gets through; tests replace it. */
  passes: (source: number, target: number, message: Message) => boolean = () => true;

  constructor(options: CommitteeOptions) {
    this.options = options;
    const { seats = options.members } = options;
    this.members = Array.from({ length: seats }, (_, index) => new Seat(this, index));
    for (const seat of this.members) seat.start();
    this.introduce();
  }

  get now(): number {
    return genesisTime * 1_000 + 10_000 + this.clock.now;
  }

  /** Links every running member with every other, in both directions. */
  introduce(): void {
    for (const one of this.members) {
      for (const other of this.members) if (one !== other) one.meet(other);
    }
  }

  run(milliseconds: number): void {
    this.clock.runUntil(this.clock.now + milliseconds, () => {});
  }

  heights(): number[] {
    return this.members.map(({ head }) => head.height);
  }

  /** One member's id of the block at `height`. */
  idAt(member: number, height: number): Hex | undefined {
    return this.members[member]?.chain.canonical(height);
  }

  /** Number of different blocks at `height`. */
  blocksAt(height: number): number {
    const ids = this.members.map((_, index) => this.idAt(index, height));
    return new Set(ids.filter((id) => id !== undefined)).size;
  }
}

/** One member and its disk. */
export class Seat {
  readonly index: number;
  readonly #table: Committee;
  readonly #disk = new Map<Hex, Uint8Array>();
  /** Ids that execution refuses here. */
  readonly refuses = new Set<Hex>();
  readonly alarms: string[] = [];
  readonly details: string[] = [];
  state: PbftState | undefined;
  head: HeaderEntry = genesisEntry;
  chain: ChainView;
  #life = 0;
  #skewMs = 0;
  #key: number;
  waiting = 0;
  best: Hex | undefined;
  /** What waits, by arrival. */
  arrivals: WaitingTransaction[] = [];
  /** What it puts into its blocks. */
  load: readonly Uint8Array[] = [];
  /** How long execution takes, milliseconds. */
  checkMs = 1;

  constructor(table: Committee, index: number) {
    this.#table = table;
    this.index = index;
    this.#key = index;
    this.chain = createChainView({ get: (key) => this.#disk.get(toHex(key)) }, () => this.head, []);
    this.#write([
      ...headerOperations(genesisEntry),
      ...bodyOperations(genesisEntry.id, genesisBlock),
      { key: keys.canonical(0), value: fromHex(genesisEntry.id) },
    ]);
  }

  /** Starts again with another key. */
  rekey(key: number): void {
    this.stop();
    this.#key = key;
    this.start();
  }

  /** What it recorded under that name. */
  recorded(name: Uint8Array): Uint8Array | undefined {
    return this.#disk.get(toHex(keys.protocol(name)));
  }

  /** Who may vote at `height`, where a contract says it. */
  #membersAt(height: number) {
    return this.#table.options.membersAt?.(height).map(memberOf);
  }

  /** Sets this member's clock off by so many milliseconds. */
  skew(milliseconds: number): void {
    this.#skewMs = milliseconds;
  }

  start(): void {
    this.#life += 1;
    this.state = pbft.create(memberParameters(this.#table.options), {
      self: `seat-${this.index}`,
      crypto,
      chain: this.chain,
      pool: {
        byShortIds: () => [],
        best: () => this.best,
        oldest: (sequence) => this.arrivals.find((each) => each.sequence > sequence),
      },
      identity: memberIdentity(crypto, this.#key),
      members: () => this.#membersAt(this.head.height + 1),
      recorded: (name) => this.recorded(name),
      random: () => 0.5,
    });
    this.dispatch({ kind: 'started' });
  }

  stop(): void {
    this.#life += 1;
    this.state = undefined;
    const peer = `seat-${this.index}`;
    for (const other of this.#table.members) other.dispatch({ kind: 'left', peer });
  }

  meet(other: Seat): void {
    if (this.state === undefined || other.state === undefined) return;
    const key = memberIdentity(crypto, other.#key).publicKey;
    this.dispatch({ kind: 'joined', peer: `seat-${other.index}`, status: statusOf(other), key });
  }

  submit(waiting: number): void {
    this.waiting = waiting;
    this.dispatch({ kind: 'submitted', waiting });
  }

  dispatch(event: Inner): void {
    if (this.state === undefined) return;
    const { step = pbft.step, quorum } = this.#table.options;
    if (quorum !== undefined) this.state.committee = { ...this.state.committee, quorum };
    const effects = step(this.state, { ...event, now: this.#table.now + this.#skewMs });
    for (const effect of effects) if (effect.kind === 'record') this.#write(effect.operations);
    for (const effect of effects) this.#perform(effect);
  }

  #write(operations: readonly WriteOperation[]): void {
    for (const { key, value } of operations) if (value) this.#disk.set(toHex(key), value);
  }

  /** Runs `task` unless this member stops before. */
  #later(afterMs: number, task: () => void): void {
    const life = this.#life;
    this.#table.clock.schedule(afterMs, () => {
      if (life === this.#life) task();
    });
  }

  #perform(effect: Effect<Message>): void {
    switch (effect.kind) {
      case 'send':
        this.#send(Number(effect.peer.slice(5)), effect.message);
        break;
      case 'setTimer':
        this.#setTimer(effect.timer, effect.afterMs);
        break;
      case 'clearTimer':
        this.#timers.delete(effect.timer);
        break;
      case 'check':
        this.#check(headerId(effect.block.header, crypto));
        break;
      case 'propose':
        this.#propose(effect);
        break;
      case 'apply':
        this.#apply(effect.id);
        break;
      case 'request':
        this.#request(effect);
        break;
      case 'alarm':
        this.alarms.push(effect.code);
        this.details.push(effect.detail);
        break;
      default:
        break;
    }
  }

  #send(target: number, message: Message): void {
    const bytes = pbft.message.encode(message);
    if (!this.#table.passes(this.index, target, message)) return;
    this.#table.clock.schedule(latencyMs, () => {
      const event = { kind: 'received', peer: `seat-${this.index}`, delivery: 0 } as const;
      this.#table.members[target]?.dispatch({ ...event, message: pbft.message.decode(bytes) });
    });
  }

  readonly #timers = new Map<string, number>();

  #setTimer(timer: string, afterMs: number): void {
    const token = (this.#timers.get(timer) ?? 0) + 1;
    this.#timers.set(timer, token);
    this.#later(afterMs, () => {
      if (this.#timers.get(timer) === token) this.dispatch({ kind: 'elapsed', timer });
    });
  }

  #check(id: Hex): void {
    const fault = this.refuses.has(id) ? 'wrong-state-root' : undefined;
    this.#later(this.checkMs, () => this.dispatch({ kind: 'checked', id, fault }));
  }

  #propose(effect: Extract<Effect<Message>, { kind: 'propose' }>): void {
    const { beneficiary, extraData, time, parent } = effect;
    if (beneficiary === undefined || extraData === undefined)
      throw new Error('incomplete proposal');
    const members = this.#membersAt(this.head.height + 2);
    const said = members === undefined ? extraData : membersHash(members, crypto);
    const block = buildBlock(this.head, { beneficiary, extraData: said }, time, this.load);
    this.#later(1, () => this.dispatch({ kind: 'proposed', block, parent }));
  }

  #apply(id: Hex): void {
    this.#later(2, () => {
      if (this.refuses.has(id)) {
        const detail = 'record says aa, is bb';
        this.dispatch({ kind: 'refused', id, code: 'wrong-state-root', detail });
        return;
      }
      const entry = readHeader({ get: (key) => this.#disk.get(toHex(key)) }, id);
      if (entry === undefined || toHex(entry.header.previous) !== this.head.id) {
        throw new Error(`asked to apply ${id} on ${this.head.id}`);
      }
      this.head = entry;
      this.#write([{ key: keys.canonical(entry.height), value: fromHex(id) }]);
      const members = this.#membersAt(entry.height + 1);
      this.dispatch({ kind: 'applied', entry, ...(members && { members }) });
      this.dispatch({ kind: 'submitted', waiting: this.waiting });
    });
  }

  #request({ request, peer, query }: Extract<Effect<Message>, { kind: 'request' }>): void {
    const other = this.#table.members[Number(peer.slice(5))];
    this.#later(2 * latencyMs, () => {
      const value = other?.state && answerQuery(other.chain, query, statusOf(other));
      const answer = value
        ? ({ kind: query.kind, value } as Answer)
        : ({ kind: 'failed', reason: 'disconnected' } as const);
      this.dispatch({ kind: 'answered', request, peer, answer });
    });
  }
}
