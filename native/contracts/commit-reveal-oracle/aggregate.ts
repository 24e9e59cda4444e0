/**
 * Robust aggregation in integers: reports sorted by (value, reporter), weights capped so that
 * nobody decides alone, weighted median and quartiles.
 */

import { allocate } from "../sdk/memory";
import { distance, half, magnitude, signedLess, U256, u256, wrappingAdd } from "../sdk/u256";

// @ts-ignore: decorator
@unmanaged @final
export class Report {
  value: U256;
  reporter: U256;
  weight: u64;
}

/** Reports in order of (value, reporter). */
// @ts-ignore: decorator
@unmanaged @final
export class Ballot {
  reports: usize;
  count: i32;
  /** Sum of weights. */
  total: u64;

  at(index: i32): Report {
    return changetype<Report>(this.reports + <usize>index * offsetof<Report>());
  }
}

// @ts-ignore: decorator
@unmanaged @final
export class Consensus {
  value: U256;
  q1: U256;
  q3: U256;
}

export function newBallot(capacity: u32): Ballot {
  const ballot = changetype<Ballot>(allocate(offsetof<Ballot>()));
  ballot.reports = allocate(capacity * offsetof<Report>());
  ballot.count = 0;
  ballot.total = 0;
  return ballot;
}

/** Inserts a report at its place. */
export function addReport(ballot: Ballot, value: U256, reporter: U256, weight: u64): void {
  let index = ballot.count;
  while (index > 0 && precedes(value, reporter, ballot.at(index - 1))) {
    memory.copy(
      changetype<usize>(ballot.at(index)),
      changetype<usize>(ballot.at(index - 1)),
      offsetof<Report>(),
    );
    index--;
  }
  const report = ballot.at(index);
  report.value = value;
  report.reporter = reporter;
  report.weight = weight;
  ballot.count++;
  ballot.total += weight;
}

function precedes(value: U256, reporter: U256, other: Report): bool {
  if (value == other.value) return reporter < other.reporter;
  return signedLess(value, other.value);
}

/**
 * The largest weight c such that, with all weights cut to c, no report has more than `capBps` of
 * the sum: with the j heaviest cut, c = cap * rest / (1 - j * cap). Fewer reports than 1 / cap
 * share equally, because no smaller cap can be met.
 */
export function capOf(ballot: Ballot, capBps: u64): u64 {
  const count = <u64>ballot.count;
  const cap = max(capBps, (10_000 + count - 1) / count);
  const descending = sortedWeights(ballot);
  let rest = ballot.total;
  let cut: u64 = 0;
  let limit = limitOf(cap, rest, cut);
  while (load<u64>(descending + (<usize>cut << 3)) > limit) {
    rest -= load<u64>(descending + (<usize>cut << 3));
    cut++;
    limit = limitOf(cap, rest, cut);
  }
  return limit;
}

/** floor(cap * rest / (1 - cut * cap)); 76 bits before the division. */
function limitOf(cap: u64, rest: u64, cut: u64): u64 {
  return ((u256(cap) * u256(rest)) / u256(10_000 - cut * cap)).limb0;
}

function sortedWeights(ballot: Ballot): usize {
  const weights = allocate(<usize>ballot.count << 3);
  for (let count = 0; count < ballot.count; count++) {
    const weight = ballot.at(count).weight;
    let place = weights + (<usize>count << 3);
    while (place > weights && load<u64>(place - 8) < weight) {
      store<u64>(place, load<u64>(place - 8));
      place -= 8;
    }
    store<u64>(place, weight);
  }
  return weights;
}

/** Cuts every weight to `cap`. */
export function applyCap(ballot: Ballot, cap: u64): void {
  ballot.total = 0;
  for (let index = 0; index < ballot.count; index++) {
    const report = ballot.at(index);
    if (report.weight > cap) report.weight = cap;
    ballot.total += report.weight;
  }
}

/** Weighted median and quartiles of at least one report. */
export function consensusOf(ballot: Ballot): Consensus {
  const consensus = changetype<Consensus>(allocate(offsetof<Consensus>()));
  consensus.value = medianOf(ballot);
  const quarter = ballot.total >> 2;
  let index = 0;
  let sum = ballot.at(0).weight;
  while (sum <= quarter) sum += ballot.at(++index).weight;
  consensus.q1 = ballot.at(index).value;
  index = ballot.count - 1;
  sum = ballot.at(index).weight;
  while (sum <= quarter) sum += ballot.at(--index).weight;
  consensus.q3 = ballot.at(index).value;
  return consensus;
}

/**
 * The first value with half of the weight behind it; an exact half gives the mean, rounded down.
 */
function medianOf(ballot: Ballot): U256 {
  const need = (ballot.total >> 1) + (ballot.total & 1);
  let index = 0;
  let sum = ballot.at(0).weight;
  while (sum < need) sum += ballot.at(++index).weight;
  const value = ballot.at(index).value;
  if (sum + sum != ballot.total) return value;
  return wrappingAdd(value, half(distance(ballot.at(index + 1).value, value)));
}

/** Whether |value - center| * 10000 < |center| * bps. */
export function isWithin(value: U256, center: U256, bps: u64): bool {
  return distance(value, center) * u256(10_000) < magnitude(center) * u256(bps);
}

/** Whether |value - center| * 10000 > |center| * bps. */
export function isBeyond(value: U256, center: U256, bps: u64): bool {
  return distance(value, center) * u256(10_000) > magnitude(center) * u256(bps);
}

/** Whether value lies from q1 to q3, both included. */
export function isBetween(value: U256, q1: U256, q3: U256): bool {
  return !signedLess(value, q1) && !signedLess(q3, value);
}
