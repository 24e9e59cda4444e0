/**
 * OptimisticOracle: a statement with a bond is true unless somebody disputes it with as much; then
 * a drawn jury decides. Here: making and disputing assertions, and reading them; settlement.ts ends
 * them, callback.ts tells their recipients.
 *
 * Books: balance >= liabilities = bonds of open assertions - fees paid to the jury + credits.
 */

import { Span } from "../sdk/calldata";
import { returned } from "../sdk/call";
import { blockNumber, chainId } from "../sdk/host";
import { self, sender, value } from "../sdk/message";
import { emit, event, open, returns } from "../sdk/output";
import { fail1, fail2, require } from "../sdk/revert";
import { keccak } from "../sdk/storage";
import { divideUp, isZero, U256, u256 } from "../sdk/u256";
import {
  ASSERTED, DISPUTED, domainOf, findAssertion, newAssertion, questionOf, saveAssertion, saveBond,
  saveDisputer, saveQuestion,
} from "./assertion";
import { notifyDisputed } from "./callback";
import { changeLiabilities } from "./credits";
import { activeStake, askJury, bondFloorOf, feeOf } from "./escalation";
import { errors, events } from "./interface";
import {
  fund, governor, guard, jury, loadTerms, parseTerms, requireBurn, saveTerms, setParts, Terms,
  writeTerms,
} from "./terms";

export { retryCallback } from "./callback";
export { claim, claimable, liabilities, sweep } from "./credits";
export { getAssertionResult, settleAndGetAssertionResult, settleAssertion } from "./settlement";

const claimBytesMost: u32 = 8_192;

export function construct(
  juryAddress: U256, guardAddress: U256, fundAddress: U256, governorAddress: U256, source: usize,
): void {
  setParts(juryAddress, guardAddress, fundAddress, governorAddress);
  parseTerms(source);
}

export function receive(): void {
  require(sender() == jury(), errors.OnlyJury);
}

export function assertTruth(
  statement: Span, asserter: U256, callback: U256, livenessBlocks: u64, bond: U256, domainId: U256,
  nonce: u64,
): U256 {
  const terms = loadTerms();
  if (livenessBlocks < terms.livenessMin || livenessBlocks > terms.livenessMax) {
    require(false, errors.LivenessOutOfRange);
  }
  require(!isZero(asserter), errors.ZeroAddress);
  if (statement.length > claimBytesMost) fail1(errors.ClaimTooLong, u256(claimBytesMost));
  requireJury();
  const fee = feeOf(terms.jurors);
  const least = leastBond(fee, terms, callback);
  if (bond < least) fail1(errors.BondTooLow, least);
  require((bond.limb2 | bond.limb3 | (bond.limb1 >> 32)) == 0, errors.BondTooHigh);
  if (value() != bond) fail2(errors.WrongValue, value(), bond);
  const id = computeId(
    statement, asserter, callback, livenessBlocks, bond, domainId, nonce, sender(),
  );
  const assertion = newAssertion(id);
  assertion.asserter = asserter;
  assertion.callback = callback;
  assertion.bond = bond;
  assertion.fee = fee;
  assertion.burnBps = terms.burnBps;
  assertion.expirationBlock = blockNumber() + livenessBlocks;
  saveAssertion(assertion);
  saveDisputer(assertion);
  saveBond(assertion, domainId);
  changeLiabilities(bond, u256(0));
  const words = 9 + ((statement.length + 31) >> 5);
  const writer = event(events.AssertionMade, words).word(id).word(asserter).word(domainId);
  writer.number(192).word(callback).word(sender()).number(assertion.expirationBlock).word(bond);
  emit(writer.bytes(statement.data, statement.length), 3);
  return id;
}

export function assertTruthWithDefaults(statement: Span, asserter: U256): U256 {
  const nothing = u256(0);
  const liveness = loadTerms().liveness;
  return assertTruth(statement, asserter, nothing, liveness, getMinimumBond(), nothing, 0);
}

/** A statement that nobody could judge must not become true. */
function requireJury(): void {
  const active = activeStake();
  const floor = returned(1);
  if (active < floor) fail2(errors.NoJury, active, floor);
}

/** The share of the bond that a loser loses pays the jury; recipients may demand more. */
function leastBond(fee: U256, terms: Terms, callback: U256): U256 {
  const least = divideUp(fee * u256(10_000), u256(terms.burnBps));
  if (isZero(callback)) return least;
  const floor = bondFloorOf(callback);
  return floor > least ? floor : least;
}

/** Neither height nor time is in it: a reorganisation cannot part an assertion from its dispute. */
export function computeId(
  statement: Span, asserter: U256, callback: U256, livenessBlocks: u64, bond: U256, domainId: U256,
  nonce: u64, caller: U256,
): U256 {
  const writer = open(10, 0).number(chainId()).word(self())
    .word(keccak(statement.data, statement.length)).word(asserter).word(callback)
    .number(livenessBlocks).word(bond).word(domainId).number(nonce).word(caller);
  return keccak(writer.start, writer.length);
}

export function disputeAssertion(id: U256, disputer: U256): void {
  const assertion = findAssertion(id);
  require(!assertion.isSettled, errors.AlreadySettled);
  require(assertion.state == ASSERTED, errors.AlreadyDisputed);
  require(blockNumber() < assertion.expirationBlock, errors.Expired);
  require(!isZero(disputer), errors.ZeroAddress);
  if (value() != assertion.bond) fail2(errors.WrongValue, value(), assertion.bond);
  assertion.state = DISPUTED;
  assertion.disputer = disputer;
  saveAssertion(assertion);
  saveDisputer(assertion);
  let question = u256(0);
  if (askJury(id, domainOf(id), loadTerms().jurors, assertion.fee)) {
    question = returned(0);
    saveQuestion(id, question);
    changeLiabilities(assertion.bond, assertion.fee);
  } else {
    assertion.juryMissing = true;
    saveAssertion(assertion);
    changeLiabilities(assertion.bond, u256(0));
  }
  const writer = event(events.AssertionDisputed, 4).word(id).word(sender()).word(disputer);
  emit(writer.word(question), 4);
  notifyDisputed(assertion);
}

export function setBurn(burnBps: u64): void {
  require(sender() == governor(), errors.OnlyGovernor);
  const terms = loadTerms();
  terms.burnBps = requireBurn(burnBps);
  saveTerms(terms);
  emit(event(events.BurnSet, 1).number(burnBps), 1);
}

export function getMinimumBond(): U256 {
  return minimumBondFor(u256(0));
}

export function minimumBondFor(callback: U256): U256 {
  const terms = loadTerms();
  return leastBond(feeOf(terms.jurors), terms, callback);
}

export function getAssertion(id: U256): void {
  const assertion = findAssertion(id);
  returns(12).number(assertion.state).word(assertion.asserter).word(assertion.disputer)
    .word(assertion.callback).number(assertion.expirationBlock).word(assertion.bond)
    .word(assertion.fee).number(assertion.burnBps).word(questionOf(id)).word(domainOf(id))
    .number(assertion.callbackFailed ? 1 : 0).number(assertion.juryMissing ? 1 : 0);
}

export function terms(): void {
  writeTerms(returns(7));
}

export function parts(): void {
  returns(4).word(jury()).word(guard()).word(fund()).word(governor());
}
