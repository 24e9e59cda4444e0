import { encodeRlp as encodeWithEthers } from 'ethers';
import fc from 'fast-check';
import { toRlp } from 'viem';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/primitives/bytes.ts';
import { limits } from '../../src/primitives/limits.ts';
import {
  DecodeError,
  decodeRlp,
  encodeRlp,
  type RlpItem,
  rlpBytes,
  rlpInteger,
  rlpList,
  rlpNumber,
} from '../../src/primitives/rlp.ts';

const { item } = fc.letrec<{ item: RlpItem }>((tie) => ({
  item: fc.oneof(
    { depthSize: 'small', withCrossShrink: true, maxDepth: limits.rlpDepthMax },
    fc.uint8Array({ maxLength: 70 }),
    fc.array(tie('item') as fc.Arbitrary<RlpItem>, { maxLength: 5 }),
  ),
}));

type HexItem = `0x${string}` | HexItem[];
const asHex = (value: RlpItem): HexItem =>
  value instanceof Uint8Array ? `0x${toHex(value)}` : value.map(asHex);

/** Lists inside lists, `depth` of them. A list's prefix is that of a string of its length plus 0x40. */
const nested = (depth: number): Uint8Array => {
  let whole = Uint8Array.of(0xc0);
  for (let level = 1; level < depth; level++) {
    const encoded = encodeRlp(new Uint8Array(whole.length).fill(0x80));
    const prefix = encoded.slice(0, encoded.length - whole.length);
    prefix[0] = (prefix[0] as number) + 0x40;
    whole = new Uint8Array([...prefix, ...whole]);
  }
  return whole;
};

/** Yellow Paper, appendix B, and the RLP page of ethereum.org. */
const examples: readonly (readonly [RlpItem, string])[] = [
  [new TextEncoder().encode('dog'), '83646f67'],
  [[new TextEncoder().encode('cat'), new TextEncoder().encode('dog')], 'c88363617483646f67'],
  [new Uint8Array(0), '80'],
  [[], 'c0'],
  [Uint8Array.of(0), '00'],
  [Uint8Array.of(0x0f), '0f'],
  [Uint8Array.of(0x80), '8180'],
  [Uint8Array.of(4, 0), '820400'],
  [[[], [[]], [[], [[]]]], 'c7c0c1c0c3c0c1c0'],
  [new Uint8Array(55), `b7${'00'.repeat(55)}`],
  [new Uint8Array(56), `b838${'00'.repeat(56)}`],
  [new Uint8Array(1024), `b90400${'00'.repeat(1024)}`],
];

describe('RLP', () => {
  it.each(examples)('writes and reads the example %#', (value, hex) => {
    expect(toHex(encodeRlp(value))).toBe(hex);
    expect(asHex(decodeRlp(fromHex(hex)))).toEqual(asHex(value));
  });

  it('round trips and agrees with viem and ethers', () => {
    fc.assert(
      fc.property(item, (value) => {
        const encoded = encodeRlp(value);
        expect(asHex(decodeRlp(encoded))).toEqual(asHex(value));
        expect(`0x${toHex(encoded)}`).toBe(toRlp(asHex(value)));
        expect(`0x${toHex(encoded)}`).toBe(encodeWithEthers(asHex(value)));
      }),
    );
  });

  it('has one encoding for each value: whatever decodes encodes to the same bytes', () => {
    const almost = item.chain((value) =>
      fc.tuple(fc.constant(encodeRlp(value)), fc.nat(), fc.nat({ max: 255 })),
    );
    fc.assert(
      fc.property(almost, ([encoded, position, byte]) => {
        const mutated = encoded.slice();
        mutated[position % mutated.length] = byte;
        try {
          expect(encodeRlp(decodeRlp(mutated))).toEqual(mutated);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['', 'nothing'],
    ['8100', 'one byte below 0x80 with a prefix'],
    ['817f', 'one byte below 0x80 with a prefix'],
    ['b800', 'a long form for no bytes'],
    [`b837${'00'.repeat(55)}`, 'a long form for 55 bytes'],
    [`b90038${'00'.repeat(56)}`, 'a length with a leading zero'],
    [`f837${'00'.repeat(55)}`, 'a long form for a list of 55 bytes'],
    ['83646f', 'a string that is cut off'],
    ['b8', 'a length that is cut off'],
    ['c3646f', 'a list that is cut off'],
    ['c283646f', 'an item longer than its list'],
    ['83646f6700', 'trailing bytes'],
    ['bfffffffffffffffff', 'a length of 2^64 - 1'],
    ['bb80000000', 'a length of 2^31 without data'],
    ['ffffffffffffffffff', 'a list length of 2^64 - 1'],
  ])('refuses %s: %s', (hex) => {
    expect(() => decodeRlp(fromHex(hex))).toThrow(DecodeError);
  });

  it('refuses nesting above its limit, however deep, without exhausting the stack', () => {
    expect(decodeRlp(nested(limits.rlpDepthMax))).toBeDefined();
    expect(() => decodeRlp(nested(limits.rlpDepthMax + 1))).toThrow('too deeply');
    expect(() => decodeRlp(nested(5_000))).toThrow('too deeply');
  });

  it('counts strings and lists against the allowance', () => {
    const encoded = encodeRlp([[Uint8Array.of(1)], Uint8Array.of(2)]);
    expect(decodeRlp(encoded, 4)).toHaveLength(2);
    expect(() => decodeRlp(encoded, 3)).toThrow('too many items');
  });

  it('writes lists longer than a call has arguments', () => {
    const many = Array.from({ length: 300_000 }, () => new Uint8Array(0));
    expect(encodeRlp(many)).toHaveLength(300_004);
  });

  it('names the field and the offset', () => {
    expect(() => rlpBytes([], 'to')).toThrow('to is no byte string');
    expect(() => rlpBytes(new Uint8Array(3), 'to', 20)).toThrow('to has 3 bytes, 20 are needed');
    expect(() => rlpList(new Uint8Array(0), 'logs')).toThrow('logs is no list');
    expect(() => rlpList([], 'log', 3)).toThrow('log has 0 items, 3 are needed');
    expect(() => rlpInteger(Uint8Array.of(0, 1), 'nonce')).toThrow('nonce has a leading zero');
    expect(() => rlpInteger(Uint8Array.of(0), 'nonce')).toThrow('nonce has a leading zero');
    expect(() => rlpInteger(new Uint8Array(9).fill(1), 'nonce', 8)).toThrow('wider than 8 bytes');
    expect(rlpInteger(new Uint8Array(0), 'nonce')).toBe(0n);
    expect(rlpNumber(fromHex('1fffffffffffff'), 'height')).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => rlpNumber(fromHex('20000000000000'), 'height')).toThrow('above 2^53 - 1');
    expect(() => decodeRlp(fromHex('c2817f'))).toThrow('(at byte 1)');
  });
});
