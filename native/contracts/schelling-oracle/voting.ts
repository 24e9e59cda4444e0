/**
 * Commit, reveal, and the proof that somebody told a vote too early. A commitment binds chain,
 * contract, question, round, juror, outcome and salt. Outcomes are few, so a salt that was shown
 * once would give the next vote away: it is refused.
 */

import { unsigned, Span } from "../sdk/calldata";
import { chainId } from "../sdk/host";
import { allocate, mark, release } from "../sdk/memory";
import { self, sender } from "../sdk/message";
import { emit, event } from "../sdk/output";
import { fail2, require } from "../sdk/revert";
import { keccak, mapped, read, write } from "../sdk/storage";
import { isZero, loadWord, minimum, storeWord, U256, u256 } from "../sdk/u256";
import { credit } from "./credits";
import { errors, events } from "./interface";
import { REASON_EXPOSED, slashSeat } from "./jurors";
import {
  changeHeld, commitmentOf, currentRound, isOutcome, loadQuestion, loadVote, Round, saveQuestion,
  saveRound, saveVote, SEAT_DRAWN, SEAT_EXPOSED, SEAT_REVEALED, setCommitment, Vote,
} from "./question";
import { COMMIT, REVEAL, requireStatus, SEAL, statusOf } from "./status";
import { absentPenalty, seatsMost } from "./terms";

const saltsSlot: u64 = 11;

/** keccak256("JURY_COMMIT_V1"). */
const domain: usize = memory.data<u8>([
  0xd9, 0xb9, 0x40, 0x79, 0x56, 0x8d, 0x7c, 0xa7, 0x7d, 0x79, 0xd3, 0x00,
  0xc2, 0xc3, 0x27, 0x48, 0xd9, 0x58, 0x27, 0x0b, 0xe1, 0xf7, 0xef, 0xd8,
  0xf8, 0x4f, 0x0a, 0x95, 0xb7, 0x3f, 0x00, 0xcc,
]);

export function computeCommit(
  id: U256, round: u64, juror: U256, outcome: u64, salt: U256,
): U256 {
  const data = allocate(256);
  memory.copy(data, domain, 32);
  storeWord(data + 32, u256(chainId()));
  storeWord(data + 64, self());
  storeWord(data + 96, id);
  storeWord(data + 128, u256(round));
  storeWord(data + 160, juror);
  storeWord(data + 192, u256(outcome));
  storeWord(data + 224, salt);
  return keccak(data, 256);
}

/** Number `index` of the list of votes; at most one jury's worth of them. */
function voteIdAt(voteIds: Span, index: u32): u64 {
  require(voteIds.length <= <u32>seatsMost, errors.NotDrawn);
  return unsigned(loadWord(voteIds.data + (<usize>index << 5)), 32);
}

/** A seat that `juror` holds. */
function seatOf(round: Round, voteId: u64, juror: U256): Vote {
  require(voteId < round.filled, errors.NotDrawn);
  const vote = loadVote(round, voteId);
  require(vote.juror == juror, errors.NotDrawn);
  return vote;
}

/** Commits the caller's votes, or replaces their commitments while the window is open. */
export function commitVote(id: U256, voteIds: Span, hash: U256): void {
  const question = loadQuestion(id);
  requireStatus(question, COMMIT);
  require(!isZero(hash), errors.CommitMismatch);
  const juror = sender();
  const round = currentRound(question);
  for (let index: u32 = 0; index < voteIds.length; index++) {
    const position = mark();
    const voteId = voteIdAt(voteIds, index);
    require(seatOf(round, voteId, juror).state == SEAT_DRAWN, errors.NoCommit);
    setCommitment(round, voteId, hash);
    emit(event(events.VoteCommitted, 4).word(id).word(juror).number(voteId).word(hash), 3);
    release(position);
  }
}

/** A salt of 128 bits or more that opened no other commitment of this juror. */
function useSalt(juror: U256, salt: U256, hash: U256): void {
  require((salt.limb3 | salt.limb2) != 0, errors.SaltTooWeak);
  const slot = mapped(mapped(u256(saltsSlot), juror), salt);
  const used = read(slot);
  require(isZero(used) || used == hash, errors.SaltReused);
  write(slot, hash);
}

/** Opens the caller's votes that were committed with this outcome and salt. */
export function revealVote(id: U256, voteIds: Span, outcome: u64, salt: U256): void {
  const question = loadQuestion(id);
  requireStatus(question, REVEAL);
  require(isOutcome(question, outcome), errors.BadOutcome);
  const juror = sender();
  const hash = computeCommit(id, question.rounds - 1, juror, outcome, salt);
  useSalt(juror, salt, hash);
  const round = currentRound(question);
  for (let index: u32 = 0; index < voteIds.length; index++) {
    const position = mark();
    const voteId = voteIdAt(voteIds, index);
    const vote = openSeat(round, voteId, juror, hash);
    vote.state = SEAT_REVEALED;
    vote.outcome = <u8>outcome;
    saveVote(round, voteId, vote);
    emit(event(events.VoteRevealed, 4).word(id).word(juror).number(voteId).number(outcome), 3);
    release(position);
  }
}

/** A seat of `juror` whose commitment is `hash` and still closed. */
function openSeat(round: Round, voteId: u64, juror: U256, hash: U256): Vote {
  const vote = seatOf(round, voteId, juror);
  require(vote.state != SEAT_REVEALED, errors.AlreadyRevealed);
  const commitment = commitmentOf(round, voteId);
  require(vote.state == SEAT_DRAWN && !isZero(commitment), errors.NoCommit);
  require(commitment == hash, errors.CommitMismatch);
  return vote;
}

/**
 * Whoever knows a juror's vote before reveals begin ends it: the seat loses all it reserved. A
 * sixth goes to the hunter, half is burned, the rest to the jury. One who tells on itself from a
 * second account so loses as much as by a wrong vote (5/6 of 12,000 bps).
 */
export function proveEarlyReveal(
  id: U256, voteIds: Span, juror: U256, outcome: u64, salt: U256,
): void {
  const question = loadQuestion(id);
  const now = statusOf(question);
  if (now != COMMIT && now != SEAL) fail2(errors.WrongStatus, u256(now), u256(SEAL));
  const hash = computeCommit(id, question.rounds - 1, juror, outcome, salt);
  const round = currentRound(question);
  const reserve = absentPenalty();
  const hunter = sender();
  for (let index: u32 = 0; index < voteIds.length; index++) {
    const voteId = voteIdAt(voteIds, index);
    const vote = openSeat(round, voteId, juror, hash);
    vote.state = SEAT_EXPOSED;
    saveVote(round, voteId, vote);
    const kept = slashSeat(juror, reserve, reserve, REASON_EXPOSED);
    const bounty = minimum(reserve / u256(6), kept);
    changeHeld(question, kept, u256(0));
    credit(question, hunter, bounty);
    round.pot = round.pot + (kept - bounty);
    const writer = event(events.VoteExposed, 4).word(id).word(juror).number(voteId);
    emit(writer.word(hunter), 3);
  }
  saveRound(round);
  saveQuestion(question);
}
