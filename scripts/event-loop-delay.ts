/**
 * How long the main thread is kept from its work: the same node mining with all threads and not
 * mining, by turns. The delay counts what other programs take too, the longest turn does not. Run `npm run build && npx tsx scripts/event-loop-delay.ts [seconds]`.
 */

import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
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

/** Processor time of this thread, in milliseconds; undefined where the system does not tell. */
function threadTimeMs(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  // schedstat begins with nanoseconds on the processor; the main thread's id is the process'.
  const text = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8');
  return Number(text.split(' ', 1)[0]) / 1e6;
}

/** Processor time between two wakings of a timer: what the longest turn cost by itself. */
class BusiestTurn {
  ms = 0;
  #before = threadTimeMs();
  readonly #timer = setInterval(() => {
    const now = threadTimeMs();
    if (now !== undefined && this.#before !== undefined) {
      this.ms = Math.max(this.ms, now - this.#before);
    }
    this.#before = now;
  }, 1);

  end(): number {
    clearInterval(this.#timer);
    return this.ms;
  }
}

/** Delay of the event loop over `seconds`, in milliseconds. */
async function measure(seconds: number) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const turn = new BusiestTurn();
  delay.enable();
  await sleep(seconds * 1_000);
  delay.disable();
  // The timer itself sleeps a millisecond.
  const ms = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - 1);
  const p50 = ms(delay.percentile(50));
  return { p50, p99: ms(delay.percentile(99)), max: ms(delay.max), own: turn.end() };
}

async function compare({ mining: miner }: RunningNode, seconds: number): Promise<void> {
  if (miner === undefined) throw new Error('this network has no miners: use one of proof of work');
  for (let round = 0; round < rounds; round++) {
    for (const mining of [false, true]) {
      if (mining) await miner.start(availableParallelism());
      else await miner.stop();
      await sleep(500);
      const { p50, p99, max, own } = await measure(seconds);
      const rate = miner.status().hashesPerSecond / 1e6;
      const what = mining ? `mining, ${rate.toFixed(1)} MH/s` : 'not mining';
      const delays = [p50, p99, max].map((ms) => ms.toFixed(1));
      console.log(
        `${what.padEnd(20)} p50 ${delays[0]} ms, p99 ${delays[1]} ms, max ${delays[2]} ms; longest turn ${own.toFixed(1)} ms on the processor, load ${loadavg()[0]?.toFixed(1)}`,
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
