/**
 * Proofs in the state tree, a binary sparse Merkle tree over 32-byte paths (most significant bit
 * first): presence and absence, checked with SHA-256 alone, so that a browser or another chain can.
 */

import { compareBytes, concat, equalBytes, isZero } from './bytes.ts';
import type { Crypto } from './crypto.ts';
import { DecodeError } from './rlp.ts';

const pathBits = 256;
const leafPrefix = Uint8Array.of(0);
const branchPrefix = Uint8Array.of(1);

/** The hash that stands for a subtree without leaves. Never write to it. */
export const emptySubtree: Uint8Array = new Uint8Array(32);

/** Where the slot stands in its image, which is 0x01 ‖ address ‖ slot. */
export const slotImageOffset = 21;

/** What a slot's path is the hash of, with zeros for the slot: room for any slot of the account. */
export function slotImage(address: Uint8Array): Uint8Array {
  const image = new Uint8Array(slotImageOffset + 32);
  image[0] = 1;
  image.set(address, 1);
  return image;
}

/** Path of a storage slot: SHA-256(0x01 ‖ address ‖ slot). */
export function slotPath(
  address: Uint8Array,
  slot: Uint8Array,
  crypto: Pick<Crypto, 'sha256'>,
): Uint8Array {
  const image = slotImage(address);
  image.set(slot, slotImageOffset);
  return crypto.sha256(image);
}

/** SHA-256(0x00 ‖ path ‖ SHA-256(value)); it is also the hash of any subtree with this leaf alone. */
export function hashStateLeaf(
  path: Uint8Array,
  valueHash: Uint8Array,
  crypto: Pick<Crypto, 'sha256'>,
): Uint8Array {
  return crypto.sha256(concat(leafPrefix, path, valueHash));
}

/** SHA-256(0x01 ‖ left ‖ right), for subtrees with two leaves or more. */
export function hashStateBranch(
  left: Uint8Array,
  right: Uint8Array,
  crypto: Pick<Crypto, 'sha256'>,
): Uint8Array {
  return crypto.sha256(concat(branchPrefix, left, right));
}

/** Where the walk along the path ends. */
export type ProofEnd =
  /** At the leaf of the path itself. */
  | { readonly kind: 'leaf' }
  /** At a subtree without leaves: the path is absent. */
  | { readonly kind: 'empty' }
  /** At the only leaf of a subtree, which has another path: this one is absent. */
  | { readonly kind: 'other'; readonly path: Uint8Array; readonly valueHash: Uint8Array };

export interface StateProof {
  /** Hashes beside the path, from the root downwards; empty ones are 32 zero bytes. */
  readonly siblings: readonly Uint8Array[];
  readonly end: ProofEnd;
}

/** Bit `index` of a path, the most significant bit of its first byte being 0. */
export function pathBit(path: Uint8Array, index: number): 0 | 1 {
  return (((path[index >> 3] as number) >> (7 - (index & 7))) & 1) as 0 | 1;
}

function sharePrefix(left: Uint8Array, right: Uint8Array, bits: number): boolean {
  const bytes = bits >> 3;
  if (compareBytes(left.subarray(0, bytes), right.subarray(0, bytes)) !== 0) return false;
  const rest = bits & 7;
  return rest === 0 || ((left[bytes] as number) ^ (right[bytes] as number)) >> (8 - rest) === 0;
}

function hashOfEnd(
  claim: { readonly path: Uint8Array; readonly value: Uint8Array | undefined },
  proof: StateProof,
  crypto: Pick<Crypto, 'sha256'>,
): Uint8Array | undefined {
  const { end } = proof;
  if (claim.value !== undefined) {
    if (end.kind !== 'leaf') return undefined;
    return hashStateLeaf(claim.path, crypto.sha256(claim.value), crypto);
  }
  if (end.kind === 'empty') return emptySubtree;
  if (end.kind === 'leaf' || equalBytes(end.path, claim.path)) return undefined;
  if (!sharePrefix(end.path, claim.path, proof.siblings.length)) return undefined;
  return hashStateLeaf(end.path, end.valueHash, crypto);
}

/**
 * Whether `proof` shows that under `root` the leaf at `path` (32 bytes) holds `value`, or, when
 * `value` is undefined, that there is no such leaf. False for anything else; never throws.
 */
export function verifyStateProof(
  claim: {
    readonly root: Uint8Array;
    readonly path: Uint8Array;
    readonly value: Uint8Array | undefined;
    readonly proof: StateProof;
  },
  crypto: Pick<Crypto, 'sha256'>,
): boolean {
  const { path, proof } = claim;
  if (path.length !== 32 || proof.siblings.length > pathBits) return false;
  let hash = hashOfEnd(claim, proof, crypto);
  if (hash === undefined) return false;
  for (let depth = proof.siblings.length - 1; depth >= 0; depth--) {
    const sibling = proof.siblings[depth] as Uint8Array;
    hash =
      pathBit(path, depth) === 0
        ? hashStateBranch(hash, sibling, crypto)
        : hashStateBranch(sibling, hash, crypto);
  }
  return equalBytes(hash, claim.root);
}

const endKinds = ['leaf', 'empty', 'other'] as const;

/**
 * end kind u8 (0 leaf, 1 empty, 2 other) ‖ siblings u16 ‖ bitmap of those that are not empty, most
 * significant bit first ‖ 32 bytes for each of them ‖ for kind 2: path 32 ‖ SHA-256(value) 32.
 */
export function encodeStateProof(proof: StateProof): Uint8Array {
  const count = proof.siblings.length;
  const bitmap = new Uint8Array(Math.ceil(count / 8));
  const present: Uint8Array[] = [];
  proof.siblings.forEach((sibling, index) => {
    if (isZero(sibling)) return;
    bitmap[index >> 3] = (bitmap[index >> 3] as number) | (0x80 >> (index & 7));
    present.push(sibling);
  });
  const { end } = proof;
  const head = Uint8Array.of(endKinds.indexOf(end.kind), count >> 8, count & 0xff);
  const tail = end.kind === 'other' ? [end.path, end.valueHash] : [];
  return concat(head, bitmap, ...present, ...tail);
}

/** @throws DecodeError on any bytes that `encodeStateProof` does not make. */
export function decodeStateProof(bytes: Uint8Array): StateProof {
  let offset = 0;
  const take = (length: number): Uint8Array => {
    if (offset + length > bytes.length) throw new DecodeError('state proof is cut off', offset);
    offset += length;
    return bytes.slice(offset - length, offset);
  };
  const head = take(3);
  const kind = endKinds[head[0] as number];
  if (kind === undefined) throw new DecodeError(`state proof kind ${head[0]} is unknown`, 0);
  const count = ((head[1] as number) << 8) | (head[2] as number);
  if (count > pathBits) throw new DecodeError(`state proof has ${count} siblings, at most 256`, 1);
  const bitmap = take(Math.ceil(count / 8));
  const siblings: Uint8Array[] = [];
  for (let index = 0; index < bitmap.length * 8; index++) {
    const isPresent = pathBit(bitmap, index) === 1;
    if (index < count) siblings.push(isPresent ? take(32) : emptySubtree);
    else if (isPresent) throw new DecodeError('state proof bitmap has bits past its end', offset);
    if (isPresent && isZero(siblings[index] as Uint8Array)) {
      throw new DecodeError('state proof spells out an empty sibling', offset);
    }
  }
  const end: ProofEnd = kind === 'other' ? { kind, path: take(32), valueHash: take(32) } : { kind };
  if (offset !== bytes.length) throw new DecodeError('state proof has trailing bytes', offset);
  return { siblings, end };
}
