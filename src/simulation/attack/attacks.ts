/** The attack laboratory: every attack by name, run from one seed and printed. */

import { Random } from '../random.ts';
import { ballotAttacks } from './ballots.ts';
import { censorshipAttacks } from './censorship.ts';
import { juryAttacks } from './juries.ts';
import { manipulationAttacks } from './manipulation.ts';
import { type Attack, type AttackReport, renderReport } from './report.ts';

export const attacks: readonly Attack[] = [
  ...manipulationAttacks,
  ...ballotAttacks,
  ...juryAttacks,
  ...censorshipAttacks,
];

/** An attack from one seed: each has its own stream of chance, whatever runs beside it. */
export function runAttack(attack: Attack, seed: number): AttackReport {
  return attack.run(new Random(String(seed)).fork(attack.name));
}

/**
 * Prints one attack, or all of them for the name `all`.
 * @throws RangeError for another name, with those that exist
 */
export function attackCommand(name: string, seed: number, print: (line: string) => void): void {
  const chosen = attacks.filter((attack) => name === 'all' || attack.name === name);
  if (chosen.length === 0) {
    const known = attacks.map((attack) => attack.name).join(', ');
    throw new RangeError(`no attack "${name}": use all, ${known}`);
  }
  for (const attack of chosen) renderReport(attack, runAttack(attack, seed)).forEach(print);
}
