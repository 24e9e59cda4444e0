/**
 * Storage in Solidity's layout, so that slots can be computed by any Ethereum tool: variables from
 * slot 0, a mapping's entry at keccak256(key ‖ slot), a dynamic array's items from keccak256(slot).
 */

import { nativeKeccak256, storageLoad, storageStore } from "./host";
import { allocate, mark, release } from "./memory";
import { assign, fresh, loadWord, storeWord, U256, u256, wrappingAdd } from "./u256";

/** keccak256 of `length` bytes as a word. */
export function keccak(data: usize, length: u32): U256 {
  const digest = changetype<usize>(fresh());
  nativeKeccak256(data, length, digest);
  return loadWord(digest);
}

/** keccak256 of two words. */
export function keccakPair(first: U256, second: U256): U256 {
  const data = allocate(64);
  storeWord(data, first);
  storeWord(data + 32, second);
  return keccak(data, 64);
}

/** Slot of `mapping[key]` for a mapping at `slot`. */
export function mapped(slot: U256, key: U256): U256 {
  return keccakPair(key, slot);
}

/** The slot `count` after `slot`: members of a struct, items of an array. */
export function offset(slot: U256, count: u64): U256 {
  return wrappingAdd(slot, u256(count));
}

/** First slot of the items of a dynamic array whose length is at `slot`. */
export function items(slot: U256): U256 {
  const data = changetype<usize>(fresh());
  storeWord(data, slot);
  return keccak(data, 32);
}

export function read(slot: U256): U256 {
  const word = fresh();
  const position = mark();
  const key = changetype<usize>(fresh());
  const bytes = changetype<usize>(fresh());
  storeWord(key, slot);
  storageLoad(key, bytes);
  assign(word, loadWord(bytes));
  release(position);
  return word;
}

export function write(slot: U256, value: U256): void {
  const position = mark();
  const key = changetype<usize>(fresh());
  const bytes = changetype<usize>(fresh());
  storeWord(key, slot);
  storeWord(bytes, value);
  storageStore(key, bytes);
  release(position);
}
