/**
 * What a question waits for. Windows are half-open: the block that equals an end belongs to the
 * next phase. A ruling is final `sealBlocks` after its appeals closed, so that a reorganisation of
 * that depth cannot drop an appeal that somebody already relied on the absence of.
 */

import { blockNumber } from "../sdk/host";
import { fail2 } from "../sdk/revert";
import { u256 } from "../sdk/u256";
import { loserFunded, winnerFunded, loserOutcomeOf } from "./appeal";
import { errors } from "./interface";
import {
  currentRound, DRAWING, NONE, Question, Round, RULED, TALLIED, VOTING,
} from "./question";
import { windows } from "./terms";

export const UNKNOWN: u64 = 0;
export const STATUS_OPEN: u64 = 1;
export const STATUS_DRAWING: u64 = 2;
export const COMMIT: u64 = 3;
export const SEAL: u64 = 4;
export const REVEAL: u64 = 5;
export const TALLY: u64 = 6;
export const APPEAL: u64 = 7;
export const STATUS_RULED: u64 = 8;
export const STATUS_VOID: u64 = 9;

/** The block whose id seeds the draw of a round. */
export function seedBlock(round: Round): u64 {
  return round.startBlock + windows().seedBlocks;
}

export function commitEnd(round: Round): u64 {
  return round.drawnBlock + windows().commitBlocks;
}

export function revealStart(round: Round): u64 {
  return commitEnd(round) + windows().sealBlocks;
}

export function revealEnd(round: Round): u64 {
  return revealStart(round) + windows().revealBlocks;
}

/** First block without appeals; the loser's half ends in the middle. */
export function appealEnd(question: Question): u64 {
  const terms = windows();
  const isLast = question.instance >= terms.appealsMax;
  return question.talliedBlock + (isLast ? 0 : terms.appealBlocks);
}

/** First block in which the ruling is final when nobody appeals. */
export function finalFrom(question: Question): u64 {
  return appealEnd(question) + windows().sealBlocks;
}

/** The ruling when appeals close: a losing side that alone paid has won. */
export function standingRuling(question: Question): u8 {
  const id = question.id;
  const instance = question.instance;
  if (loserFunded(id, instance) && !winnerFunded(id, instance)) return loserOutcomeOf(id, instance);
  return question.ruling;
}

function votingStatus(round: Round): u64 {
  const now = blockNumber();
  if (now < commitEnd(round)) return COMMIT;
  if (now < revealStart(round)) return SEAL;
  return now < revealEnd(round) ? REVEAL : TALLY;
}

export function statusOf(question: Question): u64 {
  if (question.state == NONE) return UNKNOWN;
  if (question.state == RULED) return STATUS_RULED;
  if (question.state == TALLIED) {
    return blockNumber() < finalFrom(question) ? APPEAL : STATUS_RULED;
  }
  if (question.state != DRAWING && question.state != VOTING) return STATUS_VOID;
  const round = currentRound(question);
  if (question.state == VOTING) return votingStatus(round);
  return blockNumber() <= seedBlock(round) ? STATUS_OPEN : STATUS_DRAWING;
}

export function requireStatus(question: Question, need: u64): void {
  const have = statusOf(question);
  if (have != need) fail2(errors.WrongStatus, u256(have), u256(need));
}
