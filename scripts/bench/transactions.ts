/**
 * `eth_sendRawTransaction` in batches until the last receipt: our node with a real disk against
 * anvil, which keeps everything in memory. The same bytes go to both over HTTP.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createNativeCrypto } from '../../src/node/native-crypto.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { writeNetwork } from '../../test/support/network-files.ts';
import { NodeProcess, until } from '../../test/support/process.ts';
import { type BenchRow, median, rate } from './measure.ts';
import { benchNetwork, senderCount, signTransfers } from './transfers.ts';

const transferCount = 2_000;
const batchSize = 100;
const pollMs = 10;
const roundDeadlineMs = 15_000;
const roundCount = 5;
/** The first round of every process is not counted: engines compile, caches fill. */
const warmUpRounds = 1;

/** One round's requests, as text, and the hashes of each sender's last transaction. */
interface Load {
  readonly batches: readonly string[];
  readonly lastReceipts: string;
}

interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

async function post(url: string, body: string): Promise<readonly Answer[]> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  return (await response.json()) as readonly Answer[];
}

function batchOf(method: string, parameters: readonly string[]): string {
  return JSON.stringify(
    parameters.map((parameter, id) => ({ jsonrpc: '2.0', id, method, params: [parameter] })),
  );
}

function prepareLoad(raw: readonly Uint8Array[], hash: (data: Uint8Array) => Uint8Array): Load {
  const texts = raw.map((bytes) => `0x${toHex(bytes)}`);
  const batches: string[] = [];
  for (let start = 0; start < texts.length; start += batchSize) {
    batches.push(batchOf('eth_sendRawTransaction', texts.slice(start, start + batchSize)));
  }
  const last = raw.slice(-senderCount).map((bytes) => `0x${toHex(hash(bytes))}`);
  return { batches, lastReceipts: batchOf('eth_getTransactionReceipt', last) };
}

/** Milliseconds from the first send until every sender's last transaction has its receipt. */
async function sendAll(url: string, load: Load): Promise<number> {
  const start = performance.now();
  for (const batch of load.batches) {
    const failed = (await post(url, batch)).find(({ error }) => error !== undefined);
    if (failed !== undefined) throw new Error(`${url} refuses: ${failed.error?.message}`);
  }
  for (;;) {
    const receipts = await post(url, load.lastReceipts);
    if (receipts.every(({ result }) => result !== null && result !== undefined)) break;
    if (performance.now() - start > roundDeadlineMs) {
      throw new Error(`${url} has no receipt of some transaction after ${roundDeadlineMs} ms`);
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  return performance.now() - start;
}

/** Path of the program, or undefined where its optional package is not installed. */
function findAnvil(): string | undefined {
  try {
    const manifest = createRequire(import.meta.url).resolve(
      '@foundry-rs/anvil-linux-amd64/package.json',
    );
    const program = join(dirname(manifest), 'bin', 'anvil');
    return existsSync(program) ? program : undefined;
  } catch {
    return undefined;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}

interface Anvil {
  readonly mode: string;
  readonly url: string;
  readonly child: ChildProcess;
}

async function startAnvil(
  program: string,
  chainId: number,
  mode: string,
  flags: readonly string[],
): Promise<Anvil> {
  const port = await freePort();
  // Without pruning, automine keeps the state of every block: 23 GB after minutes.
  const shared = ['--silent', '--prune-history', '16', '--port', String(port)];
  const child = spawn(
    program,
    [...shared, '--chain-id', String(chainId), '--gas-limit', '30000000', ...flags],
    { stdio: 'ignore' },
  );
  const url = `http://127.0.0.1:${port}`;
  const ask = JSON.stringify([{ jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] }]);
  await until('anvil', () => post(url, ask).catch(() => undefined));
  return { mode, url, child };
}

export async function benchTransactions(): Promise<readonly BenchRow[]> {
  const program = findAnvil();
  if (program === undefined) {
    console.log('transactions: skipped, @foundry-rs/anvil-linux-amd64 is not installed here');
    return [];
  }
  const crypto = createNativeCrypto();
  const network = benchNetwork('bench');
  const loads = Array.from({ length: warmUpRounds + roundCount }, (_, round) => {
    const firstNonce = (round * transferCount) / senderCount;
    const raw = signTransfers(network, { firstNonce, count: transferCount }, crypto);
    return prepareLoad(raw, crypto.keccak256);
  });
  const folder = await mkdtemp(join(tmpdir(), 'dodona-bench-'));
  const genesis = writeNetwork(folder, network);
  const rivals: Anvil[] = [];
  let node: NodeProcess | undefined;
  try {
    rivals.push(await startAnvil(program, network.chainId, 'automine', []));
    rivals.push(await startAnvil(program, network.chainId, '250 ms', ['--block-time', '0.25']));
    rivals.push(await startAnvil(program, network.chainId, '50 ms', ['--block-time', '0.05']));
    node = await NodeProcess.start({ genesis, datadir: join(folder, 'data'), mine: true });
    return [await compare(node.url, rivals, loads)];
  } finally {
    await node?.stop();
    for (const { child } of rivals) child.kill();
    await rm(folder, { recursive: true });
  }
}

/** A rival's rate for one load, or undefined when it left a transaction unmined. */
async function tryRival({ url, mode, child }: Anvil, load: Load): Promise<number | undefined> {
  try {
    return rate(transferCount, await sendAll(url, load));
  } catch (error) {
    // It would go on using a processor, and memory without end, while the others are measured.
    child.kill('SIGKILL');
    console.log(`anvil (${mode}) is left out: ${(error as Error).message}`);
    return undefined;
  }
}

/** All take each load in turn; the mode in which anvil is fastest is the one that counts. */
async function compare(
  url: string,
  rivals: readonly Anvil[],
  loads: readonly Load[],
): Promise<BenchRow> {
  const own: number[] = [];
  const theirs = new Map<Anvil, number[]>(rivals.map((rival) => [rival, []]));
  for (const [round, load] of loads.entries()) {
    const ownRate = rate(transferCount, await sendAll(url, load));
    if (round >= warmUpRounds) own.push(ownRate);
    for (const [rival, rates] of theirs) {
      const rivalRate = await tryRival(rival, load);
      if (rivalRate === undefined) theirs.delete(rival);
      else if (round >= warmUpRounds) rates.push(rivalRate);
    }
  }
  const ranked = [...theirs].sort((left, right) => median(right[1]) - median(left[1]));
  const best = ranked[0];
  if (best === undefined) throw new Error('anvil mined all of its transactions in no mode');
  return {
    work: `${transferCount} transfers sent, mined and durable`,
    unit: 'transactions/s',
    rounds: own.map((measured, index) => ({ measured, reference: best[1][index] as number })),
    against: `anvil (${best[0].mode}, in memory)`,
    bar: 2,
  };
}
