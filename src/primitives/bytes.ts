/**
 * Byte strings: hexadecimal, concatenation, comparison and fixed-width integers.
 * Every other file of the project builds on these; nothing here allocates more than its result.
 */

/** Lower-case hexadecimal without a prefix: the form of every map key and block id inside the node. */
export type Hex = string;

/** Bytes turned into text at a time: bounds the arguments of one call. */
const hexChunkBytes = 4_096;

/** The empty byte string. Never write to it. */
export const emptyBytes: Uint8Array = new Uint8Array(0);

/** Character codes of both digits of every byte, one after the other. */
const digitCodes: Uint8Array = Uint8Array.from({ length: 512 }, (_, place) => {
  const byte = place >> 1;
  const digit = place % 2 === 0 ? byte >> 4 : byte & 15;
  return digit < 10 ? 48 + digit : 87 + digit;
});

/** Lower-case hexadecimal of `bytes`, without a prefix. */
export function toHex(bytes: Uint8Array): Hex {
  if (bytes.length <= hexChunkBytes) return hexOfChunk(bytes);
  let text = '';
  for (let start = 0; start < bytes.length; start += hexChunkBytes) {
    text += hexOfChunk(bytes.subarray(start, start + hexChunkBytes));
  }
  return text;
}

function hexOfChunk(bytes: Uint8Array): Hex {
  // One flat string: as a map key it is twice as fast as a text grown by concatenation.
  const codes: number[] = new Array(2 * bytes.length);
  for (let index = 0; index < bytes.length; index++) {
    const place = 2 * (bytes[index] as number);
    codes[2 * index] = digitCodes[place] as number;
    codes[2 * index + 1] = digitCodes[place + 1] as number;
  }
  return String.fromCharCode.apply(undefined, codes);
}

/**
 * Bytes of a hexadecimal string, with or without `0x`.
 * @throws RangeError when the text has an odd length or a character that is no hexadecimal digit.
 */
export function fromHex(text: string): Uint8Array {
  const start = text.startsWith('0x') ? 2 : 0;
  const digits = text.length - start;
  if (digits % 2 !== 0) throw new RangeError(`odd number of hexadecimal digits: ${digits}`);
  const bytes = new Uint8Array(digits / 2);
  for (let index = 0; index < bytes.length; index++) {
    const high = digitOf(text.charCodeAt(start + 2 * index));
    const low = digitOf(text.charCodeAt(start + 2 * index + 1));
    // An unknown digit is -1, and so is then the whole.
    const byte = (high << 4) | low;
    if (byte < 0) throw new RangeError('not hexadecimal: use digits 0-9 and a-f only');
    bytes[index] = byte;
  }
  return bytes;
}

/** Value of a hexadecimal digit by its character code, or -1. */
function digitOf(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 102) return code - 87;
  if (code >= 65 && code <= 70) return code - 55;
  return -1;
}

/** One byte string holding all `parts` in order. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return concatAll(parts);
}

/** As `concat`, for lists of any length: a call takes at most about 120,000 arguments. */
export function concatAll(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Whether both strings hold the same bytes. Not constant time: do not use it on secrets. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && compareBytes(left, right) === 0;
}

/** Lexicographic order: negative, zero or positive. A prefix sorts before what it begins. */
export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index++) {
    const difference = (left[index] as number) - (right[index] as number);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** A reversed copy: block ids are shown in the opposite of their hash order, as in Bitcoin. */
export function reverseBytes(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes).reverse();
}

/** Whether every byte is zero. */
export function isZero(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte !== 0) return false;
  return true;
}

/** Widest integer that a number holds exactly, in whole bytes. */
const exactBytesMax = 6;

/** Reads a big-endian unsigned integer of any width. The empty string is 0. */
export function bigintFromBytes(bytes: Uint8Array): bigint {
  if (bytes.length > exactBytesMax) return BigInt(`0x${toHex(bytes)}`);
  // Nonces, gas and most fees of transactions: three times as fast as through text.
  let value = 0;
  for (let index = 0; index < bytes.length; index++) {
    value = 256 * value + (bytes[index] as number);
  }
  return BigInt(value);
}

/**
 * Big-endian bytes of `value` in exactly `width` bytes.
 * @throws RangeError when the value is negative or does not fit.
 */
export function bigintToBytes(value: bigint, width: number): Uint8Array {
  if (value < 0n || value >> BigInt(8 * width) !== 0n) {
    throw new RangeError(`${value} does not fit ${width} unsigned bytes`);
  }
  if (value === 0n) return new Uint8Array(width);
  return fromHex(value.toString(16).padStart(2 * width, '0'));
}

/** Big-endian bytes of `value` without leading zeros; 0 is the empty string (RLP's integers). */
export function minimalBytes(value: bigint): Uint8Array {
  if (value < 0n) throw new RangeError(`${value} is negative`);
  if (value === 0n) return emptyBytes;
  const digits = value.toString(16);
  return fromHex(digits.length % 2 === 0 ? digits : `0${digits}`);
}

/** Eight big-endian bytes of a non-negative safe integer. */
export function u64ToBytes(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`${value} is no integer between 0 and 2^53 - 1`);
  }
  const bytes = new Uint8Array(8);
  for (let index = 7, rest = value; rest > 0; index--, rest = Math.floor(rest / 256)) {
    bytes[index] = rest % 256;
  }
  return bytes;
}

/**
 * Reads eight big-endian bytes at `offset` as a number.
 * @throws RangeError above 2^53 - 1, which no height, size or gas amount of a block reaches.
 */
export function u64FromBytes(bytes: Uint8Array, offset = 0): number {
  const value = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(offset);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError(`${value} is above 2^53 - 1`);
  return Number(value);
}

/** UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
