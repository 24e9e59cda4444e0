/**
 * CommitRevealOracle: a numeric value agreed on by many staked reporters on a chain whose miners
 * may be among them. Here: construction, feeds, funding and the reads for reporters; reporting.ts
 * has commit and reveal, settlement.ts the end of a round, dispute.ts the way to a jury, reading.ts
 * what consumers call.
 *
 * Books: balance = pots + `left` of open and unsettled rounds + bonds of open disputes + credits
 * that nobody claimed yet.
 */

import { address, bytesAt, Span } from "../sdk/calldata";
import { call, input, returned } from "../sdk/call";
import { blockNumber } from "../sdk/host";
import { sender, value } from "../sdk/message";
import { emit, event, returns } from "../sdk/output";
import { high128, low128 } from "../sdk/packed";
import { require } from "../sdk/revert";
import { keccak, mapped, read } from "../sdk/storage";
import { isZero, loadWord, U256, u256 } from "../sdk/u256";
import { selectors as registry } from "../oracle-registry/interface";
import {
  changePot, configurationWords, createTerms, windowsOf, writeConfiguration,
} from "./feed";
import { errors, events } from "./interface";
import { jury, oracleFund, oracleRegistry, setParts, stakeRegistry } from "./parts";
import * as phases from "./phases";
import {
  bondOf, contentOf, firstQuartileOf, marksOf, poolOf, reportedValue, reportedWeight, reporterOf,
  roundSlot, seatsMax, thirdQuartileOf, timesOf, valueOf, weightsOf,
} from "./round";
import { anySeatOf, holderOf, seatAtGenesis, seatFrom } from "./seats";

export { claim, claimable } from "./credits";
export { disputeCost, disputeOf, disputeRound, resolveDispute } from "./dispute";
export { potOf } from "./feed";
export { getPriceNoOlderThan, getRoundData, latestRoundData, status } from "./reading";
export { commit, computeCommit, proveEarlyReveal, reveal } from "./reporting";
export { takeSeat } from "./seats";
export { finalize, settle } from "./settlement";

/** This contract's number in OracleRegistry's `kind`. */
const COMMIT_REVEAL: u64 = 1;
const saltsSlot: u64 = 7;

/** Creates the feeds of the genesis file and seats its reporters in each of them. */
export function construct(
  stakes: U256, feedRegistry: U256, fundAddress: U256, schelling: U256, reporters: Span,
  names: Span, configurations: Span,
): void {
  require(names.length == configurations.length, errors.BadConstructor);
  setParts(stakes, feedRegistry, fundAddress, schelling);
  for (let index: u32 = 0; index < names.length; index++) {
    const configuration = configurations.data + <usize>index * (configurationWords << 5);
    const feed = addFeed(bytesAt(names, index), configuration);
    for (let seat: u32 = 0; seat < reporters.length; seat++) {
      const reporter = address(loadWord(reporters.data + (<usize>seat << 5)));
      seatAtGenesis(feed, reporter);
    }
  }
}

/** Halves of slashes and refunded jury fees come here, inside calls of this contract. */
export function receive(): void {
  require(sender() == stakeRegistry() || sender() == jury(), errors.OnlyParts);
}

/** Creates an unlisted feed for ever; the 10 OAK that come with the call are burned. */
export function createFeed(name: Span, configuration: usize): U256 {
  return addFeed(name, configuration);
}

function addFeed(name: Span, configuration: usize): U256 {
  const words = (name.length + 31) >> 5;
  const question = input(registry.register, 8 + words).word(sender()).number(COMMIT_REVEAL);
  question.number(224).word(keccak(configuration, configurationWords << 5));
  question.raw(configuration); // decimals, heartbeat and deviation are its first words
  question.raw(configuration + 32).raw(configuration + 64).bytes(name.data, name.length);
  call(oracleRegistry(), question, value());
  const feed = returned(0);
  const proxy = returned(1);
  createTerms(feed, configuration);
  const start = blockNumber() + 1;
  emit(event(events.FeedCreated, 4).word(feed).word(sender()).word(proxy).number(start), 4);
  return feed;
}

/** Adds to the pot of a feed; every round draws at most `rewardPerRound` from it. */
export function fund(feed: U256): void {
  windowsOf(feed);
  require(!isZero(value()), errors.ZeroAmount);
  changePot(feed, value(), u256(0));
  emit(event(events.Funded, 3).word(feed).word(sender()).word(value()), 3);
}

export function currentRound(feed: U256): u64 {
  return phases.roundAt(windowsOf(feed), blockNumber());
}

/** Phase of this block's round and the first block after it. */
export function phase(feed: U256): void {
  const windows = windowsOf(feed);
  const round = phases.roundAt(windows, blockNumber());
  const now = phases.phaseOf(windows, round);
  let end = phases.commitStart(windows, round + 1);
  if (now == phases.COMMIT) end = phases.commitEnd(windows, round);
  if (now == phases.SEAL) end = phases.revealStart(windows, round);
  if (now == phases.REVEAL) end = phases.revealEnd(windows, round);
  returns(2).number(now).number(end);
}

export function windows(feed: U256, round: u64): void {
  const lengths = windowsOf(feed);
  returns(4).number(phases.commitStart(lengths, round)).number(phases.commitEnd(lengths, round))
    .number(phases.revealStart(lengths, round)).number(phases.revealEnd(lengths, round));
}

export function getRound(feed: U256, round: u64): void {
  const slot = roundSlot(feed, round);
  const marks = marksOf(slot);
  const times = timesOf(slot);
  const weights = weightsOf(slot);
  const pool = poolOf(slot);
  const unsettled = marks.cursor < <u8>seatsMax ? marks.committed >> marks.cursor : 0;
  returns(19).number(marks.state).number(marks.reports)
    .number(times.openedBlock).number(times.openedTime)
    .number(times.revealedBlock).number(times.revealedTime).number(weights.finalBlock)
    .number(marks.committed).number(marks.revealed).number(marks.exposed)
    .number(popcnt<u64>(unsettled))
    .number(weights.total).number(weights.revealed).number(weights.cap)
    .word(high128(pool)).word(low128(pool))
    .word(valueOf(slot)).word(firstQuartileOf(slot)).word(thirdQuartileOf(slot));
}

/** One seat's part in a round: state 0 none, 1 committed, 2 revealed, 3 exposed. */
export function getReport(feed: U256, round: u64, seat: u64): void {
  require(seat < seatsMax, errors.NotReporter);
  const slot = roundSlot(feed, round);
  const marks = marksOf(slot);
  const content = contentOf(slot, seat);
  const isRevealed = ((marks.revealed >> seat) & 1) != 0;
  let state: u64 = (marks.committed >> seat) & 1;
  if (isRevealed) state = 2;
  if ((marks.exposed >> seat) & 1) state = 3;
  const writer = returns(6).word(reporterOf(slot, seat)).word(bondOf(slot, seat)).number(state);
  if (isRevealed) {
    writer.number(0).word(reportedValue(content)).number(reportedWeight(content));
  } else {
    writer.word(content).number(0).number(0);
  }
}

export function configuration(feed: U256): void {
  writeConfiguration(feed, returns(configurationWords));
}

/** Holders of all seats in `round`, in order of seats; zero for none. */
export function seatsOf(feed: U256, round: u64): void {
  const count: u32 = windowsOf(feed).takenSeats;
  const writer = returns(2 + count).number(32).number(count);
  for (let seat: u32 = 0; seat < count; seat++) writer.word(holderOf(feed, seat, round));
}

/** The seat that `reporter` holds now or from the next round on. */
export function seatOf(feed: U256, reporter: U256): void {
  const round = currentRound(feed);
  const seat = anySeatOf(feed, reporter, round);
  const writer = returns(3).number(seat < 0 ? 0 : 1);
  if (seat < 0) writer.number(0).number(0);
  else writer.number(seat).number(seatFrom(feed, seat, reporter, round));
}

export function saltUsed(reporter: U256, salt: U256): bool {
  return !isZero(read(mapped(mapped(u256(saltsSlot), reporter), salt)));
}

export function parts(): void {
  returns(4).word(stakeRegistry()).word(oracleRegistry()).word(oracleFund()).word(jury());
}
