/**
 * The stored values of a block, to the byte: header entry, record with seal, body, invalid mark.
 * Protocols write them through `record` effects; storage and both hosts read them back.
 */

import type { Block, HeaderEntry } from './block.ts';
import {
  bigintFromBytes,
  bigintToBytes,
  concat,
  emptyBytes,
  type Hex,
  u64FromBytes,
  u64ToBytes,
  utf8,
} from './bytes.ts';
import { decodeHeader, encodeHeader, headerSizeBytes } from './header.ts';
import { type CoinbaseRecord, decodeRecord, encodeRecord, recordSizeBytes } from './record.ts';
import { DecodeError, decodeRlp, encodeRlp, rlpBytes, rlpList } from './rlp.ts';
import { keys, type WriteOperation } from './store.ts';

const heightSizeBytes = 8;
const workSizeBytes = 32;
const headerEntrySizeBytes = headerSizeBytes + heightSizeBytes + workSizeBytes;

/** Value of `keys.header`: header 80 ‖ height u64 ‖ cumulative work 32, both big-endian. */
export function encodeHeaderEntry(entry: HeaderEntry): Uint8Array {
  return concat(
    encodeHeader(entry.header),
    u64ToBytes(entry.height),
    bigintToBytes(entry.work, workSizeBytes),
  );
}

/**
 * The header stored under `id`; the id is not hashed again.
 * @throws DecodeError unless there are exactly 120 bytes.
 */
export function decodeHeaderEntry(id: Hex, bytes: Uint8Array): HeaderEntry {
  if (bytes.length !== headerEntrySizeBytes) {
    throw new DecodeError(
      `header entry has ${bytes.length} bytes, ${headerEntrySizeBytes} are needed`,
    );
  }
  return {
    id,
    header: decodeHeader(bytes.subarray(0, headerSizeBytes)),
    height: u64FromBytes(bytes, headerSizeBytes),
    work: bigintFromBytes(bytes.subarray(headerSizeBytes + heightSizeBytes)),
  };
}

/** Value of `keys.record`: record 208 ‖ seal, which is empty for proof of work. */
export function encodeRecordEntry(block: Pick<Block, 'record' | 'seal'>): Uint8Array {
  const record = encodeRecord(block.record);
  return block.seal === undefined ? record : concat(record, block.seal);
}

/** @throws DecodeError when the record is malformed. An empty seal reads as none. */
export function decodeRecordEntry(bytes: Uint8Array): {
  readonly record: CoinbaseRecord;
  readonly seal?: Uint8Array;
} {
  const record = decodeRecord(bytes.subarray(0, recordSizeBytes));
  return bytes.length > recordSizeBytes
    ? { record, seal: bytes.slice(recordSizeBytes) }
    : { record };
}

/** Value of `keys.body`: RLP list of the raw transactions, in order. */
export function encodeBody(transactions: readonly Uint8Array[]): Uint8Array {
  return encodeRlp([...transactions]);
}

/** Raw transactions of a stored body, as views into `bytes`. @throws DecodeError */
export function decodeBody(bytes: Uint8Array): readonly Uint8Array[] {
  return rlpList(decodeRlp(bytes), 'body').map((item) => rlpBytes(item, 'transaction'));
}

/** Value of `keys.invalid`: the fault code as UTF-8. */
export function encodeFaultCode(code: string): Uint8Array {
  return utf8(code);
}

export function decodeFaultCode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** Writes that store a header in its chain. */
export function headerOperations(entry: HeaderEntry): readonly WriteOperation[] {
  return [
    { key: keys.header(entry.id), value: encodeHeaderEntry(entry) },
    { key: keys.headerByHeight(entry.height, entry.id), value: emptyBytes },
  ];
}

/** Writes that store what a block holds beside its header. */
export function bodyOperations(
  id: Hex,
  block: Pick<Block, 'record' | 'transactions' | 'seal'>,
): readonly WriteOperation[] {
  return [
    { key: keys.record(id), value: encodeRecordEntry(block) },
    { key: keys.body(id), value: encodeBody(block.transactions) },
  ];
}

/** Writes that mark a block as invalid for ever. */
export function invalidOperations(id: Hex, code: string): readonly WriteOperation[] {
  return [{ key: keys.invalid(id), value: encodeFaultCode(code) }];
}
