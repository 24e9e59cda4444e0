/**
 * Questions and their rounds in storage. mapping(uint256 => Question) at slot 8: two words of facts
 * as the class below has them, then address asker, bytes32 questionHash, uint256 reopenedAs.
 * mapping(uint256 => mapping(uint8 => Round)) at slot 9: a word of facts, bytes32 seed, {uint128
 * pot; uint128 fee}, then two words a vote: {address juror; uint8 state; uint8 outcome} and the
 * commitment.
 */

import { allocate } from "../sdk/memory";
import { high128, low128, pack128 } from "../sdk/packed";
import { require } from "../sdk/revert";
import { mapped, offset, read, write } from "../sdk/storage";
import { limbs, U256, u256 } from "../sdk/u256";
import { errors } from "./interface";

const questionsSlot: u64 = 8;
const roundsSlot: u64 = 9;
const votesOffset: u64 = 3;

/** What is stored; the status that readers see follows from it and the height. */
export const NONE: u8 = 0;
export const DRAWING: u8 = 1;
export const VOTING: u8 = 2;
export const TALLIED: u8 = 3;
export const RULED: u8 = 4;
export const VOID: u8 = 5;

export const INVALID: u8 = 0;
export const TOO_EARLY: u8 = 255;

export const SEAT_DRAWN: u8 = 1;
export const SEAT_COMMITTED: u8 = 2;
export const SEAT_REVEALED: u8 = 3;
export const SEAT_EXPOSED: u8 = 4;

// @ts-ignore: decorator
@unmanaged @final
export class Question {
  askBlock: u64;
  talliedBlock: u64;
  finalBlock: u64;
  state: u8;
  outcomes: u8;
  /** Seats of the first jury. */
  jurors: u8;
  /** 1 when TOO_EARLY is an answer. */
  tooEarly: u8;
  ruling: u8;
  /** 1 when the ruling is INVALID because the last vote was a tie. */
  tied: u8;
  /** 0 for the first jury, then one more for every appeal. */
  instance: u8;
  /** Rounds so far; an instance has several when too few votes were revealed. */
  rounds: u8;
  // second word
  /** Acorns held for this question: fees, appeals and slashes that nobody was credited yet. */
  heldLow: u64;
  heldHigh: u64;
  openBlock: u64;
  /** Rolls of this instance. */
  rolls: u8;
  /** 1 for a question that was asked again after TOO_EARLY. */
  again: u8;
  appealsPaid: u8;
  executed: u8;
  /** Where execution stands: round, pass and vote. */
  cursorRound: u8;
  cursorPass: u8;
  cursorVote: u8;
  reserved: u8;
  // memory only
  id: U256;
  slot: U256;
}

// @ts-ignore: decorator
@unmanaged @final
export class Round {
  startBlock: u64;
  drawnBlock: u64;
  /** Places of the tree that were tried. */
  tries: u32;
  instance: u8;
  seats: u8;
  filled: u8;
  /** 1 when this round's tally stands for its instance: it alone earns the fee. */
  decided: u8;
  winner: u8;
  revealed: u8;
  coherent: u8;
  reserved: u8;
  reserved2: u32;
  // memory only
  pot: U256;
  fee: U256;
  slot: U256;
}

// @ts-ignore: decorator
@unmanaged @final
export class Vote {
  juror: U256;
  state: u8;
  outcome: u8;
}

/** The two words at `slot` followed by room for the members that live in memory only. */
function openQuestion(id: U256): Question {
  const slot = mapped(u256(questionsSlot), id);
  const question = changetype<Question>(allocate(offsetof<Question>()));
  memory.copy(changetype<usize>(question), changetype<usize>(read(slot)), 32);
  memory.copy(changetype<usize>(question) + 32, changetype<usize>(read(offset(slot, 1))), 32);
  question.id = id;
  question.slot = slot;
  return question;
}

/** Reverts for an id that nobody asked. */
export function loadQuestion(id: U256): Question {
  const question = openQuestion(id);
  require(question.state != NONE, errors.UnknownQuestion);
  return question;
}

/** Also for one that does not exist: its state is NONE. */
export function findQuestion(id: U256): Question {
  return openQuestion(id);
}

export function saveQuestion(question: Question): void {
  write(question.slot, changetype<U256>(question));
  write(offset(question.slot, 1), changetype<U256>(changetype<usize>(question) + 32));
}

export function heldOf(question: Question): U256 {
  return limbs(question.heldLow, question.heldHigh, 0, 0);
}

/** Acorns that come in for a question and go out of it; below 2^128, the supply is below 2^120. */
export function changeHeld(question: Question, plus: U256, minus: U256): void {
  const held = heldOf(question) + plus - minus;
  question.heldLow = held.limb0;
  question.heldHigh = held.limb1;
}

export function askerOf(question: Question): U256 {
  return read(offset(question.slot, 2));
}

export function questionHashOf(question: Question): U256 {
  return read(offset(question.slot, 3));
}

export function reopenedAs(question: Question): U256 {
  return read(offset(question.slot, 4));
}

export function setAsker(question: Question, asker: U256, questionHash: U256): void {
  write(offset(question.slot, 2), asker);
  write(offset(question.slot, 3), questionHash);
}

export function setReopenedAs(question: Question, id: U256): void {
  write(offset(question.slot, 4), id);
}

export function isOutcome(question: Question, outcome: u64): bool {
  if (outcome == <u64>TOO_EARLY) return question.tooEarly != 0;
  return outcome <= <u64>question.outcomes;
}

export function loadRound(id: U256, index: u64): Round {
  const slot = mapped(mapped(u256(roundsSlot), id), u256(index));
  const round = changetype<Round>(allocate(offsetof<Round>()));
  memory.copy(changetype<usize>(round), changetype<usize>(read(slot)), 32);
  const amounts = read(offset(slot, 2));
  round.pot = low128(amounts);
  round.fee = high128(amounts);
  round.slot = slot;
  return round;
}

export function currentRound(question: Question): Round {
  return loadRound(question.id, question.rounds - 1);
}

export function saveRound(round: Round): void {
  write(round.slot, changetype<U256>(round));
  write(offset(round.slot, 2), pack128(round.pot, round.fee));
}

export function seedOf(round: Round): U256 {
  return read(offset(round.slot, 1));
}

export function setSeed(round: Round, seed: U256): void {
  write(offset(round.slot, 1), seed);
}

function voteSlot(round: Round, voteId: u64): U256 {
  return offset(round.slot, votesOffset + 2 * voteId);
}

export function loadVote(round: Round, voteId: u64): Vote {
  const word = read(voteSlot(round, voteId));
  const vote = changetype<Vote>(allocate(offsetof<Vote>()));
  vote.juror = limbs(word.limb0, word.limb1, word.limb2 & 0xffffffff, 0);
  vote.state = <u8>(word.limb2 >> 32);
  vote.outcome = <u8>(word.limb2 >> 40);
  return vote;
}

export function saveVote(round: Round, voteId: u64, vote: Vote): void {
  const marks = (<u64>vote.state << 32) | (<u64>vote.outcome << 40);
  const juror = vote.juror;
  write(voteSlot(round, voteId), limbs(juror.limb0, juror.limb1, juror.limb2 | marks, 0));
}

export function commitmentOf(round: Round, voteId: u64): U256 {
  return read(offset(voteSlot(round, voteId), 1));
}

export function setCommitment(round: Round, voteId: u64, hash: U256): void {
  write(offset(voteSlot(round, voteId), 1), hash);
}
