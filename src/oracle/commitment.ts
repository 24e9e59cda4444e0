/**
 * What a reporter hides and later shows. The salt follows from the reporter's key and the round,
 * so that a lost disk cannot keep a reporter from revealing, and nobody else can compute it.
 */

import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { encodeAbiParameters, keccak256, stringToBytes } from 'viem/utils';
import { concat, fromHex, toHex, u64ToBytes, utf8 } from '../primitives/bytes.ts';

/** Where a commitment counts: another chain, contract, feed or round has another hash. */
export interface RoundPlace {
  readonly chainId: number;
  readonly oracle: `0x${string}`;
  /** 32 bytes. */
  readonly feed: `0x${string}`;
  readonly round: number;
}

/** HMAC-SHA-256 under the private key over domain, chain, contract, feed and round: 32 bytes. */
export function saltOf(privateKey: Uint8Array, place: RoundPlace): `0x${string}` {
  const message = concat(
    utf8('dodona/oracle/salt/1'),
    u64ToBytes(place.chainId),
    fromHex(place.oracle),
    fromHex(place.feed),
    u64ToBytes(place.round),
  );
  return `0x${toHex(hmac(sha256, privateKey, message))}`;
}

const domain = keccak256(stringToBytes('ORACLE_COMMIT_V1'));

/** The hash that `commit` takes and `reveal` checks. */
export function commitHash(
  place: RoundPlace,
  reporter: `0x${string}`,
  value: bigint,
  salt: `0x${string}`,
): `0x${string}` {
  return keccak256(
    encodeAbiParameters(
      [
        { type: 'bytes32' },
        { type: 'uint256' },
        { type: 'address' },
        { type: 'bytes32' },
        { type: 'uint64' },
        { type: 'address' },
        { type: 'int256' },
        { type: 'bytes32' },
      ],
      [
        domain,
        BigInt(place.chainId),
        place.oracle,
        place.feed,
        BigInt(place.round),
        reporter,
        value,
        salt,
      ],
    ),
  );
}
