import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNativeCrypto } from '../../src/node/native-crypto.ts';
import { bigintToBytes, concat } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { signHash } from '../../src/primitives/keys.ts';
import { secp256k1Order } from '../../src/primitives/transaction.ts';

const native = createNativeCrypto();
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

describe('native crypto against @noble', () => {
  it('hashes alike', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
        expect(native.sha256(data)).toEqual(nobleCrypto.sha256(data));
        expect(native.sha256d(data)).toEqual(nobleCrypto.sha256d(data));
        expect(native.keccak256(data)).toEqual(nobleCrypto.keccak256(data));
      }),
    );
  });

  it('recovers the same key from good signatures, of low and high s', () => {
    fc.assert(
      fc.property(bytes(32), bytes(32), fc.boolean(), (key, hash, high) => {
        fc.pre(key.some((byte) => byte !== 0) && key[0] !== 255);
        const { yParity, r, s } = signHash(hash, key);
        const signature = concat(
          bigintToBytes(r, 32),
          bigintToBytes(high ? secp256k1Order - s : s, 32),
        );
        const parity = high ? 1 - yParity : yParity;
        const expected = nobleCrypto.recover(hash, signature, parity);
        expect(expected).toHaveLength(64);
        expect(native.recover(hash, signature, parity)).toEqual(expected);
      }),
      { numRuns: 25 },
    );
  });

  it('agrees on signatures nobody made', () => {
    fc.assert(
      fc.property(bytes(32), bytes(64), fc.constantFrom(0, 1), (hash, signature, parity) => {
        expect(native.recover(hash, signature, parity)).toEqual(
          nobleCrypto.recover(hash, signature, parity),
        );
      }),
      { numRuns: 50 },
    );
    const zero = new Uint8Array(64);
    expect(native.recover(new Uint8Array(32), zero, 0)).toBeUndefined();
    expect(nobleCrypto.recover(new Uint8Array(32), zero, 0)).toBeUndefined();
  });
});
