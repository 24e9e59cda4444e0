/**
 * Jurors opt in with part of their stake, which StakeRegistry locks for them under one key. A seat
 * reserves what it can cost; only that is ever slashed. mapping(address => Juror) at slot 6, Juror
 * = {uint128 enrolled; uint128 leaving; uint64 leavingUntil; uint64 leafPlusOne; uint128 reserved};
 * mapping(uint256 leaf => address) at slot 7.
 *
 * enrolled + leaving = the lock in StakeRegistry >= reserved.
 */

import { call, input, returned } from "../sdk/call";
import { blockNumber } from "../sdk/host";
import { allocate } from "../sdk/memory";
import { sender } from "../sdk/message";
import { emit, event, returns } from "../sdk/output";
import { high128, low128, pack128 } from "../sdk/packed";
import { fail1, fail2, require } from "../sdk/revert";
import { mapped, offset, read, write } from "../sdk/storage";
import { isZero, limbs, minimum, U256, u256 } from "../sdk/u256";
import { selectors as stake } from "../stake-registry/interface";
import { errors, events } from "./interface";
import { absentPenalty, minStake, stakeRegistry, windows } from "./terms";
import { addLeaf, changeLeaf } from "./tree";

const jurorsSlot: u64 = 6;
const leavesSlot: u64 = 7;
/** Weights are stake / 10^12, so that sums fit 64 bits. */
export const acornsPerWeight: u64 = 1_000_000_000_000;

export const REASON_ABSENT: u64 = 1;
export const REASON_INCOHERENT: u64 = 2;
export const REASON_EXPOSED: u64 = 3;

// @ts-ignore: decorator
@unmanaged @final
class Juror {
  enrolled: U256;
  leaving: U256;
  reserved: U256;
  leavingUntil: u64;
  leafPlusOne: u64;
  /** Weight when loaded: the tree is touched only when it changed. */
  loadedWeight: u64;
}

function weightOf(enrolled: U256): u64 {
  return (enrolled / u256(acornsPerWeight)).limb0;
}

function loadJuror(account: U256): Juror {
  const slot = mapped(u256(jurorsSlot), account);
  const amounts = read(slot);
  const rest = read(offset(slot, 1));
  const juror = changetype<Juror>(allocate(offsetof<Juror>()));
  juror.enrolled = low128(amounts);
  juror.leaving = high128(amounts);
  juror.leavingUntil = rest.limb0;
  juror.leafPlusOne = rest.limb1;
  juror.reserved = high128(rest);
  juror.loadedWeight = weightOf(juror.enrolled);
  return juror;
}

function saveJuror(account: U256, juror: Juror): void {
  const weight = weightOf(juror.enrolled);
  if (weight != juror.loadedWeight) {
    changeLeaf(juror.leafPlusOne - 1, juror.loadedWeight, weight);
    juror.loadedWeight = weight;
  }
  const slot = mapped(u256(jurorsSlot), account);
  write(slot, pack128(juror.enrolled, juror.leaving));
  const rest = limbs(juror.leavingUntil, juror.leafPlusOne, 0, 0);
  write(offset(slot, 1), pack128(rest, juror.reserved));
}

/** Replaces the account's lock in the stake registry, whose key is the account. */
function relock(account: U256, before: U256, after: U256): void {
  const registry = stakeRegistry();
  if (!isZero(before)) {
    call(registry, input(stake.release, 3).word(account).number(0).number(0), u256(0));
  }
  if (!isZero(after)) {
    call(registry, input(stake.lock, 3).word(account).word(account).word(after), u256(0));
  }
}

/** A juror must be able to take at least one seat. */
function enrolledLeast(): U256 {
  const seat = absentPenalty();
  const least = minStake();
  return seat < least ? least : seat;
}

export function enrollFor(account: U256, amount: U256): void {
  require(!isZero(amount), errors.ZeroAmount);
  const juror = loadJuror(account);
  const before = juror.enrolled + juror.leaving;
  juror.enrolled = juror.enrolled + amount;
  const least = enrolledLeast();
  if (juror.enrolled < least) fail2(errors.StakeTooLow, juror.enrolled, least);
  if (juror.leafPlusOne == 0) {
    const leaf = addLeaf();
    juror.leafPlusOne = leaf + 1;
    write(mapped(u256(leavesSlot), u256(leaf)), account);
  }
  saveJuror(account, juror);
  relock(account, before, before + amount);
  emit(event(events.Enrolled, 2).word(account).word(amount), 2);
}

/** Locks more of the caller's stake for duty. */
export function enroll(amount: U256): void {
  enrollFor(sender(), amount);
}

/**
 * Ends duty for part of the stake. It stays locked until every draw is over that could have counted
 * it, so that nobody slips away who saw the seed.
 */
export function leave(amount: U256): void {
  require(!isZero(amount), errors.ZeroAmount);
  const account = sender();
  const juror = loadJuror(account);
  if (juror.enrolled < amount) fail2(errors.StakeTooLow, juror.enrolled, amount);
  juror.enrolled = juror.enrolled - amount;
  const least = enrolledLeast();
  if (!isZero(juror.enrolled) && juror.enrolled < least) {
    fail2(errors.StakeTooLow, juror.enrolled, least);
  }
  juror.leaving = juror.leaving + amount;
  const terms = windows();
  juror.leavingUntil =
    blockNumber() + terms.stakeDelay + terms.seedBlocks + terms.commitBlocks;
  saveJuror(account, juror);
  emit(event(events.Leaving, 3).word(account).word(amount).number(juror.leavingUntil), 2);
}

/** Gives back what left and no seat reserves. */
export function unlock(): U256 {
  const account = sender();
  const juror = loadJuror(account);
  if (blockNumber() < juror.leavingUntil) {
    fail1(errors.LeavePending, u256(juror.leavingUntil));
  }
  const before = juror.enrolled + juror.leaving;
  const amount = minimum(juror.leaving, before - juror.reserved);
  require(!isZero(amount), errors.NothingToUnlock);
  juror.leaving = juror.leaving - amount;
  saveJuror(account, juror);
  relock(account, before, before - amount);
  emit(event(events.Unlocked, 2).word(account).word(amount), 2);
  return amount;
}

export function jurorAt(leaf: u64): U256 {
  return read(mapped(u256(leavesSlot), u256(leaf)));
}

/** Reserves a seat's stake; false when the juror's other seats leave too little. */
export function reserveSeat(account: U256, amount: U256): bool {
  const juror = loadJuror(account);
  if (juror.enrolled + juror.leaving < juror.reserved + amount) return false;
  juror.reserved = juror.reserved + amount;
  saveJuror(account, juror);
  return true;
}

export function releaseSeat(account: U256, reserved: U256): void {
  const juror = loadJuror(account);
  juror.reserved = juror.reserved - reserved;
  saveJuror(account, juror);
}

/**
 * Ends a seat and takes `amount` of what it reserved, from leaving stake first. Returns the half
 * that came here; StakeRegistry burns the other.
 */
export function slashSeat(account: U256, reserved: U256, amount: U256, reason: u64): U256 {
  const juror = loadJuror(account);
  const locked = juror.enrolled + juror.leaving;
  const fromLeaving = minimum(juror.leaving, amount);
  juror.leaving = juror.leaving - fromLeaving;
  juror.enrolled = juror.enrolled - (amount - fromLeaving);
  juror.reserved = juror.reserved - reserved;
  saveJuror(account, juror);
  // A lock of nothing is ended, so that its key is free when the juror comes back.
  const selector = locked == amount ? stake.release : stake.slash;
  call(stakeRegistry(), input(selector, 3).word(account).word(amount).number(reason), u256(0));
  return returned(0);
}

export function jurorOf(account: U256): void {
  const juror = loadJuror(account);
  returns(4).word(juror.enrolled).word(juror.leaving).number(juror.leavingUntil)
    .word(juror.reserved);
}
