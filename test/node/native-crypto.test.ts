import { createHash } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNativeCrypto } from '../../src/node/native-crypto.ts';
import { createSigningIdentity } from '../../src/node/native-ed25519.ts';
import {
  bigintFromBytes,
  bigintToBytes,
  concat,
  fromHex,
  utf8,
} from '../../src/primitives/bytes.ts';
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

describe('Ed25519 of node:crypto against @noble', () => {
  const { Point } = ed25519;
  const order = Point.Fn.ORDER;
  const field = Point.Fp.ORDER;
  const message = utf8('a vote');

  function agreed(signature: Uint8Array, text: Uint8Array, key: Uint8Array): boolean {
    const answer = native.verifyEd25519(signature, text, key);
    expect(answer).toBe(nobleCrypto.verifyEd25519(signature, text, key));
    return answer;
  }

  const little = (value: bigint): Uint8Array => bigintToBytes(value, 32).reverse();
  const numberOf = (data: Uint8Array): bigint => bigintFromBytes(data.slice().reverse());
  /** A point of order 8, from a y of RFC 8032's field; the others are its multiples. */
  const eighth = Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05');
  const smallOrder = Array.from({ length: 8 }, (_, times) =>
    times === 0 ? Point.ZERO : eighth.multiplyUnsafe(BigInt(times)),
  );
  /** SHA-512(R, A, M) as a scalar. */
  const challenge = (r: Uint8Array, key: Uint8Array, text: Uint8Array): bigint =>
    numberOf(
      createHash('sha512')
        .update(concat(r, key, text))
        .digest(),
    ) % order;

  it('signs alike, and refuses what was changed', () => {
    fc.assert(
      fc.property(bytes(32), bytes(40), fc.nat(135), fc.nat(7), (seed, text, at, bit) => {
        const identity = createSigningIdentity(seed);
        expect(identity.publicKey).toEqual(ed25519.getPublicKey(seed));
        const signature = identity.sign(text);
        expect(signature).toEqual(ed25519.sign(text, seed));
        expect(agreed(signature, text, identity.publicKey)).toBe(true);
        const changed = concat(signature, text, identity.publicKey);
        changed[at] = (changed[at] as number) ^ (1 << bit);
        const parts = [changed.slice(0, 64), changed.slice(64, 104), changed.slice(104)] as const;
        expect(agreed(...parts)).toBe(false);
      }),
      { numRuns: 15 },
    );
    expect(agreed(new Uint8Array(63), message, new Uint8Array(32))).toBe(false);
    expect(agreed(new Uint8Array(64), message, new Uint8Array(31))).toBe(false);
  });

  it('agrees on keys and nonces of small and of mixed order', () => {
    const secret = 123_456_789n;
    const answers = new Map<string, number>();
    for (const [inKey, torsion] of smallOrder.entries()) {
      for (const [inNonce, other] of smallOrder.entries()) {
        for (const base of [Point.ZERO, Point.BASE.multiply(secret)]) {
          const key = base.add(torsion).toBytes();
          const r = Point.BASE.multiply(42n).add(other).toBytes();
          const factor = base === Point.ZERO ? 0n : secret;
          const s = (42n + challenge(r, key, message) * factor) % order;
          const kind = `${factor === 0n ? 'small' : 'mixed'} ${agreed(concat(r, little(s)), message, key)}`;
          answers.set(kind, (answers.get(kind) ?? 0) + 1);
          expect(inKey + inNonce).toBeLessThan(16);
        }
      }
    }
    // Small-order keys are refused always; a torsion beside a real key passes with the cofactor.
    expect(Object.fromEntries(answers)).toEqual({ 'small false': 64, 'mixed true': 64 });
  });

  it('agrees on numbers and points that are not written canonically', () => {
    const identity = createSigningIdentity(new Uint8Array(32).fill(7));
    const signature = identity.sign(message);
    const [r, s] = [signature.slice(0, 32), numberOf(signature.slice(32))];
    expect(agreed(concat(r, little(s + order)), message, identity.publicKey)).toBe(false);
    // Every y from the prime up to 2^255 - 1, with both signs, as key and as nonce.
    for (let y = field; y < 2n ** 255n; y++) {
      for (const sign of [0n, 1n << 255n]) {
        const point = little(y + sign);
        expect(agreed(concat(r, little(s)), message, point)).toBe(false);
        expect(agreed(concat(point, little(0n)), message, identity.publicKey)).toBe(false);
        expect(agreed(concat(point, little(s)), message, point)).toBe(false);
      }
    }
    // x = 0 has no negative.
    for (const y of [1n, field - 1n]) {
      expect(agreed(concat(little(1n), little(0n)), message, little(y + (1n << 255n)))).toBe(false);
    }
  });

  it('knows every point of small order', () => {
    for (const point of smallOrder) {
      const key = point.toBytes();
      // With S = 0 and R = -k A this satisfies the equation: only the rule against such keys refuses.
      for (let text = 0; text < 8; text++) {
        for (const nonce of smallOrder) {
          const signature = concat(nonce.toBytes(), little(0n));
          expect(agreed(signature, Uint8Array.of(text), key)).toBe(false);
        }
      }
    }
  });
});
