/**
 * Our Keccak-256 against @noble's, and against published digests.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyBytes, toHex, utf8 } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { Keccak } from '../../src/vm/keccak.ts';

const keccak = new Keccak();
const keccak256 = (data: Uint8Array): Uint8Array => keccak.digest(data);

describe('Keccak-256', () => {
  it('gives the known digests of "" and "testing"', () => {
    expect(toHex(keccak256(emptyBytes))).toBe(
      'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470',
    );
    expect(toHex(keccak256(utf8('testing')))).toBe(
      '5f16f4c7f149ac4f9510d9cf8cf384038ad348b3bcdc01915f95de12df9d1b02',
    );
  });

  it('agrees with @noble for every length around the block size', () => {
    for (let length = 0; length <= 3 * 136 + 2; length++) {
      const data = Uint8Array.from({ length }, (_, index) => (7 * index + length) & 0xff);
      expect(toHex(keccak256(data)), `${length} bytes`).toBe(toHex(nobleCrypto.keccak256(data)));
    }
  });

  it('hashes in place at any alignment, whatever was hashed before', () => {
    const bytes = Uint8Array.from({ length: 700 }, (_, index) => (11 * index) & 0xff);
    const memory = new DataView(bytes.buffer);
    for (const [source, length, target] of [
      [3, 64, 1],
      [0, 0, 5],
      [7, 135, 100],
      [1, 136, 0],
      [2, 500, 633],
      [40, 32, 41],
    ] as const) {
      const expected = nobleCrypto.keccak256(bytes.slice(source, source + length));
      const around = bytes.slice();
      around.set(expected, target);
      keccak.digestAt(memory, source, length, target);
      expect(bytes).toEqual(around);
    }
  });

  it('agrees with @noble on random data', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (data) => {
        expect(keccak256(data)).toEqual(nobleCrypto.keccak256(data));
      }),
    );
  });
});
