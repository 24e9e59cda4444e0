/** What generated code calls: decoding, encoding, packed members. Contracts import "dodona". */

import { address, argumentList, Span } from "./calldata";
import { mark, release } from "./memory";
import { Writer } from "./output";
import { loadWord } from "./u256";

export { call, input, returned, view } from "./call";
export {
  argument, argumentAddress, argumentBytes, argumentList, argumentUnsigned, expectArguments,
  openCalldata, refuseValue, selector,
} from "./calldata";
export { readField, writeField } from "./field";
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

/** A list of addresses, each checked: their type is that of wider words, so no later check can be. */
export function argumentAddresses(position: u32): Span {
  const list = argumentList(position, 32);
  const start = mark();
  for (let index: u32 = 0; index < list.length; index++) {
    address(loadWord(list.data + (<usize>index << 5)));
    release(start);
  }
  return list;
}
