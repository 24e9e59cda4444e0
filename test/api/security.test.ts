/** Probabilities against the published tables. */

import { describe, expect, it } from 'vitest';
import { readMethods } from '../../src/api/reads.ts';
import {
  nakamotoRisk,
  renTolerance,
  rosenfeldRisk,
  tightTolerance,
} from '../../src/api/security.ts';
import { MemoryChain } from './chain.ts';

describe('Nakamoto 2008, section 11', () => {
  it.each([
    [0.1, 0, 1],
    [0.1, 1, 0.2045873],
    [0.1, 2, 0.0509779],
    [0.1, 5, 0.0009137],
    [0.1, 10, 0.0000012],
    [0.3, 5, 0.1773523],
    [0.3, 10, 0.0416605],
    [0.3, 15, 0.0101008],
    [0.3, 20, 0.0024804],
    [0.3, 30, 0.0001522],
    [0.3, 50, 0.0000006],
  ])('q = %d, z = %d: %d', (q, z, risk) => expect(nakamotoRisk(q, z)).toBeCloseTo(risk, 7));

  it('needs the blocks of the paper for less than 0.1 %', () => {
    const needed = [0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45].map((q) => {
      let z = 0;
      while (nakamotoRisk(q, z) >= 0.001) z++;
      return z;
    });
    expect(needed).toEqual([5, 8, 11, 15, 24, 41, 89, 340]);
  });
});

describe('Rosenfeld 2014', () => {
  it.each([
    [0.1, 1, 0.2],
    [0.1, 2, 0.056],
    [0.1, 3, 0.01712],
    [0.1, 6, 0.0005914],
    [0.1, 10, 0.0000079],
    [0.3, 1, 0.6],
    [0.3, 6, 0.1564496],
    [0.3, 10, 0.0651067],
  ])('q = %d, n = %d: %d', (q, n, risk) => expect(rosenfeldRisk(q, n)).toBeCloseTo(risk, 7));

  it('keeps the digits of small chances and never exceeds 1', () => {
    const ratio = rosenfeldRisk(0.1, 101) / rosenfeldRisk(0.1, 100);
    // Falls by about 4pq for each block.
    expect(ratio).toBeGreaterThan(0.35);
    expect(ratio).toBeLessThan(0.36);
    expect(rosenfeldRisk(0.499, 1_000)).toBeLessThanOrEqual(1);
    expect(rosenfeldRisk(0.5, 1_000)).toBe(1);
  });
});

describe('delay', () => {
  it.each([
    [600, 10, 0.4958, 0.4979],
    [60, 2, 0.4915, 0.4958],
    [15, 2, 0.4644, 0.4834],
    [5, 1, 0.4447, 0.4751],
    [1, 1, 0.1561, 0.382],
  ])('spacing %d s, delay %d s: Ren %d, tight %d', (spacing, delay, ren, tight) => {
    expect(renTolerance(spacing, delay)).toBeCloseTo(ren, 4);
    expect(tightTolerance(spacing, delay)).toBeCloseTo(tight, 4);
  });
});

describe('dodona_security', () => {
  it('counts the work above a block', () => {
    const run = readMethods.dodona_security;
    const reader = new MemoryChain().reader();
    expect(run?.(reader, ['0x1', { adversaryShare: 0.1, delaySeconds: 2 }])).toMatchObject({
      block: { height: 1 },
      blocksWorthAbove: 1,
      risks: [{ adversaryShare: 0.1, nakamoto: expect.closeTo(0.2045873, 7) }],
      delay: { spacingSeconds: 15, tolerableShareRen: expect.closeTo(0.4644, 4) },
    });
    expect(() => run?.(reader, ['0x1', { adversaryShare: 2 }])).toThrow('from 0 to 1');
  });
});
