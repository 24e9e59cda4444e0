/** Drives a pair's ring of observations as Uniswap v3's tests do, and borrows; deployed nowhere. */

import { tickOf as logarithmicTick } from "../amm-pair/logarithm";
import * as ring from "../amm-pair/ring";
import { interpolated, segmentAt } from "../amm-pair/segment";
import { address, Span } from "../sdk/calldata";
import { call } from "../sdk/call";
import { open, returns } from "../sdk/output";
import { limbs, loadWord, U256, u256, wrappingAdd } from "../sdk/u256";

export function construct(): void {}

export function begin(time: u64, height: u64): void {
  const head = ring.readHead();
  ring.begin(head, time, height);
  ring.writeHead(head);
}

/** The newest observation, grown by `ticks` and `price0`. */
function grown(
  head: ring.Head, time: u64, height: u64, ticks: U256, price0: U256,
): ring.Observation {
  const next = ring.readObservation(head.index);
  next.time = time;
  next.height = height;
  next.ticks += <i64>ticks.limb0;
  next.price0 = wrappingAdd(next.price0, price0);
  return next;
}

export function update(time: u64, height: u64, ticks: U256, price0: U256): void {
  const head = ring.readHead();
  ring.append(head, grown(head, time, height, ticks, price0));
  ring.writeHead(head);
}

export function grow(target: u64): void {
  const head = ring.readHead();
  ring.grow(head, target);
  ring.writeHead(head);
}

function signed(value: i64): U256 {
  const sign = <u64>(value >> 63);
  return limbs(<u64>value, sign, sign, sign);
}

/** Sums at `target`, when the newest observation grew until `time` as given. */
export function observeAt(
  time: u64, height: u64, ticks: U256, price0: U256, target: u64,
): void {
  const head = ring.readHead();
  const now = grown(head, time, height, ticks, price0);
  const sums = target == time ? now
    : interpolated(segmentAt(head, now, time - target, false), target);
  returns(2).word(signed(sums.ticks)).word(sums.price0);
}

export function state(): void {
  const head = ring.readHead();
  returns(4).number(head.index).number(head.cardinality).number(head.cardinalityNext)
    .number(ring.oldestOf(head));
}

export function observation(index: u64): void {
  const kept = ring.readObservation(index);
  returns(4).number(kept.time).number(kept.height).word(signed(kept.ticks)).word(kept.price0);
}

export function tickOf(reserve0: U256, reserve1: U256): U256 {
  return signed(logarithmicTick(reserve0, reserve1));
}

/** The loan's data is the address in a word, then the calldata. */
export function uniswapV2Call(sender: U256, amount0: U256, amount1: U256, data: Span): void {
  const question = open(0, 0);
  question.start = data.data + 32;
  question.next = data.data + data.length;
  call(address(loadWord(data.data)), question, u256(0));
}
