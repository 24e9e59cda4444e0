/**
 * Opening a round and drawing its jury: by stake, with replacement, from the tree as it stood
 * `stakeDelay` blocks before the question. The seed is the id of a later block: a miner with a
 * share a of the work who withholds blocks raises an event of probability p to at most p / (1 - a),
 * and appeals exist for that.
 */

import { returned, view } from "../sdk/call";
import { blockNumber } from "../sdk/host";
import { allocate, mark, release } from "../sdk/memory";
import { emit, event, open } from "../sdk/output";
import { fail1 } from "../sdk/revert";
import { keccak, keccakPair } from "../sdk/storage";
import { isZero, limbs, storeWord, U256, u256 } from "../sdk/u256";
import { errors, events } from "./interface";
import { jurorAt, releaseSeat, reserveSeat } from "./jurors";
import {
  currentRound, DRAWING, loadQuestion, loadVote, Question, Round, saveQuestion,
  saveRound, saveVote, SEAT_DRAWN, seedOf, setSeed, Vote, VOTING,
} from "./question";
import { roll } from "./rounds";
import {
  commitEnd, requireStatus, revealEnd, revealStart, seedBlock, STATUS_DRAWING,
} from "./status";
import { absentPenalty, windows } from "./terms";
import { leafAt, rootAt } from "./tree";

/** Places tried for each seat before a draw is given up: the pool is too small or too busy. */
const triesPerSeat: u32 = 16;
/** Blocks for which the EIP-2935 address answers. */
const idsKept: u64 = 8_191;

/** keccak256("ORACLE_JURY_V1"). */
const domain: usize = memory.data<u8>([
  0x2d, 0x4b, 0xb2, 0xbc, 0xb0, 0x55, 0x78, 0x4c, 0x6a, 0xa7, 0x77, 0xc3,
  0x68, 0x42, 0xd6, 0x9b, 0x37, 0xa8, 0x0e, 0xe6, 0x07, 0x87, 0x5e, 0xbc,
  0x74, 0x1c, 0x56, 0x90, 0xff, 0xe0, 0xfd, 0xdf,
]);

/** 0x0000F90827F1C53a10cb7A02335B175320002935 of EIP-2935. */
function blockIdsAddress(): U256 {
  return limbs(0x335b175320002935, 0x27f1c53a10cb7a02, 0x0000f908, 0);
}

function blockId(height: u64): U256 {
  view(blockIdsAddress(), open(1, 0).number(height));
  return returned(0);
}

/** The block whose tree a question draws from. */
export function snapshotOf(askBlock: u64): u64 {
  const delay: u64 = windows().stakeDelay;
  return askBlock < delay ? 0 : askBlock - delay;
}

function computeSeed(id: U256, round: u64, height: u64): U256 {
  const data = allocate(128);
  memory.copy(data, domain, 32);
  storeWord(data + 32, id);
  storeWord(data + 64, u256(round));
  storeWord(data + 96, blockId(height));
  return keccak(data, 128);
}

/** Tries up to `maxIter` places; returns how many seats are still free. Anyone may. */
export function draw(id: U256, maxIter: u64): u64 {
  const question = loadQuestion(id);
  const round = currentRound(question);
  const height = seedBlock(round);
  if (question.state == DRAWING && blockNumber() <= height) {
    fail1(errors.SeedPending, u256(height));
  }
  requireStatus(question, STATUS_DRAWING);
  let seed = seedOf(round);
  const isLate = isZero(seed) && blockNumber() - height > idsKept;
  if (isZero(seed) && !isLate) {
    seed = computeSeed(id, question.rounds - 1, height);
    setSeed(round, seed);
  }
  const failed = isLate || fillSeats(question, round, seed, maxIter);
  if (failed) giveUp(question, round, isLate ? 0 : windows().commitBlocks);
  else if (round.filled == round.seats) openVoting(question, round);
  saveRound(round);
  saveQuestion(question);
  return failed ? 0 : round.seats - round.filled;
}

/** True when the draw is given up. */
function fillSeats(question: Question, round: Round, seed: U256, maxIter: u64): bool {
  const block = snapshotOf(question.askBlock);
  const root = rootAt(block);
  if (root.total == 0) return true;
  const reserve = absentPenalty();
  const triesMax = triesPerSeat * round.seats;
  for (let count: u64 = 0; count < maxIter; count++) {
    if (round.filled == round.seats) return false;
    if (round.tries == triesMax) return true;
    const position = mark();
    const hash = keccakPair(seed, u256(round.tries));
    round.tries++;
    const target = (hash % u256(root.total)).limb0;
    const juror = jurorAt(leafAt(root, block, target));
    if (reserveSeat(juror, reserve)) seat(question.id, round, juror);
    release(position);
  }
  return round.filled < round.seats && round.tries == triesMax;
}

function seat(id: U256, round: Round, juror: U256): void {
  const vote = changetype<Vote>(allocate(offsetof<Vote>()));
  vote.juror = juror;
  vote.state = SEAT_DRAWN;
  vote.outcome = 0;
  saveVote(round, round.filled, vote);
  emit(event(events.Drawn, 3).word(id).word(juror).number(round.filled), 3);
  round.filled++;
}

function openVoting(question: Question, round: Round): void {
  round.drawnBlock = blockNumber();
  question.state = VOTING;
  const writer = event(events.VotingOpened, 5).word(question.id).number(question.rounds - 1);
  emit(writer.number(commitEnd(round)).number(revealStart(round)).number(revealEnd(round)), 2);
}

/**
 * Nobody serves in a jury that could not be filled. The next one waits for `delay` blocks: a pool
 * that is busy, perhaps because somebody pays to keep it so, gets time to become free.
 */
function giveUp(question: Question, round: Round, delay: u64): void {
  const reserve = absentPenalty();
  for (let voteId: u64 = 0; voteId < round.filled; voteId++) {
    const position = mark();
    releaseSeat(loadVote(round, voteId).juror, reserve);
    release(position);
  }
  round.filled = 0;
  emit(event(events.DrawFailed, 2).word(question.id).number(question.rounds - 1), 2);
  roll(question, round, blockNumber() + delay);
}
