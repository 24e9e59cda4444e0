/**
 * One open call: who acts for whom, with what input, and what came of it so far. Hooks see the
 * current frame and the two ways to open another.
 */

import { emptyBytes, equalBytes } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import type { GasTable } from './gas-table.ts';
import type { Guest } from './guest.ts';
import type { Keccak } from './keccak.ts';
import type { BlockContext, Outcome, TransactionContext, World } from './world.ts';

/** What all frames of a transaction share. */
export interface Execution {
  readonly world: World;
  readonly block: BlockContext;
  readonly transaction: TransactionContext;
  readonly table: GasTable;
}

/** Who acts, and under which bounds. */
export interface FrameFacts {
  readonly execution: Execution;
  /** The acting address: its storage, balance and nonce. */
  readonly address: Uint8Array;
  readonly sender: Uint8Array;
  readonly value: bigint;
  readonly input: Uint8Array;
  readonly isStatic: boolean;
  readonly isDelegate: boolean;
  /** 0 for the outermost. */
  readonly depth: number;
}

/** One open call. Built field by field: spreading a request of twenty fields takes 6 us. */
export class Frame implements FrameFacts {
  readonly execution: Execution;
  readonly address: Uint8Array;
  readonly sender: Uint8Array;
  readonly value: bigint;
  readonly input: Uint8Array;
  readonly isStatic: boolean;
  readonly isDelegate: boolean;
  readonly depth: number;
  readonly guest: Guest;
  /** The frame that waits for this one. */
  readonly outer: Frame | undefined;
  /** Set by write_result. */
  result: Uint8Array = emptyBytes;
  /** Of the last call or creation. */
  returnData: Uint8Array = emptyBytes;
  /** Set by exit_early. */
  exitStatus = 0;
  private reentrant: boolean | undefined;
  private accountNumber: number | undefined;

  constructor(facts: FrameFacts, guest: Guest, outer: Frame | undefined) {
    this.execution = facts.execution;
    this.address = facts.address;
    this.sender = facts.sender;
    this.value = facts.value;
    this.input = facts.input;
    this.isStatic = facts.isStatic;
    this.isDelegate = facts.isDelegate;
    this.depth = facts.depth;
    this.guest = guest;
    this.outer = outer;
  }

  /** The world's number of the acting address. */
  get account(): number {
    this.accountNumber ??= this.execution.world.account(this.address);
    return this.accountNumber;
  }

  /** Whether the acting address has another open frame; delegate calls do not count. */
  get isReentrant(): boolean {
    this.reentrant ??= this.countOpen() > 1;
    return this.reentrant;
  }

  private countOpen(): number {
    let count = 0;
    for (let frame: Frame | undefined = this; frame !== undefined; frame = frame.outer) {
      if (!frame.isDelegate && equalBytes(frame.address, this.address)) count += 1;
    }
    return count;
  }
}

/** What all open frames of a transaction use together; a frame hands on what it has left. */
export interface SharedBudget {
  readonly stackWords: number;
  /** Pages of memory, those that a new frame starts with included. */
  readonly memoryPages: number;
}

export interface CallRequest extends FrameFacts {
  /** Whose code runs; differs from `address` in a delegate call. */
  readonly codeAddress: Uint8Array;
  readonly gas: bigint;
  /** Adds the stipend of a call with value, which its caller has paid. */
  readonly hasStipend: boolean;
  readonly shared: SharedBudget;
}

export interface CreateRequest {
  readonly execution: Execution;
  readonly address: Uint8Array;
  readonly sender: Uint8Array;
  readonly value: bigint;
  /** Creation data. */
  readonly input: Uint8Array;
  readonly depth: number;
  readonly gas: bigint;
  readonly shared: SharedBudget;
}

/** What hooks work on. */
export interface HookContext {
  readonly crypto: Crypto;
  /** Keccak-256 of nothing. */
  readonly emptyCodeHash: Uint8Array;
  readonly keccak: Keccak;
  /** The frame whose guest is calling. */
  readonly frame: Frame;
  call(request: CallRequest): Outcome;
  create(request: CreateRequest): Outcome;
}

/** Numbers are i32, bigints i64. */
export type HookFunction = (...parameters: never[]) => number | bigint | undefined;
