/**
 * What the main thread and the executor say to each other. The executor holds protocol, ledger,
 * pool and the only writing hand on the database; the main thread holds network, RPC and miners.
 */

import type { ProtocolStatus, ReportCode, Verdict } from '../consensus/protocol.ts';
import type { SealOutcome } from '../mining/desk.ts';
import type { Solution } from '../mining/template.ts';
import type { HeaderEntry } from '../primitives/block.ts';
import type { Hex } from '../primitives/bytes.ts';
import type { SignedTransaction } from '../primitives/transaction.ts';
import type { ExchangeKind, Status } from '../primitives/wire.ts';
import type { Packed } from './packed.ts';

export interface ExecutorOptions {
  /** Folder of the database. */
  readonly database: string;
  /** Genesis file; its wasm modules lie beside it. */
  readonly genesisFile: string;
  readonly beneficiary: Uint8Array;
  /** Seed of the node's Ed25519 key, 32 bytes: a consortium's votes are signed with it. */
  readonly identitySeed: Uint8Array;
}

export interface OpenedChain {
  readonly head: HeaderEntry;
  readonly genesisId: Hex;
  readonly status: Status;
  /** How the protocol's blocks become final. */
  readonly finality: 'immediate' | 'probabilistic' | 'perTransaction';
  /** Who makes blocks: where members do, nothing is mined. */
  readonly makers: 'miners' | 'members';
  readonly protocol: string;
  /** Ed25519 keys of those who may vote on the next block. */
  readonly memberKeys: readonly Hex[];
}

/** Why a transaction was not taken; undefined when it was. */
export type Submitted = { readonly code: string; readonly message: string } | undefined;

/** Hashes and senders that a verifier recovered, so that the executor need not. */
export interface RecoveredSenders {
  /** 32 bytes each, one after the other. */
  readonly hashes: Uint8Array;
  /** 20 bytes each, at the same index; zero when the signature belongs to nobody. */
  readonly senders: Uint8Array;
}

export interface ExecutorApi {
  open(options: ExecutorOptions): Promise<OpenedChain>;
  /** `key`: Ed25519, that the connection proved. */
  joined(peer: string, status: Status, key: Uint8Array | undefined): void;
  left(peer: string): void;
  gossipedBlock(peer: string, delivery: number, bytes: Uint8Array): void;
  /** A message from one peer to this node alone. */
  directMessage(peer: string, bytes: Uint8Array, recovered: RecoveredSenders | undefined): void;
  gossipedTransactions(delivery: number, batch: Packed, recovered: RecoveredSenders): void;
  /** Answer to a `request` notice; `bytes` undefined when it failed for `reason`. */
  answered(
    request: number,
    peer: string,
    kind: ExchangeKind,
    answer:
      | { readonly bytes: Uint8Array; readonly recovered: RecoveredSenders | undefined }
      | { readonly reason: 'timeout' | 'disconnected' | 'refused' | 'malformed' },
  ): void;
  /** Answers a peer's query from the store. @throws DecodeError when it is malformed. */
  serve(kind: ExchangeKind, query: Uint8Array): Uint8Array;
  /** Takes each into the pool, in order; one verdict each. */
  submit(raw: Packed, recovered: RecoveredSenders): readonly Submitted[];
  pendingNonce(address: Uint8Array): bigint;
  poolTransaction(hash: Uint8Array): SignedTransaction | undefined;
  poolStatus(): { readonly pending: number; readonly queued: number };
  poolContent(): {
    readonly pending: readonly SignedTransaction[];
    readonly queued: readonly SignedTransaction[];
  };
  status(): ProtocolStatus;
  /** Work found for the block of `template`: completed, stored, applied and announced. */
  sealed(template: string, solution: Solution): SealOutcome;
  setMining(enabled: boolean): void;
  /** Development networks: one block of all that waits, at once. */
  mineNow(): Promise<void>;
  /** Writes what is under way and closes the database. */
  stop(): Promise<void>;
}

/** A new durable head. */
export interface HeadNotice {
  readonly kind: 'head';
  readonly head: HeaderEntry;
  readonly reverted: readonly HeaderEntry[];
  readonly applied: readonly HeaderEntry[];
  readonly status: Status;
  readonly transactions: number;
  readonly gasUsed: number;
  /** As in `OpenedChain`, where a contract may change them. */
  readonly memberKeys: readonly Hex[] | undefined;
}

export type ExecutorNotice =
  | HeadNotice
  | { readonly kind: 'broadcast'; readonly bytes: Uint8Array }
  | { readonly kind: 'send'; readonly peers: readonly string[]; readonly bytes: Uint8Array }
  | { readonly kind: 'broadcastTransactions'; readonly raw: Packed }
  | { readonly kind: 'verdict'; readonly delivery: number; readonly verdict: Verdict }
  | {
      readonly kind: 'request';
      readonly request: number;
      readonly peer: string;
      readonly exchange: ExchangeKind;
      readonly query: Uint8Array;
      readonly deadlineMs: number;
    }
  | { readonly kind: 'cancel'; readonly request: number }
  | {
      readonly kind: 'seal';
      /** Undefined stops the search. */
      readonly work:
        | {
            /** Names the block in `sealed`; the last 32 are known. */
            readonly template: string;
            readonly header: Uint8Array;
            readonly record: Uint8Array;
          }
        | undefined;
    }
  | { readonly kind: 'report'; readonly peer: string; readonly code: ReportCode }
  | { readonly kind: 'alarm'; readonly code: string; readonly detail: string }
  | { readonly kind: 'pending'; readonly hashes: Packed };
