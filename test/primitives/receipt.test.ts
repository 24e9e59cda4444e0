import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/primitives/bytes.ts';
import { decodeReceipt, encodeReceipt, type Receipt } from '../../src/primitives/receipt.ts';
import { DecodeError, encodeRlp } from '../../src/primitives/rlp.ts';
import { anyBytes, bytesOf } from '../support/arbitrary.ts';

const anyReceipt: fc.Arbitrary<Receipt> = fc.record({
  transactionHash: bytesOf(32),
  status: fc.constantFrom<(0 | 1)[]>(0, 1),
  cumulativeGasUsed: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  logs: fc.array(
    fc.record({
      address: bytesOf(20),
      topics: fc.array(bytesOf(32), { maxLength: 4 }),
      data: anyBytes,
    }),
    { maxLength: 4 },
  ),
});

const hash = new Uint8Array(32).fill(0xaa);

describe('receipt leaf', () => {
  it('is RLP [hash, status, cumulative gas, logs]', () => {
    const receipt: Receipt = {
      transactionHash: hash,
      status: 1,
      cumulativeGasUsed: 21_000,
      logs: [],
    };
    expect(toHex(encodeReceipt(receipt))).toBe(`e6a0${'aa'.repeat(32)}01825208c0`);
  });

  it('round trips', () => {
    fc.assert(
      fc.property(anyReceipt, (receipt) => {
        expect(decodeReceipt(encodeReceipt(receipt))).toEqual(receipt);
      }),
    );
  });

  it.each([
    [[hash, Uint8Array.of(2), new Uint8Array(0), []], 'status 2 is not 0 or 1'],
    [[hash, Uint8Array.of(0), new Uint8Array(0), []], 'status has a leading zero'],
    [[hash, Uint8Array.of(1), []], 'receipt has 3 items, 4 are needed'],
    [[hash.subarray(1), Uint8Array.of(1), new Uint8Array(0), []], 'transaction hash has 31 bytes'],
    [
      [
        hash,
        Uint8Array.of(1),
        new Uint8Array(0),
        [[hash.subarray(12), Array.from({ length: 5 }, () => hash), new Uint8Array(0)]],
      ],
      'log has 5 topics, at most 4',
    ],
  ])('refuses the malformed leaf %#', (items, message) => {
    expect(() => decodeReceipt(encodeRlp(items))).toThrow(message);
  });

  it('has one form: whatever decodes encodes to the same bytes', () => {
    const mutated = fc.tuple(anyReceipt.map(encodeReceipt), fc.nat(), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(mutated, ([encoded, position, byte]) => {
        const bytes = encoded.slice();
        bytes[position % bytes.length] = byte;
        try {
          expect(encodeReceipt(decodeReceipt(bytes))).toEqual(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
