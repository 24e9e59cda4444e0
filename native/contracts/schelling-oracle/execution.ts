/**
 * Who pays for a final ruling and who earns. Round by round, first all penalties (rounded up, half
 * burned), then the coherent votes share what the penalties brought and, in the round that decided
 * its instance, the fee; shares round down and the remainder goes to the fund: always solvent. One
 * step is one vote in one of the two passes, so that any block fits some of them.
 */

import { mark, release } from "../sdk/memory";
import { emit, event } from "../sdk/output";
import { require } from "../sdk/revert";
import { assign, isZero, negate, U256, u256 } from "../sdk/u256";
import {
  closeAppeal, costOf, loserOutcomeOf, loserPayerOf, winnerOutcomeOf, winnerPayerOf,
} from "./appeal";
import { credit, creditTreasury } from "./credits";
import { errors, events } from "./interface";
import { REASON_ABSENT, REASON_INCOHERENT, releaseSeat, slashSeat } from "./jurors";
import {
  changeHeld, loadQuestion, loadRound, loadVote, Question, Round, RULED, saveQuestion, saveRound,
  SEAT_EXPOSED, SEAT_REVEALED, VOID, Vote,
} from "./question";
import { conclude } from "./ruling";
import { absentPenalty, incoherentPenalty } from "./terms";

/** Takes up to `maxIter` steps; returns how many are left. Anyone may. */
export function execute(id: U256, maxIter: u64): u64 {
  const question = loadQuestion(id);
  conclude(question);
  require(question.state == RULED || question.state == VOID, errors.NotFinal);
  require(question.executed == 0, errors.NothingToExecute);
  if (question.appealsPaid == 0) payAppeals(question);
  let done: u64 = 0;
  while (question.cursorRound < question.rounds && done < maxIter) {
    done += executeRound(question, maxIter - done);
  }
  const left = stepsLeft(question);
  if (left == 0) {
    question.executed = 1;
    emit(event(events.Executed, 1).word(id), 2);
  }
  saveQuestion(question);
  return left;
}

function stepsLeft(question: Question): u64 {
  let left: u64 = 0;
  for (let index: u64 = question.cursorRound; index < question.rounds; index++) {
    left += 2 * loadRound(question.id, index).filled;
  }
  if (question.cursorRound < question.rounds && question.cursorPass == 1) {
    left -= loadRound(question.id, question.cursorRound).filled;
  }
  return left - question.cursorVote;
}

/** Steps of one round; moves the cursor to the next when it is done. */
function executeRound(question: Question, budget: u64): u64 {
  const round = loadRound(question.id, question.cursorRound);
  let done: u64 = 0;
  if (question.cursorPass == 0) {
    for (; question.cursorVote < round.filled && done < budget; done++) {
      const position = mark();
      judge(question, round, loadVote(round, question.cursorVote));
      question.cursorVote++;
      release(position);
    }
    if (question.cursorVote == round.filled) {
      question.cursorPass = 1;
      question.cursorVote = 0;
    }
  }
  if (question.cursorPass == 1) done += payRound(question, round, budget - done);
  saveRound(round);
  return done;
}

/** Without a ruling nobody was wrong; after a tie neither. */
function isCoherent(question: Question, vote: Vote): bool {
  if (vote.state != SEAT_REVEALED) return false;
  return question.state == VOID || question.tied != 0 || vote.outcome == question.ruling;
}

/** Ends one seat: free again, or slashed. */
function judge(question: Question, round: Round, vote: Vote): void {
  if (vote.state == SEAT_EXPOSED) return;
  const reserve = absentPenalty();
  if (isCoherent(question, vote)) {
    round.coherent++;
    releaseSeat(vote.juror, reserve);
    return;
  }
  const isWrong = vote.state == SEAT_REVEALED;
  const amount = isWrong ? incoherentPenalty() : reserve;
  const reason = isWrong ? REASON_INCOHERENT : REASON_ABSENT;
  const kept = slashSeat(vote.juror, reserve, amount, reason);
  changeHeld(question, kept, u256(0));
  assign(round.pot, round.pot + kept);
  const writer = event(events.JurorShift, 4).word(question.id).word(vote.juror);
  emit(writer.word(negate(amount)).number(0), 3);
}

function payRound(question: Question, round: Round, budget: u64): u64 {
  const count = u256(round.coherent);
  const someone = round.coherent > 0;
  const share = someone ? round.pot / count : u256(0);
  const fee = someone ? round.fee / count : u256(0);
  let done: u64 = 0;
  for (; question.cursorVote < round.filled && done < budget; done++) {
    const position = mark();
    const vote = loadVote(round, question.cursorVote);
    if (isCoherent(question, vote)) {
      credit(question, vote.juror, share + fee);
      const writer = event(events.JurorShift, 4).word(question.id).word(vote.juror);
      emit(writer.word(share).word(fee), 3);
    }
    question.cursorVote++;
    release(position);
  }
  if (question.cursorVote == round.filled) {
    creditTreasury(question, round.pot + round.fee - (share + fee) * count);
    question.cursorRound++;
    question.cursorPass = 0;
    question.cursorVote = 0;
  }
  return done;
}

/** At most one appeal an instance: both sides of those that were heard, one of the last. */
function payAppeals(question: Question): void {
  for (let instance: u64 = 0; instance <= question.instance; instance++) {
    payAppeal(question, instance);
    closeAppeal(question.id, instance);
  }
  question.appealsPaid = 1;
}

/**
 * Of an appeal that was heard, the jury's fee is gone and two fees are left: for the side that was
 * right, or to each in proportion when neither was. One side alone gets back what it paid.
 */
function payAppeal(question: Question, instance: u64): void {
  const id = question.id;
  const winner = winnerPayerOf(id, instance);
  const loser = loserPayerOf(id, instance);
  const cost = costOf(id, instance);
  const both = cost + cost;
  if (isZero(winner)) {
    if (!isZero(loser)) credit(question, loser, both);
  } else if (isZero(loser)) {
    credit(question, winner, cost);
  } else if (question.ruling == winnerOutcomeOf(id, instance)) {
    credit(question, winner, both);
  } else if (question.ruling == loserOutcomeOf(id, instance)) {
    credit(question, loser, both);
  } else {
    const third = both / u256(3);
    credit(question, winner, third);
    credit(question, loser, third + third);
    creditTreasury(question, both - third - third - third);
  }
}
