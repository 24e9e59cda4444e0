/**
 * Taking headers and bodies into the chain: what is written, and whose fault a bad one is.
 * An id becomes invalid only when its true body breaks a rule; a wrong body costs its sender.
 */

import { type Block, checkBody } from '../../primitives/block.ts';
import {
  bodyOperations,
  headerOperations,
  invalidOperations,
} from '../../primitives/chain-records.ts';
import type { PeerId } from '../protocol.ts';
import type { ChainPoint } from './header-rules.ts';
import type { Turn } from './state.ts';
import type { TreeNode } from './tree.ts';

/** Stores a header that passed every rule and the work gate. */
export function storeHeader(turn: Turn, point: ChainPoint): TreeNode {
  const { tree } = turn.state;
  const known = tree.find(point.id, point.height);
  if (known !== undefined) return known;
  turn.effects.push({ kind: 'record', operations: headerOperations(point) });
  return tree.add(point);
}

/**
 * Stores the body of a known header if it is the one that the header commits to.
 * `mismatch` says that these bytes are wrong, `invalid` that the block itself is.
 * @param peer who gave the body; undefined when it was rebuilt from the own pool
 */
export function storeBody(
  turn: Turn,
  node: TreeNode,
  block: Block,
  peer: PeerId | undefined,
): 'stored' | 'mismatch' | 'invalid' {
  const { state } = turn;
  if (block.seal !== undefined) return 'mismatch';
  const fault = checkBody(block, state.environment.crypto);
  if (fault === 'commitment-mismatch' || fault === 'transactions-mismatch') return 'mismatch';
  const wrong = fault ?? (block.record.height === node.height ? undefined : 'height-mismatch');
  if (wrong !== undefined) {
    invalidate(turn, node, wrong);
    // An honest node keeps no such body, so it has none to give.
    if (peer !== undefined) turn.effects.push({ kind: 'report', peer, code: 'invalid-block' });
    return 'invalid';
  }
  turn.effects.push({ kind: 'record', operations: bodyOperations(node.id, block) });
  state.lastBodyAt = turn.now;
  state.tree.addBody(node);
  return 'stored';
}

/**
 * Marks a block and its descendants as invalid for ever. That execution finds it so is the fault of
 * nobody who can be named: honest peers pass blocks on and serve them before they execute them, and
 * one forged block with real work would make them all ban each other.
 */
export function invalidate(turn: Turn, node: TreeNode, code: string): void {
  const { state, effects } = turn;
  const marked = state.tree.invalidate(node, code);
  effects.push({
    kind: 'record',
    operations: marked.flatMap((next) => invalidOperations(next.id, next.invalid ?? code)),
  });
  for (const next of marked) state.own.delete(next.id);
}
