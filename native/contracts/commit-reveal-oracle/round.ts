/**
 * One round in storage: mapping(bytes32 => mapping(uint64 => Round)) at slot 4, Round = {Times;
 * Marks; Weights; uint128 left; uint128 pool; uint256 leftWeight; uint64 inBand; uint64
 * inQuartiles; uint64 previous; int256 value; int256 q1; int256 q3; Entry[64]}. An entry is {address reporter;
 * uint96 bond} and a word that holds the commitment first, then the report: {int192 value; uint56
 * weight; uint8 1}.
 */

import { accountOf, amountOf, packAccount } from "../sdk/packed";
import { offset, mapped, read, write } from "../sdk/storage";
import { limbs, U256, u256 } from "../sdk/u256";

const roundsSlot: u64 = 4;
const entriesOffset: u64 = 9;
const reportMark: u64 = 1 << 56;

export const NONE: u8 = 0;
export const OPEN: u8 = 1;
export const FINAL: u8 = 2;
export const VOID: u8 = 3;
/** Final, and before a jury. */
export const DISPUTED: u8 = 4;
/** A jury found the value false. */
export const REFUTED: u8 = 5;

export const seatsMax: u32 = 64;

// @ts-ignore: decorator
@unmanaged @final
export class Times {
  openedBlock: u64;
  openedTime: u64;
  revealedBlock: u64;
  revealedTime: u64;
}

// @ts-ignore: decorator
@unmanaged @final
export class Marks {
  /** One bit for each seat. */
  committed: u64;
  revealed: u64;
  exposed: u64;
  state: u8;
  /** The next seat to settle; 64 when all are. */
  cursor: u8;
  reports: u8;
  reserved: u8;
  reserved2: u32;
}

// @ts-ignore: decorator
@unmanaged @final
export class Weights {
  /** Of the seats that the quorum counts. */
  total: u64;
  revealed: u64;
  /** No single report weighs more than this. */
  cap: u64;
  finalBlock: u64;
}

// @ts-ignore: decorator
@unmanaged @final
export class Bands {
  /** Capped weight within the band around the value, and from quartile to quartile. */
  inBand: u64;
  inQuartiles: u64;
  /** The round that answered for the feed before this one; 0 for none. */
  previous: u64;
  reserved2: u64;
}

export function roundSlot(feed: U256, round: u64): U256 {
  return mapped(mapped(u256(roundsSlot), feed), u256(round));
}

export function timesOf(slot: U256): Times {
  return changetype<Times>(read(slot));
}

export function saveTimes(slot: U256, times: Times): void {
  write(slot, changetype<U256>(times));
}

export function marksOf(slot: U256): Marks {
  return changetype<Marks>(read(offset(slot, 1)));
}

export function saveMarks(slot: U256, marks: Marks): void {
  write(offset(slot, 1), changetype<U256>(marks));
}

export function weightsOf(slot: U256): Weights {
  return changetype<Weights>(read(offset(slot, 2)));
}

export function saveWeights(slot: U256, weights: Weights): void {
  write(offset(slot, 2), changetype<U256>(weights));
}

/** {uint128 left; uint128 pool}: what rewards still share, and what the round began with. */
export function poolOf(slot: U256): U256 {
  return read(offset(slot, 3));
}

export function savePool(slot: U256, pool: U256): void {
  write(offset(slot, 3), pool);
}

export function leftWeightOf(slot: U256): U256 {
  return read(offset(slot, 4));
}

export function saveLeftWeight(slot: U256, weight: U256): void {
  write(offset(slot, 4), weight);
}

export function bandsOf(slot: U256): Bands {
  return changetype<Bands>(read(offset(slot, 5)));
}

export function saveBands(slot: U256, bands: Bands): void {
  write(offset(slot, 5), changetype<U256>(bands));
}

export function valueOf(slot: U256): U256 {
  return read(offset(slot, 6));
}

export function firstQuartileOf(slot: U256): U256 {
  return read(offset(slot, 7));
}

export function thirdQuartileOf(slot: U256): U256 {
  return read(offset(slot, 8));
}

export function saveValues(slot: U256, value: U256, q1: U256, q3: U256): void {
  write(offset(slot, 6), value);
  write(offset(slot, 7), q1);
  write(offset(slot, 8), q3);
}

function entrySlot(slot: U256, seat: u64): U256 {
  return offset(slot, entriesOffset + 2 * seat);
}

export function reporterOf(slot: U256, seat: u64): U256 {
  return accountOf(read(entrySlot(slot, seat)));
}

export function bondOf(slot: U256, seat: u64): U256 {
  return amountOf(read(entrySlot(slot, seat)));
}

export function saveReporter(slot: U256, seat: u64, reporter: U256, bond: U256): void {
  write(entrySlot(slot, seat), packAccount(reporter, bond));
}

/** The commitment, or the report when the seat's revealed bit is set. */
export function contentOf(slot: U256, seat: u64): U256 {
  return read(offset(entrySlot(slot, seat), 1));
}

export function saveContent(slot: U256, seat: u64, content: U256): void {
  write(offset(entrySlot(slot, seat), 1), content);
}

/** Value (|v| < 2^191) and weight (< 2^56) in one word. */
export function packReport(value: U256, weight: u64): U256 {
  return limbs(value.limb0, value.limb1, value.limb2, weight | reportMark);
}

export function reportedValue(content: U256): U256 {
  return limbs(content.limb0, content.limb1, content.limb2, <u64>(<i64>content.limb2 >> 63));
}

export function reportedWeight(content: U256): u64 {
  return content.limb3 & (reportMark - 1);
}
