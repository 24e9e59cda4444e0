/**
 * Four PBFT members, real processes, in a network namespace of their own where the kernel drops every
 * fifth packet between them. Prints blocks and receipts with and without the loss.
 * Needs root, `unshare` (util-linux), `ip` (iproute2) and `iptables`; touches nothing outside.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { peerPortOffset } from '../src/node/consortium.ts';
import { createNativeCrypto } from '../src/node/native-crypto.ts';
import { ConsortiumProcesses } from '../test/support/consortium.ts';
import { sendOne, Wallets } from './consortium/transfers.ts';

const insideMark = 'DODONA_LOSS_NAMESPACE';
const members = 4;
const lossProbability = '0.2';
const seconds = Number(process.argv[2] ?? 60);
const transfers = Number(process.argv[3] ?? 20);

/** Runs this script again where its packets are its own. @returns the exit code */
function runInside(): number {
  const self = fileURLToPath(import.meta.url);
  const words = [self, String(seconds), String(transfers)].map((word) => `'${word}'`).join(' ');
  const command = `ip link set lo up && exec '${process.execPath}' --import tsx ${words}`;
  const { status, error } = spawnSync('unshare', ['-n', 'sh', '-c', command], {
    stdio: 'inherit',
    env: { ...process.env, [insideMark]: '1' },
  });
  if (error !== undefined) throw error;
  return status ?? 1;
}

/** Drops packets to and from the members' peer ports; JSON-RPC stays whole, so that we can look. */
function setLoss(ports: readonly number[], mode: '-A' | '-D'): void {
  for (const port of ports) {
    const chance = ['-m', 'statistic', '--mode', 'random', '--probability', lossProbability];
    const rule = [mode, 'INPUT', '-p', 'tcp', '--dport', String(port), ...chance, '-j', 'DROP'];
    execFileSync('iptables', rule);
    const back = [mode, 'INPUT', '-p', 'tcp', '--sport', String(port), ...chance, '-j', 'DROP'];
    execFileSync('iptables', back);
  }
}

async function measure(consortium: ConsortiumProcesses, wallets: Wallets, what: string) {
  const heights = () =>
    Promise.all(consortium.running.map(async (node) => (await node.head()).number));
  const before = Math.min(...(await heights()));
  const from = performance.now();
  const times: number[] = [];
  for (let sent = 0; sent < transfers; sent++) {
    const node = consortium.running[sent % members] as { url: string };
    times.push(await sendOne(node.url, wallets));
  }
  while (performance.now() - from < seconds * 1_000) await new Promise((r) => setTimeout(r, 100));
  const after = await heights();
  const status = await consortium.status(0);
  times.sort((left, right) => left - right);
  const [median, last] = [times[transfers >> 1] ?? 0, times.at(-1) ?? 0];
  console.log(
    `${what}: ${Math.min(...after) - before} blocks on all four in ${seconds} s, ` +
      `${transfers} transfers, receipt after ${median.toFixed(0)} ms (median), ` +
      `${last.toFixed(0)} ms (last), ${status.viewChanges} view changes so far, heights ${after.join(' ')}`,
  );
}

async function trial(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'dodona-loss-'));
  const consortium = await ConsortiumProcesses.found(join(folder, 'net'), members);
  try {
    await consortium.startAll();
    await consortium.reached(1);
    const wallets = new Wallets(1_338n, createNativeCrypto());
    const ports = consortium.founded.members.map(({ rpcPort }) => rpcPort + peerPortOffset);
    console.log(`load ${loadavg()[0]?.toFixed(1)}`);
    await measure(consortium, wallets, 'no loss');
    setLoss(ports, '-A');
    await measure(consortium, wallets, 'every fifth packet lost');
    setLoss(ports, '-D');
    await measure(consortium, wallets, 'no loss again');
  } finally {
    await consortium.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

if (process.env[insideMark] === undefined) process.exitCode = runInside();
else await trial();
