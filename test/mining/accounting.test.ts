/** What mining has come to: the fate of found blocks, and how long the next takes. */

import { describe, expect, it } from 'vitest';
import { MiningAccounts, timeToBlock } from '../../src/mining/accounting.ts';
import { limits } from '../../src/primitives/limits.ts';

const found = (id: string, height: number) =>
  ({ id, height, door: 'built-in', worker: 'built-in', time: 0 }) as const;
const move = (height: number, applied: string[], reverted: string[] = []) => ({
  head: { height },
  applied: applied.map((id) => ({ id })),
  reverted: reverted.map((id) => ({ id })),
});
const fates = (accounts: MiningAccounts): string[] => accounts.blocks.map(({ fate }) => fate);

describe('mining accounts', () => {
  it('follow a block onto the chain, off it and back', () => {
    const accounts = new MiningAccounts();
    accounts.found(found('aa', 5));
    accounts.moved(move(4, ['00']));
    expect(fates(accounts)).toEqual(['pending']);
    accounts.moved(move(5, ['aa']));
    expect(fates(accounts)).toEqual(['on-chain']);
    accounts.moved(move(6, ['b5', 'b6'], ['aa']));
    expect(fates(accounts)).toEqual(['orphaned']);
    expect(accounts.blocksOrphaned).toBe(1);
    accounts.moved(move(7, ['aa', 'a6', 'a7'], ['b6', 'b5']));
    expect(fates(accounts)).toEqual(['on-chain']);
    expect(accounts.blocksOrphaned).toBe(0);
    expect(accounts.blocksFound).toBe(1);
  });

  it('call a block that lost its race orphaned', () => {
    const accounts = new MiningAccounts();
    accounts.found(found('aa', 5));
    accounts.moved(move(5, ['bb']));
    expect(fates(accounts)).toEqual(['orphaned']);
  });

  it('remember the last blocks, and count all', () => {
    const accounts = new MiningAccounts();
    const count = limits.minedBlocksKept + 10;
    for (let height = 0; height < count; height++) accounts.found(found(`${height}`, height));
    expect(accounts.blocks).toHaveLength(limits.minedBlocksKept);
    expect(accounts.blocks[0]?.height).toBe(count - 1);
    expect(accounts.blocksFound).toBe(count);
  });
});

describe('time to block', () => {
  it('has the mean and the quantiles of an exponential distribution', () => {
    const estimate = timeToBlock(2 ** 20, 2n ** 226n - 1n);
    expect(estimate?.expectedSeconds).toBeCloseTo(2 ** 10, 6);
    expect(estimate?.within['50%']).toBeCloseTo(2 ** 10 * Math.LN2, 6);
    expect(estimate?.within['90%']).toBeCloseTo(2 ** 10 * Math.log(10), 6);
    expect(timeToBlock(0, 1n)).toBeUndefined();
  });
});
