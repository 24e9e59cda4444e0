/**
 * A whole block: transactions in order on the parent's state, then the subsidy, then the roots.
 * Proposing and importing run the same `BlockExecution`; importing compares it with the record.
 */

import type { Block, HeaderEntry } from '../primitives/block.ts';
import {
  concat,
  equalBytes,
  fromHex,
  type Hex,
  reverseBytes,
  toHex,
  u64ToBytes,
} from '../primitives/bytes.ts';
import { decodeRecordEntry } from '../primitives/chain-records.ts';
import type { Crypto } from '../primitives/crypto.ts';
import type { Genesis } from '../primitives/genesis.ts';
import { limits } from '../primitives/limits.ts';
import { merkleRoot } from '../primitives/merkle.ts';
import { encodeReceipt, type Receipt } from '../primitives/receipt.ts';
import type { CoinbaseRecord } from '../primitives/record.ts';
import { DecodeError } from '../primitives/rlp.ts';
import { membersHash } from '../primitives/seal.ts';
import { keys, type StoreReader, type WriteOperation } from '../primitives/store.ts';
import type { SignedTransaction } from '../primitives/transaction.ts';
import type { BlockContext, Vm } from '../vm/world.ts';
import { gasTableAt, nextBaseFee, subsidy } from './fees.ts';
import { Journal } from './journal.ts';
import { readMembers } from './members.ts';
import { encodeReceipts } from './receipts.ts';
import { updateTree } from './state-tree.ts';
import {
  checkInIsolation,
  checkInState,
  executeTransaction,
  type TransactionFault,
  type TransactionResult,
} from './transactions.ts';
import { encodeUndo } from './undo.ts';

/** What execution needs beside the block. */
export interface LedgerParts {
  readonly genesis: Genesis;
  /** Shows the state of the parent, writes that wait for the disk included. */
  readonly reader: StoreReader;
  readonly vm: Vm;
  readonly crypto: Crypto;
}

/** What a block does, before it has an id. */
export interface Execution {
  readonly transactions: readonly SignedTransaction[];
  readonly receipts: readonly Receipt[];
  readonly gasUsed: number;
  readonly stateRoot: Uint8Array;
  readonly receiptsRoot: Uint8Array;
  /** What the record must say of the next block's members, where a contract keeps them. */
  readonly extraData: Uint8Array | undefined;
  /** State values, tree pages and code. */
  readonly operations: readonly WriteOperation[];
  /** Values of `keys.undo` and `keys.receipts`. */
  readonly undo: Uint8Array;
  readonly storedReceipts: Uint8Array;
}

/** Why a block is invalid for ever; `detail` names what was found and what was expected. */
export interface BlockFault {
  readonly code:
    | 'wrong-height'
    | 'wrong-gas-limit'
    | 'wrong-base-fee'
    | 'body-too-large'
    | 'invalid-transaction'
    | 'wrong-gas-used'
    | 'wrong-members'
    | 'wrong-receipts-root'
    | 'wrong-state-root';
  readonly detail: string;
}

/** The stored record of an executed block. @throws Error when the store lacks it. */
export function readRecord(reader: StoreReader, id: string): CoinbaseRecord {
  const stored = reader.get(keys.record(id));
  if (stored === undefined) throw new Error(`the record of block ${id} is missing: run db check`);
  return decodeRecordEntry(stored).record;
}

/** What differs from block to block in a `BlockContext`. */
export type BlockFacts = Pick<BlockContext, 'height' | 'time' | 'beneficiary' | 'baseFeePerGas'>;

/** The block at `height` on top of the applied chain, as contracts see it. */
export function createBlockContext(
  parts: Pick<LedgerParts, 'genesis' | 'reader'>,
  block: BlockFacts,
): BlockContext {
  const { genesis, reader } = parts;
  return {
    ...block,
    gasLimit: genesis.gasLimit,
    chainId: genesis.chainId,
    gasTable: gasTableAt(genesis, block.height),
    isGenesisCode: (codeHash) => genesis.codeHashes.some((known) => equalBytes(known, codeHash)),
    blockId: (height) => {
      if (height < 0 || height >= block.height) return undefined;
      if (block.height - height > limits.blockIdLookback) return undefined;
      const id = reader.get(keys.canonical(height));
      return id === undefined ? undefined : reverseBytes(id);
    },
  };
}

/** A block in the making: transactions one after the other, then `finish`. */
export class BlockExecution {
  readonly #parts: LedgerParts;
  readonly #block: BlockContext;
  readonly #journal: Journal;
  readonly #transactions: SignedTransaction[] = [];
  readonly #receipts: Receipt[] = [];
  readonly #hints: (string | undefined)[] = [];
  #gasUsed = 0;

  constructor(parts: LedgerParts, block: BlockContext) {
    this.#parts = parts;
    this.#block = block;
    this.#journal = new Journal(parts.reader, parts.crypto);
  }

  get gasUsed(): number {
    return this.#gasUsed;
  }

  /** Executes `transaction` next; a fault means that it is invalid here and has left no trace. */
  add(transaction: SignedTransaction): TransactionFault | undefined {
    const block = this.#block;
    const fault =
      checkInIsolation(transaction, block) ??
      checkInState(transaction, this.#journal, {
        baseFeePerGas: block.baseFeePerGas,
        gasLimit: block.gasLimit,
        gasUsed: this.#gasUsed,
      });
    if (fault !== undefined) return fault;
    const result = this.#execute(transaction);
    this.#gasUsed += result.gasUsed;
    this.#transactions.push(transaction);
    this.#hints.push(result.hint);
    this.#receipts.push({
      transactionHash: transaction.hash,
      status: result.status,
      cumulativeGasUsed: this.#gasUsed,
      logs: result.logs,
    });
    return undefined;
  }

  #execute(transaction: SignedTransaction): TransactionResult {
    try {
      return executeTransaction(this.#journal, this.#block, transaction, this.#parts);
    } catch (error) {
      // A proposer leaves this one out and goes on.
      this.#journal.revertTo(0);
      throw error;
    }
  }

  /** Pays the subsidy and computes roots and writes. */
  finish(): Execution {
    const { genesis, reader, crypto } = this.#parts;
    const journal = this.#journal;
    const issue = subsidy(genesis, this.#block.height);
    journal.credit(genesis.oracleFund, issue.oracleFund);
    journal.credit(this.#block.beneficiary, issue.beneficiary);
    const changes = journal.changes();
    const tree = updateTree(reader, changes.after, crypto);
    const encoded = this.#receipts.map(encodeReceipt);
    for (const [codeHash, code] of changes.codes) {
      tree.operations.push({ key: keys.code(fromHex(codeHash)), value: code });
    }
    return {
      transactions: this.#transactions,
      receipts: this.#receipts,
      gasUsed: this.#gasUsed,
      stateRoot: tree.root,
      receiptsRoot: merkleRoot(encoded, crypto),
      extraData: this.#extraData(changes.after),
      operations: tree.operations,
      undo: encodeUndo(changes),
      storedReceipts: encodeReceipts(
        encoded.map((bytes, index) => ({ encoded: bytes, hint: this.#hints[index] })),
      ),
    };
  }

  #extraData(after: ReadonlyMap<Hex, Uint8Array | undefined>): Uint8Array | undefined {
    const { genesis, reader, crypto } = this.#parts;
    if (genesis.governance === undefined) return undefined;
    const values = new Map<Hex, Uint8Array | undefined>();
    for (const [path, value] of after) values.set(toHex(keys.state(fromHex(path))), value);
    const state: StoreReader = {
      get: (key) => {
        const name = toHex(key);
        return values.has(name) ? values.get(name) : reader.get(key);
      },
    };
    return membersHash(readMembers(state, genesis.governance, crypto), crypto);
  }
}

function checkRecord(
  block: Block,
  height: number,
  parentRecord: CoinbaseRecord,
  genesis: Genesis,
): BlockFault | undefined {
  const { record } = block;
  if (record.height !== height) {
    return { code: 'wrong-height', detail: `record says ${record.height}, chain ${height}` };
  }
  if (record.gasLimit !== genesis.gasLimit) {
    const detail = `record says ${record.gasLimit}, genesis ${genesis.gasLimit}`;
    return { code: 'wrong-gas-limit', detail };
  }
  const baseFee = nextBaseFee(parentRecord);
  if (record.baseFeePerGas !== baseFee) {
    const detail = `record says ${record.baseFeePerGas}, the parent implies ${baseFee}`;
    return { code: 'wrong-base-fee', detail };
  }
  const sizeBytes = block.transactions.reduce((sum, raw) => sum + raw.length, 0);
  if (sizeBytes > limits.blockTransactionsSizeBytesMax) {
    return { code: 'body-too-large', detail: `${sizeBytes} bytes of transactions` };
  }
  return undefined;
}

function checkOutcome(record: CoinbaseRecord, execution: Execution): BlockFault | undefined {
  const { gasUsed, receiptsRoot, stateRoot, extraData } = execution;
  if (record.gasUsed !== gasUsed) {
    return { code: 'wrong-gas-used', detail: `record says ${record.gasUsed}, used ${gasUsed}` };
  }
  if (!equalBytes(record.receiptsRoot, receiptsRoot)) {
    const detail = `record says ${toHex(record.receiptsRoot)}, is ${toHex(receiptsRoot)}`;
    return { code: 'wrong-receipts-root', detail };
  }
  if (!equalBytes(record.stateRoot, stateRoot)) {
    const detail = `record says ${toHex(record.stateRoot)}, is ${toHex(stateRoot)}`;
    return { code: 'wrong-state-root', detail };
  }
  if (extraData !== undefined && !equalBytes(record.extraData, extraData)) {
    const detail = `record says ${toHex(record.extraData)}, the registry ${toHex(extraData)}`;
    return { code: 'wrong-members', detail };
  }
  return undefined;
}

/** The transaction of raw bytes with its sender. @throws DecodeError */
export type Recover = (raw: Uint8Array) => SignedTransaction;

/**
 * Executes `block` on the state of `parent`, the applied head. That record and transactions are
 * those of the header was checked before (`checkBody`).
 * @throws LocalFault when this machine fails at what the rules accept.
 */
export function executeBlock(
  parts: LedgerParts,
  block: Block,
  parent: HeaderEntry,
  recover: Recover,
): Execution | BlockFault {
  const height = parent.height + 1;
  const fault = checkRecord(block, height, readRecord(parts.reader, parent.id), parts.genesis);
  if (fault !== undefined) return fault;
  const { beneficiary, baseFeePerGas } = block.record;
  const facts = { height, time: block.header.time, beneficiary, baseFeePerGas };
  const running = new BlockExecution(parts, createBlockContext(parts, facts));
  for (const [index, raw] of block.transactions.entries()) {
    let transaction: SignedTransaction;
    try {
      transaction = recover(raw);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return { code: 'invalid-transaction', detail: `transaction ${index}: ${error.message}` };
    }
    const refusal = running.add(transaction);
    if (refusal !== undefined) {
      const detail = `transaction ${index} 0x${toHex(transaction.hash)}: ${refusal.message}`;
      return { code: 'invalid-transaction', detail };
    }
  }
  const execution = running.finish();
  return checkOutcome(block.record, execution) ?? execution;
}

/** All writes that make the executed block the head; the oldest undo beyond the limit goes. */
export function commitOperations(
  reader: StoreReader,
  execution: Execution,
  entry: HeaderEntry,
): WriteOperation[] {
  const id = fromHex(entry.id);
  const operations = [...execution.operations];
  execution.transactions.forEach((transaction, index) => {
    operations.push({
      key: keys.transaction(transaction.hash),
      value: concat(id, u64ToBytes(index)),
    });
  });
  operations.push(
    { key: keys.receipts(entry.id), value: execution.storedReceipts },
    { key: keys.undo(entry.id), value: execution.undo },
    { key: keys.canonical(entry.height), value: id },
    { key: keys.meta('head'), value: id },
  );
  const expired = entry.height - limits.undoBlocks;
  const expiredId = expired > 0 ? reader.get(keys.canonical(expired)) : undefined;
  if (expiredId !== undefined) {
    operations.push({ key: keys.undo(toHex(expiredId)), value: undefined });
  }
  return operations;
}
