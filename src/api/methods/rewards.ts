/** `miner_rewards`: what an address earned by blocks, read from the applied chain: orphans are not in it. */

import { equalBytes } from '../../primitives/bytes.ts';
import { displayId } from '../../primitives/header.ts';
import { limits } from '../../primitives/limits.ts';
import type { ChainReader } from '../backend.ts';
import { hexQuantity, type Json } from '../format.ts';
import { address, countParams, looseInteger, optional, type Params } from '../parameters.ts';
import { requireEntry } from './blocks.ts';
import { tipsOfBlock } from './fees.ts';

const blocksDefault = 1_000;

/** Blocks of an address among the `blocks` newest up to `newestBlock`, newest first. */
function rewards(reader: ChainReader, params: Params): Json {
  countParams(params, 3);
  const beneficiary = address(params[0], 'address');
  const newest = requireEntry(reader, params[1] ?? 'latest', 'newestBlock');
  const asked = optional(params[2], looseInteger, 'blocks') ?? blocksDefault;
  const lowest = Math.max(1, newest.height + 1 - Math.min(asked, limits.rpcRewardsBlocksMax));
  const found: Json[] = [];
  let total = 0n;
  let height = newest.height;
  for (; height >= lowest && !reader.expired(); height--) {
    const id = reader.canonical(height);
    const block = id === undefined ? undefined : reader.block(id);
    const entry = id === undefined ? undefined : reader.header(id);
    if (block === undefined || entry === undefined) break;
    if (!equalBytes(block.record.beneficiary, beneficiary)) continue;
    const subsidy = reader.subsidy(height);
    let tips = 0n;
    for (const { tip, gasUsed } of tipsOfBlock(reader, entry)) tips += tip * BigInt(gasUsed);
    total += subsidy + tips;
    found.push({
      height: hexQuantity(height),
      hash: displayId(entry.id),
      timestamp: hexQuantity(entry.header.time),
      subsidy: hexQuantity(subsidy),
      tips: hexQuantity(tips),
    });
  }
  // Where the time or the stored bodies end, the caller sees how far the answer goes.
  return {
    fromBlock: hexQuantity(height + 1),
    toBlock: hexQuantity(newest.height),
    total: hexQuantity(total),
    blocks: found,
  };
}

export const rewardReads = { miner_rewards: rewards };
