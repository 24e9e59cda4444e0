/**
 * Members that share a storage word, as Solidity packs them: the first at the low end, each `bits`
 * wide at `shift`. A member never crosses into the next word.
 */

import { read, write } from "./storage";
import { limbs, U256 } from "./u256";

function shiftedLeft(value: U256, shift: u32): U256 {
  const whole = shift >> 6;
  const part = <u64>(shift & 63);
  const result = limbs(0, 0, 0, 0);
  const source = changetype<usize>(value);
  const target = changetype<usize>(result);
  for (let index = whole; index < 4; index++) {
    const place = source + ((<usize>(index - whole)) << 3);
    let limb = load<u64>(place) << part;
    if (part != 0 && index > whole) limb |= load<u64>(place - 8) >> (64 - part);
    store<u64>(target + (<usize>index << 3), limb);
  }
  return result;
}

function shiftedRight(value: U256, shift: u32): U256 {
  const whole = shift >> 6;
  const part = <u64>(shift & 63);
  const result = limbs(0, 0, 0, 0);
  const source = changetype<usize>(value);
  const target = changetype<usize>(result);
  for (let index: u32 = 0; index + whole < 4; index++) {
    const place = source + ((<usize>(index + whole)) << 3);
    let limb = load<u64>(place) >> part;
    if (part != 0 && index + whole < 3) limb |= load<u64>(place, 8) << (64 - part);
    store<u64>(target + (<usize>index << 3), limb);
  }
  return result;
}

/** The low `bits` < 256 bits set. */
function lowMask(bits: u32): U256 {
  const ones: u64 = 0xffffffffffffffff;
  return shiftedRight(limbs(ones, ones, ones, ones), 256 - bits);
}

function both(left: U256, right: U256): U256 {
  return limbs(
    left.limb0 & right.limb0, left.limb1 & right.limb1,
    left.limb2 & right.limb2, left.limb3 & right.limb3,
  );
}

/** The member of `bits` bits at `shift` in the word at `slot`. */
export function readField(slot: U256, shift: u32, bits: u32): U256 {
  return both(shiftedRight(read(slot), shift), lowMask(bits));
}

/** Changes one member and leaves its neighbours. */
export function writeField(slot: U256, shift: u32, bits: u32, value: U256): void {
  const mask = lowMask(bits);
  const hole = shiftedLeft(mask, shift);
  const member = shiftedLeft(both(value, mask), shift);
  const word = read(slot);
  write(slot, limbs(
    (word.limb0 & ~hole.limb0) | member.limb0, (word.limb1 & ~hole.limb1) | member.limb1,
    (word.limb2 & ~hole.limb2) | member.limb2, (word.limb3 & ~hole.limb3) | member.limb3,
  ));
}
