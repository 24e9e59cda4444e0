/**
 * A World of maps for tests: every write leaves an undo step, and going back runs them in reverse.
 */

import {
  bigintToBytes,
  emptyBytes,
  equalBytes,
  fromHex,
  type Hex,
  toHex,
} from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import type { Log } from '../../src/primitives/receipt.ts';
import { type Word, wordFromBytes, wordToBytes } from '../../src/primitives/words.ts';
import type { BlockContext, CodeUse, World } from '../../src/vm/world.ts';

const zeroWord = new Uint8Array(32);
const emptyCodeHash = nobleCrypto.keccak256(emptyBytes);

const slotKey = (address: Uint8Array, slot: Uint8Array): Hex => toHex(address) + toHex(slot);

export class MemoryWorld implements World {
  private readonly balances = new Map<Hex, bigint>();
  private readonly nonces = new Map<Hex, bigint>();
  private readonly codes = new Map<Hex, { code: Uint8Array; hash: Uint8Array }>();
  private readonly slots = new Map<Hex, Uint8Array>();
  /** By number. */
  private readonly addresses: Uint8Array[] = [];
  /** Names of the slots that were asked for, by number, and back. */
  private readonly slotNames: Hex[] = [];
  private readonly slotNumbers = new Map<Hex, number>();
  private readonly transient = new Map<Hex, Uint8Array>();
  /** Warm addresses, warm slots and touched code hashes; their keys differ in length or letter. */
  private readonly seen = new Map<Hex, true>();
  /** What slots held when the transaction began, of those alone that it wrote. */
  private readonly original = new Map<Hex, Uint8Array>();
  private emitted: Log[] = [];
  private undo: (() => void)[] = [];

  get logs(): readonly Log[] {
    return this.emitted;
  }

  /** Slots become original; warm sets, transient storage and logs are emptied. */
  beginTransaction(): void {
    this.original.clear();
    this.transient.clear();
    this.seen.clear();
    this.emitted = [];
    this.undo = [];
  }

  credit(address: Uint8Array, amount: bigint): void {
    this.write(this.balances, toHex(address), this.balance(address) + amount);
  }

  private write<Value>(map: Map<Hex, Value>, key: Hex, value: Value): void {
    const before = map.get(key);
    this.undo.push(() => (before === undefined ? map.delete(key) : map.set(key, before)));
    map.set(key, value);
  }

  balance(address: Uint8Array): bigint {
    return this.balances.get(toHex(address)) ?? 0n;
  }

  nonce(address: Uint8Array): bigint {
    return this.nonces.get(toHex(address)) ?? 0n;
  }

  setNonce(address: Uint8Array, nonce: bigint): void {
    this.write(this.nonces, toHex(address), nonce);
  }

  exists(address: Uint8Array): boolean {
    return this.balance(address) > 0n || this.nonce(address) > 0n || this.code(address).length > 0;
  }

  code(address: Uint8Array): Uint8Array {
    return this.codes.get(toHex(address))?.code ?? emptyBytes;
  }

  codeHash(address: Uint8Array): Uint8Array {
    if (!this.exists(address)) return zeroWord;
    return this.codes.get(toHex(address))?.hash ?? emptyCodeHash;
  }

  setCode(address: Uint8Array, code: Uint8Array): void {
    this.write(this.codes, toHex(address), { code, hash: nobleCrypto.keccak256(code) });
  }

  transfer(from: Uint8Array, to: Uint8Array, amount: bigint): void {
    this.credit(from, -amount);
    this.credit(to, amount);
  }

  storage(address: Uint8Array, slot: Uint8Array): Uint8Array {
    return this.slots.get(slotKey(address, slot)) ?? zeroWord;
  }

  account(address: Uint8Array): number {
    const known = this.addresses.findIndex((each) => equalBytes(each, address));
    return known === -1 ? this.addresses.push(address) - 1 : known;
  }

  slot(account: number, key: Word): number {
    const name = slotKey(this.addresses[account] as Uint8Array, wordToBytes(key));
    const known = this.slotNumbers.get(name);
    if (known !== undefined) return known;
    this.slotNumbers.set(name, this.slotNames.length);
    return this.slotNames.push(name) - 1;
  }

  private valueOf(slot: number): Uint8Array {
    return this.slots.get(this.slotNames[slot] as Hex) ?? zeroWord;
  }

  loadSlot(slot: number, target: Word): void {
    target.set(wordFromBytes(this.valueOf(slot)));
  }

  loadOriginal(slot: number, target: Word): void {
    const original = this.original.get(this.slotNames[slot] as Hex) ?? this.valueOf(slot);
    target.set(wordFromBytes(original));
  }

  storeSlot(slot: number, value: Word): void {
    const name = this.slotNames[slot] as Hex;
    this.setStorage(fromHex(name.slice(0, 40)), fromHex(name.slice(40)), wordToBytes(value));
  }

  /** Every write of storage comes through here, those of contracts too. */
  setStorage(address: Uint8Array, slot: Uint8Array, value: Uint8Array): void {
    const key = slotKey(address, slot);
    if (!this.original.has(key)) this.original.set(key, this.slots.get(key) ?? zeroWord);
    this.write(this.slots, key, value);
  }

  transientStorage(address: Uint8Array, slot: Uint8Array): Uint8Array {
    return this.transient.get(slotKey(address, slot)) ?? zeroWord;
  }

  setTransientStorage(address: Uint8Array, slot: Uint8Array, value: Uint8Array): void {
    this.write(this.transient, slotKey(address, slot), value);
  }

  warmAddress(address: Uint8Array): boolean {
    return this.see(toHex(address));
  }

  warmSlot(slot: number): boolean {
    return this.see(this.slotNames[slot] as Hex);
  }

  touchCode(codeHash: Uint8Array, use: CodeUse): boolean {
    return this.see(`${use} ${toHex(codeHash)}`);
  }

  private see(key: Hex): boolean {
    if (this.seen.has(key)) return false;
    this.write(this.seen, key, true);
    return true;
  }

  log(address: Uint8Array, topics: number, bytes: Uint8Array): void {
    const word = (index: number) => bytes.slice(32 * index, 32 * index + 32);
    this.undo.push(() => this.emitted.pop());
    this.emitted.push({
      address,
      topics: Array.from({ length: topics }, (_, index) => word(index)),
      data: bytes.slice(32 * topics),
    });
  }

  /** Keeps the state between transactions; the returned function brings it back. */
  snapshot(): () => void {
    const parts = [this.balances, this.nonces, this.codes, this.slots] as Map<Hex, unknown>[];
    const copies = parts.map((part) => new Map(part));
    return () => {
      this.original.clear();
      for (const [index, part] of parts.entries()) {
        part.clear();
        for (const [key, value] of copies[index] as Map<Hex, unknown>) part.set(key, value);
      }
    };
  }

  /** Names balances and storage, whatever the order in which they came about. */
  fingerprint(): Hex {
    const slots = [...this.slots].map(([key, value]) => `${key} ${toHex(value)}`);
    const balances = [...this.balances].map(([key, value]) => `${key} ${value}`);
    const text = [...slots, ...balances].sort().join('\n');
    return toHex(nobleCrypto.keccak256(new TextEncoder().encode(text)));
  }

  checkpoint(): number {
    return this.undo.length;
  }

  revertTo(checkpoint: number): void {
    while (this.undo.length > checkpoint) this.undo.pop()?.();
  }
}

/** A block at height 10,000 whose ancestors' ids are their heights. */
export const testBlock: BlockContext = {
  height: 10_000,
  time: 1_800_000_000,
  beneficiary: new Uint8Array(20).fill(0xbe),
  gasLimit: 30_000_000,
  baseFeePerGas: 1_000_000_000n,
  chainId: 1337,
  gasTable: 1,
  isGenesisCode: () => false,
  blockId: (height) =>
    height < 10_000 && height >= 10_000 - 8_191 ? bigintToBytes(BigInt(height), 32) : undefined,
};
