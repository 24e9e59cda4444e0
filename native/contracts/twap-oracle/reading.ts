/**
 * Means over a window and what makes one unfit: a history that is too short, blocks without a price,
 * a clock that ran away from the blocks, means by time and by blocks that disagree.
 */

import { input, returnData, returned, returnLength, tryView, view } from "../sdk/call";
import { blockTimestamp } from "../sdk/host";
import { mulDiv } from "../sdk/mathematics";
import { allocate } from "../sdk/memory";
import { returns } from "../sdk/output";
import { fail, fail1, fail2, require, revertBytes } from "../sdk/revert";
import { isZero, limbs, storeWord, U256, u256 } from "../sdk/u256";
import { selectors as pair } from "../amm-pair/interface";
import { Terms, termsOf } from "./feed";
import { errors } from "./interface";

const allBps: u64 = 10_000;

/** What a pair says of a window, and its verdict. Means are UQ112x112, floored. */
// @ts-ignore: decorator
@unmanaged @final
export class Reading {
  /** Revert data of what makes the window unfit; null when nothing does. */
  fault: usize;
  faultLength: u32;
  timeMean: U256;
  blockMean: U256;
  /** Sum of ticks times seconds. */
  ticks: i64;
  blocks: u64;
  /** Of the last block with a trade; 0 before the first. */
  tradeTime: u64;
  tradeHeight: u64;
}

function blame(reading: Reading, selector: u32, words: u32, first: U256, second: U256): void {
  if (reading.fault != 0) return; // the first fault is the one that is told
  const data = allocate(68);
  store<u32>(data, bswap(selector));
  storeWord(data + 4, first);
  storeWord(data + 36, second);
  reading.fault = data;
  reading.faultLength = 4 + (words << 5);
}

/** Means of the last `window` seconds, with the guards of the feed; never reverts by itself. */
export function readWindow(terms: Terms, window: u64, zeroForOne: bool): Reading {
  const reading = changetype<Reading>(allocate(48));
  memory.fill(changetype<usize>(reading), 0, 48);
  if (!tryView(terms.pool, input(pair.span, 1).number(window))) {
    reading.faultLength = returnLength;
    reading.fault = returnData();
    return reading;
  }
  const sinceSeconds = returned(0);
  const sinceBlocks = returned(1);
  const blocks = returned(2);
  reading.blocks = blocks.limb0;
  reading.ticks = <i64>returned(3).limb0;
  reading.timeMean = returned(zeroForOne ? 4 : 5) / u256(window);
  reading.blockMean = returned(zeroForOne ? 6 : 7) / blocks;
  reading.tradeTime = returned(9).limb0;
  reading.tradeHeight = returned(10).limb0;
  const none = u256(0);
  if (!isZero(returned(8))) blame(reading, errors.NoLiquidity, 0, none, none);
  const limit = <u64>terms.maxSecondsPerBlock;
  if (limit != 0 && sinceSeconds.limb0 > sinceBlocks.limb0 * limit) {
    blame(reading, errors.TimestampSkew, 2, sinceSeconds, sinceBlocks);
  }
  const need = u256(terms.minBlocks);
  if (blocks < need) blame(reading, errors.TooFewBlocks, 2, blocks, need);
  if (diverges(reading, terms.divergenceBps)) {
    blame(reading, errors.SourcesDiverge, 2, reading.timeMean, reading.blockMean);
  }
  return reading;
}

/** Whether the larger mean exceeds the smaller by more than `bps`; 0 is never. */
function diverges(reading: Reading, bps: u64): bool {
  if (bps == 0) return false;
  const isAbove = reading.timeMean > reading.blockMean;
  const larger = isAbove ? reading.timeMean : reading.blockMean;
  const smaller = isAbove ? reading.blockMean : reading.timeMean;
  return larger * u256(allBps) > smaller * u256(allBps + bps);
}

/** The reading, or its fault as revert. */
export function sound(reading: Reading): Reading {
  if (reading.fault != 0) revertBytes(reading.fault, reading.faultLength);
  return reading;
}

/** The feed's own limit on the time without a trade. */
function requireTraded(terms: Terms, tradeTime: u64): void {
  if (terms.maxAge == 0) return;
  require(tradeTime != 0, errors.NoData);
  const age = blockTimestamp() - tradeTime;
  if (age > terms.maxAge) fail2(errors.Stale, u256(age), u256(terms.maxAge));
}

function consulted(terms: Terms, window: u64, zeroForOne: bool): Reading {
  const shortest = terms.minWindow;
  if (window < shortest) fail1(errors.WindowTooShort, u256(shortest));
  const reading = sound(readWindow(terms, window, zeroForOne));
  requireTraded(terms, reading.tradeTime);
  return reading;
}

/** What `amount` is worth at a mean price, rounded down. */
export function worth(mean: U256, amount: U256): U256 {
  return mulDiv(mean, amount, limbs(0, <u64>1 << 48, 0, 0));
}

export function consult(feed: U256, window: u64, amountIn: U256, zeroForOne: u64): void {
  const terms = termsOf(feed);
  const mean = consulted(terms, window, zeroForOne != 0).timeMean;
  view(terms.pool, input(pair.longestSegment, 1).number(window));
  const longest = returned(0).limb0;
  returns(3).word(worth(mean, amountIn)).number(window).number(longest * allBps / window);
}

/** Mean tick, rounded down: the geometric mean of the price. */
export function consultTick(feed: U256, window: u64): U256 {
  const ticks = consulted(termsOf(feed), window, true).ticks;
  let tick = ticks / <i64>window;
  if (ticks < 0 && ticks % <i64>window != 0) tick--;
  const sign = <u64>(tick >> 63);
  return limbs(<u64>tick, sign, sign, sign);
}

/** The mean over blocks, on which timestamps have no hold. */
export function consultBlocks(feed: U256, blocks: u64, amountIn: U256, zeroForOne: u64): U256 {
  const terms = termsOf(feed);
  const need: u64 = terms.minBlocks == 0 ? 1 : terms.minBlocks;
  if (blocks < need) fail2(errors.TooFewBlocks, u256(blocks), u256(need));
  view(terms.pool, input(pair.blockSpan, 1).number(blocks));
  const sum = returned(zeroForOne != 0 ? 0 : 1);
  if (!isZero(returned(2))) fail(errors.NoLiquidity);
  requireTraded(terms, returned(3).limb0);
  return worth(sum / u256(blocks), amountIn);
}
