import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Hex, toHex } from '../../src/primitives/bytes.ts';
import { nobleCrypto as crypto } from '../../src/primitives/crypto.ts';
import { encodeHeader } from '../../src/primitives/header.ts';
import { limits } from '../../src/primitives/limits.ts';
import { encodeRecord } from '../../src/primitives/record.ts';
import { DecodeError, encodeRlp } from '../../src/primitives/rlp.ts';
import {
  announce,
  announcementCodec,
  type Codec,
  exchangeCodecs,
  shortId,
  transactionBatchCodec,
} from '../../src/primitives/wire.ts';
import {
  anyBlock,
  anyBytes,
  anyHeader,
  anyRecord,
  bytesOf,
  unsigned,
} from '../support/arbitrary.ts';

const anyId: fc.Arbitrary<Hex> = bytesOf(32).map(toHex);
const size = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const optionalSeal = { requiredKeys: ['record', 'transactions'] as ['record', 'transactions'] };

/** Every codec of foreign bytes with values that it must carry. */
const codecs: Record<string, { codec: Codec<unknown>; values: fc.Arbitrary<unknown> }> = {
  announcement: entry(
    announcementCodec,
    fc.record(
      {
        header: anyHeader,
        record: anyRecord,
        shortIds: fc.array(bytesOf(8), { maxLength: 5 }),
        seal: anyBytes,
      },
      { requiredKeys: ['header', 'record', 'shortIds'] },
    ),
  ),
  batch: entry(transactionBatchCodec, fc.array(anyBytes, { maxLength: 64 })),
  status: entry(
    exchangeCodecs.status.answer,
    fc.record({
      genesisId: bytesOf(32),
      headId: anyId,
      height: size,
      work: unsigned(256),
      earliestBody: size,
    }),
  ),
  headersQuery: entry(
    exchangeCodecs.headers.query,
    fc.record({
      locator: fc.array(anyId, { maxLength: limits.locatorHashesMax }),
      stop: anyId,
      max: fc.nat({ max: limits.headersPerAnswerMax }),
    }),
  ),
  headers: entry(exchangeCodecs.headers.answer, fc.array(anyHeader, { maxLength: 20 })),
  bodiesQuery: entry(
    exchangeCodecs.bodies.query,
    fc.record({ ids: fc.array(anyId, { maxLength: limits.bodiesPerAnswerMax }) }),
  ),
  bodies: entry(
    exchangeCodecs.bodies.answer,
    fc.array(
      fc.record(
        { record: anyRecord, transactions: fc.array(anyBytes, { maxLength: 4 }), seal: anyBytes },
        optionalSeal,
      ),
      { maxLength: limits.bodiesPerAnswerMax },
    ),
  ),
  transactionsQuery: entry(
    exchangeCodecs.transactions.query,
    fc.record({ id: anyId, indexes: fc.array(fc.nat(), { maxLength: 20 }) }),
  ),
  transactions: entry(exchangeCodecs.transactions.answer, fc.array(anyBytes, { maxLength: 20 })),
};

function entry<Value>(codec: Codec<Value>, values: fc.Arbitrary<Value>) {
  return { codec: codec as Codec<unknown>, values };
}

const names = Object.keys(codecs);
const codecOf = (name: string) => codecs[name] as (typeof codecs)[string];

describe('messages between nodes', () => {
  it.each(names)('%s round trips', (name) => {
    const { codec, values } = codecOf(name);
    fc.assert(
      fc.property(values, (value) => {
        expect(codec.decode(codec.encode(value))).toEqual(value);
      }),
      { numRuns: 50 },
    );
  });

  it.each(names)('%s keeps nothing of the buffer it came in', (name) => {
    const { codec, values } = codecOf(name);
    fc.assert(
      fc.property(values, (value) => {
        const buffer = codec.encode(value).slice();
        const decoded = codec.decode(buffer);
        buffer.fill(0);
        expect(decoded).toEqual(value);
      }),
      { numRuns: 20 },
    );
  });

  it.each(names)('%s throws nothing but DecodeError on foreign bytes', (name) => {
    const { codec, values } = codecOf(name);
    const mutation = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 3 });
    const mutated = fc.tuple(values.map(codec.encode), mutation).map(([encoded, mutations]) => {
      const bytes = encoded.slice();
      for (const [position, byte] of mutations) bytes[position % bytes.length] = byte;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(mutated, anyBytes), (bytes) => {
        try {
          codec.decode(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('limits of messages', () => {
  const id = '11'.repeat(32);
  const many = <Item>(count: number, item: Item): Item[] =>
    Array.from({ length: count }, () => item);
  const header = encodeHeader({
    version: 0x20000000,
    previous: new Uint8Array(32),
    commitment: new Uint8Array(32),
    time: 0,
    bits: 0,
    nonce: 0,
  });

  it('bound every count', () => {
    const { headers, bodies } = exchangeCodecs;
    const query = (count: number) =>
      headers.query.encode({ locator: many(count, id), stop: id, max: 1 });
    expect(headers.query.decode(query(limits.locatorHashesMax)).locator).toHaveLength(32);
    expect(() => headers.query.decode(query(33))).toThrow('33 locator ids, at most 32');
    expect(headers.answer.decode(encodeRlp(many(2_000, header)))).toHaveLength(2_000);
    expect(() => headers.answer.decode(encodeRlp(many(2_001, header)))).toThrow('at most 2000');
    expect(() => bodies.query.decode(bodies.query.encode({ ids: many(17, id) }))).toThrow(
      'at most 16',
    );
    const batch = transactionBatchCodec.encode(many(65, Uint8Array.of(1)));
    expect(() => transactionBatchCodec.decode(batch)).toThrow('at most 64');
  });

  it('clamp the number of headers asked for', () => {
    const { query } = exchangeCodecs.headers;
    expect(query.decode(query.encode({ locator: [], stop: id, max: 1e9 })).max).toBe(2_000);
  });

  it('bound every size', () => {
    const raw = new Uint8Array(limits.gossipTransactionsSizeBytesMax);
    expect(() => transactionBatchCodec.decode(encodeRlp([raw]))).toThrow('at most 262144');
    const indexes = encodeRlp([new Uint8Array(32), many(70_000, Uint8Array.of(1))]);
    expect(() => exchangeCodecs.transactions.query.decode(indexes)).toThrow('at most 65536');
    const answer = encodeRlp([new Uint8Array(limits.bodiesAnswerSizeBytesMax)]);
    expect(() => exchangeCodecs.transactions.answer.decode(answer)).toThrow('at most 4194304');
    expect(() => announcementCodec.decode(new Uint8Array(512 * 1024 + 1))).toThrow(DecodeError);
  });

  it('bound the number of items, so that single bytes cannot fill the memory', () => {
    const bytes = encodeRlp(many(200_000, Uint8Array.of(1)));
    expect(() => exchangeCodecs.transactions.answer.decode(bytes)).toThrow('too many items');
  });

  it('accept the largest block that is valid, announced and as a body', () => {
    const raw = new Uint8Array(limits.transactionSizeBytesMax);
    const count = Math.floor(limits.blockTransactionsSizeBytesMax / raw.length);
    fc.assert(
      fc.property(anyRecord, (record) => {
        const body = encodeRlp([[encodeRecord(record), many(count, raw)]]);
        expect(exchangeCodecs.bodies.answer.decode(body)[0]?.transactions).toHaveLength(count);
      }),
      { numRuns: 1 },
    );
  });

  it('refuse another version of status', () => {
    const status = { genesisId: new Uint8Array(32), headId: id, height: 0, work: 0n };
    const bytes = exchangeCodecs.status.answer.encode({ ...status, earliestBody: 0 });
    const other = bytes.slice();
    other[2] = 2;
    expect(bytes[2]).toBe(1);
    expect(() => exchangeCodecs.status.answer.decode(other)).toThrow('version is not 1');
  });
});

describe('announcement', () => {
  it('names each transaction by SHA-256(block id ‖ hash), first eight bytes', () => {
    fc.assert(
      fc.property(anyBlock, anyId, (block, id) => {
        const { shortIds, header, seal } = announce(block, id, crypto);
        expect(header).toBe(block.header);
        expect(seal).toBe(block.seal);
        expect(shortIds).toEqual(
          block.transactions.map((raw) => shortId(id, crypto.keccak256(raw), crypto)),
        );
        for (const short of shortIds) expect(short).toHaveLength(8);
      }),
    );
    expect(toHex(shortId('00'.repeat(32), new Uint8Array(32), crypto))).toBe('f5a5fd42d16a2030');
  });
});
