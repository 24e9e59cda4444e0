/**
 * Balances and allowances of an ERC-20 token, for contracts that are one. Storage: uint256 supply at
 * 0, mapping(address => uint256) balances at 1, mapping(address => mapping(address => uint256))
 * allowances at 2. Their interfaces list the events and errors that WrappedOak's has.
 */

import { sender } from "../sdk/message";
import { emit, event } from "../sdk/output";
import { fail2 } from "../sdk/revert";
import { mapped, read, write } from "../sdk/storage";
import { U256, u256, wrappingSubtract } from "../sdk/u256";
import { errors, events } from "../wrapped-oak/interface";

const balancesSlot: u64 = 1;
const allowancesSlot: u64 = 2;

function balanceSlot(account: U256): U256 {
  return mapped(u256(balancesSlot), account);
}

function allowanceSlot(owner: U256, spender: U256): U256 {
  return mapped(mapped(u256(allowancesSlot), owner), spender);
}

export function balanceOf(account: U256): U256 {
  return read(balanceSlot(account));
}

export function allowance(owner: U256, spender: U256): U256 {
  return read(allowanceSlot(owner, spender));
}

export function add(account: U256, amount: U256): void {
  const slot = balanceSlot(account);
  write(slot, read(slot) + amount);
}

export function subtract(account: U256, amount: U256): void {
  const slot = balanceSlot(account);
  const have = read(slot);
  if (have < amount) fail2(errors.InsufficientBalance, have, amount);
  write(slot, wrappingSubtract(have, amount));
}

export function announce(source: U256, target: U256, amount: U256): void {
  emit(event(events.Transfer, 3).word(source).word(target).word(amount), 3);
}

function move(source: U256, target: U256, amount: U256): void {
  subtract(source, amount);
  add(target, amount);
  announce(source, target, amount);
}

export function allow(owner: U256, spender: U256, amount: U256): void {
  write(allowanceSlot(owner, spender), amount);
  emit(event(events.Approval, 3).word(owner).word(spender).word(amount), 3);
}

export function approve(spender: U256, amount: U256): bool {
  allow(sender(), spender, amount);
  return true;
}

export function transfer(target: U256, amount: U256): bool {
  move(sender(), target, amount);
  return true;
}

/** The owner needs no allowance; an allowance of 2^256 - 1 never shrinks. */
export function transferFrom(source: U256, target: U256, amount: U256): bool {
  const spender = sender();
  if (spender != source) {
    const slot = allowanceSlot(source, spender);
    const have = read(slot);
    if ((have.limb0 & have.limb1 & have.limb2 & have.limb3) != ~(<u64>0)) {
      if (have < amount) fail2(errors.InsufficientAllowance, have, amount);
      write(slot, wrappingSubtract(have, amount));
    }
  }
  move(source, target, amount);
  return true;
}
