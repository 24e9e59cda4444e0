/**
 * Rebuilding an announced block from the pool by short ids; what is missing is asked of the peer
 * that announced it, and a root that does not match falls back to the whole body.
 */

import type { Hex } from '../../primitives/bytes.ts';
import { limits } from '../../primitives/limits.ts';
import type { BlockAnnouncement } from '../../primitives/wire.ts';
import { storeBody } from './blocks.ts';
import { isAvailable, openRequest } from './requests.ts';
import { blockOf, type Peer, type Rebuild, type Turn } from './state.ts';
import type { TreeNode } from './tree.ts';

/** Gets the body of an accepted announcement, now or by a request. */
export function startRebuild(
  turn: Turn,
  node: TreeNode,
  announcement: BlockAnnouncement,
  peer: Peer | undefined,
): void {
  const { state, now } = turn;
  // Far from the head bodies come in chunks, which is cheaper than one by one.
  if (state.tree.parent(node).completedAt === undefined || state.fetching.has(node.id)) return;
  const transactions = [...state.environment.pool.byShortIds(node.id, announcement.shortIds)];
  const missing = [...transactions.keys()].filter((index) => transactions[index] === undefined);
  const rebuild: Rebuild = { announcement, transactions, missing };
  if (missing.length === 0) {
    finish(turn, node, rebuild, { giver: undefined, next: peer });
    return;
  }
  if (peer === undefined || !isAvailable(peer, now)) return;
  if (state.rebuilds.size >= limits.rebuildsMax) return;
  state.rebuilds.set(node.id, rebuild);
  const value = { id: node.id, indexes: missing };
  openRequest(turn, peer, { kind: 'transactions', value }, { kind: 'transactions', id: node.id });
}

/** Takes the missing transactions, or none when the request failed. */
export function onTransactions(
  turn: Turn,
  peer: Peer | undefined,
  id: Hex,
  transactions: readonly Uint8Array[],
): void {
  const { state } = turn;
  const rebuild = state.rebuilds.get(id);
  const node = state.tree.recent(id);
  state.rebuilds.delete(id);
  if (rebuild === undefined || node === undefined || node.hasBody) return;
  if (transactions.length !== rebuild.missing.length) {
    requestBody(turn, node, peer);
    return;
  }
  for (const [position, index] of rebuild.missing.entries()) {
    rebuild.transactions[index] = transactions[position];
  }
  finish(turn, node, rebuild, { giver: peer, next: peer });
}

/** Short ids can collide by chance or by design, so a mismatch here is nobody's proven fault. */
function finish(
  turn: Turn,
  node: TreeNode,
  rebuild: Rebuild,
  peers: { readonly giver: Peer | undefined; readonly next: Peer | undefined },
): void {
  const transactions = rebuild.transactions as readonly Uint8Array[];
  const block = blockOf(rebuild.announcement, transactions);
  const outcome = storeBody(turn, node, block, peers.giver?.id);
  if (outcome === 'mismatch') requestBody(turn, node, peers.next);
}

function requestBody(turn: Turn, node: TreeNode, peer: Peer | undefined): void {
  if (peer === undefined || !isAvailable(peer, turn.now) || turn.state.fetching.has(node.id))
    return;
  const ids = [node.id];
  openRequest(turn, peer, { kind: 'bodies', value: { ids } }, { kind: 'bodies', ids });
}
