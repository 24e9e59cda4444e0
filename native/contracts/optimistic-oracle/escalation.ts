/** What this contract asks of the jury and of the guard. */

import { input, returnData, returned, returnLength, tryCall, view } from "../sdk/call";
import { blockNumber } from "../sdk/host";
import { revertBytes } from "../sdk/revert";
import { U256, u256 } from "../sdk/u256";
import { selectors as guardSelectors } from "../corruption-guard/interface";
import { errors as juryErrors, selectors as jurySelectors } from "../schelling-oracle/interface";
import { guard, jury } from "./terms";

/** Outcomes of a question: true and false. Others decide nothing. */
export const OUTCOME_TRUE: u64 = 1;
export const OUTCOME_FALSE: u64 = 2;
const outcomes: u64 = 2;

/** Final states of a question. */
export const RULED: u64 = 8;
export const VOID: u64 = 9;

/** What a jury of `jurors` costs. */
export function feeOf(jurors: u64): U256 {
  view(jury(), input(jurySelectors.feeOf, 1).number(jurors));
  return returned(0);
}

/** Juror stake; the floor below which nobody is asked is then `returned(1)`. */
export function activeStake(): U256 {
  view(jury(), input(jurySelectors.juryStake, 0));
  return returned(0);
}

/**
 * Asks the jury, and lets it answer at once or that it is too early. False when there is too little
 * juror stake: then the fee stays here. Any other failure reverts, so that nobody who gives too
 * little gas makes it look like that.
 */
export function askJury(id: U256, domainId: U256, jurors: u64, fee: U256): bool {
  const question = input(jurySelectors.ask, 7).word(id).number(outcomes).number(blockNumber());
  question.number(jurors).number(160).number(32).word(domainId);
  if (tryCall(jury(), question, fee)) return true;
  const reason = returnData();
  if (returnLength < 4 || bswap(load<u32>(reason)) != juryErrors.NoJury) {
    revertBytes(reason, returnLength);
  }
  return false;
}

/** Status of a question; the outcome is then `returned(1)`. */
export function statusOf(question: U256): u64 {
  view(jury(), input(jurySelectors.outcomeOf, 1).word(question));
  return returned(0).limb0;
}

/** Fetches fees of void questions, of this one or of others: there may be none left to fetch. */
export function fetchRefunds(): void {
  tryCall(jury(), input(jurySelectors.claim, 0), u256(0));
}

/** The least bond that the recipient of a callback demands. */
export function bondFloorOf(callback: U256): U256 {
  view(guard(), input(guardSelectors.bondFloorOf, 1).word(callback));
  return returned(0);
}
