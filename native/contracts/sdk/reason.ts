/** Refusals in words: Solidity's Error(string), which every wallet shows. */

import { Span } from "./calldata";
import { allocate } from "./memory";
import { open } from "./output";
import { revertBytes } from "./revert";

const ERROR_SELECTOR: u32 = 0x08c379a0;

/** A literal, which the compiler keeps as UTF-16, as UTF-8. */
export function text(literal: string): Span {
  const source = changetype<usize>(literal);
  const count = <usize>literal.length;
  const result = changetype<Span>(allocate(8));
  result.data = allocate(count * 3);
  let target = result.data;
  for (let index: usize = 0; index < count; index++) {
    let code = <u32>load<u16>(source + (index << 1));
    if ((code & 0xfc00) == 0xd800 && index + 1 < count) {
      index++;
      code = 0x10000 + ((code & 0x3ff) << 10) + (<u32>load<u16>(source + (index << 1)) & 0x3ff);
    }
    target = encode(code, target);
  }
  result.length = <u32>(target - result.data);
  return result;
}

/** Writes one character; returns where the next begins. */
function encode(code: u32, target: usize): usize {
  if (code < 0x80) {
    store<u8>(target, code);
    return target + 1;
  }
  const length: u32 = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  let rest = code;
  for (let place = length - 1; place > 0; place--) {
    store<u8>(target + place, 0x80 | (rest & 0x3f));
    rest >>= 6;
  }
  store<u8>(target, (0xf00 >> length) | rest);
  return target + length;
}

/** Stops with Error(reason): everything written is undone, the rest of the gas is kept. */
export function revert(reason: string): void {
  const message = text(reason);
  const data = open(2 + ((message.length + 31) >> 5), 4);
  store<u32>(data.start, bswap(ERROR_SELECTOR));
  data.number(32).bytes(message.data, message.length);
  revertBytes(data.start, data.length);
}

/** Stops with Error(reason) unless `condition` holds. */
export function require(condition: bool, reason: string): void {
  if (!condition) revert(reason);
}
