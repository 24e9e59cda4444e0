/**
 * Blocks, transactions, receipts and logs as JSON-RPC shows them (ethereum/execution-apis).
 * Block ids are byte-reversed; blooms are derived here, for they are no part of consensus.
 */

import type { StoredReceipt } from '../ledger/receipts.ts';
import type { Block, HeaderEntry } from '../primitives/block.ts';
import { bigintToBytes, minimalBytes } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { displayId, headerSizeBytes } from '../primitives/header.ts';
import type { Log } from '../primitives/receipt.ts';
import { recordSizeBytes } from '../primitives/record.ts';
import { encodeRlp } from '../primitives/rlp.ts';
import type { SignedTransaction, TransactionFields } from '../primitives/transaction.ts';
import { workOfBits } from '../primitives/work.ts';

export type Json = Readonly<Record<string, unknown>>;

/** Keccak-256 of RLP([]): what `sha3Uncles` is where there are no uncles. */
const emptyUncles = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347';
const zeroHash = `0x${'00'.repeat(32)}`;
export const bloomSizeBytes = 256;

/** Minimal hexadecimal of a non-negative integer. */
export function hexQuantity(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

/** Bytes as 0x hex. By Buffer: outputs of calls and raw blocks reach megabytes. */
export function hexData(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`;
}

/** Plain JSON for our own namespaces: bytes as 0x hex, big integers as decimal text. */
export function plainJson(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return hexData(value);
  if (Array.isArray(value)) return value.map(plainJson);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [name, plainJson(member)]),
    );
  }
  return value;
}

function addToBloom(bloom: Uint8Array, item: Uint8Array, crypto: Crypto): void {
  const hash = crypto.keccak256(item);
  for (let pair = 0; pair < 6; pair += 2) {
    const bit = (((hash[pair] as number) << 8) | (hash[pair + 1] as number)) & 2047;
    const index = bloomSizeBytes - 1 - (bit >> 3);
    bloom[index] = (bloom[index] as number) | (1 << (bit & 7));
  }
}

/** Bloom filter of 2,048 bits over addresses and topics (Yellow Paper, 4.3.1). */
export function logsBloom(logs: readonly Log[], crypto: Crypto): Uint8Array {
  const bloom = new Uint8Array(bloomSizeBytes);
  for (const log of logs) {
    addToBloom(bloom, log.address, crypto);
    for (const topic of log.topics) addToBloom(bloom, topic, crypto);
  }
  return bloom;
}

/** What a sender really pays per gas in a block with this base fee. */
export function effectiveGasPrice(
  fees: Pick<TransactionFields, 'maxFeePerGas' | 'maxPriorityFeePerGas'>,
  baseFee: bigint,
): bigint {
  const price = baseFee + fees.maxPriorityFeePerGas;
  return price < fees.maxFeePerGas ? price : fees.maxFeePerGas;
}

/** Where a mined transaction stands. */
export interface Position {
  readonly entry: HeaderEntry;
  readonly index: number;
  readonly baseFee: bigint;
}

/** A transaction; `position` undefined while it waits in the pool. */
export function formatTransaction(
  transaction: SignedTransaction,
  position: Position | undefined,
): Json {
  const { type } = transaction;
  const price =
    position === undefined
      ? transaction.maxFeePerGas
      : effectiveGasPrice(transaction, position.baseFee);
  const parity = hexQuantity(transaction.yParity);
  const legacyV = (transaction.chainId ?? 0n) * 2n + 35n + BigInt(transaction.yParity);
  return {
    blockHash: position === undefined ? null : displayId(position.entry.id),
    blockNumber: position === undefined ? null : hexQuantity(position.entry.height),
    blockTimestamp: position === undefined ? null : hexQuantity(position.entry.header.time),
    transactionIndex: position === undefined ? null : hexQuantity(position.index),
    hash: hexData(transaction.hash),
    type: hexQuantity(type),
    chainId: transaction.chainId === undefined ? undefined : hexQuantity(transaction.chainId),
    nonce: hexQuantity(transaction.nonce),
    from: hexData(transaction.sender),
    to: transaction.to === undefined ? null : hexData(transaction.to),
    value: hexQuantity(transaction.value),
    gas: hexQuantity(transaction.gasLimit),
    gasPrice: hexQuantity(price),
    input: hexData(transaction.data),
    ...(type === 2 && {
      maxFeePerGas: hexQuantity(transaction.maxFeePerGas),
      maxPriorityFeePerGas: hexQuantity(transaction.maxPriorityFeePerGas),
    }),
    ...(type !== 0 && {
      accessList: transaction.accessList.map((entry) => ({
        address: hexData(entry.address),
        storageKeys: entry.storageKeys.map(hexData),
      })),
      yParity: parity,
    }),
    v: type === 0 ? hexQuantity(legacyV) : parity,
    r: hexQuantity(transaction.r),
    s: hexQuantity(transaction.s),
  };
}

/** A log with its place in the block; `logIndex` counts through the whole block. */
export function formatLog(
  log: Log,
  place: {
    readonly entry: HeaderEntry;
    readonly transactionHash: Uint8Array;
    readonly transactionIndex: number;
    readonly logIndex: number;
  },
): Json {
  return {
    removed: false,
    logIndex: hexQuantity(place.logIndex),
    transactionIndex: hexQuantity(place.transactionIndex),
    transactionHash: hexData(place.transactionHash),
    blockHash: displayId(place.entry.id),
    blockNumber: hexQuantity(place.entry.height),
    blockTimestamp: hexQuantity(place.entry.header.time),
    address: hexData(log.address),
    data: hexData(log.data),
    topics: log.topics.map(hexData),
  };
}

/** Address that a creation by `sender` with `nonce` gives (Yellow Paper, 7). */
export function createdAddress(sender: Uint8Array, nonce: bigint, crypto: Crypto): Uint8Array {
  return crypto.keccak256(encodeRlp([sender, minimalBytes(nonce)])).slice(12);
}

/** A transaction's place among the receipts of its block. */
export interface ReceiptPlace {
  readonly index: number;
  /** Gas that the transactions before it used. */
  readonly gasBefore: number;
  /** Logs that they left. */
  readonly logsBefore: number;
}

export function formatReceipt(
  entry: HeaderEntry,
  block: Block,
  transaction: SignedTransaction,
  { receipt }: StoredReceipt,
  { index, gasBefore, logsBefore }: ReceiptPlace,
  crypto: Crypto,
): Json {
  const { transactionHash } = receipt;
  const { sender, nonce, to } = transaction;
  return {
    type: hexQuantity(transaction.type),
    status: hexQuantity(receipt.status),
    transactionHash: hexData(transactionHash),
    transactionIndex: hexQuantity(index),
    blockHash: displayId(entry.id),
    blockNumber: hexQuantity(entry.height),
    from: hexData(sender),
    to: to === undefined ? null : hexData(to),
    contractAddress: to === undefined ? hexData(createdAddress(sender, nonce, crypto)) : null,
    cumulativeGasUsed: hexQuantity(receipt.cumulativeGasUsed),
    gasUsed: hexQuantity(receipt.cumulativeGasUsed - gasBefore),
    effectiveGasPrice: hexQuantity(effectiveGasPrice(transaction, block.record.baseFeePerGas)),
    logs: receipt.logs.map((log, offset) =>
      formatLog(log, {
        entry,
        transactionHash,
        transactionIndex: index,
        logIndex: logsBefore + offset,
      }),
    ),
    logsBloom: hexData(logsBloom(receipt.logs, crypto)),
  };
}

/** Bytes of a block as it travels: header, record, transactions, seal. */
function blockSizeBytes(block: Block): number {
  const rest = block.transactions.reduce((sum, raw) => sum + raw.length, 0);
  return headerSizeBytes + recordSizeBytes + rest + (block.seal?.length ?? 0);
}

export interface BlockParts {
  readonly entry: HeaderEntry;
  readonly block: Block;
  /**
   * Undefined where the block was never executed, or its receipts were pruned: then the bloom is
   * all ones. It may match anything, so nobody misses a log.
   */
  readonly logs: readonly Log[] | undefined;
  /** One entry a transaction: its hash, or the whole of it. */
  readonly transactions: readonly (string | Json)[];
}

export function formatBlock(parts: BlockParts, crypto: Crypto): Json {
  const { entry, block, logs } = parts;
  const { header, record } = block;
  const bloom =
    logs === undefined ? new Uint8Array(bloomSizeBytes).fill(0xff) : logsBloom(logs, crypto);
  return {
    hash: displayId(entry.id),
    parentHash: displayId(header.previous),
    sha3Uncles: emptyUncles,
    miner: hexData(record.beneficiary),
    stateRoot: hexData(record.stateRoot),
    transactionsRoot: hexData(record.transactionsRoot),
    receiptsRoot: hexData(record.receiptsRoot),
    logsBloom: hexData(bloom),
    difficulty: hexQuantity(workOfBits(header.bits)),
    number: hexQuantity(entry.height),
    gasLimit: hexQuantity(record.gasLimit),
    gasUsed: hexQuantity(record.gasUsed),
    timestamp: hexQuantity(header.time),
    extraData: hexData(record.extraData),
    mixHash: zeroHash,
    nonce: hexData(bigintToBytes(BigInt(header.nonce), 8)),
    baseFeePerGas: hexQuantity(record.baseFeePerGas),
    size: hexQuantity(blockSizeBytes(block)),
    transactions: parts.transactions,
    uncles: [],
  };
}
