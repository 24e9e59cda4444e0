/**
 * Checks an oracle's answer against proof of work with SHA-256 alone: 80-byte headers from a block
 * one trusts, the coinbase record of one of them, and a state proof of one storage word. Nothing of
 * a node is needed, so a browser or another chain can do the same.
 */

import { bigintFromBytes, equalBytes } from './bytes.ts';
import { decodeHeader, displayId, type Header, headerSizeBytes, isVersionValid } from './header.ts';
import { limits } from './limits.ts';
import { decodeRecord } from './record.ts';
import { DecodeError } from './rlp.ts';
import { decodeStateProof, slotPath, verifyStateProof } from './state-proof.ts';
import { hashToNumber, targetOfBits, workOfBits } from './work.ts';

/** SHA-256 (FIPS 180-4): the only thing that the check takes from outside. */
export interface Sha256 {
  sha256(data: Uint8Array): Uint8Array;
}

export interface OracleProof {
  /** Raw headers, 80 bytes each; the first one's parent is the trusted block. */
  readonly headers: Uint8Array;
  /** Which of the headers commits to the record, from 0. Those after it are confirmations. */
  readonly index: number;
  /** Coinbase record, 208 bytes. */
  readonly record: Uint8Array;
  /** Address of the oracle contract, 20 bytes. */
  readonly oracle: Uint8Array;
  /** The feed's id, 32 bytes; it is also the storage slot of the answer. */
  readonly feed: Uint8Array;
  /** The answer's storage word, 32 bytes. */
  readonly word: Uint8Array;
  /** Compact state proof of that word. */
  readonly stateProof: Uint8Array;
}

export interface ProvenAnswer {
  /** Scaled by the feed's decimals, |value| < 2^191. */
  readonly value: bigint;
  /** Seconds since 1970: the block of the last reveal behind the value. */
  readonly updatedAt: number;
  /** Whether less stake than the feed's minimum stands behind the value. */
  readonly isBootstrap: boolean;
  /** Height and time of the block whose state was proven. */
  readonly height: number;
  readonly time: number;
  /** Blocks on top of it. */
  readonly confirmations: number;
  /** Expected hashes of all headers together, and of those on top of the proven block. */
  readonly work: bigint;
  readonly workAbove: bigint;
}

export interface ProofFault {
  readonly code:
    | 'bad-length'
    | 'bad-header'
    | 'broken-chain'
    | 'no-work'
    | 'bad-record'
    | 'bad-state-proof'
    | 'no-value';
  readonly message: string;
}

const fault = (code: ProofFault['code'], message: string): ProofFault => ({ code, message });

/** Ids, links and work of the headers; the work of those above `index` apart. */
function checkHeaders(
  proof: OracleProof,
  trusted: Uint8Array,
  hash: Sha256,
): { readonly header: Header; readonly work: bigint; readonly workAbove: bigint } | ProofFault {
  const { headers, index } = proof;
  const count = headers.length / headerSizeBytes;
  if (!Number.isInteger(count) || count < 1 || count > limits.proofHeadersMax) {
    const message = `${headers.length} bytes are no 1 to ${limits.proofHeadersMax} headers of 80`;
    return fault('bad-length', message);
  }
  if (!Number.isInteger(index) || index < 0 || index >= count) {
    return fault('bad-length', `index ${index} names none of the ${count} headers`);
  }
  let previous = trusted;
  let work = 0n;
  let workAbove = 0n;
  let proven: Header | undefined;
  for (let position = 0; position < count; position++) {
    const raw = headers.subarray(position * headerSizeBytes, (position + 1) * headerSizeBytes);
    const header = decodeHeader(raw);
    if (!equalBytes(header.previous, previous)) {
      const [have, want] = [displayId(header.previous), displayId(previous)];
      return fault('broken-chain', `header ${position} builds on ${have}, not on ${want}`);
    }
    const target = targetOfBits(header.bits);
    if (target === undefined || !isVersionValid(header.version)) {
      return fault('bad-header', `header ${position} has bits or a version that no chain allows`);
    }
    previous = hash.sha256(hash.sha256(raw));
    if (hashToNumber(previous) > target) {
      return fault('no-work', `header ${position}, ${displayId(previous)}, misses its target`);
    }
    const gained = workOfBits(header.bits);
    work += gained;
    if (position > index) workAbove += gained;
    if (position === index) proven = header;
  }
  return { header: proven as Header, work, workAbove };
}

/** The answer in a storage word: {int192 value; uint40 updatedAt; uint8 flags}, low end first. */
function decodeAnswer(word: Uint8Array): Pick<ProvenAnswer, 'value' | 'updatedAt' | 'isBootstrap'> {
  const number = bigintFromBytes(word);
  return {
    value: BigInt.asIntN(192, number),
    updatedAt: Number((number >> 192n) & 0xffffffffffn),
    isBootstrap: ((number >> 232n) & 1n) === 1n,
  };
}

/**
 * The answer that `proof` shows, or why it shows none. Never throws for bad input.
 * The caller judges whether `work` and `workAbove` are enough: headers of low work are cheap.
 * @param trusted id of a block that the caller knows to be on the chain, 32 bytes in hash order
 */
export function verifyOracleProof(
  proof: OracleProof,
  trusted: Uint8Array,
  hash: Sha256,
): ProvenAnswer | ProofFault {
  const chain = checkHeaders(proof, trusted, hash);
  if ('code' in chain) return chain;
  if (!equalBytes(hash.sha256(hash.sha256(proof.record)), chain.header.commitment)) {
    return fault('bad-record', 'the header commits to another coinbase record');
  }
  if (proof.oracle.length !== 20 || proof.feed.length !== 32 || proof.word.length !== 32) {
    return fault('bad-length', 'oracle, feed and word have 20, 32 and 32 bytes');
  }
  try {
    const record = decodeRecord(proof.record);
    const path = slotPath(proof.oracle, proof.feed, hash);
    const stateProof = decodeStateProof(proof.stateProof);
    const claim = { root: record.stateRoot, path, value: proof.word, proof: stateProof };
    if (!verifyStateProof(claim, hash)) {
      return fault('bad-state-proof', 'the state proof does not lead to the state root');
    }
    const answer = decodeAnswer(proof.word);
    if (answer.updatedAt === 0) return fault('no-value', 'the word holds no answer');
    const confirmations = proof.headers.length / headerSizeBytes - 1 - proof.index;
    const { work, workAbove } = chain;
    const { time } = chain.header;
    return { ...answer, height: record.height, time, confirmations, work, workAbove };
  } catch (error) {
    if (error instanceof DecodeError) return fault('bad-state-proof', error.message);
    throw error;
  }
}
