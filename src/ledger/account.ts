/** How accounts and slots stand in the state: paths, value encodings, and plain reads. */

import { concat, fromHex, minimalBytes } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { decodeRlp, encodeRlp, rlpBytes, rlpInteger, rlpList } from '../primitives/rlp.ts';
import { slotPath } from '../primitives/state-proof.ts';
import { keys, type StoreReader } from '../primitives/store.ts';

export interface Account {
  readonly nonce: bigint;
  /** Acorns. */
  readonly balance: bigint;
  /** Keccak-256 of the wasm module; `emptyCodeHash` without code. */
  readonly codeHash: Uint8Array;
}

/** Keccak-256 of the empty string. Never write to it. */
export const emptyCodeHash: Uint8Array = fromHex(
  'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470',
);
/** The value of an absent slot. Never write to it. */
export const zeroWord: Uint8Array = new Uint8Array(32);

const accountPrefix = Uint8Array.of(0);

/** SHA-256(0x00 ‖ address). */
export function accountPath(address: Uint8Array, crypto: Crypto): Uint8Array {
  return crypto.sha256(concat(accountPrefix, address));
}

/** RLP [nonce, balance, codeHash]. */
export function encodeAccount(account: Account): Uint8Array {
  return encodeRlp([minimalBytes(account.nonce), minimalBytes(account.balance), account.codeHash]);
}

/** The account in a state value; undefined reads as the absent one. */
export function decodeAccount(bytes: Uint8Array | undefined): Account {
  if (bytes === undefined) return { nonce: 0n, balance: 0n, codeHash: emptyCodeHash };
  const [nonce, balance, codeHash] = rlpList(decodeRlp(bytes), 'account', 3);
  return {
    nonce: rlpInteger(nonce, 'nonce', 8),
    balance: rlpInteger(balance, 'balance'),
    codeHash: rlpBytes(codeHash, 'code hash', 32),
  };
}

/** The account at a 20-byte address; an absent one has nonce 0, balance 0 and no code. */
export function readAccount(reader: StoreReader, address: Uint8Array, crypto: Crypto): Account {
  return decodeAccount(reader.get(keys.state(accountPath(address, crypto))));
}

/** The 32-byte value of a slot; zero when absent. */
export function readSlot(
  reader: StoreReader,
  address: Uint8Array,
  slot: Uint8Array,
  crypto: Crypto,
): Uint8Array {
  return reader.get(keys.state(slotPath(address, slot, crypto))) ?? zeroWord;
}
