import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatDecimal, parseAmount, parseDecimal } from '../../src/oracle/decimal.ts';
import { median, observe } from '../../src/oracle/observation.ts';
import {
  httpSource,
  parsePriceTable,
  pickPath,
  replaySource,
  sampleSource,
} from '../../src/oracle/sources.ts';

describe('decimal numbers', () => {
  it.each([
    ['20371.04', 8, 2_037_104_000_000n],
    ['0.5', 0, 1n],
    ['-1.25', 1, -13n],
    ['1e3', 2, 100_000n],
    ['12E-2', 3, 120n],
  ])('%s with %i decimals', (text, decimals, value) => {
    expect(parseDecimal(text, decimals)).toBe(value);
  });

  it('refuses what is no number', () => {
    for (const text of ['', 'NaN', '1,5', '0x10', '1e9999', '--1']) {
      expect(() => parseDecimal(text, 8)).toThrow(RangeError);
    }
  });

  it('never rounds money', () => {
    expect(parseAmount('1.5', 18)).toBe(15n * 10n ** 17n);
    expect(parseAmount('1.50', 1)).toBe(15n);
    expect(() => parseAmount('0.0000000000000000001', 18)).toThrow(/18 digits/);
  });

  it('reads back what it writes', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
        fc.nat(18),
        (value, decimals) => {
          expect(parseDecimal(formatDecimal(value, decimals), decimals)).toBe(value);
        },
      ),
    );
  });
});

const table = parsePriceTable('time,a,b\n100,10.5,\n160,,7\n220,11,8\n');

describe('replay', () => {
  const source = (column: string, maxAgeSeconds = 90) =>
    replaySource({ table, column, decimals: 2, maxAgeSeconds, clock: (time) => time - 1_000 });

  it('answers with the last trade at or before the time', async () => {
    expect(await source('a').read(1_100)).toBe(1_050n);
    expect(await source('a').read(1_170)).toBe(1_050n);
    expect(await source('a').read(1_220)).toBe(1_100n);
  });

  it('is silent before the first trade and after a long gap', async () => {
    await expect(source('b').read(1_150)).rejects.toMatchObject({ code: 'source-silent' });
    await expect(source('a', 50).read(1_170)).rejects.toMatchObject({ code: 'source-silent' });
  });

  it('names an unknown column and a line out of order', () => {
    expect(() => source('c')).toThrow(/a, b/);
    expect(() => parsePriceTable('t,a\n5,1\n5,2\n')).toThrow(/line 3/);
    expect(() => parsePriceTable('t,a\n5\n')).toThrow(/line 2/);
  });
});

describe('sample market', () => {
  it('is the same at each run and differs little between reporters', async () => {
    const base = 6_000_000_000_000n;
    const [one, again, two] = [1, 1, 2].map((seed) => sampleSource({ seed, base }));
    for (let time = 1_700_000_000; time < 1_700_000_600; time += 7) {
      const price = (await one?.read(time)) as bigint;
      expect(await again?.read(time)).toBe(price);
      const other = (await two?.read(time)) as bigint;
      const distance = price > other ? price - other : other - price;
      expect(distance * 10_000n).toBeLessThan(price * 25n);
    }
  });
});

describe('HTTP JSON', () => {
  let url = '';
  const server = createServer((request, response) => {
    if (request.url === '/ok') response.end(JSON.stringify({ data: [{ price: '42.125' }] }));
    else if (request.url === '/text') response.end('hello');
    else if (request.url === '/zero') response.end('{"data":[{"price":0}]}');
    else if (request.url === '/big') response.end('x'.repeat(2 * 1024 * 1024));
    else response.writeHead(500).end();
  });
  beforeAll(async () => {
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.close();
  });
  const read = (path: string) =>
    httpSource({ url: `${url}${path}`, path: 'data.0.price', decimals: 4 }).read(0);

  it('reads the number at the path', async () => {
    expect(await read('/ok')).toBe(421_250n);
  });

  it.each([
    ['/text', 'source-malformed'],
    ['/zero', 'source-malformed'],
    ['/big', 'source-malformed'],
    ['/down', 'source-unreachable'],
  ])('%s is %s', async (path, code) => {
    await expect(read(path)).rejects.toMatchObject({ code });
  });

  it('follows paths through own members only', () => {
    expect(pickPath({ a: [1, { b: 2 }] }, 'a.1.b')).toBe(2);
    expect(pickPath({}, 'constructor.name')).toBeUndefined();
  });
});

describe('observation', () => {
  const fixed = (name: string, value: bigint | Error) => ({
    name,
    read: async () => {
      if (value instanceof Error) throw value;
      return value;
    },
  });
  const options = { minimumSources: 2, strayBps: 100 };

  it('is the median of the sources that agree', async () => {
    const { observation } = await observe(
      [fixed('a', 1_000n), fixed('b', 1_002n), fixed('c', 1_600n)],
      0,
      options,
    );
    expect(observation?.value).toBe(1_001n);
    expect(observation?.left).toEqual([
      { source: 'c', reason: expect.stringContaining('100 bps') },
    ]);
  });

  it('is absent when too few sources are left', async () => {
    const { observation, left } = await observe(
      [fixed('a', 1_000n), fixed('b', new Error('down'))],
      0,
      options,
    );
    expect(observation).toBeUndefined();
    expect(left).toEqual([{ source: 'b', reason: 'down' }]);
  });

  it('floors the mean of the middle two', () => {
    expect(median([3n, 4n])).toBe(3n);
    expect(median([-3n, -4n])).toBe(-4n);
    expect(median([5n, 1n, 3n])).toBe(3n);
  });
});
