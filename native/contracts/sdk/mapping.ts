/**
 * Mappings and dynamic arrays of storage, at the slots that Solidity gives them. Each is a handle:
 * the pointer to a word that holds its slot. Structs are handles too, so entries change in place.
 */

import { Span } from "./calldata";
import { PANIC_EMPTY, PANIC_INDEX, panic } from "./revert";
import { items, mapped, read, write } from "./storage";
import { readBytes, writeBytes } from "./stored-bytes";
import { fromWord, toWord } from "./types";
import { U256, u256, wrappingAdd } from "./u256";

/** What stands at `slot`: a value, or a handle for a struct, a mapping or an array. */
function loadAt<V>(slot: U256): V {
  if (isInteger<V>()) return fromWord<V>(read(slot));
  if (changetype<V>(0) instanceof U256) return changetype<V>(read(slot));
  if (changetype<V>(0) instanceof Span) return changetype<V>(readBytes(slot));
  return changetype<V>(slot);
}

function storeAt<V>(slot: U256, value: V): void {
  if (isInteger<V>()) write(slot, toWord<V>(value));
  else if (changetype<V>(0) instanceof U256) write(slot, changetype<U256>(value));
  else if (changetype<V>(0) instanceof Span) writeBytes(slot, changetype<Span>(value));
  else ERROR("a struct is changed member by member: entries.get(key).member = value");
}

/** Slots that an item takes. */
function slotsOf<V>(): u64 {
  if (isInteger<V>()) return 1;
  if (changetype<V>(0) instanceof U256) return 1;
  if (changetype<V>(0) instanceof Span) return 1;
  return changetype<V>(0).slotCount();
}

/** Solidity's `mapping(K => V)`. */
// @ts-ignore: decorator
@unmanaged @final
export class Mapping<K, V> {
  /** The value under `key`, zero when it was never set; of a struct its handle. */
  get(key: K): V {
    return loadAt<V>(mapped(changetype<U256>(this), toWord<K>(key)));
  }

  set(key: K, value: V): void {
    storeAt<V>(mapped(changetype<U256>(this), toWord<K>(key)), value);
  }

  /** The place of the value under `key`, for reading and then writing it: its slot is hashed once. */
  entry(key: K): Entry<V> {
    return changetype<Entry<V>>(mapped(changetype<U256>(this), toWord<K>(key)));
  }

  slotCount(): u64 {
    return 1;
  }
}

/** One value of a mapping. */
// @ts-ignore: decorator
@unmanaged @final
export class Entry<V> {
  // @ts-ignore: accessor
  get value(): V {
    return loadAt<V>(changetype<U256>(this));
  }

  // @ts-ignore: accessor
  set value(value: V) {
    storeAt<V>(changetype<U256>(this), value);
  }
}

/** Solidity's `V[]` in storage, for items that take whole slots. */
// @ts-ignore: decorator
@unmanaged @final
export class Items<V> {
  // @ts-ignore: accessor
  get length(): u64 {
    return read(changetype<U256>(this)).limb0;
  }

  /** Item `index`; Panic(0x32) beyond the end. */
  get(index: u64): V {
    return loadAt<V>(this.slotOf(index));
  }

  set(index: u64, value: V): void {
    storeAt<V>(this.slotOf(index), value);
  }

  push(value: V): void {
    const index = this.length;
    write(changetype<U256>(this), u256(index + 1));
    storeAt<V>(this.slotOf(index), value);
  }

  /** One item more, for structs: its handle, with every member zero. */
  grow(): V {
    const index = this.length;
    write(changetype<U256>(this), u256(index + 1));
    return loadAt<V>(this.slotOf(index));
  }

  /** Removes the last value; Panic(0x31) when there is none. */
  pop(): V {
    const length = this.length;
    if (length == 0) panic(PANIC_EMPTY);
    const slot = this.slotOf(length - 1);
    const value = loadAt<V>(slot);
    if (isInteger<V>()) write(slot, u256(0));
    else if (changetype<V>(0) instanceof U256) write(slot, u256(0));
    else ERROR("only values are popped: a struct would leave its members behind");
    write(changetype<U256>(this), u256(length - 1));
    return value;
  }

  slotCount(): u64 {
    return 1;
  }

  private slotOf(index: u64): U256 {
    if (index >= this.length) panic(PANIC_INDEX);
    const distance = u256(index) * u256(slotsOf<V>());
    return wrappingAdd(items(changetype<U256>(this)), distance);
  }
}
