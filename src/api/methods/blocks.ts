/** Reads of blocks: which one a selector means, and the `eth_getBlock…` family. */

import type { HeaderEntry } from '../../primitives/block.ts';
import type { ChainReader, StateView } from '../backend.ts';
import { RpcError } from '../errors.ts';
import {
  formatBlock,
  formatReceipt,
  formatTransaction,
  hexData,
  hexQuantity,
  type Json,
} from '../format.ts';
import {
  type BlockSelector,
  blockId,
  blockSelector,
  boolean,
  countParams,
  integer,
  optional,
  type Params,
} from '../parameters.ts';

/** The header that a selector means. `pending` reads as `latest`: this node shows no half-built block. */
export function selectEntry(reader: ChainReader, selector: BlockSelector): HeaderEntry | undefined {
  if (selector.kind === 'tag') {
    if (selector.tag === 'safe') return reader.safe();
    if (selector.tag === 'finalized') return reader.finalized();
    if (selector.tag !== 'earliest') return reader.head();
  }
  if (selector.kind === 'id') {
    const entry = reader.header(selector.id);
    if (!selector.requireCanonical || entry === undefined) return entry;
    return reader.canonical(entry.height) === entry.id ? entry : undefined;
  }
  const id = reader.canonical(selector.kind === 'height' ? selector.height : 0);
  return id === undefined ? undefined : reader.header(id);
}

/** As `selectEntry`. @throws RpcError when there is no such block. */
export function requireEntry(reader: ChainReader, value: unknown, name: string): HeaderEntry {
  const entry = selectEntry(reader, blockSelector(value, name));
  if (entry !== undefined) return entry;
  throw new RpcError(
    'notFound',
    `block ${JSON.stringify(value)} not found: the head is ${hexQuantity(reader.head().height)}`,
  );
}

/** State after the selected block. @throws RpcError when there is no such block or its state is gone. */
export function requireState(reader: ChainReader, value: unknown, name: string): StateView {
  const entry = requireEntry(reader, value, name);
  const state = reader.state(entry.id);
  if (state !== undefined) return state;
  throw new RpcError(
    'pruned',
    `the state after block ${entry.height} is not kept by this node: ask for "latest"`,
  );
}

function blockJson(
  reader: ChainReader,
  entry: HeaderEntry | undefined,
  full: boolean,
): Json | null {
  if (entry === undefined) return null;
  const block = reader.block(entry.id);
  if (block === undefined) return null;
  const logs = reader.receipts(entry.id)?.flatMap(({ receipt }) => receipt.logs);
  const baseFee = block.record.baseFeePerGas;
  const transactions = block.transactions.map((raw, index) =>
    full
      ? formatTransaction(reader.recover(raw), { entry, index, baseFee })
      : hexData(reader.crypto.keccak256(raw)),
  );
  return formatBlock({ entry, block, logs, transactions }, reader.crypto);
}

function byNumber(reader: ChainReader, value: unknown): HeaderEntry | undefined {
  return selectEntry(reader, blockSelector(value, 'block'));
}

function byHash(reader: ChainReader, value: unknown): HeaderEntry | undefined {
  return reader.header(blockId(value, 'blockHash'));
}

type Selecting = (reader: ChainReader, value: unknown) => HeaderEntry | undefined;

function getBlock(select: Selecting) {
  return (reader: ChainReader, params: Params): Json | null => {
    countParams(params, 2);
    const full = optional(params[1], boolean, 'fullTransactions') ?? false;
    return blockJson(reader, select(reader, params[0]), full);
  };
}

function countTransactions(select: Selecting) {
  return (reader: ChainReader, params: Params): string | null => {
    countParams(params, 1);
    const entry = select(reader, params[0]);
    const block = entry === undefined ? undefined : reader.block(entry.id);
    return block === undefined ? null : hexQuantity(block.transactions.length);
  };
}

function countUncles(select: Selecting) {
  return (reader: ChainReader, params: Params): string | null =>
    select(reader, params[0]) === undefined ? null : '0x0';
}

/** One transaction of a block in JSON, or null when there is none at `index`. */
export function transactionJson(
  reader: ChainReader,
  entry: HeaderEntry | undefined,
  index: number,
): Json | null {
  if (entry === undefined) return null;
  const block = reader.block(entry.id);
  const raw = block?.transactions[index];
  if (block === undefined || raw === undefined) return null;
  const baseFee = block.record.baseFeePerGas;
  return formatTransaction(reader.recover(raw), { entry, index, baseFee });
}

function getTransaction(select: Selecting) {
  return (reader: ChainReader, params: Params): Json | null => {
    countParams(params, 2);
    return transactionJson(reader, select(reader, params[0]), integer(params[1], 'index'));
  };
}

/** Receipts of a block in JSON: all, or the one at `only`. Null while it has none. */
export function receiptsJson(
  reader: ChainReader,
  entry: HeaderEntry | undefined,
  only?: number,
): Json[] | null {
  if (entry === undefined) return null;
  const block = reader.block(entry.id);
  const receipts = reader.receipts(entry.id);
  if (block === undefined || receipts === undefined) return null;
  const shown: Json[] = [];
  let gasBefore = 0;
  let logsBefore = 0;
  for (const [index, stored] of receipts.entries()) {
    if (only === undefined || only === index) {
      const transaction = reader.recover(block.transactions[index] as Uint8Array);
      const place = { index, gasBefore, logsBefore };
      shown.push(formatReceipt(entry, block, transaction, stored, place, reader.crypto));
    }
    gasBefore = stored.receipt.cumulativeGasUsed;
    logsBefore += stored.receipt.logs.length;
  }
  return shown;
}

export const blockReads = {
  eth_blockNumber: (reader: ChainReader, params: Params): string => {
    countParams(params, 0);
    return hexQuantity(reader.head().height);
  },
  eth_getBlockByNumber: getBlock(byNumber),
  eth_getBlockByHash: getBlock(byHash),
  eth_getBlockTransactionCountByNumber: countTransactions(byNumber),
  eth_getBlockTransactionCountByHash: countTransactions(byHash),
  eth_getUncleCountByBlockNumber: countUncles(byNumber),
  eth_getUncleCountByBlockHash: countUncles(byHash),
  eth_getTransactionByBlockNumberAndIndex: getTransaction(byNumber),
  eth_getTransactionByBlockHashAndIndex: getTransaction(byHash),
  eth_getBlockReceipts: (reader: ChainReader, params: Params): Json[] | null => {
    countParams(params, 1);
    return receiptsJson(reader, byNumber(reader, params[0]));
  },
};
