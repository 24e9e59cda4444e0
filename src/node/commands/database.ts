/**
 * `dodona db check`: reads the stored chain of a stopped node from genesis to head and recomputes
 * what can be recomputed: links, work, commitments, body roots and the root of the whole state.
 */

import { join } from 'node:path';
import { readBlock, readCanonical, readHeader } from '../../consensus/chain-view.ts';
import { updateTree } from '../../ledger/state-tree.ts';
import { checkBody, type HeaderEntry } from '../../primitives/block.ts';
import { equalBytes, type Hex, toHex } from '../../primitives/bytes.ts';
import { headerId } from '../../primitives/header.ts';
import { endOfPrefix, keys, type StoreReader } from '../../primitives/store.ts';
import { workOfBits } from '../../primitives/work.ts';
import type { LevelStore } from '../../storage/level-store.ts';
import { openChain } from '../chain-files.ts';
import type { Handler } from '../command-line.ts';
import { createNativeCrypto } from '../native-crypto.ts';
import { genesisFileOf } from './start.ts';

/** State entries read from the database at a time. */
const pageEntries = 10_000;

/** The first thing found wrong in a stored chain. */
class ChainDamage extends Error {
  readonly code = 'chain-damaged';
}

function checkBlock(store: LevelStore, parent: HeaderEntry, height: number): HeaderEntry {
  const crypto = createNativeCrypto();
  const id = readCanonical(store, height);
  const entry = id === undefined ? undefined : readHeader(store, id);
  const block = id === undefined ? undefined : readBlock(store, id);
  if (entry === undefined || block === undefined) {
    throw new ChainDamage(`block ${height} is missing`);
  }
  if (headerId(entry.header, crypto) !== id)
    throw new ChainDamage(`header ${height} has another id`);
  if (toHex(entry.header.previous) !== parent.id)
    throw new ChainDamage(`block ${height} has another parent`);
  if (entry.work !== parent.work + workOfBits(entry.header.bits)) {
    throw new ChainDamage(`block ${height} has a wrong sum of work`);
  }
  const fault = checkBody(block, crypto);
  if (fault !== undefined) throw new ChainDamage(`block ${height}: ${fault}`);
  return entry;
}

/** Root of the stored values alone, ignoring the stored tree. */
async function rootOfValues(store: LevelStore): Promise<Uint8Array> {
  const values = new Map<Hex, Uint8Array>();
  let from = keys.state(new Uint8Array(0));
  for (;;) {
    const rows = await store.range(from, endOfPrefix('s'), { limit: pageEntries });
    for (const [key, value] of rows) values.set(toHex(key.subarray(1)), value);
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageEntries) break;
    from = new Uint8Array([...last[0], 0]);
  }
  const empty: StoreReader = { get: () => undefined };
  return updateTree(empty, values, createNativeCrypto()).root;
}

export const runDatabaseCheck: Handler = async ({ settings: { values } }, terminal) => {
  const folder = join(values.datadir, 'chain');
  const { store, head, genesisId } = await openChain(
    folder,
    genesisFileOf(values),
    createNativeCrypto(),
  );
  try {
    let entry = readHeader(store, genesisId) as HeaderEntry;
    for (let height = 1; height <= head.height; height++) entry = checkBlock(store, entry, height);
    if (entry.id !== head.id) throw new ChainDamage('the head is not the last applied block');
    const root = readBlock(store, head.id)?.record.stateRoot;
    if (root === undefined || !equalBytes(root, await rootOfValues(store))) {
      throw new ChainDamage(`the state is not the one that block ${head.height} commits to`);
    }
    terminal.write(
      `${head.height + 1} blocks, head ${head.id}: links, bodies and state are sound\n`,
    );
    return 0;
  } catch (error) {
    if (!(error instanceof ChainDamage)) throw error;
    terminal.writeError(`dodona: ${error.message}: move ${folder} away and sync again\n`);
    return 1;
  } finally {
    await store.close();
  }
};
