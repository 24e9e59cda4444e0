/** What an address earned by blocks, as JSON-RPC tells it. */

import { describe, expect, it } from 'vitest';
import { answerRead } from '../../src/api/reads.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { baseFee, MemoryChain, recipient, sender, transactions } from './chain.ts';

interface Rewards {
  readonly fromBlock: string;
  readonly toBlock: string;
  readonly total: string;
  readonly blocks: readonly { readonly height: string; subsidy: string; tips: string }[];
}

function ask(chain: MemoryChain, ...params: readonly unknown[]): Rewards {
  const answer = answerRead(chain.reader(), 'miner_rewards', params, (error) => {
    throw error;
  });
  if ('error' in answer) throw new Error(answer.error.message);
  return JSON.parse(answer.json) as Rewards;
}

const address = (bytes: Uint8Array): string => `0x${toHex(bytes)}`;

describe('miner_rewards', () => {
  it('adds subsidy and tips of the blocks of one address', () => {
    const chain = new MemoryChain();
    const { blocks, total, fromBlock, toBlock } = ask(chain, address(recipient));
    expect(blocks.map(({ height }) => height)).toEqual(['0x2', '0x1']);
    expect([fromBlock, toBlock]).toEqual(['0x1', '0x2']);
    const receipts = chain.applied[1]?.receipts ?? [];
    let tips = 0n;
    let before = 0;
    transactions.forEach(({ maxFeePerGas, maxPriorityFeePerGas }, index) => {
      const cumulative = receipts[index]?.receipt.cumulativeGasUsed ?? 0;
      const room = maxFeePerGas - baseFee;
      tips +=
        (maxPriorityFeePerGas < room ? maxPriorityFeePerGas : room) * BigInt(cumulative - before);
      before = cumulative;
    });
    expect(tips).toBeGreaterThan(0n);
    expect(BigInt(blocks[1]?.tips ?? 0)).toBe(tips);
    expect(BigInt(total)).toBe(tips + 2n * 7n * 10n ** 18n);
  });

  it('holds nothing of others, nothing below the asked range, and says how far time went', () => {
    const chain = new MemoryChain();
    expect(ask(chain, address(sender))).toMatchObject({ total: '0x0', blocks: [] });
    expect(ask(chain, address(recipient), 'latest', 1)).toMatchObject({ fromBlock: '0x2' });
    chain.isExpired = true;
    expect(ask(chain, address(recipient))).toMatchObject({ fromBlock: '0x3', blocks: [] });
    expect(() => ask(chain, '0x12')).toThrow('address');
  });
});
