/** Slots and logs in flat arrays against maps and lists that are copied at each checkpoint. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LogBook } from '../../src/ledger/log-book.ts';
import { Slots } from '../../src/ledger/slots.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { equalWords, isZeroWord, wordFromBytes, wordToBytes } from '../../src/primitives/words.ts';

/** Differs from others in its first byte, its last, or both. */
const keyOf = (number: number): Uint8Array => {
  const bytes = new Uint8Array(32);
  bytes[0] = number >> 4;
  bytes[31] = number & 15;
  return bytes;
};
const filled = (number: number): Uint8Array => new Uint8Array(32).fill(number);
const pathOf = (account: number, key: number): Uint8Array =>
  Uint8Array.from([...keyOf(key).subarray(0, 31), account]);

const operation = fc.record({
  kind: fc.constantFrom(
    ...[
      'write',
      'write',
      'write',
      'warm',
      'warm',
      'warm',
      'checkpoint',
      'checkpoint',
      'revert',
      'begin',
    ],
  ),
  account: fc.integer({ min: 0, max: 2 }),
  /** Some again and again, others to let the arrays grow. */
  key: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 255 })),
  value: fc.integer({ min: 0, max: 3 }),
});

interface Model {
  readonly values: Map<string, number>;
  readonly warm: Set<string>;
}

/** Even keys hold 1 in the store, odd ones nothing. */
const storedOf = (key: number): number => (key + 1) % 2;

class Pair {
  readonly slots = new Slots([7, -9]);
  readonly met = new Map<string, readonly [slot: number, account: number, key: number]>();
  model: Model = { values: new Map(), warm: new Set() };
  original = new Map<string, number>();
  saved: { readonly mark: number; readonly model: Model }[] = [];

  find(account: number, key: number): number {
    const { slots } = this;
    const slot = slots.find(account, wordFromBytes(keyOf(key)));
    const name = `${account} ${key}`;
    const known = this.met.get(name);
    expect(slot).toBe(known?.[0] ?? this.met.size);
    this.met.set(name, [slot, account, key]);
    expect(slots.isLoaded(slot)).toBe(known !== undefined);
    if (known === undefined) slots.load(slot, pathOf(account, key), filled(storedOf(key)));
    return slot;
  }

  copy(): Model {
    return { values: new Map(this.model.values), warm: new Set(this.model.warm) };
  }

  take({ kind, account, key, value }: typeof operation extends fc.Arbitrary<infer T> ? T : never) {
    const { slots, model } = this;
    const name = `${account} ${key}`;
    if (kind === 'write') {
      slots.write(this.find(account, key), wordFromBytes(filled(value)));
      model.values.set(name, value);
    } else if (kind === 'warm') {
      expect(slots.warm(this.find(account, key))).toBe(!model.warm.has(name));
      model.warm.add(name);
    } else if (kind === 'checkpoint') {
      this.saved.push({ mark: slots.mark, model: this.copy() });
    } else if (kind === 'revert') {
      // Sometimes through several at once.
      for (let count = value; count > 0 && this.saved.length > 1; count--) this.saved.pop();
      const saved = this.saved.pop();
      if (saved === undefined) return;
      slots.revertTo(saved.mark);
      this.model = saved.model;
    } else {
      slots.beginTransaction();
      this.original = new Map(model.values);
      this.model = { values: model.values, warm: new Set() };
      this.saved = [];
    }
  }

  compare(): void {
    const { slots } = this;
    expect(slots.count).toBe(this.met.size);
    const [value, original] = [new Int32Array(8), new Int32Array(8)];
    for (const [name, [slot, account, key]] of this.met) {
      expect(this.find(account, key)).toBe(slot);
      slots.value(slot, value);
      slots.original(slot, original);
      const expected = this.model.values.get(name) ?? storedOf(key);
      expect(wordToBytes(value)).toEqual(filled(expected));
      expect(wordToBytes(original)).toEqual(filled(this.original.get(name) ?? storedOf(key)));
      expect(slots.isChanged(slot)).toBe(expected !== storedOf(key));
      expect(slots.account(slot)).toBe(account);
      expect(slots.leaf(slot)).toEqual({
        path: pathOf(account, key),
        value: filled(expected),
        stored: filled(storedOf(key)),
      });
      const image = new Uint8Array(34);
      slots.putKey(slot, image, 1);
      expect(image).toEqual(Uint8Array.from([0, ...keyOf(key), 0]));
    }
  }
}

describe('slots', () => {
  it('agree with maps, through growth and nested reverts', () => {
    fc.assert(
      fc.property(fc.array(operation, { minLength: 100, maxLength: 250 }), (operations) => {
        const pair = new Pair();
        for (const each of operations) pair.take(each);
        pair.compare();
      }),
      { numRuns: 20 },
    );
  });
});

describe('words', () => {
  it('keep their bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.nat(31), (bytes, at) => {
        const word = wordFromBytes(bytes);
        expect(wordToBytes(word)).toEqual(bytes);
        expect(isZeroWord(word)).toBe(bytes.every((byte) => byte === 0));
        const other = Uint8Array.from(bytes);
        other[at] = (other[at] as number) ^ 0x80;
        expect(equalWords(word, wordFromBytes(bytes))).toBe(true);
        expect(equalWords(word, wordFromBytes(other))).toBe(false);
      }),
    );
    expect(isZeroWord(new Int32Array(8))).toBe(true);
    expect(() => wordFromBytes(new Uint8Array(31))).toThrow(RangeError);
  });
});

describe('a log book', () => {
  it('lists what was added and not cut, each with bytes of its own', () => {
    const entry = fc.record({
      topics: fc.integer({ min: 0, max: 4 }),
      data: fc.uint8Array({ maxLength: 200 }),
      cut: fc.option(fc.nat(5), { freq: 4 }),
    });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 20 }), (entries) => {
        const book = new LogBook();
        const expected: string[][] = [];
        for (const { topics, data, cut } of entries) {
          const words = Array.from({ length: topics }, (_, index) => filled(index + 1));
          const bytes = Uint8Array.from([...words.flatMap((word) => [...word]), ...data]);
          book.add(filled(topics).subarray(12), topics, bytes);
          bytes.fill(0xff);
          expected.push([...words.map(toHex), toHex(data)]);
          if (cut === null) continue;
          expected.length = Math.min(expected.length, cut);
          book.cutTo(expected.length);
        }
        expect(book.count).toBe(expected.length);
        const listed = book.list().map(({ topics, data }) => [...topics.map(toHex), toHex(data)]);
        expect(listed).toEqual(expected);
      }),
    );
  });
});
