/**
 * What an attack reports: a table of costs and profits, a plot of profit or damage over the
 * parameter that decides, and figures that tests compare with closed forms and with the contracts.
 */

import type { Random } from '../random.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface AttackReport {
  /** One row for each setting; the first line names the columns. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly plot: {
    readonly x: string;
    readonly y: string;
    readonly points: readonly Point[];
    /** Plots the decimal logarithm of y. */
    readonly logarithmic?: boolean;
  };
  /** Numbers by name, for tests. */
  readonly figures: Readonly<Record<string, number>>;
}

export interface Attack {
  readonly name: string;
  /** What the attacker does and wants, one sentence. */
  readonly idea: string;
  /** The parameter that decides, and what it decides. */
  readonly decides: string;
  run(random: Random): AttackReport;
}

/** A number for a table: six significant digits, very large and small ones with an exponent. */
export function shown(value: number): string {
  if (!Number.isFinite(value)) return 'no sum';
  if (value === 0 || Number.isInteger(value)) {
    return Math.abs(value) < 1e9 ? String(value) : value.toExponential(2);
  }
  const size = Math.abs(value);
  return size >= 1e6 || size < 1e-4 ? value.toExponential(2) : String(Number(value.toPrecision(6)));
}

export const percent = (share: number): string =>
  `${shown(Number((share * 100).toPrecision(4)))} %`;

function table(report: AttackReport): string[] {
  const lines = [report.columns, ...report.rows];
  const widths = report.columns.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  return lines.map((line) =>
    line.map((cell, column) => cell.padStart(widths[column] as number)).join('  '),
  );
}

const plotWidth = 48;

/** A bar for each point, from the smallest y or zero to the largest. */
function plot({ plot: { x, y, points, logarithmic = false } }: AttackReport): string[] {
  const heights = points.map((point) => (logarithmic ? Math.log10(point.y) : point.y));
  const low = Math.min(0, ...heights);
  const span = Math.max(...heights, low + 1e-12) - low;
  const labels = points.map((point) => shown(point.x));
  const width = Math.max(x.length, ...labels.map((label) => label.length));
  const bars = points.map((point, index) => {
    const filled = Math.round((((heights[index] as number) - low) / span) * plotWidth);
    const label = (labels[index] as string).padStart(width);
    return `${label} |${'#'.repeat(filled).padEnd(plotWidth)} ${shown(point.y)}`;
  });
  return [`${x.padStart(width)} |${y}${logarithmic ? ', logarithmic' : ''}`, ...bars];
}

/** The report as lines of text. */
export function renderReport(attack: Attack, report: AttackReport): string[] {
  const body = [...table(report), '', ...plot(report)].map((line) => `  ${line}`.trimEnd());
  return [`${attack.name}: ${attack.idea}`, ...body, `  Decides: ${attack.decides}`, ''];
}
