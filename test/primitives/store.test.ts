import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes } from '../../src/primitives/bytes.ts';
import { endOfPrefix, keys } from '../../src/primitives/store.ts';

const id = '11'.repeat(32);
const path = new Uint8Array(32);
const examples: Record<keyof typeof keys, Uint8Array> = {
  header: keys.header(id),
  headerByHeight: keys.headerByHeight(1, id),
  canonical: keys.canonical(1),
  record: keys.record(id),
  body: keys.body(id),
  receipts: keys.receipts(id),
  undo: keys.undo(id),
  transaction: keys.transaction(path),
  invalid: keys.invalid(id),
  state: keys.state(path),
  node: keys.node(path),
  code: keys.code(path),
  protocol: keys.protocol(path),
  meta: keys.meta('head'),
};

describe('key layout', () => {
  it('gives every kind of entry its own first byte', () => {
    expect(Object.keys(examples)).toEqual(Object.keys(keys));
    const letters = Object.values(examples).map((key) => key[0]);
    expect(new Set(letters).size).toBe(letters.length);
  });

  it('orders entries by height', () => {
    const height = fc.nat({ max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(height, height, (left, right) => {
        const order = Math.sign(compareBytes(keys.canonical(left), keys.canonical(right)));
        expect(order).toBe(Math.sign(left - right));
        if (left < right) {
          const before = keys.headerByHeight(left, 'ff'.repeat(32));
          expect(compareBytes(before, keys.headerByHeight(right, id))).toBeLessThan(0);
        }
      }),
    );
  });

  it('ends each range before the next letter', () => {
    const last = keys.headerByHeight(Number.MAX_SAFE_INTEGER, 'ff'.repeat(32));
    expect(compareBytes(last, endOfPrefix('g'))).toBeLessThan(0);
    expect(compareBytes(keys.header(id), endOfPrefix('g'))).toBeGreaterThanOrEqual(0);
  });
});
