/**
 * A loan desk that reads a price as a consumer should: one feed for ever, an age and a confidence of
 * its own choice, and no answer at all instead of a doubtful one. Works with every kind of feed,
 * because each has the same proxy.
 */

import {
  Address, Bytes32, Int256, isZero, mulDiv, require, returned, U256, u256,
} from "dodona";

/** The proxy of a feed, as OracleRegistry's `proxyOf` gives it. */
@contract declare class Feed {
  @view decimals(): u8;
  @view feed(): Bytes32;
  /** Further results: 1 the confidence in the answer's units, 2 the time of the price. */
  @view getPriceNoOlderThan(maxAge: U256): Int256;
}

@contract declare class Guard {
  /** Further results: 3 what may rest on the stake behind the feed, 4 what does. */
  @view securityOf(feed: Bytes32): U256;
}

@storage class Desk {
  static feed: Address;
  /** Seconds that a price may be old: a little more than the feed's heartbeat. */
  static maxAge: u64;
  /** Part of the price that the confidence may be, in 1 / 10,000. */
  static maxConfidenceBps: u64;
  /** 10^decimals of the feed. */
  static scale: U256;
  /** CorruptionGuard, and the feed as it knows it. */
  static guard: Address;
  static feedId: Bytes32;
}

@error declare function PriceUnsure(price: U256, confidence: U256): void;
@error declare function PriceNotPositive(): void;
@error declare function TooMuchAtRisk(exposure: U256, limit: U256): void;

@constructor
export function create(
  feed: Address, maxAge: u64, maxConfidenceBps: u64, guard: Address,
): void {
  require(maxAge > 0, "an age is needed");
  require(maxConfidenceBps < 10_000, "a price is needed");
  Desk.feed = feed;
  Desk.maxAge = maxAge;
  Desk.maxConfidenceBps = maxConfidenceBps;
  let scale: u64 = 1;
  for (let digits = Feed.at(feed).decimals(); digits > 0; digits--) scale *= 10;
  Desk.scale = u256(scale);
  Desk.guard = guard;
  Desk.feedId = Feed.at(feed).feed();
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
  const confidence = returned(1); // still that of the call in price
  return mulDiv(amount, answer - confidence, Desk.scale);
}

/**
 * What may be lent on `amount` of the base, in acorns. New risk is taken only while corrupting the feed
 * costs more than all that rests on it; the guard never keeps anybody from closing a position.
 */
@view
export function loanFor(amount: U256): U256 {
  const loan = worth(amount);
  Guard.at(Desk.guard).securityOf(Desk.feedId);
  const limit = returned(3);
  const exposure = returned(4) + loan;
  if (exposure > limit) TooMuchAtRisk(exposure, limit);
  return loan;
}
