/**
 * CorruptionGuard: refuses to let more value rest on an oracle's stake than two thirds of what
 * corrupting it costs. Consumers register what they have at risk, for a limited time and a small
 * premium, so that nobody fills the room for nothing. It gates registrations and no read: a price
 * is never withheld because somebody registered too much.
 *
 * Storage: address oracleRegistry at 0, {address fund; uint96 premiumPpm} at 1, exposure.ts at 2 to
 * 4, mapping(address consumer => uint256) bond floors at 5. It holds no money.
 */

import { trySend } from "../sdk/call";
import { sender, value } from "../sdk/message";
import { emit, event, returns } from "../sdk/output";
import { accountOf, amountOf as packedAmount, packAccount } from "../sdk/packed";
import { fail1, fail2, require } from "../sdk/revert";
import { mapped, read, write } from "../sdk/storage";
import { divideUp, isZero, U256, u256 } from "../sdk/u256";
import {
  amountOf, blocksPerEpoch, currentEpoch, endOf, epochsMax, replace, totalOf,
} from "./exposure";
import { errors, events } from "./interface";
import { costOf, exposureLimit, oracleOf, securityOfFeed } from "./security";

const registrySlot: u64 = 0;
const fundSlot: u64 = 1;
const floorsSlot: u64 = 5;

export function construct(oracleRegistry: U256, fund: U256, premiumPpm: u64): void {
  write(u256(registrySlot), oracleRegistry);
  write(u256(fundSlot), packAccount(fund, u256(premiumPpm)));
}

export function register(feed: U256, amount: U256, epochs: u64): void {
  require(!isZero(amount), errors.ZeroAmount);
  require((amount.limb2 | amount.limb3 | (amount.limb1 >> 32)) == 0, errors.TooLarge);
  if (epochs == 0 || epochs > epochsMax) fail1(errors.BadPeriod, u256(epochsMax));
  const premium = premiumOf(amount, epochs);
  if (value() != premium) fail2(errors.WrongValue, value(), premium);
  const security = securityOfFeed(read(u256(registrySlot)), feed);
  const end = currentEpoch() + epochs - 1;
  const total = replace(security.oracle, sender(), feed, amount, end);
  const limit = exposureLimit(costOf(security.slashable, security.weight));
  if (total > limit) fail2(errors.Insecure, total, limit);
  announce(feed, amount, (end + 1) * blocksPerEpoch);
  if (!isZero(premium)) {
    require(trySend(accountOf(read(u256(fundSlot))), premium), errors.TransferFailed);
  }
}

/** Ends the caller's entry now; the premium stays where it went. */
export function withdraw(feed: U256): void {
  require(!isZero(amountOf(sender(), feed)), errors.NothingRegistered);
  const oracle = oracleOf(read(u256(registrySlot)), feed);
  replace(oracle, sender(), feed, u256(0), currentEpoch());
  announce(feed, u256(0), 0);
}

function announce(feed: U256, amount: U256, untilBlock: u64): void {
  const writer = event(events.Registered, 4).word(feed).word(sender());
  emit(writer.word(amount).number(untilBlock), 3);
}

export function setBondFloor(bond: U256): void {
  write(mapped(u256(floorsSlot), sender()), bond);
  emit(event(events.BondFloorSet, 2).word(sender()).word(bond), 2);
}

/** Rounded up: an amount too small for a whole acorn still costs one. */
export function premiumOf(amount: U256, epochs: u64): U256 {
  const ppm = packedAmount(read(u256(fundSlot)));
  return divideUp(amount * u256(epochs) * ppm, u256(1_000_000));
}

export function exposureOf(consumer: U256, feed: U256): void {
  const amount = amountOf(consumer, feed);
  returns(2).word(amount).number(isZero(amount) ? 0 : endOf(consumer, feed));
}

export function totalExposure(oracle: U256): U256 {
  return totalOf(oracle);
}

export function bondFloorOf(consumer: U256): U256 {
  return read(mapped(u256(floorsSlot), consumer));
}

export function securityOf(feed: U256): void {
  const security = securityOfFeed(read(u256(registrySlot)), feed);
  const cost = costOf(security.slashable, security.weight);
  returns(5).word(security.weight).word(security.slashable).word(cost).word(exposureLimit(cost))
    .word(totalOf(security.oracle));
}

/** Whether what rests on the feed's stake today is within what its newest value carries. */
export function isSecure(feed: U256): bool {
  const security = securityOfFeed(read(u256(registrySlot)), feed);
  return totalOf(security.oracle) <= exposureLimit(costOf(security.slashable, security.weight));
}

export function costOfCorruption(slashable: U256, weight: U256): U256 {
  return costOf(slashable, weight);
}

export function limitOf(cost: U256): U256 {
  return exposureLimit(cost);
}
