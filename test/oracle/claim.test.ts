/** The grammar of claims that a machine can check, and what prices say about them. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { claimText, judge, parseClaim, printable } from '../../src/oracle/claim.ts';
import { httpClaims, tableClaims } from '../../src/oracle/claim-sources.ts';
import { formatDecimal } from '../../src/oracle/decimal.ts';
import { parsePriceTable } from '../../src/oracle/sources.ts';

const units = 10n ** 18n;
const midnight = Date.UTC(2026, 0, 1) / 1000;

function claimOf(text: string) {
  const claim = parseClaim(text);
  if (claim === undefined) throw new Error(`${text} is no claim`);
  return claim;
}

describe('the grammar of claims', () => {
  it('reads both kinds', () => {
    expect(parseClaim('BTC/USD >= 60000 at 2026-01-01T00:00:00Z')).toEqual({
      quantity: 'BTC/USD',
      relation: '>=',
      threshold: 60_000n * units,
      when: 'at',
      time: midnight,
    });
    expect(parseClaim('USDC/USD < 0.90 before 2023-03-12T00:00:00Z')).toMatchObject({
      relation: '<',
      threshold: (9n * units) / 10n,
      when: 'before',
      time: 1_678_579_200,
    });
  });

  it.each([
    'BTC/USD is above 60000',
    'BTC/USD = 60000 at 2026-01-01T00:00:00Z',
    'BTC/USD >= 60,000 at 2026-01-01T00:00:00Z',
    'BTC/USD >= -1 at 2026-01-01T00:00:00Z',
    'BTC/USD >= 0.1234567890123456789 at 2026-01-01T00:00:00Z',
    'BTC/USD >= 60000 at 2026-02-30T00:00:00Z',
    'BTC/USD >= 60000 at 2026-01-01T24:00:00Z',
    'BTC/USD >= 60000 at 2026-01-01T00:00:00+01:00',
    'BTC/USD  >= 60000 at 2026-01-01T00:00:00Z',
    ' BTC/USD >= 60000 at 2026-01-01T00:00:00Z',
    'BTC/USD >= 60000 at 2026-01-01T00:00:00Z\n',
    'BTC/USD >= 60000 at 2026-01-01T00:00:00Z, or not',
    'ВTC/USD >= 60000 at 2026-01-01T00:00:00Z', // a Cyrillic letter
    '',
  ])('leaves %j to people', (text) => {
    expect(parseClaim(text)).toBeUndefined();
  });

  it('reads what it could have written', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 40n }),
        fc.constantFrom('<', '<=', '>', '>='),
        fc.integer({ min: 0, max: 4_102_444_800 }),
        (threshold, relation, time) => {
          const moment = new Date(time * 1000).toISOString().replace('.000', '');
          const text = `X/Y ${relation} ${formatDecimal(threshold, 18)} at ${moment}`;
          expect(parseClaim(text)).toMatchObject({ threshold, relation, time });
        },
      ),
    );
  });

  it('takes no bytes for text that are none, and shows none that a terminal obeys', () => {
    expect(claimText('0xff')).toBeUndefined();
    expect(claimText('0xc3a4')).toBe('ä');
    expect(printable('a\u001b[2J\u202e b\n')).toBe('a\\u{1b}[2J\\u{202e} b\\u{a}');
    expect(printable('x'.repeat(8_192))).toBe(`${'x'.repeat(160)}…`);
  });
});

describe('a judgement', () => {
  it.each([
    ['<', 99n, 'right'],
    ['<', 100n, 'wrong'],
    ['<=', 100n, 'right'],
    ['>', 100n, 'wrong'],
    ['>=', 100n, 'right'],
    ['>=', 99n, 'wrong'],
  ])('is exact without a margin: %s 100 when it was %d', (relation, value, judgement) => {
    const claim = claimOf(`X ${relation} 100 at 2026-01-01T00:00:00Z`);
    expect(judge(claim, value * units, 0)).toBe(judgement);
  });

  it('is none within the margin', () => {
    const claim = claimOf('X >= 100 at 2026-01-01T00:00:00Z');
    expect(judge(claim, (995n * units) / 10n, 100)).toBe('close');
    expect(judge(claim, 99n * units, 100)).toBe('wrong');
    expect(judge(claim, 101n * units, 100)).toBe('right');
  });
});

const table = parsePriceTable(
  `time,a,b\n${midnight - 120},1.0,\n${midnight - 60},0.88,2\n${midnight},0.97,3\n`,
);

describe('a table', () => {
  const read = (text: string, column = 'a') => tableClaims(table, column).read(claimOf(text));

  it('has the last price at a time, and the one that decides about a span', async () => {
    expect(await read('X > 0 at 2025-12-31T23:59:30Z')).toBe((88n * units) / 100n);
    expect(await read('X < 0.9 before 2026-01-01T00:00:00Z')).toBe((88n * units) / 100n);
    expect(await read('X > 0.9 before 2026-01-01T00:00:00Z')).toBe(units);
    expect(await read('X < 0.9 before 2025-12-31T23:59:00Z')).toBe(units);
    expect(await read('X > 1 before 2026-01-01T00:00:00Z', 'b')).toBe(2n * units);
  });

  it('is silent about what it does not reach', async () => {
    const silent = { code: 'source-silent' };
    await expect(read('X > 0 at 2026-01-01T01:00:00Z')).rejects.toMatchObject(silent);
    await expect(read('X > 0 before 2026-01-01T01:00:00Z')).rejects.toMatchObject(silent);
    await expect(read('X > 0 at 2025-12-31T00:00:00Z')).rejects.toMatchObject(silent);
    await expect(read('X > 0 before 2025-12-31T23:59:00Z', 'b')).rejects.toMatchObject(silent);
  });
});

describe('a service', () => {
  const asked: string[] = [];
  const server = createServer(({ url }, response) => {
    asked.push(url ?? '');
    response.end('{"price":"1.25"}');
  });
  let url = '';
  beforeAll(async () => {
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.close();
  });

  it('is asked for the time of the claim', async () => {
    const source = httpClaims({ url: `${url}/at/{time}`, path: 'price', now: () => 0 });
    const claim = claimOf('X > 1 at 2026-01-01T00:00:00Z');
    expect(await source.read(claim)).toBe((125n * units) / 100n);
    expect(asked).toEqual([`/at/${midnight}`]);
    await expect(source.read({ ...claim, when: 'before' })).rejects.toThrow(/single times/);
  });

  it('that knows the present alone is not asked about the past', async () => {
    const claim = claimOf('X > 1 at 2026-01-01T00:00:00Z');
    const at = (now: number) => httpClaims({ url, path: 'price', now: () => now }).read(claim);
    expect(await at(midnight + 60)).toBe((125n * units) / 100n);
    await expect(at(midnight + 61)).rejects.toThrow(/present alone/);
  });
});
