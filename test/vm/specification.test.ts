/**
 * The official WebAssembly suite through our decoder, validator, instrumentation and encoder: what
 * is malformed or invalid is refused, everything else runs as if it were not metered, and uses the ink
 * that counting each instruction by itself gives.
 */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dataPath } from '../support/data.ts';
import { runSuiteGroup, type SuiteReport } from '../support/wasm-suite.ts';

const suite = dataPath('wasm-spec');

describe('WebAssembly suite', { timeout: 60_000 }, () => {
  it.skipIf(suite === undefined)('passes through decode, validate, instrument, encode', () => {
    const reports = readdirSync(suite as string).map(
      (name): SuiteReport => runSuiteGroup(join(suite as string, name), name),
    );
    const passed: Record<string, number> = { compared: 0, outside: 0, text: 0 };
    for (const { passed: counts, compared, outside, text } of reports) {
      for (const [type, count] of Object.entries({ ...counts, compared, outside, text })) {
        passed[type] = (passed[type] ?? 0) + count;
      }
    }
    expect(reports.flatMap((report) => report.problems)).toEqual([]);
    // "compared": actions whose ink was the same when each instruction was counted by itself.
    // "outside": modules with multi-value, reference types, tags or several memories, refused as
    // unsupported, and the assertions on them. "text": modules that only a text parser can refuse.
    expect(passed).toEqual({
      module: 279,
      assert_return: 5_907,
      assert_trap: 179,
      assert_malformed: 173,
      assert_invalid: 775,
      assert_uninstantiable: 15,
      assert_unlinkable: 49,
      action: 25,
      register: 5,
      compared: 5_932,
      outside: 644,
      text: 108,
    });
  });
});
