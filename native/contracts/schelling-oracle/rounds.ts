/**
 * The order of rounds: an instance that gets too few votes, a tie or no full jury is rolled, up to
 * rollsMax times. When the first instance fails for good the question is void and its fee goes
 * back; when an appeal does, the ruling before it stands and both sides get their money back, so
 * that an appeal to a jury that cannot be filled gains nothing.
 */

import { blockNumber } from "../sdk/host";
import { emit, event } from "../sdk/output";
import { U256, u256 } from "../sdk/u256";
import { closeAppeal, costOf, loserPayerOf, winnerPayerOf } from "./appeal";
import { credit } from "./credits";
import { events } from "./interface";
import {
  askerOf, DRAWING, loadRound, Question, Round, RULED, saveRound, VOID,
} from "./question";
import { seedBlock } from "./status";
import { feePerJuror, windows } from "./terms";

export function feeFor(seats: u64): U256 {
  return feePerJuror() * u256(seats);
}

/** Opens the next round of the current instance; the caller saves the question. */
export function openRound(question: Question, seats: u64, startBlock: u64): void {
  const index = question.rounds;
  question.rounds++;
  question.state = DRAWING;
  const round = loadRound(question.id, index);
  round.startBlock = startBlock;
  round.instance = question.instance;
  round.seats = <u8>seats;
  saveRound(round);
  const writer = event(events.RoundOpened, 6).word(question.id).number(index);
  writer.number(round.instance).number(seats).number(startBlock).number(seedBlock(round));
  emit(writer, 2);
}

/** After a round that decided nothing: another one from `startBlock` on, or the end. */
export function roll(question: Question, failed: Round, startBlock: u64): void {
  if (question.rolls < windows().rollsMax) {
    question.rolls++;
    openRound(question, failed.seats, startBlock);
    return;
  }
  question.finalBlock = blockNumber();
  if (question.instance == 0) {
    question.state = VOID;
    credit(question, askerOf(question), feeFor(question.jurors));
    emit(event(events.Voided, 1).word(question.id), 2);
  } else {
    question.state = RULED;
    refundAppeal(question, question.instance - 1);
    emit(event(events.Ruled, 2).word(question.id).number(question.ruling), 2);
  }
}

function refundAppeal(question: Question, instance: u64): void {
  const id = question.id;
  const cost = costOf(id, instance);
  credit(question, winnerPayerOf(id, instance), cost);
  credit(question, loserPayerOf(id, instance), cost + cost);
  closeAppeal(id, instance);
}
