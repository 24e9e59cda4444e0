/**
 * What the interfaces ask of the node, in two halves: `ChainReader`, synchronous, inside a reader
 * worker over one database snapshot; and `NodeBackend`, asynchronous, on the main thread, which
 * never executes anything. The node implements both.
 */

import type { CallMessage, CallResult } from '../ledger/calls.ts';
import type { StoredReceipt } from '../ledger/receipts.ts';
import type { Block, HeaderEntry } from '../primitives/block.ts';
import type { Hex } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import type { Member } from '../primitives/seal.ts';
import type { StateProof } from '../primitives/state-proof.ts';
import type { SignedTransaction, TransactionFields } from '../primitives/transaction.ts';
import type { RpcErrorObject } from './errors.ts';
import type { AssertionService, OracleService } from './oracle-service.ts';

/** The network a node belongs to; constant while it runs. */
export interface NetworkInfo {
  readonly name: string;
  readonly chainId: number;
  /** Canonical hash of the genesis file, 32 bytes: the network's identity. */
  readonly genesisHash: Uint8Array;
  /** Fixed test accounts, `eth_sendTransaction` and `evm_mine` exist only where this is true. */
  readonly development: boolean;
  /** `web3_clientVersion`, for instance `dodona/0.1.0/linux-x64/node20`. */
  readonly clientVersion: string;
}

/** What a call may say: the ledger's own message. */
export type CallRequest = CallMessage;

/** How a call ended, for those who do not ask for its logs. */
export type CallOutcome = Omit<CallResult, 'logs'>;

/** The gas to send with a call so that it succeeds, or how it ends with all the gas. */
export type GasEstimate =
  | { readonly ok: true; readonly gas: bigint }
  /** `gas` is what the failed attempt had. */
  | { readonly ok: false; readonly result: CallOutcome; readonly gas: bigint };

export interface AccountState {
  readonly nonce: bigint;
  readonly balance: bigint;
  /** Keccak-256 of the code; of the empty string when there is none. */
  readonly codeHash: Uint8Array;
}

/** One path of the state tree with the proof of what it holds. */
export interface ProvenLeaf {
  /** 32 bytes. */
  readonly path: Uint8Array;
  /** Undefined when the path is absent. */
  readonly value: Uint8Array | undefined;
  readonly proof: StateProof;
}

/** The state after one block. Absent accounts read as empty, absent slots as 32 zero bytes. */
export interface StateView {
  account(address: Uint8Array): AccountState;
  code(address: Uint8Array): Uint8Array;
  /** 32 bytes. */
  storage(address: Uint8Array, slot: Uint8Array): Uint8Array;
  /** Runs against a throw-away overlay, in the block that would follow. Never throws for the input's sake. */
  call(request: CallRequest): CallOutcome;
  /** By running the call; at most `request.gas` and at most what a block holds. */
  estimateGas(request: CallRequest): GasEstimate;
  /** Undefined where tree nodes are not kept (any state but the head's). */
  proveAccount(address: Uint8Array): ProvenLeaf | undefined;
  proveSlot(address: Uint8Array, slot: Uint8Array): ProvenLeaf | undefined;
}

export interface TransactionLocation {
  readonly id: Hex;
  readonly height: number;
  readonly index: number;
}

/** One request's consistent view of the stored chain. Ids are in hash order. */
export interface ChainReader {
  readonly network: NetworkInfo;
  readonly crypto: Crypto;
  head(): HeaderEntry;
  /** Deepest block with at least 6 (60) blocks' worth of work above it; the genesis at worst. */
  safe(): HeaderEntry;
  finalized(): HeaderEntry;
  /** Id at `height` of the applied chain. */
  canonical(height: number): Hex | undefined;
  /** Any stored header, of side branches too. */
  header(id: Hex): HeaderEntry | undefined;
  block(id: Hex): Block | undefined;
  /** A stored transaction with its sender. Costs a key recovery, so nobody asks without need. */
  recover(raw: Uint8Array): SignedTransaction;
  /** Where members make the blocks: those of `height`, in order, if this node knew them then. */
  membersAt(height: number): readonly Member[] | undefined;
  /** Undefined when the block was never executed or its receipts were pruned. */
  receipts(id: Hex): readonly StoredReceipt[] | undefined;
  /** Where the applied chain holds a transaction. */
  transactionLocation(hash: Uint8Array): TransactionLocation | undefined;
  /** State after the block `id`; undefined when it is not kept any more. */
  state(id: Hex): StateView | undefined;
  /** Base fee of the block after the head. */
  nextBaseFee(): bigint;
  /** What the beneficiary of the block at `height` >= 1 gets besides the tips, in acorns. */
  subsidy(height: number): bigint;
  /** Whether the request's time is used up: long loops ask and stop. */
  expired(): boolean;
}

/** Answer of a read: its JSON text, so that the main thread need not serialise it again. */
export type ReadAnswer = { readonly json: string } | { readonly error: RpcErrorObject };

/** A refused transaction; `code` is the pool's fault code. */
export interface SubmitFault {
  readonly code: string;
  readonly message: string;
}
export type SubmitResult = { readonly hash: Uint8Array } | SubmitFault;

export interface PoolContent {
  /** Executable now, in order of sender and nonce. */
  readonly pending: readonly SignedTransaction[];
  /** Waiting for a gap in the nonces to close. */
  readonly queued: readonly SignedTransaction[];
}

/** The transaction pool, as the executor holds it. */
export interface PoolService {
  submit(raw: Uint8Array): Promise<SubmitResult>;
  /** The next nonce to use: the account's, plus its executable transactions in the pool. */
  pendingNonce(address: Uint8Array): Promise<bigint>;
  transaction(hash: Uint8Array): Promise<SignedTransaction | undefined>;
  status(): Promise<{ readonly pending: number; readonly queued: number }>;
  content(): Promise<PoolContent>;
}

export interface PeerInfo {
  readonly id: string;
  readonly address: string;
  readonly direction: 'inbound' | 'outbound';
  readonly height: number | undefined;
  readonly headId: Hex | undefined;
  readonly agent: string | undefined;
  /** Seconds since the connection was made. */
  readonly connectedSeconds: number;
  readonly penalty: number;
}

export interface NetworkService {
  self(): { readonly id: string; readonly addresses: readonly string[] };
  peers(): readonly PeerInfo[];
  /** Connects to a multiaddr. @throws Error naming what failed. */
  addPeer(multiaddr: string): Promise<void>;
  /** False when there was no such peer. */
  removePeer(id: string): Promise<boolean>;
}

export interface MiningStatus {
  readonly enabled: boolean;
  /** Why nothing is mined although somebody wants to. */
  readonly paused: string | undefined;
  readonly threads: number;
  readonly hashesPerSecond: number;
  /** 20 bytes. */
  readonly beneficiary: Uint8Array | undefined;
  /** Hash core of the built-in miner: `simd`, `scalar` or `noble`. */
  readonly core: string;
  readonly blocksFound: number;
  /** Found here, but not on the chain now. */
  readonly blocksOrphaned: number;
  /** The last blocks found here and their fate, newest first. */
  readonly blocks: readonly MinedBlock[];
  /** Shares and blocks of outside miners by outcome (`accepted`, `stale`, `low-difficulty`, ...). */
  readonly shares: { readonly [outcome: string]: number };
  readonly stratum: StratumStatus;
  /** Undefined when nobody mines or there is nothing to mine. */
  readonly timeToBlock: TimeToBlock | undefined;
}

export interface MinedBlock {
  /** As shown: reversed, with 0x. */
  readonly id: string;
  readonly height: number;
  readonly door: 'built-in' | 'stratum' | 'getblocktemplate';
  readonly worker: string;
  /** Seconds since 1970. */
  readonly time: number;
  readonly fate: 'pending' | 'on-chain' | 'orphaned';
}

export interface StratumStatus {
  readonly url: string;
  readonly connections: number;
  /** By the shares that came. */
  readonly hashesPerSecond: number;
  readonly workers: readonly {
    readonly name: string;
    readonly hashesPerSecond: number;
    readonly difficulty: number;
    readonly accepted: number;
  }[];
}

export interface TimeToBlock {
  /** Mean, seconds. */
  readonly expectedSeconds: number;
  /** Seconds within which a block comes with the probability that is the key, such as `50%`. */
  readonly within: { readonly [probability: string]: number };
}

export interface MiningService {
  status(): MiningStatus;
  /** `threads` undefined keeps the configured number. */
  start(threads: number | undefined): Promise<void>;
  stop(): Promise<void>;
  /** Development networks: one block now, of all that waits. Resolves when it is the head. */
  mineNow(): Promise<void>;
}

/** A consortium as one of its nodes sees it. Times are wall milliseconds. */
export interface ConsortiumInfo {
  readonly view: number;
  /** `changing`: waiting for the NEW-VIEW of `view`; `watching`: this node is no member. */
  readonly phase: 'normal' | 'changing' | 'diverged' | 'watching';
  readonly primary: number;
  readonly quorum: number;
  readonly faults: number;
  /** Index of this node in `members`. */
  readonly self: number | undefined;
  /** When this node gives up the view; undefined while nothing is owed. */
  readonly viewDeadlineMs: number | undefined;
  readonly viewChanges: number;
  readonly statistics?: ConsortiumCounts;
  readonly members: readonly ConsortiumMember[];
}

/** Since the node's start. */
export interface ConsortiumCounts {
  readonly blocks: number;
  readonly emptyBlocks: number;
  readonly transactions: number;
  readonly largestBlock: number;
  /** From a proposal at this node to its final block, over the last blocks; undefined before one. */
  readonly latencyMs: {
    readonly p50: number | undefined;
    readonly p99: number | undefined;
    readonly max: number | undefined;
  };
}

export interface ConsortiumMember {
  /** Ed25519 public key. */
  readonly key: Hex;
  readonly address: Hex;
  readonly view: number;
  readonly height: number;
  /** Of its last status; undefined when none came. */
  readonly lastSeenMs: number | undefined;
  /** What proves that it voted twice. */
  readonly evidence:
    | { readonly kind: string; readonly view: number; readonly height: number }
    | undefined;
}

export interface NodeStatus {
  readonly head: HeaderEntry;
  readonly safe: HeaderEntry;
  readonly finalized: HeaderEntry;
  readonly protocol: string;
  readonly finality: 'immediate' | 'probabilistic' | 'perTransaction';
  /** Heights; undefined when the node follows the tip. */
  readonly syncing: { readonly current: number; readonly highest: number } | undefined;
  /** Required bits of the next block, when the protocol has such. */
  readonly nextBits: number | undefined;
  readonly tips: readonly ChainTipInfo[];
  /** Where members make the blocks. */
  readonly consortium?: ConsortiumInfo;
  /** Last alarms, newest first. */
  readonly alarms: readonly {
    readonly code: string;
    readonly detail: string;
    readonly time: number;
  }[];
  /** Lowest height whose body is stored. */
  readonly earliestBody: number;
}

export interface ChainTipInfo {
  readonly id: Hex;
  readonly height: number;
  readonly work: bigint;
  readonly branchLength: number;
  readonly status: 'active' | 'valid-fork' | 'valid-headers' | 'headers-only' | 'invalid';
}

/** One complete change of the applied chain: what left it (tip first), then what joined it. */
export interface ChainChange {
  readonly reverted: readonly HeaderEntry[];
  readonly applied: readonly HeaderEntry[];
}

/** Fixed keys of a development network. */
export interface DevelopmentAccounts {
  /** 20 bytes each. */
  readonly addresses: readonly Uint8Array[];
  /** The raw transaction. @throws Error when `address` is none of them. */
  sign(address: Uint8Array, fields: TransactionFields): Promise<Uint8Array>;
}

export interface NodeBackend {
  readonly network: NetworkInfo;
  readonly crypto: Crypto;
  /** Runs one of `readMethods` on a reader worker. Never rejects for the input's sake. */
  read(method: string, params: readonly unknown[]): Promise<ReadAnswer>;
  status(): Promise<NodeStatus>;
  readonly pool: PoolService;
  readonly peers: NetworkService;
  /** Absent where the protocol does not mine. */
  readonly mining: MiningService | undefined;
  readonly oracle: OracleService | undefined;
  /** Absent where the genesis file has no optimistic oracle. */
  readonly assertions?: AssertionService | undefined;
  /** Present on development networks only. */
  readonly accounts: DevelopmentAccounts | undefined;
  /** Complete changes of the durable head, in order. Returns the function that ends it. */
  onChange(listener: (change: ChainChange) => void): () => void;
  /** Every transaction that became executable, once, by hash. */
  onPendingTransaction(listener: (hash: Uint8Array) => void): () => void;
}
