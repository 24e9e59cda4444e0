/**
 * What corrupting a feed costs. Only bonds count: of a reporter's stake nothing else can be slashed
 * for a report. A wrong value needs more than half of the weight behind it, cut to the feed's cap.
 * A feed of another kind than CommitRevealOracle has no stake behind it, one that is stale has nobody's
 * any more, and the bonds of a newest round that a jury refuted are gone: all three cost nothing.
 */

import { input, returned, view } from "../sdk/call";
import { allocate } from "../sdk/memory";
import { isZero, U256, u256 } from "../sdk/u256";
import { selectors as oracleSelectors } from "../commit-reveal-oracle/interface";
import { selectors as registrySelectors } from "../oracle-registry/interface";

/** CommitRevealOracle's number in OracleRegistry's `kind`. */
const COMMIT_REVEAL: u64 = 1;
/** State in `status`. */
const FRESH: u64 = 1;
/** Weights are stake in units of 10^12 acorns. */
const acornsPerWeight: u64 = 1_000_000_000_000;
/** Places of members in the results of `getRound` and `configuration`. */
const ROUND_REPORTS: u32 = 1;
const ROUND_CAP: u32 = 13;
/** Place of answeredInRound in the results of `latestRoundData`. */
const ANSWERED: u32 = 4;
const WEIGHT_CAP_BPS: u32 = 11;
const BOND_BPS: u32 = 12;

// @ts-ignore: decorator
@unmanaged @final
export class Security {
  oracle: U256;
  weight: U256;
  slashable: U256;
}

/** slashable * (weight / 2 + 1) / weight: the bonds of the smallest majority. */
export function costOf(slashable: U256, weight: U256): U256 {
  if (isZero(weight)) return u256(0);
  return (slashable * (weight / u256(2) + u256(1))) / weight;
}

/** The largest exposure e with e * 1.5 <= cost. */
export function exposureLimit(cost: U256): U256 {
  return (cost * u256(10_000)) / u256(15_000);
}

/** Who answers a registered feed; reverts with the registry's UnknownFeed for others. */
export function oracleOf(registry: U256, feed: U256): U256 {
  view(registry, input(registrySelectors.feedOf, 1).word(feed));
  return returned(1);
}

/** Security of a registered feed; reverts with the registry's UnknownFeed for others. */
export function securityOfFeed(registry: U256, feed: U256): Security {
  view(registry, input(registrySelectors.feedOf, 1).word(feed));
  const isStaked = returned(0).limb0 == COMMIT_REVEAL;
  const security = changetype<Security>(allocate(offsetof<Security>()));
  security.oracle = returned(1);
  security.weight = u256(0);
  security.slashable = u256(0);
  if (isStaked && isFresh(security.oracle, feed)) measure(security, feed);
  return security;
}

function isFresh(oracle: U256, feed: U256): bool {
  view(oracle, input(oracleSelectors.status, 1).word(feed));
  return returned(0).limb0 == FRESH;
}

/**
 * The oracle keeps the cap that it gave each weight: c = share * total, where share is the feed's
 * cap, or an equal one for fewer reports than 1 / cap. So total = c / share, rounded down.
 */
function measure(security: Security, feed: U256): void {
  const oracle = security.oracle;
  view(oracle, input(oracleSelectors.latestRoundData, 1).word(feed));
  const round = returned(0);
  // An older answer stands in for a refuted one, but nobody's bonds do until the next round.
  if (returned(ANSWERED) != round) return;
  view(oracle, input(oracleSelectors.getRound, 2).word(feed).word(round));
  const reports = returned(ROUND_REPORTS).limb0;
  const cap = returned(ROUND_CAP);
  view(oracle, input(oracleSelectors.configuration, 1).word(feed));
  const share = max(returned(WEIGHT_CAP_BPS).limb0, (10_000 + reports - 1) / reports);
  const bondBps = returned(BOND_BPS);
  security.weight = (cap * u256(10_000)) / u256(share);
  security.slashable = (security.weight * u256(acornsPerWeight) * bondBps) / u256(10_000);
}
