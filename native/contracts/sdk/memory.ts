/**
 * The arena: memory for one call, handed out upwards and given back by marks. No runtime, no
 * collector and no initialiser that would need a start function: an instance lives for one call.
 */

let top: usize = 0;

/** Reserves `size` bytes, aligned to 8. Their content is whatever was there before. */
export function allocate(size: usize): usize {
  if (top == 0) top = (__heap_base + 7) & ~7;
  const pointer = top;
  top = (pointer + size + 7) & ~7;
  const missing = <i32>((top + 0xffff) >> 16) - memory.size();
  if (missing > 0 && memory.grow(missing) < 0) unreachable();
  return pointer;
}

/** Remembers how far the arena is filled. */
export function mark(): usize {
  return allocate(0);
}

/** Gives back everything reserved since `position`: loops stay within one page this way. */
export function release(position: usize): void {
  top = position;
}
