/**
 * Import of full blocks of transfers, from bytes to a synced write, against the rate at which the
 * same thread recovers the public keys of the same signatures and does nothing else.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openChain } from '../../src/node/chain-files.ts';
import { createNativeCrypto } from '../../src/node/native-crypto.ts';
import { SenderCache } from '../../src/node/verifier.ts';
import { type Block, blockId, checkBody, type HeaderEntry } from '../../src/primitives/block.ts';
import { bigintToBytes, concat } from '../../src/primitives/bytes.ts';
import {
  bodyOperations,
  decodeBody,
  encodeBody,
  headerOperations,
} from '../../src/primitives/chain-records.ts';
import type { Crypto } from '../../src/primitives/crypto.ts';
import { Overlay } from '../../src/primitives/overlay.ts';
import { decodeTransaction, signingHash } from '../../src/primitives/transaction.ts';
import { workOfBits } from '../../src/primitives/work.ts';
import { writeNetwork } from '../../test/support/network-files.ts';
import { type BenchRow, type Round, rate } from './measure.ts';
import { benchNetwork, signTransfers } from './transfers.ts';

const blockSizes = [1_400, 1_400, 200];
const spacingSeconds = 15;
const roundCount = 7;
const warmUpRounds = 2;

interface ImportedBlock {
  readonly block: Omit<Block, 'transactions'>;
  /** Raw transactions as they are sent and stored. */
  readonly body: Uint8Array;
}

function entryOf(block: Pick<Block, 'header'>, parent: HeaderEntry, crypto: Crypto): HeaderEntry {
  return {
    id: blockId(block as Block, crypto),
    header: block.header,
    height: parent.height + 1,
    work: parent.work + workOfBits(block.header.bits),
  };
}

/** Blocks of the given transactions, in order, as a miner would make them. */
async function buildBlocks(
  folder: string,
  genesisFile: string,
  raw: readonly Uint8Array[],
  crypto: Crypto,
): Promise<ImportedBlock[]> {
  const opened = await openChain(join(folder, 'source'), genesisFile, crypto);
  const overlay = new Overlay(opened.store);
  const ledger = opened.createLedger(overlay, () => undefined);
  const blocks: ImportedBlock[] = [];
  let parent = opened.head;
  let sent = 0;
  for (const size of blockSizes) {
    for (const bytes of raw.slice(sent, sent + size)) {
      const result = ledger.submit(bytes);
      if (!result.ok) throw new Error(`the pool refuses a transfer: ${result.message}`);
    }
    sent += size;
    const block = ledger.propose(parent, {
      time: parent.header.time + spacingSeconds,
      bits: parent.header.bits,
      beneficiary: new Uint8Array(20).fill(1),
      extraData: new Uint8Array(32),
      empty: false,
    });
    if (block.transactions.length !== size) throw new Error('a transfer was left out');
    const entry = entryOf(block, parent, crypto);
    const result = ledger.execute(block, parent, entry);
    if (!result.ok) throw new Error(`own block refused: ${result.detail}`);
    overlay.stage([
      ...headerOperations(entry),
      ...bodyOperations(entry.id, block),
      ...result.operations,
    ]);
    ledger.headChanged({ applied: result.transactions, reverted: [] });
    blocks.push({ block, body: encodeBody(block.transactions) });
    parent = entry;
  }
  await opened.store.close();
  return blocks;
}

/** Milliseconds to bring all blocks into a new database, each one durable before the next. */
async function importBlocks(
  database: string,
  genesisFile: string,
  blocks: readonly ImportedBlock[],
  crypto: Crypto,
): Promise<number> {
  const opened = await openChain(database, genesisFile, crypto);
  const { store } = opened;
  const senders = new SenderCache(crypto);
  const ledger = opened.createLedger(store, (raw) => senders.known(raw));
  let parent = opened.head;
  try {
    const start = performance.now();
    for (const { block, body } of blocks) {
      const whole: Block = { ...block, transactions: decodeBody(body) };
      senders.remember(new SenderCache(crypto).recoverAll(whole.transactions));
      const fault = checkBody(whole, crypto);
      if (fault !== undefined) throw new Error(`own block has a bad body: ${fault}`);
      const entry = entryOf(block, parent, crypto);
      const own = [...headerOperations(entry), ...bodyOperations(entry.id, whole)];
      const result = ledger.execute(whole, parent, entry);
      if (!result.ok) throw new Error(`own block refused: ${result.detail}`);
      await store.write([...own, ...result.operations], { sync: true });
      ledger.headChanged({ applied: result.transactions, reverted: [] });
      parent = entry;
    }
    return performance.now() - start;
  } finally {
    await store.close();
    await rm(database, { recursive: true });
  }
}

/** Milliseconds to recover all keys; hashes and signatures are ready beforehand. */
function prepareRecovery(raw: readonly Uint8Array[], crypto: Crypto): () => number {
  const prepared = raw.map((bytes) => {
    const transaction = decodeTransaction(bytes, crypto);
    const { r, s, yParity } = transaction;
    const signature = concat(bigintToBytes(r, 32), bigintToBytes(s, 32));
    return { hash: signingHash(transaction, crypto), signature, yParity };
  });
  return () => {
    const start = performance.now();
    for (const { hash, signature, yParity } of prepared) crypto.recover(hash, signature, yParity);
    return performance.now() - start;
  };
}

export async function benchImport(): Promise<readonly BenchRow[]> {
  const crypto = createNativeCrypto();
  const folder = await mkdtemp(join(tmpdir(), 'dodona-bench-'));
  try {
    const network = benchNetwork('import');
    const genesisFile = writeNetwork(folder, network);
    const count = blockSizes.reduce((sum, size) => sum + size, 0);
    const raw = signTransfers(network, { firstNonce: 0, count }, crypto);
    const blocks = await buildBlocks(folder, genesisFile, raw, crypto);
    const recoverAll = prepareRecovery(raw, crypto);
    const rounds: Round[] = [];
    for (let round = -warmUpRounds; round < roundCount; round++) {
      const database = join(folder, 'target');
      const importMs = await importBlocks(database, genesisFile, blocks, crypto);
      const reference = rate(count, recoverAll());
      if (round >= 0) rounds.push({ measured: rate(count, importMs), reference });
    }
    return [
      {
        work: `block import, ${blockSizes.join(' + ')} transfers`,
        unit: 'transactions/s',
        rounds,
        against: crypto.nativeRecovery ? 'libsecp256k1 recovery' : '@noble recovery',
        bar: 0.7,
      },
    ];
  } finally {
    await rm(folder, { recursive: true });
  }
}
