/**
 * Sums between two observations: the price there was constant, so that they grew evenly.
 */

import { allocate } from "../sdk/memory";
import { fail1 } from "../sdk/revert";
import { U256, u256, wrappingAdd, wrappingSubtract } from "../sdk/u256";
import { errors } from "./interface";
import {
  findBefore, Head, newObservation, Observation, oldestOf, readMark, readObservation,
} from "./ring";

/** Part of the growth of a sum that lies `part` of `whole` into a segment of constant price. */
export function portion(before: U256, after: U256, part: u64, whole: u64): U256 {
  const growth = wrappingSubtract(after, before);
  return wrappingAdd(before, (growth / u256(whole)) * u256(part));
}

/** The two observations around a moment of the past: `after` is the present when none is later. */
// @ts-ignore: decorator
@unmanaged @final
export class Segment {
  before: Observation;
  after: Observation;
  /** Index of `before`. */
  index: u64;
}

/** The segment around `ago` seconds or blocks before now; reverts beyond the oldest observation. */
export function segmentAt(head: Head, now: Observation, ago: u64, byHeight: bool): Segment {
  const present = byHeight ? now.height : now.time;
  const first = readMark(oldestOf(head));
  const reach = present - (byHeight ? first.height : first.time);
  if (ago > reach) fail1(errors.HistoryTooShort, u256(reach));
  const segment = changetype<Segment>(allocate(16));
  segment.index = findBefore(head, present - ago, byHeight);
  segment.before = readObservation(segment.index);
  const isLast = segment.index == <u64>head.index;
  const next = (segment.index + 1) % <u64>head.cardinality;
  segment.after = isLast ? now : readObservation(next);
  return segment;
}

/** Sums at `time`, between the two observations of `segment`. */
export function interpolated(segment: Segment, time: u64): Observation {
  const before = segment.before;
  const after = segment.after;
  const whole = after.time - before.time;
  const part = time - before.time;
  if (part == 0) return before;
  const result = newObservation();
  result.time = time;
  result.height = before.height + (after.height - before.height) * part / whole;
  result.ticks = before.ticks + (after.ticks - before.ticks) / <i64>whole * <i64>part;
  result.price0 = portion(before.price0, after.price0, part, whole);
  result.price1 = portion(before.price1, after.price1, part, whole);
  return result;
}
