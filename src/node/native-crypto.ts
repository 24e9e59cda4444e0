/**
 * The host's `Crypto`: node:crypto for SHA-256, P-256 and Ed25519, our WebAssembly module for Keccak-256,
 * libsecp256k1 for recovery, @noble for the rest. Where the native module has no binary for the platform, @noble
 * recovers, tens of times slower.
 */

import { hash, randomInt } from 'node:crypto';
import { createRequire } from 'node:module';
import { type Crypto, nobleCrypto } from '../primitives/crypto.ts';
import { Keccak } from '../vm/keccak.ts';
import { createVerifyEd25519 } from './native-ed25519.ts';
import { createVerifyP256 } from './native-p256.ts';

/** The part of npm `secp256k1/bindings` in use; it throws at load where there is no prebuilt binary. */
interface Secp256k1 {
  ecdsaRecover(
    signature: Uint8Array,
    recoveryId: number,
    hash: Uint8Array,
    compressed: boolean,
    output: Uint8Array,
  ): Uint8Array;
}

function loadRecover(): Crypto['recover'] | undefined {
  let native: Secp256k1;
  try {
    native = createRequire(import.meta.url)('secp256k1/bindings') as Secp256k1;
  } catch {
    return undefined;
  }
  return (digest, signature, yParity) => {
    try {
      return native.ecdsaRecover(signature, yParity, digest, false, new Uint8Array(65)).subarray(1);
    } catch {
      return undefined;
    }
  };
}

function sha256(data: Uint8Array): Uint8Array {
  // As text, because each Buffer brings its own backing store: half of the time, with its collection.
  const text = hash('sha256', data, 'binary');
  const digest = new Uint8Array(32);
  for (let index = 0; index < 32; index++) digest[index] = text.charCodeAt(index);
  return digest;
}

/** Native hashing and recovery with the same results as `nobleCrypto`. */
export function createNativeCrypto(): Crypto & { readonly nativeRecovery: boolean } {
  const recover = loadRecover();
  const keccak = new Keccak();
  return {
    ...nobleCrypto,
    sha256,
    sha256d: (data) => sha256(sha256(data)),
    keccak256: (data) => keccak.digest(data),
    recover: recover ?? nobleCrypto.recover,
    verifyP256: createVerifyP256(),
    verifyEd25519: createVerifyEd25519(),
    tableKey: [randomInt(2 ** 32), randomInt(2 ** 32)],
    nativeRecovery: recover !== undefined,
  };
}
