/**
 * What a primary owes beside being alive: blocks soon after there is work (minimum throughput, as
 * in Aardvark: Clement et al., NSDI 2009), and in them what waits longest and what pays best.
 */

import type { Block } from '../../primitives/block.ts';
import type { Hex } from '../../primitives/bytes.ts';
import { limits } from '../../primitives/limits.ts';
import type { PbftState, Turn } from './state.ts';
import { giveUpView } from './view-change.ts';

/** How long a height may take in the present view, milliseconds: doubled with each failed view. */
export function patienceMs(state: PbftState): number {
  const { viewTimeoutMs, viewTimeoutMsMax } = state.parameters;
  return Math.min(viewTimeoutMs * 2 ** Math.min(state.failedViews, 32), viewTimeoutMsMax);
}

/** Since when the primary of this view could have proposed for the waiting transactions. */
function workSince(state: PbftState): number {
  return Math.max(state.heightSince, state.viewSince, state.waitingSince);
}

/**
 * When this member gives up the view; undefined while nothing is owed. In a view change only a
 * quorum that waits for the NEW-VIEW starts the clock (section 4.5.2).
 */
export function viewDeadline(state: PbftState): number | undefined {
  if (state.self === undefined || state.hasDiverged) return undefined;
  const patience = patienceMs(state);
  if (!state.promises.entered) {
    return state.quorumSince === undefined ? undefined : state.quorumSince + patience;
  }
  const { emptyBlockMs } = state.parameters;
  const owed: number[] = [];
  if (state.waiting > 0) owed.push(workSince(state));
  if (emptyBlockMs > 0) owed.push(Math.max(state.heightSince + emptyBlockMs, state.viewSince));
  return owed.length === 0 ? undefined : Math.min(...owed) + patience;
}

/** A proposal came: a primary that stays just below the timeout is slow, not dead. */
export function notePace(turn: Turn): void {
  const { state, now } = turn;
  if (state.waiting === 0) return;
  state.pace.push(Math.max(0, now - workSince(state)));
  if (state.pace.length > limits.consortiumPaceBlocks) state.pace.shift();
}

/**
 * A block is final: failed views count on as far as it takes for a patience of twice what the block
 * took. Where all members are slow every other block would cost a view otherwise.
 */
export function forgiveViews({ state, now }: Turn, block: Block): void {
  const { viewTimeoutMs } = state.parameters;
  const tookMs = block.transactions.length === 0 ? 0 : now - workSince(state);
  const needed = Math.ceil(Math.log2(Math.max(1, (2 * tookMs) / viewTimeoutMs)));
  state.failedViews = Math.min(state.failedViews, needed);
}

/** A block is final: whether it could have held the transaction that waits longest. */
export function noteRoom({ state }: Turn, block: Block): void {
  const { oldest } = state;
  if (oldest === undefined) return;
  const { gasLimit, gasUsed } = block.record;
  const sizeBytes = block.transactions.reduce((sum, { length }) => sum + length, 0);
  const hasRoom =
    gasUsed + oldest.gasLimit <= gasLimit &&
    sizeBytes + oldest.sizeBytes <= limits.blockTransactionsSizeBytesMax;
  if (hasRoom) oldest.roomyBlocks += 1;
}

/** Once a tick: whether blocks come at a fair pace, and whether clients are served. */
export function judgePrimary(turn: Turn): void {
  const { state } = turn;
  if (state.self === undefined || !state.promises.entered) return;
  const total = state.pace.reduce((sum, each) => sum + each, 0);
  const isFull = state.pace.length >= limits.consortiumPaceBlocks;
  if (isFull && total / state.pace.length > patienceMs(state) / 2) {
    giveUpView(turn, `the primary takes ${Math.round(total / state.pace.length)} ms for a block`);
    return;
  }
  const starved = findPassedOver(turn) ?? findUnderbid(turn);
  if (starved !== undefined) giveUpView(turn, `the primary leaves out transaction 0x${starved}`);
}

const starvedMs = ({ parameters }: PbftState): number => 3 * parameters.viewTimeoutMs;

/** The transaction that waits longest, when blocks go without it that have room for it. */
function findPassedOver({ state, now }: Turn): Hex | undefined {
  const { environment, oldest: known } = state;
  const oldest = state.waiting > 0 ? environment.pool.oldest(state.judgedSequence) : undefined;
  if (oldest === undefined || known?.hash !== oldest.hash) {
    state.oldest = oldest && { ...oldest, since: now, roomyBlocks: 0 };
    return undefined;
  }
  const isLate =
    now - known.since >= starvedMs(state) && known.roomyBlocks >= limits.consortiumStarvedBlocks;
  if (!isLate) return undefined;
  state.judgedSequence = known.sequence;
  return known.hash;
}

/**
 * The transaction that pays best, when several blocks go without it, however full. It is held
 * against one primary only, as it may be one that no block can take.
 */
function findUnderbid({ state, now }: Turn): Hex | undefined {
  const { environment, head, watched } = state;
  const best = state.waiting > 0 ? environment.pool.best() : undefined;
  if (best === undefined || watched?.hash !== best) {
    state.watched =
      best === undefined ? undefined : { hash: best, since: now, height: head.height };
    return undefined;
  }
  const isLate =
    now - Math.max(watched.since, state.viewSince) >= starvedMs(state) &&
    head.height - watched.height >= limits.consortiumStarvedBlocks;
  if (!isLate) return undefined;
  state.watched = { ...watched, since: Number.POSITIVE_INFINITY };
  return best;
}
