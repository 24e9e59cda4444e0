/**
 * secp256k1 keys: addresses, checksums (EIP-55) and transaction signatures (RFC 6979, low s).
 */

import { secp256k1 } from '@noble/curves/secp256k1.js';
import { bigintFromBytes, fromHex, toHex, utf8 } from './bytes.ts';
import { type Crypto, nobleCrypto } from './crypto.ts';
import {
  addressOfPublicKey,
  encodeTransaction,
  type Signature,
  signingHash,
  type TransactionFields,
} from './transaction.ts';

/** Address of a 32-byte private key. @throws when the key is zero or not below the curve's order. */
export function addressOfPrivateKey(privateKey: Uint8Array): Uint8Array {
  return addressOfPublicKey(secp256k1.getPublicKey(privateKey, false).subarray(1), nobleCrypto);
}

/** Signs a 32-byte hash deterministically, with low s. */
export function signHash(hash: Uint8Array, privateKey: Uint8Array): Signature {
  const bytes = secp256k1.sign(hash, privateKey, {
    prehash: false,
    lowS: true,
    format: 'recovered',
  });
  return {
    yParity: bytes[0] === 1 ? 1 : 0,
    r: bigintFromBytes(bytes.subarray(1, 33)),
    s: bigintFromBytes(bytes.subarray(33, 65)),
  };
}

/** The raw, signed form of `fields`. */
export function signTransaction(
  fields: TransactionFields,
  privateKey: Uint8Array,
  crypto: Crypto,
): Uint8Array {
  return encodeTransaction(fields, signHash(signingHash(fields, crypto), privateKey));
}

/** `0x` address with EIP-55 checksum capitals. */
export function checksumAddress(address: Uint8Array): string {
  const digits = toHex(address);
  const hash = toHex(nobleCrypto.keccak256(utf8(digits)));
  let text = '0x';
  for (let index = 0; index < digits.length; index++) {
    const digit = digits[index] as string;
    text += Number.parseInt(hash[index] as string, 16) >= 8 ? digit.toUpperCase() : digit;
  }
  return text;
}

/**
 * Twenty bytes of a `0x` address; capitals, when mixed, must be the EIP-55 checksum.
 * @throws RangeError naming the text and what is wrong with it.
 */
export function parseAddress(text: string): Uint8Array {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text)) {
    throw new RangeError(`"${text}" is no address: 0x and 40 hexadecimal digits are needed`);
  }
  const address = fromHex(text);
  const digits = text.slice(2);
  const mixed = digits !== digits.toLowerCase() && digits !== digits.toUpperCase();
  if (mixed && checksumAddress(address) !== text) {
    throw new RangeError(`"${text}" fails its checksum (EIP-55): check for a typing error`);
  }
  return address;
}
