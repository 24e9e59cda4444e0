/**
 * Making and checking the signatures of messages. Every signature names protocol, kind of message,
 * network, view and height, so that none can be played back as another.
 */

import { concatAll, type Hex, toHex } from '../../primitives/bytes.ts';
import { headerId } from '../../primitives/header.ts';
import { encodeRlp } from '../../primitives/rlp.ts';
import {
  type VoteKind,
  type VoteSubject,
  verifyVotes,
  votePayload,
} from '../../primitives/seal.ts';
import {
  type Certificate,
  certificateItem,
  type NewView,
  type StatusMessage,
  type ViewChange,
  type Vote,
} from './messages.ts';
import type { PbftState } from './state.ts';

interface Signed {
  readonly view: number;
  readonly height: number;
  readonly id: Hex;
}

function subjectOf(state: PbftState, { height, id }: Pick<Signed, 'height' | 'id'>): VoteSubject {
  return { genesisId: state.genesisId, height, id };
}

/** Signs as this member. @throws Error when this node is none: a fault of the caller. */
function sign(state: PbftState, kind: VoteKind, signed: Signed): Uint8Array {
  const { identity } = state.environment;
  if (identity === undefined) throw new Error(`asked for a ${kind} without a key`);
  return identity.sign(votePayload(kind, signed.view, subjectOf(state, signed)));
}

function verify(
  state: PbftState,
  kind: VoteKind,
  member: number,
  signed: Signed & { readonly signature: Uint8Array },
): boolean {
  const key = state.committee.members[member]?.key;
  if (key === undefined) return false;
  const payload = votePayload(kind, signed.view, subjectOf(state, signed));
  return state.environment.crypto.verifyEd25519(signed.signature, payload, key);
}

/** This member's vote. */
export function signVote(state: PbftState, kind: Vote['kind'], signed: Signed): Vote {
  const member = state.self as number;
  return { kind, ...signed, member, signature: sign(state, kind, signed) };
}

export function isVoteValid(state: PbftState, vote: Vote): boolean {
  return verify(state, vote.kind, vote.member, vote);
}

/** This member's status, said once a second. */
export function signStatus(state: PbftState): StatusMessage {
  const { head, promises } = state;
  const signed = { view: promises.view, height: head.height, id: head.id };
  const signature = sign(state, 'status', signed);
  return { kind: 'status', ...signed, member: state.self as number, signature };
}

export function isStatusValid(state: PbftState, status: StatusMessage): boolean {
  return verify(state, 'status', status.member, status);
}

/** What a VIEW-CHANGE signs in place of a block id. */
function certificateDigest(state: PbftState, certificate: Certificate | undefined): Hex {
  const item = certificateItem(certificate, state.committee.members.length);
  return toHex(state.environment.crypto.sha256(encodeRlp(item)));
}

/** This member's VIEW-CHANGE to `view`, with what it has prepared at the height in flight. */
export function signViewChange(
  state: PbftState,
  view: number,
  height: number,
  certificate: Certificate | undefined,
): ViewChange {
  const id = certificateDigest(state, certificate);
  const signature = sign(state, 'view-change', { view, height, id });
  return {
    kind: 'view-change',
    view,
    height,
    certificate,
    member: state.self as number,
    signature,
  };
}

/** Whether the member signed it and its certificate is a quorum of an earlier view. */
export function isViewChangeValid(state: PbftState, change: ViewChange): boolean {
  const { view, height, certificate, member, signature } = change;
  const id = certificateDigest(state, certificate);
  if (!verify(state, 'view-change', member, { view, height, id, signature })) return false;
  if (certificate === undefined) return true;
  const { crypto } = state.environment;
  const subject = subjectOf(state, { height, id: headerId(certificate.header, crypto) });
  const { prepares } = certificate;
  return (
    prepares.view < view &&
    verifyVotes('prepare', prepares, subject, state.committee.members, crypto)
  );
}

function changesDigest(state: PbftState, changes: readonly ViewChange[]): Hex {
  const signatures = concatAll(changes.map(({ signature }) => signature));
  return toHex(state.environment.crypto.sha256(signatures));
}

/** The NEW-VIEW of a primary. */
export function signNewView(state: PbftState, changes: readonly ViewChange[]): NewView {
  const { view } = state.promises;
  const id = changesDigest(state, changes);
  const signature = sign(state, 'new-view', { view, height: heightOfChanges(changes), id });
  return { kind: 'new-view', view, changes, signature };
}

/** The height at which a new view begins: the highest that its VIEW-CHANGEs speak of. */
export function heightOfChanges(changes: readonly ViewChange[]): number {
  return Math.max(...changes.map(({ height }) => height));
}

/** Whether its primary signed it over a quorum of valid VIEW-CHANGEs for this very view. */
export function isNewViewValid(state: PbftState, message: NewView): boolean {
  const { view, changes, signature } = message;
  const { members, quorum } = state.committee;
  const senders = new Set(changes.map(({ member }) => member));
  if (changes.length < quorum || senders.size !== changes.length) return false;
  const id = changesDigest(state, changes);
  const signed = { view, height: heightOfChanges(changes), id, signature };
  return (
    verify(state, 'new-view', view % members.length, signed) &&
    changes.every((change) => change.view === view && isViewChangeValid(state, change))
  );
}
