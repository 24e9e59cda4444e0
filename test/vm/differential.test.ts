/**
 * Random modules in the engine as they came, in the engine metered, and in the interpreter: the same
 * results, logs, memory and gas, and the same least gas. `npx tsx scripts/fuzz-vm.ts` does more.
 */

import { describe, expect, it } from 'vitest';
import { compareModule, emptyReport } from '../support/interpreter/differential.ts';
import { pickerFrom, randomModule } from '../support/interpreter/random-module.ts';

describe('random modules', { timeout: 120_000 }, () => {
  it('run alike in the engine, metered and not, and in the interpreter', () => {
    const report = emptyReport();
    for (let seed = 1; seed <= 10; seed++) {
      compareModule(randomModule(seed, 3_000), pickerFrom(seed), report);
    }
    expect(report.differences).toEqual([]);
    // Both ends were seen, and functions enough for the limits to mean something.
    expect(report.calls).toBeGreaterThan(50);
    expect(report.trapped).toBeGreaterThan(5);
    expect(report.limited).toBeGreaterThan(3 * report.calls);
  });
});
