/**
 * The members of a consortium as the contract at `genesis.governance` stores them: Member[] at
 * slot 0, Member = {bytes32 key; address account}, in Solidity's layout.
 */

import { bigintFromBytes, bigintToBytes } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { limits } from '../primitives/limits.ts';
import type { Member } from '../primitives/seal.ts';
import type { StoreReader } from '../primitives/store.ts';
import { readSlot } from './account.ts';

const listSlot = new Uint8Array(32);

/**
 * The members after the block whose state `reader` shows: those who may vote on the next one.
 * @throws Error when the contract holds no list: the genesis file names another contract.
 */
export function readMembers(
  reader: StoreReader,
  registry: Uint8Array,
  crypto: Crypto,
): readonly Member[] {
  const count = bigintFromBytes(readSlot(reader, registry, listSlot, crypto));
  if (count < 1n || count > BigInt(limits.consortiumMembersMax)) {
    throw new Error(
      `genesis.governance lists ${count} members: name the address of MemberRegistry`,
    );
  }
  const first = bigintFromBytes(crypto.keccak256(listSlot));
  const wordAt = (position: bigint): Uint8Array =>
    readSlot(reader, registry, bigintToBytes(first + position, 32), crypto);
  return Array.from({ length: Number(count) }, (_, index) => ({
    key: wordAt(2n * BigInt(index)),
    address: wordAt(2n * BigInt(index) + 1n).slice(12),
  }));
}
