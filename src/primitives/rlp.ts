/**
 * Recursive Length Prefix, Ethereum's encoding of nested byte strings (Yellow Paper, appendix B).
 * Decoding is strict: one value has one encoding, and anything else is refused with its offset.
 */

import { bigintFromBytes } from './bytes.ts';
import { limits } from './limits.ts';

export type RlpItem = Uint8Array | readonly RlpItem[];

/** Foreign bytes that do not decode. `offset` is where reading stopped. */
export class DecodeError extends Error {
  static readonly code = 'malformed';
  readonly code: string = DecodeError.code;
  readonly offset: number;
  constructor(message: string, offset = 0) {
    super(`${message} (at byte ${offset})`);
    this.name = 'DecodeError';
    this.offset = offset;
  }
}

/** Bytes of the length of a length that does not fit the first byte. */
function lengthWidth(length: number): number {
  let width = 1;
  for (let rest = Math.floor(length / 256); rest > 0; rest = Math.floor(rest / 256)) width += 1;
  return width;
}

function isBare(bytes: Uint8Array): boolean {
  return bytes.length === 1 && (bytes[0] as number) < 0x80;
}

function payloadSize(item: RlpItem): number {
  if (item instanceof Uint8Array) return item.length;
  let size = 0;
  for (const child of item) size += encodedSize(child);
  return size;
}

function encodedSize(item: RlpItem): number {
  const size = payloadSize(item);
  if (item instanceof Uint8Array && isBare(item)) return 1;
  return size + (size < 56 ? 1 : 1 + lengthWidth(size));
}

/** Writes `item` at `offset` and returns the offset after it. */
function writeItem(item: RlpItem, target: Uint8Array, offset: number): number {
  const isBytes = item instanceof Uint8Array;
  if (isBytes && isBare(item)) {
    target[offset] = item[0] as number;
    return offset + 1;
  }
  const size = payloadSize(item);
  const base = isBytes ? 0x80 : 0xc0;
  let next = offset + 1;
  if (size < 56) target[offset] = base + size;
  else {
    const width = lengthWidth(size);
    target[offset] = base + 55 + width;
    for (let at = width, rest = size; at > 0; at--, rest = Math.floor(rest / 256)) {
      target[offset + at] = rest % 256;
    }
    next += width;
  }
  if (isBytes) {
    target.set(item, next);
    return next + size;
  }
  for (const child of item) next = writeItem(child, target, next);
  return next;
}

/** RLP of a byte string or of a list of items, in a buffer of its own. */
export function encodeRlp(item: RlpItem): Uint8Array {
  const encoded = new Uint8Array(encodedSize(item));
  writeItem(item, encoded, 0);
  return encoded;
}

interface Span {
  readonly isList: boolean;
  readonly start: number;
  readonly end: number;
}

function readLength(data: Uint8Array, offset: number, width: number): number {
  if (offset + 1 + width > data.length) throw new DecodeError('RLP length is cut off', offset);
  const bytes = data.subarray(offset + 1, offset + 1 + width);
  if (bytes[0] === 0) throw new DecodeError('RLP length has a leading zero', offset);
  if (width > 4) throw new DecodeError('RLP length is above 4 GiB', offset);
  const length = Number(bigintFromBytes(bytes));
  if (length < 56) throw new DecodeError('RLP length is not in its shortest form', offset);
  return length;
}

function readSpan(data: Uint8Array, offset: number): Span {
  const first = data[offset];
  if (first === undefined) throw new DecodeError('RLP item is missing', offset);
  let start = offset + 1;
  let length: number;
  if (first < 0x80) {
    start = offset;
    length = 1;
  } else if (first <= 0xb7) length = first - 0x80;
  else if (first <= 0xbf) {
    length = readLength(data, offset, first - 0xb7);
    start += first - 0xb7;
  } else if (first <= 0xf7) length = first - 0xc0;
  else {
    length = readLength(data, offset, first - 0xf7);
    start += first - 0xf7;
  }
  const end = start + length;
  if (end > data.length) throw new DecodeError('RLP item runs past the end', offset);
  if (first === 0x81 && (data[start] as number) < 0x80) {
    throw new DecodeError('RLP single byte has a prefix it does not need', offset);
  }
  return { isList: first >= 0xc0, start, end };
}

/** Counts down, so that a message of single bytes cannot cost a hundred times its size in views. */
interface Allowance {
  items: number;
}

function decodeSpan(data: Uint8Array, span: Span, depth: number, allowance: Allowance): RlpItem {
  if (allowance.items-- <= 0) throw new DecodeError('RLP has too many items', span.start);
  if (!span.isList) return data.subarray(span.start, span.end);
  if (depth >= limits.rlpDepthMax) throw new DecodeError('RLP is nested too deeply', span.start);
  const items: RlpItem[] = [];
  let offset = span.start;
  while (offset < span.end) {
    const child = readSpan(data, offset);
    if (child.end > span.end) throw new DecodeError('RLP item runs past its list', offset);
    items.push(decodeSpan(data, child, depth + 1, allowance));
    offset = child.end;
  }
  return items;
}

/**
 * The item that `data` encodes, all of it. Byte strings are views into `data`.
 * `itemsMax` bounds strings and lists together; foreign messages pass `limits.messageItemsMax`.
 * @throws DecodeError on any encoding that is not canonical, and on trailing bytes.
 */
export function decodeRlp(data: Uint8Array, itemsMax = Number.POSITIVE_INFINITY): RlpItem {
  const span = readSpan(data, 0);
  if (span.end !== data.length) throw new DecodeError('RLP has trailing bytes', span.end);
  return decodeSpan(data, span, 0, { items: itemsMax });
}

/** `item` as a list of `length` items (any number when undefined). */
export function rlpList(
  item: RlpItem | undefined,
  name: string,
  length?: number,
): readonly RlpItem[] {
  if (item === undefined || item instanceof Uint8Array) throw new DecodeError(`${name} is no list`);
  if (length !== undefined && item.length !== length) {
    throw new DecodeError(`${name} has ${item.length} items, ${length} are needed`);
  }
  return item;
}

/** `item` as a byte string of `length` bytes (any number when undefined). */
export function rlpBytes(item: RlpItem | undefined, name: string, length?: number): Uint8Array {
  if (!(item instanceof Uint8Array)) throw new DecodeError(`${name} is no byte string`);
  if (length !== undefined && item.length !== length) {
    throw new DecodeError(`${name} has ${item.length} bytes, ${length} are needed`);
  }
  return item;
}

/** `item` as an unsigned integer without leading zeros, at most `widthMax` bytes. */
export function rlpInteger(item: RlpItem | undefined, name: string, widthMax = 32): bigint {
  const bytes = rlpBytes(item, name);
  if (bytes[0] === 0) throw new DecodeError(`${name} has a leading zero`);
  if (bytes.length > widthMax) throw new DecodeError(`${name} is wider than ${widthMax} bytes`);
  return bigintFromBytes(bytes);
}

/** `item` as an unsigned integer that fits a number exactly. */
export function rlpNumber(item: RlpItem | undefined, name: string): number {
  const value = rlpInteger(item, name, 8);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new DecodeError(`${name} is above 2^53 - 1`);
  return Number(value);
}
