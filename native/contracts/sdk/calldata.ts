/**
 * The arguments of this call: Solidity ABI, decoded strictly. Anything malformed reverts with empty
 * data, as Solidity's decoder does. Positions count from the first argument.
 */

import { readArguments } from "./host";
import { allocate } from "./memory";
import { value } from "./message";
import { fail } from "./revert";
import { isZero, loadWord, U256 } from "./u256";

let input: usize = 0;
let inputLength: u32 = 0;
let base: u32 = 0;

/**
 * A byte string or list inside the calldata: where its content begins and how many items it has.
 */
// @ts-ignore: decorator
@unmanaged @final
export class Span {
  data: usize;
  length: u32;
}

/** Loads the calldata; `headLength` bytes before the arguments (4 for a selector, 0 for none). */
export function openCalldata(length: u32, headLength: u32): void {
  input = allocate(length);
  inputLength = length;
  base = headLength;
  readArguments(input);
}

export function selector(): u32 {
  return bswap(load<u32>(input));
}

/** Demands `bytes` bytes of static arguments. */
export function expectArguments(bytes: u32): void {
  if (inputLength < base + bytes) fail(0);
}

/** What a function that is not payable does first. */
export function refuseValue(): void {
  if (!isZero(value())) fail(0);
}

export function argument(position: u32): U256 {
  return loadWord(input + base + position);
}

/** An unsigned integer of at most 64 bits. */
export function argumentUnsigned(position: u32, bits: u64): u64 {
  return unsigned(argument(position), bits);
}

/** `word` as an unsigned integer of at most 64 bits; reverts when it is larger. */
export function unsigned(word: U256, bits: u64): u64 {
  const high = word.limb1 | word.limb2 | word.limb3;
  if (high != 0 || (bits < 64 && word.limb0 >> bits != 0)) fail(0);
  return word.limb0;
}

/** An unsigned integer of 65 to 128 bits. */
export function argumentWide(position: u32, bits: u64): U256 {
  const word = argument(position);
  if ((word.limb2 | word.limb3) != 0) fail(0);
  if (bits < 128 && word.limb1 >> (bits - 64) != 0) fail(0);
  return word;
}

export function argumentAddress(position: u32): U256 {
  return address(argument(position));
}

/** `word` as an address; reverts when its high 12 bytes are not zero. */
export function address(word: U256): U256 {
  if ((word.limb3 | (word.limb2 >> 32)) != 0) fail(0);
  return word;
}

/** Pointer to static data (a tuple of words) inside the calldata. */
export function argumentPointer(position: u32): usize {
  return input + base + position;
}

/** A `bytes` or `string` argument. */
export function argumentBytes(position: u32): Span {
  return span(input + base, argumentUnsigned(position, 32), 1);
}

/** A dynamic list whose items take `itemLength` bytes each in place. */
export function argumentList(position: u32, itemLength: u32): Span {
  return span(input + base, argumentUnsigned(position, 32), itemLength);
}

/** Item `index` of a `bytes[]` or `string[]`, whose places hold offsets from its first item. */
export function bytesAt(list: Span, index: u32): Span {
  return span(list.data, unsigned(loadWord(list.data + (<usize>index << 5)), 32), 1);
}

/**
 * Start of item `index` of a list of tuples with dynamic members, `length` bytes in place each; the
 * list holds offsets from its first item.
 */
export function tupleAt(list: Span, index: u32, length: u32): usize {
  const offset = unsigned(loadWord(list.data + (<usize>index << 5)), 32);
  const start = <u64>list.data + offset;
  if (start + length > <u64>(input + inputLength)) fail(0);
  return <usize>start;
}

/** The `bytes` or `string` at `position` of a tuple with dynamic members. */
export function bytesOf(tuple: usize, position: u32): Span {
  return span(tuple, unsigned(loadWord(tuple + position), 32), 1);
}

function span(origin: usize, offset: u64, itemLength: u32): Span {
  const end = <u64>(input + inputLength);
  const start = <u64>origin + offset;
  if (start + 32 > end) fail(0);
  const length = unsigned(loadWord(<usize>start), 32);
  if (start + 32 + length * itemLength > end) fail(0);
  const result = changetype<Span>(allocate(8));
  result.data = <usize>start + 32;
  result.length = <u32>length;
  return result;
}
