/** Attacks on time-weighted prices: pumps, several blocks in a row, and false times. */

import type { Random } from '../random.ts';
import { arithmeticMean, geometricMean, Pool } from './pool.ts';
import { type Attack, percent, shown } from './report.ts';

const spacingSeconds = 15;
/** 30 minutes. */
const windowBlocks = 120;
const liquidity = 10n ** 24n;

/** Tokens of the quote side that lift the price of a fresh pool by `multiple`, rounded up. */
export function capitalFor(multiple: number): bigint {
  const pool = new Pool(liquidity, liquidity);
  const goal = BigInt(Math.round(multiple * 1e9)) * 10n ** 9n;
  let low = 0n;
  let high = liquidity * 1_000n;
  while (low < high) {
    const middle = (low + high) >> 1n;
    const trial = new Pool(pool.reserve0, pool.reserve1);
    trial.buy(middle);
    if (trial.price * 10n ** 18n >= goal << 112n) high = middle;
    else low = middle + 1n;
  }
  return low;
}

const ofLiquidity = (amount: bigint): number => Number((amount * 1_000_000n) / liquidity) / 1e6;

/** What a pump costs in fees when the attacker trades back before anybody else. */
function feeOfRoundTrip(capital: bigint): bigint {
  const pool = new Pool(liquidity, liquidity);
  return capital - pool.sell(pool.buy(capital));
}

/** Shift of both means when a multiple survives `blocks` of the window's block ends. */
function shifts(multiple: number, blocks: number): { arithmetic: number; geometric: number } {
  const at = (count: number, price: number) => {
    return { seconds: count * spacingSeconds, blocks: count, price };
  };
  const segments = [at(windowBlocks - blocks, 1), at(blocks, multiple)];
  return {
    arithmetic: arithmeticMean(segments, 'blocks') - 1,
    geometric: geometricMean(segments, 'blocks') - 1,
  };
}

const multiples = [1.5, 2, 4, 7, 13, 25];

const pump: Attack = {
  name: 'pump',
  idea: 'borrow, pump the pool, read the oracle and trade back, all in one block.',
  decides: 'only prices that stand at a block end count; then window length and capital do.',
  run: () => {
    const lines = multiples.map((multiple) => {
      const capital = capitalFor(multiple);
      const fee = feeOfRoundTrip(capital);
      const { arithmetic, geometric } = shifts(multiple, 1);
      return {
        multiple,
        capital: ofLiquidity(capital),
        fee: ofLiquidity(fee),
        arithmetic,
        geometric,
      };
    });
    const seventh = lines.find(({ multiple }) => multiple === 7) as (typeof lines)[number];
    return {
      columns: [
        'multiple',
        'capital',
        'fee paid',
        'moved inside a block',
        'arithmetic',
        'geometric',
      ],
      rows: lines.map(({ multiple, capital, fee, arithmetic, geometric }) => [
        `x ${multiple}`,
        `${shown(capital)} R`,
        `${shown(fee)} R`,
        '0',
        `+${percent(arithmetic)}`,
        `+${percent(geometric)}`,
      ]),
      plot: {
        x: 'multiple',
        y: 'arithmetic mean moved (%) when the pump stands at one block end of 120',
        points: lines.map(({ multiple, arithmetic }) => ({ x: multiple, y: arithmetic * 100 })),
      },
      figures: {
        insideOneBlock: shifts(7, 0).arithmetic,
        capitalAt7: seventh.capital,
        arithmeticAt7: seventh.arithmetic,
        geometricAt7: seventh.geometric,
      },
    };
  },
};

/** Probability that a miner with a share of the work has `run` blocks in a row among `blocks`. */
export function consecutiveProbability(share: number, run: number, blocks: number): number {
  // state[i]: no success yet, the last i blocks were the miner's.
  let state = [1, ...new Array<number>(run - 1).fill(0)];
  let done = 0;
  for (let block = 0; block < blocks; block++) {
    const next = new Array<number>(run).fill(0);
    for (const [length, probability] of state.entries()) {
      next[0] = (next[0] as number) + probability * (1 - share);
      if (length + 1 === run) done += probability * share;
      else next[length + 1] = (next[length + 1] as number) + probability * share;
    }
    state = next;
  }
  return done;
}

function simulatedConsecutive(share: number, run: number, blocks: number, random: Random): number {
  const trials = 4_000;
  let hits = 0;
  for (let trial = 0; trial < trials; trial++) {
    let length = 0;
    for (let block = 0; block < blocks && length < run; block++) {
      length = random.chance(share) ? length + 1 : 0;
    }
    if (length === run) hits += 1;
  }
  return hits / trials;
}

const wanted = 0.2;
const shares = [0.05, 0.1, 0.2, 0.3];

const multiBlock: Attack = {
  name: 'multi-block',
  idea: 'mine k blocks in a row, hold a false price over them, move the mean by 20 %.',
  decides: 'blocks in the window: each one more makes the multiple, and the capital, larger.',
  run: (random) => {
    const lines = [10, 30, 60, windowBlocks].flatMap((window) =>
      [1, 2, 3].map((run) => {
        const arithmetic = 1 + (wanted * window) / run;
        return { window, run, arithmetic, geometric: (1 + wanted) ** (window / run) };
      }),
    );
    const simulated = random.fork('consecutive');
    const chances = shares.map((share) => ({
      share,
      exact: consecutiveProbability(share, 2, 60),
      seen: simulatedConsecutive(share, 2, 60, simulated),
    }));
    const figures: Record<string, number> = {};
    for (const { window, run, arithmetic, geometric } of lines) {
      figures[`arithmetic ${window} ${run}`] = arithmetic;
      figures[`geometric ${window} ${run}`] = geometric;
    }
    for (const { share, exact, seen } of chances) {
      figures[`two in 60 at ${share}`] = exact;
      figures[`simulated at ${share}`] = seen;
    }
    return {
      columns: ['window', 'k', 'arithmetic', 'geometric', 'capital for the arithmetic'],
      rows: [
        ...lines.map(({ window, run, arithmetic, geometric }) => [
          `${window} blocks`,
          String(run),
          `x ${shown(arithmetic)}`,
          `x ${shown(geometric)}`,
          `${shown(ofLiquidity(capitalFor(arithmetic)))} R`,
        ]),
        ...chances.map(({ share, exact, seen }) => [
          `share ${percent(share)}`,
          '2 of 60',
          percent(exact),
          'simulated',
          percent(seen),
        ]),
      ],
      plot: {
        x: 'window',
        y: 'capital in reserves for +20 % with k = 2, arithmetic',
        points: lines
          .filter(({ run }) => run === 2)
          .map(({ window, arithmetic }) => ({ x: window, y: ofLiquidity(capitalFor(arithmetic)) })),
      },
      figures,
    };
  },
};

/** Time and block mean over 30 minutes when a x 7 stands for one block of `seconds`. */
export function stampedMeans(seconds: number): { time: number; block: number } {
  const window = windowBlocks * spacingSeconds;
  const attacked = { seconds: Math.min(seconds, window), blocks: 1, price: 7 };
  const quiet = { seconds: window - attacked.seconds, blocks: windowBlocks - 1, price: 1 };
  return {
    time: arithmeticMean([quiet, attacked], 'seconds'),
    block: arithmeticMean([quiet, attacked], 'blocks'),
  };
}

const futureLimitSeconds = 30;

const timestamps: Attack = {
  name: 'timestamps',
  idea: 'leave a x 7 in the pool, then stamp the next block far in the future.',
  decides: `the future limit (${futureLimitSeconds} s), then the bound on time mean against block mean.`,
  run: () => {
    const stamps = [15, 30, 45, 120, 600, 1_800, 7_200];
    const lines = stamps.map((seconds) => ({ seconds, ...stampedMeans(seconds) }));
    const verdict = (seconds: number, ratio: number): string => {
      if (seconds > spacingSeconds + futureLimitSeconds) return 'block not accepted yet';
      return ratio > 1.05 ? 'SourcesDiverge' : 'read';
    };
    return {
      columns: ['next block after', 'time mean', 'block mean', 'what happens'],
      rows: lines.map(({ seconds, time, block }) => [
        `${seconds} s`,
        `x ${shown(time)}`,
        `x ${shown(block)}`,
        verdict(seconds, time / block),
      ]),
      plot: {
        x: 'seconds',
        y: 'time-weighted mean in multiples of the fair price, without guards',
        points: lines.map(({ seconds, time }) => ({ x: seconds, y: time })),
      },
      figures: {
        unguarded: stampedMeans(7_200).time,
        timeAt45: stampedMeans(45).time,
        blockAt45: stampedMeans(45).block,
      },
    };
  },
};

export const manipulationAttacks: readonly Attack[] = [pump, multiBlock, timestamps];
