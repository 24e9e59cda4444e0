/** What generated code calls: decoding, encoding, packed members. Contracts import "dodona". */

import { returned, returnLength } from "./call";
import { address, argumentList, Span, unsigned } from "./calldata";
import { accountCodeSize, readReturnData } from "./host";
import { allocate, mark, release } from "./memory";
import { addressBytes } from "./message";
import { Writer } from "./output";
import { fail } from "./revert";
import { loadWord, U256 } from "./u256";

export { call, input, returned, view } from "./call";
export {
  address, argument, argumentBytes, expectArguments, openCalldata, refuseValue, selector, unsigned,
} from "./calldata";
export { readField, writeField } from "./field";
export { allocate } from "./memory";
export { emit, open, returns, sendResult, Writer } from "./output";
export { fail, revertBytes } from "./revert";
export { offset, read, write } from "./storage";
export { readBytes, writeBytes } from "./stored-bytes";
export { fromWord, toWord } from "./types";
export { U256, u256 } from "./u256";

/** Words that `length` bytes take. */
export function wordsOf(length: u32): u32 {
  return (length + 31) >> 5;
}

/** Length and items of a list of words. */
export function writeList(writer: Writer, data: usize, length: u32): void {
  writer.number(length);
  for (let index: u32 = 0; index < length; index++) writer.raw(data + (<usize>index << 5));
}

/** A list of words of at most `bits` bits; a wider one reverts, also where nobody will look. */
export function argumentItems(position: u32, bits: u32): Span {
  return checked(argumentList(position, 32), bits);
}

function checked(list: Span, bits: u32): Span {
  if (bits == 256) return list;
  const start = mark();
  for (let index: u32 = 0; index < list.length; index++) {
    const word = loadWord(list.data + (<usize>index << 5));
    if (bits > 64) address(word);
    else unsigned(word, bits);
    release(start);
  }
  return list;
}

/** The bytes that word `index` of the return data points to; any that lie beyond its end revert. */
export function returnedBytes(index: u32): Span {
  return returnedSpan(index, 1);
}

/** The list that word `index` of the return data points to, checked like an argument. */
export function returnedItems(index: u32, bits: u32): Span {
  return checked(returnedSpan(index, 32), bits);
}

function returnedSpan(index: u32, itemLength: u32): Span {
  const start = unsigned(returned(index), 32) + 32;
  if (start > returnLength) fail(0);
  const span = changetype<Span>(allocate(8));
  const word = allocate(32);
  readReturnData(word, <u32>start - 32, 32);
  span.length = <u32>unsigned(loadWord(word), 32);
  const bytes = <u64>span.length * itemLength;
  if (start + bytes > returnLength) fail(0);
  span.data = allocate(<usize>bytes);
  if (bytes > 0) readReturnData(span.data, <u32>start, <u32>bytes);
  return span;
}

/** Reverts where there is no contract, which would look like one that answers nothing. */
export function requireCode(account: U256): void {
  if (accountCodeSize(addressBytes(account)) == 0) fail(0);
}
