/** What anyone may read: outcomes for contracts, everything else for jurors and explorers. */

import { blockNumber } from "../sdk/host";
import { returns } from "../sdk/output";
import { isZero, U256, u256 } from "../sdk/u256";
import {
  costOf, loserOutcomeOf, loserPayerOf, winnerOutcomeOf, winnerPayerOf,
} from "./appeal";
import { snapshotOf } from "./drawing";
import { acornsPerWeight } from "./jurors";
import {
  askerOf, commitmentOf, findQuestion, heldOf, loadQuestion, loadRound, loadVote, questionHashOf,
  reopenedAs, SEAT_COMMITTED, SEAT_DRAWN, seedOf, TALLIED,
} from "./question";
import {
  APPEAL, commitEnd, finalFrom, revealEnd, revealStart, standingRuling, STATUS_RULED, statusOf,
} from "./status";
import { fund, stakeFloor, stakeRegistry, writeTerms } from "./terms";
import { rootAt } from "./tree";

/** Answers for the block it is asked in: no transaction is needed to make a ruling final. */
export function outcomeOf(id: U256): void {
  const question = findQuestion(id);
  const status = statusOf(question);
  let outcome: u8 = 0;
  let finalBlock = question.finalBlock;
  if (status == APPEAL) outcome = question.ruling;
  if (status == STATUS_RULED) {
    outcome = question.ruling;
    if (question.state == TALLIED) {
      outcome = standingRuling(question);
      finalBlock = finalFrom(question);
    }
  }
  returns(3).number(status).number(outcome).number(finalBlock);
}

/** Stake that a question of this block would draw from. */
export function activeStake(): U256 {
  return u256(rootAt(snapshotOf(blockNumber())).total) * u256(acornsPerWeight);
}

export function juryStake(): void {
  returns(2).word(activeStake()).word(stakeFloor());
}

export function getQuestion(id: U256): void {
  const question = loadQuestion(id);
  returns(16).word(askerOf(question)).word(questionHashOf(question)).number(question.outcomes)
    .number(question.tooEarly).number(question.jurors).number(question.askBlock)
    .number(question.openBlock).number(question.instance).number(question.rounds)
    .number(question.ruling).number(question.tied).number(question.talliedBlock)
    .number(question.finalBlock).number(question.executed).word(heldOf(question))
    .word(reopenedAs(question));
}

/** Windows are 0 until the jury is drawn. */
export function getRound(id: U256, index: u64): void {
  const round = loadRound(id, index);
  const isDrawn = round.drawnBlock != 0;
  returns(15).number(round.instance).number(round.seats).number(round.filled)
    .number(round.tries).number(round.startBlock).number(round.drawnBlock)
    .number(isDrawn ? commitEnd(round) : 0).number(isDrawn ? revealStart(round) : 0)
    .number(isDrawn ? revealEnd(round) : 0).word(seedOf(round)).number(round.decided)
    .number(round.winner).number(round.coherent).word(round.pot).word(round.fee);
}

export function getVote(id: U256, index: u64, voteId: u64): void {
  const round = loadRound(id, index);
  const vote = loadVote(round, voteId);
  const hash = commitmentOf(round, voteId);
  let state = vote.state;
  if (voteId >= round.filled) state = 0;
  else if (state == SEAT_DRAWN && !isZero(hash)) state = SEAT_COMMITTED;
  returns(4).word(vote.juror).number(state).number(vote.outcome).word(hash);
}

export function getAppeal(id: U256, instance: u64): void {
  returns(5).number(winnerOutcomeOf(id, instance)).number(loserOutcomeOf(id, instance))
    .word(winnerPayerOf(id, instance)).word(loserPayerOf(id, instance))
    .word(costOf(id, instance));
}

export function terms(): void {
  writeTerms();
}

export function parts(): void {
  returns(2).word(stakeRegistry()).word(fund());
}
