/**
 * The state as transactions change it: accounts and slots read once from the store, every write
 * with its undo, and at the end of a block the leaves that differ. Nothing here touches the store.
 */

import { equalBytes, type Hex, isZero, toHex } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { limits } from '../primitives/limits.ts';
import type { Log } from '../primitives/receipt.ts';
import { slotPath } from '../primitives/state-proof.ts';
import { keys, type StoreReader } from '../primitives/store.ts';
import type { CodeUse, World } from '../vm/world.ts';
import { accountPath, decodeAccount, emptyCodeHash, encodeAccount, zeroWord } from './account.ts';

interface SlotState {
  readonly account: AccountState;
  readonly slot: Uint8Array;
  readonly path: Uint8Array;
  /** In the store, before the block. */
  readonly stored: Uint8Array;
  value: Uint8Array;
  /** Before transaction number `written`, the last that wrote here. */
  original: Uint8Array;
  written: number;
  /** Number of the last transaction in which it was warm. */
  warm: number;
}

interface AccountState {
  readonly address: Uint8Array;
  readonly path: Uint8Array;
  /** Encoded in the store before the block; undefined when absent. */
  readonly stored: Uint8Array | undefined;
  nonce: bigint;
  balance: bigint;
  codeHash: Uint8Array;
  /** Whether anything above was ever written. */
  isTouched: boolean;
  /** Made with the first access: most accounts have none. */
  slots: Map<string, SlotState> | undefined;
}

/** What a block did to the state. */
export interface JournalChanges {
  /** New values by path; undefined for leaves that go. */
  readonly after: ReadonlyMap<Hex, Uint8Array | undefined>;
  /** The values that they replace, by the same paths. */
  readonly before: ReadonlyMap<Hex, Uint8Array | undefined>;
  /** Modules that the store did not hold, by code hash in hex. */
  readonly codes: ReadonlyMap<Hex, Uint8Array>;
}

function isAbsent(account: AccountState): boolean {
  return (
    account.nonce === 0n && account.balance === 0n && equalBytes(account.codeHash, emptyCodeHash)
  );
}

/**
 * Map key of a slot's 32 bytes, one character each: a third of the time of hexadecimal digits, and
 * the arguments are written out because spreading an array costs more than that saves.
 */
function slotKey(slot: Uint8Array): string {
  const at = (index: number): number => slot[index] as number;
  // biome-ignore format: eight a line
  return String.fromCharCode(
    at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7),
    at(8), at(9), at(10), at(11), at(12), at(13), at(14), at(15),
    at(16), at(17), at(18), at(19), at(20), at(21), at(22), at(23),
    at(24), at(25), at(26), at(27), at(28), at(29), at(30), at(31),
  );
}

export class Journal implements World {
  readonly #reader: StoreReader;
  readonly #crypto: Crypto;
  readonly #accounts = new Map<Hex, AccountState>();
  /** Written in this block, by code hash. */
  readonly #codes = new Map<Hex, Uint8Array>();
  /** Read from the store, by code hash, so that each is read once for as long as it fits. */
  readonly #storedCodes = new Map<Hex, Uint8Array>();
  #storedCodesSizeBytes = 0;
  /** A contract asks for the same account, and several times for the same slot, in a row. */
  #lastAccount: AccountState | undefined;
  #lastSlot: SlotState | undefined;
  /** How to take back each write of the running transaction, oldest first. */
  #undo: (() => void)[] = [];
  /** Number of the running transaction; 0 stands for never. */
  #transaction = 1;
  #logs: Log[] = [];
  #transient = new Map<string, Uint8Array>();
  #warm = new Set<string>();

  constructor(reader: StoreReader, crypto: Crypto) {
    this.#reader = reader;
    this.#crypto = crypto;
  }

  /** Forgets what lasts for one transaction. Checkpoint 0 is the state at this moment. */
  beginTransaction(): void {
    this.#transaction += 1;
    this.#undo = [];
    this.#logs = [];
    if (this.#transient.size > 0) this.#transient = new Map();
    if (this.#warm.size > 0) this.#warm = new Set();
  }

  /** Logs of the running transaction that were not taken back. */
  get logs(): readonly Log[] {
    return this.#logs;
  }

  balance(address: Uint8Array): bigint {
    return this.#account(address).balance;
  }

  /** Adds acorns that come from nowhere in this state: issue, tips, refunds of prepaid gas. */
  credit(address: Uint8Array, amount: bigint): void {
    if (amount !== 0n) this.#setBalance(this.#account(address), amount);
  }

  /** Takes acorns away: prepaid gas. The caller has checked the balance. */
  debit(address: Uint8Array, amount: bigint): void {
    if (amount !== 0n) this.#setBalance(this.#account(address), -amount);
  }

  transfer(from: Uint8Array, to: Uint8Array, amount: bigint): void {
    this.debit(from, amount);
    this.credit(to, amount);
  }

  nonce(address: Uint8Array): bigint {
    return this.#account(address).nonce;
  }

  setNonce(address: Uint8Array, nonce: bigint): void {
    const account = this.#account(address);
    const previous = account.nonce;
    account.nonce = nonce;
    account.isTouched = true;
    this.#undo.push(() => {
      account.nonce = previous;
    });
  }

  exists(address: Uint8Array): boolean {
    return !isAbsent(this.#account(address));
  }

  code(address: Uint8Array): Uint8Array {
    const { codeHash } = this.#account(address);
    if (equalBytes(codeHash, emptyCodeHash)) return new Uint8Array(0);
    const key = toHex(codeHash);
    const known = this.#codes.get(key) ?? this.#storedCodes.get(key);
    if (known !== undefined) return known;
    const code = this.#reader.get(keys.code(codeHash));
    if (code === undefined) {
      throw new Error(`code ${key} of ${toHex(address)} is missing: run db check`);
    }
    this.#keepCode(key, code);
    return code;
  }

  /** A warm account's code costs 100 gas, a read of 128 KiB from the disk would be worth 2,000. */
  #keepCode(key: Hex, code: Uint8Array): void {
    this.#storedCodesSizeBytes += code.length;
    if (this.#storedCodesSizeBytes > limits.journalCodeSizeBytesMax) {
      this.#storedCodes.clear();
      this.#storedCodesSizeBytes = code.length;
    }
    this.#storedCodes.set(key, code);
  }

  codeHash(address: Uint8Array): Uint8Array {
    const account = this.#account(address);
    return isAbsent(account) ? zeroWord : account.codeHash;
  }

  /** Whether the account has code, without loading it. */
  hasCode(address: Uint8Array): boolean {
    return !equalBytes(this.#account(address).codeHash, emptyCodeHash);
  }

  setCode(address: Uint8Array, code: Uint8Array): void {
    const account = this.#account(address);
    const previous = account.codeHash;
    account.codeHash = this.#crypto.keccak256(code);
    account.isTouched = true;
    this.#codes.set(toHex(account.codeHash), Uint8Array.from(code));
    this.#undo.push(() => {
      account.codeHash = previous;
    });
  }

  storage(address: Uint8Array, slot: Uint8Array): Uint8Array {
    return this.#slot(address, slot).value;
  }

  originalStorage(address: Uint8Array, slot: Uint8Array): Uint8Array {
    const state = this.#slot(address, slot);
    return state.written === this.#transaction ? state.original : state.value;
  }

  setStorage(address: Uint8Array, slot: Uint8Array, value: Uint8Array): void {
    const state = this.#slot(address, slot);
    const previous = state.value;
    if (state.written !== this.#transaction) {
      state.written = this.#transaction;
      state.original = previous;
    }
    state.value = Uint8Array.from(value);
    this.#undo.push(() => {
      state.value = previous;
    });
  }

  transientStorage(address: Uint8Array, slot: Uint8Array): Uint8Array {
    return this.#transient.get(toHex(address) + toHex(slot)) ?? zeroWord;
  }

  setTransientStorage(address: Uint8Array, slot: Uint8Array, value: Uint8Array): void {
    const key = toHex(address) + toHex(slot);
    const previous = this.#transient.get(key) ?? zeroWord;
    this.#transient.set(key, Uint8Array.from(value));
    this.#undo.push(() => {
      this.#transient.set(key, previous);
    });
  }

  warmAddress(address: Uint8Array): boolean {
    return this.#warmUp(toHex(address));
  }

  warmSlot(address: Uint8Array, slot: Uint8Array): boolean {
    const state = this.#slot(address, slot);
    const previous = state.warm;
    if (previous === this.#transaction) return false;
    state.warm = this.#transaction;
    this.#undo.push(() => {
      state.warm = previous;
    });
    return true;
  }

  touchCode(codeHash: Uint8Array, use: CodeUse): boolean {
    return this.#warmUp(`${use} ${toHex(codeHash)}`);
  }

  log(log: Log): void {
    this.#logs.push(log);
    this.#undo.push(() => {
      this.#logs.pop();
    });
  }

  checkpoint(): number {
    return this.#undo.length;
  }

  revertTo(checkpoint: number): void {
    while (this.#undo.length > checkpoint) this.#undo.pop()?.();
  }

  /** Every leaf that differs from the store. */
  changes(): JournalChanges {
    const after = new Map<Hex, Uint8Array | undefined>();
    const before = new Map<Hex, Uint8Array | undefined>();
    const codes = new Map<Hex, Uint8Array>();
    for (const account of this.#accounts.values()) {
      if (account.isTouched) this.#collectAccount(account, after, before, codes);
      if (account.slots === undefined) continue;
      for (const slot of account.slots.values()) {
        if (slot.written === 0 || equalBytes(slot.value, slot.stored)) continue;
        const path = toHex(slot.path);
        after.set(path, isZero(slot.value) ? undefined : slot.value);
        before.set(path, isZero(slot.stored) ? undefined : slot.stored);
      }
    }
    return { after, before, codes };
  }

  #collectAccount(
    account: AccountState,
    after: Map<Hex, Uint8Array | undefined>,
    before: Map<Hex, Uint8Array | undefined>,
    codes: Map<Hex, Uint8Array>,
  ): void {
    const value = isAbsent(account) ? undefined : encodeAccount(account);
    const { stored } = account;
    if (value === undefined ? stored === undefined : stored && equalBytes(value, stored)) return;
    const path = toHex(account.path);
    after.set(path, value);
    before.set(path, stored);
    const codeHash = toHex(account.codeHash);
    const code = this.#codes.get(codeHash);
    if (code !== undefined && this.#reader.get(keys.code(account.codeHash)) === undefined) {
      codes.set(codeHash, code);
    }
  }

  #setBalance(account: AccountState, difference: bigint): void {
    const previous = account.balance;
    const balance = previous + difference;
    if (balance < 0n) throw new Error(`balance of ${toHex(account.address)} below zero`);
    account.balance = balance;
    account.isTouched = true;
    this.#undo.push(() => {
      account.balance = previous;
    });
  }

  #warmUp(key: string): boolean {
    if (this.#warm.has(key)) return false;
    this.#warm.add(key);
    this.#undo.push(() => {
      this.#warm.delete(key);
    });
    return true;
  }

  #account(address: Uint8Array): AccountState {
    const last = this.#lastAccount;
    if (last !== undefined && equalBytes(last.address, address)) return last;
    const account = this.#findAccount(address);
    this.#lastAccount = account;
    return account;
  }

  #findAccount(address: Uint8Array): AccountState {
    const key = toHex(address);
    const known = this.#accounts.get(key);
    if (known !== undefined) return known;
    const path = accountPath(address, this.#crypto);
    const stored = this.#reader.get(keys.state(path));
    const { nonce, balance, codeHash } = decodeAccount(stored);
    const account: AccountState = {
      address: address.slice(),
      path,
      stored,
      nonce,
      balance,
      codeHash,
      isTouched: false,
      slots: undefined,
    };
    this.#accounts.set(key, account);
    return account;
  }

  #slot(address: Uint8Array, slot: Uint8Array): SlotState {
    const account = this.#account(address);
    const last = this.#lastSlot;
    if (last !== undefined && last.account === account && equalBytes(last.slot, slot)) return last;
    const state = this.#findSlot(account, slot);
    this.#lastSlot = state;
    return state;
  }

  #findSlot(account: AccountState, slot: Uint8Array): SlotState {
    account.slots ??= new Map();
    const key = slotKey(slot);
    const known = account.slots.get(key);
    if (known !== undefined) return known;
    const path = slotPath(account.address, slot, this.#crypto);
    const stored = this.#reader.get(keys.state(path)) ?? zeroWord;
    const state: SlotState = {
      account,
      slot: slot.slice(),
      path,
      stored,
      value: stored,
      original: stored,
      written: 0,
      warm: 0,
    };
    account.slots.set(key, state);
    return state;
  }
}
