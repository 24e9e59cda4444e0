import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { killLoop } from '../support/kill-loop.ts';

it('loses no block it has shown when it is killed, mining or importing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dodona-kill-'));
  try {
    const { heights } = await killLoop(folder, 4, Math.random);
    expect(Math.min(...heights)).toBeGreaterThan(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
