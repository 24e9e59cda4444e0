/**
 * A trial of four PBFT members, real processes on this machine: throughput, latency, and what
 * happens when the primary dies under load, one member is down, two are down. Prints one table.
 */

import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNativeCrypto } from '../src/node/native-crypto.ts';
import { ConsortiumProcesses } from '../test/support/consortium.ts';
import { until } from '../test/support/process.ts';
import { prepareTransfers, sendAll, sendOne, Wallets } from './consortium/transfers.ts';

const memberCount = 4;
const options = {
  transfers: Number(process.argv[2] ?? 10_000),
  probes: Number(process.argv[3] ?? 100),
};
const probePauseMs = 200;
const viewTimeoutMs = 2_000;
const crypto = createNativeCrypto();
const widths = [54, 62] as const;

/** One line of the table, as soon as it is known. */
function print(what: string, figure: string, bar: string): void {
  console.log(`${what.padEnd(widths[0])}${figure.padEnd(widths[1])}${bar}`.trimEnd());
}

/** Processor seconds that the members have used since they started. */
function processorSeconds(consortium: ConsortiumProcesses): number {
  const ticks = consortium.running.map(({ pid }) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, each) => sum + each, 0) / 100;
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number;
}

/** A known load, native recoveries on one thread: how many a second now, and what each costs. */
function measureMachine(): string {
  const signature = new Uint8Array(64).fill(1);
  const hash = new Uint8Array(32).fill(2);
  const start = performance.now();
  const before = process.cpuUsage();
  let count = 0;
  for (; performance.now() - start < 500; count++) crypto.recover(hash, signature, 0);
  const perSecond = count / ((performance.now() - start) / 1_000);
  // The processor time of the same work doubles under others' load: figures below are to be read against it.
  const { user, system } = process.cpuUsage(before);
  const cost = (user + system) / count;
  return `${perSecond.toFixed(0)} native recoveries/s of ${cost.toFixed(0)} us of processor`;
}

async function measureLatency(consortium: ConsortiumProcesses, wallets: Wallets): Promise<void> {
  const times: number[] = [];
  for (let probe = 0; probe < options.probes; probe++) {
    const node = consortium.running[probe % consortium.running.length] as { url: string };
    times.push(await sendOne(node.url, wallets));
    await new Promise((resolve) => setTimeout(resolve, probePauseMs));
  }
  times.sort((left, right) => left - right);
  const text = [0.5, 0.95, 0.99].map((share) => quantile(times, share).toFixed(0)).join(' / ');
  print(`receipt after sending, light load, p50 / p95 / p99`, `${text} ms`, 'p50 < 50 ms');
}

async function measureThroughput(
  consortium: ConsortiumProcesses,
  wallets: Wallets,
  what: string,
  bar: string,
): Promise<void> {
  const count = options.transfers;
  const load = prepareTransfers(wallets, count);
  const before = processorSeconds(consortium);
  const from = (await consortium.running[0]?.head())?.number ?? 0;
  const ms = await sendAll(
    consortium.running.map(({ url }) => url),
    load,
    wallets,
  );
  const used = processorSeconds(consortium) - before;
  const until = (await consortium.running[0]?.head())?.number ?? 0;
  const perSecond = Math.round(count / (ms / 1_000));
  const cost = ((used / count) * 1e6).toFixed(0);
  print(
    `${count} transfers, ${what}`,
    `${perSecond} tx/s, ${until - from} blocks, ${cost} us of processor each`,
    bar,
  );
}

async function killPrimary(consortium: ConsortiumProcesses, wallets: Wallets): Promise<number> {
  const { primary } = await consortium.status(0);
  const other = consortium.running.find((node) => node !== consortium.nodes[primary]);
  if (other === undefined) throw new Error('nobody else is there');
  const load = prepareTransfers(wallets, 2_000);
  const urls = consortium.running.filter((node) => node !== consortium.nodes[primary]);
  const sending = sendAll(
    urls.map(({ url }) => url),
    load,
    wallets,
  );
  await new Promise((resolve) => setTimeout(resolve, 100));
  await consortium.kill(primary);
  const start = performance.now();
  const { number } = await other.head();
  await until('the next block', async () =>
    (await other.head()).number > number ? true : undefined,
  );
  const ms = performance.now() - start;
  print(
    'next block after the primary died under load',
    `${ms.toFixed(0)} ms`,
    `< ${2 * viewTimeoutMs} ms`,
  );
  await sending;
  return primary;
}

async function twoDown(consortium: ConsortiumProcesses, alreadyDown: number): Promise<void> {
  const second = (alreadyDown + 1) % memberCount;
  await consortium.kill(second);
  const [witness] = consortium.running;
  if (witness === undefined) throw new Error('nobody is left');
  await new Promise((resolve) => setTimeout(resolve, 500));
  const { number, hash } = await witness.head();
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  const stopped = (await witness.head()).number === number;
  print('two of four down for 5 s', stopped ? 'no block' : 'BLOCKS WERE MADE', 'no block');
  const start = performance.now();
  await Promise.all([consortium.start(alreadyDown), consortium.start(second)]);
  const started = performance.now();
  await consortium.reached(number + 1);
  const ms = (performance.now() - start).toFixed(0);
  const after = (performance.now() - started).toFixed(0);
  const blocks = await Promise.all(consortium.running.map((node) => node.block(number)));
  const same = blocks.every((block) => block?.hash === hash);
  print(
    'back: new block on all four',
    `${ms} ms after their start, ${after} ms after their banner`,
    'by itself',
  );
  print('block before the outage', same ? 'kept by all' : 'LOST', 'kept by all');
}

const folder = await mkdtemp(join(tmpdir(), 'dodona-consortium-'));
const consortium = await ConsortiumProcesses.found(join(folder, 'net'), memberCount);
try {
  await consortium.startAll();
  await consortium.reached(1);
  const wallets = new Wallets(1_338n, crypto);
  print(
    'this machine meanwhile',
    `${availableParallelism()} processors, load ${loadavg()[0]?.toFixed(1)}, ${measureMachine()}`,
    '',
  );
  await measureLatency(consortium, wallets);
  await measureThroughput(consortium, wallets, 'warming up', '');
  await measureThroughput(consortium, wallets, 'four members', '>= 2000 tx/s');
  const down = await killPrimary(consortium, wallets);
  await measureThroughput(consortium, wallets, 'one of four down', '');
  await twoDown(consortium, down);
  print('load at the end', `${loadavg()[0]?.toFixed(1)}`, '');
} finally {
  await consortium.stop();
  await rm(folder, { recursive: true, force: true });
}
