/**
 * Words in a row: results, events and calls are all written with this one buffer shape.
 * `result` collects what this call returns; the entry point sends it.
 */

import { emitLog, writeResult } from "./host";
import { allocate } from "./memory";
import { storeWord, U256, u256 } from "./u256";

/** A buffer of known size that is filled from its start. Writing beyond its end traps. */
// @ts-ignore: decorator
@unmanaged @final
export class Writer {
  start: usize;
  next: usize;
  /** End of the reserved bytes. */
  end: usize;

  word(value: U256): Writer {
    if (this.next + 32 > this.end) unreachable();
    storeWord(this.next, value);
    this.next += 32;
    return this;
  }

  number(value: u64): Writer {
    return this.word(u256(value));
  }

  /** The 32 bytes at `source`, as they are. */
  raw(source: usize): Writer {
    if (this.next + 32 > this.end) unreachable();
    memory.copy(this.next, source, 32);
    this.next += 32;
    return this;
  }

  /** Length and content of a byte string, padded with zeros to whole words. */
  bytes(source: usize, length: u32): Writer {
    this.number(length);
    const padded = (<usize>length + 31) & ~31;
    if (this.next + padded > this.end) unreachable();
    memory.fill(this.next, 0, padded);
    memory.copy(this.next, source, length);
    this.next += padded;
    return this;
  }

  // @ts-ignore: accessor
  get length(): u32 {
    return <u32>(this.next - this.start);
  }
}

/** A buffer for `words` words after `head` bytes that the caller fills. */
export function open(words: u32, head: u32): Writer {
  const writer = changetype<Writer>(allocate(12));
  writer.start = allocate(head + (words << 5));
  writer.next = writer.start + head;
  writer.end = writer.next + (words << 5);
  return writer;
}

let result: usize = 0;

/** Opens the result of this call for `words` words. */
export function returns(words: u32): Writer {
  const writer = open(words, 0);
  result = changetype<usize>(writer);
  return writer;
}

/** Returns bytes that are already encoded. */
export function returnsRaw(data: usize, length: u32): void {
  const writer = open(0, 0);
  writer.start = data;
  writer.next = data + length;
  result = changetype<usize>(writer);
}

/** Hands the result to the host; nothing was opened means an empty one. */
export function sendResult(): void {
  if (result == 0) {
    writeResult(0, 0);
  } else {
    const writer = changetype<Writer>(result);
    writeResult(writer.start, writer.length);
  }
}

/** Opens an event: its first topic, then indexed arguments, then data, one word each. */
export function event(topic: usize, words: u32): Writer {
  return open(words + 1, 0).raw(topic);
}

/** Emits the event; its first `topics` words (topic 0 included) are topics. */
export function emit(writer: Writer, topics: u32): void {
  emitLog(writer.start, writer.length, topics);
}

