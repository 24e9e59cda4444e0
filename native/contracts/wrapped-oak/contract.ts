/**
 * WrappedOak: OAK as an ERC-20 token, one to one, so that pairs need no second kind of money. As in
 * WETH9 the supply is the contract's own balance, which holds at least the sum of all accounts.
 * Storage: that of token/ledger.ts and token/permit.ts.
 */

import { trySend } from "../sdk/call";
import { balanceOf as oakOf, self, sender, value } from "../sdk/message";
import { emit, event, returns } from "../sdk/output";
import { text } from "../sdk/reason";
import { require } from "../sdk/revert";
import { keccak } from "../sdk/storage";
import { U256 } from "../sdk/u256";
import { add, subtract } from "../token/ledger";
import { domain, permitFor } from "../token/permit";
import { errors, events } from "./interface";

export { allowance, approve, balanceOf, transfer, transferFrom } from "../token/ledger";
export { nonces } from "../token/permit";

const tokenName = "Wrapped OAK";

export function construct(): void {}

export function receive(): void {
  deposit();
}

export function name(): void {
  const span = text(tokenName);
  returns(3).number(32).bytes(span.data, span.length);
}

export function symbol(): void {
  const span = text("WOAK");
  returns(3).number(32).bytes(span.data, span.length);
}

export function decimals(): u64 {
  return 18;
}

export function totalSupply(): U256 {
  return oakOf(self());
}

export function deposit(): void {
  const account = sender();
  add(account, value());
  emit(event(events.Deposit, 2).word(account).word(value()), 2);
}

export function withdraw(amount: U256): void {
  const account = sender();
  subtract(account, amount);
  emit(event(events.Withdrawal, 2).word(account).word(amount), 2);
  require(trySend(account, amount), errors.TransferFailed);
}

export function DOMAIN_SEPARATOR(): U256 {
  const span = text(tokenName);
  return domain(keccak(span.data, span.length));
}

export function permit(
  owner: U256, spender: U256, amount: U256, deadline: U256, v: u64, r: U256, s: U256,
): void {
  permitFor(DOMAIN_SEPARATOR(), owner, spender, amount, deadline, v, r, s);
}
