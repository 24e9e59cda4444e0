/**
 * `eth_sendRawTransaction` in batches until the last receipt: our node with a real disk against
 * anvil, which keeps everything in memory. The same bytes go to both over HTTP.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNativeCrypto } from '../../src/node/native-crypto.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { writeNetwork } from '../../test/support/network-files.ts';
import { NodeProcess } from '../../test/support/process.ts';
import { type Anvil, findAnvil, post, startAnvil } from './anvil.ts';
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

interface Rival extends Anvil {
  readonly mode: string;
}

async function startRival(
  program: string,
  chainId: number,
  mode: string,
  flags: readonly string[],
): Promise<Rival> {
  const shared = ['--chain-id', String(chainId), '--gas-limit', '30000000'];
  return { mode, ...(await startAnvil(program, [...shared, ...flags])) };
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
  const rivals: Rival[] = [];
  let node: NodeProcess | undefined;
  try {
    rivals.push(await startRival(program, network.chainId, 'automine', []));
    rivals.push(await startRival(program, network.chainId, '250 ms', ['--block-time', '0.25']));
    rivals.push(await startRival(program, network.chainId, '50 ms', ['--block-time', '0.05']));
    node = await NodeProcess.start({ genesis, datadir: join(folder, 'data'), mine: true });
    return [await compare(node.url, rivals, loads)];
  } finally {
    await node?.stop();
    for (const { child } of rivals) child.kill();
    await rm(folder, { recursive: true });
  }
}

/** A rival's rate for one load, or undefined when it left a transaction unmined. */
async function tryRival({ url, mode, child }: Rival, load: Load): Promise<number | undefined> {
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
  rivals: readonly Rival[],
  loads: readonly Load[],
): Promise<BenchRow> {
  const own: number[] = [];
  const theirs = new Map<Rival, number[]>(rivals.map((rival) => [rival, []]));
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
