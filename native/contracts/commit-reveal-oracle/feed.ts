/**
 * A feed's terms: fixed when it is created, checked against bounds, packed in four storage words.
 * mapping(bytes32 => Feed) at slot 3, Feed = {Windows; Terms; uint128 minStake; uint128
 * minTotalStake; uint128 rewardPerRound; uint128 pot; uint64 latestRound; uint64
 * answeredRound}. The classes below are
 * those words: Solidity packs from the low end, which is the order of members in memory.
 */

import { unsigned } from "../sdk/calldata";
import { blockNumber } from "../sdk/host";
import { Writer } from "../sdk/output";
import { high128, low128, pack128 } from "../sdk/packed";
import { fail1, require } from "../sdk/revert";
import { mapped, offset, read, write } from "../sdk/storage";
import { fresh, isZero, limbs, loadWord, U256, u256 } from "../sdk/u256";
import { errors } from "./interface";

const feedsSlot: u64 = 3;

export const configurationWords: u32 = 22;
/** Weights are stake in units of 10^12 acorns, below 2^56. */
export const acornsPerWeight: u64 = 1_000_000_000_000;

// @ts-ignore: decorator
@unmanaged @final
export class Windows {
  period: u32;
  commitBlocks: u32;
  sealBlocks: u32;
  revealBlocks: u32;
  disputeBlocks: u32;
  seats: u8;
  minReports: u8;
  decimals: u8;
  /** Seats that have ever been taken; holders are at 0 to takenSeats - 1. */
  takenSeats: u8;
  /** First block of round 1. */
  start: u64;
}

// @ts-ignore: decorator
@unmanaged @final
export class Terms {
  heartbeat: u32;
  deviationBps: u16;
  minWeightBps: u16;
  weightCapBps: u16;
  bondBps: u16;
  bandBps: u16;
  outlierBps: u16;
  outlierSlashBps: u16;
  noRevealSlashBps: u16;
  earlyRevealSlashBps: u16;
  /** 1 for a feed of genesis, which OracleFund pays. */
  listed: u16;
  primarySharePpm: u32;
  reserved: u32;
}

function feedSlot(feed: U256): U256 {
  return mapped(u256(feedsSlot), feed);
}

/** Windows of a feed; reverts for one that does not exist. */
export function windowsOf(feed: U256): Windows {
  const windows = changetype<Windows>(read(feedSlot(feed)));
  require(windows.period != 0, errors.UnknownFeed);
  return windows;
}

export function saveWindows(feed: U256, windows: Windows): void {
  write(feedSlot(feed), changetype<U256>(windows));
}

export function termsOf(feed: U256): Terms {
  return changetype<Terms>(read(offset(feedSlot(feed), 1)));
}

export function minStakeOf(feed: U256): U256 {
  return low128(read(offset(feedSlot(feed), 2)));
}

export function minTotalStakeOf(feed: U256): U256 {
  return high128(read(offset(feedSlot(feed), 2)));
}

export function rewardPerRoundOf(feed: U256): U256 {
  return low128(read(offset(feedSlot(feed), 3)));
}

/** Acorns that wait for coming rounds. */
export function potOf(feed: U256): U256 {
  return high128(read(offset(feedSlot(feed), 3)));
}

/** Adds to and takes from the pot, which stays below 2^96 so that shares fit 256 bits. */
export function changePot(feed: U256, plus: U256, minus: U256): void {
  const slot = offset(feedSlot(feed), 3);
  const word = read(slot);
  const pot = high128(word) + plus - minus;
  require((pot.limb1 >> 32) == 0, errors.PotTooLarge);
  write(slot, pack128(low128(word), pot));
}

/** The newest round that was final; its number never falls. */
export function latestRoundOf(feed: U256): u64 {
  return read(offset(feedSlot(feed), 4)).limb0;
}

/** The round whose value the feed answers: the newest one that no jury refuted, 0 for none. */
export function answeredRoundOf(feed: U256): u64 {
  return read(offset(feedSlot(feed), 4)).limb1;
}

export function setLatestRound(feed: U256, round: u64, answered: u64): void {
  write(offset(feedSlot(feed), 4), limbs(round, answered, 0, 0));
}

/**
 * The latest value in one word at the slot that is the feed's id itself, so that a light client
 * finds it with SHA-256 alone: {int192 value; uint40 updatedAt; uint8 flags}, flag 0 set while the
 * stake behind the value is below the feed's minimum. No other slot collides: they are hashes too.
 */
export function publishAnswer(feed: U256, value: U256, updatedAt: u64, isBootstrap: bool): void {
  const flags: u64 = isBootstrap ? 1 << 40 : 0;
  write(feed, limbs(value.limb0, value.limb1, value.limb2, updatedAt | flags));
}

function field(source: usize, index: u32, bits: u64): u64 {
  return unsigned(loadWord(source + (<usize>index << 5)), bits);
}

/** Field `index` of the configuration, refused outside [low, high]. */
function bounded(source: usize, index: u32, low: u64, high: u64): u64 {
  const value = field(source, index, 64);
  if (value < low || value > high) fail1(errors.BadConfiguration, u256(index));
  return value;
}

/**
 * Stores the configuration whose words begin at `source`. Windows of a genesis feed may be shorter:
 * a development network answers in minutes. Elsewhere 20 blocks keep a miner with 40 % of the work
 * from censoring a report (0.4^20), and a seal of 6 keeps reveals out of reach of a reorganisation.
 */
export function createTerms(feed: U256, source: usize): void {
  const listed = blockNumber() == 0;
  const shortest: u64 = listed ? 1 : 20;
  const shortestSeal: u64 = listed ? 1 : 6;
  const windows = changetype<Windows>(fresh());
  windows.decimals = <u8>bounded(source, 0, 0, 36);
  windows.commitBlocks = <u32>bounded(source, 4, shortest, 2_000);
  windows.sealBlocks = <u32>bounded(source, 5, shortestSeal, 100);
  windows.revealBlocks = <u32>bounded(source, 6, shortest, 2_000);
  const length = windows.commitBlocks + windows.sealBlocks + windows.revealBlocks;
  windows.period = <u32>bounded(source, 3, length, 1_000_000);
  windows.disputeBlocks = <u32>bounded(source, 7, shortestSeal, 40_320);
  windows.seats = <u8>bounded(source, 8, 3, 64);
  windows.minReports = <u8>bounded(source, 9, 3, windows.seats);
  windows.takenSeats = 0;
  windows.start = blockNumber() + 1;
  saveWindows(feed, windows);
  write(offset(feedSlot(feed), 1), changetype<U256>(parseTerms(source, listed)));
  const minStake = amount(source, 19);
  if (minStake < u256(acornsPerWeight)) fail1(errors.BadConfiguration, u256(19));
  write(offset(feedSlot(feed), 2), pack128(minStake, amount(source, 20)));
  const reward = amount(source, 21);
  if (isZero(reward)) fail1(errors.BadConfiguration, u256(21));
  write(offset(feedSlot(feed), 3), pack128(reward, u256(0)));
}

function parseTerms(source: usize, listed: bool): Terms {
  const terms = changetype<Terms>(fresh());
  terms.heartbeat = <u32>bounded(source, 1, 1, 0xffffffff);
  terms.deviationBps = <u16>bounded(source, 2, 0, 10_000);
  terms.minWeightBps = <u16>bounded(source, 10, 1, 10_000);
  terms.weightCapBps = <u16>bounded(source, 11, 1, 10_000);
  terms.bondBps = <u16>bounded(source, 12, 1, 10_000);
  terms.bandBps = <u16>bounded(source, 13, 1, 10_000);
  terms.primarySharePpm = <u32>bounded(source, 14, 0, 1_000_000);
  terms.outlierBps = <u16>bounded(source, 15, terms.bandBps, 10_000);
  terms.outlierSlashBps = <u16>bounded(source, 16, 0, 4_998);
  // Silence costs strictly more than error, and telling early more than silence even for one who
  // tells on itself from a second account and so gets half of the slash back.
  terms.noRevealSlashBps = <u16>bounded(source, 17, terms.outlierSlashBps + 1, 4_999);
  terms.earlyRevealSlashBps = <u16>bounded(source, 18, 2 * terms.noRevealSlashBps + 1, 10_000);
  terms.listed = <u16>listed;
  terms.reserved = 0;
  return terms;
}

/** A uint128 field; rewards and stakes of 2^96 and more are refused with it. */
function amount(source: usize, index: u32): U256 {
  const word = loadWord(source + (<usize>index << 5));
  if ((word.limb3 | word.limb2 | (word.limb1 >> 32)) != 0) {
    fail1(errors.BadConfiguration, u256(index));
  }
  return word;
}

/** Writes the configuration in the order of its ABI. */
export function writeConfiguration(feed: U256, writer: Writer): void {
  const windows = windowsOf(feed);
  const terms = termsOf(feed);
  writer.number(windows.decimals).number(terms.heartbeat).number(terms.deviationBps)
    .number(windows.period).number(windows.commitBlocks).number(windows.sealBlocks)
    .number(windows.revealBlocks).number(windows.disputeBlocks).number(windows.seats)
    .number(windows.minReports).number(terms.minWeightBps).number(terms.weightCapBps)
    .number(terms.bondBps).number(terms.bandBps).number(terms.primarySharePpm)
    .number(terms.outlierBps).number(terms.outlierSlashBps).number(terms.noRevealSlashBps)
    .number(terms.earlyRevealSlashBps).word(minStakeOf(feed)).word(minTotalStakeOf(feed))
    .word(rewardPerRoundOf(feed));
}
