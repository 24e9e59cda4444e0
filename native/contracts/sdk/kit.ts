/** What generated code calls: decoding, encoding, packed members. Contracts import "dodona". */

import { address, argumentList, Span, unsigned } from "./calldata";
import { accountCodeSize } from "./host";
import { mark, release } from "./memory";
import { addressBytes } from "./message";
import { Writer } from "./output";
import { fail } from "./revert";
import { loadWord, U256 } from "./u256";

export { call, input, returned, view } from "./call";
export {
  address, argument, argumentBytes, expectArguments, openCalldata, refuseValue, selector, unsigned,
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

/** A list of words of at most `bits` bits; a wider one reverts, also where nobody will look. */
export function argumentItems(position: u32, bits: u32): Span {
  const list = argumentList(position, 32);
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

/** Reverts where there is no contract, which would look like one that answers nothing. */
export function requireCode(account: U256): void {
  if (accountCodeSize(addressBytes(account)) == 0) fail(0);
}
