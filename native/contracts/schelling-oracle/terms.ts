/**
 * The terms of all juries, fixed at construction: windows in blocks, bounds, penalties and fees.
 * address stakeRegistry at slot 0, address fund at 1, Windows at 2, {uint128 minStake; uint128
 * feePerJuror} at 3, {uint128 floor; uint16 incoherentBps; uint16 absentBps} at 4.
 */

import { unsigned } from "../sdk/calldata";
import { high128, low128, pack128 } from "../sdk/packed";
import { returns } from "../sdk/output";
import { fail1, require } from "../sdk/revert";
import { read, write } from "../sdk/storage";
import { divideUp, fresh, limbs, loadWord, U256, u256 } from "../sdk/u256";
import { errors } from "./interface";

/** A jury never has more seats, so that every loop over one fits a transaction. */
export const seatsMost: u64 = 31;
export const seatsLeast: u64 = 3;
const termWords: u32 = 16;

// @ts-ignore: decorator
@unmanaged @final
export class Windows {
  commitBlocks: u32;
  sealBlocks: u32;
  revealBlocks: u32;
  appealBlocks: u32;
  /** From the opening of a round to the block whose id seeds its draw. */
  seedBlocks: u32;
  /** Age that juror stake must have when a question is asked. */
  stakeDelay: u32;
  jurorsMax: u8;
  rollsMax: u8;
  appealsMax: u8;
  reserved: u8;
  /** More than this part of the seats must reveal. */
  quorumBps: u16;
  alphaBps: u16;
}

export function stakeRegistry(): U256 {
  return read(u256(0));
}

export function fund(): U256 {
  return read(u256(1));
}

export function windows(): Windows {
  return changetype<Windows>(read(u256(2)));
}

export function minStake(): U256 {
  return low128(read(u256(3)));
}

export function feePerJuror(): U256 {
  return high128(read(u256(3)));
}

export function stakeFloor(): U256 {
  return low128(read(u256(4)));
}

/** What one vote is about: minStake * alpha / 10000. */
function lockPerVote(): U256 {
  return (minStake() * u256(windows().alphaBps)) / u256(10_000);
}

/** Losers' amounts round up. */
function penalty(bps: u64): U256 {
  return divideUp(lockPerVote() * u256(bps), u256(10_000));
}

export function incoherentPenalty(): U256 {
  return penalty(high128(read(u256(4))).limb0 & 0xffff);
}

/** Also what a seat reserves of its juror's stake: no penalty is higher. */
export function absentPenalty(): U256 {
  return penalty((high128(read(u256(4))).limb0 >> 16) & 0xffff);
}

/** Field `index` of the terms, refused outside [low, high]. */
function bounded(source: usize, index: u32, low: u64, high: u64): u64 {
  const value = unsigned(loadWord(source + (<usize>index << 5)), 64);
  if (value < low || value > high) fail1(errors.BadTerms, u256(index));
  return value;
}

/** An amount above zero and below 2^90, so that a jury's fees stay below 2^96. */
function amount(source: usize, index: u32): U256 {
  const word = loadWord(source + (<usize>index << 5));
  const isLarge = (word.limb3 | word.limb2 | (word.limb1 >> 26)) != 0;
  if (isLarge || (word.limb0 | word.limb1) == 0) fail1(errors.BadTerms, u256(index));
  return word;
}

export function setTerms(registry: U256, treasury: U256, source: usize): void {
  const terms = changetype<Windows>(fresh());
  terms.commitBlocks = <u32>bounded(source, 0, 1, 40_320);
  terms.sealBlocks = <u32>bounded(source, 1, 1, 100);
  terms.revealBlocks = <u32>bounded(source, 2, 1, 40_320);
  terms.appealBlocks = <u32>bounded(source, 3, 2, 40_320);
  terms.seedBlocks = <u32>bounded(source, 4, 1, 1_000);
  terms.stakeDelay = <u32>bounded(source, 5, 0, 40_320);
  terms.jurorsMax = <u8>bounded(source, 6, seatsLeast, seatsMost);
  terms.rollsMax = <u8>bounded(source, 7, 0, 4);
  terms.appealsMax = <u8>bounded(source, 8, 0, 4);
  terms.reserved = 0;
  terms.quorumBps = <u16>bounded(source, 9, 0, 9_999);
  const incoherentBps = bounded(source, 10, 1, 10_000);
  // Silence never costs less than error, or it would pay to wait for the others' reveals.
  const absentBps = bounded(source, 11, incoherentBps, 20_000);
  terms.alphaBps = <u16>bounded(source, 12, 1, 10_000);
  write(u256(0), registry);
  write(u256(1), treasury);
  write(u256(2), changetype<U256>(terms));
  write(u256(3), pack128(amount(source, 13), amount(source, 14)));
  const least = amount(source, 15);
  write(u256(4), pack128(least, limbs(incoherentBps | (absentBps << 16), 0, 0, 0)));
  // Above the floor the largest jury can be drawn.
  require(least >= absentPenalty() * u256(terms.jurorsMax), errors.BadConstructor);
}

/** The terms in the order of their ABI. */
export function writeTerms(): void {
  const terms = windows();
  const penalties = high128(read(u256(4))).limb0;
  returns(termWords).number(terms.commitBlocks).number(terms.sealBlocks)
    .number(terms.revealBlocks).number(terms.appealBlocks).number(terms.seedBlocks)
    .number(terms.stakeDelay).number(terms.jurorsMax).number(terms.rollsMax)
    .number(terms.appealsMax).number(terms.quorumBps).number(penalties & 0xffff)
    .number((penalties >> 16) & 0xffff).number(terms.alphaBps).word(minStake())
    .word(feePerJuror()).word(stakeFloor());
}
