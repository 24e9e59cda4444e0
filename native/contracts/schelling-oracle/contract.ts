/**
 * SchellingOracle: categorical questions to a jury drawn by stake, with commitments, a seal,
 * reveals and appeals. Here: construction and asking; jurors.ts has who may be drawn, drawing.ts
 * and rounds.ts how a jury comes about, voting.ts and ruling.ts how it answers, execution.ts what
 * that costs and earns, reading.ts the views.
 *
 * Books: balance = sum of `held` over questions + credits that nobody claimed yet.
 */

import { address, Span } from "../sdk/calldata";
import { blockNumber } from "../sdk/host";
import { allocate } from "../sdk/memory";
import { sender, value } from "../sdk/message";
import { emit, event } from "../sdk/output";
import { fail1, fail2, require } from "../sdk/revert";
import { keccak, mapped, read, write } from "../sdk/storage";
import { isZero, loadWord, storeWord, U256, u256 } from "../sdk/u256";
import { errors, events } from "./interface";
import { enrollFor } from "./jurors";
import {
  askerOf, changeHeld, findQuestion, loadQuestion, Question, questionHashOf, reopenedAs, RULED,
  saveQuestion, setAsker, setReopenedAs, TOO_EARLY,
} from "./question";
import { activeStake } from "./reading";
import { feeFor, openRound } from "./rounds";
import { conclude } from "./ruling";
import { seatsLeast, setTerms, stakeFloor, stakeRegistry, windows } from "./terms";

export { claim, claimable, sweep } from "./credits";
export { draw } from "./drawing";
export { execute } from "./execution";
export { enroll, jurorOf, leave, unlock } from "./jurors";
export {
  getAppeal, getQuestion, getRound, getVote, juryStake, outcomeOf, parts, terms,
} from "./reading";
export { appealCost, fundAppeal, tally } from "./ruling";
export { commitVote, computeCommit, proveEarlyReveal, revealVote } from "./voting";

/** mapping(address => uint256): how many questions an account asked. */
const askedSlot: u64 = 13;
const outcomesLeast: u64 = 2;
const outcomesMost: u64 = 254;
const dataMost: u32 = 8_192;
/** How far ahead a question may open: a week of 15-second blocks. */
const openWithin: u64 = 40_320;

/** Jurors of the genesis file serve from block 0; their stake must be in the registry already. */
export function construct(
  registry: U256, fund: U256, terms: usize, jurors: Span, amounts: Span,
): void {
  require(jurors.length == amounts.length, errors.BadConstructor);
  setTerms(registry, fund, terms);
  for (let index: u32 = 0; index < jurors.length; index++) {
    const place = <usize>index << 5;
    enrollFor(address(loadWord(jurors.data + place)), loadWord(amounts.data + place));
  }
}

/** Halves of slashes come here from the stake registry, inside calls of this contract. */
export function receive(): void {
  require(sender() == stakeRegistry(), errors.OnlyStakeRegistry);
}

export function feeOf(jurors: u64): U256 {
  require(jurors >= seatsLeast && jurors <= <u64>windows().jurorsMax, errors.BadQuestion);
  return feeFor(jurors);
}

/** Binds a question to its text, terms and asker: a reorganisation cannot move votes to another. */
function questionId(
  questionHash: U256, outcomes: u64, openBlock: u64, jurors: u64, data: Span,
): U256 {
  const asker = sender();
  const slot = mapped(u256(askedSlot), asker);
  const count = read(slot) + u256(1);
  write(slot, count);
  const preimage = allocate(224);
  storeWord(preimage, questionHash);
  storeWord(preimage + 32, u256(outcomes));
  storeWord(preimage + 64, u256(openBlock));
  storeWord(preimage + 96, u256(jurors));
  storeWord(preimage + 128, keccak(data.data, data.length));
  storeWord(preimage + 160, asker);
  storeWord(preimage + 192, count);
  return keccak(preimage, 224);
}

/** Takes the fee and opens the first round. */
export function ask(
  questionHash: U256, outcomes: u64, openBlock: u64, jurors: u64, data: Span,
): U256 {
  return askQuestion(questionHash, outcomes, openBlock, jurors, data, 0).id;
}

function askQuestion(
  questionHash: U256, outcomes: u64, openBlock: u64, jurors: u64, data: Span, again: u8,
): Question {
  const now = blockNumber();
  require(outcomes >= outcomesLeast && outcomes <= outcomesMost, errors.BadQuestion);
  require(data.length <= dataMost && openBlock <= now + openWithin, errors.BadQuestion);
  const fee = feeOf(jurors);
  if (value() != fee) fail1(errors.WrongValue, fee);
  const active = activeStake();
  const least = stakeFloor();
  if (active < least) fail2(errors.NoJury, active, least);
  const id = questionId(questionHash, outcomes, openBlock, jurors, data);
  const question = findQuestion(id);
  question.askBlock = now;
  question.outcomes = <u8>outcomes;
  question.jurors = <u8>jurors;
  question.tooEarly = <u8>(openBlock != 0);
  question.openBlock = openBlock;
  question.again = again;
  changeHeld(question, fee, u256(0));
  setAsker(question, sender(), questionHash);
  const words = 7 + ((data.length + 31) >> 5);
  const writer = event(events.Asked, words + 1).word(id).word(sender()).word(questionHash);
  writer.number(outcomes).number(openBlock).number(jurors).number(128);
  emit(writer.bytes(data.data, data.length), 4);
  openRound(question, jurors, max(now, openBlock));
  saveQuestion(question);
  return question;
}

/** For the asker, once: what jurors could not know yet. The content stays in the first event. */
export function reopen(id: U256, openBlock: u64): U256 {
  const question = loadQuestion(id);
  conclude(question);
  require(question.state == RULED && question.ruling == TOO_EARLY, errors.NotReopenable);
  require(question.again == 0 && isZero(reopenedAs(question)), errors.NotReopenable);
  require(sender() == askerOf(question) && openBlock != 0, errors.NotReopenable);
  saveQuestion(question);
  const nothing = changetype<Span>(allocate(8));
  nothing.data = 0;
  nothing.length = 0;
  const hash = questionHashOf(question);
  const next = askQuestion(hash, question.outcomes, openBlock, question.jurors, nothing, 1);
  setReopenedAs(question, next.id);
  emit(event(events.Reopened, 2).word(id).word(next.id), 3);
  return next.id;
}
