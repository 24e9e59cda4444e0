/** Requests that are open: numbered, counted for each peer, and closed exactly once. */

import type { Hex } from '../../primitives/bytes.ts';
import { limits } from '../../primitives/limits.ts';
import type { PeerId, Query } from '../protocol.ts';
import type { OpenRequest, Peer, Purpose, Turn } from './state.ts';

/** Whether the peer can be asked for more: rested and with a free slot. */
export function isAvailable(
  peer: Peer,
  now: number,
  slots: number = limits.requestsInFlightPerPeer,
): boolean {
  return peer.restUntil <= now && peer.inFlight < slots;
}

/** One of the peers that fit, at random. */
export function pickPeer(turn: Turn, fits: (peer: Peer) => boolean): Peer | undefined {
  const fitting = [...turn.state.peers.values()].filter(fits);
  return fitting[Math.floor(turn.state.environment.random() * fitting.length)];
}

/** Sends a query and returns the number of its request. */
export function openRequest(turn: Turn, peer: Peer, query: Query, purpose: Purpose): number {
  const { state, now } = turn;
  const request = state.nextRequest++;
  state.requests.set(request, { peer: peer.id, purpose, sentAt: now });
  peer.inFlight += 1;
  for (const id of fetchedIds(purpose)) state.fetching.set(id, request);
  turn.effects.push({
    kind: 'request',
    request,
    peer: peer.id,
    query,
    deadlineMs: limits.requestTimeoutMs,
  });
  return request;
}

/** Forgets a request that was answered. Undefined for one that was cancelled before. */
export function closeRequest(turn: Turn, request: number): OpenRequest | undefined {
  const { state } = turn;
  const open = state.requests.get(request);
  if (open === undefined) return undefined;
  state.requests.delete(request);
  for (const id of fetchedIds(open.purpose)) state.fetching.delete(id);
  const peer = state.peers.get(open.peer);
  if (peer !== undefined) peer.inFlight -= 1;
  return open;
}

/** Gives up a request: the host drops whatever still arrives for it. */
export function cancelRequest(turn: Turn, request: number): void {
  const open = closeRequest(turn, request);
  if (open === undefined) return;
  if (open.purpose.kind === 'transactions') turn.state.rebuilds.delete(open.purpose.id);
  turn.effects.push({ kind: 'cancel', request });
}

/** Cancels everything asked of a peer that is gone. */
export function cancelAll(turn: Turn, peer: PeerId): void {
  for (const [request, open] of [...turn.state.requests]) {
    if (open.peer === peer) cancelRequest(turn, request);
  }
}

function fetchedIds(purpose: Purpose): readonly Hex[] {
  if (purpose.kind === 'bodies') return purpose.ids;
  return purpose.kind === 'transactions' ? [purpose.id] : [];
}
