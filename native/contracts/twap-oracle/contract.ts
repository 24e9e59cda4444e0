/**
 * TwapOracle: time-weighted prices of the factory's pairs. The pairs observe; here are the guards of
 * their readers and the Chainlink-shaped face of a feed. A window is never shortened and the present
 * price never stands in for a mean: what cannot be answered reverts and says what is missing.
 *
 * Here: feeds and their history; reading.ts has the means, facade.ts what a feed's proxy asks.
 */

import { Span } from "../sdk/calldata";
import { call, input, returnData, returned, returnLength, view } from "../sdk/call";
import { allocate } from "../sdk/memory";
import { sender, value } from "../sdk/message";
import { emit, event, returns, returnsRaw } from "../sdk/output";
import { text } from "../sdk/reason";
import { keccak } from "../sdk/storage";
import { isZero, storeWord, U256, u256 } from "../sdk/u256";
import { selectors as pair } from "../amm-pair/interface";
import { selectors as registry } from "../oracle-registry/interface";
import {
  adoptPool, configurationWords, keepTerms, oracleRegistry, pairFactory, setParts, Terms, termsFrom,
  termsOf, writeTerms,
} from "./feed";
import { events } from "./interface";

export { getPriceNoOlderThan, getRoundData, latestRoundData, status } from "./facade";
export { consult, consultBlocks, consultTick } from "./reading";

/** Number of this kind of feed in OracleRegistry. */
const kind: u64 = 2;

/** Guards of `createFeed`, for blocks of 15 s: honest gaps exceed 16 of them once in e^16. */
const defaultWindow: u64 = 1_800;
const defaultMinBlocks: u64 = 20;
const defaultMaxAge: u64 = 86_400;
const defaultMaxSecondsPerBlock: u64 = 240;
const defaultDivergenceBps: u64 = 500;

export function construct(oracleRegistryAddress: U256, pairFactoryAddress: U256): void {
  setParts(oracleRegistryAddress, pairFactoryAddress);
}

/** A feed of token0 in token1 with the guards of mainnet. */
export function createFeed(pool: U256, minWindow: u64, cardinality: u64): U256 {
  const window = minWindow > defaultWindow ? minWindow : defaultWindow;
  const words = allocate(configurationWords << 5);
  storeWord(words, pool);
  storeWord(words + 32, u256(1));
  storeWord(words + 64, u256(window));
  storeWord(words + 96, u256(minWindow));
  storeWord(words + 128, u256(defaultMinBlocks));
  storeWord(words + 160, u256(defaultMaxAge));
  storeWord(words + 192, u256(defaultMaxSecondsPerBlock));
  storeWord(words + 224, u256(defaultDivergenceBps));
  return createFeedWith(text("TWAP"), words, cardinality);
}

/** The caller pays for the pair's history up to `cardinality` places. */
export function createFeedWith(name: Span, configuration: usize, cardinality: u64): U256 {
  const terms = termsFrom(configuration);
  const decimals = adoptPool(terms);
  const feed = register(name, keccak(configuration, configurationWords << 5), decimals, terms);
  keepTerms(feed, terms);
  emit(event(events.FeedCreated, 3).word(feed).word(terms.pool).number(terms.minWindow), 3);
  growHistory(feed, terms, cardinality);
  return feed;
}

function register(name: Span, configuration: U256, decimals: u64, terms: Terms): U256 {
  const question = input(registry.register, 8 + ((name.length + 31) >> 5));
  question.word(sender()).number(kind).number(224).word(configuration).number(decimals)
    .number(terms.maxAge).number(terms.divergenceBps).bytes(name.data, name.length);
  call(oracleRegistry(), question, value());
  return returned(0);
}

function growHistory(feed: U256, terms: Terms, cardinality: u64): void {
  const question = input(pair.increaseObservationCardinalityNext, 1).number(cardinality);
  call(terms.pool, question, u256(0));
  const before = returned(0);
  const next = returned(1);
  if (before == next) return;
  emit(event(events.CardinalityIncreased, 3).word(feed).word(before).word(next), 2);
}

export function increaseCardinality(feed: U256, cardinality: u64): void {
  growHistory(feed, termsOf(feed), cardinality);
}

/** Writes this block's observation, unless a trade or somebody's poke has done it. */
export function poke(feed: U256): u64 {
  call(termsOf(feed).pool, input(pair.poke, 0), u256(0));
  if (isZero(returned(0))) return 0;
  const writer = event(events.ObservationWritten, 7).word(feed);
  for (let index: u32 = 1; index < 7; index++) writer.word(returned(index));
  emit(writer, 2);
  return 1;
}

export function observe(feed: U256, secondsAgos: Span): void {
  const count = secondsAgos.length;
  const question = input(pair.observe, 2 + count).number(32).number(count);
  for (let index: u32 = 0; index < count; index++) {
    question.raw(secondsAgos.data + (<usize>index << 5));
  }
  view(termsOf(feed).pool, question);
  returnsRaw(returnData(), returnLength);
}

export function oldest(feed: U256): void {
  view(termsOf(feed).pool, input(pair.history, 0));
  returns(2).word(returned(0)).word(returned(1));
}

export function configuration(feed: U256): void {
  writeTerms(returns(configurationWords), termsOf(feed));
}

export function parts(): void {
  returns(2).word(oracleRegistry()).word(pairFactory());
}
