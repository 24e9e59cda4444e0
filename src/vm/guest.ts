/**
 * The host's side of one instance: its memory with checked bounds, and its counters. Whatever goes
 * wrong here is a trap of the guest, thrown as a signal made once, because making an Error costs more
 * than the call itself.
 */

import { type Word, wordParts } from '../primitives/words.ts';
import type { SharedBudget } from './frame.ts';
import type { GasTable } from './gas-table.ts';
import { helperNames } from './helpers.ts';
import type { Keccak } from './keccak.ts';

/** Unwinds the guest: the frame fails. */
export const trapSignal: object = Object.freeze({ signal: 'trap' });
/** Unwinds the guest: the frame ended by exit_early. */
export const exitSignal: object = Object.freeze({ signal: 'exit' });

/** Bytes that an instance starts with, at their place. */
export interface InitialBytes {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export class Guest {
  readonly exports: Record<string, unknown>;
  private readonly memory: WebAssembly.Memory;
  private readonly takeInk: (ink: number) => number;
  private readonly hasInk: (ink: number) => number;
  private readonly readInk: () => bigint;
  private readonly writeInk: (ink: bigint) => void;
  private readonly readStackWords: () => number;
  private readonly writeStackWords: (words: number) => void;
  private readonly readPages: () => number;
  private readonly writePages: (pages: number) => void;
  private readonly readFault: () => number;
  private readonly resetGlobals: () => void;
  private readonly table: GasTable;
  private readonly initialSizeBytes: number;
  private view: Uint8Array;
  private words: DataView;
  /** Why the host trapped, for people. */
  trapHint: string | undefined;

  constructor(exports: Record<string, unknown>, table: GasTable) {
    this.exports = exports;
    this.memory = exports.memory as WebAssembly.Memory;
    this.takeInk = exports[helperNames.take] as (ink: number) => number;
    this.hasInk = exports[helperNames.has] as (ink: number) => number;
    this.readInk = exports[helperNames.readInk] as () => bigint;
    this.writeInk = exports[helperNames.writeInk] as (ink: bigint) => void;
    this.readStackWords = exports[helperNames.readStack] as () => number;
    this.writeStackWords = exports[helperNames.writeStack] as (words: number) => void;
    this.readPages = exports[helperNames.readPages] as () => number;
    this.writePages = exports[helperNames.writePages] as (pages: number) => void;
    this.readFault = exports[helperNames.readFault] as () => number;
    this.resetGlobals = exports[helperNames.reset] as () => void;
    this.table = table;
    this.view = new Uint8Array(this.memory.buffer);
    this.words = new DataView(this.memory.buffer);
    this.initialSizeBytes = this.view.length;
  }

  /** Sets the counters for one frame. */
  open(gas: bigint, shared: SharedBudget): void {
    this.writeInk(gas * BigInt(this.table.inkPerGas));
    this.writeStackWords(shared.stackWords);
    this.writePages(shared.memoryPages);
    this.trapHint = undefined;
  }

  /** Whether its memory has grown, which nothing can undo: it must not run again. */
  get hasGrown(): boolean {
    this.refresh();
    return this.view.length !== this.initialSizeBytes;
  }

  /**
   * Makes the instance what it was when it was new: zeros, `initial` and initial globals. Tables never
   * change: no operator that writes one is accepted.
   */
  reset(initial: readonly InitialBytes[]): void {
    this.refresh();
    this.view.fill(0);
    for (const { offset, bytes } of initial) this.view.set(bytes, offset);
    this.resetGlobals();
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

  /** Whether more than `gas` (at most 4 million) is left. */
  hasMoreGasThan(gas: number): boolean {
    return this.hasInk(((gas + 1) * this.table.inkPerGas) | 0) !== 0;
  }

  /** Takes `ink` (at most 2^53) or traps. */
  chargeInk(ink: number): void {
    // The helper takes 32 bits: one call for all but huge copies and logs.
    let rest = ink;
    for (; rest > 0xffffffff; rest -= 0xffffffff) this.takeExactly(-1);
    if (rest > 0) this.takeExactly(rest | 0);
  }

  /** Takes an unsigned 32-bit amount. */
  private takeExactly(ink: number): void {
    if (this.takeInk(ink) !== 0) this.trap('out of gas');
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

  /** Growing memory, by 0 pages too, detaches the old buffer and its views. */
  private refresh(): void {
    if (this.view.byteLength !== 0) return;
    this.view = new Uint8Array(this.memory.buffer);
    this.words = new DataView(this.memory.buffer);
  }

  /** Where `length` bytes at `pointer` begin, after a check that all are inside. */
  private place(pointer: number, length: number): number {
    this.refresh();
    const start = pointer >>> 0;
    const end = start + (length >>> 0);
    if (end > this.view.length) this.trap(`pointer ${start}..${end} is outside the memory`);
    return start;
  }

  /** A copy of guest memory, paid by the byte. */
  read(pointer: number, length: number): Uint8Array {
    this.chargeInk((length >>> 0) * this.table.ink.hostByte);
    const start = this.place(pointer, length);
    return this.view.slice(start, start + (length >>> 0));
  }

  /** The same without the copy: valid until the guest runs again. */
  peek(pointer: number, length: number): Uint8Array {
    this.chargeInk((length >>> 0) * this.table.ink.hostByte);
    const start = this.place(pointer, length);
    return this.view.subarray(start, start + (length >>> 0));
  }

  /** Copies into guest memory, paid by the byte. */
  write(pointer: number, bytes: Uint8Array): void {
    this.chargeInk(bytes.length * this.table.ink.hostByte);
    this.writeFixed(pointer, bytes);
  }

  /** A fixed-width value (address, word): part of the price of its hook. */
  readFixed(pointer: number, width: 20 | 32): Uint8Array {
    const start = this.place(pointer, width);
    return this.view.slice(start, start + width);
  }

  writeFixed(pointer: number, bytes: Uint8Array): void {
    const start = this.place(pointer, bytes.length);
    this.view.set(bytes, start);
  }

  /** Reads the word at `pointer` into `target`. */
  readWord(pointer: number, target: Word): void {
    const start = this.place(pointer, 32);
    const { words } = this;
    for (let part = 0; part < wordParts; part++) target[part] = words.getInt32(start + 4 * part);
  }

  writeWord(pointer: number, word: Word): void {
    const start = this.place(pointer, 32);
    const { words } = this;
    for (let part = 0; part < wordParts; part++) {
      words.setInt32(start + 4 * part, word[part] as number);
    }
  }

  /** Writes the Keccak-256 of `length` bytes at `pointer` to `target`. The caller has charged. */
  hash(keccak: Keccak, pointer: number, length: number, target: number): void {
    const start = this.place(pointer, length);
    const end = this.place(target, 32);
    keccak.digestAt(this.words, start, length >>> 0, end);
  }

  /** A 256-bit big-endian integer, by its four 64-bit parts: 20 times faster than through text. */
  readInteger(pointer: number): bigint {
    const start = this.place(pointer, 32);
    const { words } = this;
    const high = (words.getBigUint64(start) << 64n) | words.getBigUint64(start + 8);
    return (
      (high << 128n) | (words.getBigUint64(start + 16) << 64n) | words.getBigUint64(start + 24)
    );
  }

  /** Writes `value`, 0 <= value < 2^256. */
  writeInteger(pointer: number, value: bigint): void {
    const start = this.place(pointer, 32);
    const { words } = this;
    words.setBigUint64(start, BigInt.asUintN(64, value >> 192n));
    words.setBigUint64(start + 8, BigInt.asUintN(64, value >> 128n));
    words.setBigUint64(start + 16, BigInt.asUintN(64, value >> 64n));
    words.setBigUint64(start + 24, BigInt.asUintN(64, value));
  }

  /** A length result: u32, little-endian. */
  writeLength(pointer: number, length: number): void {
    const start = this.place(pointer, 4);
    this.words.setUint32(start, length, true);
  }
}
