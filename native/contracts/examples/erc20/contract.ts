/** An ERC-20 token of fixed supply, with the custom errors of ERC-6093. */

import { Address, Indexed, isZero, Mapping, sender, Text, U256, u256 } from "dodona";

@storage class Token {
  static balances: Mapping<Address, U256>;
  static allowances: Mapping<Address, Mapping<Address, U256>>;
  static supply: U256;
  static title: Text;
  static ticker: Text;
}

@event declare function Transfer(from: Indexed<Address>, to: Indexed<Address>, value: U256): void;
@event declare function Approval(
  owner: Indexed<Address>, spender: Indexed<Address>, value: U256,
): void;

@error declare function ERC20InsufficientBalance(
  account: Address, balance: U256, needed: U256,
): void;
@error declare function ERC20InsufficientAllowance(
  spender: Address, allowance: U256, needed: U256,
): void;
@error declare function ERC20InvalidReceiver(receiver: Address): void;

@constructor
export function create(name: Text, symbol: Text, supply: U256): void {
  Token.title = name;
  Token.ticker = symbol;
  Token.supply = supply;
  Token.balances.set(sender(), supply);
  Transfer(u256(0), sender(), supply);
}

@view
export function name(): Text {
  return Token.title;
}

@view
export function symbol(): Text {
  return Token.ticker;
}

@view
export function decimals(): u8 {
  return 18;
}

@view
export function totalSupply(): U256 {
  return Token.supply;
}

@view
export function balanceOf(account: Address): U256 {
  return Token.balances.get(account);
}

@view
export function allowance(owner: Address, spender: Address): U256 {
  return Token.allowances.get(owner).get(spender);
}

@call
export function transfer(to: Address, value: U256): bool {
  move(sender(), to, value);
  return true;
}

@call
export function approve(spender: Address, value: U256): bool {
  Token.allowances.get(sender()).set(spender, value);
  Approval(sender(), spender, value);
  return true;
}

@call
export function transferFrom(from: Address, to: Address, value: U256): bool {
  const allowances = Token.allowances.get(from);
  const left = allowances.get(sender());
  if (left < value) ERC20InsufficientAllowance(sender(), left, value);
  allowances.set(sender(), left - value);
  move(from, to, value);
  return true;
}

function move(from: Address, to: Address, value: U256): void {
  if (isZero(to)) ERC20InvalidReceiver(to);
  const balance = Token.balances.get(from);
  if (balance < value) ERC20InsufficientBalance(from, balance, value);
  Token.balances.set(from, balance - value);
  Token.balances.set(to, Token.balances.get(to) + value);
  Transfer(from, to, value);
}
