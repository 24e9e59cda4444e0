/** Genesis parameters: what is refused names its key. */

import { describe, expect, it } from 'vitest';
import { createRules } from '../../../src/consensus/pow/header-rules.ts';
import { parseParameters } from '../../../src/consensus/pow/parameters.ts';

const mainnet = { difficulty: 'asert', spacing: 15, halfLife: 3_600, step: 5, futureLimit: 30 };

describe('parseParameters', () => {
  it('reads mainnet and fills in what may be absent', () => {
    expect(parseParameters(mainnet)).toEqual({
      ...mainnet,
      limitBits: undefined,
      minimumWork: 0n,
      pace: undefined,
    });
  });

  it('reads the optional keys', () => {
    const pace = { intervalMs: 2_000, transactionMs: 250 };
    const all = { ...mainnet, limitBits: '0x1e00ffff', minimumWork: '0x100', pace };
    expect(parseParameters(all)).toMatchObject({ limitBits: 0x1e00ffff, minimumWork: 256n, pace });
  });

  it.each([
    [{ difficulty: 'easy' }, 'difficulty'],
    [{ spacing: 0 }, 'spacing'],
    [{ spacing: 1.5 }, 'spacing'],
    [{ halfLife: '3600' }, 'halfLife'],
    [{ step: -1 }, 'step'],
    [{ step: 16 }, 'step'],
    [{ futureLimit: 61 }, 'futureLimit'],
    [{ limitBits: 0x1d00ffff }, 'limitBits'],
    [{ limitBits: '0x00000000' }, 'limitBits'],
    [{ minimumWork: -1 }, 'minimumWork'],
    [{ pace: { intervalMs: 2_000 } }, 'pace.transactionMs'],
    [{ pace: { intervalMs: 0, transactionMs: 1 } }, 'pace.intervalMs'],
    [{ halflife: 3_600 }, 'halflife'],
  ])('refuses %j', (change, key) => {
    expect(() => parseParameters({ ...mainnet, ...change })).toThrow(
      `genesis.consensus.parameters.${key} `,
    );
  });

  it('allows a wide future limit where difficulty is fixed', () => {
    const devnet = { ...mainnet, difficulty: 'fixed', futureLimit: 600, step: 0 };
    expect(parseParameters(devnet).futureLimit).toBe(600);
  });

  it('refuses genesis bits that are easier than the limit', () => {
    const parameters = parseParameters({ ...mainnet, limitBits: '0x1d00ffff' });
    expect(() => createRules(parameters, 0x1e00ffff)).toThrow('limitBits');
    expect(createRules(parameters, 0x1c00ffff).genesisTarget).toBeGreaterThan(0n);
  });
});
