// Words of SHA-256 as the compression sees them: T is u32 (one lane) or v128 (four lanes).
// Everything inlines to single instructions, so one source serves both cores.

/** Lanes searched at once: 1 or 4. */
// @ts-ignore: decorator
@inline
export function lanes<T>(): u32 {
  return (sizeof<T>() as u32) / 4;
}

// @ts-ignore: decorator
@inline
export function add<T>(a: T, b: T): T {
  if (isVector<T>()) return i32x4.add(a, b) as T;
  return (a + b) as T;
}

// @ts-ignore: decorator
@inline
export function xor<T>(a: T, b: T): T {
  if (isVector<T>()) return v128.xor(a, b) as T;
  return (a ^ b) as T;
}

// @ts-ignore: decorator
@inline
export function and<T>(a: T, b: T): T {
  if (isVector<T>()) return v128.and(a, b) as T;
  return (a & b) as T;
}

// @ts-ignore: decorator
@inline
export function shiftRight<T>(a: T, by: i32): T {
  if (isVector<T>()) return i32x4.shr_u(a, by) as T;
  return (a >>> by) as T;
}

/** WebAssembly has no vector rotate: two shifts and an exclusive or. */
// @ts-ignore: decorator
@inline
export function rotateRight<T>(a: T, by: i32): T {
  if (isVector<T>()) return v128.xor(i32x4.shr_u(a, by), i32x4.shl(a, 32 - by)) as T;
  return rotr<u32>(a, by) as T;
}

/** One 32-bit word from memory in every lane. */
// @ts-ignore: decorator
@inline
export function loadSplat<T>(address: usize): T {
  if (isVector<T>()) return v128.load32_splat(address) as T;
  return load<u32>(address) as T;
}

// @ts-ignore: decorator
@inline
export function splat<T>(value: u32): T {
  if (isVector<T>()) return i32x4.splat(value) as T;
  return value as T;
}

/** value, value + 1, ... */
// @ts-ignore: decorator
@inline
export function count<T>(value: u32): T {
  if (isVector<T>()) return i32x4.add(i32x4.splat(value), i32x4(0, 1, 2, 3)) as T;
  return value as T;
}

/** Exchanges little- and big-endian words. */
// @ts-ignore: decorator
@inline
export function swapBytes<T>(a: T): T {
  if (isVector<T>()) {
    return i8x16.shuffle(a, a, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12) as T;
  }
  return bswap<u32>(a) as T;
}

/** Whether any lane is <= the same lane of `bound`, unsigned. */
// @ts-ignore: decorator
@inline
export function anyAtMost<T>(a: T, bound: T): bool {
  if (isVector<T>()) return v128.any_true(i32x4.le_u(a, bound));
  return a <= bound;
}
