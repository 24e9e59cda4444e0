/**
 * What a primary owes beside being alive: blocks soon after there is work (minimum throughput, as
 * in Aardvark: Clement et al., NSDI 2009), and the best paid transaction among them.
 */

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
 * Once a tick: whether blocks come at a fair pace, and whether the transaction that pays best goes
 * in. One that stays out through several blocks is being starved; it is held against one primary
 * only, as it may be one that no block can take.
 */
export function judgePrimary(turn: Turn): void {
  const { state, now } = turn;
  const { parameters, environment, head } = state;
  if (state.self === undefined || !state.promises.entered) return;
  const total = state.pace.reduce((sum, each) => sum + each, 0);
  const isFull = state.pace.length >= limits.consortiumPaceBlocks;
  if (isFull && total / state.pace.length > parameters.viewTimeoutMs / 2) {
    giveUpView(turn, `the primary takes ${Math.round(total / state.pace.length)} ms for a block`);
    return;
  }
  const best = state.waiting > 0 ? environment.pool.best() : undefined;
  const { watched } = state;
  if (best === undefined || watched?.hash !== best) {
    state.watched =
      best === undefined ? undefined : { hash: best, since: now, height: head.height };
    return;
  }
  const isLate =
    now - watched.since >= 3 * parameters.viewTimeoutMs &&
    head.height - watched.height >= limits.consortiumStarvedBlocks;
  if (!isLate) return;
  state.watched = { ...watched, since: Number.POSITIVE_INFINITY };
  giveUpView(turn, `the primary leaves out transaction 0x${best}`);
}
