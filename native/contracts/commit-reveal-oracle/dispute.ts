/**
 * What is left when most reporters lie together: within the dispute window anyone may take a final
 * value to a drawn jury. The disputer pays the jury's fee and as much again as a bond. If the jury
 * refutes the value, everyone inside its band loses the whole lock, the disputer gets bond and fee
 * back and a quarter of what is slashed, and the feed answers what it answered before. If not, the
 * bond goes to the feed's pot. Without a ruling the round stands and the bond returns.
 *
 * Storage: mapping(bytes32 => mapping(uint64 => {uint256 question + 1; address disputer; uint96
 * bond})) at slot 9. The entry stays, so that a round is disputed once.
 */

import { call, input, returned, view } from "../sdk/call";
import { blockNumber } from "../sdk/host";
import { allocate } from "../sdk/memory";
import { self, sender, value } from "../sdk/message";
import { emit, event, returns } from "../sdk/output";
import { accountOf, amountOf, high128, low128, pack128, packAccount } from "../sdk/packed";
import { fail1, fail2, require } from "../sdk/revert";
import { keccak, mapped, offset, read, write } from "../sdk/storage";
import { isZero, storeWord, U256, u256 } from "../sdk/u256";
import { selectors as schelling } from "../schelling-oracle/interface";
import { credit } from "./credits";
import {
  answeredRoundOf, changePot, latestRoundOf, publishAnswer, setLatestRound, windowsOf,
} from "./feed";
import { errors, events } from "./interface";
import { jury } from "./parts";
import {
  bandsOf, DISPUTED, FINAL, marksOf, poolOf, REFUTED, roundSlot, saveMarks, savePool, valueOf,
  weightsOf,
} from "./round";
import { publish } from "./settlement";

const disputesSlot: u64 = 9;

/** Jurors of the first round; appeals draw more. */
const jurors: u64 = 3;
/** Answers of the question. */
const VALUE_IS_RIGHT: u64 = 1;
const VALUE_IS_FALSE: u64 = 2;
/** Final states of a question. */
const RULED: u64 = 8;
const NO_RULING: u64 = 9;

/** Refuted rounds in a row that a search for the answer before them passes. */
const refutedMax: u32 = 256;

function disputeSlot(feed: U256, round: u64): U256 {
  return mapped(mapped(u256(disputesSlot), feed), u256(round));
}

/** Who disputed a round; zero for nobody. */
export function disputerOf(feed: U256, round: u64): U256 {
  return accountOf(read(offset(disputeSlot(feed, round), 1)));
}

function juryFee(): U256 {
  view(jury(), input(schelling.feeOf, 1).number(jurors));
  return returned(0);
}

/** Fee of the jury and a bond of the same size. */
export function disputeCost(): U256 {
  const fee = juryFee();
  return fee + fee;
}

export function disputeOf(feed: U256, round: u64): void {
  const slot = disputeSlot(feed, round);
  const marked = read(slot);
  const word = read(offset(slot, 1));
  const question = isZero(marked) ? marked : marked - u256(1);
  returns(3).word(question).word(accountOf(word)).word(amountOf(word));
}

/** Takes a final round to a jury. @returns the question's id in SchellingOracle */
export function disputeRound(feed: U256, round: u64): U256 {
  const windows = windowsOf(feed);
  const slot = roundSlot(feed, round);
  const marks = marksOf(slot);
  const place = disputeSlot(feed, round);
  require(isZero(read(place)), errors.AlreadyDisputed);
  require(marks.state == FINAL, errors.NoRound);
  const end = weightsOf(slot).finalBlock + windows.disputeBlocks;
  if (blockNumber() >= end) fail1(errors.DisputeClosed, u256(end));
  const fee = juryFee();
  if (value() != fee + fee) fail2(errors.WrongValue, value(), fee + fee);
  marks.state = DISPUTED;
  saveMarks(slot, marks);
  write(offset(place, 1), packAccount(sender(), fee));
  write(place, u256(1)); // taken while the jury is called
  const answer = valueOf(slot);
  const question = ask(feed, round, answer, fee);
  write(place, question + u256(1));
  const writer = event(events.RoundDisputed, 6).word(feed).number(round).word(sender());
  emit(writer.word(question).word(answer).word(fee), 4);
  return question;
}

/** The question: feed, round and value, with this contract, so that no other asks the same. */
function ask(feed: U256, round: u64, answer: U256, fee: U256): U256 {
  const content = allocate(128);
  storeWord(content, self());
  storeWord(content + 32, feed);
  storeWord(content + 64, u256(round));
  storeWord(content + 96, answer);
  const question = input(schelling.ask, 10).word(keccak(content, 128)).number(VALUE_IS_FALSE);
  question.number(0).number(jurors).number(160).bytes(content, 128);
  call(jury(), question, fee);
  return returned(0);
}

/**
 * Carries out the ruling, as many blocks after it as a seal has, so that no shallow reorganisation
 * takes it back. Anyone may. @returns the round's new state
 */
export function resolveDispute(feed: U256, round: u64): u64 {
  const windows = windowsOf(feed);
  const slot = roundSlot(feed, round);
  const marks = marksOf(slot);
  require(marks.state == DISPUTED, errors.NotDisputed);
  const place = disputeSlot(feed, round);
  view(jury(), input(schelling.outcomeOf, 1).word(read(place) - u256(1)));
  const status = returned(0).limb0;
  const outcome = returned(1).limb0;
  const from = returned(2).limb0 + windows.sealBlocks;
  const isOver = status == RULED || status == NO_RULING;
  if (!isOver || blockNumber() < from) fail1(errors.NotRuled, u256(isOver ? from : 0));
  const word = read(offset(place, 1));
  write(offset(place, 1), packAccount(accountOf(word), u256(0)));
  marks.state = FINAL;
  if (status == RULED && outcome == VALUE_IS_FALSE) marks.state = REFUTED;
  saveMarks(slot, marks);
  const bond = amountOf(word);
  if (status == NO_RULING) refund(feed, round, accountOf(word), bond);
  else if (outcome == VALUE_IS_RIGHT) changePot(feed, bond, u256(0));
  else if (outcome == VALUE_IS_FALSE) refute(feed, round, slot, accountOf(word), bond);
  else credit(feed, round, accountOf(word), bond);
  const writer = event(events.DisputeResolved, 4).word(feed).number(round);
  emit(writer.number(marks.state).number(outcome), 3);
  return marks.state;
}

/** No jury came together: the disputer gets back fee and bond. */
function refund(feed: U256, round: u64, disputer: U256, bond: U256): void {
  view(jury(), input(schelling.claimable, 1).word(self()));
  if (!isZero(returned(0))) call(jury(), input(schelling.claim, 0), u256(0));
  credit(feed, round, disputer, bond + bond);
}

/** Bond and, as far as the round's pool goes, the fee; the answer goes back to the round before. */
function refute(feed: U256, round: u64, slot: U256, disputer: U256, bond: U256): void {
  const pool = poolOf(slot);
  const left = low128(pool);
  const fee = left < bond ? left : bond;
  savePool(slot, pack128(left - fee, high128(pool)));
  credit(feed, round, disputer, bond + fee);
  if (answeredRoundOf(feed) != round) return;
  let answered = bandsOf(slot).previous;
  for (let step: u32 = 0; answered != 0; step++) {
    if (step == refutedMax) answered = 0;
    if (marksOf(roundSlot(feed, answered)).state != REFUTED) break;
    answered = bandsOf(roundSlot(feed, answered)).previous;
  }
  setLatestRound(feed, latestRoundOf(feed), answered);
  const before = roundSlot(feed, answered);
  if (answered == 0) publishAnswer(feed, u256(0), 0, false);
  else publish(feed, before, weightsOf(before).revealed);
}
