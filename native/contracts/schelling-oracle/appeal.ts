/**
 * The two sides of an appeal in storage. mapping(uint256 => mapping(uint8 instance => Appeal)) at
 * slot 10, Appeal = {address winnerPayer; uint96 cost; address loserPayer; uint8 winnerOutcome;
 * uint8 loserOutcome}. The winner's side pays `cost`, the fee of the next jury, the other twice
 * that.
 */

import { accountOf, amountOf, packAccount } from "../sdk/packed";
import { mapped, offset, read, write } from "../sdk/storage";
import { isZero, limbs, U256, u256 } from "../sdk/u256";

const appealsSlot: u64 = 10;

function appealSlot(id: U256, instance: u64): U256 {
  return mapped(mapped(u256(appealsSlot), id), u256(instance));
}

function sides(id: U256, instance: u64): U256 {
  return read(offset(appealSlot(id, instance), 1));
}

export function winnerPayerOf(id: U256, instance: u64): U256 {
  return accountOf(read(appealSlot(id, instance)));
}

export function costOf(id: U256, instance: u64): U256 {
  return amountOf(read(appealSlot(id, instance)));
}

export function loserPayerOf(id: U256, instance: u64): U256 {
  return accountOf(sides(id, instance));
}

export function winnerOutcomeOf(id: U256, instance: u64): u8 {
  return <u8>(sides(id, instance).limb2 >> 32);
}

export function loserOutcomeOf(id: U256, instance: u64): u8 {
  return <u8>(sides(id, instance).limb2 >> 40);
}

export function winnerFunded(id: U256, instance: u64): bool {
  return !isZero(winnerPayerOf(id, instance));
}

export function loserFunded(id: U256, instance: u64): bool {
  return !isZero(loserPayerOf(id, instance));
}

function saveSides(
  id: U256, instance: u64, payer: U256, winnerOutcome: u8, loserOutcome: u8,
): void {
  const outcomes = (<u64>winnerOutcome << 32) | (<u64>loserOutcome << 40);
  write(
    offset(appealSlot(id, instance), 1),
    limbs(payer.limb0, payer.limb1, payer.limb2 | outcomes, 0),
  );
}

/** Notes who paid for the ruling; the loser's side may have paid before. */
export function payWinnerSide(
  id: U256, instance: u64, payer: U256, cost: U256, outcome: u8,
): void {
  write(appealSlot(id, instance), packAccount(payer, cost));
  const loser = loserPayerOf(id, instance);
  saveSides(id, instance, loser, outcome, loserOutcomeOf(id, instance));
}

/** Notes who paid against the ruling, and for which outcome. */
export function payLoserSide(
  id: U256, instance: u64, payer: U256, cost: U256, ruling: u8, outcome: u8,
): void {
  write(appealSlot(id, instance), packAccount(winnerPayerOf(id, instance), cost));
  saveSides(id, instance, payer, ruling, outcome);
}

/** Forgets both payers once they have their money. */
export function closeAppeal(id: U256, instance: u64): void {
  write(appealSlot(id, instance), packAccount(u256(0), costOf(id, instance)));
  const word = sides(id, instance);
  saveSides(id, instance, u256(0), <u8>(word.limb2 >> 32), <u8>(word.limb2 >> 40));
}
