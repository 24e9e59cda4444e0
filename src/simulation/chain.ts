/**
 * What a simulated network runs: the real protocol and the real state machine, and how the run
 * looks into them. Tests put variants with a planted fault in their place.
 */

import type { StateMachine } from '../consensus/host.ts';
import type { ChainView, Protocol, Query, SigningIdentity } from '../consensus/protocol.ts';
import type { Block, HeaderEntry } from '../primitives/block.ts';
import type { Crypto } from '../primitives/crypto.ts';
import type { Member } from '../primitives/seal.ts';
import type { StoreReader, WriteOperation } from '../primitives/store.ts';
import type { Exchanges, Status } from '../primitives/wire.ts';
import type { Random } from './random.ts';

/** A consortium whose members change: who could be one, and how they are read and approved. */
export interface SimulatedGovernance {
  /** Members of block 1, Byzantine ones included, then spare nodes. */
  readonly candidates: readonly Member[];
  readonly first: readonly Member[];
  /** The list in the stored state. */
  members(reader: StoreReader): readonly Member[];
  /** A signed call of the governance contract by the account of candidate `index`. */
  approve(reader: StoreReader, index: number, call: Uint8Array): Uint8Array;
}

/** What a network of known members has beside a chain. */
export interface SimulatedConsortium<Message> {
  /** Nodes that follow until they are made members. */
  readonly spares: number;
  /** Present where a contract keeps the list of members. */
  readonly governance?: SimulatedGovernance;
  /** The key of member `index`. */
  identity(index: number): SigningIdentity;
  /** A book of votes for one run: says how a message contradicts an earlier one of its node. */
  createInspector(): (node: string, message: Message) => string | undefined;
  /** What a Byzantine member says in place of an honest message; undefined is silence. */
  createLiar(random: Random, index: number): (message: Message) => Message | undefined;
}

export interface SimulatedChain<Message> {
  readonly protocol: Protocol<unknown, unknown, Message>;
  /** As `protocol.parseParameters` returned them. */
  readonly parameters: unknown;
  /** Mean milliseconds between blocks at full hash power. */
  readonly blockIntervalMs: number;
  /** Hashes per millisecond of the whole network that keep this interval at the genesis bits. */
  readonly hashesPerMs: number;
  /** The network's identity, 32 bytes. */
  readonly networkId: Uint8Array;
  readonly genesis: HeaderEntry;
  /** Everything a new database holds. */
  readonly genesisOperations: readonly WriteOperation[];
  /** Private keys of funded accounts. */
  readonly accounts: readonly Uint8Array[];
  /** Present where nodes are members: all are linked to all, and none mines. */
  readonly consortium?: SimulatedConsortium<Message>;
  createMachine(reader: StoreReader): StateMachine;
  /** A block as it is gossiped, for forgers: honest nodes let the protocol say it. */
  announce(block: Block, crypto: Crypto): Uint8Array;
  answer(chain: ChainView, query: Query, own: Status): Exchanges[Query['kind']]['answer'];
  /** Next nonce of an account in the state of the stored head. */
  nonceOf(reader: StoreReader, address: Uint8Array): bigint;
  /** A signed transfer of one acorn. */
  transfer(key: Uint8Array, nonce: bigint, target: Uint8Array): Uint8Array;
  /** A signed call of a contract. */
  call(key: Uint8Array, nonce: bigint, target: Uint8Array, data: Uint8Array): Uint8Array;
  /** Transactions in the stored chain of a node, all accounts together. */
  transactionsMined(reader: StoreReader): number;
  /**
   * Looks at the whole stored state, `entries` being all of it, and says what is wrong with it:
   * money out of nothing, say.
   */
  audit(
    entries: readonly (readonly [Uint8Array, Uint8Array])[],
    head: HeaderEntry,
  ): string | undefined;
}
