/**
 * What a member must not forget: its view, its votes at the height in flight, the certificate it
 * would show, the NEW-VIEW it follows, evidence. Every step that sends repeats the promises, so no
 * message can leave before the record of the vote in it is durable.
 */

import { concat, emptyBytes, minimalBytes, utf8 } from '../../primitives/bytes.ts';
import { decodeHeader, encodeHeader } from '../../primitives/header.ts';
import {
  decodeRlp,
  encodeRlp,
  type RlpItem,
  rlpBytes,
  rlpList,
  rlpNumber,
} from '../../primitives/rlp.ts';
import { encodeMembers, membersRecordName } from '../../primitives/seal.ts';
import { keys, type WriteOperation } from '../../primitives/store.ts';
import type { Environment } from '../protocol.ts';
import type { Committee } from './committee.ts';
import {
  certificateItem,
  type Evidence,
  type Message,
  messageCodec,
  type NewView,
  readCertificate,
  widthOf,
} from './messages.ts';
import type { PbftState, Promises } from './state.ts';

const promisesName = utf8('pbft/promises');
const newViewName = utf8('pbft/new-view');
/** By key: a member's place may change. */
const evidenceName = (key: Uint8Array): Uint8Array => concat(utf8('pbft/evidence/'), key);

const number = (value: number): Uint8Array => minimalBytes(BigInt(value));
const messageItem = (message: Message | undefined): Uint8Array =>
  message === undefined ? emptyBytes : messageCodec.encode(message);

/** The write that makes the promises of this step durable. */
export function promisesOperation({ promises }: PbftState): WriteOperation {
  const { view, entered, start, prepare, commit, prepared } = promises;
  const value = encodeRlp([
    number(view),
    number(entered ? 1 : 0),
    number(start.height),
    start.required === undefined ? emptyBytes : encodeHeader(start.required),
    messageItem(prepare),
    messageItem(commit),
    number(prepared?.height ?? 0),
    // Of a height gone by it may name more members than there are now.
    certificateItem(prepared, widthOf(prepared?.prepares)),
  ]);
  return { key: keys.protocol(promisesName), value };
}

/** The write that keeps the message of the view entered. */
export function newViewOperation(message: NewView): WriteOperation {
  return { key: keys.protocol(newViewName), value: messageCodec.encode(message) };
}

/** The write that keeps what proves the double vote of the member with `key`. */
export function evidenceOperation(evidence: Evidence, key: Uint8Array): WriteOperation {
  return { key: keys.protocol(evidenceName(key)), value: messageCodec.encode(evidence) };
}

/** The write that keeps a list of members, by what blocks say of it. */
export function membersOperation({ members, hash }: Committee): WriteOperation {
  return { key: keys.protocol(membersRecordName(hash)), value: encodeMembers(members) };
}

function readMessage<Kind extends Message['kind']>(
  item: RlpItem | undefined,
  ...kinds: readonly Kind[]
): Extract<Message, { kind: Kind }> | undefined {
  const bytes = rlpBytes(item, 'message');
  if (bytes.length === 0) return undefined;
  const message = messageCodec.decode(bytes);
  if (!kinds.includes(message.kind as Kind)) throw new Error(`a ${message.kind} was recorded`);
  return message as Extract<Message, { kind: Kind }>;
}

function readPromises(bytes: Uint8Array): Promises {
  const items = rlpList(decodeRlp(bytes), 'promises', 8);
  const required = rlpBytes(items[3], 'required');
  const certificate = readCertificate(items[7]);
  const height = rlpNumber(items[6], 'prepared height');
  return {
    view: rlpNumber(items[0], 'view'),
    entered: rlpNumber(items[1], 'entered') === 1,
    start: {
      height: rlpNumber(items[2], 'start height'),
      required: required.length === 0 ? undefined : decodeHeader(required),
    },
    prepare: readMessage(items[4], 'prepare'),
    commit: readMessage(items[5], 'commit'),
    prepared: certificate === undefined ? undefined : { ...certificate, height },
  };
}

const newcomer = (): Promises => ({
  view: 0,
  entered: true,
  start: { height: 1, required: undefined },
  prepare: undefined,
  commit: undefined,
  prepared: undefined,
});

/** What was recorded before the last stop, or a newcomer's state. */
export function restore(
  environment: Environment,
  { members }: Committee,
): {
  readonly promises: Promises;
  readonly newView: NewView | undefined;
  readonly evidence: Map<number, Evidence>;
} {
  const promises = environment.recorded(promisesName);
  const newView = environment.recorded(newViewName);
  const evidence = new Map<number, Evidence>();
  for (const [member, { key }] of members.entries()) {
    const bytes = environment.recorded(evidenceName(key));
    const found = bytes === undefined ? undefined : readMessage(bytes, 'evidence');
    if (found !== undefined) evidence.set(member, found);
  }
  return {
    promises: promises === undefined ? newcomer() : readPromises(promises),
    newView: newView === undefined ? undefined : readMessage(newView, 'new-view'),
    evidence,
  };
}
