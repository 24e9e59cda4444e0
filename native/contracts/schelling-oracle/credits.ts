/** Money owed: mapping(address => uint256) at slot 12, paid when its owner asks, never pushed. */

import { trySend } from "../sdk/call";
import { sender } from "../sdk/message";
import { emit, event } from "../sdk/output";
import { require } from "../sdk/revert";
import { mapped, read, write } from "../sdk/storage";
import { isZero, U256, u256 } from "../sdk/u256";
import { errors, events } from "./interface";
import { changeHeld, Question } from "./question";
import { fund } from "./terms";

const creditsSlot: u64 = 12;

export function claimable(account: U256): U256 {
  return read(mapped(u256(creditsSlot), account));
}

/** Owes `amount` of what is held for the question to `account`. */
export function credit(question: Question, account: U256, amount: U256): void {
  if (isZero(amount)) return;
  changeHeld(question, u256(0), amount);
  const slot = mapped(u256(creditsSlot), account);
  write(slot, read(slot) + amount);
  emit(event(events.Credited, 3).word(question.id).word(account).word(amount), 3);
}

/** What rounding leaves and what nobody deserves goes to the oracles' fund. */
export function creditTreasury(question: Question, amount: U256): void {
  credit(question, fund(), amount);
}

function pay(account: U256): U256 {
  const amount = claimable(account);
  require(!isZero(amount), errors.NothingToClaim);
  write(mapped(u256(creditsSlot), account), u256(0));
  emit(event(events.Claimed, 2).word(account).word(amount), 2);
  require(trySend(account, amount), errors.TransferFailed);
  return amount;
}

/** Pays the caller everything owed to it. */
export function claim(): U256 {
  return pay(sender());
}

/** Pays the fund, which cannot ask; anyone may. */
export function sweep(): U256 {
  return pay(fund());
}
