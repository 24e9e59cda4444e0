/**
 * From a data directory and a genesis file to an open chain: the first start writes block zero,
 * every later start checks that the database belongs to the same network.
 */

import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readHeader } from '../consensus/chain-view.ts';
import { protocols } from '../consensus/protocols.ts';
import { buildGenesis } from '../ledger/genesis-block.ts';
import { Ledger } from '../ledger/ledger.ts';
import type { HeaderEntry } from '../primitives/block.ts';
import { equalBytes, type Hex, toHex } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { type Genesis, GenesisError, parseGenesis } from '../primitives/genesis.ts';
import { displayId } from '../primitives/header.ts';
import { limits } from '../primitives/limits.ts';
import { endOfPrefix, keys, type StoreReader } from '../primitives/store.ts';
import type { SignedTransaction } from '../primitives/transaction.ts';
import { LevelStore, StorageError } from '../storage/level-store.ts';
import { createVm } from '../vm/vm.ts';

/** Reads and checks a genesis file. @throws GenesisError naming the file and the key. */
export async function readGenesisFile(file: string, crypto: Crypto): Promise<Genesis> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new GenesisError(`cannot read the genesis file ${file}: ${(error as Error).message}`);
  }
  return parseGenesis(json, crypto);
}

/** The wasm modules named by a genesis file, from its own folder. */
export async function readGenesisModules(
  genesis: Genesis,
  file: string,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const names = new Set(genesis.contracts.map(({ wasm }) => wasm));
  const modules = new Map<string, Uint8Array>();
  for (const name of names) {
    modules.set(name, new Uint8Array(await readFile(join(dirname(file), name))));
  }
  return modules;
}

export interface OpenedLedger {
  readonly genesis: Genesis;
  readonly genesisId: Hex;
  readonly store: LevelStore;
  readonly head: HeaderEntry;
  /** Headers of the last window, side branches included. */
  readonly headers: readonly HeaderEntry[];
  readonly protocol: (typeof protocols)[string];
  createLedger(
    reader: StoreReader,
    recover: (raw: Uint8Array) => SignedTransaction | undefined,
  ): Ledger;
}

const databaseFormat = 1;

/** Writes block zero into an empty database, or finds that it is the one expected there. */
async function settleGenesis(
  store: LevelStore,
  genesis: Genesis,
  genesisFile: string,
  crypto: Crypto,
): Promise<Hex> {
  const stored = store.get(keys.meta('genesis'));
  if (stored !== undefined) {
    if (!equalBytes(stored.subarray(0, 32), genesis.hash)) {
      throw new StorageError(
        'wrong-network',
        `the database belongs to another network than ${genesisFile}: choose another --datadir`,
      );
    }
    const format = store.get(keys.meta('format'))?.[0];
    if (format !== databaseFormat) {
      throw new StorageError(
        'wrong-format',
        `the database has format ${format}, this version reads ${databaseFormat}: start with an empty --datadir`,
      );
    }
    return toHex(stored.subarray(32));
  }
  const modules = await readGenesisModules(genesis, genesisFile);
  const vm = createVm({ crypto });
  const { entry, operations } = buildGenesis(genesis, modules, vm, crypto);
  if (genesis.expectedId !== undefined && genesis.expectedId !== displayId(entry.id)) {
    throw new GenesisError(
      `${genesisFile} makes block ${displayId(entry.id)}, but names ${genesis.expectedId}`,
    );
  }
  await store.write(
    [
      ...operations,
      { key: keys.meta('format'), value: Uint8Array.of(databaseFormat) },
      {
        key: keys.meta('genesis'),
        value: new Uint8Array([...genesis.hash, ...Buffer.from(entry.id, 'hex')]),
      },
    ],
    { sync: true },
  );
  return entry.id;
}

async function readWindow(store: LevelStore, head: HeaderEntry): Promise<HeaderEntry[]> {
  const from = Math.max(0, head.height - limits.headerWindowBlocks);
  const start = keys.headerByHeight(from, '');
  const rows = await store.range(start, endOfPrefix('g'), { limit: limits.headersAtStartMax });
  return rows.flatMap(([key]) => readHeader(store, toHex(key.subarray(9))) ?? []);
}

/**
 * Opens the chain in `database`, creating it from the genesis file when it is empty.
 * @throws StorageError or GenesisError with the remedy.
 */
export async function openChain(
  database: string,
  genesisFile: string,
  crypto: Crypto,
): Promise<OpenedLedger> {
  const genesis = await readGenesisFile(genesisFile, crypto);
  const protocol = protocols[genesis.consensus.protocol];
  if (protocol === undefined) {
    throw new GenesisError(
      `genesis.consensus.protocol "${genesis.consensus.protocol}" is unknown: use ${Object.keys(protocols).join(' or ')}`,
    );
  }
  const store = await LevelStore.open(database);
  try {
    const genesisId = await settleGenesis(store, genesis, genesisFile, crypto);
    const headId = store.get(keys.meta('head'));
    const head = headId === undefined ? undefined : readHeader(store, toHex(headId));
    if (head === undefined) {
      throw new StorageError('no-head', `the database in ${database} names no head: it is damaged`);
    }
    return {
      genesis,
      genesisId,
      store,
      head,
      headers: await readWindow(store, head),
      protocol,
      createLedger: (reader, recover) => {
        const vm = createVm({ crypto, pinnedCode: genesis.codeHashes });
        return new Ledger({ genesis, reader, vm, crypto, recover });
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}
