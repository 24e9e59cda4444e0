/** Events of a contract over any span of blocks, asked for in ranges that a node answers. */

import type { Abi } from 'viem';
import { decodeEventLog, encodeEventTopics } from 'viem/utils';
import type { ContractAddress } from './contracts.ts';
import type { Transport } from './transport.ts';

export interface EventLog<Arguments> {
  readonly height: number;
  readonly arguments: Arguments;
}

export interface EventQuery {
  readonly address: ContractAddress;
  readonly abi: Abi;
  readonly event: string;
  /** Values of indexed parameters by name; what is left out matches all. */
  readonly match?: Readonly<Record<string, unknown>>;
  /** First and last height, both included. */
  readonly from: number;
  readonly to: number;
}

/** A fifth of what a node searches at once, so that a busy one answers in time. */
const rangeBlocks = 2_000;

interface RpcLog {
  readonly blockNumber: string;
  readonly topics: [`0x${string}`, ...`0x${string}`[]];
  readonly data: `0x${string}`;
}

/** Oldest first. @throws RpcFault */
export async function readEvents<Arguments>(
  transport: Transport,
  { address, abi, event, match = {}, from, to }: EventQuery,
): Promise<readonly EventLog<Arguments>[]> {
  const topics = encodeEventTopics({ abi, eventName: event, args: match } as Parameters<
    typeof encodeEventTopics
  >[0]);
  const found: EventLog<Arguments>[] = [];
  for (let first = from; first <= to; first += rangeBlocks) {
    const last = Math.min(to, first + rangeBlocks - 1);
    const range = { fromBlock: `0x${first.toString(16)}`, toBlock: `0x${last.toString(16)}` };
    const logs = (await transport.request('eth_getLogs', [{ address, topics, ...range }])) as
      | readonly RpcLog[]
      | null;
    for (const log of logs ?? []) {
      const decoded = decodeEventLog({ abi, data: log.data, topics: log.topics });
      const height = Number(log.blockNumber);
      found.push({ height, arguments: decoded.args as unknown as Arguments });
    }
  }
  return found;
}
