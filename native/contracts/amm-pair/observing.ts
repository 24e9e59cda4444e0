/**
 * Prices over time. A block's first touch writes what was before it, so that only prices that outlive
 * a block count; reads add the time since then at the present price.
 */

import { Span } from "../sdk/calldata";
import { blockNumber, blockTimestamp } from "../sdk/host";
import { mark, release } from "../sdk/memory";
import { emit, event, returns, Writer } from "../sdk/output";
import { fail1, require } from "../sdk/revert";
import { isZero, limbs, loadWord, U256, u256, wrappingAdd, wrappingSubtract } from "../sdk/u256";
import { errors, events } from "./interface";
import { tickOf } from "./logarithm";
import { lock, readReserves, Reserves, unlock } from "./parts";
import {
  append, begin, grow, Head, newObservation, Observation, oldestOf, readHead, readMark,
  readObservation, writeHead,
} from "./ring";
import { interpolated, portion, segmentAt } from "./segment";

/** amount << 112, for an amount below 2^112. */
function scaled(amount: U256): U256 {
  return limbs(
    0, amount.limb0 << 48, (amount.limb0 >> 16) | (amount.limb1 << 48), amount.limb1 >> 16,
  );
}

function isDry(reserves: Reserves): bool {
  return isZero(reserves.reserve0) || isZero(reserves.reserve1);
}

/** `last` carried on to this block at the price of `reserves`. */
function advanced(last: Observation, reserves: Reserves): Observation {
  const result = newObservation();
  memory.copy(changetype<usize>(result), changetype<usize>(last), 48);
  result.time = blockTimestamp();
  result.height = blockNumber();
  const seconds = result.time - last.time;
  const blocks = result.height - last.height;
  if (isDry(reserves)) {
    result.dry += blocks;
    return result;
  }
  result.ticks += tickOf(reserves.reserve0, reserves.reserve1) * <i64>seconds;
  const price0 = scaled(reserves.reserve1) / reserves.reserve0;
  const price1 = scaled(reserves.reserve0) / reserves.reserve1;
  result.price0 = wrappingAdd(last.price0, price0 * u256(seconds));
  result.price1 = wrappingAdd(last.price1, price1 * u256(seconds));
  result.blockPrice0 = wrappingAdd(last.blockPrice0, price0 * u256(blocks));
  result.blockPrice1 = wrappingAdd(last.blockPrice1, price1 * u256(blocks));
  return result;
}

/** Observes the state before the first change of this block; true when it wrote. */
export function touch(head: Head, reserves: Reserves): bool {
  const height = blockNumber();
  if (head.cardinality == 0) {
    begin(head, blockTimestamp(), height);
    return true;
  }
  if (head.observed == height) return false;
  append(head, advanced(readObservation(head.index), reserves));
  return true;
}

/** Sums up to now, nothing written; reverts before the first liquidity. */
function current(head: Head): Observation {
  require(head.cardinality != 0, errors.NoLiquidity);
  const last = readObservation(head.index);
  return last.height == blockNumber() ? last : advanced(last, readReserves());
}

function ticksWord(ticks: i64): U256 {
  const sums = (ticks << 8) >> 8; // modulo 2^56, as int56
  const sign = <u64>(sums >> 63);
  return limbs(<u64>sums, sign, sign, sign);
}

export function poke(): void {
  lock();
  const head = readHead();
  const wrote = head.cardinality != 0 && touch(head, readReserves());
  if (wrote) writeHead(head);
  unlock();
  const writer = returns(7).number(wrote ? 1 : 0).number(head.index);
  if (head.cardinality == 0) {
    writer.number(0).number(0).number(0).number(0).number(0);
    return;
  }
  const last = readObservation(head.index);
  writer.number(last.time).number(last.height).word(ticksWord(last.ticks));
  writer.word(last.price0).word(last.price1);
}

export function increaseObservationCardinalityNext(cardinality: u64): void {
  lock();
  const head = readHead();
  const before = <u64>head.cardinalityNext;
  grow(head, cardinality);
  const next = <u64>head.cardinalityNext;
  if (next != before) {
    writeHead(head);
    emit(event(events.IncreaseObservationCardinalityNext, 2).number(before).number(next), 1);
  }
  unlock();
  returns(2).number(before).number(next);
}

export function observationState(): void {
  const head = readHead();
  returns(5).number(head.index).number(head.cardinality).number(head.cardinalityNext)
    .number(head.tradeTime).number(head.tradeHeight);
}

export function observations(index: u64): void {
  const kept = readObservation(index);
  returns(8).number(kept.time).number(kept.height).word(ticksWord(kept.ticks)).number(kept.dry)
    .word(kept.price0).word(kept.price1).word(kept.blockPrice0).word(kept.blockPrice1);
}

export function price0CumulativeLast(): U256 {
  return readObservation(readHead().index).price0;
}

export function price1CumulativeLast(): U256 {
  return readObservation(readHead().index).price1;
}

/** Age in seconds and blocks of the oldest observation. */
export function history(): void {
  const head = readHead();
  require(head.cardinality != 0, errors.NoLiquidity);
  const oldest = readMark(oldestOf(head));
  returns(2).number(blockTimestamp() - oldest.time).number(blockNumber() - oldest.height);
}

export function observe(secondsAgos: Span): void {
  const head = readHead();
  const now = current(head);
  const count = secondsAgos.length;
  const writer = returns(4 + 4 * (1 + count));
  const bytes = (<u64>count + 1) << 5;
  for (let list: u64 = 0; list < 4; list++) writer.number(128 + list * bytes);
  const start = writer.next;
  for (let list: usize = 0; list < 4; list++) {
    writer.next = start + list * <usize>bytes;
    writer.number(count);
  }
  for (let index: u32 = 0; index < count; index++) {
    const position = mark();
    const ago = loadWord(secondsAgos.data + (<usize>index << 5));
    require(ago <= u256(0xffffffff), 0);
    const time = now.time - ago.limb0;
    const sums = ago.limb0 == 0 ? now : interpolated(segmentAt(head, now, ago.limb0, false), time);
    const place = start + 32 + (<usize>index << 5);
    put(writer, place, ticksWord(sums.ticks));
    put(writer, place + <usize>bytes, sums.price0);
    put(writer, place + <usize>bytes * 2, sums.price1);
    put(writer, place + <usize>bytes * 3, u256(sums.height));
    release(position);
  }
  writer.next = writer.end;
}

function put(writer: Writer, place: usize, word: U256): void {
  writer.next = place;
  writer.word(word);
}

/**
 * What happened in the last `secondsAgo` seconds: sums of ticks and prices by time; prices by blocks
 * over `blocks`, where a block that lies in the window in part counts as a whole. `since` is the
 * segment's start before the window, where both clocks are known.
 */
export function span(secondsAgo: u64): void {
  const head = readHead();
  const now = current(head);
  const segment = segmentAt(head, now, secondsAgo, false);
  const before = segment.before;
  const after = segment.after;
  const sums = interpolated(segment, now.time - secondsAgo);
  let blocks = now.height - before.height;
  let blockPrice0 = before.blockPrice0;
  let blockPrice1 = before.blockPrice1;
  if (sums.time != before.time) {
    const whole = after.height - before.height;
    const outside = whole * (sums.time - before.time) / (after.time - before.time);
    blocks -= outside;
    blockPrice0 = portion(before.blockPrice0, after.blockPrice0, outside, whole);
    blockPrice1 = portion(before.blockPrice1, after.blockPrice1, outside, whole);
  }
  returns(11).number(now.time - before.time).number(now.height - before.height).number(blocks)
    .word(ticksWord(now.ticks - sums.ticks))
    .word(wrappingSubtract(now.price0, sums.price0))
    .word(wrappingSubtract(now.price1, sums.price1))
    .word(wrappingSubtract(now.blockPrice0, blockPrice0))
    .word(wrappingSubtract(now.blockPrice1, blockPrice1))
    .number(wasDry(now, before)).number(head.tradeTime).number(head.tradeHeight);
}

/** Whether any block since `before`, or the present, had no price. */
function wasDry(now: Observation, before: Observation): u64 {
  return now.dry != before.dry || isDry(readReserves()) ? 1 : 0;
}

/** Sums of both prices over the last `blocksAgo` blocks. */
export function blockSpan(blocksAgo: u64): void {
  const head = readHead();
  const now = current(head);
  const segment = segmentAt(head, now, blocksAgo, true);
  const before = segment.before;
  const after = segment.after;
  const part = now.height - blocksAgo - before.height;
  let blockPrice0 = before.blockPrice0;
  let blockPrice1 = before.blockPrice1;
  if (part != 0) {
    const whole = after.height - before.height;
    blockPrice0 = portion(before.blockPrice0, after.blockPrice0, part, whole);
    blockPrice1 = portion(before.blockPrice1, after.blockPrice1, part, whole);
  }
  returns(4).word(wrappingSubtract(now.blockPrice0, blockPrice0))
    .word(wrappingSubtract(now.blockPrice1, blockPrice1)).number(wasDry(now, before))
    .number(head.tradeTime);
}

/** Seconds of the longest time without an observation in the last `secondsAgo`: reads them all. */
export function longestSegment(secondsAgo: u64): u64 {
  const head = readHead();
  require(head.cardinality != 0, errors.NoLiquidity);
  const now = blockTimestamp();
  const oldest = oldestOf(head);
  const reach = now - readMark(oldest).time;
  if (secondsAgo > reach) fail1(errors.HistoryTooShort, u256(reach));
  const start = now - secondsAgo;
  let index = <u64>head.index;
  let end = now;
  let longest: u64 = 0;
  const position = mark();
  while (end > start) {
    const time = readMark(index).time;
    release(position);
    const begins = time > start ? time : start;
    if (end - begins > longest) longest = end - begins;
    end = begins;
    index = (index == 0 ? <u64>head.cardinality : index) - 1;
  }
  return longest;
}
