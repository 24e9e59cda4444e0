/**
 * A feed in storage. mapping(bytes32 => Feed) at slot 1, Feed = {Head; int256 minAnswer; int256
 * maxAnswer; bytes32 digest; Latest; uint256 conf}; mapping(bytes32 => mapping(uint32 => {int192
 * answer; uint64 updatedAt})) rounds at 2; mapping(bytes32 digest => mapping(address => uint256
 * number + 1)) at 3; mapping(bytes32 digest => mapping(uint256 => address)) at 4. Signers are kept
 * by digest, so that those of an old configuration need no deletion. The classes are storage words.
 */

import { require } from "../sdk/revert";
import { mapped, offset, read, write } from "../sdk/storage";
import { isZero, limbs, U256, u256 } from "../sdk/u256";
import { errors } from "./interface";

const feedsSlot: u64 = 1;
const roundsSlot: u64 = 2;
const numbersSlot: u64 = 3;
const signersSlot: u64 = 4;

// @ts-ignore: decorator
@unmanaged @final
export class Head {
  owner0: u64;
  owner1: u64;
  owner2: u32;
  heartbeat: u32;
  configCount: u32;
  deviationBps: u16;
  /** Signers that may be faulty; f + 1 signatures make a report. */
  f: u8;
  signers: u8;

  owner(): U256 {
    return limbs(this.owner0, this.owner1, this.owner2, 0);
  }
}

// @ts-ignore: decorator
@unmanaged @final
export class Latest {
  epochAndRound: u64;
  block: u64;
  round: u32;
  observations: u32;
  reserved: u64;
}

function feedSlot(feed: U256): U256 {
  return mapped(u256(feedsSlot), feed);
}

/** Head of a feed; reverts for one that does not exist. */
export function headOf(feed: U256): Head {
  const word = read(feedSlot(feed));
  require(!isZero(word), errors.UnknownFeed);
  return changetype<Head>(word);
}

export function saveHead(feed: U256, head: Head): void {
  write(feedSlot(feed), changetype<U256>(head));
}

export function minAnswerOf(feed: U256): U256 {
  return read(offset(feedSlot(feed), 1));
}

export function maxAnswerOf(feed: U256): U256 {
  return read(offset(feedSlot(feed), 2));
}

export function saveRange(feed: U256, minAnswer: U256, maxAnswer: U256): void {
  write(offset(feedSlot(feed), 1), minAnswer);
  write(offset(feedSlot(feed), 2), maxAnswer);
}

export function digestOf(feed: U256): U256 {
  return read(offset(feedSlot(feed), 3));
}

export function saveDigest(feed: U256, digest: U256): void {
  write(offset(feedSlot(feed), 3), digest);
}

export function latestOf(feed: U256): Latest {
  return changetype<Latest>(read(offset(feedSlot(feed), 4)));
}

export function saveLatest(feed: U256, latest: Latest): void {
  write(offset(feedSlot(feed), 4), changetype<U256>(latest));
}

export function confidenceOf(feed: U256): U256 {
  return read(offset(feedSlot(feed), 5));
}

export function saveConfidence(feed: U256, confidence: U256): void {
  write(offset(feedSlot(feed), 5), confidence);
}

function roundSlot(feed: U256, round: u32): U256 {
  return mapped(mapped(u256(roundsSlot), feed), u256(round));
}

export function saveRound(feed: U256, round: u32, answer: U256, updatedAt: u64): void {
  write(roundSlot(feed, round), limbs(answer.limb0, answer.limb1, answer.limb2, updatedAt));
}

/** The word of a round; zero when it does not exist. */
export function roundOf(feed: U256, round: u32): U256 {
  return read(roundSlot(feed, round));
}

export function answerOf(round: U256): U256 {
  return limbs(round.limb0, round.limb1, round.limb2, signOf(round));
}

export function updatedAtOf(round: U256): u64 {
  return round.limb3;
}

/** What the highest limb of an int192 must be. */
function signOf(value: U256): u64 {
  return <i64>value.limb2 < 0 ? 0xffffffffffffffff : 0;
}

export function fitsInt192(value: U256): bool {
  return value.limb3 == signOf(value);
}

/** The number of a signer under `digest`, or -1. */
export function numberOf(digest: U256, signer: U256): i64 {
  return <i64>read(mapped(mapped(u256(numbersSlot), digest), signer)).limb0 - 1;
}

export function signerOf(digest: U256, number: u64): U256 {
  return read(mapped(mapped(u256(signersSlot), digest), u256(number)));
}

export function saveSigner(digest: U256, number: u64, signer: U256): void {
  write(mapped(mapped(u256(numbersSlot), digest), signer), u256(number + 1));
  write(mapped(mapped(u256(signersSlot), digest), u256(number)), signer);
}
