/**
 * The end of an assertion. All shares are fixed when it was made: the loser's bond pays the jury and
 * the fund, rounded down, and the winner gets the rest of both. What nobody decided costs both sides
 * half of the jury's fee, rounded up; what no jury could be found for costs nothing.
 */

import { returned } from "../sdk/call";
import { blockNumber } from "../sdk/host";
import { balanceOf, self, sender } from "../sdk/message";
import { emit, event } from "../sdk/output";
import { require } from "../sdk/revert";
import { divideUp, U256, u256 } from "../sdk/u256";
import {
  Assertion, ASSERTED, FALSE, findAssertion, questionOf, saveAssertion, TRUE, UNDECIDED,
} from "./assertion";
import { notifySettled } from "./callback";
import { changeLiabilities, credit, liabilities } from "./credits";
import { fetchRefunds, OUTCOME_FALSE, OUTCOME_TRUE, RULED, statusOf, VOID } from "./escalation";
import { errors, events } from "./interface";
import { fund, loadTerms } from "./terms";

export function settleAssertion(id: U256): bool {
  return settle(findAssertion(id));
}

export function settleAndGetAssertionResult(id: U256): bool {
  const assertion = findAssertion(id);
  if (!assertion.isSettled) settle(assertion);
  return resultOf(assertion);
}

export function getAssertionResult(id: U256): bool {
  return resultOf(findAssertion(id));
}

function resultOf(assertion: Assertion): bool {
  require(assertion.isSettled, errors.NotSettled);
  require(assertion.state != UNDECIDED, errors.NoResult);
  return assertion.state == TRUE;
}

function settle(assertion: Assertion): bool {
  require(!assertion.isSettled, errors.AlreadySettled);
  if (assertion.state == ASSERTED) settleUndisputed(assertion);
  else if (assertion.juryMissing) settleWithoutJury(assertion);
  else settleDisputed(assertion);
  notifySettled(assertion);
  return assertion.state == TRUE;
}

function mayExpire(assertion: Assertion): bool {
  return blockNumber() >= assertion.expirationBlock + loadTerms().settleDelay;
}

function settleUndisputed(assertion: Assertion): void {
  require(mayExpire(assertion), errors.NotExpired);
  finish(assertion, TRUE);
  credit(assertion.id, assertion.asserter, assertion.bond);
  announce(assertion, assertion.asserter, false);
}

function settleWithoutJury(assertion: Assertion): void {
  require(mayExpire(assertion), errors.DisputePending);
  giveBack(assertion, assertion.bond);
}

function settleDisputed(assertion: Assertion): void {
  const status = statusOf(questionOf(assertion.id));
  require(status == RULED || status == VOID, errors.DisputePending);
  const outcome = returned(1).limb0;
  if (status == VOID) {
    refund(assertion);
  } else if (outcome == OUTCOME_TRUE) {
    award(assertion, TRUE, assertion.asserter);
  } else if (outcome == OUTCOME_FALSE) {
    award(assertion, FALSE, assertion.disputer);
  } else {
    share(assertion);
  }
}

function award(assertion: Assertion, state: u8, winner: U256): void {
  finish(assertion, state);
  const lost = (assertion.bond * u256(assertion.burnBps)) / u256(10_000);
  credit(assertion.id, winner, assertion.bond + assertion.bond - lost);
  credit(assertion.id, fund(), lost - assertion.fee); // the bond's minimum makes lost >= fee
  announce(assertion, winner, true);
}

/** INVALID or TOO_EARLY: nobody was right, the jury has been paid. */
function share(assertion: Assertion): void {
  const half = divideUp(assertion.fee, u256(2));
  credit(assertion.id, fund(), half + half - assertion.fee);
  giveBack(assertion, assertion.bond - half);
}

/** The jury returned its fee. It may have come with that of another question. */
function refund(assertion: Assertion): void {
  const owed = liabilities() + assertion.fee;
  fetchRefunds();
  require(balanceOf(self()) >= owed, errors.RefundPending);
  changeLiabilities(assertion.fee, u256(0));
  giveBack(assertion, assertion.bond);
}

function giveBack(assertion: Assertion, amount: U256): void {
  finish(assertion, UNDECIDED);
  credit(assertion.id, assertion.asserter, amount);
  credit(assertion.id, assertion.disputer, amount);
  const writer = event(events.AssertionUndecided, 3).word(assertion.id);
  emit(writer.word(amount).word(sender()), 2);
}

function finish(assertion: Assertion, state: u8): void {
  assertion.state = state;
  saveAssertion(assertion);
}

function announce(assertion: Assertion, winner: U256, disputed: bool): void {
  const writer = event(events.AssertionSettled, 5).word(assertion.id).word(winner);
  writer.number(disputed ? 1 : 0).number(assertion.state == TRUE ? 1 : 0).word(sender());
  emit(writer, 3);
}
