/**
 * The stored chain as protocols see it: a `ChainView` over any reader, with the executed head
 * held by the driver.
 */

import type { Block, HeaderEntry } from '../primitives/block.ts';
import { type Hex, toHex } from '../primitives/bytes.ts';
import {
  decodeBody,
  decodeFaultCode,
  decodeHeaderEntry,
  decodeRecordEntry,
} from '../primitives/chain-records.ts';
import { keys, type StoreReader } from '../primitives/store.ts';
import type { ChainView } from './protocol.ts';

/** The header stored under `id`, placed in its chain. */
export function readHeader(reader: StoreReader, id: Hex): HeaderEntry | undefined {
  const value = reader.get(keys.header(id));
  return value === undefined ? undefined : decodeHeaderEntry(id, value);
}

/** The whole block `id`, or undefined when its header or body is not stored. */
export function readBlock(reader: StoreReader, id: Hex): Block | undefined {
  const entry = readHeader(reader, id);
  const record = reader.get(keys.record(id));
  const body = reader.get(keys.body(id));
  if (entry === undefined || record === undefined || body === undefined) return undefined;
  return { header: entry.header, ...decodeRecordEntry(record), transactions: decodeBody(body) };
}

/** Id at `height` of the applied chain. */
export function readCanonical(reader: StoreReader, height: number): Hex | undefined {
  const value = reader.get(keys.canonical(height));
  return value === undefined ? undefined : toHex(value);
}

/**
 * @param head the executed head at each call
 * @param stored every stored header of the last window, read by the host at start-up
 */
export function createChainView(
  reader: StoreReader,
  head: () => HeaderEntry,
  stored: readonly HeaderEntry[],
): ChainView {
  return {
    header: (id) => readHeader(reader, id),
    canonical: (height) => readCanonical(reader, height),
    block: (id) => readBlock(reader, id),
    hasBody: (id) => reader.get(keys.record(id)) !== undefined,
    invalid: (id) => {
      const value = reader.get(keys.invalid(id));
      return value === undefined ? undefined : decodeFaultCode(value);
    },
    head,
    headersFrom: (height) => stored.filter((entry) => entry.height >= height),
  };
}
