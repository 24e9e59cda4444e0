/**
 * Sums of exposure that shrink by themselves. Each oracle's total remembers how much of it ends
 * with each epoch, and drops what has ended when somebody next asks: at most 85 epochs, because
 * nothing lasts longer. mapping(address oracle => {uint128 sum; uint64 epoch}) totals at slot 2,
 * mapping(address oracle => mapping(uint64 epoch => uint256)) endings at 3, mapping(address consumer
 * => mapping(bytes32 feed => {uint128 amount; uint64 endEpoch})) at 4.
 */

import { blockNumber } from "../sdk/host";
import { mark, release } from "../sdk/memory";
import { high128, low128, pack128 } from "../sdk/packed";
import { mapped, read, write } from "../sdk/storage";
import { assign, U256, u256 } from "../sdk/u256";

const totalsSlot: u64 = 2;
const endingsSlot: u64 = 3;
const exposuresSlot: u64 = 4;

export const blocksPerEpoch: u64 = 480;
/** 40,320 blocks: a week at 15 seconds. */
export const epochsMax: u64 = 84;

export function currentEpoch(): u64 {
  return blockNumber() / blocksPerEpoch;
}

function endingSlot(oracle: U256, epoch: u64): U256 {
  return mapped(mapped(u256(endingsSlot), oracle), u256(epoch));
}

/** What has not ended of all that rests on the stake of `oracle`. */
export function totalOf(oracle: U256): U256 {
  const word = read(mapped(u256(totalsSlot), oracle));
  const now = currentEpoch();
  const since = high128(word).limb0;
  if (now > since + epochsMax) return u256(0);
  const sum = low128(word);
  const position = mark();
  for (let epoch = since; epoch < now; epoch++) {
    assign(sum, sum - read(endingSlot(oracle, epoch)));
    release(position);
  }
  return sum;
}

function saveTotal(oracle: U256, sum: U256): void {
  write(mapped(u256(totalsSlot), oracle), pack128(sum, u256(currentEpoch())));
}

function exposureSlot(consumer: U256, feed: U256): U256 {
  return mapped(mapped(u256(exposuresSlot), consumer), feed);
}

/** Amount of an entry, zero when it has ended. */
export function amountOf(consumer: U256, feed: U256): U256 {
  const word = read(exposureSlot(consumer, feed));
  return high128(word).limb0 < currentEpoch() ? u256(0) : low128(word);
}

/** First block in which the entry no longer counts. */
export function endOf(consumer: U256, feed: U256): u64 {
  const word = read(exposureSlot(consumer, feed));
  return (high128(word).limb0 + 1) * blocksPerEpoch;
}

/** Replaces an entry; returns the new total. `endEpoch` is the last epoch in which it counts. */
export function replace(
  oracle: U256, consumer: U256, feed: U256, amount: U256, endEpoch: u64,
): U256 {
  const slot = exposureSlot(consumer, feed);
  const before = amountOf(consumer, feed);
  const total = totalOf(oracle);
  const oldEnd = endingSlot(oracle, high128(read(slot)).limb0);
  write(oldEnd, read(oldEnd) - before);
  const newEnd = endingSlot(oracle, endEpoch);
  write(newEnd, read(newEnd) + amount);
  write(slot, pack128(amount, u256(endEpoch)));
  const sum = total - before + amount;
  saveTotal(oracle, sum);
  return sum;
}
