/**
 * A few chains of hostile blocks on two nodes, one with a machine that keeps all it has, one with a new
 * machine for every block. `npx tsx scripts/fuzz-vm.ts` runs thousands.
 */

import { describe, expect, it } from 'vitest';
import { TwinNodes } from '../support/fuzz/twin-nodes.ts';
import { compilePuppet } from '../support/puppet.ts';

describe('hostile blocks', () => {
  it('come out the same from a machine that remembers and from one that forgets', async () => {
    const nodes = new TwinNodes([await compilePuppet()]);
    const reports = [1, 2].map((seed) => nodes.run(seed));
    const sum = (of: 'transactions' | 'succeeded' | 'created'): number =>
      reports.reduce((total, report) => total + report[of], 0);
    // Both ends were seen, and some of the modules run.
    expect(sum('succeeded')).toBeGreaterThan(50);
    expect(sum('transactions') - sum('succeeded')).toBeGreaterThan(50);
    expect(sum('created')).toBeGreaterThan(5);
    // A second time, with everything warm.
    expect(nodes.run(1)).toEqual(reports[0]);
  });
});
