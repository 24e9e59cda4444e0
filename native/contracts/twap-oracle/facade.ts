/**
 * What a feed's proxy asks: the mean of the feed's own window as the price of one base token in the
 * quote token's smallest units. A round is a block with a trade, and `updatedAt` is its time: no poke
 * makes an old price look fresh. What the guards refuse is zero in the Chainlink-shaped reads.
 */

import { blockTimestamp } from "../sdk/host";
import { returns, Writer } from "../sdk/output";
import { fail2, require } from "../sdk/revert";
import { distance, fitsU64, U256, u256 } from "../sdk/u256";
import { Terms, termsOf } from "./feed";
import { errors } from "./interface";
import { Reading, readWindow, sound, worth } from "./reading";

/** States of a feed in `status`; 3 is the commit-reveal oracle's bootstrap. */
const NO_VALUE: u64 = 0;
const FRESH: u64 = 1;
const STALE: u64 = 2;
const REFUSED: u64 = 4;

function ownReading(terms: Terms): Reading {
  return readWindow(terms, terms.window, terms.zeroForOne != 0);
}

/** One base token in its smallest units. */
function baseUnit(terms: Terms): U256 {
  let unit: u64 = 1;
  for (let digit: u8 = 0; digit < terms.decimals; digit++) unit *= 10;
  return u256(unit);
}

/** How far the mean by blocks is from the answer. */
function confidence(reading: Reading, unit: U256): U256 {
  return worth(distance(reading.timeMean, reading.blockMean), unit);
}

function isAnswer(reading: Reading): bool {
  return reading.fault == 0 && reading.tradeTime != 0;
}

function writeRound(writer: Writer, terms: Terms, reading: Reading): void {
  writer.word(worth(reading.timeMean, baseUnit(terms)))
    .number(blockTimestamp() - <u64>terms.window).number(reading.tradeTime)
    .number(reading.tradeHeight);
}

export function latestRoundData(feed: U256): void {
  const terms = termsOf(feed);
  const reading = ownReading(terms);
  const writer = returns(5);
  if (isAnswer(reading)) writeRound(writer.number(reading.tradeHeight), terms, reading);
  else writer.number(0).number(0).number(0).number(0).number(0);
}

/** Only the latest round has an answer: earlier means are not kept. */
export function getRoundData(feed: U256, round: U256): void {
  const terms = termsOf(feed);
  const reading = ownReading(terms);
  const writer = returns(5).word(round);
  const isLatest = fitsU64(round) && round.limb0 == reading.tradeHeight;
  if (isLatest && isAnswer(reading)) writeRound(writer, terms, reading);
  else writer.number(0).number(0).number(0).number(0);
}

export function status(feed: U256): void {
  const terms = termsOf(feed);
  const reading = ownReading(terms);
  const writer = returns(8);
  if (isAnswer(reading)) {
    const unit = baseUnit(terms);
    const age = blockTimestamp() - reading.tradeTime;
    writer.number(terms.maxAge != 0 && age > terms.maxAge ? STALE : FRESH)
      .word(worth(reading.timeMean, unit)).word(confidence(reading, unit));
  } else {
    writer.number(reading.fault != 0 && reading.tradeTime != 0 ? REFUSED : NO_VALUE);
    writer.number(0).number(0);
  }
  writer.number(reading.tradeTime).number(reading.tradeHeight).number(reading.blocks)
    .number(terms.maxAge).number(terms.divergenceBps);
}

/** The strict read: reverts with what the guards refuse and beyond `maxAge` seconds. */
export function getPriceNoOlderThan(feed: U256, maxAge: U256): void {
  const terms = termsOf(feed);
  const reading = sound(ownReading(terms));
  require(reading.tradeTime != 0, errors.NoData);
  const age = u256(blockTimestamp() - reading.tradeTime);
  if (age > maxAge) fail2(errors.Stale, age, maxAge);
  const unit = baseUnit(terms);
  returns(3).word(worth(reading.timeMean, unit)).word(confidence(reading, unit))
    .number(reading.tradeTime);
}
