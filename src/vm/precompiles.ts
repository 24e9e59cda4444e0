/**
 * Precompiled contracts at Ethereum's addresses: ecrecover 0x01, SHA-256 0x02, RIPEMD-160 0x03,
 * identity 0x04 (Yellow Paper, appendix E) and P-256 verification 0x100 (EIP-7951). Inputs and
 * outputs are theirs, prices follow the time they take here.
 */

import { bigintFromBytes, concat, emptyBytes, toHex } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { addressOfPublicKey } from '../primitives/transaction.ts';
import type { PrecompilePrices } from './gas-table.ts';

export interface Precompile {
  readonly address: Uint8Array;
  /** Gas, known before any work is done. */
  price(input: Uint8Array, prices: PrecompilePrices): number;
  /** Wrong input gives an empty output, never an error. */
  run(input: Uint8Array, crypto: Crypto): Uint8Array;
}

function addressOfNumber(number: number): Uint8Array {
  const address = new Uint8Array(20);
  new DataView(address.buffer).setUint16(18, number);
  return address;
}

/** `input` cut or extended with zeros to `length`. */
function padded(input: Uint8Array, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set(input.subarray(0, length));
  return bytes;
}

function leftPadded(bytes: Uint8Array): Uint8Array {
  return concat(new Uint8Array(32 - bytes.length), bytes);
}

const words = (input: Uint8Array): number => Math.ceil(input.length / 32);

function recover(input: Uint8Array, crypto: Crypto): Uint8Array {
  const bytes = padded(input, 128);
  const v = bigintFromBytes(bytes.subarray(32, 64));
  if (v !== 27n && v !== 28n) return emptyBytes;
  const publicKey = crypto.recover(bytes.subarray(0, 32), bytes.subarray(64, 128), Number(v - 27n));
  if (publicKey === undefined) return emptyBytes;
  return leftPadded(addressOfPublicKey(publicKey, crypto));
}

function verifyP256(input: Uint8Array, crypto: Crypto): Uint8Array {
  if (input.length !== 160) return emptyBytes;
  const isValid = crypto.verifyP256(
    input.subarray(0, 32),
    input.subarray(32, 96),
    input.subarray(96, 160),
  );
  return isValid ? leftPadded(Uint8Array.of(1)) : emptyBytes;
}

export const precompiles: readonly Precompile[] = [
  { address: addressOfNumber(0x01), price: (_, prices) => prices.recover, run: recover },
  {
    address: addressOfNumber(0x02),
    price: (input, prices) => prices.sha256 + prices.sha256Word * words(input),
    run: (input, crypto) => crypto.sha256(input),
  },
  {
    address: addressOfNumber(0x03),
    price: (input, prices) => prices.ripemd160 + prices.ripemd160Word * words(input),
    run: (input, crypto) => leftPadded(crypto.ripemd160(input)),
  },
  {
    address: addressOfNumber(0x04),
    price: (input, prices) => prices.identity + prices.identityWord * words(input),
    run: (input) => input,
  },
  { address: addressOfNumber(0x100), price: (_, prices) => prices.verifyP256, run: verifyP256 },
];

const byAddress: ReadonlyMap<string, Precompile> = new Map(
  precompiles.map((precompile) => [toHex(precompile.address), precompile]),
);

/** The precompiled contract at `address`, if there is one. */
export function precompileAt(address: Uint8Array): Precompile | undefined {
  // Two bytes decide for nearly every address; the map decides for the rest.
  if (address[0] !== 0 || address[1] !== 0) return undefined;
  return byAddress.get(toHex(address));
}
