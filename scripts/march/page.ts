/** The page about the replay: what was run, tables of what came out, pictures. */

import type { Day, DayRound } from './day.ts';
import { markets } from './figures.ts';
import { claims } from './question.ts';
import { blocksPerRound, liar, totals } from './reporters.ts';

const people = [...markets, { name: liar, shown: 'liar, +60 %' }];

const oak = (acorns: bigint): string => (Number(acorns / 10n ** 12n) / 1e6).toFixed(2);
const signed = (text: string): string => (text.startsWith('-') ? text : `+${text}`);
const clock = (time: number): string => new Date(time * 1_000).toISOString().slice(11, 16);
const grouped = (value: number): string => Math.round(value).toLocaleString('en-US');
const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;

/** The columns before `numbers` hold text. */
function table(head: readonly string[], rows: readonly (readonly string[])[], numbers = 1): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, index) => (index < numbers ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

function farthest(rounds: readonly DayRound[], name: string): string {
  let most = 0;
  for (const { answer, reports } of rounds) {
    const report = reports.get(name);
    if (answer === undefined || report === undefined) continue;
    const distance = report / answer - 1;
    if (Math.abs(distance) > Math.abs(most)) most = distance;
  }
  return `${signed((most * 100).toFixed(1))} %`;
}

function feedTable({ feeds }: Day): string {
  const [wide, narrow] = feeds as [Day['feeds'][number], Day['feeds'][number]];
  const count = ({ rounds }: Day['feeds'][number], kind: 'rewards' | 'penalties', name: string) =>
    String(rounds.filter((round) => round[kind].has(name)).length);
  const net = ({ rounds }: Day['feeds'][number], name: string): string => {
    const amount = (kind: 'rewards' | 'penalties'): bigint => totals(rounds, kind).get(name) ?? 0n;
    return signed(oak(amount('rewards') - amount('penalties')));
  };
  const rows = people.map(({ name, shown }) => [
    shown,
    farthest(wide.rounds, name),
    ...[wide, narrow].flatMap((feed) => [
      count(feed, 'rewards', name),
      count(feed, 'penalties', name),
      net(feed, name),
    ]),
  ]);
  const head = ['reporter', 'farthest from the answer'];
  for (const { outlierBps } of [wide, narrow]) {
    head.push(`${outlierBps} bps: rewarded`, 'slashed', 'OAK');
  }
  return table(head, rows);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[sorted.length >> 1] ?? 0;
}

/** Of the pair and of the mean: median and greatest distance from Kraken, without the bought block. */
function meanTable({ samples, pump }: Day): string {
  const quiet = samples.filter(({ time }) => time !== pump?.time);
  const row = (name: string, of: (sample: Day['samples'][number]) => number | undefined) => {
    const distances = quiet.flatMap((sample) => {
      const value = of(sample);
      return value === undefined ? [] : [Math.abs(value / sample.market - 1)];
    });
    const most = distances.reduce((greatest, each) => Math.max(greatest, each), 0);
    return [name, String(distances.length), percent(median(distances)), percent(most)];
  };
  return table(
    ['price', 'minutes', 'median distance from Kraken', 'greatest'],
    [
      row('the pair after each block', ({ spot }) => spot),
      row('TwapOracle, 30 minutes', ({ mean }) => mean),
    ],
  );
}

function pumpText({ samples, pump }: Day): string {
  if (pump === undefined) return '';
  const at = (time: number) => samples.find((sample) => sample.time === time);
  const spot = at(pump.time)?.spot ?? 0;
  const before = at(pump.time)?.mean ?? 0;
  const after = at(pump.time + 60)?.mean ?? 0;
  return [
    `At ${clock(pump.time)} somebody pays ${grouped(pump.paid)} USDC to raise the pair's price by`,
    `${pump.percent} %, to ${grouped(spot)}; a minute later the trader has sold it down again. The mean of thirty`,
    `minutes goes from ${grouped(before)} to ${grouped(after)}: ${signed(percent(after / before - 1))}. At the market's price of`,
    `that minute the buyer has lost ${grouped(pump.lost)} USDC.`,
  ].join('\n');
}

/** Actions of agents, as a story tells them. */
const verbs: Readonly<Record<string, string>> = {
  wrong: 'finds wrong:',
  dispute: 'disputes,',
  settle: 'settles',
  claim: 'claims',
  draw: 'draws the jury',
  commit: 'commits,',
  reveal: 'reveals',
  tally: 'tallies',
  execute: 'executes the ruling',
  ruling: 'hears that',
};

function told(what: string): string {
  const [action = '', ...detail] = what.split(' ');
  return [verbs[action] ?? action, ...detail].join(' ');
}

function deedTable({ question }: Day): string {
  const rows = question.deeds.map(({ height, time, who, what }) => [
    clock(time),
    who,
    told(what).replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
    String(height),
  ]);
  return table(['12 March, UTC', 'who', 'what', 'block'], rows, 3);
}

/** The text of docs/march-2023.md. */
export function pageText(day: Day): string {
  const { question, start, end } = day;
  const [{ rounds }] = day.feeds as [Day['feeds'][number]];
  const { asserter, denier, watcher } = question.gains;
  return `# 11 March 2023 on a devnet

USDC lost its peg that day. \`npm run march\` replays ${(end - start) / 3_600} hours of it, minute by minute, through one node and its
agents: ${grouped(day.blocks)} blocks, ${grouped(day.transactions)} transactions, ${Math.round(day.seconds)} s on a machine that was busy with other work.
The prices are one-minute closes of four markets; this page, its tables and its pictures are written by the script.

How it is made: the node is a process of its own with a devnet genesis file, reached by JSON-RPC alone. It mines when it
is asked to, and its clock is a file that the script sets, so that each block carries the data's own minute. Rounds are
${blocksPerRound} blocks: one to commit, one sealed, one to reveal, two to finalize and settle. Block times and prices are the data's;
the order of transactions within a block is not, so single figures below may differ a little from run to run.
At the end the script counts every acorn: allocations and subsidies minus burned fees, to the last one.

## One price from four markets

Four reporter agents each replay one market as if it were *the* price of BTC, and a fifth says 60 % more than the first.
They report to two feeds that differ in one number: from which distance on a report is a lie.

![Markets, answer, distances and penalties](march-2023-markets.svg)

${feedTable(day)}

Of ${rounds.length} rounds each. OAK is reward minus penalty, without fees of transactions; rewards are what the block subsidy pays
two feeds. Two things decide who is punished. A report in the middle half of its round is never an outlier, however wide
that half is, so of the two markets far below the answer only the lower one is slashed. And the liar counts: with him above
everybody, the median of five is the third of the honest four, most of the day the cheaper of the two USDC markets. Both bounds
catch the liar in each round; the narrow one also punishes a market that is honest about another dollar. That is why BTC/USDx
has 2,000 bps.

## A mean from a pair

Two test tokens stand for BTC and USDC in a pair of \`PairFactory\`, with 500 BTC and their worth at the start. A trader moves it to Kraken's
price once a minute, as far as the fee of 0.3 % lets that pay. \`TwapOracle\` answers the mean of thirty minutes, with
the guards that \`createFeed\` sets and an hour at most without a trade.

![Kraken, the pair and its mean](march-2023-twap.svg)

${meanTable(day)}

${pumpText(day)}

## Did USDC trade below 0.90 USD before 12 March 00:00 UTC?

After midnight one account asserts on \`OptimisticOracle\` that it did: \`${claims.right}\`. Another denies the crucial
minute: \`${claims.wrong}\`. An agent that watches assertions compares both with its own source, here Binance.US's BTC/USD
over BTC/USDC, disputes the second, and a jury drawn from the devnet's five jurors decides. The jurors are agents too; their
operators looked the claims up in the same data.

![What a USDC was worth, and how the claims ended](march-2023-usdc.svg)

${deedTable(day)}

The first claim settles as ${question.states.right} without a dispute, the second as ${question.states.wrong}. In OAK, fees of transactions included: asserter
${signed(oak(asserter))}, denier ${signed(oak(denier))}, watcher ${signed(oak(watcher))}; the bond is ${oak(question.bond)}, and half of the loser's pays the jury.
Outcome 1 is true, 2 is false. The price is implied: this data has no market of USDC against USD itself.
`;
}
