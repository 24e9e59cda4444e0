/**
 * Random modules in the engine as they came, in the engine metered, and in the interpreter: the same
 * results, logs, memory and gas, and the same least gas. `npx tsx scripts/differential-vm.ts` does more.
 */

import { describe, expect, it } from 'vitest';
import { compareModule, emptyReport } from '../support/interpreter/differential.ts';
import { RandomModules } from '../support/interpreter/random-module.ts';
import { pickerFrom } from '../support/pick.ts';

describe('random modules', () => {
  it('run alike in the engine, metered and not, and in the interpreter', async () => {
    const report = emptyReport();
    const modules = new RandomModules();
    for (let seed = 1; seed <= 12; seed++) {
      const bytes = await modules.make(seed, 3_000);
      compareModule(bytes, { pick: pickerFrom(seed), isInterpreted: true }, report);
    }
    expect(report.differences).toEqual([]);
    // Both ends were seen, and functions enough for the limits to mean something.
    expect(report.calls).toBeGreaterThan(50);
    expect(report.trapped).toBeGreaterThan(5);
    expect(report.limited).toBeGreaterThan(3 * report.calls);
  });
});
