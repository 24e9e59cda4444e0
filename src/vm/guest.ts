/**
 * The host's side of one instance: its memory with checked bounds, and its counters. Whatever goes
 * wrong here is a trap of the guest, thrown as a signal made once, because making an Error costs more
 * than the call itself.
 */

import type { SharedBudget } from './frame.ts';
import type { GasTable } from './gas-table.ts';
import { helperNames } from './helpers.ts';

/** Unwinds the guest: the frame fails. */
export const trapSignal: object = Object.freeze({ signal: 'trap' });
/** Unwinds the guest: the frame ended by exit_early. */
export const exitSignal: object = Object.freeze({ signal: 'exit' });

export class Guest {
  private readonly memory: WebAssembly.Memory;
  private readonly takeInk: (ink: number) => number;
  private readonly readInk: () => bigint;
  private readonly writeInk: (ink: bigint) => void;
  private readonly readStackWords: () => number;
  private readonly readPages: () => number;
  private readonly readFault: () => number;
  private readonly table: GasTable;
  private view: Uint8Array;
  /** Why the host trapped, for people. */
  trapHint: string | undefined;

  constructor(
    exports: Record<string, unknown>,
    table: GasTable,
    budget: { readonly gas: bigint; readonly shared: SharedBudget },
  ) {
    this.memory = exports.memory as WebAssembly.Memory;
    this.takeInk = exports[helperNames.take] as (ink: number) => number;
    this.readInk = exports[helperNames.readInk] as () => bigint;
    this.writeInk = exports[helperNames.writeInk] as (ink: bigint) => void;
    this.readStackWords = exports[helperNames.readStack] as () => number;
    this.readPages = exports[helperNames.readPages] as () => number;
    this.readFault = exports[helperNames.readFault] as () => number;
    this.table = table;
    this.view = new Uint8Array(this.memory.buffer);
    this.writeInk(budget.gas * BigInt(table.inkPerGas));
    const { stackWords, memoryPages } = budget.shared;
    (exports[helperNames.writeStack] as (words: number) => void)(stackWords);
    (exports[helperNames.writePages] as (pages: number) => void)(memoryPages);
  }

  trap(hint: string): never {
    this.trapHint = hint;
    throw trapSignal;
  }

  /** Whether the engine refused memory that the rules allow. */
  get isFaulty(): boolean {
    return this.readFault() !== 0;
  }

  get inkLeft(): bigint {
    return this.readInk();
  }

  /** What another frame may use while this one waits. */
  get sharedLeft(): SharedBudget {
    return { stackWords: this.readStackWords(), memoryPages: this.readPages() };
  }

  /** What is left, floored to gas; 0 when overdrawn. */
  get gasLeft(): bigint {
    const ink = this.readInk();
    return ink <= 0n ? 0n : ink / BigInt(this.table.inkPerGas);
  }

  /** Takes `ink` (at most 2^53) or traps. */
  chargeInk(ink: number): void {
    // The helper takes 32 bits: one call for all but huge copies and logs.
    for (let rest = ink; rest > 0; rest -= 0xffffffff) {
      if (this.takeInk(Math.min(rest, 0xffffffff) | 0) !== 0) this.trap('out of gas');
    }
  }

  chargeGas(gas: number): void {
    this.chargeInk(gas * this.table.inkPerGas);
  }

  /** Sets gas aside for another frame: the caller has checked that it is there. */
  removeGas(gas: bigint): void {
    this.writeInk(this.readInk() - gas * BigInt(this.table.inkPerGas));
  }

  /** Gives back what another frame left. */
  addGas(gas: bigint): void {
    this.removeGas(-gas);
  }

  /** A view, valid until the guest runs again. Growing memory detaches the old buffer. */
  private bytes(pointer: number, length: number): Uint8Array {
    if (this.view.byteLength === 0) this.view = new Uint8Array(this.memory.buffer);
    const start = pointer >>> 0;
    const end = start + (length >>> 0);
    if (end > this.view.length) this.trap(`pointer ${start}..${end} is outside the memory`);
    return this.view.subarray(start, end);
  }

  /** A copy of guest memory, paid by the byte. */
  read(pointer: number, length: number): Uint8Array {
    this.chargeInk((length >>> 0) * this.table.ink.hostByte);
    return this.bytes(pointer, length).slice();
  }

  /** Copies into guest memory, paid by the byte. */
  write(pointer: number, bytes: Uint8Array): void {
    this.chargeInk(bytes.length * this.table.ink.hostByte);
    this.bytes(pointer, bytes.length).set(bytes);
  }

  /** A fixed-width value (address, word): part of the price of its hook. */
  readFixed(pointer: number, width: 20 | 32): Uint8Array {
    return this.bytes(pointer, width).slice();
  }

  writeFixed(pointer: number, bytes: Uint8Array): void {
    this.bytes(pointer, bytes.length).set(bytes);
  }

  /** A 256-bit big-endian integer, by its four 64-bit parts: 20 times faster than through text. */
  readInteger(pointer: number): bigint {
    const source = this.bytes(pointer, 32);
    const view = new DataView(source.buffer, source.byteOffset, 32);
    const high = (view.getBigUint64(0) << 64n) | view.getBigUint64(8);
    return (high << 128n) | (view.getBigUint64(16) << 64n) | view.getBigUint64(24);
  }

  /** Writes `value`, 0 <= value < 2^256. */
  writeInteger(pointer: number, value: bigint): void {
    const target = this.bytes(pointer, 32);
    const view = new DataView(target.buffer, target.byteOffset, 32);
    view.setBigUint64(0, BigInt.asUintN(64, value >> 192n));
    view.setBigUint64(8, BigInt.asUintN(64, value >> 128n));
    view.setBigUint64(16, BigInt.asUintN(64, value >> 64n));
    view.setBigUint64(24, BigInt.asUintN(64, value));
  }

  /** A length result: u32, little-endian. */
  writeLength(pointer: number, length: number): void {
    const target = this.bytes(pointer, 4);
    new DataView(target.buffer, target.byteOffset, 4).setUint32(0, length, true);
  }
}
