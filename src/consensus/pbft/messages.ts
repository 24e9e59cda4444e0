/**
 * Every message between members, to the byte: RLP [tag, field, ...]. The table at the end is the
 * codec; a golden file holds one example of each.
 */

import type { Block } from '../../primitives/block.ts';
import { emptyBytes, fromHex, type Hex, minimalBytes, toHex } from '../../primitives/bytes.ts';
import {
  decodeHeader,
  encodeHeader,
  type Header,
  headerSizeBytes,
} from '../../primitives/header.ts';
import { limits } from '../../primitives/limits.ts';
import { decodeRecord, encodeRecord } from '../../primitives/record.ts';
import {
  DecodeError,
  decodeRlp,
  encodeRlp,
  type RlpItem,
  rlpBytes,
  rlpList,
  rlpNumber,
} from '../../primitives/rlp.ts';
import { readVoteSet, type VoteSet, voteSetItems } from '../../primitives/seal.ts';
import type { Codec } from '../../primitives/wire.ts';
import type { Protocol } from '../protocol.ts';

/** One member's word on one block. */
export interface Vote {
  readonly kind: 'prepare' | 'commit';
  readonly view: number;
  readonly height: number;
  readonly id: Hex;
  readonly member: number;
  readonly signature: Uint8Array;
}

/** A block for a height. The primary's signature is its own PREPARE. */
export interface PrePrepare {
  readonly kind: 'pre-prepare';
  readonly view: number;
  readonly height: number;
  readonly block: Block;
  readonly signature: Uint8Array;
}

/** A quorum of PREPAREs for a block: it may have been committed somewhere. */
export interface Certificate {
  readonly header: Header;
  readonly prepares: VoteSet;
}

/** "I vote in no view below `view` any more; at `height` this is the highest I have prepared." */
export interface ViewChange {
  readonly kind: 'view-change';
  readonly view: number;
  readonly height: number;
  readonly certificate: Certificate | undefined;
  readonly member: number;
  readonly signature: Uint8Array;
}

/** A quorum of VIEW-CHANGEs: what the view must propose first follows from them. */
export interface NewView {
  readonly kind: 'new-view';
  readonly view: number;
  readonly changes: readonly ViewChange[];
  readonly signature: Uint8Array;
}

/** Once a second: where a member stands. `id` is its head, `height` that of the head. */
export interface StatusMessage {
  readonly kind: 'status';
  readonly view: number;
  readonly height: number;
  readonly id: Hex;
  readonly member: number;
  readonly signature: Uint8Array;
}

/** Transactions of a member's clients, for every member. */
export interface Requests {
  readonly kind: 'requests';
  readonly transactions: readonly Uint8Array[];
}

/** Two votes of one member that no honest member casts both. */
export interface Evidence {
  readonly kind: 'evidence';
  readonly first: Vote;
  readonly second: Vote;
}

export type Message =
  | PrePrepare
  | Vote
  | ViewChange
  | NewView
  | StatusMessage
  | Requests
  | Evidence;

const numberItem = (value: number): Uint8Array => minimalBytes(BigInt(value));
const signatureOf = (item: RlpItem | undefined): Uint8Array =>
  rlpBytes(item, 'signature', 64).slice();
const idOf = (item: RlpItem | undefined): Hex => toHex(rlpBytes(item, 'block id', 32));

type Signed = Pick<Vote, 'view' | 'height' | 'id' | 'member' | 'signature'>;

const signedItems = ({ view, height, id, member, signature }: Signed): RlpItem[] => [
  numberItem(view),
  numberItem(height),
  fromHex(id),
  numberItem(member),
  signature,
];

function readSigned(items: readonly RlpItem[], at: number): Signed {
  return {
    view: rlpNumber(items[at], 'view'),
    height: rlpNumber(items[at + 1], 'height'),
    id: idOf(items[at + 2]),
    member: rlpNumber(items[at + 3], 'member'),
    signature: signatureOf(items[at + 4]),
  };
}

const voteItem = (vote: Vote): RlpItem => [
  numberItem(vote.kind === 'prepare' ? 2 : 3),
  ...signedItems(vote),
];

function readVote(item: RlpItem | undefined): Vote {
  const items = rlpList(item, 'vote', 6);
  const tag = rlpNumber(items[0], 'vote tag');
  if (tag !== 2 && tag !== 3) throw new DecodeError(`vote tag is ${tag}`);
  return { kind: tag === 2 ? 'prepare' : 'commit', ...readSigned(items, 1) };
}

const blockItem = ({ header, record, transactions }: Block): RlpItem => [
  encodeHeader(header),
  encodeRecord(record),
  [...transactions],
];

function readBlock(item: RlpItem | undefined): Block {
  const [header, record, transactions] = rlpList(item, 'block', 3);
  return {
    header: decodeHeader(rlpBytes(header, 'header', headerSizeBytes)),
    record: decodeRecord(rlpBytes(record, 'record')),
    transactions: rlpList(transactions, 'transactions').map((raw) =>
      rlpBytes(raw, 'transaction').slice(),
    ),
  };
}

/** The certificate as VIEW-CHANGE carries and signs it: [header, votes], or the empty string. */
export function certificateItem(
  certificate: Certificate | undefined,
  memberCount: number,
): RlpItem {
  if (certificate === undefined) return emptyBytes;
  return [encodeHeader(certificate.header), voteSetItems(certificate.prepares, memberCount)];
}

/** @throws DecodeError */
export function readCertificate(item: RlpItem | undefined): Certificate | undefined {
  if (item instanceof Uint8Array && item.length === 0) return undefined;
  const [header, prepares] = rlpList(item, 'certificate', 2);
  return {
    header: decodeHeader(rlpBytes(header, 'header', headerSizeBytes)),
    prepares: readVoteSet(prepares, 'prepares'),
  };
}

/** Bitmaps in messages are as wide as their highest member needs. */
export const widthOf = (votes: VoteSet | undefined): number =>
  votes === undefined ? 0 : Math.max(0, ...votes.signatures.keys()) + 1;

const changeItem = (change: ViewChange): RlpItem => [
  numberItem(change.view),
  numberItem(change.height),
  certificateItem(change.certificate, widthOf(change.certificate?.prepares)),
  numberItem(change.member),
  change.signature,
];

function readChange(items: readonly RlpItem[], at: number): ViewChange {
  return {
    kind: 'view-change',
    view: rlpNumber(items[at], 'view'),
    height: rlpNumber(items[at + 1], 'height'),
    certificate: readCertificate(items[at + 2]),
    member: rlpNumber(items[at + 3], 'member'),
    signature: signatureOf(items[at + 4]),
  };
}

interface Entry<Each extends Message> {
  readonly tag: number;
  items(message: Each): readonly RlpItem[];
  /** `items` include the tag; their number is checked before. */
  readonly length: number;
  read(items: readonly RlpItem[]): Each;
}

type Table = { readonly [Kind in Message['kind']]: Entry<Extract<Message, { kind: Kind }>> };

const vote = (kind: 'prepare' | 'commit', tag: number): Entry<Vote> => ({
  tag,
  length: 6,
  items: signedItems,
  read: (items) => ({ kind, ...readSigned(items, 1) }),
});

const table: Table = {
  'pre-prepare': {
    tag: 1,
    length: 5,
    items: ({ view, height, block, signature }) => [
      numberItem(view),
      numberItem(height),
      blockItem(block),
      signature,
    ],
    read: (items) => ({
      kind: 'pre-prepare',
      view: rlpNumber(items[1], 'view'),
      height: rlpNumber(items[2], 'height'),
      block: readBlock(items[3]),
      signature: signatureOf(items[4]),
    }),
  },
  prepare: vote('prepare', 2) as Table['prepare'],
  commit: vote('commit', 3) as Table['commit'],
  'view-change': {
    tag: 4,
    length: 6,
    items: (change) => changeItem(change) as readonly RlpItem[],
    read: (items) => readChange(items, 1),
  },
  'new-view': {
    tag: 5,
    length: 4,
    items: ({ view, changes, signature }) => [numberItem(view), changes.map(changeItem), signature],
    read: (items) => ({
      kind: 'new-view',
      view: rlpNumber(items[1], 'view'),
      changes: rlpList(items[2], 'changes').map((item) =>
        readChange(rlpList(item, 'view change', 5), 0),
      ),
      signature: signatureOf(items[3]),
    }),
  },
  status: {
    tag: 6,
    length: 6,
    items: signedItems,
    read: (items) => ({ kind: 'status', ...readSigned(items, 1) }),
  },
  requests: {
    tag: 7,
    length: 2,
    items: ({ transactions }) => [[...transactions]],
    read: (items) => ({
      kind: 'requests',
      transactions: rlpList(items[1], 'transactions').map((raw) =>
        rlpBytes(raw, 'transaction').slice(),
      ),
    }),
  },
  evidence: {
    tag: 8,
    length: 3,
    items: ({ first, second }) => [voteItem(first), voteItem(second)],
    read: (items) => ({ kind: 'evidence', first: readVote(items[1]), second: readVote(items[2]) }),
  },
};

/** RLP [tag, field, ...] of each message. */
export const messageCodec: Codec<Message> = {
  encode: (message) => {
    const entry = table[message.kind] as Entry<Message>;
    return encodeRlp([numberItem(entry.tag), ...entry.items(message)]);
  },
  decode: (bytes) => {
    if (bytes.length > limits.directMessageSizeBytesMax) {
      throw new DecodeError(`message has ${bytes.length} bytes`);
    }
    const items = rlpList(decodeRlp(bytes, limits.messageItemsMax), 'message');
    const tag = rlpNumber(items[0], 'message tag');
    const entry = Object.values(table).find((candidate) => candidate.tag === tag);
    if (entry === undefined) throw new DecodeError(`message tag ${tag} is unknown`);
    if (items.length !== entry.length) throw new DecodeError(`message has ${items.length} items`);
    return entry.read(items);
  },
};

/** Tags of the messages that carry transactions. */
const cargoTags: readonly number[] = [table['pre-prepare'].tag, table.requests.tag];

/** Raw transactions inside messages, for hosts that recover their senders elsewhere. */
export const cargo: NonNullable<Protocol<unknown, unknown, Message>['cargo']> = {
  // A list of at least 56 bytes: one byte for the width of its length, the length, then the tag.
  isIn: (bytes) => {
    const first = bytes[0] ?? 0;
    return first > 0xf7 && cargoTags.includes(bytes[first - 0xf7 + 1] ?? 0);
  },
  read: (bytes) => {
    const message = messageCodec.decode(bytes);
    if (message.kind === 'requests') return message.transactions;
    return message.kind === 'pre-prepare' ? message.block.transactions : [];
  },
};
