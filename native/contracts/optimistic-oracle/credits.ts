/**
 * Money owed: mapping(address => uint256) at slot 6, paid when its owner asks, never pushed; at slot
 * 7 the sum of everything this contract owes, bonds included, which its balance always covers.
 */

import { trySend } from "../sdk/call";
import { sender } from "../sdk/message";
import { emit, event } from "../sdk/output";
import { require } from "../sdk/revert";
import { mapped, read, write } from "../sdk/storage";
import { isZero, U256, u256 } from "../sdk/u256";
import { errors, events } from "./interface";
import { fund } from "./terms";

const creditsSlot: u64 = 6;
const liabilitiesSlot: u64 = 7;

export function liabilities(): U256 {
  return read(u256(liabilitiesSlot));
}

/** Notes money that came and went. */
export function changeLiabilities(plus: U256, minus: U256): void {
  write(u256(liabilitiesSlot), liabilities() + plus - minus);
}

export function claimable(account: U256): U256 {
  return read(mapped(u256(creditsSlot), account));
}

/** Owes `amount`, until now part of the bonds of `id`, to `account`. */
export function credit(id: U256, account: U256, amount: U256): void {
  if (isZero(amount)) return;
  const slot = mapped(u256(creditsSlot), account);
  write(slot, read(slot) + amount);
  emit(event(events.Credited, 3).word(id).word(account).word(amount), 3);
}

/** Pays the caller everything owed to it. */
export function claim(): U256 {
  return pay(sender());
}

export function sweep(): U256 {
  return pay(fund());
}

function pay(account: U256): U256 {
  const amount = claimable(account);
  require(!isZero(amount), errors.NothingToClaim);
  write(mapped(u256(creditsSlot), account), u256(0));
  changeLiabilities(u256(0), amount);
  emit(event(events.Claimed, 2).word(account).word(amount), 2);
  require(trySend(account, amount), errors.TransferFailed);
  return amount;
}
