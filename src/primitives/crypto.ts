/**
 * The hashes and signature checks that pure rooms use, as one value given by the host.
 * `nobleCrypto` is the reference; the host may pass native functions with the same results.
 */

import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { ripemd160 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { concat } from './bytes.ts';

export interface Crypto {
  /** SHA-256 (FIPS 180-4), 32 bytes. */
  sha256(data: Uint8Array): Uint8Array;
  /** SHA-256 twice, 32 bytes: Bitcoin's hash. */
  sha256d(data: Uint8Array): Uint8Array;
  /** Keccak-256 with the original padding, as Ethereum uses it, 32 bytes. */
  keccak256(data: Uint8Array): Uint8Array;
  /** RIPEMD-160, 20 bytes. */
  ripemd160(data: Uint8Array): Uint8Array;
  /**
   * The 64-byte uncompressed secp256k1 public key (x ‖ y) that signed `hash`, or undefined when
   * there is none. `signature` is r ‖ s, 64 bytes; a high s is accepted (the caller has the rule).
   */
  recover(hash: Uint8Array, signature: Uint8Array, yParity: number): Uint8Array | undefined;
  /** ECDSA over P-256: `signature` r ‖ s, `publicKey` x ‖ y, 64 bytes each. High s is accepted. */
  verifyP256(hash: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean;
  /** Ed25519 (RFC 8032) with a 32-byte public key. */
  verifyEd25519(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
  /**
   * 64 secret bits that scatter hash tables, so that nobody can choose keys that fall together. They
   * never show in a result; zeros when absent.
   */
  readonly tableKey?: readonly [number, number];
}

function recoverWithNoble(
  hash: Uint8Array,
  signature: Uint8Array,
  yParity: number,
): Uint8Array | undefined {
  try {
    const recovered = secp256k1.recoverPublicKey(concat(Uint8Array.of(yParity), signature), hash, {
      prehash: false,
    });
    return secp256k1.Point.fromBytes(recovered).toBytes(false).subarray(1);
  } catch {
    return undefined;
  }
}

function verifyP256WithNoble(
  hash: Uint8Array,
  signature: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  try {
    return p256.verify(signature, hash, concat(Uint8Array.of(4), publicKey), {
      prehash: false,
      lowS: false,
    });
  } catch {
    return false;
  }
}

function verifyEd25519WithNoble(
  signature: Uint8Array,
  message: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  try {
    return ed25519.verify(signature, message, publicKey, { zip215: false });
  } catch {
    return false;
  }
}

/** Everything from @noble: slower than native, the same everywhere, and the other side of a differential test. */
export const nobleCrypto: Crypto = {
  sha256: (data) => sha256(data),
  sha256d: (data) => sha256(sha256(data)),
  keccak256: (data) => keccak_256(data),
  ripemd160: (data) => ripemd160(data),
  recover: recoverWithNoble,
  verifyP256: verifyP256WithNoble,
  verifyEd25519: verifyEd25519WithNoble,
};
