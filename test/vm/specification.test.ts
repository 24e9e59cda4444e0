/**
 * The official WebAssembly suite through our decoder, validator, instrumentation and encoder: what
 * is malformed or invalid is refused, everything else runs as if it were not metered, and uses the ink
 * that counting each instruction by itself gives. `specification.txt` has the counts of each file.
 */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dataPath } from '../support/data.ts';
import { runSuiteGroup, type SuiteReport } from '../support/wasm-suite.ts';

const suite = dataPath('wasm-spec');

const columns = [
  ['module', 'modules'],
  ['assert_return', 'returns'],
  ['assert_trap', 'traps'],
  ['assert_exhaustion', 'exhausted'],
  ['assert_malformed', 'malformed'],
  ['assert_invalid', 'invalid'],
  ['assert_unlinkable', 'unlinkable'],
  ['assert_uninstantiable', 'no-instance'],
  ['action', 'actions'],
  ['register', 'registered'],
] as const;

type Row = readonly [string, ...number[]];

function rowOf(name: string, { passed, compared, text, outside }: SuiteReport): Row {
  const refused = Object.values(outside).reduce((sum, count) => sum + count, 0);
  return [name, ...columns.map(([type]) => passed[type] ?? 0), compared, text, refused];
}

function line(cells: readonly (string | number)[]): string {
  return cells
    .map((cell, index) => String(cell)[index === 0 ? 'padEnd' : 'padStart'](14))
    .join('')
    .trimEnd();
}

/** The table, its sums, and what was refused for needing a later proposal. */
function tableOf(reports: readonly (readonly [string, SuiteReport])[]): string {
  const rows = reports.map(([name, report]) => rowOf(name, report));
  const sums = rows.reduce<number[]>(
    (total, [, ...counts]) => counts.map((count, index) => count + (total[index] ?? 0)),
    [],
  );
  const outside = reports.flatMap(([name, report]) =>
    Object.entries(report.outside).map(([proposal, count]) => `${proposal}: ${name} ${count}`),
  );
  const head = ['file', ...columns.map(([, title]) => title), 'same-ink', 'text-format', 'refused'];
  return [line(head), ...rows.map(line), line(['all', ...sums]), '', ...outside.sort(), ''].join(
    '\n',
  );
}

describe('WebAssembly suite', () => {
  it.skipIf(suite === undefined)(
    'passes through decode, validate, instrument, encode',
    async () => {
      const reports = readdirSync(suite as string).map(
        (name) => [name, runSuiteGroup(join(suite as string, name), name)] as const,
      );
      expect(reports.flatMap(([, report]) => report.problems)).toEqual([]);
      // same-ink: actions that used what counting each instruction by itself gives. text-format: modules
      // that only a text parser can refuse. refused: commands on modules that need a later proposal.
      await expect(tableOf(reports)).toMatchFileSnapshot('specification.txt');
    },
  );
});
