/**
 * The block header: Bitcoin's 80 bytes, to the bit. Its id is SHA-256d of them.
 * Integers are little-endian here and nowhere else in the project.
 */

import { type Hex, reverseBytes, toHex } from './bytes.ts';
import type { Crypto } from './crypto.ts';
import { DecodeError } from './rlp.ts';

export const headerSizeBytes = 80;
export const baseVersion = 0x20000000;
/** The sixteen BIP320 bits that miners may roll; consensus ignores them. */
export const versionRollingMask = 0x1fffe000;

export interface Header {
  /** u32; valid iff (version & ~0x1fffe000) = 0x20000000. */
  readonly version: number;
  /** Id of the parent, 32 bytes in hash order. */
  readonly previous: Uint8Array;
  /** SHA-256d of the coinbase record, 32 bytes. */
  readonly commitment: Uint8Array;
  /** Seconds since 1970, u32. */
  readonly time: number;
  /** Compact target, u32. */
  readonly bits: number;
  readonly nonce: number;
}

/** Writes a u32, little-endian. By hand, because a view for each header is half of its encoding. */
function writeU32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
  bytes[offset + 1] = value >>> 8;
  bytes[offset + 2] = value >>> 16;
  bytes[offset + 3] = value >>> 24;
}

/** The 80 bytes of a header. */
export function encodeHeader(header: Header): Uint8Array {
  const bytes = new Uint8Array(headerSizeBytes);
  writeU32(bytes, 0, header.version);
  bytes.set(header.previous, 4);
  bytes.set(header.commitment, 36);
  writeU32(bytes, 68, header.time);
  writeU32(bytes, 72, header.bits);
  writeU32(bytes, 76, header.nonce);
  return bytes;
}

/** @throws DecodeError unless there are exactly 80 bytes. */
export function decodeHeader(bytes: Uint8Array): Header {
  if (bytes.length !== headerSizeBytes) {
    throw new DecodeError(`header has ${bytes.length} bytes, 80 are needed`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    version: view.getUint32(0, true),
    previous: bytes.slice(4, 36),
    commitment: bytes.slice(36, 68),
    time: view.getUint32(68, true),
    bits: view.getUint32(72, true),
    nonce: view.getUint32(76, true),
  };
}

/** Id of a header in hash order (the order of `previous`), as the node's map key. */
export function headerId(header: Header, crypto: Crypto): Hex {
  return toHex(crypto.sha256d(encodeHeader(header)));
}

/** A block id as people and JSON-RPC see it: byte-reversed with `0x`, so that work shows as leading zeros. */
export function displayId(id: Hex | Uint8Array): string {
  const bytes =
    typeof id === 'string'
      ? Uint8Array.from(id.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
      : id;
  return `0x${toHex(reverseBytes(bytes))}`;
}

/** Whether consensus accepts this version: all but the rolling bits are fixed. */
export function isVersionValid(version: number): boolean {
  return (version & ~versionRollingMask) >>> 0 === baseVersion;
}
