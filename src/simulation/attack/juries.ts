/** Attacks on juries: one owner with several votes, and the p + epsilon bribe. */

import { type Attack, shown } from './report.ts';

export interface Camp {
  /** Stake, in any unit. */
  readonly stake: number;
  readonly vote: 'right' | 'wrong' | 'absent';
}

/** Slashes in bps of stake, and the part of them that is burned. */
export interface SlashRules {
  readonly wrongBps: number;
  readonly absentBps: number;
  readonly burnBps: number;
}

/** What each camp gains: losers pay, the rest after the burn goes to the right by stake. */
export function redistribute(camps: readonly Camp[], rules: SlashRules): number[] {
  const loss = ({ stake, vote }: Camp): number => {
    if (vote === 'right') return 0;
    return (stake * (vote === 'wrong' ? rules.wrongBps : rules.absentBps)) / 10_000;
  };
  const pot = camps.reduce((sum, camp) => sum + loss(camp), 0) * (1 - rules.burnBps / 10_000);
  const right = camps
    .filter(({ vote }) => vote === 'right')
    .reduce((sum, { stake }) => sum + stake, 0);
  return camps.map((camp) => (camp.vote === 'right' ? (pot * camp.stake) / right : -loss(camp)));
}

/** Three wallets of 2 M commit three answers and show the winning one; 8 M are right, 20 M wrong. */
export function sybilHedge(rules: SlashRules): { hedger: number; honest: number } {
  const field: readonly Camp[] = [
    { stake: 8_000_000, vote: 'right' },
    { stake: 20_000_000, vote: 'wrong' },
  ];
  const wallets: readonly Camp[] = [
    { stake: 2_000_000, vote: 'right' },
    { stake: 2_000_000, vote: 'absent' },
    { stake: 2_000_000, vote: 'absent' },
  ];
  const hedged = redistribute([...wallets, ...field], rules);
  const honest = redistribute([{ stake: 6_000_000, vote: 'right' }, ...field], rules);
  return {
    hedger: (hedged[0] as number) + (hedged[1] as number) + (hedged[2] as number),
    honest: honest[0] as number,
  };
}

const hedging: Attack = {
  name: 'sybil-hedging',
  idea: 'commit a different answer from each of three wallets, reveal only the winner.',
  decides: 'the burned part of a slash, and silence costing more than error.',
  run: () => {
    const settings = [0, 2_500, 5_000, 7_500, 10_000];
    const lines = [10, 12].flatMap((absentBps) =>
      settings.map((burnBps) => {
        const rules = { wrongBps: 10, absentBps, burnBps };
        return { absentBps, burnBps, ...sybilHedge(rules) };
      }),
    );
    return {
      columns: ['burned', 'absent', 'cost of two silent', 'profit', 'one honest wallet'],
      rows: lines.map(({ burnBps, absentBps, hedger, honest }) => [
        `${burnBps / 100} %`,
        `${absentBps} bps`,
        shown((4_000_000 * absentBps) / 10_000),
        shown(hedger),
        shown(honest),
      ]),
      plot: {
        x: 'burned %',
        y: 'profit of the hedger, absent 10 bps',
        points: lines.slice(0, settings.length).map(({ burnBps, hedger }) => {
          return { x: burnBps / 100, y: hedger };
        }),
      },
      figures: {
        unburned: lines[0]?.hedger ?? 0,
        halfBurned: lines[2]?.hedger ?? 0,
        halfBurnedDearSilence: lines[7]?.hedger ?? 0,
      },
    };
  },
};

/** What a briber must be able to pay to flip a majority: each flipped vote loses lock and fee. */
export function bribe(jurors: number, lock: number, fee: number): number {
  return (Math.floor(jurors / 2) + 1) * (lock + fee);
}

const jurorsMax = 31;

const pPlusEpsilon: Attack = {
  name: 'p-epsilon',
  idea: 'promise every juror lock and fee and a little more for a vote that loses.',
  decides: 'appeals: a promise must be backed in each round, and juries grow to 2n + 1.',
  run: () => {
    const lock = 1_000;
    const fee = 30;
    const rounds: { jurors: number; budget: number }[] = [];
    let all = 0;
    const lines: string[][] = [];
    for (let jurors = 3; jurors <= jurorsMax; jurors = 2 * jurors + 1) {
      const budget = bribe(jurors, lock, fee);
      all += budget;
      rounds.push({ jurors, budget });
      lines.push([String(jurors), shown(budget), shown(all), shown(budget / (lock + fee))]);
    }
    return {
      columns: ['jurors', 'budget that must be shown', 'with all rounds before', 'votes'],
      rows: lines,
      plot: {
        x: 'jurors',
        y: 'budget to flip the majority, lock 1000, fee 30',
        points: rounds.map(({ jurors, budget }) => ({ x: jurors, y: budget })),
      },
      figures: Object.fromEntries(rounds.map(({ jurors, budget }) => [`at ${jurors}`, budget])),
    };
  },
};

export const juryAttacks: readonly Attack[] = [hedging, pPlusEpsilon];
