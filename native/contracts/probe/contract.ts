/** Opens the SDK's arithmetic and the oracle's aggregation to tests; deployed nowhere. */

import {
  addReport, Ballot, capOf, consensusOf, newBallot,
} from "../commit-reveal-oracle/aggregate";
import { Span } from "../sdk/calldata";
import { returns } from "../sdk/output";
import { distance, divideUp, half, loadWord, magnitude, signedLess, U256, u256 } from "../sdk/u256";

export function add(left: U256, right: U256): U256 {
  return left + right;
}

export function subtract(left: U256, right: U256): U256 {
  return left - right;
}

export function multiply(left: U256, right: U256): U256 {
  return left * right;
}

export function divide(left: U256, right: U256): U256 {
  return left / right;
}

export function modulo(left: U256, right: U256): U256 {
  return left % right;
}

export function quotientUp(left: U256, right: U256): U256 {
  return divideUp(left, right);
}

export function compare(left: U256, right: U256): void {
  returns(4).number(left < right ? 1 : 0).number(left <= right ? 1 : 0)
    .number(left == right ? 1 : 0).number(signedLess(left, right) ? 1 : 0);
}

export function absolute(value: U256): U256 {
  return magnitude(value);
}

export function gap(left: U256, right: U256): U256 {
  return distance(left, right);
}

export function halve(value: U256): U256 {
  return half(value);
}

function item(list: Span, index: u32): U256 {
  return loadWord(list.data + (<usize>index << 5));
}

function ballotOf(values: Span, weights: Span): Ballot {
  const ballot = newBallot(weights.length);
  for (let index: u32 = 0; index < weights.length; index++) {
    const value = values.length == 0 ? u256(index) : item(values, index);
    addReport(ballot, value, u256(index), item(weights, index).limb0);
  }
  return ballot;
}

export function consensus(values: Span, weights: Span): void {
  const result = consensusOf(ballotOf(values, weights));
  returns(3).word(result.value).word(result.q1).word(result.q3);
}

export function cap(weights: Span, capBps: u64): U256 {
  const none = changetype<Span>(memory.data(8));
  return u256(capOf(ballotOf(none, weights), capBps));
}

export function echo(text: Span, small: u64, account: U256, flag: u64): void {
  returns(2 + ((text.length + 31) >> 5)).number(32).bytes(text.data, text.length);
}
