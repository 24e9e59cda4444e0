/**
 * What the driver stands between: the replicated state machine below it and the host around it.
 * The ledger implements the first; node and simulation implement the second.
 */

import type { Block, HeaderEntry } from '../primitives/block.ts';
import type { Hex } from '../primitives/bytes.ts';
import type { Member } from '../primitives/seal.ts';
import type { StoreReader, WriteOperation } from '../primitives/store.ts';
import type { SignedTransaction } from '../primitives/transaction.ts';
import type {
  PeerId,
  Query,
  ReportCode,
  SigningIdentity,
  TimerName,
  Verdict,
  WaitingTransaction,
} from './protocol.ts';

/** Why a block or a transaction was not taken. */
export type Refusal = { readonly ok: false; readonly code: string; readonly detail: string };

/** The replicated state machine as the driver needs it; the ledger implements it. */
export interface StateMachine {
  execute(
    block: Block,
    parent: HeaderEntry,
    entry: HeaderEntry,
  ):
    | {
        readonly ok: true;
        readonly operations: readonly WriteOperation[];
        readonly transactions: readonly SignedTransaction[];
      }
    | Refusal;
  revert(
    block: Block,
    entry: HeaderEntry,
    parent: HeaderEntry,
  ): {
    readonly operations: readonly WriteOperation[];
    readonly transactions: readonly SignedTransaction[];
  };
  propose(
    parent: HeaderEntry,
    options: {
      readonly time: number;
      readonly bits: number;
      readonly beneficiary: Uint8Array;
      readonly extraData: Uint8Array;
      readonly empty: boolean;
    },
  ): Block;
  headChanged(change: {
    readonly applied: readonly SignedTransaction[];
    readonly reverted: readonly SignedTransaction[];
  }): void;
  submit(
    raw: Uint8Array,
  ):
    | { readonly ok: true; readonly hash: Uint8Array }
    | { readonly ok: false; readonly code: string; readonly message: string };
  /** How many pool transactions could be mined now. */
  waiting(): number;
  /** Whether the pool holds the transaction with this hash. */
  isWaiting(hash: Hex): boolean;
  byShortIds(id: Hex, shortIds: readonly Uint8Array[]): readonly (Uint8Array | undefined)[];
  /** Hash of the best paying transaction that the next block could take. */
  best(): Hex | undefined;
  /** The first to arrive here after `sequence` of those that the next block could take. */
  oldest(sequence: number): WaitingTransaction | undefined;
  /** Who may vote on the next block, where a contract says it; undefined where none does. */
  members?(): readonly Member[] | undefined;
}

/** What differs between production and simulation. All calls return at once. */
export interface DriverHost<Message> {
  now(): number;
  random(): number;
  /** Readable at once, durable when `done` is called; calls of `done` come in order. */
  write(operations: readonly WriteOperation[], sync: boolean, done: () => void): void;
  /** Runs `task` in a later turn, after waiting messages had theirs. */
  defer(task: () => void): void;
  send(peer: PeerId, message: Message): void;
  broadcast(message: Message): void;
  broadcastTransactions(raw: readonly Uint8Array[]): void;
  verdict(delivery: number, verdict: Verdict): void;
  request(request: number, peer: PeerId, query: Query, deadlineMs: number): void;
  cancel(request: number): void;
  setTimer(timer: TimerName, afterMs: number): void;
  clearTimer(timer: TimerName): void;
  seal(block: Block | undefined): void;
  report(peer: PeerId, code: ReportCode): void;
  alarm(code: string, detail: string): void;
  /** A new head is durable, the reorganisation to it complete. */
  headChanged(change: HeadChange): void;
}

export interface HeadChange {
  readonly head: HeaderEntry;
  /** In the order of undoing, newest first. */
  readonly reverted: readonly HeaderEntry[];
  /** Oldest first. */
  readonly applied: readonly HeaderEntry[];
  /** Who may vote on the next block, where a contract says it. */
  readonly members?: readonly Member[] | undefined;
}

export interface DriverOptions {
  readonly self: PeerId;
  /** 20 bytes: who is paid for blocks made here. */
  readonly beneficiary: Uint8Array;
  /** 32 bytes, free in proof of work. */
  readonly extraData: Uint8Array;
  /** The key that votes are signed with. */
  readonly identity?: SigningIdentity;
}

/** The stored chain that a driver starts from. */
export interface StoredChain {
  readonly reader: StoreReader;
  readonly head: HeaderEntry;
  /** Headers of the last window, side branches included. */
  readonly headers: readonly HeaderEntry[];
}
