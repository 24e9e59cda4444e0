/**
 * Ed25519 (RFC 8032) by node:crypto, a dozen times faster than @noble, with @noble's verdict on
 * every input: OpenSSL checks the equation without the cofactor, and takes any public key.
 */

import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { SigningIdentity } from '../consensus/protocol.ts';
import { concat, fromHex, toHex } from '../primitives/bytes.ts';
import { type Crypto, nobleCrypto } from '../primitives/crypto.ts';

/** RFC 8410: what stands before the 32 bytes of a public key, and of a private one's seed. */
const publicKeyPrefix = fromHex('302a300506032b6570032100');
const privateKeyPrefix = fromHex('302e020100300506032b657004220420');

const keysKept = 256;
const keySizeBytes = 32;
const signatureSizeBytes = 64;

/**
 * The y of every point of small order, least significant byte first, both signs of x below. Under
 * such a key one signature fits many messages, so @noble refuses it.
 */
const smallOrderHeights = new Set([
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  '00'.repeat(32),
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
]);

/** Whether a key is neither of small order nor written with a y above the field's prime. */
function isPlain(publicKey: Uint8Array): boolean {
  const height = publicKey.slice();
  height[31] = (height[31] as number) & 0x7f;
  const isAboveField =
    height[31] === 0x7f &&
    height.subarray(1, 31).every((byte) => byte === 0xff) &&
    (height[0] as number) >= 0xed;
  return !isAboveField && !smallOrderHeights.has(toHex(height));
}

/**
 * A `Crypto.verifyEd25519`. What OpenSSL accepts under a plain key satisfies the equation without
 * the cofactor, hence with it, and its R is the canonical form of a point; @noble accepts that.
 * Everything else is left to @noble, so that both always agree.
 */
export function createVerifyEd25519(): Crypto['verifyEd25519'] {
  const known = new Map<string, KeyObject | undefined>();
  const keyOf = (publicKey: Uint8Array): KeyObject | undefined => {
    const name = toHex(publicKey);
    const found = known.get(name);
    if (found !== undefined || known.has(name)) return found;
    const [oldest] = known.keys();
    if (known.size >= keysKept && oldest !== undefined) known.delete(oldest);
    const key = isPlain(publicKey)
      ? createPublicKey({
          key: Buffer.from(concat(publicKeyPrefix, publicKey)),
          format: 'der',
          type: 'spki',
        })
      : undefined;
    known.set(name, key);
    return key;
  };
  return (signature, message, publicKey) => {
    if (publicKey.length !== keySizeBytes || signature.length !== signatureSizeBytes) return false;
    const key = keyOf(publicKey);
    if (key !== undefined && verify(undefined, message, key, signature)) return true;
    return nobleCrypto.verifyEd25519(signature, message, publicKey);
  };
}

/** The signer of a 32-byte seed. Ed25519 signatures are deterministic: every library makes the same. */
export function createSigningIdentity(seed: Uint8Array): SigningIdentity {
  const key = createPrivateKey({
    key: Buffer.from(concat(privateKeyPrefix, seed)),
    format: 'der',
    type: 'pkcs8',
  });
  const { x } = createPublicKey(key).export({ format: 'jwk' });
  return {
    publicKey: new Uint8Array(Buffer.from(x as string, 'base64url')),
    sign: (message) => new Uint8Array(sign(undefined, message, key)),
  };
}
