/**
 * Templates: an empty one at once on a new head, the full one after it, a fresh one when
 * transactions or time ask for it. A devnet's pace waits instead, then takes everything.
 */

import { type Block, checkBody } from '../../primitives/block.ts';
import { type Hex, toHex } from '../../primitives/bytes.ts';
import { limits } from '../../primitives/limits.ts';
import { storeBody, storeHeader } from './blocks.ts';
import { isSettled } from './fork-choice.ts';
import {
  acceptableFromMs,
  checkOnParent,
  checkWork,
  extend,
  hashHeader,
  requiredBits,
} from './header-rules.ts';
import { clearTimer, isCatchingUp, type PowState, setTimer, type Turn } from './state.ts';

export const templateTimer = 'template';
/** A host may fire this timer by itself: one block is wanted now, whatever pace and switch say. */
export const mineTimer = 'mine-now';

/** Mining was switched on or off. */
export function onMining(turn: Turn, enabled: boolean): void {
  turn.state.mining.enabled = enabled;
  if (enabled) turn.state.mining.headSince = turn.now;
}

/** Asks for one block on the present head. */
export function onMineNow(turn: Turn): void {
  turn.state.mining.isForced = true;
}

/** The pool holds `waiting` transactions that could be mined now. */
export function onSubmitted(turn: Turn, waiting: number): void {
  const { mining } = turn.state;
  if (waiting > 0 && mining.waiting === 0) mining.waitingSince = turn.now;
  mining.waiting = waiting;
  mining.isStale = waiting > 0;
}

/** Proposes when it is time to, and stops the search when there is nothing to search for. */
export function updateMining(turn: Turn): void {
  const { state, now, effects } = turn;
  const { mining } = state;
  if (!mining.isForced && (!mining.enabled || isCatchingUp(state, now, limits.syncingLagBlocks))) {
    if (mining.parent === undefined) return;
    mining.parent = undefined;
    clearTimer(turn, templateTimer);
    effects.push({ kind: 'seal', block: undefined });
    return;
  }
  // Until a new head is settled the search for a child of the old one goes on: it may yet win.
  if (!isSettled(state)) return;
  const due = nextProposalAt(state);
  if (due > now) setTimer(turn, templateTimer, due);
  else propose(turn);
}

/** The template is executed: search for its nonce, unless the head has moved on. */
export function onProposed(turn: Turn, block: Block, parent: Hex): void {
  if (parent !== turn.state.mining.parent || parent !== turn.state.head.id) return;
  turn.effects.push({ kind: 'seal', block });
}

/** A block found by this node or its miners: stored, then applied and announced like any other. */
export function onSealed(turn: Turn, block: Block): void {
  const { state, effects, now } = turn;
  const { rules, environment, tree } = state;
  const { hash, id } = hashHeader(block.header, environment.crypto);
  const parent = tree.get(toHex(block.header.previous));
  const known = tree.get(id);
  if (parent === undefined || known?.hasBody === true) return;
  const fault =
    checkWork(block.header, hash, rules) ??
    checkOnParent(parent, block.header, rules) ??
    (acceptableFromMs(block.header.time, rules) > now ? 'time-too-new' : undefined) ??
    checkBody(block, environment.crypto) ??
    (block.record.height === parent.height + 1 ? parent.invalid : 'height-mismatch');
  if (fault !== undefined) {
    effects.push({ kind: 'alarm', code: 'own-block-invalid', detail: `${id}: ${fault}` });
    return;
  }
  const node = known ?? storeHeader(turn, extend(parent, block.header, id));
  if (storeBody(turn, node, block, undefined) === 'stored') state.own.add(id);
}

/** Earliest time a child of the head can have: the clock, or one step after its parent. */
function templateTime(state: PowState, now: number): number {
  return Math.max(state.head.header.time + state.rules.parameters.step, Math.floor(now / 1000));
}

/** When the next template is due, wall milliseconds. */
function nextProposalAt(state: PowState): number {
  const { mining, head, rules } = state;
  const { pace, step } = rules.parameters;
  const acceptable = acceptableFromMs(head.header.time + step, rules);
  if (mining.parent === head.id) {
    const refresh = mining.lastProposalAt + limits.templateRefreshMs;
    const renew = mining.lastProposalAt + limits.templateThrottleMs;
    return Math.max(acceptable, mining.isStale ? renew : refresh);
  }
  if (pace === undefined || mining.isForced) return acceptable;
  const onTransaction = mining.waitingSince + pace.transactionMs;
  const onInterval = mining.headSince + pace.intervalMs;
  const due = mining.waiting > 0 ? Math.min(onInterval, onTransaction) : onInterval;
  return Math.max(acceptable, due);
}

function propose(turn: Turn): void {
  const { state, now, effects } = turn;
  const { mining, head, rules } = state;
  const template = {
    kind: 'propose',
    parent: head.id,
    time: templateTime(state, now),
    bits: requiredBits(head, rules),
  } as const;
  const isFirst = mining.parent !== head.id && rules.parameters.pace === undefined;
  if (isFirst) effects.push({ ...template, empty: true });
  effects.push({ ...template, empty: false });
  mining.parent = head.id;
  mining.lastProposalAt = now;
  mining.isStale = false;
  setTimer(turn, templateTimer, nextProposalAt(state));
}
