/**
 * One assertion in storage. mapping(bytes32 => Assertion) at slot 5, Assertion = {Head; {address
 * disputer; uint96 fee}; {address callback; uint96 bond}; uint256 question; bytes32 domainId}. Every
 * term that money depends on is kept here, as it was when the assertion was made.
 */

import { allocate } from "../sdk/memory";
import { accountOf, amountOf, packAccount } from "../sdk/packed";
import { require } from "../sdk/revert";
import { mapped, offset, read, write } from "../sdk/storage";
import { fresh, limbs, U256, u256 } from "../sdk/u256";
import { errors } from "./interface";

const assertionsSlot: u64 = 5;

export const NONE: u8 = 0;
export const ASSERTED: u8 = 1;
export const DISPUTED: u8 = 2;
export const TRUE: u8 = 3;
export const FALSE: u8 = 4;
export const UNDECIDED: u8 = 5;

/** The first storage word. */
// @ts-ignore: decorator
@unmanaged @final
class Head {
  asserter0: u64;
  asserter1: u64;
  asserter2: u32;
  burnBps: u16;
  state: u8;
  flags: u8;
  expirationBlock: u64;
}

const CALLBACK_FAILED: u8 = 1;
const JURY_MISSING: u8 = 2;

// @ts-ignore: decorator
@unmanaged @final
export class Assertion {
  id: U256;
  asserter: U256;
  disputer: U256;
  callback: U256;
  bond: U256;
  /** What a jury costs. */
  fee: U256;
  expirationBlock: u64;
  burnBps: u16;
  state: u8;
  /** The recipient refused the last callback. */
  callbackFailed: bool;
  /** It was disputed while too little juror stake was there to ask anybody. */
  juryMissing: bool;

  // @ts-ignore: accessor
  get isSettled(): bool {
    return this.state >= TRUE;
  }
}

function slotOf(id: U256): U256 {
  return mapped(u256(assertionsSlot), id);
}

/** An assertion that was not made yet; reverts when it was. */
export function newAssertion(id: U256): Assertion {
  const assertion = loadAssertion(id);
  require(assertion.state == NONE, errors.AssertionExists);
  assertion.state = ASSERTED;
  return assertion;
}

/** Reverts for an assertion that nobody made. */
export function findAssertion(id: U256): Assertion {
  const assertion = loadAssertion(id);
  require(assertion.state != NONE, errors.UnknownAssertion);
  return assertion;
}

function loadAssertion(id: U256): Assertion {
  const slot = slotOf(id);
  const head = changetype<Head>(read(slot));
  const second = read(offset(slot, 1));
  const third = read(offset(slot, 2));
  const assertion = changetype<Assertion>(allocate(offsetof<Assertion>()));
  assertion.id = id;
  assertion.asserter = limbs(head.asserter0, head.asserter1, head.asserter2, 0);
  assertion.expirationBlock = head.expirationBlock;
  assertion.burnBps = head.burnBps;
  assertion.state = head.state;
  assertion.callbackFailed = (head.flags & CALLBACK_FAILED) != 0;
  assertion.juryMissing = (head.flags & JURY_MISSING) != 0;
  assertion.disputer = accountOf(second);
  assertion.fee = amountOf(second);
  assertion.callback = accountOf(third);
  assertion.bond = amountOf(third);
  return assertion;
}

/** Writes what changes in the life of an assertion. */
export function saveAssertion(assertion: Assertion): void {
  const head = changetype<Head>(fresh());
  head.asserter0 = assertion.asserter.limb0;
  head.asserter1 = assertion.asserter.limb1;
  head.asserter2 = <u32>assertion.asserter.limb2;
  head.expirationBlock = assertion.expirationBlock;
  head.burnBps = assertion.burnBps;
  head.state = assertion.state;
  head.flags = (assertion.callbackFailed ? CALLBACK_FAILED : 0) |
    (assertion.juryMissing ? JURY_MISSING : 0);
  write(slotOf(assertion.id), changetype<U256>(head));
}

export function saveDisputer(assertion: Assertion): void {
  write(offset(slotOf(assertion.id), 1), packAccount(assertion.disputer, assertion.fee));
}

/** Writes what never changes. */
export function saveBond(assertion: Assertion, domainId: U256): void {
  const slot = slotOf(assertion.id);
  write(offset(slot, 2), packAccount(assertion.callback, assertion.bond));
  write(offset(slot, 4), domainId);
}

/** The jury's number of the question. */
export function questionOf(id: U256): U256 {
  return read(offset(slotOf(id), 3));
}

export function saveQuestion(id: U256, question: U256): void {
  write(offset(slotOf(id), 3), question);
}

export function domainOf(id: U256): U256 {
  return read(offset(slotOf(id), 4));
}
