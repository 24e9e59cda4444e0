/** What RPC and the status line show of proof of work. */

import { limits } from '../../primitives/limits.ts';
import type { ChainTip, ProtocolStatus } from '../protocol.ts';
import { requiredBits } from './header-rules.ts';
import type { PowState } from './state.ts';
import type { TreeNode } from './tree.ts';

/** Plain data about branches, progress and the next difficulty; changes nothing. */
export function statusOf(state: PowState): ProtocolStatus {
  const { tree, head, rules } = state;
  const highest = tree.heaviest.height;
  const isBehind = highest - head.height >= limits.syncingLagBlocks;
  return {
    syncing: isBehind ? { current: head.height, highest } : undefined,
    tips: [...tree.tips].map((tip) => describeTip(state, tip)),
    nextBits: requiredBits(head, rules),
  };
}

function describeTip(state: PowState, tip: TreeNode): ChainTip {
  let branchLength = 0;
  for (let node = tip; !state.tree.isApplied(node); node = state.tree.parent(node)) {
    branchLength += 1;
  }
  const { id, height, work } = tip;
  return { id, height, work, branchLength, status: tipStatus(state, tip) };
}

function tipStatus(state: PowState, tip: TreeNode): ChainTip['status'] {
  if (tip.invalid !== undefined) return 'invalid';
  if (tip.id === state.head.id) return 'active';
  if (tip.executed) return 'valid-fork';
  return tip.completedAt === undefined ? 'headers-only' : 'valid-headers';
}
