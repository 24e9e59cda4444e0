/**
 * The one interface to durable state, and the layout of every key in it. LevelDB, the simulated
 * disk and the in-memory overlay all stand behind `Store`; keys never repeat the letter of another.
 */

import { concat, fromHex, type Hex, u64ToBytes, utf8 } from './bytes.ts';

/** Synchronous reads, so that contracts can load storage in the middle of a host call. */
export interface StoreReader {
  get(key: Uint8Array): Uint8Array | undefined;
}

/** One write: a value, or undefined to delete. */
export interface WriteOperation {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

export interface Store extends StoreReader {
  /** Writes everything or nothing. Readable at once; resolves when it is as durable as asked. */
  write(batch: readonly WriteOperation[], options: { readonly sync: boolean }): Promise<void>;
  /** Entries with start <= key < end, in order, at most `limit`. For start-up, API and tools only. */
  range(
    start: Uint8Array,
    end: Uint8Array,
    options: { readonly limit: number; readonly reverse?: boolean },
  ): Promise<readonly (readonly [Uint8Array, Uint8Array])[]>;
  close(): Promise<void>;
}

const letterBytes = new Map([...'hgHrbcutisnkpm'].map((letter) => [letter, utf8(letter)]));
/** `s`, by itself because every slot that a contract reaches is read. */
const stateKey = (path: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(1 + path.length);
  bytes[0] = 0x73;
  bytes.set(path, 1);
  return bytes;
};
const key = (letter: string, ...parts: Uint8Array[]): Uint8Array =>
  concat(letterBytes.get(letter) as Uint8Array, ...parts);

/**
 * prefix | key -> value
 * h | block id -> header 80 ‖ height u64 ‖ cumulative work 32
 * g | height u64 ‖ block id -> nothing: every stored header by height, side branches included
 * H | height u64 -> block id of the applied chain
 * r | block id -> coinbase record 208 ‖ seal (rest, may be empty)
 * b | block id -> RLP list of raw transactions
 * c | block id -> RLP list of encoded receipts with their local hints
 * u | block id -> undo data
 * t | transaction hash -> block id ‖ index u64, of the applied chain
 * i | block id -> fault code of an invalid block, UTF-8
 * s | path 32 -> state value
 * n | tree node position -> node
 * k | code hash 32 -> wasm module
 * p | protocol key -> protocol record (votes and the like)
 * m | name -> metadata: head, format
 */
export const keys = {
  header: (id: Hex): Uint8Array => key('h', fromHex(id)),
  headerByHeight: (height: number, id: Hex): Uint8Array =>
    key('g', u64ToBytes(height), fromHex(id)),
  canonical: (height: number): Uint8Array => key('H', u64ToBytes(height)),
  record: (id: Hex): Uint8Array => key('r', fromHex(id)),
  body: (id: Hex): Uint8Array => key('b', fromHex(id)),
  receipts: (id: Hex): Uint8Array => key('c', fromHex(id)),
  undo: (id: Hex): Uint8Array => key('u', fromHex(id)),
  transaction: (hash: Uint8Array): Uint8Array => key('t', hash),
  invalid: (id: Hex): Uint8Array => key('i', fromHex(id)),
  state: stateKey,
  node: (position: Uint8Array): Uint8Array => key('n', position),
  code: (codeHash: Uint8Array): Uint8Array => key('k', codeHash),
  protocol: (name: Uint8Array): Uint8Array => key('p', name),
  meta: (name: 'head' | 'format' | 'genesis'): Uint8Array => key('m', utf8(name)),
} as const;

/** First key after every key that begins with `letter`: the end of a range. */
export function endOfPrefix(letter: string): Uint8Array {
  return Uint8Array.of((utf8(letter)[0] as number) + 1);
}
