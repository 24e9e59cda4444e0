import { describe, expect, it } from 'vitest';
import { AgentFileError, parseAgentFile } from '../../src/oracle/agent-file.ts';

const surroundings = {
  readFile: () => 'time,kraken\n1000,20000.5\n1060,20001\n',
  startedAt: 5_000,
};
const replay = { csv: 'prices.csv', column: 'kraken', speed: 60 };

describe('the agent file', () => {
  it('makes sources that replay from the first line at the given speed', async () => {
    const [plan] = parseAgentFile({ feed: [{ name: 'BTC/USD', source: [replay] }] }, surroundings);
    expect(plan).toMatchObject({ name: 'BTC/USD', minimumSources: 1, strayBps: 200 });
    const [source] = plan?.sources(2) ?? [];
    expect(await source?.read(5_000)).toBe(2_000_050n);
    expect(await source?.read(5_001)).toBe(2_000_100n);
  });

  it.each([
    [{}, /feed is missing/],
    [{ feeds: [] }, /"feeds" is unknown/],
    [{ feed: [{ name: 'X' }] }, /source is missing/],
    [{ feed: [{ source: [replay] }] }, /name must be a text/],
    [{ feed: [{ name: 'X', source: [replay], stray: 1 }] }, /"stray" is unknown/],
    [{ feed: [{ name: 'X', source: [{ ...replay, column: 7 }] }] }, /column must be a text/],
    [{ feed: [{ name: 'X', source: [{ ...replay, speed: -1 }] }] }, /speed must be a whole number/],
    [{ feed: [{ name: 'X', source: [{ url: 'ftp://x', path: 'a' }] }] }, /http or https/],
    [{ feed: [{ name: 'X', source: [{ url: 'http://x', path: 'a', csv: 'b' }] }] }, /"csv"/],
    [{ feed: [{ name: 'X', minimum_sources: 2, source: [replay] }] }, /must be 1 to 1/],
  ])('refuses %j', (json, message) => {
    const parse = () => parseAgentFile(json, surroundings);
    expect(parse).toThrow(AgentFileError);
    expect(parse).toThrow(message);
  });
});
