/**
 * What consumers read. A value's time is that of the last reveal behind it, so that a late finalize
 * or a void round never makes old news look fresh. Rounds without a value answer zeros in the
 * Chainlink-shaped reads; the strict read reverts instead.
 */

import { blockTimestamp } from "../sdk/host";
import { returns } from "../sdk/output";
import { fail2, require } from "../sdk/revert";
import { U256, fitsU64, u256, wrappingSubtract } from "../sdk/u256";
import { acornsPerWeight, answeredRoundOf, latestRoundOf, minTotalStakeOf, termsOf, windowsOf } from "./feed";
import { errors } from "./interface";
import {
  DISPUTED, FINAL, firstQuartileOf, marksOf, roundSlot, thirdQuartileOf, timesOf, valueOf, weightsOf,
} from "./round";

/** States of a feed in `status`. */
const NO_VALUE: u64 = 0;
const FRESH: u64 = 1;
const STALE: u64 = 2;
const BOOTSTRAP: u64 = 3;

export function latestRoundData(feed: U256): void {
  windowsOf(feed);
  writeRoundData(feed, latestRoundOf(feed), answeredRoundOf(feed));
}

export function getRoundData(feed: U256, round: U256): void {
  windowsOf(feed);
  const number = fitsU64(round) ? round.limb0 : 0;
  writeRoundData(feed, number, number);
}

/** `answered` is an earlier round than `round` when a jury refuted what lies between. */
function writeRoundData(feed: U256, round: u64, answered: u64): void {
  const slot = roundSlot(feed, answered);
  const writer = returns(5).number(round);
  if (!hasValue(slot)) {
    writer.number(0).number(0).number(0).number(0);
    return;
  }
  const times = timesOf(slot);
  writer.word(valueOf(slot)).number(times.openedTime).number(times.revealedTime).number(answered);
}

/** A disputed value stands until it is refuted: else a small fee would silence any feed. */
function hasValue(slot: U256): bool {
  const state = marksOf(slot).state;
  return state == FINAL || state == DISPUTED;
}

/** Half-width of the value's quartile band, the wider side. */
function confidenceOf(slot: U256): U256 {
  const value = valueOf(slot);
  const below = wrappingSubtract(value, firstQuartileOf(slot));
  const above = wrappingSubtract(thirdQuartileOf(slot), value);
  return below > above ? below : above;
}

/** Stake whose reports made the value, in acorns. */
function stakeBehind(slot: U256): U256 {
  return u256(weightsOf(slot).revealed) * u256(acornsPerWeight);
}

function age(slot: U256): u64 {
  return blockTimestamp() - timesOf(slot).revealedTime;
}

export function status(feed: U256): void {
  windowsOf(feed);
  const terms = termsOf(feed);
  const round = answeredRoundOf(feed);
  const writer = returns(8);
  if (round == 0) {
    writer.number(NO_VALUE).number(0).number(0).number(0).number(0).number(0);
  } else {
    const slot = roundSlot(feed, round);
    const times = timesOf(slot);
    const isBootstrap = stakeBehind(slot) < minTotalStakeOf(feed);
    const state = isBootstrap ? BOOTSTRAP : age(slot) > terms.heartbeat ? STALE : FRESH;
    writer.number(state).word(valueOf(slot)).word(confidenceOf(slot));
    writer.number(times.revealedTime).number(times.revealedBlock).number(marksOf(slot).reports);
  }
  writer.number(terms.heartbeat).number(terms.deviationBps);
}

/**
 * The strict read: reverts without a value, below the minimum stake, or beyond `maxAge` seconds.
 */
export function getPriceNoOlderThan(feed: U256, maxAge: U256): void {
  windowsOf(feed);
  const round = answeredRoundOf(feed);
  require(round != 0, errors.NoData);
  const slot = roundSlot(feed, round);
  const stake = stakeBehind(slot);
  const need = minTotalStakeOf(feed);
  if (stake < need) fail2(errors.Bootstrap, stake, need);
  const seconds = u256(age(slot));
  if (seconds > maxAge) fail2(errors.Stale, seconds, maxAge);
  returns(3).word(valueOf(slot)).word(confidenceOf(slot)).number(timesOf(slot).revealedTime);
}
