/** What a header must carry on its parent: anchor, bits, time, version. */

import { describe, expect, it } from 'vitest';
import {
  type ChainPoint,
  checkOnParent,
  createRules,
  extend,
  requiredBits,
} from '../../../src/consensus/pow/header-rules.ts';
import { parseParameters } from '../../../src/consensus/pow/parameters.ts';
import type { Header } from '../../../src/primitives/header.ts';
import { decodeCompact } from '../../../src/primitives/work.ts';

const genesisBits = 0x1c00ffff;
const rules = createRules(
  parseParameters({
    difficulty: 'asert',
    spacing: 15,
    halfLife: 3_600,
    step: 5,
    futureLimit: 30,
    limitBits: '0x1d00ffff',
  }),
  genesisBits,
);

function header(time: number, bits: number): Header {
  const empty = new Uint8Array(32);
  return { version: 0x20000000, previous: empty, commitment: empty, time, bits, nonce: 0 };
}

const genesis: ChainPoint = {
  id: '00',
  parentId: '',
  header: header(1_000, genesisBits),
  height: 0,
  work: 0n,
  anchorTime: 0,
};

/** Blocks at these times, each with the bits it needs. */
function chain(...times: number[]): ChainPoint {
  let tip = genesis;
  for (const time of times) tip = extend(tip, header(time, requiredBits(tip, rules)), `${time}`);
  return tip;
}

describe('required bits', () => {
  it('are the genesis bits for block 1 however late it comes, and on schedule after it', () => {
    expect(requiredBits(genesis, rules)).toBe(genesisBits);
    const late = chain(9_000_000);
    expect(requiredBits(late, rules)).toBe(genesisBits);
    expect(requiredBits(chain(9_000_000, 9_000_015), rules)).toBe(genesisBits);
  });

  it('follow the branch of the parent, not another branch that began at another time', () => {
    const early = chain(2_000, 2_015, 2_030);
    const late = chain(5_000, 5_015, 5_030);
    expect(requiredBits(early, rules)).toBe(requiredBits(late, rules));
    expect(early.anchorTime).toBe(2_000);
    expect(late.anchorTime).toBe(5_000);
  });

  it('double the target one half-life behind and halve it one half-life ahead', () => {
    const target = decodeCompact(genesisBits).target;
    const behind = requiredBits(chain(2_000, 2_000 + 15 + 3_600), rules);
    expect(decodeCompact(behind).target).toBe(target * 2n);
    const times = Array.from({ length: 361 }, (_, block) => 2_000 + 5 * block);
    const ahead = requiredBits(chain(...times), rules);
    expect(decodeCompact(ahead).target).toBe(target / 2n);
  });

  it('never pass the limit', () => {
    expect(requiredBits(chain(2_000, 2_000_000_000), rules)).toBe(0x1d00ffff);
  });
});

describe('a header on its parent', () => {
  it('needs exactly the required bits, as u32', () => {
    const parent = chain(2_000);
    expect(checkOnParent(parent, header(2_015, genesisBits), rules)).toBeUndefined();
    // The same target in a form with a leading zero byte.
    expect(checkOnParent(parent, header(2_015, 0x1d0000ff), rules)).toBe('bits-unexpected');
  });

  it('comes at least one step after it', () => {
    const parent = chain(2_000);
    expect(checkOnParent(parent, header(2_004, genesisBits), rules)).toBe('time-too-old');
    expect(checkOnParent(parent, header(2_005, genesisBits), rules)).toBeUndefined();
  });
});
