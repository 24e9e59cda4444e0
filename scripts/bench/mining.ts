/**
 * The built-in miner's threads: how two compare with one, and how soon they leave old work. Threads
 * have the lowest priority, so on a busy machine the first row says how busy it is.
 */

import { loadavg } from 'node:os';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type FoundWork, MinerPool, type MinerWork } from '../../src/mining/miner.ts';
import { type BenchRow, median, type Round, rate } from './measure.ts';

const workerUrl = new URL('../../dist/node/mine-worker.js', import.meta.url);
const sliceMs = 250;
const scalingRounds = 15;
const latencyRounds = 200;
/** Time for the threads to be in the middle of a slice again. */
const pauseMs = 11;

const header = new Uint8Array(80).fill(7);
const endless: MinerWork = { jobId: 'endless', header, target: 0n };
/** The first hash solves it, so that the answer shows when new work began. */
const instant: MinerWork = { jobId: 'instant', header, target: 2n ** 256n - 1n };

class BenchPool {
  readonly pool: MinerPool;
  #found: (work: FoundWork) => void = () => undefined;

  constructor(threads: number) {
    this.pool = new MinerPool(
      { threads, core: 'auto', workerUrl },
      {
        found: (work) => this.#found(work),
        exhausted: () => undefined,
        failed: (error) => {
          throw error;
        },
      },
    );
  }

  /** Hashes a second over one slice. */
  async slice(): Promise<number> {
    this.pool.setWork(endless);
    await sleep(20);
    const [start, before] = [performance.now(), this.pool.hashesTried()];
    await sleep(sliceMs);
    const tried = Number(this.pool.hashesTried() - before);
    const hashes = rate(tried, performance.now() - start);
    this.pool.setWork(undefined);
    await sleep(20);
    return hashes;
  }

  /** Milliseconds until the first hash of new work is reported. */
  async answer(isBusy: boolean): Promise<number> {
    if (isBusy) this.pool.setWork(endless);
    await sleep(pauseMs);
    const start = performance.now();
    await new Promise<void>((resolve) => {
      this.#found = () => resolve();
      this.pool.setWork(instant);
    });
    return performance.now() - start;
  }

  /** Milliseconds until no thread searches any more. */
  async rest(): Promise<number> {
    this.pool.setWork(endless);
    await sleep(pauseMs);
    const start = performance.now();
    this.pool.setWork(undefined);
    while (this.pool.hashRate() > 0) await turn();
    return performance.now() - start;
  }
}

function spread(ms: readonly number[]): string {
  const sorted = [...ms].sort((left, right) => left - right);
  const at = (share: number): string =>
    (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(1);
  return `p50 ${at(0.5)} ms, p95 ${at(0.95)}, p99 ${at(0.99)}, max ${at(1)}`;
}

async function scaling(one: BenchPool, two: BenchPool): Promise<BenchRow> {
  const rounds: Round[] = [];
  for (let round = 0; round < scalingRounds; round++) {
    rounds.push({ measured: await two.slice(), reference: await one.slice() });
  }
  return {
    work: `miner, 2 threads at load ${loadavg()[0]?.toFixed(1)}`,
    unit: 'hashes/s',
    rounds,
    against: 'one thread',
    bar: 1.9,
  };
}

async function latencies(two: BenchPool): Promise<readonly BenchRow[]> {
  const renewals: Round[] = [];
  const rests: Round[] = [];
  for (let round = 0; round < latencyRounds; round++) {
    const measured = await two.answer(true);
    const reference = await two.answer(false);
    renewals.push({ measured, reference });
    rests.push({ measured: await two.rest(), reference });
  }
  const row = (work: string, rounds: readonly Round[]): BenchRow => {
    const own = rounds.map(({ measured }) => measured);
    return {
      work,
      unit: `us median: ${spread(own)}`,
      rounds: rounds.map(({ measured }) => ({
        measured: measured * 1_000,
        reference: median(rounds.map(({ reference }) => reference)) * 1_000,
      })),
      against: 'new work of idle threads',
      bar: undefined,
    };
  };
  return [
    row('miner, new work to its first hash', renewals),
    row('miner, stop to the last hash', rests),
  ];
}

/** @throws Error when the node is not built: the threads run what is in dist */
export async function benchMining(): Promise<readonly BenchRow[]> {
  const [one, two] = [new BenchPool(1), new BenchPool(2)];
  try {
    await Promise.all([one.pool.start(), two.pool.start()]);
  } catch (error) {
    throw new Error(`run "npm run build" first: ${fileURLToPath(workerUrl)}`, { cause: error });
  }
  try {
    return [await scaling(one, two), ...(await latencies(two))];
  } finally {
    await Promise.all([one.pool.stop(), two.pool.stop()]);
  }
}
