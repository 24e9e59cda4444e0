/** ASERT against the official aserti3-2d runs: by digest where a rule makes the rows, else from the files. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asertTarget } from '../../../src/consensus/pow/asert.ts';
import { decodeCompact, encodeCompact } from '../../../src/primitives/work.ts';
import { dataPath } from '../../support/data.ts';

const limit = decodeCompact(0x1d00ffff).target;

function bitsAfter(anchorBits: number, timeSinceParent: number, blocks: number): number {
  const schedule = {
    anchorTarget: decodeCompact(anchorBits).target,
    spacing: 600,
    halfLife: 172_800,
    limit,
  };
  return encodeCompact(asertTarget(schedule, timeSinceParent, blocks));
}

const hex = (bits: number): string => `0x${bits.toString(16).padStart(8, '0')}`;

interface Run {
  readonly name: number;
  readonly bits: number;
  readonly anchorHeight: bigint;
  readonly parentTime: number;
  readonly height: bigint;
  readonly time: number;
  readonly rows: number;
  readonly heightStep: bigint;
  readonly timeStep: number;
  readonly digest: string;
}

function run(
  name: number,
  [bits, anchorHeight, parentTime, height, time, rows, heightStep, timeStep]: readonly [
    number,
    bigint,
    number,
    bigint,
    number,
    number,
    bigint,
    number,
  ],
  digest: string,
): Run {
  return { name, bits, anchorHeight, parentTime, height, time, rows, heightStep, timeStep, digest };
}

const runs: readonly Run[] = [
  run(
    1,
    [0x1d00ffff, 1n, 0, 2n, 1200, 10, 1n, 600],
    'd173fa54aedf63cca92200ea92e243f7512f031b1d793bb9838de25732d398ee',
  ),
  run(
    2,
    [0x1a2b3c4d, 1n, 0, 2n, 1200, 10, 1n, 600],
    '9f9ff413f4e165f2de250f8f265ef85ef1dbe1dc9693c69613e9f8cfce9fd1a0',
  ),
  run(
    3,
    [0x01010000, 1n, 0, 2n, 1200, 10, 1n, 600],
    'ee721ee9c7016d69a12cd145609381737b0b650eb4b71c500420600c6e276835',
  ),
  run(
    4,
    [0x01010000, 1n, 0, 2n, 174_000, 225, 1n, 173_400],
    'bc3aec2a87b86a40ea7ce556d669a6721e0e7212a2f888be3acf59fa80b18dc9',
  ),
  run(
    5,
    [0x1d00ffff, 1n, 0, 2n, 0, 225, 288n, 0],
    'dfb0381ffc86029a687d2874ed43b1d3c8c2f56afefc5673d6518e0d552b14f9',
  ),
  run(
    9,
    [0x1802aee8, 2n ** 31n - 6n, 1_234_567_290, 2n ** 31n - 5n, 1_234_568_190, 10, 1n, 300],
    'bf10380312eac4aea8282d3adcc1c03da5d1df764c4b8cc6dfa07eb3dc1c9574',
  ),
  run(
    10,
    [0x1802aee8, 2n ** 63n - 6n, 2_147_483_047, 2n ** 63n - 5n, 2_147_484_547, 10, 1n, 900],
    'c56a27c34c2a9d8bb529f20c1e4778042edb189740731b239c768f8b37509a78',
  ),
  run(
    12,
    [0x1802aee8, 1n, 10_000, 2n, 11_200, 10_000, 1n, -1],
    '075f642b6bdc0ac5bf2853500a8132c73165a328ca85e31700e16d42aee7439c',
  ),
];

/** Rows of runs 4, 5, 9 and 12 as published. */
const spotRows: readonly (readonly [run: number, height: bigint, time: number, bits: number])[] = [
  [4, 2n, 174_000, 0x01020000],
  [4, 8n, 1_214_400, 0x02008000],
  [4, 226n, 39_015_600, 0x1d00ffff],
  [5, 2n, 0, 0x1d00fec5],
  [5, 290n, 0, 0x1c7f62c0],
  [5, 64_514n, 0, 0x01010000],
  [9, 2_147_483_648n, 1_234_569_690, 0x1802a9fa],
  [12, 1_001n, 10_201, 0x173dcaa1],
  [12, 10_001n, 1_201, 0x13643f64],
];

function bitsOf(from: Run, height: bigint, time: number): number {
  return bitsAfter(from.bits, time - from.parentTime, Number(height - from.anchorHeight));
}

describe('official aserti3-2d runs', () => {
  it.each(runs)('run $name by digest', (each) => {
    const rows = createHash('sha256');
    let { height, time } = each;
    for (let row = 0; row < each.rows; row++) {
      rows.update(`${height} ${time} ${hex(bitsOf(each, height, time))}\n`);
      height += each.heightStep;
      time += each.timeStep;
    }
    expect(rows.digest('hex')).toBe(each.digest);
  });

  it.each(spotRows)('run %i at height %i', (name, height, time, bits) => {
    const from = runs.find((each) => each.name === name) as Run;
    expect(hex(bitsOf(from, height, time))).toBe(hex(bits));
  });

  for (const name of ['run06', 'run07']) {
    const path = dataPath(`asert/${name}.txt`);
    it.skipIf(path === undefined)(`${name} row by row (skipped without its file)`, () => {
      const text = readFileSync(path as string, 'utf8');
      const field = (title: string): string => {
        const found = new RegExp(`##\\s*${title}:\\s*(\\S+)`).exec(text)?.[1];
        if (found === undefined) throw new Error(`${name} has no "${title}"`);
        return found;
      };
      const anchorBits = Number(field('anchor nBits'));
      const anchorHeight = BigInt(field('anchor height'));
      const parentTime = Number(field('anchor ancestor time'));
      const rows = text.split('\n').filter((line) => /^\d/.test(line));
      expect(rows).toHaveLength(1_000);
      for (const row of rows) {
        const [, height, time, bits] = row.split(' ') as [string, string, string, string];
        const blocks = Number(BigInt(height) - anchorHeight);
        expect(hex(bitsAfter(anchorBits, Number(time) - parentTime, blocks))).toBe(bits);
      }
    });
  }
});

describe('asertTarget', () => {
  const schedule = { anchorTarget: 1n << 200n, spacing: 15, halfLife: 3_600, limit: 1n << 240n };

  it('keeps the anchor target exactly on schedule and doubles it one half-life late', () => {
    expect(asertTarget(schedule, 15, 0)).toBe(1n << 200n);
    expect(asertTarget(schedule, 15 + 3_600, 0)).toBe(1n << 201n);
    expect(asertTarget(schedule, 15 - 3_600, 0)).toBe(1n << 199n);
  });

  it('truncates toward zero: one second early is no step at all with a long half-life', () => {
    const slow = { ...schedule, halfLife: 100_000 };
    expect(asertTarget(slow, 14, 0)).toBe(1n << 200n);
    expect(asertTarget(slow, 13, 0)).toBeLessThan(1n << 200n);
  });

  it('never rises when blocks come earlier, and stays between 1 and the limit', () => {
    const span = 2 ** 50;
    fc.assert(
      fc.property(
        fc.integer({ min: -span, max: span }),
        fc.nat({ max: 100_000 }),
        fc.nat({ max: 1_000_000 }),
        (time, delay, blocks) => {
          const early = asertTarget(schedule, time, blocks);
          const late = asertTarget(schedule, time + delay, blocks);
          expect(early <= late).toBe(true);
          expect(early >= 1n && late <= schedule.limit).toBe(true);
        },
      ),
    );
  });
});
