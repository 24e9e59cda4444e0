/**
 * Fork choice: move the state to the heaviest complete branch. What the host is given is either the
 * next blocks of the same branch or one whole reorganisation; it carries them out in order.
 */

import type { HeaderEntry } from '../../primitives/block.ts';
import type { Hex } from '../../primitives/bytes.ts';
import { displayId } from '../../primitives/header.ts';
import { limits } from '../../primitives/limits.ts';
import { announce } from '../../primitives/wire.ts';
import { invalidate } from './blocks.ts';
import type { PowState, Turn } from './state.ts';
import type { TreeNode } from './tree.ts';

/** Headers below the window are dropped from memory once in so many blocks. */
const pruneIntervalBlocks = 256;

/** Queues what leads from the planned head to the best complete tip. */
export function chooseHead(turn: Turn): void {
  const { state, effects } = turn;
  const { best } = state.tree;
  if (best.id === state.planned.id) return;
  const { reverts, applies } = state.tree.path(state.planned, best);
  const queued = state.planned.height - state.environment.chain.head().height;
  if (reverts.length === 0 && queued > limits.appliesQueuedMax / 2) return;
  alarmWhenDeep(turn, reverts.length, best);
  const next = reverts.length > 0 ? applies : applies.slice(0, limits.appliesQueuedMax);
  for (const node of reverts) effects.push({ kind: 'revert', id: node.id });
  for (const node of next) effects.push({ kind: 'apply', id: node.id });
  state.planned = next.at(-1) ?? state.planned;
}

/** The host made `entry` durable; own blocks are announced now. */
export function onApplied(turn: Turn, entry: HeaderEntry): void {
  const { state } = turn;
  const node = known(state, entry.id);
  node.executed = true;
  moveHead(turn, node);
  if (state.own.delete(node.id)) broadcastBlock(turn, node.id);
  if (node.height % pruneIntervalBlocks === 0) {
    state.tree.prune(node.height - limits.headerWindowBlocks);
  }
}

/** The host undid `entry`, and what replaces it is durable too. */
export function onReverted(turn: Turn, entry: HeaderEntry): void {
  const { state } = turn;
  moveHead(turn, state.tree.parent(known(state, entry.id)));
}

/**
 * Execution found `id` invalid; the host has dropped the rest of the plan and stands on its parent.
 * Its executed head counts here: what a reorganisation undoes and restores is never reported.
 */
export function onRefused(turn: Turn, id: Hex, code: string): void {
  const { state } = turn;
  const node = known(state, id);
  node.executed = true;
  state.planned = known(state, state.environment.chain.head().id);
  invalidate(turn, node, code);
}

/** Whether the host has executed everything it was given. */
export function isExecuted(state: PowState): boolean {
  return state.environment.chain.head().id === state.planned.id;
}

/** Whether the published head is the best complete branch and nothing is queued. */
export function isSettled(state: PowState): boolean {
  const { id } = state.head;
  return id === state.planned.id && id === state.tree.best.id && isExecuted(state);
}

function alarmWhenDeep(turn: Turn, depth: number, best: TreeNode): void {
  if (depth <= limits.deepReorganisationBlocks) return;
  turn.effects.push({
    kind: 'alarm',
    code: 'deep-reorganisation',
    detail: `${depth} blocks give way to branch ${displayId(best.id)}`,
  });
}

function known(state: PowState, id: Hex): TreeNode {
  const node = state.tree.get(id);
  if (node === undefined) throw new Error(`host speaks of block ${id}, which is not stored`);
  return node;
}

function moveHead(turn: Turn, node: TreeNode): void {
  turn.state.head = node;
  turn.state.mining.headSince = turn.now;
  turn.state.mining.waiting = 0;
  turn.state.mining.isForced = false;
}

function broadcastBlock(turn: Turn, id: Hex): void {
  const { chain, crypto } = turn.state.environment;
  const block = chain.block(id);
  if (block === undefined) return;
  turn.effects.push({ kind: 'broadcast', message: announce(block, id, crypto) });
}
