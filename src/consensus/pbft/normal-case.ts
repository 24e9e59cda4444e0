/**
 * The normal case (Castro and Liskov, OSDI 1999, section 4.2) with one height in flight:
 * PRE-PREPARE checked by execution, PREPARE, COMMIT, and a block sealed by a quorum of COMMITs.
 */

import type { Block } from '../../primitives/block.ts';
import type { Hex } from '../../primitives/bytes.ts';
import { bodyOperations, headerOperations } from '../../primitives/chain-records.ts';
import { headerId } from '../../primitives/header.ts';
import { limits } from '../../primitives/limits.ts';
import { encodeSeal, type VoteSet } from '../../primitives/seal.ts';
import { blockFault, consortiumBits, entryOf } from './block-rules.ts';
import { keepEvidence } from './evidence.ts';
import type { PrePrepare, Vote } from './messages.ts';
import { notePace, patienceMs } from './pace.ts';
import { isVoteValid, signVote } from './signatures.ts';
import {
  canVote,
  heightOf,
  isPrimary,
  lastGiven,
  type PbftState,
  primaryOf,
  sendMembers,
  setTimer,
  type Turn,
} from './state.ts';
import { giveUpView } from './view-change.ts';

export const proposeTimer = 'propose';

/** Takes a signed PREPARE or COMMIT of the height in flight or the next. */
export function onVote(turn: Turn, vote: Vote): void {
  const { state } = turn;
  const height = heightOf(state);
  if (vote.height < height || vote.height > height + 1) return;
  const book = vote.kind === 'prepare' ? state.prepares : state.commits;
  const known = book.get(vote.height, vote.member);
  if (known !== undefined && (known.view > vote.view || isSame(known, vote))) return;
  if (!isVoteValid(state, vote)) return;
  keepEvidence(turn, book.add(vote));
}

const isSame = (one: Vote, other: Vote): boolean => one.view === other.view && one.id === other.id;

/** Takes a PRE-PREPARE: its signature is the primary's PREPARE. */
export function onPrePrepare(turn: Turn, message: PrePrepare): void {
  const { state } = turn;
  const { view, height, block, signature } = message;
  const member = primaryOf(state, view);
  if (member === state.self || height < heightOf(state) || height > heightOf(state) + 1) {
    return;
  }
  const held = state.proposals.get(member);
  const isOlder = held && (held.height > height || (held.height === height && held.view > view));
  if (isOlder) return;
  const id = headerId(block.header, state.environment.crypto);
  const vote: Vote = { kind: 'prepare', view, height, id, member, signature };
  if (!isVoteValid(state, vote)) return;
  keepEvidence(turn, state.prepares.add(vote));
  if (held?.height !== height || held.view !== view) state.proposals.set(member, message);
}

/** Looks at the height in flight after each event: accept, check, vote, seal, propose. */
export function advanceHeight(turn: Turn): void {
  const { state } = turn;
  seal(turn);
  if (!canVote(state) || !state.promises.entered) return;
  acceptProposal(turn);
  checkProposal(turn);
  votePrepare(turn);
  voteCommit(turn);
  seal(turn);
  propose(turn);
}

/** The id this view is bound to at the height in flight; undefined where the primary is free. */
export function requiredId(state: PbftState): Hex | undefined {
  const { height, required } = state.promises.start;
  if (required === undefined || height !== heightOf(state)) return undefined;
  return headerId(required, state.environment.crypto);
}

function acceptProposal(turn: Turn): void {
  const { state, now } = turn;
  const { view } = state.promises;
  if (state.proposal !== undefined) return;
  const held = state.proposals.get(primaryOf(state, view));
  if (held?.view !== view || held.height !== heightOf(state)) return;
  const { block } = held;
  const id = headerId(block.header, state.environment.crypto);
  const required = requiredId(state);
  const fault =
    required === undefined || required === id
      ? (state.verdicts.get(id) ?? blockFault(state, block, state.head))
      : 'not-the-prepared-block';
  if (fault !== undefined) {
    giveUpView(turn, `proposal ${id} of view ${view}: ${fault}`);
    return;
  }
  // Looked at again at each tick. What a quorum prepared, or this member itself, is past that.
  const isBound = required !== undefined || isCurrent(state, state.promises.prepare);
  if (!isBound && !isTimely(turn, block.header.time)) return;
  state.proposal = { id, block, since: now };
  notePace(turn);
}

/**
 * Whether a proposal's time, in seconds, may be now by this clock. One from the past would let a
 * primary stop the clock that contracts read: it could not have waited so long in this view.
 */
function isTimely({ state, now }: Turn, time: number): boolean {
  const { clockToleranceMs } = state.parameters;
  const isTooNew = time * 1_000 > now + clockToleranceMs;
  const isTooOld = (time + 1) * 1_000 < now - clockToleranceMs - patienceMs(state);
  return !isTooNew && !isTooOld;
}

function checkProposal(turn: Turn): void {
  const { state } = turn;
  const { proposal } = state;
  if (proposal === undefined || state.checking !== undefined) return;
  if (state.verdicts.has(proposal.id)) return;
  state.checking = proposal.id;
  turn.effects.push({ kind: 'check', block: proposal.block });
}

/** The result of executing a proposal. */
export function onChecked(turn: Turn, id: Hex, fault: string | undefined): void {
  const { state } = turn;
  if (state.checking !== id) return;
  state.checking = undefined;
  state.verdicts.set(id, fault);
  if (state.proposal?.id !== id || fault === undefined) return;
  giveUpView(turn, `proposal ${id} of view ${state.promises.view}: ${fault}`);
}

/** Whether `vote` was cast in the view and at the height of now. */
function isCurrent(state: PbftState, vote: Vote | undefined): boolean {
  return vote?.view === state.promises.view && vote.height === heightOf(state);
}

/** Section 4.2: one PREPARE a view and height, for a pre-prepared block that executes. */
function votePrepare(turn: Turn): void {
  const { state } = turn;
  const { proposal, promises } = state;
  if (proposal === undefined || isCurrent(state, promises.prepare)) return;
  if (!isFoundValid(state, proposal.id)) return;
  sendMembers(turn, castPrepare(turn, proposal.id, proposal.block));
}

const isFoundValid = (state: PbftState, id: Hex): boolean =>
  state.verdicts.has(id) && state.verdicts.get(id) === undefined;

/** Binds this member to a block: body and vote are recorded together. */
function castPrepare(turn: Turn, id: Hex, block: Block): Vote {
  const { state, effects } = turn;
  const vote = signVote(state, 'prepare', {
    view: state.promises.view,
    height: heightOf(state),
    id,
  });
  const entry = entryOf(state, block.header, state.head);
  effects.push({
    kind: 'record',
    operations: [...headerOperations(entry), ...bodyOperations(id, block)],
  });
  state.promises.prepare = vote;
  state.prepares.add(vote);
  return vote;
}

/** Section 4.2, predicate prepared: a quorum of PREPAREs, and this member's own among them. */
function voteCommit(turn: Turn): void {
  const { state } = turn;
  const { proposal, promises, committee } = state;
  const { prepare } = promises;
  if (proposal === undefined || isCurrent(state, promises.commit)) return;
  if (!isCurrent(state, prepare) || prepare?.id !== proposal.id) return;
  if (!isFoundValid(state, proposal.id)) return;
  const height = heightOf(state);
  const { id } = proposal;
  const prepares = state.prepares.votesFor(height, promises.view, id);
  if (prepares.signatures.size < committee.quorum) return;
  promises.prepared = { header: proposal.block.header, prepares, height };
  promises.commit = signVote(state, 'commit', { view: promises.view, height, id });
  state.commits.add(promises.commit);
  sendMembers(turn, promises.commit);
}

/** Section 4.2, predicate committed-local, in whatever view: the block is final. */
function seal(turn: Turn): void {
  const { state } = turn;
  if (state.hasDiverged || state.applying.size > 0) return;
  const decided = state.commits.decided(heightOf(state), state.committee.quorum);
  if (decided === undefined) return;
  const block = blockAtHand(state, decided.id);
  // Without its body the sealed block comes by state transfer.
  if (block !== undefined) applySealed(turn, block, decided.votes);
}

function blockAtHand(state: PbftState, id: Hex): Block | undefined {
  const { proposal, environment } = state;
  if (proposal?.id === id) return proposal.block;
  const stored = environment.chain.block(id);
  if (stored !== undefined) return stored;
  for (const { block } of state.proposals.values()) {
    if (headerId(block.header, environment.crypto) !== id) continue;
    if (blockFault(state, block, state.head) === undefined) return block;
  }
  return undefined;
}

/** Stores a block on the last one given to the host, with its seal, and has it applied. */
export function applySealed(turn: Turn, block: Block, votes: VoteSet): void {
  const { state, effects } = turn;
  const entry = entryOf(state, block.header, lastGiven(state));
  const sealed = { ...block, seal: encodeSeal(votes, state.committee.members.length) };
  const operations = [...headerOperations(entry), ...bodyOperations(entry.id, sealed)];
  effects.push({ kind: 'record', operations }, { kind: 'apply', id: entry.id });
  state.applying.set(entry.id, { entry, view: votes.view });
}

/** As primary: what the NEW-VIEW requires, else what it had proposed before a restart, else new. */
function propose(turn: Turn): void {
  const { state } = turn;
  if (!isPrimary(state) || state.proposal !== undefined || !canVote(state)) return;
  const { prepare } = state.promises;
  const bound = isCurrent(state, prepare) ? prepare?.id : requiredId(state);
  if (bound !== undefined) {
    const block = state.environment.chain.block(bound);
    if (block !== undefined) sayProposal(turn, bound, block);
    return;
  }
  const due = proposalDue(state);
  if (due !== undefined && due > turn.now) {
    setTimer(turn, proposeTimer, due);
    return;
  }
  if (due === undefined || state.isProposing) return;
  state.isProposing = true;
  state.isForWaiting = state.waiting > 0;
  const { head } = state;
  const member = state.committee.members[state.self as number];
  turn.effects.push({
    kind: 'propose',
    parent: head.id,
    time: Math.max(head.header.time, Math.floor(turn.now / 1_000)),
    bits: consortiumBits,
    empty: false,
    extraData: state.committee.hash,
    ...(member === undefined ? {} : { beneficiary: member.address }),
  });
}

/** When a block is due; undefined while nobody waits and empty blocks are off. */
function proposalDue(state: PbftState): number | undefined {
  const { emptyBlockMs } = state.parameters;
  const empty = emptyBlockMs > 0 ? state.heightSince + emptyBlockMs : undefined;
  if (state.waiting === 0) return empty;
  // What waits but never fits must not make empty blocks as fast as the machine can.
  const pause = state.lastEmptyAt + limits.consortiumTickMs;
  return empty === undefined ? pause : Math.min(pause, empty);
}

/** The ledger has built a block: propose it, unless head or view moved on. */
export function onProposed(turn: Turn, block: Block, parent: Hex): void {
  const { state } = turn;
  state.isProposing = false;
  const isFree = isPrimary(state) && canVote(state) && state.proposal === undefined;
  if (!isFree || parent !== state.head.id) return;
  if (isCurrent(state, state.promises.prepare) || requiredId(state) !== undefined) return;
  if (block.transactions.length === 0 && state.isForWaiting) state.lastEmptyAt = turn.now;
  const id = headerId(block.header, state.environment.crypto);
  state.verdicts.set(id, undefined);
  sayProposal(turn, id, block);
}

/** The block without the seal that it may have got in an earlier view. */
function sayProposal(turn: Turn, id: Hex, { header, record, transactions }: Block): void {
  const { state } = turn;
  const block = { header, record, transactions };
  const { prepare } = state.promises;
  const vote =
    prepare !== undefined && isCurrent(state, prepare) ? prepare : castPrepare(turn, id, block);
  state.prepares.add(vote);
  state.proposal = { id, block, since: turn.now };
  sendMembers(turn, prePrepareOf(vote, block));
  checkProposal(turn);
  voteCommit(turn);
  seal(turn);
}

/** The PRE-PREPARE that a primary's PREPARE stands in. */
export function prePrepareOf({ view, height, signature }: Vote, block: Block): PrePrepare {
  return { kind: 'pre-prepare', view, height, block, signature };
}
