/**
 * What the VM needs from outside: the state as one transaction sees it, and the facts of the block.
 * The ledger's journal implements `World`. Addresses have 20 bytes, slots and words 32.
 */

import type { Word } from '../primitives/words.ts';

/** Code is loaded to be run, or as bytes that a contract looks at. */
export type CodeUse = 'run' | 'read';

/** Mutable state with checkpoints. Every write is undone by `revertTo`, warm sets and logs included. */
export interface World {
  balance(address: Uint8Array): bigint;
  nonce(address: Uint8Array): bigint;
  setNonce(address: Uint8Array, nonce: bigint): void;
  /** An account exists unless nonce 0, balance 0 and no code. */
  exists(address: Uint8Array): boolean;
  /** The wasm module, or the empty string. */
  code(address: Uint8Array): Uint8Array;
  /** Keccak-256 of the code; Keccak-256("") without code; 32 zero bytes when the account is absent. */
  codeHash(address: Uint8Array): Uint8Array;
  setCode(address: Uint8Array, code: Uint8Array): void;
  /** Moves acorns. The caller has checked the balance. */
  transfer(from: Uint8Array, to: Uint8Array, amount: bigint): void;
  /** The number of an account, by which this world knows it for as long as it lives. */
  account(address: Uint8Array): number;
  /**
   * The number of a slot of account number `account`, likewise. Nothing is read for it: what follows
   * is paid first.
   */
  slot(account: number, key: Word): number;
  /** Marks a slot as warm (EIP-2929); true when it was cold. */
  warmSlot(slot: number): boolean;
  /** Puts the value of a slot into `target`. */
  loadSlot(slot: number, target: Word): void;
  /** Puts into `target` its value at the start of the transaction (EIP-2200). */
  loadOriginal(slot: number, target: Word): void;
  storeSlot(slot: number, value: Word): void;
  transientStorage(address: Uint8Array, slot: Uint8Array): Uint8Array;
  setTransientStorage(address: Uint8Array, slot: Uint8Array, value: Uint8Array): void;
  /** Marks as warm (EIP-2929); true when it was cold. */
  warmAddress(address: Uint8Array): boolean;
  /** Marks a code hash as used in this way in this transaction; true the first time. */
  touchCode(codeHash: Uint8Array, use: CodeUse): boolean;
  /** `bytes` are `topics` words of 32 bytes and data after them; they are copied. */
  log(address: Uint8Array, topics: number, bytes: Uint8Array): void;
  checkpoint(): number;
  revertTo(checkpoint: number): void;
}

export interface BlockContext {
  readonly height: number;
  /** Seconds since 1970. */
  readonly time: number;
  readonly beneficiary: Uint8Array;
  readonly gasLimit: number;
  readonly baseFeePerGas: bigint;
  readonly chainId: number;
  /** Version of the gas table in force. */
  readonly gasTable: number;
  /** Id of an ancestor in display order, or undefined outside the last 8,191 blocks. */
  blockId(height: number): Uint8Array | undefined;
  /**
   * Whether the genesis file names this code, or names it as deployed by such code. Every node keeps it
   * compiled for ever, so its first use in a transaction costs nothing.
   */
  isGenesisCode(codeHash: Uint8Array): boolean;
}

export interface TransactionContext {
  readonly origin: Uint8Array;
  /** Effective price per gas in acorns. */
  readonly gasPrice: bigint;
}

/** A call of an account, or a creation when `to` is undefined. */
export interface Message {
  readonly sender: Uint8Array;
  readonly to: Uint8Array | undefined;
  readonly value: bigint;
  /** Calldata, or creation data (0xEF574101 ‖ u32 length ‖ wasm ‖ arguments). */
  readonly input: Uint8Array;
  /** Gas that the outermost frame may use; intrinsic gas is already taken. */
  readonly gas: bigint;
  /** Address of the new contract when `to` is undefined (the ledger knows the nonce rule). */
  readonly created?: Uint8Array;
  /** A static context, for eth_call only; transactions never set it. */
  readonly isStatic?: boolean;
}

export interface Outcome {
  /** 'reverted' keeps the rest of the gas, 'failed' (any trap) consumes it. Both undo all writes. */
  readonly status: 'success' | 'reverted' | 'failed';
  /** Return or revert data. */
  readonly output: Uint8Array;
  readonly gasLeft: bigint;
  /** Local help for people, never part of state: why it failed. */
  readonly hint?: string;
}

/** The contract machine. One instance serves a thread; it holds only caches. */
export interface Vm {
  run(
    world: World,
    block: BlockContext,
    transaction: TransactionContext,
    message: Message,
  ): Outcome;
}

/**
 * The engine refused or failed at what our rules accept (V8 CompileError, RangeError, no memory).
 * Never a receipt: the node stops with an alarm instead of disagreeing with the others.
 */
export class LocalFault extends Error {
  readonly code = 'local-fault';
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'LocalFault';
  }
}
