/**
 * From votes to a ruling. The most frequent outcome wins when more than a quorum of the seats
 * revealed. A tie is rolled like a missing quorum; on the last roll it rules INVALID and every
 * revealed vote counts as coherent (Kleros' rule). Then each side of an appeal has one payer.
 */

import { blockNumber } from "../sdk/host";
import { allocate, mark, release } from "../sdk/memory";
import { sender, value } from "../sdk/message";
import { emit, event } from "../sdk/output";
import { fail1, require } from "../sdk/revert";
import { U256, u256 } from "../sdk/u256";
import {
  costOf, loserFunded, payLoserSide, payWinnerSide, winnerFunded,
} from "./appeal";
import { errors, events } from "./interface";
import {
  changeHeld, currentRound, INVALID, isOutcome, loadQuestion, loadVote, Question, Round, RULED,
  saveQuestion, saveRound, SEAT_REVEALED, TALLIED,
} from "./question";
import { feeFor, openRound, roll } from "./rounds";
import {
  APPEAL, appealEnd, finalFrom, requireStatus, standingRuling, TALLY,
} from "./status";
import { windows } from "./terms";

// @ts-ignore: decorator
@unmanaged @final
class Count {
  revealed: u8;
  winner: u8;
  tied: bool;
}

function countVotes(round: Round): Count {
  const counts = allocate(256);
  memory.fill(counts, 0, 256);
  const result = changetype<Count>(allocate(offsetof<Count>()));
  result.revealed = 0;
  for (let voteId: u64 = 0; voteId < round.filled; voteId++) {
    const position = mark();
    const vote = loadVote(round, voteId);
    if (vote.state == SEAT_REVEALED) {
      const place = counts + <usize>vote.outcome;
      store<u8>(place, load<u8>(place) + 1);
      result.revealed++;
    }
    release(position);
  }
  let most: u8 = 0;
  result.tied = false;
  for (let outcome: u32 = 0; outcome < 256; outcome++) {
    const count = load<u8>(counts + <usize>outcome);
    if (count == 0 || count < most) continue;
    result.tied = count == most;
    result.winner = <u8>outcome;
    most = count;
  }
  if (result.tied || most == 0) result.winner = INVALID;
  return result;
}

/** Counts a round after its reveals. Anyone may. */
export function tally(id: U256): void {
  const question = loadQuestion(id);
  requireStatus(question, TALLY);
  const round = currentRound(question);
  const count = countVotes(round);
  round.revealed = count.revealed;
  round.winner = count.winner;
  const terms = windows();
  const isQuorum = <u32>count.revealed * 10_000 > <u32>round.seats * terms.quorumBps;
  const decided = isQuorum && (!count.tied || question.rolls == terms.rollsMax);
  const writer = event(events.Tallied, 5).word(id).number(question.rounds - 1);
  emit(writer.number(count.winner).number(<u64>count.tied).number(<u64>decided), 2);
  if (decided) {
    round.decided = 1;
    round.fee = question.instance == 0
      ? feeFor(question.jurors)
      : costOf(id, question.instance - 1);
    question.ruling = count.winner;
    question.tied = <u8>count.tied;
    question.talliedBlock = blockNumber();
    question.state = TALLIED;
  } else {
    roll(question, round, blockNumber());
  }
  saveRound(round);
  saveQuestion(question);
}

/** Seats of the jury after one of `seats`. */
function seatsAfter(seats: u64): u64 {
  return min<u64>(2 * seats + 1, windows().jurorsMax);
}

export function appealCost(id: U256, outcome: u64): U256 {
  const question = loadQuestion(id);
  require(isOutcome(question, outcome), errors.BadOutcome);
  const fee = feeFor(seatsAfter(currentRound(question).seats));
  return outcome == question.ruling ? fee : fee + fee;
}

/** Pays one side: for the ruling, or in the first half of the window for another outcome. */
export function fundAppeal(id: U256, outcome: u64): void {
  const question = loadQuestion(id);
  requireStatus(question, APPEAL);
  const instance = question.instance;
  const terms = windows();
  const now = blockNumber();
  require(now < appealEnd(question), errors.AppealClosed);
  const need = appealCost(id, outcome);
  const fee = feeFor(seatsAfter(currentRound(question).seats));
  if (outcome == question.ruling) {
    require(!winnerFunded(id, instance), errors.AlreadyFunded);
    payWinnerSide(id, instance, sender(), fee, <u8>outcome);
  } else {
    require(now < question.talliedBlock + terms.appealBlocks / 2, errors.AppealClosed);
    require(!loserFunded(id, instance), errors.AlreadyFunded);
    payLoserSide(id, instance, sender(), fee, question.ruling, <u8>outcome);
  }
  if (value() != need) fail1(errors.WrongValue, need);
  changeHeld(question, need, u256(0));
  const writer = event(events.AppealFunded, 5).word(id).number(instance).number(outcome);
  emit(writer.word(sender()).word(need), 2);
  if (winnerFunded(id, instance) && loserFunded(id, instance)) {
    const seats = seatsAfter(currentRound(question).seats);
    question.instance++;
    question.rolls = 0;
    openRound(question, seats, now);
  }
  saveQuestion(question);
}

/** Writes down the ruling once its appeals are over. */
export function conclude(question: Question): void {
  if (question.state != TALLIED) return;
  const from = finalFrom(question);
  if (blockNumber() < from) return;
  const ruling = standingRuling(question);
  if (ruling != question.ruling) question.tied = 0;
  question.ruling = ruling;
  question.finalBlock = from;
  question.state = RULED;
  emit(event(events.Ruled, 2).word(question.id).number(ruling), 2);
}
