/**
 * Hooks on the state: storage, transient storage, accounts and logs, with the prices of EIP-2200,
 * EIP-2929 and EIP-1153 and without refunds.
 */

import { equalBytes, type Hex, isZero, toHex } from '../primitives/bytes.ts';
import { limits } from '../primitives/limits.ts';
import { equalWords, isZeroWord, type Word, wordParts } from '../primitives/words.ts';
import type { Frame, HookContext } from './frame.ts';

function chargeAccount(frame: Frame, address: Uint8Array): void {
  const { gas } = frame.execution.table;
  const isCold = frame.execution.world.warmAddress(address);
  frame.guest.chargeGas(isCold ? gas.accountCold : gas.accountWarm);
}

function forbidStatic(frame: Frame, what: string): void {
  if (frame.isStatic) frame.guest.trap(`${what} in a static call`);
}

/** Words on their way between a guest and the world, used again by every hook. */
interface Scratch {
  readonly key: Word;
  readonly value: Word;
  readonly current: Word;
  readonly original: Word;
}

function loadStorage(frame: Frame, { key, value }: Scratch, source: number, target: number): void {
  const { guest, execution } = frame;
  const { world, table } = execution;
  guest.readWord(source, key);
  const slot = world.slot(frame.account, key);
  guest.chargeGas(world.warmSlot(slot) ? table.gas.slotCold : table.gas.slotWarm);
  world.loadSlot(slot, value);
  guest.writeWord(target, value);
}

function storeStorage(frame: Frame, scratch: Scratch, keyPointer: number, pointer: number): void {
  forbidStatic(frame, 'storage write');
  const { key, value, current, original } = scratch;
  const { guest, execution } = frame;
  const { world, table } = execution;
  const { gas } = table;
  // EIP-2200: not even reached on a stipend, so that a plain receiver cannot be re-entered to write.
  if (!guest.hasMoreGasThan(gas.slotSentry)) guest.trap('out of gas: below the write sentry');
  guest.readWord(keyPointer, key);
  guest.readWord(pointer, value);
  const slot = world.slot(frame.account, key);
  if (world.warmSlot(slot)) guest.chargeGas(gas.slotCold);
  world.loadSlot(slot, current);
  world.loadOriginal(slot, original);
  if (equalWords(current, value) || !equalWords(current, original)) guest.chargeGas(gas.slotWarm);
  else guest.chargeGas(isZeroWord(original) ? gas.slotSet : gas.slotReset);
  world.storeSlot(slot, value);
}

/** Storage hooks. */
export function storageHooks(context: HookContext) {
  const word = (): Word => new Int32Array(wordParts);
  const scratch: Scratch = { key: word(), value: word(), current: word(), original: word() };
  const store = (key: number, value: number): undefined => {
    storeStorage(context.frame, scratch, key, value);
  };
  return {
    storage_load_bytes32(key: number, target: number): undefined {
      loadStorage(context.frame, scratch, key, target);
    },
    storage_cache_bytes32: store,
    storage_store_bytes32: store,
    /** Writes go through at once: there is nothing to flush. */
    storage_flush_cache(_clear: number): undefined {},
    transient_load_bytes32(keyPointer: number, target: number): undefined {
      const { guest, address, execution } = context.frame;
      guest.chargeGas(execution.table.gas.transient);
      const key = guest.readFixed(keyPointer, 32);
      guest.writeFixed(target, execution.world.transientStorage(address, key));
    },
    transient_store_bytes32(keyPointer: number, valuePointer: number): undefined {
      const { guest, address, execution } = context.frame;
      forbidStatic(context.frame, 'transient storage write');
      guest.chargeGas(execution.table.gas.transient);
      const key = guest.readFixed(keyPointer, 32);
      execution.world.setTransientStorage(address, key, guest.readFixed(valuePointer, 32));
    },
  };
}

function emitLog(frame: Frame, pointer: number, length: number, topicCount: number): void {
  forbidStatic(frame, 'log');
  const { guest, execution, address } = frame;
  const { gas } = execution.table;
  const topics = topicCount >>> 0;
  const dataLength = (length >>> 0) - 32 * topics;
  if (topics > limits.logTopicsMax || dataLength < 0) {
    guest.trap(`log with ${topics} topics in ${length >>> 0} bytes`);
  }
  guest.chargeGas(gas.log + gas.logTopic * topics + gas.logByte * dataLength);
  execution.world.log(address, topics, guest.peek(pointer, length));
}

/** Code sizes are asked for again and again, and only reading the code tells them. */
class CodeSizes {
  private readonly sizes = new Map<Hex, number>();

  /** More than a block can pay for are kept, so that none is read twice for the price of a warm account. */
  sizeOf(frame: Frame, address: Uint8Array, codeHash: Uint8Array): number {
    const key = toHex(codeHash);
    const known = this.sizes.get(key);
    if (known !== undefined) return known;
    const { length } = frame.execution.world.code(address);
    if (this.sizes.size >= limits.codeSizesMax) this.sizes.clear();
    this.sizes.set(key, length);
    return length;
  }
}

/** Account and log hooks. */
export function accountHooks(context: HookContext) {
  const sizes = new CodeSizes();
  const accountAt = (pointer: number): Uint8Array => {
    const address = context.frame.guest.readFixed(pointer, 20);
    chargeAccount(context.frame, address);
    return address;
  };
  const world = () => context.frame.execution.world;
  /** Length of an account's code, after paying for what it takes to find it. */
  const codeSizeOf = (address: Uint8Array): number => {
    const { frame, emptyCodeHash } = context;
    const codeHash = world().codeHash(address);
    if (isZero(codeHash) || equalBytes(codeHash, emptyCodeHash)) return 0;
    if (world().touchCode(codeHash, 'read'))
      frame.guest.chargeGas(frame.execution.table.gas.codeRead);
    return sizes.sizeOf(frame, address, codeHash);
  };
  return {
    account_balance(pointer: number, target: number): undefined {
      context.frame.guest.writeInteger(target, world().balance(accountAt(pointer)));
    },
    account_code(pointer: number, offset: number, size: number, target: number): number {
      const { guest, execution } = context.frame;
      const address = accountAt(pointer);
      const words = Math.ceil(codeSizeOf(address) / 32);
      guest.chargeGas(execution.table.gas.codeReadWord * words);
      const code = world().code(address);
      const start = offset >>> 0;
      const part = code.subarray(start, start + (size >>> 0));
      guest.write(target, part);
      return part.length;
    },
    account_code_size(pointer: number): number {
      return codeSizeOf(accountAt(pointer));
    },
    account_codehash(pointer: number, target: number): undefined {
      context.frame.guest.writeFixed(target, world().codeHash(accountAt(pointer)));
    },
    emit_log(pointer: number, length: number, topics: number): undefined {
      emitLog(context.frame, pointer, length, topics);
    },
  };
}
