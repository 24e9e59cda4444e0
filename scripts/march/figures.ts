/** The figures of the replay: what the markets said, whom each bound punished, what a mean does. */

import type { PriceTable } from '../../src/oracle/sources.ts';
import type { Day } from './day.ts';
import { drawFigure, type Point, type RowPanel, type Series, type Span } from './plot.ts';
import { claims, impliedDollar, type Stage } from './question.ts';
import { blocksPerRound, liar } from './reporters.ts';

/** Reporters by name, with the unit in which their market tells the price of one BTC. */
export const markets = [
  { name: 'binanceus_btc_usd', shown: 'Binance.US USD', color: '#3b6ea5' },
  { name: 'binanceus_btc_usdt', shown: 'Binance.US USDT', color: '#5b9f6b' },
  { name: 'binanceus_btc_usdc', shown: 'Binance.US USDC', color: '#d08a1d' },
  { name: 'kraken_btc_usdc', shown: 'Kraken USDC', color: '#b0507a' },
] as const;
const secondsPerRound = blocksPerRound * 60;
const answerColor = '#2b2117';
const liarColor = '#8a8f98';

const grouped = (value: number): string => value.toLocaleString('en-US');
const percent = (value: number): string => `${value > 0 ? '+' : ''}${value} %`;

function dayOf({ start, end }: Day): Span {
  const hours = (end - start) / 3_600;
  return { start, end, every: hours >= 12 ? 10_800 : 3_600 };
}

function column(table: PriceTable, name: string, { start, end }: Day): readonly Point[] {
  const cells = table.columns.get(name) ?? [];
  return table.times
    .map((time, row): Point => [time, cells[row] === '' ? undefined : Number(cells[row])])
    .filter(([time, value]) => time >= start && time <= end && value !== undefined);
}

function punished(day: Day, which: number): RowPanel {
  const { rounds, outlierBps } = day.feeds[which] as Day['feeds'][number];
  const people = [...markets, { name: liar, shown: 'liar (+60 %)', color: liarColor }];
  return {
    kind: 'rows',
    title: `Slashed with a bound of ${outlierBps} bps; each tick is a round of ${secondsPerRound / 60} minutes`,
    span: dayOf(day),
    rows: people.map(({ name, shown, color }) => {
      const hit = rounds.filter(({ penalties }) => penalties.has(name));
      return {
        name: shown,
        color,
        bars: hit.map(({ time }) => ({ from: time, to: time + secondsPerRound })),
        total: `${hit.length} of ${rounds.length}`,
      };
    }),
  };
}

/** Four markets, the answer, how far each was from it, and whom the two bounds punished. */
export function marketsFigure(day: Day, table: PriceTable): string {
  const span = dayOf(day);
  const { rounds } = day.feeds[0] as Day['feeds'][number];
  const answers = rounds.map(({ answer, time }): Point => [time, answer]);
  const away = markets.map(({ name, shown, color }): Series => {
    const points = rounds.map(({ answer, reports, time }): Point => {
      const report = reports.get(name);
      const isKnown = answer !== undefined && report !== undefined;
      return [time, isKnown ? (report / answer - 1) * 100 : undefined];
    });
    return { name: shown, color, points, kind: 'dots' };
  });
  return drawFigure({
    title: '11 March 2023: one BTC in four markets while USDC was off its peg',
    panels: [
      {
        kind: 'values',
        title: 'Price of one BTC as each market counts it: USD, USDT or USDC, minute by minute',
        height: 250,
        span,
        scale: { min: 19_500, max: 23_500, every: 500, format: grouped },
        series: [
          ...markets.map(
            ({ name, shown, color }): Series => ({
              name: shown,
              color,
              points: column(table, name, day),
              kind: 'line',
              width: 1,
            }),
          ),
          {
            name: 'answer of BTC/USDx',
            color: answerColor,
            points: answers,
            kind: 'step',
            width: 1.8,
          },
        ],
      },
      {
        kind: 'values',
        title: 'Distance of each report from the answer of its round',
        height: 190,
        span,
        scale: { min: -15, max: 15, every: 5, format: percent },
        bands: [{ from: -5, to: 5, color: '#eef3ea' }],
        series: away,
        notes: [{ time: span.start + 600, value: 4, text: 'within 500 bps' }],
      },
      punished(day, 1),
      punished(day, 0),
    ],
    remarks: [
      'The liar reports 60 % more than Binance.US USD: about 32,500, above the picture. It moves the median of five up by one.',
      'A report in the middle half of its round is never slashed, however far from the answer: that is why Binance.US USD is spared.',
    ],
  });
}

/** Kraken's price, the pair that follows it, and the mean of thirty minutes. */
export function meanFigure(day: Day): string {
  const { samples, pump } = day;
  const span = dayOf(day);
  const points = (of: (sample: Day['samples'][number]) => number | undefined): readonly Point[] =>
    samples.map((sample): Point => [sample.time, of(sample)]);
  const away = (value: number | undefined, market: number): number | undefined =>
    value === undefined ? undefined : (value / market - 1) * 100;
  const pumped = pump === undefined ? undefined : samples.find(({ time }) => time === pump.time);
  return drawFigure({
    title: '11 March 2023: BTC/USDC of a pair on the chain, and its mean of thirty minutes',
    panels: [
      {
        kind: 'values',
        title: 'USDC for one BTC, minute by minute (one block a minute)',
        height: 280,
        span,
        scale: { min: 20_000, max: 23_500, every: 500, format: grouped },
        series: [
          {
            name: 'Kraken',
            color: '#b0507a',
            points: points(({ market }) => market),
            kind: 'line',
            width: 1,
          },
          {
            name: 'the pair',
            color: '#3b6ea5',
            points: points(({ spot }) => spot),
            kind: 'line',
            width: 1,
          },
          {
            name: 'TwapOracle, 30 minutes',
            color: answerColor,
            points: points(({ mean }) => mean),
            kind: 'line',
            width: 2,
          },
        ],
        notes:
          pumped === undefined
            ? []
            : [
                {
                  time: pumped.time + 300,
                  value: 23_300,
                  text: `one block at ${grouped(Math.round(pumped.spot))}`,
                },
              ],
      },
      {
        kind: 'values',
        title: 'Distance from Kraken in the same minute',
        height: 170,
        span,
        scale: { min: -6, max: 6, every: 2, format: percent },
        bands: [{ from: -0.3, to: 0.3, color: '#e4ecf4' }],
        series: [
          {
            name: 'the pair (its fee of 0.3 % is shaded)',
            color: '#3b6ea5',
            points: points(({ spot, market }) => away(spot, market)),
            kind: 'line',
            width: 1,
          },
          {
            name: 'TwapOracle, 30 minutes',
            color: answerColor,
            points: points(({ mean, market }) => away(mean, market)),
            kind: 'line',
            width: 1.4,
          },
        ],
      },
    ],
    remarks: [
      'A trader moves the pair to Kraken’s price as far as the fee lets that pay. Kraken’s last price counts in minutes without a trade.',
    ],
  });
}

const stageColors: Readonly<Record<string, string>> = {
  open: '#d3e0ec',
  commit: '#f2d7a8',
  reveal: '#f6e6c4',
  appeal: '#e6d3df',
  true: '#c9e0c2',
  false: '#ecc4ba',
};
const otherStage = '#e8dfcd';

function stageBars(stages: readonly Stage[], end: number): RowPanel['rows'][number]['bars'] {
  return stages.map(({ name, from, to }) => ({
    from,
    to: name === 'true' || name === 'false' ? end : to,
    text: name,
    color: stageColors[name] ?? otherStage,
  }));
}

/** What a USDC was worth, and how two claims about it ended. */
export function questionFigure(day: Day, table: PriceTable): string {
  const points = column(impliedDollar(table), 'usdc_usd', day);
  const [lowTime, low] = points.reduce((least, point) =>
    (point[1] ?? 9) < (least[1] ?? 9) ? point : least,
  );
  const { stages } = day.question;
  const last = stages.reduce((most, { to }) => Math.max(most, to), day.end);
  const end = Math.ceil((last + 120) / 300) * 300;
  const of = (claim: Stage['claim']): RowPanel['rows'][number]['bars'] =>
    stageBars(
      stages.filter((stage) => stage.claim === claim),
      end,
    );
  return drawFigure({
    title: '11 March 2023: did USDC trade below 0.90 USD?',
    panels: [
      {
        kind: 'values',
        title: 'USD for one USDC on Binance.US: BTC/USD over BTC/USDC, closes of the same minute',
        height: 230,
        span: dayOf(day),
        scale: { min: 0.86, max: 1.02, every: 0.02, format: (value) => value.toFixed(2) },
        series: [{ name: 'USDC', color: '#3b6ea5', points, kind: 'line', width: 1.2 }],
        rules: [{ value: 0.9, text: '0.90' }],
        notes: [
          {
            time: lowTime + 900,
            value: (low ?? 0) - 0.004,
            text: `${low?.toFixed(4)} at ${new Date(lowTime * 1_000).toISOString().slice(11, 16)}`,
          },
        ],
      },
      {
        kind: 'rows',
        title: 'After midnight: phases of the two claims (one block a minute)',
        span: { start: day.end, end, every: 300 },
        rowHeight: 32,
        rows: [
          {
            name: '“it did”',
            color: otherStage,
            bars: of('right'),
            total: day.question.states.right,
          },
          {
            name: '“it did not”',
            color: otherStage,
            bars: of('wrong'),
            total: day.question.states.wrong,
          },
        ],
      },
    ],
    remarks: [
      `“it did”: ${claims.right}, asserted and never disputed.`,
      `“it did not”: ${claims.wrong}, disputed by a watching agent, decided by a jury.`,
      'Without a name: the wait for the draw’s seed, and blocks in which somebody draws, tallies or settles.',
    ],
  });
}
