/** What RPC and the status line show of a consortium; plain data. */

import { toHex } from '../../primitives/bytes.ts';
import type { ConsortiumStatus, ProtocolStatus } from '../protocol.ts';
import { viewDeadline } from './pace.ts';
import { type PbftState, primaryOf } from './state.ts';
import { statisticsOf } from './statistics.ts';

/** Blocks that peers are ahead before a node calls itself syncing. */
const syncingLagBlocks = 3;

function phaseOf(state: PbftState): ConsortiumStatus['phase'] {
  if (state.hasDiverged) return 'diverged';
  if (state.self === undefined) return 'watching';
  return state.promises.entered ? 'normal' : 'changing';
}

function membersOf(state: PbftState): ConsortiumStatus['members'] {
  return state.committee.members.map(({ key, address }, index) => {
    const status = state.statuses.get(index);
    const first = state.evidence.get(index)?.first;
    const isSelf = index === state.self;
    return {
      key: toHex(key),
      address: toHex(address),
      view: isSelf ? state.promises.view : (status?.view ?? 0),
      height: isSelf ? state.head.height : (status?.height ?? 0),
      lastSeenMs: status?.seenMs,
      evidence: first && { kind: first.kind, view: first.view, height: first.height },
    };
  });
}

/** Head, progress, and the members as this node sees them; changes nothing. */
export function statusOf(state: PbftState): ProtocolStatus {
  const { head, committee, promises } = state;
  const highest = Math.max(head.height, ...[...state.peers.values()].map(({ height }) => height));
  const isBehind = highest - head.height >= syncingLagBlocks;
  const { id, height, work } = head;
  return {
    syncing: isBehind ? { current: height, highest } : undefined,
    tips: [{ id, height, work, branchLength: 0, status: 'active' }],
    nextBits: undefined,
    consortium: {
      view: promises.view,
      phase: phaseOf(state),
      primary: primaryOf(state, promises.view),
      quorum: committee.quorum,
      faults: committee.faults,
      self: state.self,
      viewDeadlineMs: viewDeadline(state),
      viewChanges: state.viewChanges,
      statistics: statisticsOf(state),
      members: membersOf(state),
    },
  };
}
