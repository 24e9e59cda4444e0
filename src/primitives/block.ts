/** A block as it is stored, sent and executed: header, coinbase record, raw transactions, seal. */

import { equalBytes, type Hex } from './bytes.ts';
import type { Crypto } from './crypto.ts';
import { type Header, headerId } from './header.ts';
import { limits } from './limits.ts';
import { merkleRoot } from './merkle.ts';
import { type CoinbaseRecord, recordCommitment } from './record.ts';

export interface Block {
  readonly header: Header;
  readonly record: CoinbaseRecord;
  /** Raw transactions in order. */
  readonly transactions: readonly Uint8Array[];
  /** Commit certificate of a consortium block; absent in proof of work. */
  readonly seal?: Uint8Array;
}

/** A header placed in its chain. */
export interface HeaderEntry {
  readonly id: Hex;
  readonly header: Header;
  readonly height: number;
  /** Cumulative work from genesis (exclusive) to this header (inclusive). */
  readonly work: bigint;
}

export type BodyFault = 'commitment-mismatch' | 'transactions-mismatch' | 'body-too-large';

/**
 * Whether record and transactions are those the header commits to. A mismatch is the fault of the
 * delivery, never of the id: the same header may arrive with its true body later.
 */
export function checkBody(block: Block, crypto: Crypto): BodyFault | undefined {
  if (!equalBytes(recordCommitment(block.record, crypto), block.header.commitment)) {
    return 'commitment-mismatch';
  }
  let sizeBytes = 0;
  for (const raw of block.transactions) sizeBytes += raw.length;
  if (!equalBytes(merkleRoot(block.transactions, crypto), block.record.transactionsRoot)) {
    return 'transactions-mismatch';
  }
  if (sizeBytes > limits.blockTransactionsSizeBytesMax) return 'body-too-large';
  return undefined;
}

/** Id of a block: that of its header, in hash order. */
export function blockId(block: Block, crypto: Crypto): Hex {
  return headerId(block.header, crypto);
}
