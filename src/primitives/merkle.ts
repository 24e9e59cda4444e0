/**
 * Merkle tree hash of RFC 6962 section 2.1 over a list of byte strings, with audit paths.
 * Leaves are prefixed 0x00 and nodes 0x01, so that neither can be passed off as the other.
 */

import { concat, equalBytes } from './bytes.ts';
import type { Crypto } from './crypto.ts';

const leafPrefix = Uint8Array.of(0);
const nodePrefix = Uint8Array.of(1);

function hashNode(left: Uint8Array, right: Uint8Array, crypto: Crypto): Uint8Array {
  return crypto.sha256(concat(nodePrefix, left, right));
}

/** The largest power of two below `count` (count > 1). */
function splitPoint(count: number): number {
  return 2 ** (31 - Math.clz32(count - 1));
}

function rootOfHashes(hashes: readonly Uint8Array[], crypto: Crypto): Uint8Array {
  if (hashes.length === 1) return hashes[0] as Uint8Array;
  const split = splitPoint(hashes.length);
  return hashNode(
    rootOfHashes(hashes.slice(0, split), crypto),
    rootOfHashes(hashes.slice(split), crypto),
    crypto,
  );
}

function hashLeaf(leaf: Uint8Array, crypto: Crypto): Uint8Array {
  return crypto.sha256(concat(leafPrefix, leaf));
}

/** Root over `leaves`; of none, SHA-256 of the empty string. */
export function merkleRoot(leaves: readonly Uint8Array[], crypto: Crypto): Uint8Array {
  if (leaves.length === 0) return crypto.sha256(new Uint8Array(0));
  return rootOfHashes(
    leaves.map((leaf) => hashLeaf(leaf, crypto)),
    crypto,
  );
}

/**
 * Audit path of the leaf at `index`, from the leaf upwards (RFC 6962 section 2.1.1).
 * @throws RangeError when there is no such leaf.
 */
export function merklePath(
  leaves: readonly Uint8Array[],
  index: number,
  crypto: Crypto,
): Uint8Array[] {
  if (index < 0 || index >= leaves.length) {
    throw new RangeError(`no leaf ${index} among ${leaves.length}`);
  }
  let hashes = leaves.map((leaf) => hashLeaf(leaf, crypto));
  let position = index;
  const path: Uint8Array[] = [];
  while (hashes.length > 1) {
    const split = splitPoint(hashes.length);
    const inLeft = position < split;
    path.push(rootOfHashes(inLeft ? hashes.slice(split) : hashes.slice(0, split), crypto));
    hashes = inLeft ? hashes.slice(0, split) : hashes.slice(split);
    if (!inLeft) position -= split;
  }
  return path.reverse();
}

/** Whether `path` leads from `leaf` at `index` of `count` leaves to `root`. */
export function verifyMerklePath(
  proof: {
    readonly leaf: Uint8Array;
    readonly index: number;
    readonly count: number;
    readonly path: readonly Uint8Array[];
    readonly root: Uint8Array;
  },
  crypto: Crypto,
): boolean {
  if (proof.index < 0 || proof.index >= proof.count) return false;
  let low = proof.index;
  let last = proof.count - 1;
  let hash = hashLeaf(proof.leaf, crypto);
  for (const sibling of proof.path) {
    if (last === 0) return false;
    if (low % 2 === 1 || low === last) {
      hash = hashNode(sibling, hash, crypto);
      while (low % 2 === 0 && low !== 0) {
        low = Math.floor(low / 2);
        last = Math.floor(last / 2);
      }
    } else hash = hashNode(hash, sibling, crypto);
    low = Math.floor(low / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && equalBytes(hash, proof.root);
}
