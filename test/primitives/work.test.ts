import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bigintToBytes, fromHex, reverseBytes } from '../../src/primitives/bytes.ts';
import {
  decodeCompact,
  encodeCompact,
  hashToNumber,
  meetsTarget,
  targetOfBits,
  workOfBits,
} from '../../src/primitives/work.ts';
import { unsigned } from '../support/arbitrary.ts';

/** Bitcoin Core, src/test/arith_uint256_tests.cpp, bignum_SetCompact: bits, value, sign, re-encoded. */
const setCompact: readonly (readonly [number, bigint, 'negative' | '', number])[] = [
  [0x00000000, 0n, '', 0],
  [0x00123456, 0n, '', 0],
  [0x01003456, 0n, '', 0],
  [0x02000056, 0n, '', 0],
  [0x03000000, 0n, '', 0],
  [0x04000000, 0n, '', 0],
  [0x00923456, 0n, '', 0],
  [0x01803456, 0n, '', 0],
  [0x02800056, 0n, '', 0],
  [0x03800000, 0n, '', 0],
  [0x04800000, 0n, '', 0],
  [0x01123456, 0x12n, '', 0x01120000],
  [0x01fedcba, 0x7en, 'negative', 0x01fe0000],
  [0x02123456, 0x1234n, '', 0x02123400],
  [0x03123456, 0x123456n, '', 0x03123456],
  [0x04123456, 0x12345600n, '', 0x04123456],
  [0x04923456, 0x12345600n, 'negative', 0x04923456],
  [0x05009234, 0x92340000n, '', 0x05009234],
  [0x20123456, 0x123456n << 232n, '', 0x20123456],
];

describe('compact targets', () => {
  it.each(setCompact)('%i reads and writes as in Bitcoin', (bits, value, sign, again) => {
    const decoded = decodeCompact(bits);
    expect(decoded).toEqual({ target: value, negative: sign === 'negative', overflow: false });
    expect(encodeCompact(decoded.target, decoded.negative)).toBe(again);
  });

  it('writes 0x80 with a mantissa that is not negative', () => {
    expect(encodeCompact(0x80n)).toBe(0x02008000);
  });

  it.each([
    [0xff123456, true],
    [0x23000001, true],
    [0x22000001, false],
    [0x220000ff, false],
    [0x22000100, true],
    [0x21000100, false],
    [0x2100ffff, false],
    [0x21010000, true],
    [0x207fffff, false],
    [0xff000000, false],
  ])('%i overflows: %s', (bits, overflow) => {
    expect(decodeCompact(bits).overflow).toBe(overflow);
    if (overflow) expect(workOfBits(bits)).toBe(0n);
  });

  it('rounds a target down to 15 to 23 bits, never up', () => {
    fc.assert(
      fc.property(unsigned(256), (target) => {
        const bits = encodeCompact(target);
        const { target: rounded, negative, overflow } = decodeCompact(bits);
        expect({ negative, overflow }).toEqual({ negative: false, overflow: false });
        expect(rounded <= target).toBe(true);
        expect((target - rounded) << 15n <= target).toBe(true);
        expect(encodeCompact(rounded)).toBe(bits);
        expect(bits).toBe(bits >>> 0);
      }),
    );
  });

  it('never throws on any 32 bits', () => {
    fc.assert(
      fc.property(fc.nat({ max: 0xffffffff }), (bits) => {
        const target = targetOfBits(bits);
        expect(target === undefined).toBe(workOfBits(bits) === 0n);
        if (target !== undefined) expect(target < 1n << 256n && target > 0n).toBe(true);
      }),
    );
  });
});

describe('work', () => {
  it('is floor(2^256 / (target + 1)), as Bitcoin computes it without 257 bits', () => {
    expect(workOfBits(0x1d00ffff)).toBe(0x100010001n);
    fc.assert(
      fc.property(fc.nat({ max: 0x207fffff }), (bits) => {
        const target = targetOfBits(bits);
        if (target === undefined) return;
        const inverse = (1n << 256n) - 1n - target;
        expect(workOfBits(bits)).toBe(inverse / (target + 1n) + 1n);
      }),
    );
  });

  it('grows as the target falls', () => {
    expect(workOfBits(0x1c7fff80) > workOfBits(0x1d00ffff)).toBe(true);
    expect(workOfBits(0x01800000)).toBe(0n);
    expect(workOfBits(0)).toBe(0n);
  });

  it('is met up to and including the target', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0x03000001, max: 0x207fffff }), (bits) => {
        const target = targetOfBits(bits);
        if (target === undefined) return;
        expect(meetsTarget(reverseBytes(bigintToBytes(target, 32)), bits)).toBe(true);
        expect(meetsTarget(reverseBytes(bigintToBytes(target + 1n, 32)), bits)).toBe(false);
      }),
    );
  });

  it('is met exactly when the hash as a number is at most the target', () => {
    const near = fc.tuple(fc.nat({ max: 0x227fffff }), unsigned(256), fc.integer());
    fc.assert(
      fc.property(near, fc.boolean(), ([bits, far, step], isNear) => {
        const target = targetOfBits(bits);
        const value = isNear && target !== undefined ? target + BigInt(step) : far;
        if (value < 0n || value >= 1n << 256n) return;
        const hash = reverseBytes(bigintToBytes(value, 32));
        expect(meetsTarget(hash, bits)).toBe(target !== undefined && value <= target);
      }),
      { numRuns: 1_000 },
    );
  });

  it('reads a hash least significant byte first', () => {
    expect(hashToNumber(fromHex('0100'))).toBe(1n);
    expect(hashToNumber(fromHex('0001'))).toBe(256n);
  });
});
