/** Proof that a member voted for two blocks in one view: kept, passed on, shown. */

import type { Evidence } from './messages.ts';
import { evidenceOperation } from './records.ts';
import { isVoteValid } from './signatures.ts';
import { sendMembers, type Turn } from './state.ts';

/** Keeps the first evidence against each member. */
export function keepEvidence(turn: Turn, evidence: Evidence | undefined): void {
  const { state, effects } = turn;
  if (evidence === undefined || state.evidence.has(evidence.first.member)) return;
  const { member, kind, view, height } = evidence.first;
  const key = state.committee.members[member]?.key;
  if (key === undefined) return;
  state.evidence.set(member, evidence);
  effects.push(
    { kind: 'record', operations: [evidenceOperation(evidence, key)] },
    {
      kind: 'alarm',
      code: 'equivocation',
      detail: `member ${member} signed two ${kind}s in view ${view} at height ${height}: its key is misused or its records are lost`,
    },
  );
  sendMembers(turn, evidence);
}

/** Evidence that another member found: kept when it proves what it says. */
export function onEvidence(turn: Turn, evidence: Evidence): void {
  const { first, second } = evidence;
  const isDouble =
    first.kind === second.kind &&
    first.member === second.member &&
    first.view === second.view &&
    first.height === second.height &&
    first.id !== second.id;
  if (!isDouble || turn.state.evidence.has(first.member)) return;
  if (!isVoteValid(turn.state, first) || !isVoteValid(turn.state, second)) return;
  keepEvidence(turn, evidence);
}
