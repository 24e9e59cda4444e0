/**
 * Bodies in parallel: the lowest missing blocks of the heaviest branches are shared out among the
 * peers that should have them, and taken away again from whoever holds up the window.
 */

import type { Hex } from '../../primitives/bytes.ts';
import { limits } from '../../primitives/limits.ts';
import type { Body } from '../../primitives/wire.ts';
import { storeBody } from './blocks.ts';
import { cancelRequest, isAvailable, openRequest, pickPeer } from './requests.ts';
import { clearTimer, type Peer, type PowState, setTimer, type Turn } from './state.ts';
import type { TreeNode } from './tree.ts';

export const stallTimer = 'bodies-stalled';
const stallCheckMs = 1_000;
/** How fast patience shrinks again with each good answer. */
const stallDecay = 0.85;
/** One slot of each peer stays free for headers and missing transactions. */
const bodySlots = limits.requestsInFlightPerPeer - 1;
/** Branches fetched at once: withheld bodies of the heaviest must not keep the next from being tried. */
const branchesMax = 4;

/** Asks for what is missing as long as peers have free slots. */
export function scheduleBodies(turn: Turn): void {
  const { state, now } = turn;
  if (!isFarEnough(state) && hasFreePeer(turn)) {
    for (const tip of wantedTips(state)) {
      const wanted = state.tree
        .missingBodies(tip, limits.bodyWindowBlocks)
        .filter((node) => !state.fetching.has(node.id));
      if (!shareOut(turn, wanted)) break;
    }
  }
  const isFetching = [...state.requests.values()].some(({ purpose }) => purpose.kind === 'bodies');
  if (!isFetching) clearTimer(turn, stallTimer);
  else if (!state.timers.has(stallTimer)) setTimer(turn, stallTimer, now + stallCheckMs);
}

/** Checks each body against its id; a wrong one costs the sender and is asked of another. */
export function onBodies(
  turn: Turn,
  peer: Peer,
  ids: readonly Hex[],
  bodies: readonly Body[],
): void {
  const { state } = turn;
  let isWrong = bodies.length > ids.length;
  for (const [index, id] of ids.entries()) {
    const node = state.tree.recent(id);
    const body = bodies[index];
    if (isWrong || body === undefined) break;
    if (node === undefined || node.hasBody) continue;
    const block = { header: node.header, ...body };
    isWrong = storeBody(turn, node, block, peer.id) === 'mismatch';
  }
  if (isWrong) {
    peer.restUntil = turn.now + limits.peerRestMs;
    turn.effects.push({ kind: 'report', peer: peer.id, code: 'bad-delivery' });
  } else if (bodies.length === 0) {
    // A short answer may just be full; an empty one says that it has not even the first.
    for (const id of ids.slice(0, 1)) peer.lacks.add(id);
  } else {
    state.bodyStallMs = Math.max(limits.bodyStallMsMin, state.bodyStallMs * stallDecay);
  }
}

/** Takes the lowest missing block from a peer that holds up all the others, if one can help. */
export function onStallTimer(turn: Turn): void {
  const { state, now, effects } = turn;
  for (const tip of wantedTips(state)) {
    const [first] = state.tree.missingBodies(tip, 1);
    const request = first === undefined ? undefined : state.fetching.get(first.id);
    const open = request === undefined ? undefined : state.requests.get(request);
    if (first === undefined || open === undefined || request === undefined) continue;
    if (open.purpose.kind !== 'bodies' || now - open.sentAt < state.bodyStallMs) continue;
    const slow = state.peers.get(open.peer);
    if (givers(turn, first).every((peer) => peer === slow)) continue;
    cancelRequest(turn, request);
    effects.push({ kind: 'report', peer: open.peer, code: 'stalled' });
    if (slow !== undefined) slow.restUntil = now + limits.peerRestMs;
    state.bodyStallMs = Math.min(limits.bodyStallMsMax, state.bodyStallMs * 2);
    return;
  }
}

/** Gives chunks of `wanted` to peers with the fewest open requests. False when no peer is free. */
function shareOut(turn: Turn, wanted: readonly TreeNode[]): boolean {
  for (let start = 0; start < wanted.length; start += limits.bodiesPerAnswerMax) {
    const chunk = wanted.slice(start, start + limits.bodiesPerAnswerMax);
    const able = givers(turn, chunk[0] as TreeNode);
    const fewest = Math.min(...able.map((peer) => peer.inFlight));
    const peer = pickPeer(turn, (each) => each.inFlight === fewest && able.includes(each));
    if (peer === undefined) return hasFreePeer(turn);
    const ids = chunk.map((node) => node.id);
    openRequest(turn, peer, { kind: 'bodies', value: { ids } }, { kind: 'bodies', ids });
  }
  return true;
}

function hasFreePeer({ state, now }: Turn): boolean {
  return [...state.peers.values()].some((peer) => isAvailable(peer, now, bodySlots));
}

/**
 * Peers that can be asked for a body now: those known to have that much work, or anyone when none
 * is known. Gossip names only the first of many that have a block.
 */
function givers({ state, now }: Turn, node: TreeNode): readonly Peer[] {
  const willing = [...state.peers.values()].filter(
    (peer) =>
      peer.restUntil <= now && peer.status.earliestBody <= node.height && !peer.lacks.has(node.id),
  );
  const known = willing.filter((peer) => peer.work >= node.work);
  return (known.length > 0 ? known : willing).filter((peer) => isAvailable(peer, now, bodySlots));
}

/** Valid branches that would beat the best complete one, heaviest first. */
function wantedTips(state: PowState): readonly TreeNode[] {
  const { tree } = state;
  return [...tree.tips]
    .filter((tip) => tip.invalid === undefined && tip.work > tree.best.work)
    .sort((left, right) => Number(right.work > left.work) - Number(left.work > right.work))
    .slice(0, branchesMax);
}

/** Complete blocks wait at most one window ahead of execution once they have won. */
function isFarEnough({ tree, head }: PowState): boolean {
  return tree.best.height - head.height >= limits.bodyWindowBlocks && tree.best.work > head.work;
}
