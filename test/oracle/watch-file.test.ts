/** The watch file, and a feed of the chain as one of its sources. */

import { describe, expect, it } from 'vitest';
import { AgentFileError } from '../../src/oracle/agent-file.ts';
import { parseClaim } from '../../src/oracle/claim.ts';
import { OracleClient } from '../../src/oracle/client.ts';
import { parseWatchFile } from '../../src/oracle/watch-file.ts';
import { OracleScene, registry, reportersOf } from '../contracts/oracle-scene.ts';
import { ChainTransport } from '../support/chain-transport.ts';

const scene = new OracleScene(reportersOf([20n, 20n, 20n, 20n, 20n]), {}, ['BTC/USD']);
const client = new OracleClient(new ChainTransport(scene.chain), { registry: registry.address });
const parse = (json: unknown) =>
  parseWatchFile(json, { readFile: () => 'time,own\n1000,20000\n', now: () => 0, client });

const table = { csv: 'prices.csv', column: 'own' };
const quantity = { name: 'BTC/USD', source: [table] };
const money = { bond_per_assertion: '12', bond_total: '60' };

describe('the watch file', () => {
  it('has limits in OAK and safe defaults', () => {
    const { limits, quantities } = parse({ ...money, quantity: [quantity] });
    expect(limits).toEqual({
      bondPerAssertion: 12n * 10n ** 18n,
      bondTotal: 60n * 10n ** 18n,
      claimFrom: 10n ** 17n,
      marginBps: 50,
      warnBlocks: 10,
      early: 'report',
    });
    expect(quantities).toMatchObject([{ name: 'BTC/USD', minimumSources: 1, strayBps: 200 }]);
  });

  it.each([
    [{ quantity: [quantity] }, /bond_per_assertion must be an amount/],
    [{ ...money, bond_total: 60, quantity: [quantity] }, /bond_total must be an amount/],
    [{ ...money, bond_total: '-1', quantity: [quantity] }, /below 0/],
    [{ ...money }, /quantity is missing/],
    [{ ...money, bond: '1', quantity: [quantity] }, /"bond" is unknown/],
    [{ ...money, early: 'yes', quantity: [quantity] }, /use report or dispute/],
    [{ ...money, quantity: [quantity, quantity] }, /one quantity of each name/],
    [{ ...money, quantity: [{ ...quantity, minimum_sources: 2 }] }, /must be 1 to 1/],
    [{ ...money, quantity: [{ ...quantity, source: Array(17).fill(table) }] }, /at most 16/],
    [{ ...money, quantity: [{ name: 'X', source: [{ url: 'ftp://x', path: 'a' }] }] }, /http/],
    [{ ...money, quantity: [{ name: 'X', source: [{ feed: 'X', path: 'a' }] }] }, /"path"/],
  ])('refuses %j', (json, message) => {
    expect(() => parse(json)).toThrow(AgentFileError);
    expect(() => parse(json)).toThrow(message);
  });
});

describe('a feed as a source', () => {
  const source = parse({
    ...money,
    quantity: [{ name: 'BTC/USD', source: [{ feed: 'BTC/USD' }] }],
  }).quantities[0]?.sources[0];
  const read = (relation: string, when: string, time: number) => {
    const moment = new Date(time * 1000).toISOString().replace('.000', '');
    const claim = parseClaim(`BTC/USD ${relation} 1 ${when} ${moment}`);
    if (claim === undefined || source === undefined) throw new Error('no claim');
    return source.read(claim);
  };

  it('answers with the round of the time, and with what decides about a span', async () => {
    await expect(read('>', 'at', scene.chain.time)).rejects.toThrow(/no answer/);
    const times = [10_000n, 9_000n, 11_000n].map((value, index) => {
      const round = BigInt(index + 1);
      const price = value * 10n ** 8n;
      scene.report(round, [price, price, price, price, price]);
      const { time } = scene.chain;
      scene.finalize(round);
      return time;
    });
    const [first, second, third] = times as [number, number, number];
    const units = 10n ** 18n;
    expect(await read('>', 'at', second)).toBe(9_000n * units);
    expect(await read('>', 'at', third)).toBe(11_000n * units);
    expect(await read('<', 'before', third + 1)).toBe(9_000n * units);
    expect(await read('>', 'before', third + 1)).toBe(11_000n * units);
    expect(await read('>', 'before', second - 60)).toBe(10_000n * units);
    const silent = { code: 'source-silent' };
    await expect(read('>', 'at', first - 7_200)).rejects.toMatchObject(silent);
    await expect(read('>', 'at', third + 36_000)).rejects.toMatchObject(silent);
  });
});
