/** `eth_getLogs`: what a filter matches, and the search through a bounded range of blocks. */

import type { HeaderEntry } from '../../primitives/block.ts';
import { equalBytes } from '../../primitives/bytes.ts';
import { limits } from '../../primitives/limits.ts';
import type { Log } from '../../primitives/receipt.ts';
import type { ChainReader } from '../backend.ts';
import { RpcError } from '../errors.ts';
import { formatLog, type Json } from '../format.ts';
import {
  address,
  type BlockSelector,
  blockId,
  blockSelector,
  bytes,
  countParams,
  invalid,
  list,
  object,
  type Params,
} from '../parameters.ts';
import { selectEntry } from './blocks.ts';

/** Any address of `addresses` and, at each place, any topic of the list; an empty list takes all. */
export interface LogFilter {
  readonly addresses: readonly Uint8Array[];
  readonly topics: readonly (readonly Uint8Array[])[];
}

export interface LogQuery extends LogFilter {
  readonly range:
    | { readonly id: string }
    | { readonly from: BlockSelector; readonly to: BlockSelector };
}

const alternativesMax = 1_000;

function oneOrMany(
  value: unknown,
  name: string,
  parse: (item: unknown, name: string) => Uint8Array,
): readonly Uint8Array[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return [parse(value, name)];
  return list(value, name, alternativesMax).map((item) => parse(item, name));
}

/** Reads a filter object. @throws RpcError naming the member that is wrong. */
export function logQuery(value: unknown): LogQuery {
  const members = object(value, 'filter');
  const topics = members.topics ?? [];
  const filter = {
    addresses: oneOrMany(members.address, 'filter.address', address),
    topics: list(topics, 'filter.topics', limits.logTopicsMax).map((topic, index) =>
      oneOrMany(topic, `filter.topics[${index}]`, (item, name) => bytes(item, name, 32)),
    ),
  };
  if (members.blockHash === undefined || members.blockHash === null) {
    const from = blockSelector(members.fromBlock, 'filter.fromBlock');
    const to = blockSelector(members.toBlock, 'filter.toBlock');
    return { ...filter, range: { from, to } };
  }
  if (members.fromBlock !== undefined || members.toBlock !== undefined) {
    throw invalid('filter.blockHash', members.blockHash, 'drop it, or drop fromBlock and toBlock');
  }
  return { ...filter, range: { id: blockId(members.blockHash, 'filter.blockHash') } };
}

function isOneOf(value: Uint8Array, allowed: readonly Uint8Array[]): boolean {
  return allowed.length === 0 || allowed.some((item) => equalBytes(item, value));
}

/** Whether `log` passes: a filter longer than the log's topics never does. */
export function matchesLog(filter: LogFilter, log: Log): boolean {
  if (filter.topics.length > log.topics.length || !isOneOf(log.address, filter.addresses)) {
    return false;
  }
  return filter.topics.every((allowed, index) => isOneOf(log.topics[index] as Uint8Array, allowed));
}

function logsOfBlock(reader: ChainReader, entry: HeaderEntry, filter: LogFilter): Json[] {
  const receipts = reader.receipts(entry.id);
  if (receipts === undefined) {
    throw new RpcError(
      'pruned',
      `the receipts of block ${entry.height} are not kept by this node: ask for a later range`,
    );
  }
  const found: Json[] = [];
  let logIndex = 0;
  for (const [transactionIndex, { receipt }] of receipts.entries()) {
    for (const log of receipt.logs) {
      if (matchesLog(filter, log)) {
        const { transactionHash } = receipt;
        found.push(formatLog(log, { entry, transactionHash, transactionIndex, logIndex }));
      }
      logIndex += 1;
    }
  }
  return found;
}

function heightOf(reader: ChainReader, selector: BlockSelector): number {
  if (selector.kind === 'height') return selector.height;
  return selectEntry(reader, selector)?.height ?? reader.head().height;
}

function searchRange(reader: ChainReader, filter: LogFilter, from: number, to: number): Json[] {
  const last = Math.min(to, reader.head().height);
  if (from > to) throw invalid('filter.fromBlock', from, `it is above toBlock, which is ${to}`);
  if (last - from >= limits.rpcLogsBlocksMax) {
    throw new RpcError(
      'limitExceeded',
      `the range has ${last - from + 1} blocks, at most ${limits.rpcLogsBlocksMax} are searched at once: split it`,
    );
  }
  const found: Json[] = [];
  for (let height = from; height <= last; height++) {
    const id = reader.canonical(height);
    const entry = id === undefined ? undefined : reader.header(id);
    if (entry === undefined) break;
    found.push(...logsOfBlock(reader, entry, filter));
    if (found.length > limits.rpcLogsResultsMax) {
      throw new RpcError(
        'limitExceeded',
        `more than ${limits.rpcLogsResultsMax} logs match up to block ${height}: narrow the range ${from} to ${last}`,
      );
    }
    if (reader.expired()) {
      throw new RpcError(
        'timeout',
        `${limits.readerTimeMsMax} ms were used up at block ${height}: narrow the range ${from} to ${last}`,
      );
    }
  }
  return found;
}

function getLogs(reader: ChainReader, params: Params): Json[] {
  countParams(params, 1);
  const query = logQuery(params[0]);
  if ('id' in query.range) {
    const entry = reader.header(query.range.id);
    if (entry === undefined) throw new RpcError('notFound', 'unknown block: no such blockHash');
    return logsOfBlock(reader, entry, query);
  }
  const from = heightOf(reader, query.range.from);
  return searchRange(reader, query, from, heightOf(reader, query.range.to));
}

export const logReads = { eth_getLogs: getLogs };
