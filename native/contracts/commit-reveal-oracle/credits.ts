/** Money owed: mapping(address => uint256) at slot 8, paid when its owner asks, never pushed. */

import { trySend } from "../sdk/call";
import { sender } from "../sdk/message";
import { emit, event } from "../sdk/output";
import { require } from "../sdk/revert";
import { mapped, read, write } from "../sdk/storage";
import { isZero, U256, u256 } from "../sdk/u256";
import { errors, events } from "./interface";

const creditsSlot: u64 = 8;

export function claimable(account: U256): U256 {
  return read(mapped(u256(creditsSlot), account));
}

/** Owes `amount` more to `account`. */
export function credit(feed: U256, round: u64, account: U256, amount: U256): void {
  if (isZero(amount)) return;
  const slot = mapped(u256(creditsSlot), account);
  write(slot, read(slot) + amount);
  emit(event(events.Rewarded, 4).word(feed).number(round).word(account).word(amount), 4);
}

export function penalized(
  feed: U256, round: u64, reporter: U256, reason: u64, amount: U256, kept: U256,
): void {
  const writer = event(events.Penalized, 6).word(feed).number(round).word(reporter);
  emit(writer.number(reason).word(amount).word(amount - kept), 4);
}

/** Pays the caller everything owed to it. */
export function claim(): U256 {
  const account = sender();
  const amount = claimable(account);
  require(!isZero(amount), errors.NothingToClaim);
  write(mapped(u256(creditsSlot), account), u256(0));
  emit(event(events.Claimed, 2).word(account).word(amount), 2);
  require(trySend(account, amount), errors.TransferFailed);
  return amount;
}
