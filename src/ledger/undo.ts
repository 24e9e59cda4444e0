/**
 * Undo: the leaves that a block replaced, kept for the last 11,520 blocks. They take the head back
 * one block, byte for byte, and let readers see the state of a recent block without moving the head.
 */

import type { Block, HeaderEntry } from '../primitives/block.ts';
import { equalBytes, fromHex, type Hex, toHex } from '../primitives/bytes.ts';
import { decodeHeaderEntry, decodeRecordEntry } from '../primitives/chain-records.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { limits } from '../primitives/limits.ts';
import { Overlay } from '../primitives/overlay.ts';
import { keys, type StoreReader, type WriteOperation } from '../primitives/store.ts';
import type { JournalChanges } from './journal.ts';
import { type StateChanges, updateTree } from './state-tree.ts';

/** A revert was asked for deeper than undo data reaches; the state must be executed again. */
export class UndoMissing extends Error {
  readonly code = 'undo-missing';
  constructor(entry: HeaderEntry) {
    super(
      `block ${entry.height} has no undo data (${limits.undoBlocks} blocks are kept): execute the chain again`,
    );
    this.name = 'UndoMissing';
  }
}

interface Undo {
  readonly before: StateChanges;
  /** Modules that this block was the first to store. */
  readonly codeHashes: readonly Uint8Array[];
}

/** code hashes u16 count ‖ 32 each ‖ for each leaf: path 32 ‖ length u8 (0 = absent) ‖ old value. */
export function encodeUndo(changes: JournalChanges): Uint8Array {
  // A creation costs 32,000 gas or more: the largest block that a genesis allows stores 31,250.
  const codes = changes.codes.size;
  let size = 2 + 32 * codes;
  for (const value of changes.before.values()) size += 33 + (value?.length ?? 0);
  const bytes = new Uint8Array(size);
  let offset = 0;
  const put = (part: Uint8Array): void => {
    bytes.set(part, offset);
    offset += part.length;
  };
  put(Uint8Array.of(codes >> 8, codes & 0xff));
  for (const codeHash of changes.codes.keys()) put(fromHex(codeHash));
  for (const [path, value] of changes.before) {
    put(fromHex(path));
    bytes[offset++] = value?.length ?? 0;
    if (value !== undefined) put(value);
  }
  return bytes;
}

function decodeUndo(bytes: Uint8Array): Undo {
  const before = new Map<Hex, Uint8Array | undefined>();
  const codeHashes: Uint8Array[] = [];
  let offset = 2;
  const count = ((bytes[0] as number) << 8) | (bytes[1] as number);
  for (let index = 0; index < count; index++) {
    codeHashes.push(bytes.subarray(offset, offset + 32));
    offset += 32;
  }
  while (offset < bytes.length) {
    const path = toHex(bytes.subarray(offset, offset + 32));
    const length = bytes[offset + 32] as number;
    offset += 33;
    before.set(path, length === 0 ? undefined : bytes.subarray(offset, offset + length));
    offset += length;
  }
  return { before, codeHashes };
}

/**
 * Writes that take the applied head `entry` back to `parent`: state, tree, code, receipts, index.
 * @throws UndoMissing beyond the depth kept; Error when the state that results is not the parent's.
 */
export function revertBlock(
  reader: StoreReader,
  chain: { readonly entry: HeaderEntry; readonly parent: HeaderEntry; readonly block: Block },
  crypto: Crypto,
): WriteOperation[] {
  const { entry, parent, block } = chain;
  const stored = reader.get(keys.undo(entry.id));
  if (stored === undefined) throw new UndoMissing(entry);
  const undo = decodeUndo(stored);
  const { root, operations } = updateTree(reader, undo.before, crypto);
  const record = reader.get(keys.record(parent.id));
  if (record === undefined || !equalBytes(decodeRecordEntry(record).record.stateRoot, root)) {
    throw new Error(
      `undoing block ${entry.height} gives state root ${toHex(root)}, not its parent's: run db check`,
    );
  }
  for (const codeHash of undo.codeHashes) {
    operations.push({ key: keys.code(codeHash), value: undefined });
  }
  for (const raw of block.transactions) {
    operations.push({ key: keys.transaction(crypto.keccak256(raw)), value: undefined });
  }
  operations.push(
    { key: keys.undo(entry.id), value: undefined },
    { key: keys.receipts(entry.id), value: undefined },
    { key: keys.canonical(entry.height), value: undefined },
    { key: keys.meta('head'), value: fromHex(parent.id) },
  );
  return operations;
}

/** State below, tree pages computed when the first of them is read. */
class HistoricalState implements StoreReader {
  readonly #reader: StoreReader;
  readonly #crypto: Crypto;
  readonly #before: StateChanges;
  #overlay: Overlay | undefined;

  constructor(reader: StoreReader, before: StateChanges, crypto: Crypto) {
    this.#reader = reader;
    this.#before = before;
    this.#crypto = crypto;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    if (key[0] === stateLetter) {
      const path = toHex(key.subarray(1));
      return this.#before.has(path) ? this.#before.get(path) : this.#reader.get(key);
    }
    if (key[0] === nodeLetter) return this.#pages().get(key);
    return this.#reader.get(key);
  }

  #pages(): Overlay {
    if (this.#overlay === undefined) {
      this.#overlay = new Overlay(this.#reader);
      this.#overlay.stage(updateTree(this.#reader, this.#before, this.#crypto).operations);
    }
    return this.#overlay;
  }
}

const stateLetter = keys.state(new Uint8Array(0))[0];
const nodeLetter = keys.node(new Uint8Array(0))[0];

/**
 * A reader of the state after the block at `height` of the applied chain, tree and code included;
 * undefined when the block is above the head or more than 128 blocks below it.
 */
export function stateAt(
  reader: StoreReader,
  headId: Hex,
  height: number,
  crypto: Crypto,
): StoreReader | undefined {
  const stored = reader.get(keys.header(headId));
  if (stored === undefined) return undefined;
  const head = decodeHeaderEntry(headId, stored);
  if (height > head.height || head.height - height > limits.historicalStateBlocks) return undefined;
  if (height === head.height) return reader;
  const before = new Map<Hex, Uint8Array | undefined>();
  for (let above = head.height; above > height; above--) {
    const id = reader.get(keys.canonical(above));
    const undo = id === undefined ? undefined : reader.get(keys.undo(toHex(id)));
    if (undo === undefined) return undefined;
    // Older blocks come later and win: the value before the oldest change is the one wanted.
    for (const [path, value] of decodeUndo(undo).before) before.set(path, value);
  }
  return new HistoricalState(reader, before, crypto);
}
