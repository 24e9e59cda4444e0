import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bigintFromBytes,
  bigintToBytes,
  compareBytes,
  concat,
  concatAll,
  equalBytes,
  fromHex,
  minimalBytes,
  reverseBytes,
  toHex,
  u64FromBytes,
  u64ToBytes,
} from '../../src/primitives/bytes.ts';
import { unsigned } from '../support/arbitrary.ts';

const bytes = fc.uint8Array({ maxLength: 64 });

describe('hexadecimal', () => {
  it('agrees with Node in both directions', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect(toHex(value)).toBe(Buffer.from(value).toString('hex'));
        expect(fromHex(toHex(value))).toEqual(value);
        expect(fromHex(`0x${toHex(value).toUpperCase()}`)).toEqual(value);
      }),
    );
  });

  it.each(['0', 'abc', '0x1', 'zz', '0x0g', ' 00', '00 ', '0x0x00'])('refuses "%s"', (text) => {
    expect(() => fromHex(text)).toThrow(RangeError);
  });
});

describe('order', () => {
  it('is that of Node, and total', () => {
    fc.assert(
      fc.property(bytes, bytes, (left, right) => {
        expect(Math.sign(compareBytes(left, right))).toBe(Buffer.compare(left, right));
        expect(equalBytes(left, right)).toBe(Buffer.compare(left, right) === 0);
      }),
    );
  });
});

describe('concatenation', () => {
  it('keeps every part in order', () => {
    fc.assert(
      fc.property(fc.array(bytes), (parts) => {
        expect(concat(...parts)).toEqual(new Uint8Array(Buffer.concat(parts)));
      }),
    );
  });

  it('takes more parts than a call takes arguments', () => {
    const parts = Array.from({ length: 500_000 }, (_, index) => Uint8Array.of(index & 0xff));
    expect(concatAll(parts)).toHaveLength(500_000);
  });

  it('reverses a copy', () => {
    const value = Uint8Array.of(1, 2, 3);
    expect(reverseBytes(value)).toEqual(Uint8Array.of(3, 2, 1));
    expect(value).toEqual(Uint8Array.of(1, 2, 3));
  });
});

describe('integers', () => {
  it('round trip at any width', () => {
    fc.assert(
      fc.property(unsigned(256), (value) => {
        expect(bigintFromBytes(minimalBytes(value))).toBe(value);
        expect(minimalBytes(value)[0]).not.toBe(0);
        expect(bigintFromBytes(bigintToBytes(value, 40))).toBe(value);
        expect(bigintToBytes(value, 40)).toHaveLength(40);
      }),
    );
  });

  it('refuse what does not fit', () => {
    expect(() => bigintToBytes(256n, 1)).toThrow(RangeError);
    expect(() => bigintToBytes(-1n, 1)).toThrow(RangeError);
    expect(() => minimalBytes(-1n)).toThrow(RangeError);
    expect(bigintToBytes(0n, 0)).toEqual(new Uint8Array(0));
  });

  it('of eight bytes are exact up to 2^53 - 1 and refused above', () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (value) => {
        expect(u64FromBytes(concat(Uint8Array.of(9), u64ToBytes(value)), 1)).toBe(value);
      }),
    );
    for (const value of [-1, 0.5, 2 ** 53, Number.NaN]) {
      expect(() => u64ToBytes(value)).toThrow(RangeError);
    }
    expect(() => u64FromBytes(fromHex('0020000000000000'))).toThrow(RangeError);
  });
});
