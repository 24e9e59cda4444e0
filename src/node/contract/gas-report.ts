/** What methods cost in tests: least, mean and most gas of each. */

/** Environment variable with the file to which test processes append their uses, a JSON line each. */
export const gasReportFile = 'DODONA_GAS_REPORT';

export interface GasUse {
  readonly contract: string;
  readonly method: string;
  readonly gas: number;
}

export interface GasRow {
  readonly contract: string;
  readonly method: string;
  readonly calls: number;
  readonly least: number;
  readonly mean: number;
  readonly most: number;
}

/** One row a method, by contract and method name. */
export function gasRows(uses: readonly GasUse[]): readonly GasRow[] {
  const groups = new Map<string, GasUse[]>();
  for (const use of uses) {
    const key = `${use.contract}.${use.method}`;
    groups.set(key, [...(groups.get(key) ?? []), use]);
  }
  return [...groups.keys()].sort().map((key) => {
    const group = groups.get(key) as GasUse[];
    const { contract, method } = group[0] as GasUse;
    const gas = group.map((use) => use.gas);
    const mean = Math.round(gas.reduce((sum, one) => sum + one, 0) / gas.length);
    const [least, most] = [Math.min(...gas), Math.max(...gas)];
    return { contract, method, calls: gas.length, least, mean, most };
  });
}

/** The rows as a table. */
export function gasTableText(rows: readonly GasRow[]): string {
  const width = Math.max(6, ...rows.map((row) => row.contract.length + row.method.length + 1));
  const line = (name: string, cells: readonly (string | number)[]) =>
    `${name.padEnd(width)}${cells.map((cell) => String(cell).padStart(11)).join('')}`;
  return [
    line('method', ['calls', 'least gas', 'mean gas', 'most gas']),
    ...rows.map(({ contract, method, calls, least, mean, most }) =>
      line(`${contract}.${method}`, [calls, least, mean, most]),
    ),
    '',
  ].join('\n');
}
