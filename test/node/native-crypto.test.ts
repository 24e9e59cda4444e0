import { p256 } from '@noble/curves/nist.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNativeCrypto } from '../../src/node/native-crypto.ts';
import { bigintFromBytes, bigintToBytes, concat, fromHex } from '../../src/primitives/bytes.ts';
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

describe('P-256 of node:crypto against @noble', () => {
  const order = p256.Point.Fn.ORDER;
  const base = p256.Point.BASE;
  const keyOf = (point: typeof base): Uint8Array => point.toBytes(false).subarray(1);
  const signatureOf = (r: bigint, s: bigint): Uint8Array =>
    concat(bigintToBytes(r, 32), bigintToBytes(s, 32));
  const scalar = fc.bigInt({ min: 1n, max: order - 1n });
  const modulo = (value: bigint): bigint => ((value % order) + order) % order;

  function agreed(hash: Uint8Array, signature: Uint8Array, key: Uint8Array): boolean {
    const answer = native.verifyP256(hash, signature, key);
    expect(answer).toBe(nobleCrypto.verifyP256(hash, signature, key));
    return answer;
  }

  it('accepts good signatures of low and high s, and refuses them once changed', () => {
    fc.assert(
      fc.property(scalar, bytes(32), fc.nat(159), fc.nat(7), (secret, hash, at, bit) => {
        const key = keyOf(base.multiply(secret));
        const options = { prehash: false };
        const signature = p256.sign(hash, bigintToBytes(secret, 32), options);
        const r = bigintFromBytes(signature.subarray(0, 32));
        const s = bigintFromBytes(signature.subarray(32));
        expect(agreed(hash, signature, key)).toBe(true);
        expect(agreed(hash, signatureOf(r, order - s), key)).toBe(true);
        const changed = concat(hash, signature, key);
        changed[at] = (changed[at] as number) ^ (1 << bit);
        expect(agreed(changed.slice(0, 32), changed.slice(32, 96), changed.slice(96))).toBe(false);
      }),
      { numRuns: 15 },
    );
  });

  it('agrees at the edges: z = 0, sums that double, sums at infinity, numbers out of range', () => {
    const [secret, r] = [123_456_789n, base.multiply(42n).toAffine().x % order];
    const key = keyOf(base.multiply(secret));
    // A nonce of 42 gives this r; s follows from z.
    const sFor = (z: bigint): bigint => modulo((z + r * secret) * p256.Point.Fn.inv(42n));
    const hashes = [0n, order, order + 1n, 2n ** 256n - 1n, modulo(r * secret), 1n];
    for (const z of hashes) {
      expect(agreed(bigintToBytes(z, 32), signatureOf(r, sFor(z)), key)).toBe(true);
    }
    // (z/r) G = -Q: the point is infinity, whatever s is.
    const opposite = bigintToBytes(modulo(-r * secret), 32);
    for (const s of [1n, 2n, order - 1n])
      expect(agreed(opposite, signatureOf(r, s), key)).toBe(false);
    const one = bigintToBytes(1n, 32);
    const wrong = [0n, order, order + 1n, 2n ** 256n - 1n];
    for (const value of wrong) {
      expect(agreed(one, signatureOf(value, sFor(1n)), key)).toBe(false);
      expect(agreed(one, signatureOf(r, value), key)).toBe(false);
    }
    const { x, y } = base.multiply(secret).toAffine();
    const field = p256.Point.Fp.ORDER;
    for (const [wrongX, wrongY] of [
      [0n, 0n],
      [x + field, y],
      [x, y + 1n],
      [y, x],
      [x, field],
    ]) {
      if (wrongX === undefined || wrongY === undefined || wrongX >= 2n ** 256n) continue;
      expect(agreed(one, signatureOf(r, sFor(1n)), signatureOf(wrongX, wrongY))).toBe(false);
    }
    expect(agreed(one, signatureOf(r, sFor(1n)), signatureOf(x, field - y))).toBe(false);
  });

  it('accepts a sum whose x is above the order', () => {
    // r = x - order: the comparison is modulo the order. Such an x is rarer than 2^-32 by chance, so
    // the key is computed from the point: Q = (s R - z G) / r.
    const field = p256.Point.Fp.ORDER;
    const root = (x: bigint): bigint | undefined => {
      try {
        return p256.Point.Fp.sqrt(p256.Point.Fp.create(x * x * x - 3n * x + p256.Point.CURVE().b));
      } catch {
        return undefined;
      }
    };
    let x = order + 1n;
    while (root(x) === undefined) x += 1n;
    expect(x).toBeLessThan(field);
    const point = p256.Point.fromAffine({ x, y: root(x) as bigint });
    const [r, s, z] = [x - order, 77n, 99n];
    const key = point
      .multiply(s)
      .add(base.multiply(order - z))
      .multiply(p256.Point.Fn.inv(r));
    expect(agreed(bigintToBytes(z, 32), signatureOf(r, s), keyOf(key))).toBe(true);
  });

  it('verifies the example of EIP-7951', () => {
    const hash = fromHex('bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023');
    const signature = fromHex(
      '2ba3a8be6b94d5ec80a6d9d1190a436effe50d85a1eee859b8cc6af9bd5c2e18' +
        '4cd60b855d442f5b3c7b11eb6c4e0ae7525fe710fab9aa7c77a67f79e6fadd76',
    );
    const key = fromHex(
      '2927b10512bae3eddcfe467828128bad2903269919f7086069c8c4df6c732838' +
        'c7787964eaac00e5921fb1498a60f4606766b3d9685001558d1a974e7341513e',
    );
    expect(agreed(hash, signature, key)).toBe(true);
  });
});
