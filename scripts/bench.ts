/**
 * Ratios against a known load measured in the same run, so that a number means the same on every
 * machine. Run `npm run bench`; `npm run bench -- headers` runs those whose name contains it.
 */

import { benchHashCore } from './bench/hash-core.ts';
import { benchHeaders } from './bench/headers.ts';
import { benchImport } from './bench/import.ts';
import { type BenchRow, formatRow } from './bench/measure.ts';
import { benchMining } from './bench/mining.ts';
import { benchTransactions } from './bench/transactions.ts';
import { benchVm } from './bench/vm.ts';

const benches: Readonly<Record<string, () => readonly BenchRow[] | Promise<readonly BenchRow[]>>> =
  {
    'hash-core': benchHashCore,
    headers: benchHeaders,
    import: benchImport,
    mining: benchMining,
    transactions: benchTransactions,
    vm: benchVm,
  };

const wanted = process.argv[2] ?? '';
for (const [name, bench] of Object.entries(benches)) {
  if (!name.includes(wanted)) continue;
  for (const row of await bench()) console.log(formatRow(row));
}
