/**
 * `string` and `bytes` in storage as Solidity keeps them: up to 31 bytes in the slot itself with twice
 * the length in its last byte; longer ones from keccak256(slot) on, the slot holding 2 * length + 1.
 */

import { Span } from "./calldata";
import { allocate } from "./memory";
import { PANIC_STORAGE, panic } from "./revert";
import { items, offset, read, write } from "./storage";
import { fitsU64, loadWord, storeWord, U256, u256 } from "./u256";

/** A length beyond this cannot have been written by anybody's gas. */
const lengthMax: u64 = 1 << 24;

function lengthOf(head: U256): u32 {
  if ((head.limb0 & 1) == 0) return <u32>((head.limb0 & 0xff) >> 1);
  if (!fitsU64(head) || head.limb0 >> 1 > lengthMax) panic(PANIC_STORAGE);
  return <u32>(head.limb0 >> 1);
}

export function readBytes(slot: U256): Span {
  const head = read(slot);
  const length = lengthOf(head);
  const result = changetype<Span>(allocate(8));
  result.data = allocate((<usize>length + 31) & ~31);
  result.length = length;
  if ((head.limb0 & 1) == 0) {
    result.data = allocate(32);
    storeWord(result.data, head);
    return result;
  }
  const first = items(slot);
  for (let place: u32 = 0; place < length; place += 32) {
    storeWord(result.data + place, read(offset(first, place >> 5)));
  }
  return result;
}

/** Words beyond the slot that `length` bytes take. */
function wordsOf(length: u32): u32 {
  return length < 32 ? 0 : (length + 31) >> 5;
}

export function writeBytes(slot: U256, value: Span): void {
  const before = wordsOf(lengthOf(read(slot)));
  const after = wordsOf(value.length);
  const buffer = allocate(32);
  const first = items(slot);
  for (let index: u32 = 0; index < after; index++) {
    write(offset(first, index), wordAt(value, index << 5, buffer));
  }
  for (let index = after; index < before; index++) write(offset(first, index), u256(0));
  if (after > 0) {
    write(slot, u256((<u64>value.length << 1) | 1));
  } else {
    const head = wordAt(value, 0, buffer);
    head.limb0 |= <u64>value.length << 1;
    write(slot, head);
  }
}

/** 32 bytes of `value` from `place` on, zeros after its end. */
function wordAt(value: Span, place: u32, buffer: usize): U256 {
  const rest = <usize>(value.length - place);
  memory.fill(buffer, 0, 32);
  memory.copy(buffer, value.data + place, rest < 32 ? rest : 32);
  return loadWord(buffer);
}
