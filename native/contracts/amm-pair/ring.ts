/**
 * The ring of observations, as in Uniswap v3: at most one a block, grown in advance, searched by
 * time or by height. Storage: Head at 8; Observation[] at 9, five words each: {uint64 time; uint64
 * height; int64 ticks; uint64 dry}, then uint256 price0, price1, blockPrice0, blockPrice1.
 *
 * An observation holds sums since the first one: ticks and both prices times seconds, both prices
 * times blocks, and `dry`, the blocks without a price. Sums wrap; differences stay exact.
 */

import { allocate } from "../sdk/memory";
import { fail1 } from "../sdk/revert";
import { items, offset, read, write } from "../sdk/storage";
import { U256, u256 } from "../sdk/u256";
import { errors } from "./interface";

const headSlot: u64 = 8;
const ringSlot: u64 = 9;
const wordsEach: u64 = 5;
export const cardinalityMax: u64 = 1024;

/** A packed storage word. `trade` members are of the last block with a swap. */
// @ts-ignore: decorator
@unmanaged @final
export class Head {
  index: u16;
  /** Places in use, and places that will be when the index next passes the end. */
  cardinality: u16;
  cardinalityNext: u16;
  unused: u16;
  /** Height of the newest observation. */
  observed: u64;
  tradeTime: u64;
  tradeHeight: u64;
}

/** The first 32 bytes are a packed storage word. */
// @ts-ignore: decorator
@unmanaged @final
export class Observation {
  time: u64;
  height: u64;
  ticks: i64;
  dry: u64;
  price0: U256;
  price1: U256;
  blockPrice0: U256;
  blockPrice1: U256;
}

export function readHead(): Head {
  return changetype<Head>(read(u256(headSlot)));
}

export function writeHead(head: Head): void {
  write(u256(headSlot), changetype<U256>(head));
}

function placeOf(index: u64): U256 {
  return offset(items(u256(ringSlot)), index * wordsEach);
}

export function newObservation(): Observation {
  return changetype<Observation>(allocate(48));
}

/** Only time, height, ticks and dry of an observation. */
export function readMark(index: u64): Observation {
  return changetype<Observation>(read(placeOf(index)));
}

export function readObservation(index: u64): Observation {
  const place = placeOf(index);
  const result = newObservation();
  memory.copy(changetype<usize>(result), changetype<usize>(read(place)), 32);
  result.price0 = read(offset(place, 1));
  result.price1 = read(offset(place, 2));
  result.blockPrice0 = read(offset(place, 3));
  result.blockPrice1 = read(offset(place, 4));
  return result;
}

function writeObservation(index: u64, observation: Observation): void {
  const place = placeOf(index);
  write(place, changetype<U256>(observation));
  write(offset(place, 1), observation.price0);
  write(offset(place, 2), observation.price1);
  write(offset(place, 3), observation.blockPrice0);
  write(offset(place, 4), observation.blockPrice1);
}

/** The first observation, with all sums zero. Places paid for before stay so. */
export function begin(head: Head, time: u64, height: u64): void {
  const first = newObservation();
  first.time = time;
  first.height = height;
  first.ticks = 0;
  first.dry = 0;
  const zero = u256(0);
  first.price0 = zero;
  first.price1 = zero;
  first.blockPrice0 = zero;
  first.blockPrice1 = zero;
  head.cardinality = 1;
  if (head.cardinalityNext == 0) head.cardinalityNext = 1;
  head.observed = height;
  writeObservation(0, first);
}

/** Writes the next observation and changes `head`; growth takes effect as the index passes the end. */
export function append(head: Head, observation: Observation): void {
  if (head.cardinalityNext > head.cardinality && head.index == head.cardinality - 1) {
    head.cardinality = head.cardinalityNext;
  }
  head.index = <u16>((<u32>head.index + 1) % <u32>head.cardinality);
  head.observed = observation.height;
  writeObservation(head.index, observation);
}

/**
 * Raises the places to come to `target`. Their words are set now, so that those who want history pay
 * for it and not those who trade.
 */
export function grow(head: Head, target: u64): void {
  if (target > cardinalityMax) fail1(errors.CardinalityLimit, u256(cardinalityMax));
  const one = u256(1);
  for (let index: u64 = head.cardinalityNext; index < target; index++) {
    const place = placeOf(index);
    for (let word: u64 = 0; word < wordsEach; word++) write(offset(place, word), one);
  }
  if (target > head.cardinalityNext) head.cardinalityNext = <u16>target;
}

/** Index of the oldest observation. */
export function oldestOf(head: Head): u64 {
  const next = (<u64>head.index + 1) % head.cardinality;
  // a place that is paid for and not used yet has time 1 and height 0
  return readMark(next).height == 0 ? 0 : next;
}

function positionOf(mark: Observation, byHeight: bool): u64 {
  return byHeight ? mark.height : mark.time;
}

/**
 * Index of the last observation that is not after `position`, a time or a height. The oldest must
 * not be after it: that is the caller's check.
 */
export function findBefore(head: Head, position: u64, byHeight: bool): u64 {
  const cardinality = <u64>head.cardinality;
  const oldest = oldestOf(head);
  // ages from the oldest on; the newest first, because most questions are about recent times
  let low: u64 = 0;
  let high = (<u64>head.index + cardinality - oldest) % cardinality;
  if (positionOf(readMark(head.index), byHeight) <= position) return head.index;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    const mark = readMark((oldest + middle) % cardinality);
    if (positionOf(mark, byHeight) <= position) low = middle;
    else high = middle;
  }
  return (oldest + low) % cardinality;
}
