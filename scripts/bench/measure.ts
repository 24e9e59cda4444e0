/** A rate beside a known one of the same minute: what every bench of this folder returns. */

/** Work done a second, ours and that of the known load, measured one after the other. */
export interface Round {
  readonly measured: number;
  readonly reference: number;
}

export interface BenchRow {
  readonly work: string;
  readonly unit: string;
  /** Ours and theirs by turns, so that a busy machine slows both down. */
  readonly rounds: readonly Round[];
  /** What the known load is. */
  readonly against: string;
  /** The ratio that is aimed at. */
  readonly bar: number | undefined;
}

/** Middle of the sorted values, the upper one of two. @throws Error when there is none */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted[sorted.length >> 1];
  if (middle === undefined) throw new Error('no values: at least one round is needed');
  return middle;
}

/** Rate of `count` pieces of work, a second. */
export function rate(count: number, elapsedMs: number): number {
  return (count * 1_000) / elapsedMs;
}

/** One line: our median rate, the median of the rounds' ratios and the range they lie in. */
export function formatRow({ work, unit, rounds, against, bar }: BenchRow): string {
  const ratios = rounds.map(({ measured, reference }) => measured / reference);
  const text = (ratio: number): string => ratio.toFixed(2);
  const own = Math.round(median(rounds.map(({ measured }) => measured))).toLocaleString('en');
  const range = `${text(Math.min(...ratios))} to ${text(Math.max(...ratios))}`;
  const aim = bar === undefined ? '' : `, bar ${bar}`;
  return [
    work.padEnd(42),
    `${text(median(ratios)).padStart(6)} x ${against}`.padEnd(46),
    `${range}${aim}; ${own} ${unit}`,
  ].join(' ');
}
