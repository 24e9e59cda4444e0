/**
 * A juror's commitment. The salt follows from the juror's key, the question and the round: a vote
 * can be revealed after any crash, and what it says can even be found again from the chain, because
 * outcomes are few. Nobody without the key can do the same.
 */

import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { encodeAbiParameters, keccak256, stringToBytes } from 'viem/utils';
import { bigintToBytes, concat, fromHex, toHex, u64ToBytes, utf8 } from '../primitives/bytes.ts';
import type { ContractAddress } from './contracts.ts';

/** Where a vote counts: another chain, jury, question or round has another hash. */
export interface VotePlace {
  readonly chainId: number;
  readonly jury: ContractAddress;
  readonly question: bigint;
  readonly round: number;
}

/** Outcomes that every question knows. */
export const INVALID = 0;
export const TOO_EARLY = 255;

/** HMAC-SHA-256 under the private key over domain, chain, contract, question and round: 32 bytes. */
export function voteSalt(privateKey: Uint8Array, place: VotePlace): `0x${string}` {
  const message = concat(
    utf8('dodona/jury/salt/1'),
    u64ToBytes(place.chainId),
    fromHex(place.jury),
    bigintToBytes(place.question, 32),
    u64ToBytes(place.round),
  );
  return `0x${toHex(hmac(sha256, privateKey, message))}`;
}

const domain = keccak256(stringToBytes('JURY_COMMIT_V1'));
const words = [
  'bytes32',
  'uint256',
  'address',
  'uint256',
  'uint8',
  'address',
  'uint8',
  'bytes32',
].map((type) => ({ type }));

/** The hash that `commitVote` takes and `revealVote` checks; one for all seats of a juror. */
export function voteHash(
  place: VotePlace,
  juror: ContractAddress,
  outcome: number,
  salt: `0x${string}`,
): `0x${string}` {
  const { chainId, jury, question, round } = place;
  return keccak256(
    encodeAbiParameters(words, [
      domain,
      BigInt(chainId),
      jury,
      question,
      round,
      juror,
      outcome,
      salt,
    ]),
  );
}

/** The outcome that a commitment of this key hides; undefined when it is not of this key. */
export function outcomeBehind(
  privateKey: Uint8Array,
  place: VotePlace,
  juror: ContractAddress,
  hash: string,
): number | undefined {
  const salt = voteSalt(privateKey, place);
  for (let outcome = INVALID; outcome <= TOO_EARLY; outcome++) {
    if (voteHash(place, juror, outcome, salt) === hash) return outcome;
  }
  return undefined;
}
