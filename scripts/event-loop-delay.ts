/**
 * How long the main thread is kept from its work: the same node mining with all threads and not
 * mining, by turns. Run `npm run build && npx tsx scripts/event-loop-delay.ts [seconds]`.
 */

import { copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createLogger } from '../src/node/log.ts';
import { type RunningNode, startNode } from '../src/node/node.ts';
import { buildGenesisFile } from './build-genesis.ts';
import { devnet } from './genesis-networks.ts';

const rounds = 3;
/** So hard that nothing but the search happens. */
const bits = '0x1b00ffff';

async function writeGenesis(folder: string): Promise<string> {
  const source = fileURLToPath(new URL('../genesis/', import.meta.url));
  const modules = (await readdir(source)).filter((name) => name.endsWith('.wasm'));
  for (const name of modules) await copyFile(join(source, name), join(folder, name));
  const { pace, ...parameters } = devnet.parameters as Record<string, unknown>;
  const file = join(folder, 'quiet.json');
  await writeFile(file, buildGenesisFile({ ...devnet, name: 'quiet', bits, parameters }));
  return file;
}

/** Delay of the event loop over `seconds`, in milliseconds. */
async function measure(seconds: number) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await sleep(seconds * 1_000);
  delay.disable();
  // The timer itself sleeps a millisecond.
  const ms = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - 1);
  const p50 = ms(delay.percentile(50));
  return { p50, p99: ms(delay.percentile(99)), max: ms(delay.max) };
}

async function compare(node: RunningNode, seconds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const mining of [false, true]) {
      if (mining) await node.mining?.start(availableParallelism());
      else await node.mining?.stop();
      await sleep(500);
      const { p50, p99, max } = await measure(seconds);
      const rate = (node.mining?.status().hashesPerSecond ?? 0) / 1e6;
      const what = mining ? `mining, ${rate.toFixed(1)} MH/s` : 'not mining';
      console.log(
        `${what.padEnd(20)} p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, max ${max.toFixed(1)} ms`,
      );
    }
  }
}

const folder = await mkdtemp(join(tmpdir(), 'dodona-delay-'));
const node = await startNode(
  {
    genesisFile: await writeGenesis(folder),
    dataDirectory: join(folder, 'data'),
    rpc: { host: '127.0.0.1', port: 0, allowedHosts: [] },
    p2p: { host: '127.0.0.1', port: 0, bootnodes: [], mdns: false },
    mine: {
      enabled: false,
      threads: availableParallelism(),
      beneficiary: new Uint8Array(20).fill(0xaa),
      core: 'auto',
      stratumPort: 0,
    },
  },
  createLogger({ level: 'warn', json: true }),
);
try {
  await compare(node, Number(process.argv[2] ?? 5));
} finally {
  await node.stop();
  await rm(folder, { recursive: true, force: true });
}
