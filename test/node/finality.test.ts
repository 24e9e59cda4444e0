import { describe, expect, it } from 'vitest';
import { finalityPoint } from '../../src/node/finality.ts';
import type { HeaderEntry } from '../../src/primitives/block.ts';
import { fromHex } from '../../src/primitives/bytes.ts';
import { workOfBits } from '../../src/primitives/work.ts';

const idAt = (height: number) => height.toString(16).padStart(64, '0');

/** A chain whose block `h` has the bits that `bitsAt` says. */
function chain(length: number, bitsAt: (height: number) => number) {
  const entries = new Map<string, HeaderEntry>();
  let work = 0n;
  for (let height = 0; height <= length; height++) {
    const bits = bitsAt(height);
    if (height > 0) work += workOfBits(bits);
    const header = {
      version: 0x20000000,
      previous: fromHex(idAt(Math.max(0, height - 1))),
      commitment: new Uint8Array(32),
      time: height,
      bits,
      nonce: 0,
    };
    entries.set(idAt(height), { id: idAt(height), header, height, work });
  }
  const header = (id: string) => entries.get(id);
  return { header, head: entries.get(idAt(length)) as HeaderEntry };
}

describe('safe and finalized', () => {
  it('are 6 and 60 blocks deep at constant difficulty', () => {
    const { header, head } = chain(100, () => 0x1d00ffff);
    expect(finalityPoint({ header }, head, 6).height).toBe(94);
    expect(finalityPoint({ header }, head, 60).height).toBe(40);
  });

  it('are the genesis on a short chain', () => {
    const { header, head } = chain(5, () => 0x1d00ffff);
    expect(finalityPoint({ header }, head, 6).height).toBe(0);
  });

  it('wait longer after hash power left: six easy blocks are not six peak blocks', () => {
    // 0x1d01fffe has half the difficulty of 0x1d00ffff.
    const { header, head } = chain(100, (height) => (height > 91 ? 0x1d01fffe : 0x1d00ffff));
    // Nine blocks of half work make four and a half of the six needed; two full ones fill up.
    expect(finalityPoint({ header }, head, 6).height).toBe(89);
  });

  it('forget a peak that is more than 120 blocks old', () => {
    const { header, head } = chain(300, (height) => (height < 150 ? 0x1c00ffff : 0x1d00ffff));
    expect(finalityPoint({ header }, head, 6).height).toBe(294);
  });
});
