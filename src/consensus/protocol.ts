/**
 * The contract between a consensus protocol and its host. A protocol is a state and a pure `step`:
 * events in, effects out; no clock, randomness, timer, socket, disk or await. Node and simulation
 * run the same bytes of code behind it.
 */

import type { Block, HeaderEntry } from '../primitives/block.ts';
import type { Hex } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import type { Member } from '../primitives/seal.ts';
import type { WriteOperation } from '../primitives/store.ts';
import type { Codec, ExchangeKind, Exchanges, Status } from '../primitives/wire.ts';

export type PeerId = string;
export type TimerName = string;

/** Read-only, synchronous view of the stored chain, pending writes included. */
export interface ChainView {
  header(id: Hex): HeaderEntry | undefined;
  /** Id at `height` of the applied chain. */
  canonical(height: number): Hex | undefined;
  /** The whole block, or undefined when its body is not stored. */
  block(id: Hex): Block | undefined;
  hasBody(id: Hex): boolean;
  /** Fault code of a block that was executed and found invalid. */
  invalid(id: Hex): string | undefined;
  /** The applied head: what the state is. */
  head(): HeaderEntry;
  /** Every stored header from `height` on, in no order; for start-up only. */
  headersFrom(height: number): readonly HeaderEntry[];
}

/** Synchronous look-up of waiting transactions by short id, to rebuild announced blocks. */
export interface PoolView {
  byShortIds(id: Hex, shortIds: readonly Uint8Array[]): readonly (Uint8Array | undefined)[];
  /** Hash of the best paying transaction that the next block could take. */
  best(): Hex | undefined;
  /** The first to arrive here after `sequence` of those that the next block could take. */
  oldest(sequence: number): WaitingTransaction | undefined;
}

export interface WaitingTransaction {
  readonly hash: Hex;
  readonly gasLimit: number;
  readonly sizeBytes: number;
  /** Order of arrival. */
  readonly sequence: number;
}

/** The key of a consortium member: votes are signed with it. */
export interface SigningIdentity {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

/** What a protocol may ask of its surroundings without leaving purity. */
export interface Environment {
  readonly self: PeerId;
  readonly crypto: Crypto;
  readonly chain: ChainView;
  readonly pool: PoolView;
  /** The node's own key; a protocol without votes needs none. */
  readonly identity?: SigningIdentity;
  /** Who may vote on the block after `chain.head()`, where a contract of the state says it. */
  members?(): readonly Member[] | undefined;
  /** What the protocol recorded under `keys.protocol(name)`. */
  recorded(name: Uint8Array): Uint8Array | undefined;
  /** Seeded by the host; uniform in [0, 1). */
  random(): number;
}

export type Answer =
  | {
      readonly [Kind in ExchangeKind]: {
        readonly kind: Kind;
        readonly value: Exchanges[Kind]['answer'];
      };
    }[ExchangeKind]
  | {
      readonly kind: 'failed';
      readonly reason: 'timeout' | 'disconnected' | 'refused' | 'malformed';
    };

export type Query = {
  readonly [Kind in ExchangeKind]: {
    readonly kind: Kind;
    readonly value: Exchanges[Kind]['query'];
  };
}[ExchangeKind];

/** `now` is wall time in milliseconds. */
export type Event<Message> = { readonly now: number } & (
  | { readonly kind: 'started' }
  | {
      readonly kind: 'joined';
      readonly peer: PeerId;
      readonly status: Status;
      /** Ed25519 key that the peer's end of the connection has proved to hold; undefined without one. */
      readonly key?: Uint8Array | undefined;
    }
  | { readonly kind: 'left'; readonly peer: PeerId }
  /** A gossiped message; `delivery` names it in the verdict that must follow. */
  | {
      readonly kind: 'received';
      readonly peer: PeerId;
      readonly delivery: number;
      readonly message: Message;
    }
  | {
      readonly kind: 'answered';
      readonly request: number;
      readonly peer: PeerId;
      readonly answer: Answer;
    }
  | { readonly kind: 'elapsed'; readonly timer: TimerName }
  /** The pool now holds `waiting` executable transactions. */
  | {
      readonly kind: 'submitted';
      readonly waiting: number;
      /** Raw transactions among them that came from this node's own users just now. */
      readonly own?: readonly Uint8Array[];
    }
  /** The block asked for by `propose`: executed, unsealed, on top of `parent`. */
  | { readonly kind: 'proposed'; readonly block: Block; readonly parent: Hex }
  | { readonly kind: 'checked'; readonly id: Hex; readonly fault: string | undefined }
  /** Work was found for a template: a complete block. */
  | { readonly kind: 'sealed'; readonly block: Block }
  | {
      readonly kind: 'applied';
      readonly entry: HeaderEntry;
      /** Who may vote on the next block, where a contract of the state says it. */
      readonly members?: readonly Member[];
      /** Executable transactions that the pool holds on this head; the `submitted` after it says the same. */
      readonly waiting?: number;
    }
  | { readonly kind: 'reverted'; readonly entry: HeaderEntry }
  /** Execution disagrees with the block: it is invalid for ever. Later queued applies are dropped. */
  | {
      readonly kind: 'refused';
      readonly id: Hex;
      readonly code: string;
      /** What was found and what was expected, for an operator. */
      readonly detail?: string;
    }
  /** Mining was switched on or off. */
  | { readonly kind: 'mining'; readonly enabled: boolean }
);

export type Verdict = 'accept' | 'ignore' | 'reject';

/** Why a peer loses standing; the host's penalty table maps code to weight. */
export type ReportCode =
  | 'invalid-header'
  | 'invalid-block'
  | 'bad-delivery'
  | 'unasked'
  | 'stalled'
  | 'low-work-chain'
  | 'malformed'
  | 'rate';

export type Effect<Message> =
  /** Durable before anything later in the same step leaves the node. */
  | { readonly kind: 'record'; readonly operations: readonly WriteOperation[] }
  | { readonly kind: 'send'; readonly peer: PeerId; readonly message: Message }
  | { readonly kind: 'broadcast'; readonly message: Message }
  | { readonly kind: 'verdict'; readonly delivery: number; readonly verdict: Verdict }
  | {
      readonly kind: 'request';
      readonly request: number;
      readonly peer: PeerId;
      readonly query: Query;
      readonly deadlineMs: number;
    }
  | { readonly kind: 'cancel'; readonly request: number }
  | { readonly kind: 'setTimer'; readonly timer: TimerName; readonly afterMs: number }
  | { readonly kind: 'clearTimer'; readonly timer: TimerName }
  /** Build a block on `parent` (the applied head) and answer `proposed`. Empty goes out at once. */
  | {
      readonly kind: 'propose';
      readonly parent: Hex;
      readonly time: number;
      readonly bits: number;
      readonly empty: boolean;
      /** In place of those that the node is configured with. */
      readonly beneficiary?: Uint8Array;
      readonly extraData?: Uint8Array;
    }
  /** Raw transactions for the own pool, passed on by a peer for its users. */
  | { readonly kind: 'submit'; readonly transactions: readonly Uint8Array[] }
  /** Search work for this block, in place of any other; undefined stops the search. */
  | { readonly kind: 'seal'; readonly block: Block | undefined }
  /** Execute a stored block on the applied head and make it the head. One step, in order. */
  | { readonly kind: 'apply'; readonly id: Hex }
  /** Undo the applied head `id`. */
  | { readonly kind: 'revert'; readonly id: Hex }
  /** Execute without committing; answers `checked`. */
  | { readonly kind: 'check'; readonly block: Block }
  | { readonly kind: 'report'; readonly peer: PeerId; readonly code: ReportCode }
  /** Something an operator must see. */
  | { readonly kind: 'alarm'; readonly code: string; readonly detail: string };

export interface ChainTip {
  readonly id: Hex;
  readonly height: number;
  readonly work: bigint;
  /** Blocks since it left the applied chain. */
  readonly branchLength: number;
  readonly status: 'active' | 'valid-fork' | 'valid-headers' | 'headers-only' | 'invalid';
}

/** What RPC and the status line show; plain data. */
export interface ProtocolStatus {
  readonly syncing: { readonly current: number; readonly highest: number } | undefined;
  readonly tips: readonly ChainTip[];
  /** Required bits of the next block, when the protocol has such. */
  readonly nextBits: number | undefined;
  /** Members and view of a consortium. */
  readonly consortium?: ConsortiumStatus;
}

/** Counts of a consortium node since its start. */
export interface ConsortiumStatistics {
  readonly blocks: number;
  readonly emptyBlocks: number;
  readonly transactions: number;
  /** Transactions in the largest block. */
  readonly largestBlock: number;
  readonly viewChanges: number;
  /** From a proposal at this node to its final block, over the last blocks; undefined before one. */
  readonly latencyMs: {
    readonly p50: number | undefined;
    readonly p99: number | undefined;
    readonly max: number | undefined;
  };
}

/** A consortium as one of its nodes sees it. */
export interface ConsortiumStatus {
  readonly view: number;
  /** `changing`: waiting for the NEW-VIEW of `view`; `watching`: this node is no member. */
  readonly phase: 'normal' | 'changing' | 'diverged' | 'watching';
  readonly primary: number;
  readonly quorum: number;
  readonly faults: number;
  /** Index of this node in `members`. */
  readonly self: number | undefined;
  /** When this node gives up the view, wall milliseconds; undefined while nothing is owed. */
  readonly viewDeadlineMs: number | undefined;
  readonly viewChanges: number;
  readonly statistics?: ConsortiumStatistics;
  readonly members: readonly {
    readonly key: Hex;
    readonly address: Hex;
    readonly view: number;
    readonly height: number;
    /** Wall milliseconds of its last status; undefined when it was not heard. */
    readonly lastSeenMs: number | undefined;
    /** What proves that it voted twice. */
    readonly evidence:
      | { readonly kind: string; readonly view: number; readonly height: number }
      | undefined;
  }[];
}

export interface Protocol<Parameters, State, Message> {
  readonly name: string;
  /** What readers may promise: data, so that nothing tests for a name. */
  readonly finality: 'immediate' | 'probabilistic' | 'perTransaction';
  /** Miners announce blocks by gossip; members vote on them by direct messages, and nobody mines. */
  readonly makers: 'miners' | 'members';
  /** @throws Error naming the genesis key that is wrong and the remedy. */
  parseParameters(json: unknown): Parameters;
  readonly message: Codec<Message>;
  create(parameters: Parameters, environment: Environment): State;
  /** Same state and event, same next state and effects. The caller owns the state. */
  step(state: State, event: Event<Message>): readonly Effect<Message>[];
  status(state: State): ProtocolStatus;
  /**
   * Whether the messages of `submitted` reach everyone who makes blocks: then the host need not
   * gossip its users' transactions at once. A protocol without it leaves them to gossip.
   */
  forwards?(state: State): boolean;
  /** Where messages carry transactions: hosts may recover their senders before the message is stepped. */
  readonly cargo?: {
    /** Told from the first bytes alone. */
    isIn(message: Uint8Array): boolean;
    /** Raw transactions in order. @throws DecodeError */
    read(message: Uint8Array): readonly Uint8Array[];
  };
}
