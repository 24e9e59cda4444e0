/**
 * Commit, reveal, and the proof that somebody told a secret too early. A commitment binds chain,
 * contract, feed, round, reporter, value and salt, so that copying or replaying it is worth
 * nothing.
 */

import { blockNumber, blockTimestamp, chainId } from "../sdk/host";
import { allocate } from "../sdk/memory";
import { self, sender } from "../sdk/message";
import { emit, event } from "../sdk/output";
import { fail2, require } from "../sdk/revert";
import { keccak, mapped, read, write } from "../sdk/storage";
import {
  divideUp, isZero, limbs, magnitude, minimum, storeWord, U256, u256,
} from "../sdk/u256";
import {
  acornsPerWeight, changePot, minStakeOf, potOf, rewardPerRoundOf, termsOf, Windows, windowsOf,
} from "./feed";
import { errors, events } from "./interface";
import { collectDue, lockBond, lockKey, slashBond, stakeAt } from "./parts";
import {
  COMMIT, commitEnd, commitStart, phaseOf, REVEAL, requirePhase, revealEnd, revealStart,
  SEAL,
} from "./phases";
import {
  bondOf, contentOf, marksOf, NONE, OPEN, packReport, roundSlot, saveContent,
  saveMarks, savePool, saveReporter, saveTimes, saveWeights, timesOf, weightsOf,
} from "./round";
import { arrive, presentWeight, seatIn } from "./seats";
import { credit, penalized } from "./credits";

const saltsSlot: u64 = 7;
export const REASON_NO_REVEAL: u64 = 1;
export const REASON_OUTLIER: u64 = 2;
export const REASON_EARLY_REVEAL: u64 = 3;
/** A jury refuted the value that this report helped to make. */
export const REASON_FALSE_BAND: u64 = 4;

/** keccak256("ORACLE_COMMIT_V1"). */
const domain: usize = memory.data<u8>([
  0x55, 0x79, 0x59, 0x49, 0xc7, 0x14, 0x43, 0xbd, 0xe0, 0xf4, 0x56, 0x7a,
  0xc1, 0x0d, 0x6a, 0x98, 0x7e, 0x20, 0x72, 0x56, 0x0b, 0x1d, 0x6e, 0x2c,
  0x33, 0xc0, 0x52, 0xde, 0x07, 0x58, 0x68, 0xb0,
]);

export function computeCommit(
  feed: U256, round: u64, reporter: U256, value: U256, salt: U256,
): U256 {
  const data = allocate(256);
  memory.copy(data, domain, 32);
  storeWord(data + 32, u256(chainId()));
  storeWord(data + 64, self());
  storeWord(data + 96, feed);
  storeWord(data + 128, u256(round));
  storeWord(data + 160, reporter);
  storeWord(data + 192, value);
  storeWord(data + 224, salt);
  return keccak(data, 256);
}

/** amount * bps / 10000, rounded up: what a reporter loses. */
export function penaltyOf(bond: U256, bps: u64): U256 {
  return divideUp(bond * u256(bps), u256(10_000));
}

/** Stake at the end of the block before the round. */
function snapshotStake(windows: Windows, round: u64, reporter: U256): U256 {
  return stakeAt(reporter, commitStart(windows, round) - 1);
}

/** Commits, or replaces a commitment while the window is open. */
export function commit(feed: U256, round: u64, hash: U256): void {
  const windows = windowsOf(feed);
  requirePhase(windows, round, COMMIT);
  require(!isZero(hash), errors.CommitMismatch);
  const reporter = sender();
  const seat = seatIn(feed, reporter, round);
  require(seat >= 0, errors.NotReporter);
  const slot = roundSlot(feed, round);
  let marks = marksOf(slot);
  if (marks.state == NONE) {
    openRound(feed, windows, round, slot);
    marks = marksOf(slot);
  }
  const bit = (<u64>1) << seat;
  if ((marks.committed & bit) == 0) {
    admit(feed, windows, round, slot, reporter, seat);
    marks.committed |= bit;
    saveMarks(slot, marks);
  }
  require((marks.exposed & bit) == 0, errors.NoCommit);
  saveContent(slot, seat, hash);
  emit(event(events.Committed, 4).word(feed).number(round).word(reporter).word(hash), 4);
}

/** The first commit of a round fixes its quorum and its pool. */
function openRound(feed: U256, windows: Windows, round: u64, slot: U256): void {
  if (termsOf(feed).listed != 0) collectDue(feed);
  const pool = minimum(potOf(feed), rewardPerRoundOf(feed));
  changePot(feed, u256(0), pool);
  savePool(slot, limbs(pool.limb0, pool.limb1, pool.limb0, pool.limb1));
  const weights = weightsOf(slot);
  weights.total = presentWeight(feed, windows, round);
  saveWeights(slot, weights);
  const times = timesOf(slot);
  times.openedBlock = blockNumber();
  times.openedTime = blockTimestamp();
  saveTimes(slot, times);
  const marks = marksOf(slot);
  marks.state = OPEN;
  saveMarks(slot, marks);
  const writer = event(events.RoundOpened, 6).word(feed).number(round);
  writer.number(commitEnd(windows, round)).number(revealStart(windows, round));
  emit(writer.number(revealEnd(windows, round)).word(pool), 3);
}

/** First commit of a reporter in a round: stake check, quorum, bond. */
function admit(
  feed: U256, windows: Windows, round: u64, slot: U256, reporter: U256, seat: u64,
): void {
  const stake = snapshotStake(windows, round, reporter);
  const minStake = minStakeOf(feed);
  if (stake < minStake) fail2(errors.StakeTooLow, stake, minStake);
  if (arrive(feed, seat, round)) {
    const weights = weightsOf(slot);
    weights.total += (stake / u256(acornsPerWeight)).limb0;
    saveWeights(slot, weights);
  }
  const bond = (stake * u256(termsOf(feed).bondBps)) / u256(10_000);
  saveReporter(slot, seat, reporter, bond);
  lockBond(reporter, lockKey(feed, round, reporter), bond);
}

/** Opens a commitment: its word becomes the report. */
export function reveal(feed: U256, round: u64, value: U256, salt: U256): void {
  const windows = windowsOf(feed);
  requirePhase(windows, round, REVEAL);
  const reporter = sender();
  const seat = seatIn(feed, reporter, round);
  const slot = roundSlot(feed, round);
  const marks = marksOf(slot);
  const bit = seat < 0 ? 0 : (<u64>1) << seat;
  require((marks.committed & ~marks.exposed & bit) != 0, errors.NoCommit);
  require((marks.revealed & bit) == 0, errors.AlreadyRevealed);
  const size = magnitude(value);
  require((size.limb3 | (size.limb2 >> 63)) == 0, errors.ValueOutOfRange);
  require((salt.limb3 | salt.limb2) != 0, errors.SaltTooWeak);
  const used = mapped(mapped(u256(saltsSlot), reporter), salt);
  require(isZero(read(used)), errors.SaltReused);
  const hash = computeCommit(feed, round, reporter, value, salt);
  require(contentOf(slot, seat) == hash, errors.CommitMismatch);
  write(used, u256(1));
  const weight = (snapshotStake(windows, round, reporter) / u256(acornsPerWeight)).limb0;
  saveContent(slot, seat, packReport(value, weight));
  marks.revealed |= bit;
  saveMarks(slot, marks);
  const times = timesOf(slot);
  times.revealedBlock = blockNumber();
  times.revealedTime = blockTimestamp();
  saveTimes(slot, times);
  const writer = event(events.Revealed, 5).word(feed).number(round).word(reporter);
  emit(writer.word(value).number(weight), 4);
}

/**
 * Whoever knows a reporter's secret before reveals begin takes a quarter of the bond (half of the
 * slash): sharing secrets to agree on a value is a gift to a stranger.
 */
export function proveEarlyReveal(
  feed: U256, round: u64, reporter: U256, value: U256, salt: U256,
): void {
  const windows = windowsOf(feed);
  const now = phaseOf(windows, round);
  if (now != COMMIT && now != SEAL) fail2(errors.WrongPhase, u256(now), u256(SEAL));
  const seat = seatIn(feed, reporter, round);
  const slot = roundSlot(feed, round);
  const marks = marksOf(slot);
  const bit = seat < 0 ? 0 : (<u64>1) << seat;
  require((marks.committed & ~marks.exposed & bit) != 0, errors.NoCommit);
  const hash = computeCommit(feed, round, reporter, value, salt);
  require(contentOf(slot, seat) == hash, errors.CommitMismatch);
  marks.exposed |= bit;
  saveMarks(slot, marks);
  const amount = penaltyOf(bondOf(slot, seat), termsOf(feed).earlyRevealSlashBps);
  const kept = slashBond(lockKey(feed, round, reporter), amount, REASON_EARLY_REVEAL);
  penalized(feed, round, reporter, REASON_EARLY_REVEAL, amount, kept);
  credit(feed, round, sender(), kept);
}
