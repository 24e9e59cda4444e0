/**
 * The end of a round. `finalize` computes the value with a constant number of writes, so that it
 * fits any block; `settle` pays, slashes and unlocks seat by seat, from a cursor. Winners' shares
 * round down and the last of them takes the rest, losers' penalties round up: always solvent.
 */

import { blockNumber } from "../sdk/host";
import { mark, release } from "../sdk/memory";
import { sender } from "../sdk/message";
import { emit, event } from "../sdk/output";
import { low128, pack128, high128 } from "../sdk/packed";
import { fail1, fail2, require } from "../sdk/revert";
import { assign, half, isZero, limbs, U256, u256 } from "../sdk/u256";
import {
  addReport, applyCap, Ballot, capOf, Consensus, consensusOf, isBetween, isBeyond, isWithin,
  newBallot,
} from "./aggregate";
import { credit, penalized } from "./credits";
import {
  acornsPerWeight, answeredRoundOf, changePot, latestRoundOf, minTotalStakeOf, publishAnswer, setLatestRound, Terms,
  termsOf, windowsOf,
} from "./feed";
import { disputerOf } from "./dispute";
import { errors, events } from "./interface";
import { lockKey, releaseBond } from "./parts";
import { IDLE, phaseOf, revealEnd } from "./phases";
import { penaltyOf, REASON_FALSE_BAND, REASON_NO_REVEAL, REASON_OUTLIER } from "./reporting";
import {
  Bands, bandsOf, bondOf, contentOf, DISPUTED, FINAL, firstQuartileOf, leftWeightOf, Marks, marksOf, OPEN,
  NONE, poolOf, REFUTED, reportedValue, reportedWeight, reporterOf, roundSlot, saveBands, saveLeftWeight,
  saveMarks, savePool, saveValues, saveWeights, seatsMax, thirdQuartileOf, timesOf, valueOf, VOID,
  weightsOf,
} from "./round";

const TOO_FEW_REPORTS: u64 = 1;
const TOO_LITTLE_WEIGHT: u64 = 2;
const partsPerMillion: u64 = 1_000_000;

/** Computes a round's value once its reveals are over, or declares it void. Anyone may. */
export function finalize(feed: U256, round: u64): void {
  const windows = windowsOf(feed);
  const slot = roundSlot(feed, round);
  const marks = marksOf(slot);
  require(marks.state != NONE, errors.NoRound);
  require(marks.state == OPEN, errors.AlreadyFinal);
  if (blockNumber() < revealEnd(windows, round)) {
    fail2(errors.WrongPhase, u256(phaseOf(windows, round)), u256(IDLE));
  }
  const terms = termsOf(feed);
  const weights = weightsOf(slot);
  const ballot = ballotOf(slot, marks);
  marks.reports = <u8>ballot.count;
  weights.revealed = ballot.total;
  weights.finalBlock = blockNumber();
  const quorum = u256(weights.total) * u256(terms.minWeightBps);
  if (ballot.count < <i32>windows.minReports) {
    voidRound(feed, round, slot, marks, TOO_FEW_REPORTS);
  } else if (u256(ballot.total) * u256(10_000) < quorum) {
    voidRound(feed, round, slot, marks, TOO_LITTLE_WEIGHT);
  } else {
    weights.cap = capOf(ballot, terms.weightCapBps);
    applyCap(ballot, weights.cap);
    finish(feed, round, slot, marks, terms, ballot, weights.revealed);
  }
  saveWeights(slot, weights);
  saveMarks(slot, marks);
}

function ballotOf(slot: U256, marks: Marks): Ballot {
  const ballot = newBallot(popcnt<u64>(marks.revealed) as u32);
  for (let seat: u32 = 0; seat < seatsMax; seat++) {
    if (((marks.revealed >> seat) & 1) == 0) continue;
    const content = contentOf(slot, seat);
    addReport(ballot, reportedValue(content), reporterOf(slot, seat), reportedWeight(content));
  }
  return ballot;
}

/** The pool rolls over; value and time of the feed stay what they were. */
function voidRound(feed: U256, round: u64, slot: U256, marks: Marks, reason: u64): void {
  marks.state = VOID;
  const pool = poolOf(slot);
  changePot(feed, low128(pool), u256(0));
  savePool(slot, pack128(u256(0), high128(pool)));
  emit(event(events.RoundVoided, 3).word(feed).number(round).number(reason), 3);
}

function finish(
  feed: U256, round: u64, slot: U256, marks: Marks, terms: Terms, ballot: Ballot, revealed: u64,
): void {
  marks.state = FINAL;
  const consensus = consensusOf(ballot);
  saveValues(slot, consensus.value, consensus.q1, consensus.q3);
  const bands = measure(ballot, consensus, terms);
  const leftWeight = u256(0);
  for (let index = 0; index < ballot.count; index++) {
    const position = mark();
    const report = ballot.at(index);
    const part = rewardWeight(report.value, report.weight, consensus, bands, terms);
    assign(leftWeight, leftWeight + part);
    release(position);
  }
  saveLeftWeight(slot, leftWeight);
  const pool = low128(poolOf(slot));
  const collector = pool / u256(100);
  savePool(slot, pack128(pool - collector, pool));
  credit(feed, round, sender(), collector);
  if (round > latestRoundOf(feed)) {
    bands.previous = answeredRoundOf(feed);
    setLatestRound(feed, round, round);
    publish(feed, slot, revealed);
  }
  saveBands(slot, bands);
  const writer = event(events.RoundFinalized, 6).word(feed).number(round);
  writer.word(consensus.value).word(consensus.q1).word(consensus.q3);
  emit(writer.number(ballot.total), 3);
}

/** Makes the value of a round, with all the weight that was revealed for it, the feed's answer. */
export function publish(feed: U256, slot: U256, weight: u64): void {
  const stake = u256(weight) * u256(acornsPerWeight);
  const isBootstrap = stake < minTotalStakeOf(feed);
  publishAnswer(feed, valueOf(slot), timesOf(slot).revealedTime, isBootstrap);
}

function measure(ballot: Ballot, consensus: Consensus, terms: Terms): Bands {
  const bands = changetype<Bands>(limbs(0, 0, 0, 0));
  for (let index = 0; index < ballot.count; index++) {
    const position = mark();
    const report = ballot.at(index);
    if (isWithin(report.value, consensus.value, terms.bandBps)) bands.inBand += report.weight;
    if (isBetween(report.value, consensus.q1, consensus.q3)) bands.inQuartiles += report.weight;
    release(position);
  }
  return bands;
}

/**
 * A report's part of the pool: the primary share goes to the middle half, the other to the band,
 * each in proportion to weight. Scaled by both sums instead of divided by them, so that nothing is
 * lost; below 2^138. When the band is empty the middle half, which never is, takes all.
 */
function rewardWeight(
  value: U256, weight: u64, consensus: Consensus, bands: Bands, terms: Terms,
): U256 {
  let sum = u256(0);
  if (isBetween(value, consensus.q1, consensus.q3)) {
    const share: u64 = bands.inBand == 0 ? partsPerMillion : terms.primarySharePpm;
    const scale: u64 = bands.inBand == 0 ? 1 : bands.inBand;
    sum = u256(share) * u256(weight) * u256(scale);
  }
  if (isWithin(value, consensus.value, terms.bandBps)) {
    const share = u256(partsPerMillion - terms.primarySharePpm);
    sum = sum + share * u256(weight) * u256(bands.inQuartiles);
  }
  return sum;
}

/** Settles up to `maxIter` reports after the dispute window; returns how many are left. */
export function settle(feed: U256, round: u64, maxIter: u64): u64 {
  const windows = windowsOf(feed);
  const slot = roundSlot(feed, round);
  const marks = marksOf(slot);
  require(marks.state != DISPUTED, errors.DisputePending);
  require(marks.state != NONE && marks.state != OPEN, errors.NoRound);
  require(marks.cursor < <u8>seatsMax, errors.AlreadySettled);
  const from = weightsOf(slot).finalBlock + windows.disputeBlocks;
  if (blockNumber() < from) fail1(errors.NotSettleable, u256(from));
  let settled: u64 = 0;
  let seat: u64 = marks.cursor;
  const terms = termsOf(feed);
  for (; seat < seatsMax && settled < maxIter; seat++) {
    if (((marks.committed >> seat) & 1) == 0) continue;
    const position = mark();
    settleSeat(feed, round, slot, marks, terms, seat);
    release(position);
    settled++;
  }
  const left = seat < seatsMax ? marks.committed >> seat : 0;
  marks.cursor = left == 0 ? <u8>seatsMax : <u8>seat;
  saveMarks(slot, marks);
  if (left == 0) endRound(feed, round, slot);
  return popcnt<u64>(left);
}

/** Nothing is left of the pool when somebody won; a remainder would return to the pot. */
function endRound(feed: U256, round: u64, slot: U256): void {
  const pool = poolOf(slot);
  const left = low128(pool);
  if (!isZero(left)) {
    changePot(feed, left, u256(0));
    savePool(slot, pack128(u256(0), high128(pool)));
  }
  emit(event(events.RoundSettled, 2).word(feed).number(round), 3);
}

function settleSeat(
  feed: U256, round: u64, slot: U256, marks: Marks, terms: Terms, seat: u64,
): void {
  const reporter = reporterOf(slot, seat);
  const bond = bondOf(slot, seat);
  const bit = (<u64>1) << seat;
  let bps: u64 = 0;
  let reason: u64 = 0;
  if ((marks.revealed & bit) == 0) {
    if ((marks.exposed & bit) == 0) {
      bps = terms.noRevealSlashBps;
      reason = REASON_NO_REVEAL;
    }
  } else if (marks.state == FINAL && judge(feed, round, slot, terms, seat, reporter)) {
    bps = terms.outlierSlashBps;
    reason = REASON_OUTLIER;
  } else if (marks.state == REFUTED && isInFalseBand(slot, terms, seat)) {
    bps = 10_000;
    reason = REASON_FALSE_BAND;
  }
  const amount = penaltyOf(bond, bps);
  const kept = releaseBond(lockKey(feed, round, reporter), amount, reason);
  if (isZero(amount)) return;
  const bounty = reason == REASON_FALSE_BAND ? half(kept) : u256(0);
  if (!isZero(bounty)) credit(feed, round, disputerOf(feed, round), bounty);
  changePot(feed, kept - bounty, u256(0));
  penalized(feed, round, reporter, reason, amount, kept);
}

/**
 * Whether a report stood by a value that a jury refuted. The band around the value decides, not the
 * middle half: an honest minority of a quarter or more lies in that.
 */
function isInFalseBand(slot: U256, terms: Terms, seat: u64): bool {
  const value = reportedValue(contentOf(slot, seat));
  const center = valueOf(slot);
  return value == center || isWithin(value, center, terms.bandBps);
}

/** Rewards a report; true when it is an outlier. The middle half never is, however wide. */
function judge(
  feed: U256, round: u64, slot: U256, terms: Terms, seat: u64, reporter: U256,
): bool {
  const content = contentOf(slot, seat);
  const value = reportedValue(content);
  const consensus = changetype<Consensus>(limbs(0, 0, 0, 0));
  consensus.value = valueOf(slot);
  consensus.q1 = firstQuartileOf(slot);
  consensus.q3 = thirdQuartileOf(slot);
  const weight = min(reportedWeight(content), weightsOf(slot).cap);
  const part = rewardWeight(value, weight, consensus, bandsOf(slot), terms);
  if (!isZero(part)) {
    const pool = poolOf(slot);
    const leftWeight = leftWeightOf(slot);
    const reward = (low128(pool) * part) / leftWeight;
    savePool(slot, pack128(low128(pool) - reward, high128(pool)));
    saveLeftWeight(slot, leftWeight - part);
    credit(feed, round, reporter, reward);
    return false;
  }
  if (isBetween(value, consensus.q1, consensus.q3)) return false;
  if (isZero(consensus.value)) return false; // no relative distance from zero
  return isBeyond(value, consensus.value, terms.outlierBps);
}
