/**
 * Who may report: a feed has a fixed number of seats, and who takes one from its holder needs a
 * tenth more stake. A change counts from the next round, so that nobody loses a seat in a round
 * that has begun. A holder who did not commit for eight rounds counts in no quorum and yields to
 * anyone.
 *
 * mapping(bytes32 => mapping(uint256 => Seat)) at slot 5, Seat = {address holder; uint32 fromRound;
 * uint32 lastRound; address previous; uint32 previousLast}; mapping(bytes32 => mapping(address =>
 * uint256 seat + 1)) at slot 6.
 */

import { returned } from "../sdk/call";
import { blockNumber } from "../sdk/host";
import { allocate } from "../sdk/memory";
import { sender } from "../sdk/message";
import { emit, event } from "../sdk/output";
import { accountOf } from "../sdk/packed";
import { fail1, fail2, require } from "../sdk/revert";
import { mapped, offset, read, write } from "../sdk/storage";
import { divideUp, isZero, limbs, U256, u256 } from "../sdk/u256";
import { acornsPerWeight, minStakeOf, saveWindows, Windows, windowsOf } from "./feed";
import { errors, events } from "./interface";
import { askStakes } from "./parts";
import { commitStart, roundAt } from "./phases";

const seatsSlot: u64 = 5;
const placesSlot: u64 = 6;
const idleRounds: u64 = 8;

function seatSlot(feed: U256, seat: u64): U256 {
  return mapped(mapped(u256(seatsSlot), feed), u256(seat));
}

function placeSlot(feed: U256, reporter: U256): U256 {
  return mapped(mapped(u256(placesSlot), feed), reporter);
}

function fromRound(word: U256): u64 {
  return word.limb2 >> 32;
}

function lastRound(word: U256): u64 {
  return word.limb3 & 0xffffffff;
}

/** The word of the holder in `round`: {address; fromRound; lastRound}. */
function tenancy(feed: U256, seat: u64, round: u64): U256 {
  const slot = seatSlot(feed, seat);
  const current = read(slot);
  if (fromRound(current) <= round) return current;
  const previous = read(offset(slot, 1));
  const last = previous.limb2 >> 32; // stored beside the address
  return limbs(previous.limb0, previous.limb1, previous.limb2 & 0xffffffff, last);
}

/** Holder of `seat` in `round`; zero for none. */
export function holderOf(feed: U256, seat: u64, round: u64): U256 {
  return accountOf(tenancy(feed, seat, round));
}

/** Seat of `reporter` in `round`, or -1. */
export function seatIn(feed: U256, reporter: U256, round: u64): i64 {
  const place = read(placeSlot(feed, reporter)).limb0;
  if (place == 0) return -1;
  return holderOf(feed, place - 1, round) == reporter ? <i64>(place - 1) : -1;
}

/**
 * A round from which on `reporter` holds `seat`: its first one, or `round` when it holds the seat
 * in that one for the last time.
 */
export function seatFrom(feed: U256, seat: u64, reporter: U256, round: u64): u64 {
  const current = read(seatSlot(feed, seat));
  return accountOf(current) == reporter ? fromRound(current) : round;
}

/** Seat of `reporter` now or from the next round, or -1. */
export function anySeatOf(feed: U256, reporter: U256, round: u64): i64 {
  const now = seatIn(feed, reporter, round);
  return now >= 0 ? now : seatIn(feed, reporter, round + 1);
}

function isIdle(tenant: U256, round: u64): bool {
  return lastRound(tenant) + idleRounds < round;
}

/** Marks the holder present in `round`; true when the quorum of that round did not count it. */
export function arrive(feed: U256, seat: u64, round: u64): bool {
  const slot = seatSlot(feed, seat);
  const current = read(slot);
  if (fromRound(current) > round) return isIdle(tenancy(feed, seat, round), round);
  const late = isIdle(current, round);
  if (lastRound(current) != round) {
    write(slot, limbs(current.limb0, current.limb1, current.limb2, round));
  }
  return late;
}

/** Weight of all holders of `round` who are present and have the minimum stake. */
export function presentWeight(feed: U256, windows: Windows, round: u64): u64 {
  const count: u32 = windows.takenSeats;
  const holders = allocate(<usize>count << 5);
  let present: u64 = 0;
  for (let seat: u32 = 0; seat < count; seat++) {
    const tenant = tenancy(feed, seat, round);
    if (!isIdle(tenant, round)) present |= (<u64>1) << seat;
    memory.copy(holders + (<usize>seat << 5), changetype<usize>(accountOf(tenant)), 32);
  }
  askStakes(holders, count, commitStart(windows, round) - 1);
  const minimum = minStakeOf(feed);
  let total: u64 = 0;
  for (let seat: u32 = 0; seat < count; seat++) {
    const stake = returned(2 + seat);
    if ((present >> seat) & 1 && stake >= minimum) {
      total += (stake / u256(acornsPerWeight)).limb0;
    }
  }
  return total;
}

function assign(feed: U256, seat: u64, reporter: U256, round: u64): void {
  write(seatSlot(feed, seat), limbs(
    reporter.limb0, reporter.limb1, reporter.limb2 | (round << 32), round,
  ));
  write(placeSlot(feed, reporter), u256(seat + 1));
}

/** Gives a seat to a reporter of the genesis file, from round 1. */
export function seatAtGenesis(feed: U256, reporter: U256): void {
  const windows = windowsOf(feed);
  require(windows.takenSeats < windows.seats, errors.BadConstructor);
  assign(feed, windows.takenSeats, reporter, 1);
  windows.takenSeats++;
  saveWindows(feed, windows);
}

/** Takes a free seat, or that of the holder with the least stake, from the next round on. */
export function takeSeat(feed: U256): u64 {
  const windows = windowsOf(feed);
  const reporter = sender();
  const round = roundAt(windows, blockNumber());
  require(anySeatOf(feed, reporter, round) < 0, errors.AlreadySeated);
  const minimum = minStakeOf(feed);
  const seat = windows.takenSeats < windows.seats
    ? freeSeat(feed, windows, reporter, minimum)
    : weakestSeat(feed, windows, reporter, minimum, round);
  const slot = seatSlot(feed, seat);
  const current = read(slot);
  if (!isZero(current) && fromRound(current) <= round) {
    const last = lastRound(current) << 32;
    write(offset(slot, 1), limbs(
      current.limb0, current.limb1, (current.limb2 & 0xffffffff) | last, 0,
    ));
  }
  assign(feed, seat, reporter, round + 1);
  const writer = event(events.SeatTaken, 5).word(feed).word(reporter).word(accountOf(current));
  emit(writer.number(seat).number(round + 1), 4);
  return round + 1;
}

function freeSeat(feed: U256, windows: Windows, reporter: U256, minimum: U256): u64 {
  askStakes(changetype<usize>(reporter), 1, blockNumber() - 1);
  const stake = returned(2);
  if (stake < minimum) fail2(errors.StakeTooLow, stake, minimum);
  const seat = windows.takenSeats;
  windows.takenSeats++;
  saveWindows(feed, windows);
  return seat;
}

/**
 * The seat with the least stake, when `reporter` has a tenth more; all stakes of the last block.
 */
function weakestSeat(
  feed: U256, windows: Windows, reporter: U256, minimum: U256, round: u64,
): u64 {
  const count: u32 = windows.seats;
  const accounts = allocate(<usize>(count + 1) << 5);
  let idle: u64 = 0;
  for (let seat: u32 = 0; seat < count; seat++) {
    const tenant = tenancy(feed, seat, round + 1);
    if (isIdle(tenant, round)) idle |= (<u64>1) << seat;
    memory.copy(accounts + (<usize>seat << 5), changetype<usize>(accountOf(tenant)), 32);
  }
  memory.copy(accounts + (<usize>count << 5), changetype<usize>(reporter), 32);
  askStakes(accounts, count + 1, blockNumber() - 1);
  let weakest: u64 = 0;
  let least = u256(0);
  for (let seat: u32 = 0; seat < count; seat++) {
    let stake = returned(2 + seat);
    if ((idle >> seat) & 1 || stake < minimum) stake = u256(0);
    if (seat == 0 || stake < least) {
      weakest = seat;
      least = stake;
    }
  }
  const stake = returned(2 + count);
  const need = isZero(least) ? minimum : divideUp(least * u256(11), u256(10));
  if (stake < minimum) fail2(errors.StakeTooLow, stake, minimum);
  if (stake < need) fail1(errors.SeatsFull, need);
  return weakest;
}
