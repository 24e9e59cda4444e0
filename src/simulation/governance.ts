/**
 * Changes of members in the middle of a run: operators add spare nodes, remove members, the
 * primary among them, and give a place to another key. Each approves through its own node, again
 * and again until the change is made or given up.
 */

import type { HeaderEntry } from '../primitives/block.ts';
import { bigintToBytes, concat, equalBytes, fromHex, toHex, utf8 } from '../primitives/bytes.ts';
import { decodeRecordEntry } from '../primitives/chain-records.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { faultsOf, type Member, membersHash, verifySeal } from '../primitives/seal.ts';
import { keys, type StoreReader } from '../primitives/store.ts';
import type { SimulatedGovernance } from './chain.ts';
import type { VirtualClock } from './clock.ts';
import type { Random } from './random.ts';

/** How often an operator approves what is not done yet. */
const approvalMs = 2_000;
/** A change is given up after so long. */
const patienceMs = 30_000;

/** One operator's node: what the run needs of it. */
export interface Operator {
  readonly isRunning: boolean;
  readonly disk: StoreReader;
  submit(raw: Uint8Array): boolean;
}

const word = (bytes: Uint8Array): Uint8Array => concat(new Uint8Array(32 - bytes.length), bytes);

/** Calldata of MemberRegistry. */
function encodeCall(
  crypto: Crypto,
  signature: string,
  ...words: readonly Uint8Array[]
): Uint8Array {
  return concat(crypto.keccak256(utf8(signature)).subarray(0, 4), ...words.map(word));
}

/** Constructor arguments (bytes32[] keys, address[] accounts, uint64 window). */
export function encodeRegistry(members: readonly Member[], window: number): Uint8Array {
  const number = (value: number): Uint8Array => bigintToBytes(BigInt(value), 32);
  const { length } = members;
  return concat(
    number(96),
    number(128 + 32 * length),
    number(window),
    number(length),
    ...members.map(({ key }) => key),
    number(length),
    ...members.map(({ address }) => word(address)),
  );
}

export class Governance {
  readonly #chain: SimulatedGovernance;
  readonly #crypto: Crypto;
  readonly #clock: VirtualClock;
  readonly #random: Random;
  /** Honest ones by their place among all candidates; a Byzantine member approves nothing. */
  readonly #operators: ReadonlyMap<number, Operator>;
  readonly #byzantine: number;
  readonly #intervalMs: number;
  #over = false;

  constructor(
    chain: SimulatedGovernance,
    parts: { readonly crypto: Crypto; readonly clock: VirtualClock; readonly random: Random },
    operators: ReadonlyMap<number, Operator>,
    options: { readonly byzantine: number; readonly intervalMs: number },
  ) {
    this.#chain = chain;
    this.#crypto = parts.crypto;
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#operators = operators;
    this.#byzantine = options.byzantine;
    this.#intervalMs = options.intervalMs;
  }

  begin(): void {
    this.#clock.schedule(this.#random.exponential(this.#intervalMs), () => {
      if (this.#over) return;
      const call = this.#choose();
      if (call === undefined) this.begin();
      else this.#pursue(call, this.#listOf(), this.#clock.now + patienceMs);
    });
  }

  /** No further changes; what was approved already may still be made. */
  end(): void {
    this.#over = true;
  }

  /** Members as a node that runs sees them. */
  #listOf(): readonly Member[] {
    const running = [...this.#operators.values()].find(({ isRunning }) => isRunning);
    return running === undefined ? [] : this.#chain.members(running.disk);
  }

  /** A change that leaves no more Byzantine members than can be borne. */
  #choose(): Uint8Array | undefined {
    const list = this.#listOf();
    const { candidates } = this.#chain;
    const isMember = ({ key }: Member): boolean => list.some((each) => equalBytes(each.key, key));
    const spares = candidates.filter(
      (candidate, index) => this.#operators.has(index) && !isMember(candidate),
    );
    const honest = list.filter((member) =>
      candidates.some((each, at) => this.#operators.has(at) && equalBytes(each.key, member.key)),
    );
    if (honest.length === 0) return undefined;
    const spare = spares.length === 0 ? undefined : this.#random.pick(spares);
    const member = this.#random.pick(honest);
    const choice = this.#random.pick(['add', 'remove', 'rotate'] as const);
    if (choice === 'remove') {
      const isBearable = list.length > 1 && faultsOf(list.length - 1) >= this.#byzantine;
      return isBearable ? encodeCall(this.#crypto, 'remove(address)', member.address) : undefined;
    }
    if (spare === undefined) return undefined;
    if (choice === 'add') {
      return encodeCall(this.#crypto, 'add(bytes32,address)', spare.key, spare.address);
    }
    const signature = 'rotate(address,bytes32,address)';
    return encodeCall(this.#crypto, signature, member.address, spare.key, spare.address);
  }

  #pursue(call: Uint8Array, before: readonly Member[], until: number): void {
    if (this.#over) return;
    const hash = membersHash(before, this.#crypto);
    const isMade = !equalBytes(membersHash(this.#listOf(), this.#crypto), hash);
    if (isMade || this.#clock.now > until) {
      this.begin();
      return;
    }
    for (const [index, operator] of this.#operators) {
      if (operator.isRunning) operator.submit(this.#chain.approve(operator.disk, index, call));
    }
    this.#clock.schedule(approvalMs, () => this.#pursue(call, before, until));
  }
}

/**
 * A light client of the run: from the members of the genesis file it checks each block's seal, and
 * takes the next members from anyone when their hash is what the block's `extraData` says.
 */
export class LightFollower {
  readonly #chain: SimulatedGovernance;
  readonly #crypto: Crypto;
  readonly #genesisId: Uint8Array;
  /** Lists that somebody showed, by hash. */
  readonly #lists = new Map<string, readonly Member[]>();
  readonly #verified = new Set<string>();
  changes = 0;

  constructor(chain: SimulatedGovernance, genesisId: Uint8Array, crypto: Crypto) {
    this.#chain = chain;
    this.#genesisId = genesisId;
    this.#crypto = crypto;
  }

  /** A node stands at a new head: its list is noted. */
  note(reader: StoreReader): void {
    const members = this.#chain.members(reader);
    const hash = toHex(membersHash(members, this.#crypto));
    this.#lists.set(hash, members);
  }

  /** Why the stored block is not final by what a light client knows; undefined when it is. */
  check(reader: StoreReader, { id, height, header }: HeaderEntry): string | undefined {
    if (height === 0 || this.#verified.has(id)) return undefined;
    const { record, seal } = decodeRecordEntry(this.#read(reader, id));
    const parent = decodeRecordEntry(this.#read(reader, toHex(header.previous))).record;
    const first = toHex(membersHash(this.#chain.first, this.#crypto));
    const expected = height === 1 ? first : toHex(parent.extraData);
    const members = height === 1 ? this.#chain.first : this.#lists.get(expected);
    if (members === undefined) return `nobody showed the members ${expected} of height ${height}`;
    const subject = { genesisId: this.#genesisId, height, id };
    if (!verifySeal(seal ?? fromHex(''), subject, members, this.#crypto)) {
      return `the seal of ${id} at ${height} is not of its ${members.length} members`;
    }
    if (toHex(record.extraData) !== expected) this.changes += 1;
    this.#verified.add(id);
    return undefined;
  }

  #read(reader: StoreReader, id: string): Uint8Array {
    const stored = reader.get(keys.record(id));
    if (stored === undefined) throw new Error(`the record of ${id} is not stored`);
    return stored;
  }
}

/** Private key of an operator's account. */
export function operatorKey(crypto: Crypto, index: number): Uint8Array {
  return crypto.sha256(concat(utf8('operator'), Uint8Array.of(index)));
}
