/**
 * Ratios against a known load measured in the same run, so that a number means the same on every
 * machine. Run `npm run bench`; `npm run bench -- headers` runs those whose name contains it.
 */

import { benchHashCore } from './bench-hash-core.ts';
import { benchHeaders } from './bench-headers.ts';
import { benchImport } from './bench-import.ts';

export interface BenchRow {
  readonly work: string;
  readonly unit: string;
  readonly measured: number;
  /** The known load in the same unit. */
  readonly reference: number;
  /** What the known load is. */
  readonly against: string;
  /** The ratio that is aimed at. */
  readonly bar: number | undefined;
}

const benches: Readonly<Record<string, () => readonly BenchRow[] | Promise<readonly BenchRow[]>>> =
  {
    'hash-core': benchHashCore,
    headers: benchHeaders,
    import: benchImport,
  };

function printRow(row: BenchRow): void {
  const rate = Math.round(row.measured).toLocaleString('en').padStart(12);
  const ratio = (row.measured / row.reference).toFixed(2).padStart(7);
  const bar = row.bar === undefined ? '' : ` (bar ${row.bar})`;
  console.log(
    `${row.work.padEnd(34)}${rate} ${row.unit.padEnd(15)}${ratio} x ${row.against}${bar}`,
  );
}

const wanted = process.argv[2] ?? '';
for (const [name, bench] of Object.entries(benches)) {
  if (!name.includes(wanted)) continue;
  for (const row of await bench()) printRow(row);
}
