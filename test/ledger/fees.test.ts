/** Base fee vectors are those of go-ethereum's TestCalcBaseFee and of EIP-1559's text. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  effectiveTip,
  gasTableAt,
  halvingBlocks,
  intrinsicGas,
  nextBaseFee,
  subsidy,
} from '../../src/ledger/fees.ts';

describe('base fee', () => {
  it.each([
    [20_000_000, 10_000_000, 1_000_000_000n, 1_000_000_000n],
    [20_000_000, 9_000_000, 1_000_000_000n, 987_500_000n],
    [20_000_000, 11_000_000, 1_000_000_000n, 1_012_500_000n],
    [30_000_000, 0, 1_000_000_000n, 875_000_000n],
    [30_000_000, 30_000_000, 1_000_000_000n, 1_125_000_000n],
    [30_000_000, 15_000_001, 1n, 2n],
    [30_000_000, 0, 1n, 1n],
    [30_000_000, 0, 7n, 7n],
  ])('of limit %i, used %i, fee %s is %s', (gasLimit, gasUsed, baseFeePerGas, expected) => {
    expect(nextBaseFee({ gasLimit, gasUsed, baseFeePerGas })).toBe(expected);
  });

  it('moves by an eighth at most, in the direction of the load, and stays positive', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 60_000_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.bigInt({ min: 1n, max: 10n ** 20n }),
        (gasLimit, load, fee) => {
          const gasUsed = Math.floor(load * gasLimit);
          const next = nextBaseFee({ gasLimit, gasUsed, baseFeePerGas: fee });
          const target = Math.floor(gasLimit / 2);
          expect(next >= 1n).toBe(true);
          if (gasUsed > target) expect(next > fee).toBe(true);
          if (gasUsed < target) expect(next <= fee).toBe(true);
          if (gasUsed === target) expect(next).toBe(fee);
          const roof = fee + fee / 8n;
          if (gasLimit % 2 === 0) expect(next <= (roof > fee ? roof : fee + 1n)).toBe(true);
          expect(next >= fee - fee / 8n - 1n).toBe(true);
        },
      ),
    );
  });

  it('leaves the tip what the maximum leaves', () => {
    const fees = { maxFeePerGas: 100n, maxPriorityFeePerGas: 10n };
    expect(effectiveTip(fees, 50n)).toBe(10n);
    expect(effectiveTip(fees, 95n)).toBe(5n);
    expect(effectiveTip(fees, 100n)).toBe(0n);
    expect(effectiveTip(fees, 101n)).toBe(-1n);
  });
});

describe('intrinsic gas', () => {
  const to = new Uint8Array(20);
  const data = Uint8Array.from([0, 0, 1, 2, 3]);
  it('of a plain transfer is 21,000', () => {
    expect(intrinsicGas({ to, data: new Uint8Array(0), accessList: [] })).toBe(21_000n);
  });
  it('counts 4 for a zero byte and 16 for another', () => {
    expect(intrinsicGas({ to, data, accessList: [] })).toBe(21_000n + 2n * 4n + 3n * 16n);
  });
  it('of a creation adds 32,000 and 2 for each word begun (EIP-3860)', () => {
    const code = new Uint8Array(33);
    expect(intrinsicGas({ to: undefined, data: code, accessList: [] })).toBe(
      21_000n + 32_000n + 33n * 4n + 2n * 2n,
    );
  });
  it('of an access list adds 2,400 an address and 1,900 a slot', () => {
    const slot = new Uint8Array(32);
    const accessList = [
      { address: to, storageKeys: [slot, slot] },
      { address: to, storageKeys: [] },
    ];
    expect(intrinsicGas({ to, data: new Uint8Array(0), accessList })).toBe(
      21_000n + 2n * 2_400n + 2n * 1_900n,
    );
  });
});

describe('subsidy', () => {
  const reward = 8n * 10n ** 18n;
  it('is 8 OAK until the first halving, a tenth of it to the oracle fund', () => {
    const first = { oracleFund: reward / 10n, beneficiary: (reward * 9n) / 10n };
    expect(subsidy({ reward }, 1)).toEqual(first);
    expect(subsidy({ reward }, halvingBlocks)).toEqual(first);
    const half = { oracleFund: reward / 20n, beneficiary: (reward * 9n) / 20n };
    expect(subsidy({ reward }, halvingBlocks + 1)).toEqual(half);
  });
  it('rounds the share of the fund down, loses nothing, and ends', () => {
    expect(subsidy({ reward: 19n }, 1)).toEqual({ oracleFund: 1n, beneficiary: 18n });
    expect(subsidy({ reward }, 63 * halvingBlocks + 1)).toEqual({
      oracleFund: 0n,
      beneficiary: 0n,
    });
    expect(subsidy({ reward: 0n }, 1)).toEqual({ oracleFund: 0n, beneficiary: 0n });
  });
});

describe('gas table', () => {
  it('is that of the last fork reached', () => {
    const forks = [
      { height: 0, gasTable: 1 },
      { height: 100, gasTable: 2 },
    ];
    expect([0, 99, 100, 101].map((height) => gasTableAt({ forks }, height))).toEqual([1, 1, 2, 2]);
  });
});
