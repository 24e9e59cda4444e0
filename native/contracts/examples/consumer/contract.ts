/**
 * A loan desk that reads a price as a consumer should: one feed for ever, an age and a confidence of
 * its own choice, and no answer at all instead of a doubtful one. Works with every kind of feed,
 * because each has the same proxy.
 */

import { Address, Bytes32, Int256, isZero, mulDiv, require, U256, u256 } from "dodona";

@result class Price {
  answer: Int256;
  /** How unsure the answer is, in its units. */
  confidence: U256;
  updatedAt: u64;
}

@result class Security {
  weight: U256;
  slashable: U256;
  cost: U256;
  /** What may rest on the stake behind the feed, and what does. */
  limit: U256;
  exposure: U256;
}

/** The proxy of a feed, as OracleRegistry's `proxyOf` gives it. */
@contract declare class Feed {
  @view decimals(): u8;
  @view feed(): Bytes32;
  @view getPriceNoOlderThan(maxAge: U256): Price;
}

@contract declare class Guard {
  @view securityOf(feed: Bytes32): Security;
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
export function price(): Price {
  const found = Feed.at(Desk.feed).getPriceNoOlderThan(u256(Desk.maxAge));
  const answer = found.answer;
  // int256 as a word: the sign is its highest bit
  if (isZero(answer) || answer.limb3 >> 63 != 0) PriceNotPositive();
  const most = mulDiv(answer, u256(Desk.maxConfidenceBps), u256(10_000));
  if (found.confidence > most) PriceUnsure(answer, found.confidence);
  return found;
}

/** What `amount` of the base is worth as security: at the low end of the price, rounded down. */
@view
export function worth(amount: U256): U256 {
  const found = price();
  return mulDiv(amount, found.answer - found.confidence, Desk.scale);
}

/**
 * What may be lent on `amount` of the base, in acorns. New risk is taken only while corrupting the feed
 * costs more than all that rests on it; the guard never keeps anybody from closing a position.
 */
@view
export function loanFor(amount: U256): U256 {
  const loan = worth(amount);
  const security = Guard.at(Desk.guard).securityOf(Desk.feedId);
  const exposure = security.exposure + loan;
  if (exposure > security.limit) TooMuchAtRisk(exposure, security.limit);
  return loan;
}
