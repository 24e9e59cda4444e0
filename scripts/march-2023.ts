/**
 * Replays 11 March 2023, when USDC lost its peg, through one node and its agents, and writes
 * docs/march-2023.md with its pictures. Takes the CSV file of prices, and hours before midnight (24).
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parsePriceTable } from '../src/oracle/sources.ts';
import { dataPath } from '../test/support/data.ts';
import { replayDay } from './march/day.ts';
import { marketsFigure, meanFigure, questionFigure } from './march/figures.ts';
import { pageText } from './march/page.ts';

const [file = dataPath('btc-march-2023.csv'), hours = '24'] = process.argv.slice(2);
if (file === undefined) {
  throw new Error('no prices: set DODONA_TEST_DATA to the folder with btc-march-2023.csv');
}
const table = parsePriceTable(readFileSync(file, 'utf8'));
const day = await replayDay(table, Number(hours), console.log);
const pages = {
  'march-2023.md': pageText(day),
  'march-2023-markets.svg': marketsFigure(day, table),
  'march-2023-twap.svg': meanFigure(day),
  'march-2023-usdc.svg': questionFigure(day, table),
};
for (const [name, text] of Object.entries(pages)) {
  const path = fileURLToPath(new URL(`../docs/${name}`, import.meta.url));
  writeFileSync(path, text);
  console.log(`wrote ${path}`);
}
