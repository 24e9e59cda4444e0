/** A miner with a share q of the work leaves a report or a dispute out of every block it mines. */

import type { Random } from '../random.ts';
import { type Attack, shown } from './report.ts';

/** Probability that all blocks of a window are the censor's: q^blocks. */
export function censorProbability(share: number, blocks: number): number {
  return share ** blocks;
}

function simulated(share: number, blocks: number, random: Random): number {
  const trials = 20_000;
  let hits = 0;
  for (let trial = 0; trial < trials; trial++) {
    let censored = 0;
    while (censored < blocks && random.chance(share)) censored += 1;
    if (censored === blocks) hits += 1;
  }
  return hits / trials;
}

/** Fees given up by a censor who leaves one transaction out of `blocks` blocks, in its tips. */
const tipPerBlock = 1;

const censorship: Attack = {
  name: 'censorship',
  idea: 'mine with a share q and leave one reveal, or one dispute, out until its window closes.',
  decides:
    'the window in blocks: the chance falls by q with every block. Above one half, nothing holds.',
  run: (random) => {
    const draws = random.fork('censorship');
    const lines = [0.1, 0.25, 0.4, 0.49].flatMap((share) =>
      [2, 20, 480].map((blocks) => ({ share, blocks, chance: censorProbability(share, blocks) })),
    );
    const seen = simulated(0.4, 2, draws);
    const windows = [1, 2, 4, 6, 10, 20];
    return {
      columns: ['share', 'window', 'chance', 'tips given up', 'profit needed to be worth a try'],
      rows: [
        ...lines.map(({ share, blocks, chance }) => [
          String(share),
          `${blocks} blocks`,
          shown(chance),
          shown(share * blocks * tipPerBlock),
          shown((share * blocks * tipPerBlock) / chance),
        ]),
        ['0.4', '2, simulated', shown(seen), '', ''],
      ],
      plot: {
        x: 'blocks',
        y: 'chance to censor a whole window with 40 % of the work',
        points: windows.map((blocks) => ({ x: blocks, y: censorProbability(0.4, blocks) })),
        logarithmic: true,
      },
      figures: {
        twentyAt40: censorProbability(0.4, 20),
        twoAt40: censorProbability(0.4, 2),
        simulatedTwoAt40: seen,
      },
    };
  },
};

export const censorshipAttacks: readonly Attack[] = [censorship];
