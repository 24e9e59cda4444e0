/**
 * The coinbase record: 208 bytes that the header commits to by SHA-256d, in place of Bitcoin's
 * Merkle root. One leaf, so a miner's branch list is empty and a light client needs one hash.
 */

import {
  bigintFromBytes,
  bigintToBytes,
  concat,
  equalBytes,
  u64FromBytes,
  u64ToBytes,
  utf8,
} from './bytes.ts';
import type { Crypto } from './crypto.ts';
import { DecodeError } from './rlp.ts';

export const recordSizeBytes = 208;
const magic = utf8('DDN1');

export interface CoinbaseRecord {
  readonly height: number;
  /** Root of the state tree after the block. */
  readonly stateRoot: Uint8Array;
  /** RFC 6962 root over the raw transactions. */
  readonly transactionsRoot: Uint8Array;
  /** RFC 6962 root over the encoded receipts. */
  readonly receiptsRoot: Uint8Array;
  /** 20 bytes: who receives the subsidy and the tips. */
  readonly beneficiary: Uint8Array;
  readonly gasLimit: number;
  readonly gasUsed: number;
  readonly baseFeePerGas: bigint;
  /** 32 bytes: free in proof of work, the next member set's hash in PBFT. */
  readonly extraData: Uint8Array;
  /** 16 bytes, last, so that Stratum can split the record there. */
  readonly extranonce: Uint8Array;
}

/**
 * The 208 bytes of a record, integers big-endian.
 * @throws RangeError when a field has not its width: such a record would shift all that follow.
 */
export function encodeRecord(record: CoinbaseRecord): Uint8Array {
  const bytes = concat(
    magic,
    u64ToBytes(record.height),
    record.stateRoot,
    record.transactionsRoot,
    record.receiptsRoot,
    record.beneficiary,
    u64ToBytes(record.gasLimit),
    u64ToBytes(record.gasUsed),
    bigintToBytes(record.baseFeePerGas, 16),
    record.extraData,
    record.extranonce,
  );
  if (bytes.length !== recordSizeBytes) {
    throw new RangeError(`coinbase record has ${bytes.length} bytes: a field has another width`);
  }
  return bytes;
}

/** @throws DecodeError on another length, another magic or an integer above 2^53 - 1. */
export function decodeRecord(bytes: Uint8Array): CoinbaseRecord {
  if (bytes.length !== recordSizeBytes) {
    throw new DecodeError(
      `coinbase record has ${bytes.length} bytes, ${recordSizeBytes} are needed`,
    );
  }
  if (!equalBytes(bytes.subarray(0, 4), magic))
    throw new DecodeError('coinbase record lacks its magic DDN1');
  try {
    return {
      height: u64FromBytes(bytes, 4),
      stateRoot: bytes.slice(12, 44),
      transactionsRoot: bytes.slice(44, 76),
      receiptsRoot: bytes.slice(76, 108),
      beneficiary: bytes.slice(108, 128),
      gasLimit: u64FromBytes(bytes, 128),
      gasUsed: u64FromBytes(bytes, 136),
      baseFeePerGas: bigintFromBytes(bytes.subarray(144, 160)),
      extraData: bytes.slice(160, 192),
      extranonce: bytes.slice(192, 208),
    };
  } catch (error) {
    if (error instanceof RangeError) throw new DecodeError(`coinbase record: ${error.message}`);
    throw error;
  }
}

/** What the header's commitment must be: SHA-256d of the encoded record. */
export function recordCommitment(record: CoinbaseRecord, crypto: Crypto): Uint8Array {
  return crypto.sha256d(encodeRecord(record));
}
