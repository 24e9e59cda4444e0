/**
 * The storage slots that a journal has met, with the undo of their writes: fixed records in one array
 * and an index of open addressing. A slot is an integer here, so that a block that reaches a hundred
 * thousand of them leaves nothing for the garbage collector to visit.
 */

import {
  putWordBytes,
  setWordBytes,
  type Word,
  wordParts,
  wordToBytes,
} from '../primitives/words.ts';

/** What a record holds, by the place of its first part. */
const accountAt = 0;
const keyAt = 1;
const pathAt = keyAt + wordParts;
/** In the store, before the block. */
const storedAt = pathAt + wordParts;
const valueAt = storedAt + wordParts;
/** Before the last transaction that wrote here. */
const originalAt = valueAt + wordParts;
/** Number of that transaction; 0 stands for never. */
const writtenAt = originalAt + wordParts;
/** Number of the last transaction in which it was warm. */
const warmAt = writtenAt + 1;
/** 1 when path and values are known. */
const loadedAt = warmAt + 1;
const hashAt = loadedAt + 1;
const recordParts = hashAt + 1;

/** Undo: a slot that was cold, or a slot with the value that it had and a mark. */
const coldMark = 0;
const valueMark = 1;
const undoPartsMax = wordParts + 2;

const firstCapacity = 16;

const rotate = (value: number, count: number): number =>
  (value << count) | (value >>> (32 - count));

function grown(parts: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * parts.length);
  larger.set(parts);
  return larger;
}

export class Slots {
  /** Slots met so far: they are 0..count - 1, in the order in which they were met. */
  count = 0;
  #records = new Int32Array(firstCapacity * recordParts);
  /** Slot + 1 at the first free place from its hash on; twice as many places as records, at least. */
  #index = new Int32Array(2 * firstCapacity);
  /** The slot that was asked for last. */
  #last = 0;
  readonly #key0: number;
  readonly #key1: number;
  #transaction = 1;
  #undo = new Int32Array(8 * undoPartsMax);
  #undoLength = 0;

  /** `key`: 64 bits that scatter the index. Who does not know them cannot choose slots that collide. */
  constructor(key: readonly [number, number]) {
    this.#key0 = key[0] | 0;
    this.#key1 = key[1] | 0;
  }

  /** All slots become cold, and what they hold now is their original value. */
  beginTransaction(): void {
    this.#transaction += 1;
    this.#undoLength = 0;
  }

  /** The slot of account number `account` at `key`; a new one when it was not met before. */
  find(account: number, key: Word): number {
    // What is read is often written next.
    if (this.#last < this.count && this.#is(this.#last, account, key)) return this.#last;
    const hash = this.#hash(account, key);
    const index = this.#index;
    const mask = index.length - 1;
    let place = hash & mask;
    while (index[place] !== 0) {
      const slot = (index[place] as number) - 1;
      if (this.#is(slot, account, key)) {
        this.#last = slot;
        return slot;
      }
      place = (place + 1) & mask;
    }
    this.#last = this.#add(account, key, hash);
    return this.#last;
  }

  #is(slot: number, account: number, key: Word): boolean {
    const records = this.#records;
    const base = slot * recordParts;
    let part = 0;
    while (part < wordParts && records[base + keyAt + part] === key[part]) part += 1;
    return part === wordParts && records[base + accountAt] === account;
  }

  #add(account: number, key: Word, hash: number): number {
    const slot = this.count;
    this.count += 1;
    if (this.count * recordParts > this.#records.length) {
      this.#records = grown(this.#records);
      this.#index = new Int32Array(2 * this.#index.length);
      for (let other = 0; other < slot; other++) this.#enter(other);
    }
    const records = this.#records;
    const base = slot * recordParts;
    records[base + accountAt] = account;
    for (let part = 0; part < wordParts; part++) {
      records[base + keyAt + part] = key[part] as number;
    }
    records[base + hashAt] = hash;
    this.#enter(slot);
    return slot;
  }

  #enter(slot: number): void {
    const index = this.#index;
    const mask = index.length - 1;
    let place = (this.#records[slot * recordParts + hashAt] as number) & mask;
    while (index[place] !== 0) place = (place + 1) & mask;
    index[place] = slot + 1;
  }

  /**
   * HalfSipHash-1-3 (Aumasson and Bernstein, SipHash, 2012, in its 32-bit form); each account has a key
   * of its own.
   */
  #hash(account: number, key: Word): number {
    let v0 = this.#key0 ^ account;
    let v1 = this.#key1;
    let v2 = 0x6c796765 ^ this.#key0;
    let v3 = 0x74656462 ^ this.#key1;
    // Eight parts, then three rounds to finish. All messages are as long: none carries its length.
    for (let step = 0; step < wordParts + 3; step++) {
      const part = step < wordParts ? (key[step] as number) : 0;
      if (step === wordParts) v2 ^= 0xff;
      v3 ^= part;
      v0 = (v0 + v1) | 0;
      v1 = rotate(v1, 5) ^ v0;
      v0 = rotate(v0, 16);
      v2 = (v2 + v3) | 0;
      v3 = rotate(v3, 8) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = rotate(v3, 7) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = rotate(v1, 13) ^ v2;
      v2 = rotate(v2, 16);
      v0 ^= part;
    }
    return v1 ^ v3;
  }

  /** Whether the slot was given what the store holds. */
  isLoaded(slot: number): boolean {
    return this.#records[slot * recordParts + loadedAt] === 1;
  }

  /** Gives a slot its path in the state and what the store holds there. */
  load(slot: number, path: Uint8Array, stored: Uint8Array): void {
    const records = this.#records;
    const base = slot * recordParts;
    setWordBytes(records, base + pathAt, path);
    setWordBytes(records, base + storedAt, stored);
    setWordBytes(records, base + valueAt, stored);
    records[base + loadedAt] = 1;
  }

  /** Puts the value of a loaded slot into `target`. */
  value(slot: number, target: Word): void {
    this.#read(slot * recordParts + valueAt, target);
  }

  /** Puts into `target` what a loaded slot held when the transaction began (EIP-2200). */
  original(slot: number, target: Word): void {
    const base = slot * recordParts;
    const isWritten = this.#records[base + writtenAt] === this.#transaction;
    this.#read(base + (isWritten ? originalAt : valueAt), target);
  }

  #read(place: number, target: Word): void {
    const records = this.#records;
    for (let part = 0; part < wordParts; part++) target[part] = records[place + part] as number;
  }

  /** Writes a loaded slot. */
  write(slot: number, value: Word): void {
    const records = this.#records;
    const base = slot * recordParts;
    const undo = this.#roomForUndo();
    const isFirst = records[base + writtenAt] !== this.#transaction;
    if (isFirst) records[base + writtenAt] = this.#transaction;
    for (let part = 0; part < wordParts; part++) {
      const previous = records[base + valueAt + part] as number;
      if (isFirst) records[base + originalAt + part] = previous;
      undo[this.#undoLength + part] = previous;
      records[base + valueAt + part] = value[part] as number;
    }
    undo[this.#undoLength + wordParts] = slot;
    undo[this.#undoLength + wordParts + 1] = valueMark;
    this.#undoLength += wordParts + 2;
  }

  /** Marks a slot as warm; true when it was cold. */
  warm(slot: number): boolean {
    const place = slot * recordParts + warmAt;
    if (this.#records[place] === this.#transaction) return false;
    this.#records[place] = this.#transaction;
    const undo = this.#roomForUndo();
    undo[this.#undoLength] = slot;
    undo[this.#undoLength + 1] = coldMark;
    this.#undoLength += 2;
    return true;
  }

  #roomForUndo(): Int32Array {
    if (this.#undoLength + undoPartsMax > this.#undo.length) this.#undo = grown(this.#undo);
    return this.#undo;
  }

  /** Where the transaction stands; `revertTo` takes back what came after it. */
  get mark(): number {
    return this.#undoLength;
  }

  revertTo(mark: number): void {
    const undo = this.#undo;
    const records = this.#records;
    while (this.#undoLength > mark) {
      const kind = undo[this.#undoLength - 1];
      const base = (undo[this.#undoLength - 2] as number) * recordParts;
      this.#undoLength -= 2;
      if (kind === coldMark) {
        records[base + warmAt] = 0;
      } else {
        this.#undoLength -= wordParts;
        for (let part = 0; part < wordParts; part++) {
          records[base + valueAt + part] = undo[this.#undoLength + part] as number;
        }
      }
    }
  }

  account(slot: number): number {
    return this.#records[slot * recordParts + accountAt] as number;
  }

  /** Puts the 32 bytes of its key into `target` from `offset` on. */
  putKey(slot: number, target: Uint8Array, offset: number): void {
    putWordBytes(this.#records, slot * recordParts + keyAt, target, offset);
  }

  /** Whether it differs from the store. */
  isChanged(slot: number): boolean {
    const records = this.#records;
    const base = slot * recordParts;
    if (records[base + writtenAt] === 0) return false;
    let part = 0;
    while (part < wordParts && records[base + valueAt + part] === records[base + storedAt + part]) {
      part += 1;
    }
    return part < wordParts;
  }

  /** A loaded slot's path in the state, and its values after and before the block. */
  leaf(slot: number): {
    readonly path: Uint8Array;
    readonly value: Uint8Array;
    readonly stored: Uint8Array;
  } {
    const base = slot * recordParts;
    return {
      path: wordToBytes(this.#records, base + pathAt),
      value: wordToBytes(this.#records, base + valueAt),
      stored: wordToBytes(this.#records, base + storedAt),
    };
  }
}
