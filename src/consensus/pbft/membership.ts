/**
 * A change of members between two heights. Safety rests on this: votes of a height count only under
 * the list of that height, and a view once left is left for ever by its key, whatever its place.
 */

import { equalBytes } from '../../primitives/bytes.ts';
import type { Member } from '../../primitives/seal.ts';
import { type Committee, committeeOf, placeOf } from './committee.ts';
import { membersOperation } from './records.ts';
import { sayStatus } from './repetition.ts';
import { type PbftState, sendMembers, type Turn } from './state.ts';
import { ownChange } from './view-change.ts';

/** Entries by place of the old list, by the places that the same keys have now. */
function moved<Value>(
  entries: ReadonlyMap<number, Value>,
  before: Committee,
  after: Committee,
): [number, Value][] {
  return [...entries].flatMap(([member, value]) => {
    const place = placeOf(after.members, before.members[member]?.key);
    return place === undefined ? [] : [[place, value] as [number, Value]];
  });
}

function replace<Value>(map: Map<number, Value>, entries: readonly [number, Value][]): void {
  map.clear();
  for (const [place, value] of entries) map.set(place, value);
}

function adopt(state: PbftState, after: Committee): void {
  const before = state.committee;
  replace(state.evidence, moved(state.evidence, before, after));
  replace(
    state.statuses,
    moved(state.statuses, before, after).map(([member, status]) => [member, { ...status, member }]),
  );
  for (const peer of state.peers.values()) peer.member = placeOf(after.members, peer.key);
  state.committee = after;
  state.self = placeOf(after.members, state.environment.identity?.publicKey);
  state.prepares.clear();
  state.commits.clear();
  state.changes.clear();
  state.proposals.clear();
  state.heldNewView = undefined;
  state.newView = undefined;
}

/** The applied head says who may vote on the next block. */
export function takeMembers(turn: Turn, members: readonly Member[] | undefined): void {
  const { state, effects } = turn;
  if (members === undefined) return;
  const after = committeeOf(members, state.environment.crypto);
  if (equalBytes(after.hash, state.committee.hash)) return;
  adopt(state, after);
  effects.push({ kind: 'record', operations: [membersOperation(after)] });
  const place = state.self === undefined ? 'is none of them' : `is member ${state.self}`;
  effects.push({
    kind: 'alarm',
    code: 'members-changed',
    detail: `${members.length} members from height ${state.head.height + 1} on, ${after.quorum} votes decide, this node ${place}`,
  });
  sayStatus(turn, state.peers.keys());
  if (state.self === undefined || state.promises.entered || state.hasDiverged) return;
  const change = ownChange(state);
  state.changes.set(change.member, change);
  sendMembers(turn, change);
}
