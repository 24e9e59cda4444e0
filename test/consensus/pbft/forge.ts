/** Messages signed with the members' own keys, honest or not: nothing but the rules can refuse them. */

import {
  type Certificate,
  certificateItem,
  type Message,
  type NewView,
  type StatusMessage,
  type ViewChange,
  type Vote,
} from '../../../src/consensus/pbft/messages.ts';
import type { PbftState } from '../../../src/consensus/pbft/state.ts';
import type { Block } from '../../../src/primitives/block.ts';
import { concatAll, type Hex, toHex } from '../../../src/primitives/bytes.ts';
import { type Header, headerId } from '../../../src/primitives/header.ts';
import { encodeRlp } from '../../../src/primitives/rlp.ts';
import { type VoteKind, votePayload } from '../../../src/primitives/seal.ts';
import { memberIdentity } from '../../../src/simulation/consortium.ts';
import { buildBlock, Committee, crypto, genesisTime, type Seat } from './committee.ts';

const genesisId = new Uint8Array(32).fill(0xab);

/** A seat that is taken. */
export function seatOf(table: Committee, index: number): Seat & { state: PbftState } {
  const seat = table.members[index];
  if (seat?.state === undefined) throw new Error(`seat ${index} is empty`);
  return seat as Seat & { state: PbftState };
}

export function deliver(table: Committee, source: number, target: number, message: Message): void {
  table.members[target]?.dispatch({
    kind: 'received',
    peer: `seat-${source}`,
    delivery: 0,
    message,
  });
}

function sign(member: number, kind: VoteKind, view: number, height: number, id: Hex): Uint8Array {
  return memberIdentity(crypto, member).sign(votePayload(kind, view, { genesisId, height, id }));
}

export function voteOf(
  member: number,
  kind: Vote['kind'],
  view: number,
  height: number,
  id: Hex,
): Vote {
  return { kind, view, height, id, member, signature: sign(member, kind, view, height, id) };
}

/** PREPAREs, or votes of another kind in their place, of these members. */
export function certificateOf(
  header: Header,
  view: number,
  height: number,
  members: readonly number[],
  kind: Vote['kind'] = 'prepare',
): Certificate {
  const id = headerId(header, crypto);
  const signatures = new Map(
    members.map((member) => [member, sign(member, kind, view, height, id)]),
  );
  return { header, prepares: { view, signatures } };
}

/** A VIEW-CHANGE among `count` members. */
export function changeOf(
  member: number,
  count: number,
  view: number,
  height: number,
  certificate?: Certificate,
): ViewChange {
  const id = toHex(crypto.sha256(encodeRlp(certificateItem(certificate, count))));
  const signature = sign(member, 'view-change', view, height, id);
  return { kind: 'view-change', view, height, certificate, member, signature };
}

/** The NEW-VIEW that `primary` makes of these. */
export function newViewOf(primary: number, view: number, changes: readonly ViewChange[]): NewView {
  const id = toHex(crypto.sha256(concatAll(changes.map(({ signature }) => signature))));
  const height = Math.max(0, ...changes.map((change) => change.height));
  const signature = sign(primary, 'new-view', view, height, id);
  return { kind: 'new-view', view, changes, signature };
}

export function statusMessageOf(
  member: number,
  view: number,
  height: number,
  id: Hex,
): StatusMessage {
  const signature = sign(member, 'status', view, height, id);
  return { kind: 'status', view, height, id, member, signature };
}

/** A block that may follow the genesis in `state` now; `salt` seconds make it another one. */
export function blockOn(state: PbftState, salt = 0): Block {
  const { head, committee } = state;
  const beneficiary = committee.members[0]?.address as Uint8Array;
  const time = genesisTime + 10 + salt;
  return buildBlock(head, { beneficiary, extraData: committee.hash }, time);
}

/** The PRE-PREPARE of `block` by `member`. */
export function proposalOf(member: number, view: number, height: number, block: Block): Message {
  const signature = sign(member, 'prepare', view, height, headerId(block.header, crypto));
  return { kind: 'pre-prepare', view, height, block, signature };
}

/** A committee that has not made a block yet, and what its members say from now on. */
export function quiet(members: number): { readonly table: Committee; readonly said: Message[] } {
  const table = new Committee({ members, emptyBlockMs: 0 });
  const said: Message[] = [];
  table.run(100);
  table.passes = (_source, _target, message) => {
    said.push(message);
    return false;
  };
  return { table, said };
}
