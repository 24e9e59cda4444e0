/**
 * The state as transactions change it: accounts and slots read once from the store, every write
 * with its undo, and at the end of a block the leaves that differ. Nothing here touches the store.
 */

import { equalBytes, type Hex, isZero, toHex } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { limits } from '../primitives/limits.ts';
import type { Log } from '../primitives/receipt.ts';
import { slotImage, slotImageOffset } from '../primitives/state-proof.ts';
import { keys, type StoreReader } from '../primitives/store.ts';
import { type Word, wordFromBytes, wordToBytes } from '../primitives/words.ts';
import type { CodeUse, World } from '../vm/world.ts';
import { accountPath, decodeAccount, emptyCodeHash, encodeAccount, zeroWord } from './account.ts';
import { LogBook } from './log-book.ts';
import { Slots } from './slots.ts';

interface AccountState {
  /** Its place among the accounts of the journal. */
  readonly number: number;
  readonly address: Uint8Array;
  readonly path: Uint8Array;
  /** Encoded in the store before the block; undefined when absent. */
  readonly stored: Uint8Array | undefined;
  nonce: bigint;
  balance: bigint;
  codeHash: Uint8Array;
  /** Whether anything above was ever written. */
  isTouched: boolean;
  /** Of the slot that was read last: most accounts have none. */
  image: Uint8Array | undefined;
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

/** Kinds of undo: slots, logs, everything else. A checkpoint is how far each had come. */
const markParts = 3;

export class Journal implements World {
  readonly #reader: StoreReader;
  readonly #crypto: Crypto;
  readonly #accounts = new Map<Hex, AccountState>();
  /** Written in this block, by code hash. */
  readonly #codes = new Map<Hex, Uint8Array>();
  /** Read from the store, by code hash, so that each is read once for as long as it fits. */
  readonly #storedCodes = new Map<Hex, Uint8Array>();
  #storedCodesSizeBytes = 0;
  /** A contract asks for the same account several times in a row. */
  #lastAccount: AccountState | undefined;
  readonly #byNumber: AccountState[] = [];
  readonly #slots: Slots;
  readonly #logs = new LogBook();
  /** How to take back each other write of the running transaction, oldest first. */
  #undo: (() => void)[] = [];
  /** Of the checkpoints that stand, `markParts` numbers each. */
  readonly #marks: number[] = [0, 0, 0];
  #transient = new Map<string, Uint8Array>();
  #warm = new Set<string>();

  constructor(reader: StoreReader, crypto: Crypto) {
    this.#reader = reader;
    this.#crypto = crypto;
    this.#slots = new Slots(crypto.tableKey ?? [0, 0]);
  }

  /** Forgets what lasts for one transaction. Checkpoint 0 is the state at this moment. */
  beginTransaction(): void {
    this.#slots.beginTransaction();
    this.#logs.cutTo(0);
    this.#undo = [];
    this.#marks.length = markParts;
    if (this.#transient.size > 0) this.#transient = new Map();
    if (this.#warm.size > 0) this.#warm = new Set();
  }

  /** Logs of the running transaction that were not taken back. */
  get logs(): readonly Log[] {
    return this.#logs.list();
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

  /** The value at the 32 bytes of a key, for people and tools. */
  storage(address: Uint8Array, key: Uint8Array): Uint8Array {
    const value: Word = new Int32Array(8);
    this.loadSlot(this.slot(this.account(address), wordFromBytes(key)), value);
    return wordToBytes(value);
  }

  account(address: Uint8Array): number {
    return this.#account(address).number;
  }

  slot(account: number, key: Word): number {
    return this.#slots.find(account, key);
  }

  warmSlot(slot: number): boolean {
    return this.#slots.warm(slot);
  }

  loadSlot(slot: number, target: Word): void {
    this.#read(slot);
    this.#slots.value(slot, target);
  }

  loadOriginal(slot: number, target: Word): void {
    this.#read(slot);
    this.#slots.original(slot, target);
  }

  storeSlot(slot: number, value: Word): void {
    this.#read(slot);
    this.#slots.write(slot, value);
  }

  /** Takes the slot from the store, once. */
  #read(slot: number): void {
    if (this.#slots.isLoaded(slot)) return;
    const account = this.#byNumber[this.#slots.account(slot)] as AccountState;
    account.image ??= slotImage(account.address);
    this.#slots.putKey(slot, account.image, slotImageOffset);
    const path = this.#crypto.sha256(account.image);
    this.#slots.load(slot, path, this.#reader.get(keys.state(path)) ?? zeroWord);
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

  touchCode(codeHash: Uint8Array, use: CodeUse): boolean {
    return this.#warmUp(`${use} ${toHex(codeHash)}`);
  }

  log(address: Uint8Array, topics: number, bytes: Uint8Array): void {
    this.#logs.add(address, topics, bytes);
  }

  checkpoint(): number {
    const checkpoint = this.#marks.length;
    this.#marks.push(this.#slots.mark, this.#logs.count, this.#undo.length);
    return checkpoint;
  }

  revertTo(checkpoint: number): void {
    const [slots, logs, others] = this.#marks.slice(checkpoint) as [number, number, number];
    this.#slots.revertTo(slots);
    this.#logs.cutTo(logs);
    while (this.#undo.length > others) this.#undo.pop()?.();
    this.#marks.length = checkpoint + markParts;
  }

  /** Every leaf that differs from the store. */
  changes(): JournalChanges {
    const after = new Map<Hex, Uint8Array | undefined>();
    const before = new Map<Hex, Uint8Array | undefined>();
    const codes = new Map<Hex, Uint8Array>();
    for (const account of this.#accounts.values()) {
      if (account.isTouched) this.#collectAccount(account, after, before, codes);
    }
    for (let slot = 0; slot < this.#slots.count; slot++) {
      if (!this.#slots.isChanged(slot)) continue;
      const leaf = this.#slots.leaf(slot);
      const path = toHex(leaf.path);
      after.set(path, isZero(leaf.value) ? undefined : leaf.value);
      before.set(path, isZero(leaf.stored) ? undefined : leaf.stored);
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
      number: this.#byNumber.length,
      address: address.slice(),
      path,
      stored,
      nonce,
      balance,
      codeHash,
      isTouched: false,
      image: undefined,
    };
    this.#accounts.set(key, account);
    this.#byNumber.push(account);
    return account;
  }
}
