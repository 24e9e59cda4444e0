/** Random values of the shared language, for property tests. */

import fc from 'fast-check';
import type { Block } from '../../src/primitives/block.ts';
import { bigintFromBytes } from '../../src/primitives/bytes.ts';
import type { Header } from '../../src/primitives/header.ts';
import type { CoinbaseRecord } from '../../src/primitives/record.ts';
import type { TransactionFields } from '../../src/primitives/transaction.ts';

/** Exactly `length` bytes. */
export const bytesOf = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });

export const anyBytes: fc.Arbitrary<Uint8Array> = fc.uint8Array({ maxLength: 100 });

/** Unsigned integers whose width, not only whose value, is random. */
export const unsigned = (bits: number): fc.Arbitrary<bigint> =>
  fc.uint8Array({ maxLength: bits / 8 }).map(bigintFromBytes);

const u32 = fc.nat({ max: 0xffffffff });
const size = fc.nat({ max: Number.MAX_SAFE_INTEGER });

export const anyHeader: fc.Arbitrary<Header> = fc.record({
  version: u32,
  previous: bytesOf(32),
  commitment: bytesOf(32),
  time: u32,
  bits: u32,
  nonce: u32,
});

export const anyRecord: fc.Arbitrary<CoinbaseRecord> = fc.record({
  height: size,
  stateRoot: bytesOf(32),
  transactionsRoot: bytesOf(32),
  receiptsRoot: bytesOf(32),
  beneficiary: bytesOf(20),
  gasLimit: size,
  gasUsed: size,
  baseFeePerGas: unsigned(128),
  extraData: bytesOf(32),
  extranonce: bytesOf(16),
});

/** Well-formed, not valid: the header does not commit to the record. */
export const anyBlock: fc.Arbitrary<Block> = fc.record(
  {
    header: anyHeader,
    record: anyRecord,
    transactions: fc.array(anyBytes, { maxLength: 8 }),
    seal: anyBytes,
  },
  { requiredKeys: ['header', 'record', 'transactions'] },
);

/** Private keys: never zero, never above the curve's order (that needs 16 leading 0xff bytes). */
export const anyPrivateKey: fc.Arbitrary<Uint8Array> = bytesOf(32).filter(
  (key) => key[0] !== 0xff && key.some((byte) => byte !== 0),
);

const accessList = fc.array(
  fc.record({ address: bytesOf(20), storageKeys: fc.array(bytesOf(32), { maxLength: 3 }) }),
  { maxLength: 3 },
);

/** Unsigned transactions of the three types, tip at most the maximal fee. */
export const anyTransactionFields: fc.Arbitrary<TransactionFields> = fc
  .record({
    type: fc.constantFrom<(0 | 1 | 2)[]>(0, 1, 2),
    chainId: fc.nat({ max: 4_503_599_627_370_476 }).map((id) => BigInt(id) + 1n),
    nonce: fc.nat({ max: Number.MAX_SAFE_INTEGER }).map(BigInt),
    gasLimit: unsigned(64),
    fees: fc.tuple(unsigned(128), unsigned(128)),
    to: fc.option(bytesOf(20), { nil: undefined }),
    value: unsigned(256),
    data: anyBytes,
    accessList,
  })
  .map(({ fees: [one, other], ...fields }) => {
    const maxFeePerGas = one > other ? one : other;
    const lower = one > other ? other : one;
    return {
      ...fields,
      maxFeePerGas,
      maxPriorityFeePerGas: fields.type === 2 ? lower : maxFeePerGas,
      accessList: fields.type === 0 ? [] : fields.accessList,
    };
  });
