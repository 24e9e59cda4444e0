/** Random numbers that repeat: everything random in the machine's proofs comes from a seed. */

/** A whole number from 0 to below its argument. */
export type Pick = (below: number) => number;

/** Numbers below its argument, the same for the same seed (mulberry32). */
export function pickerFrom(seed: number): Pick {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

export function pickOf<Item>(pick: Pick, items: readonly Item[]): Item {
  return items[pick(items.length)] as Item;
}

export function pickBytes(pick: Pick, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => pick(256));
}
