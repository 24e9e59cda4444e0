/** Fee advice from recent blocks: `eth_gasPrice`, `eth_maxPriorityFeePerGas`, `eth_feeHistory`. */

import type { HeaderEntry } from '../../primitives/block.ts';
import { limits } from '../../primitives/limits.ts';
import { decodeTransaction } from '../../primitives/transaction.ts';
import type { ChainReader } from '../backend.ts';
import { effectiveGasPrice, hexQuantity, type Json } from '../format.ts';
import { countParams, invalid, list, looseInteger, optional, type Params } from '../parameters.ts';
import { requireEntry } from './blocks.ts';

/** Suggested where recent blocks hold no transactions: what wallets show as 1 gwei. */
const tipDefault = 1_000_000_000n;
const tipSampleBlocks = 20;
const tipPercentile = 60;
const percentilesMax = 100;

interface Tip {
  readonly tip: bigint;
  readonly gasUsed: number;
}

/** Tips of a block's transactions in ascending order, with the gas that paid each. */
export function tipsOfBlock(reader: ChainReader, entry: HeaderEntry): readonly Tip[] {
  const block = reader.block(entry.id);
  const receipts = reader.receipts(entry.id);
  if (block === undefined || receipts === undefined) return [];
  const baseFee = block.record.baseFeePerGas;
  let gasBefore = 0;
  const tips = block.transactions.map((raw, index) => {
    const cumulative = receipts[index]?.receipt.cumulativeGasUsed ?? gasBefore;
    const gasUsed = cumulative - gasBefore;
    gasBefore = cumulative;
    const transaction = decodeTransaction(raw, reader.crypto);
    return { tip: effectiveGasPrice(transaction, baseFee) - baseFee, gasUsed };
  });
  return tips.sort((left, right) => (left.tip < right.tip ? -1 : left.tip > right.tip ? 1 : 0));
}

/** The tip at a percentile of the block's gas, as EIP-1559 wallets expect it; 0 without transactions. */
function tipAtPercentile(tips: readonly Tip[], percentile: number): bigint {
  const gasTotal = tips.reduce((sum, { gasUsed }) => sum + gasUsed, 0);
  let gasSeen = 0;
  for (const { tip, gasUsed } of tips) {
    gasSeen += gasUsed;
    if (gasSeen * 100 >= gasTotal * percentile) return tip;
  }
  return 0n;
}

function suggestedTip(reader: ChainReader): bigint {
  const samples: bigint[] = [];
  let height = reader.head().height;
  for (let count = 0; count < tipSampleBlocks && height > 0; count++, height--) {
    const id = reader.canonical(height);
    const entry = id === undefined ? undefined : reader.header(id);
    if (entry === undefined) break;
    const tips = tipsOfBlock(reader, entry);
    if (tips.length > 0) samples.push(tipAtPercentile(tips, tipPercentile));
  }
  samples.sort((left, right) => (left < right ? -1 : left > right ? 1 : 0));
  return samples[Math.floor(((samples.length - 1) * tipPercentile) / 100)] ?? tipDefault;
}

function percentiles(value: unknown, name: string): readonly number[] {
  const wanted = list(value, name, percentilesMax);
  let previous = 0;
  return wanted.map((item) => {
    if (typeof item !== 'number' || !(item >= previous && item <= 100)) {
      throw invalid(name, item, 'send ascending numbers from 0 to 100');
    }
    previous = item;
    return item;
  });
}

function feeHistory(reader: ChainReader, params: Params): Json {
  countParams(params, 3);
  const asked = looseInteger(params[0], 'blockCount');
  if (asked === 0) throw invalid('blockCount', params[0], 'send 1 or more');
  const newest = requireEntry(reader, params[1], 'newestBlock');
  const wanted = optional(params[2], percentiles, 'rewardPercentiles') ?? [];
  const count = Math.min(asked, limits.rpcFeeHistoryBlocksMax, newest.height + 1);
  const oldest = newest.height - count + 1;
  const baseFees: string[] = [];
  const gasUsedRatio: number[] = [];
  const reward: string[][] = [];
  for (let height = oldest; height <= newest.height; height++) {
    const id = reader.canonical(height) as string;
    const entry = reader.header(id) as HeaderEntry;
    const record = reader.block(id)?.record;
    baseFees.push(hexQuantity(record?.baseFeePerGas ?? 0n));
    gasUsedRatio.push(record === undefined ? 0 : record.gasUsed / record.gasLimit);
    if (wanted.length === 0) continue;
    const tips = tipsOfBlock(reader, entry);
    reward.push(wanted.map((percentile) => hexQuantity(tipAtPercentile(tips, percentile))));
  }
  const nextId = reader.canonical(newest.height + 1);
  const nextRecord = nextId === undefined ? undefined : reader.block(nextId)?.record;
  baseFees.push(hexQuantity(nextRecord?.baseFeePerGas ?? reader.nextBaseFee()));
  return {
    oldestBlock: hexQuantity(oldest),
    baseFeePerGas: baseFees,
    gasUsedRatio,
    ...(wanted.length > 0 && { reward }),
  };
}

export const feeReads = {
  eth_gasPrice: (reader: ChainReader, params: Params): string => {
    countParams(params, 0);
    return hexQuantity(reader.nextBaseFee() + suggestedTip(reader));
  },
  eth_maxPriorityFeePerGas: (reader: ChainReader, params: Params): string => {
    countParams(params, 0);
    return hexQuantity(suggestedTip(reader));
  },
  eth_feeHistory: feeHistory,
};
