/**
 * Calls to the recipient that an assertion names. They come last, after all money is credited, with
 * a fixed amount of gas, and cannot fail what called them; nor can the caller starve them, because
 * the gas is checked before. What fails is recorded and may be repeated by anyone with more gas.
 */

import { input } from "../sdk/call";
import { callContract, gasLeft, readReturnData } from "../sdk/host";
import { allocate } from "../sdk/memory";
import { addressBytes } from "../sdk/message";
import { emit, event, Writer } from "../sdk/output";
import { fail2, require, revertBytes } from "../sdk/revert";
import { fresh, isZero, storeWord, U256, u256 } from "../sdk/u256";
import { Assertion, findAssertion, saveAssertion, TRUE, UNDECIDED } from "./assertion";
import { errors, events } from "./interface";
import { loadTerms } from "./terms";

/** assertionDisputedCallback(bytes32 assertionId), UMA's name. */
const DISPUTED_CALLBACK: u32 = 0xd448a4ec;
/** assertionResolvedCallback(bytes32 assertionId, bool assertedTruthfully), UMA's name. */
const RESOLVED_CALLBACK: u32 = 0xf1b156b2;
/** assertionUndecidedCallback(bytes32 assertionId). */
const UNDECIDED_CALLBACK: u32 = 0x439a90e7;

/** For the call itself and for what is left to do when the recipient has used up its part. */
const reserveGas: u64 = 60_000;
/** A reason is shown so far; the recipient chooses its length and this contract pays to read it. */
const reasonMost: u32 = 256;
const allGas: u64 = 0xffffffffffffffff;

function disputedMessage(assertion: Assertion): Writer {
  return input(DISPUTED_CALLBACK, 1).word(assertion.id);
}

function settledMessage(assertion: Assertion): Writer {
  if (assertion.state == UNDECIDED) return input(UNDECIDED_CALLBACK, 1).word(assertion.id);
  const isTrue: u64 = assertion.state == TRUE ? 1 : 0;
  return input(RESOLVED_CALLBACK, 2).word(assertion.id).number(isTrue);
}

export function notifyDisputed(assertion: Assertion): void {
  notify(assertion, disputedMessage(assertion));
}

export function notifySettled(assertion: Assertion): void {
  if (notify(assertion, settledMessage(assertion))) return;
  assertion.callbackFailed = true; // settled for good: nothing else of it changed in the meantime
  saveAssertion(assertion);
}

/** False when the recipient failed. */
function notify(assertion: Assertion, message: Writer): bool {
  if (isZero(assertion.callback)) return true;
  const gas = <u64>loadTerms().callbackGas;
  const need = gas + gas / 63 + 1 + reserveGas; // 63/64 of what is left can be handed on
  if (gasLeft() < need) fail2(errors.NotEnoughGas, u256(gasLeft()), u256(need));
  const length = send(assertion.callback, message, gas);
  if (length < 0) return true;
  const reason = allocate(reasonMost);
  const shown = readReturnData(reason, 0, min<u32>(<u32>length, reasonMost));
  const writer = event(events.CallbackFailed, 3 + (reasonMost >> 5)).word(assertion.id);
  emit(writer.number(32).bytes(reason, shown), 2);
  return false;
}

/** Length of the revert data, or -1 after success. */
function send(target: U256, message: Writer, gas: u64): i64 {
  const nothing = changetype<usize>(fresh());
  storeWord(nothing, u256(0));
  const length = allocate(8);
  const status = callContract(
    addressBytes(target), message.start, message.length, nothing, gas, length,
  );
  return status == 0 ? -1 : <i64>load<u32>(length);
}

export function retryCallback(id: U256): void {
  const assertion = findAssertion(id);
  require(assertion.callbackFailed, errors.NothingToRetry);
  assertion.callbackFailed = false;
  saveAssertion(assertion);
  const length = send(assertion.callback, settledMessage(assertion), allGas);
  if (length < 0) return;
  const reason = allocate(reasonMost);
  revertBytes(reason, readReturnData(reason, 0, min<u32>(<u32>length, reasonMost)));
}
