/**
 * A loan desk that reads a price as a consumer should: one feed for ever, an age and a confidence of
 * its own choice, and no answer at all instead of a doubtful one. Works with every kind of feed,
 * because each has the same proxy.
 */

import { Address, Int256, isZero, mulDiv, require, returned, U256, u256 } from "dodona";

/** The proxy of a feed, as OracleRegistry's `proxyOf` gives it. */
@contract declare class Feed {
  @view decimals(): u8;
  /** Further results: 1 the confidence in the answer's units, 2 the time of the price. */
  @view getPriceNoOlderThan(maxAge: U256): Int256;
}

@storage class Desk {
  static feed: Address;
  /** Seconds that a price may be old: a little more than the feed's heartbeat. */
  static maxAge: u64;
  /** Part of the price that the confidence may be, in 1 / 10,000. */
  static maxConfidenceBps: u64;
  /** 10^decimals of the feed. */
  static scale: U256;
}

@error declare function PriceUnsure(price: U256, confidence: U256): void;
@error declare function PriceNotPositive(): void;

@constructor
export function create(feed: Address, maxAge: u64, maxConfidenceBps: u64): void {
  require(maxAge > 0, "an age is needed");
  Desk.feed = feed;
  Desk.maxAge = maxAge;
  Desk.maxConfidenceBps = maxConfidenceBps;
  let scale: u64 = 1;
  for (let digits = Feed.at(feed).decimals(); digits > 0; digits--) scale *= 10;
  Desk.scale = u256(scale);
}

/**
 * The feed's price, when it can be relied on. Too old, no data, a guard that refused: the feed's own
 * revert reaches the caller.
 */
@view
export function price(): U256 {
  const answer = Feed.at(Desk.feed).getPriceNoOlderThan(u256(Desk.maxAge));
  const confidence = returned(1);
  // int256 as a word: the sign is its highest bit
  if (isZero(answer) || answer.limb3 >> 63 != 0) PriceNotPositive();
  const most = mulDiv(answer, u256(Desk.maxConfidenceBps), u256(10_000));
  if (confidence > most) PriceUnsure(answer, confidence);
  return answer;
}

/** What `amount` of the base is worth as security: at the low end of the price, rounded down. */
@view
export function worth(amount: U256): U256 {
  const answer = price();
  return mulDiv(amount, answer, Desk.scale);
}
