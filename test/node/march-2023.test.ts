/**
 * 11 March 2023, 06:00-09:00 UTC, when USDC was off its peg: four markets of BTC, taken as one
 * price, differ by 6 to 15 %. Four reporters replay them and a fifth lies by +60 %, through the
 * JSON-RPC of a real node. Bounds of 2,000 and of 500 bps punish different reporters. The whole day
 * is scripts/march-2023.ts.
 */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { books } from '../../scripts/march/books.ts';
import { MarchChain } from '../../scripts/march/chain.ts';
import {
  blocksPerRound,
  feedsOfBounds,
  liar,
  Reporters,
  type RoundStory,
} from '../../scripts/march/reporters.ts';
import { type PriceTable, parsePriceTable } from '../../src/oracle/sources.ts';
import { dataPath } from '../support/data.ts';

const data = dataPath('btc-march-2023.csv');
const firstMoment = Date.UTC(2023, 2, 11, 6) / 1000;
const rounds = 6;
/** Rounds begin every half hour. */
const secondsPerBlock = 1_800 / blocksPerRound;

function table(stories: readonly RoundStory[], names: readonly string[], bps: number): string {
  const price = (value: number | undefined): string => value?.toFixed(2) ?? '-';
  const title = names.map((name) => name.replace('binanceus_', '').padStart(12));
  const rows = stories.map(({ round, reports, answer, rewards, penalties }) => {
    const cells = names.map((name) => {
      const mark = `${rewards.has(name) ? '+' : ''}${penalties.has(name) ? '!' : ''}`;
      return `${price(reports.get(name))}${mark}`.padStart(12);
    });
    return `${String(round).padStart(5)} ${cells.join(' ')} ${price(answer).padStart(12)}`;
  });
  const head = [`outlier bound ${bps} bps`, `round ${title.join(' ')}       answer`];
  return [...head, ...rows, '+ rewarded, ! slashed'].join('\n');
}

const honestOf = ({ reports }: RoundStory): readonly number[] =>
  [...reports].filter(([name]) => name !== liar).map(([, value]) => value);

describe.skipIf(data === undefined)('the USDC depeg of March 2023 on BTC/USDx', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dodona-march-'));
  let chain: MarchChain;
  let wide: readonly RoundStory[];
  let narrow: readonly RoundStory[];
  let markets: PriceTable;

  beforeAll(async () => {
    markets = parsePriceTable(readFileSync(data as string, 'utf8'));
    const pace = { start: firstMoment - secondsPerBlock, secondsPerBlock };
    chain = await MarchChain.launch(folder, pace, { feeds: feedsOfBounds() });
    const reporters = await Reporters.start(chain.transport, markets, folder);
    while (chain.height < (rounds + 1) * blocksPerRound) {
      // The last round has no reporters: it is there to settle the one before.
      await reporters.onHead(chain.height, chain.nextTime);
      await chain.mine();
    }
    const told = reporters.feeds.map(async (feed) =>
      (await reporters.stories(feed, chain.height)).slice(0, rounds),
    );
    [wide = [], narrow = []] = await Promise.all(told);
    const names = reporters.all.map(({ name }) => name);
    console.log([table(wide, names, 2_000), table(narrow, names, 500)].join('\n\n'));
  });

  afterAll(async () => {
    await chain?.node.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  it('reports the markets at the time of the blocks', async () => {
    expect(wide).toHaveLength(rounds);
    const { timestamp } = (await chain.node.block('latest')) as unknown as { timestamp: string };
    expect(Number(timestamp)).toBe(chain.timeOf(chain.height));
    for (const stories of [wide, narrow]) {
      for (const { round, reports } of stories) {
        const time = firstMoment + (round - 1) * blocksPerRound * secondsPerBlock;
        const row = markets.times.indexOf(time);
        for (const [name, cells] of markets.columns) {
          const cell = cells[row] as string;
          if (cell !== '') expect(reports.get(name)).toBeCloseTo(Number(cell), 6);
        }
        expect(reports.get(liar)).toBeCloseTo(1.6 * (reports.get('binanceus_btc_usd') ?? 0), 6);
      }
    }
  });

  it('at 2,000 bps punishes the liar alone', () => {
    for (const story of wide) {
      const honest = honestOf(story);
      expect(honest).toHaveLength(4);
      expect(story.answer).toBeGreaterThanOrEqual(Math.min(...honest));
      expect(story.answer).toBeLessThanOrEqual(Math.max(...honest));
      expect([...story.penalties.keys()]).toEqual([liar]);
      expect(story.rewards.has(liar)).toBe(false);
    }
    // The first round opens with an empty pot: block subsidies have yet to fill it.
    for (const { rewards } of wide.slice(1)) expect(rewards.size).toBeGreaterThan(0);
  });

  it('at 500 bps punishes honest markets too, which is why the bound is wide', () => {
    const punished = new Set(narrow.flatMap(({ penalties }) => [...penalties.keys()]));
    expect(punished.has(liar)).toBe(true);
    expect(punished.size).toBeGreaterThan(1);
    for (const story of narrow) {
      const honest = honestOf(story);
      expect(story.answer).toBeGreaterThanOrEqual(Math.min(...honest));
      expect(story.answer).toBeLessThanOrEqual(Math.max(...honest));
    }
  });

  it('loses no acorn', async () => {
    const { held, expected } = await books(chain.node);
    expect(held).toBe(expected);
  });
});
