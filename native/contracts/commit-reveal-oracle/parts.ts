/** The other genesis contracts, at slots 0 to 2 and 10, and what this one asks of them. */

import { call, input, returned, tryCall, view } from "../sdk/call";
import { allocate } from "../sdk/memory";
import { keccak, read, write } from "../sdk/storage";
import { storeWord, U256, u256 } from "../sdk/u256";
import { selectors as fund } from "../oracle-fund/interface";
import { selectors as stake } from "../stake-registry/interface";

export function setParts(stakes: U256, registry: U256, oracleFund: U256, schelling: U256): void {
  write(u256(0), stakes);
  write(u256(1), registry);
  write(u256(2), oracleFund);
  write(u256(10), schelling);
}

export function stakeRegistry(): U256 {
  return read(u256(0));
}

export function oracleRegistry(): U256 {
  return read(u256(1));
}

export function oracleFund(): U256 {
  return read(u256(2));
}

/** SchellingOracle, whose juries decide disputes. */
export function jury(): U256 {
  return read(u256(10));
}

/** Active stake of an account at the end of a past block. */
export function stakeAt(account: U256, block: u64): U256 {
  view(stakeRegistry(), input(stake.stakeAt, 2).word(account).number(block));
  return returned(0);
}

/** Stakes of `count` accounts (a list of words in memory); item i is then `returned(2 + i)`. */
export function askStakes(accounts: usize, count: u32, block: u64): void {
  const question = input(stake.stakesAt, 3 + count).number(64).number(block).number(count);
  for (let index: u32 = 0; index < count; index++) {
    question.word(changetype<U256>(accounts + (<usize>index << 5)));
  }
  view(stakeRegistry(), question);
}

/** Names one commit to the stake registry. */
export function lockKey(feed: U256, round: u64, reporter: U256): U256 {
  const data = allocate(96);
  storeWord(data, feed);
  storeWord(data + 32, u256(round));
  storeWord(data + 64, reporter);
  return keccak(data, 96);
}

export function lockBond(reporter: U256, key: U256, bond: U256): void {
  call(stakeRegistry(), input(stake.lock, 3).word(reporter).word(key).word(bond), u256(0));
}

/** Slashes part of a bond; returns the half that came here. */
export function slashBond(key: U256, amount: U256, reason: u64): U256 {
  call(stakeRegistry(), input(stake.slash, 3).word(key).word(amount).number(reason), u256(0));
  return returned(0);
}

/** Ends a bond after slashing `amount` of it; returns the half that came here. */
export function releaseBond(key: U256, amount: U256, reason: u64): U256 {
  call(stakeRegistry(), input(stake.release, 3).word(key).word(amount).number(reason), u256(0));
  return returned(0);
}

/** Draws a genesis feed's due into its pot. A failure leaves it for later and hinders no round. */
export function collectDue(feed: U256): void {
  tryCall(oracleFund(), input(fund.collect, 1).word(feed), u256(0));
}
