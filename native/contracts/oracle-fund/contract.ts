/**
 * OracleFund: collects the oracles' tenth of each block subsidy, which arrives as a plain credit
 * without a call, and pays it to genesis feeds by weights that nobody can change. A feed's due is
 * computed from all that ever came in, when somebody asks: no loop over feeds, no administrator.
 *
 * Books: balance + totalPaid = all that was received; sum of paid = totalPaid. Storage:
 * mapping(bytes32 => {address oracle; uint16 weight}) at 0, mapping(bytes32 => uint256 paid) at 1,
 * uint256 totalPaid at 2, uint256 totalWeight at 3.
 */

import { address, Span, unsigned } from "../sdk/calldata";
import { call, input } from "../sdk/call";
import { balanceOf, self } from "../sdk/message";
import { emit, event, returns } from "../sdk/output";
import { require } from "../sdk/revert";
import { mapped, read, write } from "../sdk/storage";
import { isZero, limbs, loadWord, U256, u256 } from "../sdk/u256";
import { selectors as oracleSelectors } from "../commit-reveal-oracle/interface";
import { errors, events } from "./interface";

const sharesSlot: u64 = 0;
const paidSlot: u64 = 1;
const totalPaidSlot: u64 = 2;
const totalWeightSlot: u64 = 3;

export function construct(oracles: Span, feeds: Span, weights: Span): void {
  require(oracles.length == feeds.length, errors.BadConstructor);
  require(weights.length == feeds.length, errors.BadConstructor);
  let total: u64 = 0;
  for (let index: u32 = 0; index < feeds.length; index++) {
    const place = <usize>index << 5;
    const oracle = address(loadWord(oracles.data + place));
    const weight = unsigned(loadWord(weights.data + place), 16);
    const slot = mapped(u256(sharesSlot), loadWord(feeds.data + place));
    require(weight > 0 && isZero(read(slot)), errors.BadConstructor);
    write(slot, limbs(oracle.limb0, oracle.limb1, oracle.limb2 | (weight << 32), 0));
    total += weight;
  }
  write(u256(totalWeightSlot), u256(total));
}

/** Donations are shared like the subsidy. */
export function receive(): void {}

function share(feed: U256): U256 {
  const word = read(mapped(u256(sharesSlot), feed));
  require(!isZero(word), errors.UnknownFeed);
  return word;
}

function oracleOf(word: U256): U256 {
  return limbs(word.limb0, word.limb1, word.limb2 & 0xffffffff, 0);
}

/** Rounded down, so that the dues of all feeds together never exceed what came in. */
export function owed(feed: U256): U256 {
  const weight = share(feed).limb2 >> 32;
  const due = (received() * u256(weight)) / totalWeight();
  return due - read(mapped(u256(paidSlot), feed));
}

/** Sends a feed its due; anyone may ask, the money goes to the feed's pot in its oracle. */
export function collect(feed: U256): U256 {
  const amount = owed(feed);
  if (isZero(amount)) return amount;
  const oracle = oracleOf(share(feed));
  const slot = mapped(u256(paidSlot), feed);
  write(slot, read(slot) + amount);
  write(u256(totalPaidSlot), totalPaid() + amount);
  emit(event(events.Paid, 3).word(feed).word(oracle).word(amount), 3);
  call(oracle, input(oracleSelectors.fund, 1).word(feed), amount);
  return amount;
}

export function shareOf(feed: U256): void {
  const word = share(feed);
  returns(3).word(oracleOf(word)).number(word.limb2 >> 32)
    .word(read(mapped(u256(paidSlot), feed)));
}

export function totalWeight(): U256 {
  return read(u256(totalWeightSlot));
}

export function totalPaid(): U256 {
  return read(u256(totalPaidSlot));
}

export function received(): U256 {
  return balanceOf(self()) + totalPaid();
}
