/**
 * How the tests run. A time limit tells a hang from work and is no measure of a machine; a failure
 * is never tried again.
 */

import { defineConfig } from 'vitest/config';

const seed = Number(process.env.FAST_CHECK_SEED ?? 1);

/** Properties see the same examples everywhere; FAST_CHECK_SEED=2 shows them others. */
const seeded = {
  name: 'seeded-properties',
  enforce: 'pre' as const,
  transform: (code: string, id: string) =>
    id.endsWith('.test.ts') && code.includes("\nimport fc from 'fast-check';")
      ? { code: `${code}\nfc.configureGlobal({ seed: ${seed} });`, map: null }
      : undefined,
};

export default defineConfig({
  plugins: [seeded],
  test: {
    dir: 'test',
    maxWorkers: 3,
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
