/**
 * The arena: memory for one call, handed out upwards and given back by marks. No runtime, no
 * collector and no initialiser that would need a start function: an instance lives for one call.
 */

/** Bytes in use. A position beside the heap's constant base needs no first call that sets it. */
let used: usize = 0;

// @ts-ignore: decorator
@inline
function base(): usize {
  return (__heap_base + 7) & ~7;
}

/** Reserves `size` bytes, aligned to 8. Their content is whatever was there before. */
export function allocate(size: usize): usize {
  const position = used;
  take((size + 7) & ~7);
  return base() + position;
}

/** Reserves 32 bytes without a call, which would take as long as an addition. */
// @ts-ignore: decorator
@inline
export function allocateWord(): usize {
  const position = used;
  take(32);
  return base() + position;
}

// @ts-ignore: decorator
@inline
function take(size: usize): void {
  used += size;
  if (base() + used > <usize>memory.size() << 16) grow();
}

function grow(): void {
  if (memory.grow(<i32>((base() + used + 0xffff) >> 16) - memory.size()) < 0) unreachable();
}

/** Remembers how far the arena is filled. */
export function mark(): usize {
  return allocate(0);
}

/** Gives back everything reserved since `position`: loops stay within one page this way. */
export function release(position: usize): void {
  used = position - base();
}
