/** Opens the SDK's arithmetic and the oracle's aggregation to tests; deployed nowhere. */

import {
  addReport, Ballot, capOf, consensusOf, newBallot,
} from "../commit-reveal-oracle/aggregate";
import { Span } from "../sdk/calldata";
import { mulDiv, mulMod, squareRoot } from "../sdk/mathematics";
import { mark, release } from "../sdk/memory";
import { returns } from "../sdk/output";
import {
  distance, divideUp, half, loadWord, magnitude, signedLess, square, U256, u256,
} from "../sdk/u256";

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

/** Results of one operation on every row of three operands: thousands of cases in one call. */
export function batch(operation: u64, first: Span, second: Span, third: Span): void {
  const writer = returns(2 + first.length).number(32).number(first.length);
  const position = mark();
  for (let index: u32 = 0; index < first.length; index++) {
    writer.word(operate(operation, item(first, index), item(second, index), item(third, index)));
    release(position);
  }
}

function operate(operation: u64, first: U256, second: U256, third: U256): U256 {
  switch (<i32>operation) {
    case 1: return first * second;
    case 2: return square(first);
    case 3: return first / second;
    case 4: return first % second;
    case 5: return mulDiv(first, second, third);
    case 6: return mulMod(first, second, third);
    case 7: return squareRoot(first);
    case 8: return first + second;
    default: return first - second;
  }
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
