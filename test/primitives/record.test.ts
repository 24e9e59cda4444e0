import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Block, blockId, checkBody } from '../../src/primitives/block.ts';
import { fromHex, toHex, u64ToBytes } from '../../src/primitives/bytes.ts';
import { nobleCrypto as crypto } from '../../src/primitives/crypto.ts';
import { headerId } from '../../src/primitives/header.ts';
import { merkleRoot } from '../../src/primitives/merkle.ts';
import {
  type CoinbaseRecord,
  decodeRecord,
  encodeRecord,
  recordCommitment,
  recordSizeBytes,
} from '../../src/primitives/record.ts';
import { DecodeError } from '../../src/primitives/rlp.ts';
import { anyBlock, anyRecord, bytesOf } from '../support/arbitrary.ts';

const fill = (byte: number, length: number): Uint8Array => new Uint8Array(length).fill(byte);

const example: CoinbaseRecord = {
  height: 0x0102,
  stateRoot: fill(0x11, 32),
  transactionsRoot: fill(0x22, 32),
  receiptsRoot: fill(0x33, 32),
  beneficiary: fill(0x44, 20),
  gasLimit: 30_000_000,
  gasUsed: 21_000,
  baseFeePerGas: 1_000_000_000n,
  extraData: fill(0x55, 32),
  extranonce: fill(0x66, 16),
};

/** A block whose header and record commit to what they hold. */
function committed(block: Block): Block {
  const record = { ...block.record, transactionsRoot: merkleRoot(block.transactions, crypto) };
  return {
    ...block,
    record,
    header: { ...block.header, commitment: recordCommitment(record, crypto) },
  };
}

describe('coinbase record', () => {
  it('has its 208 bytes in the documented order', () => {
    expect(toHex(encodeRecord(example))).toBe(
      [
        '44444e31',
        '0000000000000102',
        '11'.repeat(32),
        '22'.repeat(32),
        '33'.repeat(32),
        '44'.repeat(20),
        '0000000001c9c380',
        '0000000000005208',
        '0000000000000000000000003b9aca00',
        '55'.repeat(32),
        '66'.repeat(16),
      ].join(''),
    );
    expect(toHex(encodeRecord(example)).length).toBe(2 * recordSizeBytes);
  });

  it('round trips, and its commitment is SHA-256d', () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        const bytes = encodeRecord(record);
        expect(decodeRecord(bytes)).toEqual(record);
        expect(recordCommitment(record, crypto)).toEqual(crypto.sha256d(bytes));
      }),
    );
  });

  it('is read from a view at any offset, keeping none of it', () => {
    const buffer = new Uint8Array(1 + recordSizeBytes);
    buffer.set(encodeRecord(example), 1);
    const record = decodeRecord(buffer.subarray(1));
    buffer.fill(0);
    expect(record).toEqual(example);
  });

  it('refuses another length, another magic and integers above 2^53 - 1', () => {
    const bytes = encodeRecord(example);
    expect(() => decodeRecord(bytes.subarray(1))).toThrow(DecodeError);
    expect(() => decodeRecord(fromHex(`${toHex(bytes)}00`))).toThrow(DecodeError);
    expect(() => decodeRecord(fromHex(toHex(bytes).replace('44444e31', '44444e32')))).toThrow(
      'lacks its magic DDN1',
    );
    for (const offset of [4, 128, 136]) {
      const large = bytes.slice();
      large.set(fromHex('0020000000000000'), offset);
      expect(() => decodeRecord(large)).toThrow(DecodeError);
      large.set(u64ToBytes(Number.MAX_SAFE_INTEGER), offset);
      expect(() => decodeRecord(large)).not.toThrow();
    }
  });

  it('throws nothing but DecodeError on any 208 bytes', () => {
    fc.assert(
      fc.property(bytesOf(recordSizeBytes), fc.boolean(), (bytes, magic) => {
        if (magic) bytes.set(fromHex('44444e31'));
        try {
          expect(encodeRecord(decodeRecord(bytes))).toEqual(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
    );
  });

  it('with a field of another width is never encoded', () => {
    expect(() => encodeRecord({ ...example, beneficiary: fill(0, 32) })).toThrow(RangeError);
    expect(() => encodeRecord({ ...example, baseFeePerGas: 1n << 128n })).toThrow(RangeError);
  });
});

describe('body', () => {
  it('belongs to its header only as it was committed to', () => {
    fc.assert(
      fc.property(anyBlock, bytesOf(40), (block, other) => {
        const whole = committed(block);
        expect(checkBody(whole, crypto)).toBeUndefined();
        expect(blockId(whole, crypto)).toBe(headerId(whole.header, crypto));
        const extended = { ...whole, transactions: [...whole.transactions, other] };
        expect(checkBody(extended, crypto)).toBe('transactions-mismatch');
        const record = { ...whole.record, gasUsed: whole.record.gasUsed === 0 ? 1 : 0 };
        expect(checkBody({ ...whole, record }, crypto)).toBe('commitment-mismatch');
      }),
    );
  });

  it('above 2 MiB of transactions is too large', () => {
    const body = (sizeBytes: number): Block =>
      committed({
        record: example,
        header: { ...headerOf(), version: 0x20000000 },
        transactions: [fill(1, sizeBytes - 1), fill(2, 1)],
      });
    expect(checkBody(body(2 * 1024 * 1024), crypto)).toBeUndefined();
    expect(checkBody(body(2 * 1024 * 1024 + 1), crypto)).toBe('body-too-large');
  });
});

function headerOf(): Block['header'] {
  const zeros = new Uint8Array(32);
  return { version: 0, previous: zeros, commitment: zeros, time: 0, bits: 0, nonce: 0 };
}
