/**
 * AggregatorV3Proxy: the read that consumers already know. It keeps three words for ever (bytes32
 * feed, address oracle, address registry at slots 0 to 2) and forwards: the answer is the oracle's,
 * to the byte, reverts included.
 */

import { input, returnData, returned, returnLength, view } from "../sdk/call";
import { sender } from "../sdk/message";
import { returnsRaw, Writer } from "../sdk/output";
import { read, write } from "../sdk/storage";
import { U256, u256 } from "../sdk/u256";
import { selectors as source } from "../commit-reveal-oracle/interface";
import { selectors as directory } from "../oracle-registry/interface";

export function construct(feedId: U256, oracleAddress: U256): void {
  write(u256(0), feedId);
  write(u256(1), oracleAddress);
  write(u256(2), sender());
}

export function feed(): U256 {
  return read(u256(0));
}

export function oracle(): U256 {
  return read(u256(1));
}

export function registry(): U256 {
  return read(u256(2));
}

/** Opens a question whose first argument is the feed. */
function about(selector: u32): Writer {
  return input(selector, 2).word(feed());
}

function forward(question: Writer): void {
  view(oracle(), question);
  returnsRaw(returnData(), returnLength);
}

export function decimals(): u64 {
  view(registry(), about(directory.decimals));
  return returned(0).limb0;
}

export function description(): void {
  view(registry(), about(directory.description));
  returnsRaw(returnData(), returnLength);
}

export function version(): U256 {
  return u256(1);
}

export function latestRoundData(): void {
  forward(about(source.latestRoundData));
}

export function getRoundData(round: U256): void {
  forward(about(source.getRoundData).word(round));
}

export function status(): void {
  forward(about(source.status));
}

export function getPriceNoOlderThan(maxAge: U256): void {
  forward(about(source.getPriceNoOlderThan).word(maxAge));
}

/** Member `index` of latestRoundData: 0 roundId, 1 answer, 3 updatedAt. */
function latest(index: u32): U256 {
  view(oracle(), about(source.latestRoundData));
  return returned(index);
}

export function latestAnswer(): U256 {
  return latest(1);
}

export function latestTimestamp(): U256 {
  return latest(3);
}

export function latestRound(): U256 {
  return latest(0);
}

export function getAnswer(round: U256): U256 {
  view(oracle(), about(source.getRoundData).word(round));
  return returned(1);
}

export function getTimestamp(round: U256): U256 {
  view(oracle(), about(source.getRoundData).word(round));
  return returned(3);
}
