/**
 * What is said again: a status once a second, and, while nothing moves or a member has just come,
 * the latest of everything. Lost messages need no other cure.
 */

import type { PeerId } from '../protocol.ts';
import type { Message, Requests, StatusMessage } from './messages.ts';
import { prePrepareOf } from './normal-case.ts';
import { isStatusValid, signStatus } from './signatures.ts';
import { heightOf, primaryOf, type Turn } from './state.ts';
import { ownChange } from './view-change.ts';

function say(turn: Turn, peer: PeerId, message: Message): void {
  turn.effects.push({ kind: 'send', peer, message });
}

/** Takes up its own votes after a restart, as if it had just cast them. */
export function resume(turn: Turn): void {
  const { state } = turn;
  const { prepare, commit, entered } = state.promises;
  if (prepare !== undefined) state.prepares.add(prepare);
  if (commit !== undefined) state.commits.add(commit);
  state.prepares.prune(heightOf(state));
  state.commits.prune(heightOf(state));
  if (entered || state.self === undefined) return;
  state.changes.set(state.self, ownChange(state));
}

/** Where this member stands, to anyone: followers learn from it that there are new blocks. */
export function sayStatus(turn: Turn, peers: Iterable<PeerId>): void {
  if (turn.state.self === undefined) return;
  const status = signStatus(turn.state);
  for (const peer of peers) say(turn, peer, status);
}

/** This member's latest word at the height in flight, to one peer. */
export function sayAll(turn: Turn, peer: PeerId): void {
  const { state } = turn;
  const { self, promises, proposal } = state;
  if (self === undefined || state.hasDiverged) return;
  const change = state.changes.get(self);
  if (!promises.entered && change !== undefined) say(turn, peer, change);
  sayNewView(turn, peer);
  const { prepare, commit, view } = promises;
  const isNow = (vote: typeof prepare): boolean =>
    vote?.view === view && vote.height === heightOf(state);
  if (prepare !== undefined && isNow(prepare)) {
    const isLeading = primaryOf(state, view) === self && proposal?.id === prepare.id;
    say(turn, peer, isLeading ? prePrepareOf(prepare, proposal.block) : prepare);
  }
  if (commit !== undefined && commit.height === heightOf(state)) say(turn, peer, commit);
}

function sayNewView(turn: Turn, peer: PeerId): void {
  const { newView, promises } = turn.state;
  if (newView !== undefined && promises.entered && newView.view === promises.view) {
    say(turn, peer, newView);
  }
}

/** A member one block behind may lack just this COMMIT: whoever has the block speaks no more of it. */
function sayCommit(turn: Turn, peer: PeerId, height: number): void {
  const { promises, head } = turn.state;
  const isSealed = promises.commit !== undefined && promises.commit.height <= head.height;
  if (isSealed && promises.commit?.height === height + 1) say(turn, peer, promises.commit);
}

/**
 * A member's status. One that is behind in views gets the NEW-VIEW it missed; f + 1 that hold
 * another block at this height mean that this replica is wrong.
 */
export function onStatus(
  turn: Turn,
  from: PeerId,
  message: StatusMessage,
  diverge: (turn: Turn, detail: string) => void,
): void {
  const { state, now } = turn;
  const { member, height, view, id } = message;
  const peer = state.peers.get(from);
  // A claim, as in `joined`: who missed a change of members cannot check it, and must catch up.
  if (peer !== undefined) peer.height = Math.max(peer.height, height);
  if (!isStatusValid(state, message)) return;
  if (peer?.member !== undefined && !peer.isHeard) {
    peer.isHeard = true;
    sayAll(turn, from);
  }
  const known = state.statuses.get(member);
  const isOld = known !== undefined && (height < known.height || view < known.view);
  if (!isOld) state.statuses.set(member, { ...message, seenMs: now });
  if (view < state.promises.view) sayNewView(turn, from);
  sayCommit(turn, from, height);
  const canonical = state.environment.chain.canonical(height);
  const others = [...state.statuses.values()].filter(
    (status) => status.height === height && status.id === id,
  );
  const isOther = height <= state.head.height && canonical !== id;
  if (isOther && others.length > state.committee.faults) {
    diverge(turn, `${others.length} members hold ${id} at ${height}, this node ${canonical}`);
  }
}

/** Transactions of another member's clients, within its share. */
export function onRequests(turn: Turn, from: PeerId, { transactions }: Requests): void {
  const peer = turn.state.peers.get(from);
  if (peer === undefined || peer.member === undefined || peer.requestsLeft < transactions.length)
    return;
  peer.requestsLeft -= transactions.length;
  turn.effects.push({ kind: 'submit', transactions });
}
