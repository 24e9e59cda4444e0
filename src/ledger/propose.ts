/**
 * A new block on the head: the best paying transactions of the pool that fit, executed, and the
 * record with their roots. The header lacks only its nonce.
 */

import type { Block, HeaderEntry } from '../primitives/block.ts';
import { fromHex } from '../primitives/bytes.ts';
import { baseVersion } from '../primitives/header.ts';
import { limits } from '../primitives/limits.ts';
import { merkleRoot } from '../primitives/merkle.ts';
import { recordCommitment } from '../primitives/record.ts';
import type { SignedTransaction } from '../primitives/transaction.ts';
import { LocalFault } from '../vm/world.ts';
import {
  BlockExecution,
  createBlockContext,
  type Execution,
  type LedgerParts,
  readRecord,
} from './execute.ts';
import { nextBaseFee } from './fees.ts';

export interface ProposalOptions {
  /** Seconds since 1970; contracts read it, so another time is another execution. */
  readonly time: number;
  readonly bits: number;
  /** 20 bytes. */
  readonly beneficiary: Uint8Array;
  /** 32 bytes; a genesis with a member registry has its own in place of it. */
  readonly extraData: Uint8Array;
}

/** Transactions in the order in which a proposer wants them. */
export interface Candidates {
  /** The best one left, or undefined. Taking the next of a sender means the last was accepted. */
  next(): SignedTransaction | undefined;
  /** Leaves out the rest of the last sender: its transaction did not go in. */
  skip(): void;
}

export interface Proposal {
  readonly block: Block;
  readonly execution: Execution;
  /** Found invalid in this state or failing on this machine: not worth keeping. */
  readonly unusable: readonly SignedTransaction[];
}

const gasOfTransfer = 21_000;

function fill(
  running: BlockExecution,
  candidates: Candidates,
  gasLimit: number,
): readonly SignedTransaction[] {
  const unusable: SignedTransaction[] = [];
  let sizeBytes = 0;
  while (gasLimit - running.gasUsed >= gasOfTransfer) {
    const transaction = candidates.next();
    if (transaction === undefined) break;
    const { raw } = transaction;
    if (sizeBytes + raw.length > limits.blockTransactionsSizeBytesMax) {
      candidates.skip();
      continue;
    }
    try {
      const fault = running.add(transaction);
      if (fault === undefined) {
        sizeBytes += raw.length;
        continue;
      }
      if (fault.code !== 'block-gas-used-up') unusable.push(transaction);
    } catch (error) {
      if (!(error instanceof LocalFault)) throw error;
      unusable.push(transaction);
    }
    candidates.skip();
  }
  return unusable;
}

/** Builds and executes a block on `parent`, the applied head. @throws Error when the parent's record is missing. */
export function buildBlock(
  parts: LedgerParts,
  parent: HeaderEntry,
  options: ProposalOptions,
  candidates: (baseFee: bigint) => Candidates,
): Proposal {
  const { crypto, genesis } = parts;
  const { time, bits, beneficiary } = options;
  const height = parent.height + 1;
  const baseFeePerGas = nextBaseFee(readRecord(parts.reader, parent.id));
  const facts = { height, time, beneficiary, baseFeePerGas };
  const running = new BlockExecution(parts, createBlockContext(parts, facts));
  const unusable = fill(running, candidates(baseFeePerGas), genesis.gasLimit);
  const execution = running.finish();
  const transactions = execution.transactions.map(({ raw }) => raw);
  const record = {
    height,
    stateRoot: execution.stateRoot,
    transactionsRoot: merkleRoot(transactions, crypto),
    receiptsRoot: execution.receiptsRoot,
    beneficiary,
    gasLimit: genesis.gasLimit,
    gasUsed: execution.gasUsed,
    baseFeePerGas,
    extraData: execution.extraData ?? options.extraData,
    extranonce: new Uint8Array(16),
  };
  const header = {
    version: baseVersion,
    previous: fromHex(parent.id),
    commitment: recordCommitment(record, crypto),
    time,
    bits,
    nonce: 0,
  };
  return { block: { header, record, transactions }, execution, unusable };
}
