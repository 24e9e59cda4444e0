/**
 * The adversarial tests that every oracle contract must pass have numbers: T of the TWAP, C of
 * commit-reveal, S of the jury, O of the optimistic oracle, A of the aggregator. Each has a test whose
 * name begins with its number, and says so where the numbers are published by others.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const last = { T: 17, C: 20, S: 16, O: 16, A: 10 };
/** O12 belongs to requests for prices, which this oracle does not take. */
const absent = ['O12'];
/** Vectors of Uniswap v2 and v3, Flare, Kleros, UMA, Augur and Reality. */
const published = [
  ...['T1', 'T2', 'T3', 'T4', 'T5', 'T6', 'T7', 'C10'],
  ...['S1', 'S2', 'S3', 'S4', 'S16', 'O1', 'O2', 'O3', 'O4', 'O15'],
];

const folder = new URL('./', import.meta.url);
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => readFileSync(new URL(name, folder), 'utf8'))
  .flatMap((text) => [...text.matchAll(/^\s*it(?:\.each\(.*?\))?\(\s*'([^']+)'/gms)])
  .map(([, name]) => name as string);

const numberOf = (name: string): string | undefined =>
  /^([A-Z]\d+)(?: \([^)]*\))?: /.exec(name)?.[1];

describe('numbered tests', () => {
  it('are all there', () => {
    const wanted = Object.entries(last).flatMap(([letter, count]) =>
      Array.from({ length: count }, (_, index) => `${letter}${index + 1}`),
    );
    const found = new Set(names.map(numberOf));
    expect(wanted.filter((number) => !found.has(number))).toEqual(absent);
    expect([...found].filter((number) => number && !wanted.includes(number))).toEqual([]);
  });

  it('say where their numbers are published', () => {
    const marked = names.filter((name) => name.includes('(published'));
    expect([...new Set(marked.map(numberOf))].sort()).toEqual([...published].sort());
  });
});
