/**
 * Import of full blocks of transfers, with signatures, state root and a synced write, against the
 * rate at which one thread recovers the same senders.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNativeCrypto } from '../src/node/native-crypto.ts';
import { type Block, blockId, checkBody, type HeaderEntry } from '../src/primitives/block.ts';
import { bodyOperations, headerOperations } from '../src/primitives/chain-records.ts';
import type { Crypto } from '../src/primitives/crypto.ts';
import { Overlay } from '../src/primitives/overlay.ts';
import { decodeTransaction, recoverSender } from '../src/primitives/transaction.ts';
import { workOfBits } from '../src/primitives/work.ts';
import { createLedgerChain } from '../src/simulation/ledger-chain.ts';
import { LevelStore } from '../src/storage/level-store.ts';
import type { BenchRow } from './bench.ts';

const blockCount = 8;
const transfersPerBlock = 1_400;
const spacingSeconds = 15;

type Chain = ReturnType<typeof createLedgerChain>;

function entryOf(block: Block, parent: HeaderEntry, crypto: Crypto): HeaderEntry {
  return {
    id: blockId(block, crypto),
    header: block.header,
    height: parent.height + 1,
    work: parent.work + workOfBits(block.header.bits),
  };
}

/** Full blocks of transfers to fresh accounts, in order. */
function buildBlocks(chain: Chain, crypto: Crypto): Block[] {
  const overlay = new Overlay({ get: () => undefined });
  overlay.stage(chain.genesisOperations);
  const machine = chain.createMachine(overlay);
  const blocks: Block[] = [];
  let parent = chain.genesis;
  for (let sent = 0; blocks.length < blockCount; ) {
    for (let index = 0; index < transfersPerBlock; index++, sent++) {
      const wallet = sent % chain.accounts.length;
      const nonce = BigInt(Math.floor(sent / chain.accounts.length));
      const target = crypto.sha256(new TextEncoder().encode(`account ${sent}`)).slice(0, 20);
      const raw = chain.transfer(chain.accounts[wallet] as Uint8Array, nonce, target);
      const result = machine.submit(raw);
      if (!result.ok) throw new Error(`the pool refuses a transfer: ${result.message}`);
    }
    const block = machine.propose(parent, {
      time: parent.header.time + spacingSeconds,
      bits: parent.header.bits,
      beneficiary: new Uint8Array(20).fill(1),
      extraData: new Uint8Array(32),
      empty: false,
    });
    const entry = entryOf(block, parent, crypto);
    const result = machine.execute(block, parent, entry);
    if (!result.ok) throw new Error(`own block refused: ${result.detail}`);
    overlay.stage([
      ...headerOperations(entry),
      ...bodyOperations(entry.id, block),
      ...result.operations,
    ]);
    machine.headChanged({ applied: result.transactions, reverted: [] });
    blocks.push(block);
    parent = entry;
  }
  return blocks;
}

/** Milliseconds to bring all blocks into a new database, each one durable before the next. */
async function importBlocks(chain: Chain, blocks: readonly Block[], crypto: Crypto) {
  const directory = await mkdtemp(join(tmpdir(), 'dodona-bench-'));
  const store = await LevelStore.open(directory);
  try {
    await store.write(chain.genesisOperations, { sync: true });
    const machine = chain.createMachine(store);
    let parent = chain.genesis;
    const start = performance.now();
    for (const block of blocks) {
      const fault = checkBody(block, crypto);
      if (fault !== undefined) throw new Error(`own block has a bad body: ${fault}`);
      const entry = entryOf(block, parent, crypto);
      const own = [...headerOperations(entry), ...bodyOperations(entry.id, block)];
      const result = machine.execute(block, parent, entry);
      if (!result.ok) throw new Error(`own block refused: ${result.detail}`);
      await store.write([...own, ...result.operations], { sync: true });
      machine.headChanged({ applied: result.transactions, reverted: [] });
      parent = entry;
    }
    return performance.now() - start;
  } finally {
    await store.close();
    await rm(directory, { recursive: true });
  }
}

export async function benchImport(): Promise<readonly BenchRow[]> {
  const crypto = createNativeCrypto();
  const blocks = buildBlocks(createLedgerChain('pow', crypto), crypto);
  const raw = blocks.flatMap((block) => block.transactions);

  const recoverStart = performance.now();
  for (const each of raw) recoverSender(decodeTransaction(each, crypto), crypto);
  const recoverMs = performance.now() - recoverStart;

  // A chain of its own: the one above remembers every sender.
  const importMs = await importBlocks(createLedgerChain('pow', crypto), blocks, crypto);
  return [
    {
      work: `block import, ${transfersPerBlock} transfers each`,
      unit: 'transactions/s',
      measured: (raw.length * 1_000) / importMs,
      reference: (raw.length * 1_000) / recoverMs,
      against: 'native recovery, one thread',
      bar: 0.7,
    },
  ];
}
