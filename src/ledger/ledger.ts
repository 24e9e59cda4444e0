/**
 * The ledger as its hosts see it: executes, reverts and proposes blocks on the head's state and
 * keeps the pool in step with it. It writes nothing: every change is handed back as operations.
 */

import type { Block, HeaderEntry } from '../primitives/block.ts';
import { type Hex, toHex } from '../primitives/bytes.ts';
import { decodeHeaderEntry } from '../primitives/chain-records.ts';
import { limits } from '../primitives/limits.ts';
import { encodeRecord } from '../primitives/record.ts';
import { DecodeError } from '../primitives/rlp.ts';
import type { Member } from '../primitives/seal.ts';
import { keys, type WriteOperation } from '../primitives/store.ts';
import {
  decodeTransaction,
  recoverSender,
  type SignedTransaction,
} from '../primitives/transaction.ts';
import { readAccount } from './account.ts';
import {
  commitOperations,
  type Execution,
  executeBlock,
  type LedgerParts,
  readRecord,
} from './execute.ts';
import { nextBaseFee } from './fees.ts';
import { readMembers } from './members.ts';
import { type PoolHead, type PoolResult, TransactionPool } from './pool.ts';
import { buildBlock, type ProposalOptions } from './propose.ts';
import { revertBlock } from './undo.ts';

export interface LedgerOptions extends LedgerParts {
  /** What verifier threads have already recovered; undefined for what they have not seen. */
  readonly recover?: (raw: Uint8Array) => SignedTransaction | undefined;
}

const extranonceSizeBytes = 16;
const nothingWaits = { next: () => undefined, skip: () => {} };

export class Ledger {
  readonly pool: TransactionPool;
  readonly #parts: LedgerOptions;
  /** Results of blocks on the present head, proposed or checked: applying one does not run it again. */
  readonly #executions = new Map<string, Execution>();

  constructor(parts: LedgerOptions) {
    this.#parts = parts;
    const { genesis, reader, crypto } = parts;
    this.pool = new TransactionPool(
      {
        chainId: genesis.chainId,
        gasLimit: genesis.gasLimit,
        crypto,
        account: (address) => readAccount(reader, address, crypto),
      },
      this.#poolHead(),
    );
  }

  /**
   * Executes `block`, whose body matches its header, on the current head `parent`.
   * Never throws for an invalid block; @throws LocalFault when this machine fails.
   */
  execute(
    block: Block,
    parent: HeaderEntry,
    entry: HeaderEntry,
  ):
    | {
        readonly ok: true;
        readonly operations: readonly WriteOperation[];
        readonly transactions: readonly SignedTransaction[];
      }
    | { readonly ok: false; readonly code: string; readonly detail: string } {
    this.#assertHead(parent);
    const key = this.#executionKey(block);
    const known = this.#executions.get(key);
    const result = known ?? executeBlock(this.#parts, block, parent, (raw) => this.#recover(raw));
    if ('code' in result) return { ok: false, code: result.code, detail: result.detail };
    if (known === undefined) this.#remember(key, result);
    const operations = commitOperations(this.#parts.reader, result, entry);
    return { ok: true, operations, transactions: result.transactions };
  }

  /**
   * Takes the current head `entry` back to `parent`.
   * @throws UndoMissing when the undo of `entry` is no longer kept.
   */
  revert(
    block: Block,
    entry: HeaderEntry,
    parent: HeaderEntry,
  ): {
    readonly operations: readonly WriteOperation[];
    readonly transactions: readonly SignedTransaction[];
  } {
    this.#assertHead(entry);
    const { reader, crypto } = this.#parts;
    const operations = revertBlock(reader, { entry, parent, block }, crypto);
    const transactions = block.transactions.map((raw) => this.#recover(raw.slice()));
    return { operations, transactions };
  }

  /** A block on the current head `parent`, complete but for its nonce; without transactions if `empty`. */
  propose(parent: HeaderEntry, options: ProposalOptions & { readonly empty: boolean }): Block {
    this.#assertHead(parent);
    const { block, execution, unusable } = buildBlock(this.#parts, parent, options, () =>
      options.empty ? nothingWaits : this.pool.candidates(),
    );
    this.pool.drop(unusable);
    this.#remember(this.#executionKey(block), execution);
    return block;
  }

  /** The head moved: the pool drops what was included and takes back what was reverted. */
  headChanged(change: {
    readonly applied: readonly SignedTransaction[];
    readonly reverted: readonly SignedTransaction[];
  }): void {
    this.#executions.clear();
    this.pool.headChanged(change, this.#poolHead());
  }

  /** Takes a raw transaction into the pool. */
  submit(raw: Uint8Array): PoolResult {
    if (raw.length > limits.transactionSizeBytesMax) {
      const message = `oversized data: transaction size ${raw.length}, limit ${limits.transactionSizeBytesMax}`;
      return { ok: false, code: 'transaction-too-large', message };
    }
    try {
      // A copy: as a view it would keep alive the whole message that it came in, up to 256 KiB.
      return this.pool.add(this.#recover(raw.slice()));
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return { ok: false, code: 'malformed', message: error.message };
    }
  }

  /** How many transactions of the pool could be mined now. */
  waiting(): number {
    return this.pool.waiting;
  }

  isWaiting(hash: Hex): boolean {
    return this.pool.get(hash) !== undefined;
  }

  /** Hash of the best paying transaction that the next block could take. */
  best(): Hex | undefined {
    const best = this.pool.candidates().next();
    return best === undefined ? undefined : toHex(best.hash);
  }

  /** The first to arrive after `sequence` of those that the next block could take. */
  oldest(
    sequence: number,
  ): { hash: Hex; gasLimit: number; sizeBytes: number; sequence: number } | undefined {
    const found = this.pool.oldest(sequence);
    if (found === undefined) return undefined;
    const { gasLimit, raw } = found.transaction;
    return {
      hash: found.key,
      gasLimit: Number(gasLimit),
      sizeBytes: raw.length,
      sequence: found.sequence,
    };
  }

  /** Who may vote on the next block; undefined when the genesis file names no registry. */
  members(): readonly Member[] | undefined {
    const { genesis, reader, crypto } = this.#parts;
    const { governance } = genesis;
    return governance && readMembers(reader, governance, crypto);
  }

  byShortIds(id: Hex, shortIds: readonly Uint8Array[]): readonly (Uint8Array | undefined)[] {
    return this.pool.byShortIds(id, shortIds);
  }

  #recover(raw: Uint8Array): SignedTransaction {
    const { crypto, recover } = this.#parts;
    // The pool first: what lies there needs no decoding.
    const known = this.pool.get(toHex(crypto.keccak256(raw))) ?? recover?.(raw);
    return known ?? recoverSender(decodeTransaction(raw, crypto), crypto);
  }

  #poolHead(): PoolHead {
    const { reader } = this.#parts;
    const id = reader.get(keys.meta('head'));
    const header = id === undefined ? undefined : reader.get(keys.header(toHex(id)));
    if (id === undefined || header === undefined) {
      throw new Error('the store has no head: write the genesis block first');
    }
    const { height } = decodeHeaderEntry(toHex(id), header);
    return { height, baseFee: nextBaseFee(readRecord(reader, toHex(id))) };
  }

  #assertHead(entry: HeaderEntry): void {
    const head = this.#parts.reader.get(keys.meta('head'));
    if (head === undefined || toHex(head) !== entry.id) {
      throw new Error(`the state is not that of block ${entry.height} ${entry.id}`);
    }
  }

  /** All that decides the result: parent, time and record; miners roll the extranonce. */
  #executionKey(block: Block): string {
    const record = encodeRecord(block.record).subarray(0, -extranonceSizeBytes);
    return `${toHex(block.header.previous)} ${block.header.time} ${toHex(record)}`;
  }

  #remember(key: string, execution: Execution): void {
    this.#executions.set(key, execution);
    const [oldest] = this.#executions.keys();
    if (this.#executions.size > limits.templatesKept && oldest !== undefined) {
      this.#executions.delete(oldest);
    }
  }
}
