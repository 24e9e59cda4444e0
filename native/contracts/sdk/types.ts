/**
 * The types of a contract's signatures. Those that are words share one class, so that they compare
 * and compute alike; their names decide what the ABI says.
 */

import { Span } from "./calldata";
import { allocate } from "./memory";
import { PANIC_INDEX, PANIC_MEMORY, panic } from "./revert";
import { loadWord, storeWord, U256, u256 } from "./u256";

/** ABI `address`: 160 bits. */
export type Address = U256;
/** ABI `bytes32`. */
export type Bytes32 = U256;
/** ABI `int256`: two's complement. */
export type Int256 = U256;
/** ABI `string`: UTF-8. */
export type Text = Span;
/** ABI `bytes`. */
export type Bytes = Span;
/** In the parameters of an event: a topic, by which logs are found. */
export type Indexed<T> = T;

/** `value` as a word; of the types above, `bool` and `u8` to `u64`. */
export function toWord<T>(value: T): U256 {
  if (isInteger<T>()) return u256(<u64>value);
  return changetype<U256>(value);
}

/** The value that a word holds. Higher bits are cut off: storage and checked calldata have none. */
export function fromWord<T>(word: U256): T {
  if (isBoolean<T>()) return <T>(word.limb0 != 0);
  if (isInteger<T>()) return <T>word.limb0;
  return changetype<T>(word);
}

/** ABI `T[]` in memory, of words: an argument, or a result that the contract fills. */
// @ts-ignore: decorator
@unmanaged @final
export class List<T> {
  data: usize;
  length: u32;

  /** Item `index`; Panic(0x32) beyond the end. */
  at(index: u32): T {
    if (index >= this.length) panic(PANIC_INDEX);
    return fromWord<T>(loadWord(this.data + (<usize>index << 5)));
  }

  /** Panic(0x32) beyond the end. */
  set(index: u32, value: T): void {
    if (index >= this.length) panic(PANIC_INDEX);
    storeWord(this.data + (<usize>index << 5), toWord<T>(value));
  }
}

/** Words that fit into the 4 MiB of a contract's memory. */
const listLengthMax: u32 = 1 << 17;

/** A list of `length` zeros; Panic(0x41) when no memory could hold it. */
export function newList<T>(length: u32): List<T> {
  // In 32 bits the size of a longer one could begin again at 0.
  if (length > listLengthMax) panic(PANIC_MEMORY);
  const list = changetype<List<T>>(allocate(8));
  list.data = allocate(<usize>length << 5);
  list.length = length;
  memory.fill(list.data, 0, <usize>length << 5);
  return list;
}
