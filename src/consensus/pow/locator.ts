/** Where a chain is, in at most 32 ids: dense near the tip, then exponentially spaced to genesis. */

import type { Hex } from '../../primitives/bytes.ts';
import { limits } from '../../primitives/limits.ts';
import type { HeadersQuery } from '../../primitives/wire.ts';
import type { ChainView } from '../protocol.ts';
import type { HeaderTree, TreeNode } from './tree.ts';

/** So many ids stand one block apart before the distance doubles. */
const denseIds = 10;
const noStop: Hex = '00'.repeat(32);

/** Ids from `tip` back to genesis. Ten, then at most 22 doublings, reach past four million blocks. */
export function locatorOf(tree: HeaderTree, chain: ChainView, tip: TreeNode): readonly Hex[] {
  const ids: Hex[] = [];
  const genesis = chain.canonical(0) as Hex;
  let distance = 1;
  let node = tip;
  while (node.height > 0 && ids.length < limits.locatorHashesMax - 1) {
    ids.push(node.id);
    if (ids.length >= denseIds) distance *= 2;
    node = ancestor(tree, chain, node, Math.max(0, node.height - distance));
  }
  return [...ids, genesis];
}

/** A query for what follows the locator, as much as one answer holds. */
export function headersQuery(locator: readonly Hex[]): HeadersQuery {
  return {
    locator: locator.slice(0, limits.locatorHashesMax),
    stop: noStop,
    max: limits.headersPerAnswerMax,
  };
}

/** Walks a branch header by header and jumps once it is on the applied chain. */
function ancestor(tree: HeaderTree, chain: ChainView, from: TreeNode, height: number): TreeNode {
  let node = from;
  while (node.height > height) {
    const id = tree.isApplied(node) ? chain.canonical(height) : undefined;
    node = (id === undefined ? undefined : tree.get(id)) ?? tree.parent(node);
  }
  return node;
}
