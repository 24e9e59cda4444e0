/**
 * What proves a consortium block final: commit signatures of a quorum of members over its id. A
 * client checks it with the member list alone, as `extraData` of the parent committed to it.
 */

import { concat, fromHex, type Hex, minimalBytes, u64ToBytes, utf8 } from './bytes.ts';
import type { Crypto } from './crypto.ts';
import { limits } from './limits.ts';
import {
  DecodeError,
  decodeRlp,
  encodeRlp,
  type RlpItem,
  rlpBytes,
  rlpList,
  rlpNumber,
} from './rlp.ts';

/** One member of a consortium. */
export interface Member {
  /** Ed25519 public key, 32 bytes: votes, and the node's identity in the network. */
  readonly key: Uint8Array;
  /** secp256k1 address, 20 bytes: receives tips, signs what contracts check. */
  readonly address: Uint8Array;
}

/** What a member may sign; the name is part of what is signed. */
export type VoteKind = 'prepare' | 'commit' | 'view-change' | 'new-view' | 'status';

/** Signatures of different members over one (view, height, id), by index in the member list. */
export interface VoteSet {
  readonly view: number;
  readonly signatures: ReadonlyMap<number, Uint8Array>;
}

/** What a block's votes are about, beside their view. */
export interface VoteSubject {
  /** Canonical hash of the genesis file, 32 bytes. */
  readonly genesisId: Uint8Array;
  readonly height: number;
  readonly id: Hex;
}

const signatureSizeBytes = 64;

/** Byzantine members that `count` members tolerate. */
export function faultsOf(count: number): number {
  return Math.floor((count - 1) / 3);
}

/**
 * Votes that decide among `count` members: two quorums share more members than can lie. The
 * well-known 2f + 1 does so for n = 3f + 1 only: with six members two threes would be disjoint.
 */
export function quorumOf(count: number): number {
  return Math.floor((count + faultsOf(count)) / 2) + 1;
}

/** RLP [[key, address], ...], in the order of their indexes. */
export function encodeMembers(members: readonly Member[]): Uint8Array {
  return encodeRlp(members.map(({ key, address }) => [key, address]));
}

/** @throws DecodeError */
export function decodeMembers(bytes: Uint8Array): readonly Member[] {
  return rlpList(decodeRlp(bytes), 'members').map((item) => {
    const [key, address] = rlpList(item, 'member', 2);
    return {
      key: rlpBytes(key, 'key', 32).slice(),
      address: rlpBytes(address, 'address', 20).slice(),
    };
  });
}

/** SHA-256 of the encoded list: what `extraData` says of the next block's members. */
export function membersHash(members: readonly Member[], crypto: Crypto): Uint8Array {
  return crypto.sha256(encodeMembers(members));
}

/** Protocol record under which the list with this hash is kept: seals of its time stay checkable. */
export function membersRecordName(hash: Uint8Array): Uint8Array {
  return concat(utf8('pbft/members/'), hash);
}

/** The bytes a vote signs: `dodona/pbft/<kind>/1` ‖ genesis id ‖ view u64 ‖ height u64 ‖ id. */
export function votePayload(kind: VoteKind, view: number, subject: VoteSubject): Uint8Array {
  return concat(
    utf8(`dodona/pbft/${kind}/1`),
    subject.genesisId,
    u64ToBytes(view),
    u64ToBytes(subject.height),
    fromHex(subject.id),
  );
}

/** RLP items [view, bitmap, [signature, ...]]; the bitmap is least significant bit first. */
export function voteSetItems(votes: VoteSet, memberCount: number): readonly RlpItem[] {
  const bitmap = new Uint8Array(Math.ceil(memberCount / 8));
  const indexes = [...votes.signatures.keys()].sort((left, right) => left - right);
  for (const index of indexes) bitmap[index >> 3] = (bitmap[index >> 3] ?? 0) | (1 << (index & 7));
  const signatures = indexes.map((index) => votes.signatures.get(index) as Uint8Array);
  return [minimalBytes(BigInt(votes.view)), bitmap, signatures];
}

/** @throws DecodeError unless bitmap and signatures fit each other. */
export function readVoteSet(item: RlpItem | undefined, name: string): VoteSet {
  const [view, bits, list] = rlpList(item, name, 3);
  const bitmap = rlpBytes(bits, `${name} bitmap`);
  // Strangers send these, too: two million empty bytes would take a second to look through.
  if (bitmap.length > limits.consortiumMembersMax / 8) {
    throw new DecodeError(`${name} bitmap has ${bitmap.length} bytes`);
  }
  const indexes = [...bitmap].flatMap((byte, at) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => byte & (1 << bit)).map((bit) => 8 * at + bit),
  );
  const signatures = rlpList(list, `${name} signatures`, indexes.length);
  return {
    view: rlpNumber(view, `${name} view`),
    signatures: new Map(
      indexes.map((index, at) => [
        index,
        rlpBytes(signatures[at], 'signature', signatureSizeBytes).slice(),
      ]),
    ),
  };
}

/** A seal: RLP [view, bitmap, [signature, ...]] of commit votes. */
export function encodeSeal(votes: VoteSet, memberCount: number): Uint8Array {
  return encodeRlp(voteSetItems(votes, memberCount));
}

/** @throws DecodeError */
export function decodeSeal(bytes: Uint8Array): VoteSet {
  return readVoteSet(decodeRlp(bytes), 'seal');
}

/** Whether a quorum of `members` signed, each signature valid and from a member. */
export function verifyVotes(
  kind: 'prepare' | 'commit',
  votes: VoteSet,
  subject: VoteSubject,
  members: readonly Member[],
  crypto: Crypto,
): boolean {
  if (votes.signatures.size < quorumOf(members.length)) return false;
  const payload = votePayload(kind, votes.view, subject);
  for (const [index, signature] of votes.signatures) {
    const member = members[index];
    if (member === undefined || !crypto.verifyEd25519(signature, payload, member.key)) return false;
  }
  return true;
}

/**
 * Whether `seal` makes the block final: all that a light client needs beside the header.
 * @param members the member list of the block's height, in order
 */
export function verifySeal(
  seal: Uint8Array,
  subject: VoteSubject,
  members: readonly Member[],
  crypto: Crypto,
): boolean {
  try {
    return verifyVotes('commit', decodeSeal(seal), subject, members, crypto);
  } catch (error) {
    if (error instanceof DecodeError) return false;
    throw error;
  }
}
