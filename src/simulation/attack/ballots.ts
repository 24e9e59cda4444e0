/** Attacks on commit-reveal rounds: copying a commitment, revealing last, repeating old news. */

import type { Random } from '../random.ts';
import { type Attack, type Point, percent, shown } from './report.ts';

export interface Report {
  readonly value: bigint;
  readonly weight: bigint;
}

/** Weighted median and quartiles, by the contract's rules: an exact half gives the floored mean. */
export function consensusOf(reports: readonly Report[]): {
  readonly value: bigint;
  readonly q1: bigint;
  readonly q3: bigint;
} {
  const sorted = [...reports].sort((a, b) => (a.value < b.value ? -1 : a.value > b.value ? 1 : 0));
  const total = sorted.reduce((sum, { weight }) => sum + weight, 0n);
  const first = (from: readonly Report[], reaches: (sum: bigint) => boolean): number => {
    let sum = 0n;
    return from.findIndex(({ weight }) => {
      sum += weight;
      return reaches(sum);
    });
  };
  const valueAt = (from: readonly Report[], index: number) => (from[index] as Report).value;
  const descending = [...sorted].reverse();
  const middle = first(sorted, (sum) => 2n * sum >= total);
  const behind = sorted.slice(0, middle + 1).reduce((sum, { weight }) => sum + weight, 0n);
  const low = valueAt(sorted, middle);
  const isHalf = 2n * behind === total;
  return {
    value: isHalf ? low + (valueAt(sorted, middle + 1) - low) / 2n : low,
    q1: valueAt(
      sorted,
      first(sorted, (sum) => sum > total / 4n),
    ),
    q3: valueAt(
      descending,
      first(descending, (sum) => sum > total / 4n),
    ),
  };
}

const bpsWhole = 10_000;
/** Parts of a bond that a reporter loses, in bps: the defaults of the genesis feeds. */
const slashes = { outlier: 100, noReveal: 200, earlyReveal: 5_000 };
const bandBps = 50;
const outlierBps = 500;

const mirroring: Attack = {
  name: 'mirroring',
  idea: "copy another's commitment, wait for its reveal, reveal the same.",
  decides:
    'the reporter inside the hash: a copy cannot be opened, and silence costs noRevealSlashBps.',
  run: () => {
    const bond = 1_000;
    const share = 2;
    const lines = [
      { name: 'hash without the reporter', opened: true, slash: 0 },
      { name: 'hash with the reporter', opened: false, slash: slashes.noReveal },
      { name: 'and the copier tells early', opened: false, slash: slashes.earlyReveal },
    ].map((line) => ({
      ...line,
      cost: (bond * line.slash) / bpsWhole,
      profit: line.opened ? share : -(bond * line.slash) / bpsWhole,
    }));
    const settings = [0, 50, 100, 200, 500, 1_000];
    return {
      columns: ['rule', 'copy opens', 'cost', 'profit'],
      rows: lines.map(({ name, opened, cost, profit }) => [
        name,
        opened ? 'yes' : 'no',
        shown(cost),
        shown(profit),
      ]),
      plot: {
        x: 'noReveal bps',
        y: 'loss of a copier per round, bond 1000',
        points: settings.map((bps) => ({ x: bps, y: (bond * bps) / bpsWhole })),
      },
      figures: { unbound: lines[0]?.profit ?? 0, bound: lines[1]?.profit ?? 0 },
    };
  },
};

/** What the last of equal reporters gets by revealing `own` or by silence. */
export function lastRevealer(
  others: readonly bigint[],
  own: bigint,
): { readonly reveal: bigint; readonly withhold: bigint } {
  const reports = others.map((value) => ({ value, weight: 1n }));
  return {
    reveal: consensusOf([...reports, { value: own, weight: 1n }]).value,
    withhold: consensusOf(reports).value,
  };
}

const lastReveal: Attack = {
  name: 'last-revealer',
  idea: 'see all other reports, then choose between revealing the own one and silence.',
  decides: 'the gap between neighbours of the median times the position, against noRevealSlashBps.',
  run: () => {
    const bond = 1_000;
    const penalty = (bond * slashes.noReveal) / bpsWhole;
    const worlds = [
      [100n, 101n, 103n],
      [100n, 101n, 110n],
      [100n, 101n, 150n],
      [9_990n, 10_000n, 10_010n],
    ];
    const lines = worlds.map((others) => {
      const own = ((others.at(-1) as bigint) * 3n) / 2n;
      const { reveal, withhold } = lastRevealer(others, own);
      const shift = Number(reveal - withhold) / Number(withhold);
      return { others, own, reveal, withhold, shift, position: penalty / shift };
    });
    const published = lastRevealer([100n, 101n, 103n], 150n);
    const gaps = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05];
    return {
      columns: ['others', 'own', 'reveal', 'withhold', 'shift', 'cost', 'pays above a position of'],
      rows: lines.map(({ others, own, reveal, withhold, shift, position }) => [
        others.join(' '),
        String(own),
        String(reveal),
        String(withhold),
        percent(shift),
        shown(penalty),
        shown(Number(position.toPrecision(4))),
      ]),
      plot: {
        x: 'shift',
        y: 'smallest position for which silence pays, bond 1000',
        points: gaps.map((gap) => ({ x: gap, y: penalty / gap })),
        logarithmic: true,
      },
      figures: {
        reveal: Number(published.reveal),
        withhold: Number(published.withhold),
        penalty,
      },
    };
  },
};

/** What a reporter who repeats the last value gets when the market moved by `move`. */
export function lazyOutcome(last: number, market: number): 'paid' | 'nothing' | 'slashed' {
  const distance = Math.abs(last - market) * bpsWhole;
  if (distance < Math.abs(market) * bandBps) return 'paid';
  return distance > Math.abs(market) * outlierBps ? 'slashed' : 'nothing';
}

/** Income of the lazy as a share of an honest reporter's, over rounds of a random walk. */
function lazyIncome(volatilityBps: number, random: Random): { share: number; slashed: number } {
  const rounds = 4_000;
  const reward = 1;
  const bond = 50;
  let income = 0;
  let slashed = 0;
  for (let round = 0; round < rounds; round++) {
    // Sum of twelve uniform draws less six: close enough to a normal distribution.
    let normal = -6;
    for (let draw = 0; draw < 12; draw++) normal += random.next();
    const outcome = lazyOutcome(1, Math.exp((normal * volatilityBps) / bpsWhole));
    if (outcome === 'paid') income += reward;
    if (outcome === 'slashed') {
      income -= (bond * slashes.outlier) / bpsWhole;
      slashed += 1;
    }
  }
  return { share: income / (rounds * reward), slashed: slashed / rounds };
}

const lazyCopying: Attack = {
  name: 'lazy-copying',
  idea: 'look at no market and repeat the last answer.',
  decides:
    'movement per round against bandBps: a calm market pays the lazy, a moving one does not.',
  run: (random) => {
    const walk = random.fork('lazy');
    const volatilities = [10, 25, 50, 100, 200, 400];
    const lines = volatilities.map((bps) => ({ bps, ...lazyIncome(bps, walk) }));
    const points: Point[] = lines.map(({ bps, share }) => ({ x: bps, y: share * 100 }));
    const fixed = [10_000, 10_040, 10_500, 10_600];
    return {
      columns: ['movement per round', 'income of the honest', 'rounds slashed'],
      rows: [
        ...lines.map(({ bps, share, slashed }) => [`${bps} bps`, percent(share), percent(slashed)]),
        ...fixed.map((market) => [`10000 -> ${market}`, lazyOutcome(10_000, market), '']),
      ],
      plot: { x: 'bps', y: 'income of the lazy in % of the honest', points },
      figures: {
        calm: lines[0]?.share ?? 0,
        moving: lines.at(-1)?.share ?? 0,
      },
    };
  },
};

export const ballotAttacks: readonly Attack[] = [mirroring, lastReveal, lazyCopying];
