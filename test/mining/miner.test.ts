/** The partition of the search space, and the pool with real threads. */

import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { createHashCore } from '../../src/mining/hash-core.ts';
import { type FoundWork, MinerPool, type MinerWork } from '../../src/mining/miner.ts';
import {
  partOfSpace,
  RangeSearch,
  searchSpaceSize,
  versionsOfGroup,
} from '../../src/mining/search-space.ts';
import { baseVersion, encodeHeader, isVersionValid } from '../../src/primitives/header.ts';
import { hashToNumber } from '../../src/primitives/work.ts';
import { workerEntry } from '../support/workers.ts';

const header = encodeHeader({
  version: baseVersion,
  previous: new Uint8Array(32).fill(1),
  commitment: new Uint8Array(32).fill(2),
  time: 1_800_000_000,
  bits: 0x207fffff,
  nonce: 0,
});
const impossible = 0n;
const oneIn = (hashes: number): bigint => 2n ** 256n / BigInt(hashes) - 1n;

function meets(work: MinerWork, found: FoundWork): boolean {
  const bytes = work.header.slice();
  const view = new DataView(bytes.buffer);
  view.setUint32(0, found.version, true);
  view.setUint32(76, found.nonce, true);
  return hashToNumber(sha256(sha256(bytes))) <= work.target;
}

describe('search space', () => {
  it('is cut without gap or overlap', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: 64, max: searchSpaceSize }),
        (parts, size) => {
          let end = 0;
          for (let index = 0; index < parts; index++) {
            const range = partOfSpace(index, parts, size);
            expect(range.begin).toBe(end);
            expect(range.end).toBeGreaterThan(range.begin);
            end = range.end;
          }
          expect(end).toBe(size);
        },
      ),
    );
  });

  it('rolls only the sixteen bits that consensus ignores, each value in one group', () => {
    const groups = Array.from({ length: searchSpaceSize / 2 ** 32 }, (_, group) =>
      versionsOfGroup(baseVersion, group),
    );
    const versions = groups.flat();
    expect(versions.length).toBe(65_536);
    expect(new Set(versions).size).toBe(65_536);
    expect(versions.every(isVersionValid)).toBe(true);
  });

  it('goes on with the next versions when the nonces of some are used up', () => {
    const core = createHashCore('simd');
    const begin = 7 * 2 ** 32 - 10;
    const search = new RangeSearch(core, header, impossible, { begin, end: begin + 30 });
    expect(search.advance(100)).toEqual({ tried: 10, found: undefined });
    expect(search.exhausted).toBe(false);
    expect(search.advance(100)).toEqual({ tried: 20, found: undefined });
    expect(search.exhausted).toBe(true);
  });

  it('finds each solution of a range once', () => {
    const core = createHashCore('scalar');
    const work = { jobId: 'a', header, target: oneIn(300) };
    const begin = 3 * 2 ** 32 - 300;
    const search = new RangeSearch(core, header, work.target, { begin, end: begin + 600 });
    const found = [];
    let tried = 0;
    while (!search.exhausted) {
      const step = search.advance(50);
      tried += step.tried;
      if (step.found) found.push(step.found);
    }
    expect(tried).toBe(600);
    expect(found.length).toBeGreaterThan(5);
    for (const { version, nonce } of found) {
      expect(versionsOfGroup(baseVersion, nonce < 300 ? 3 : 2)).toContain(version);
      expect(meets(work, { jobId: 'a', version, nonce })).toBe(true);
    }
    expect(new Set(found.map(({ version, nonce }) => `${version}:${nonce}`)).size).toBe(
      found.length,
    );
  });
});

type Outcome = { readonly kind: 'found'; readonly found: FoundWork } | { readonly kind: string };

/** A pool whose outcomes are awaited one after the other. */
class Harness {
  readonly outcomes: Outcome[] = [];
  #wake: () => void = () => undefined;
  readonly pool: MinerPool;

  constructor(threads: number, workerUrl = workerEntry('node/mine-worker.ts')) {
    const note = (outcome: Outcome): void => {
      this.outcomes.push(outcome);
      this.#wake();
    };
    this.pool = new MinerPool(
      { threads, core: 'auto', workerUrl },
      {
        found: (found) => note({ kind: 'found', found }),
        exhausted: (jobId) => note({ kind: `exhausted ${jobId}` }),
        failed: (error) => note({ kind: error.message }),
      },
    );
  }

  async next(): Promise<Outcome> {
    while (this.outcomes.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.outcomes.shift() as Outcome;
  }
}

describe('miner pool', () => {
  let harness: Harness | undefined;
  afterEach(async () => {
    await harness?.pool.stop();
  });

  it('finds, exhausts, replaces work and rests with real threads', async () => {
    harness = new Harness(2);
    const { pool } = harness;
    expect(await pool.start()).toBe('simd');

    const easy = { jobId: 'easy', header, target: oneIn(50_000) };
    pool.setWork(easy);
    const outcome = await harness.next();
    if (!('found' in outcome)) throw new Error(outcome.kind);
    expect(outcome.found.jobId).toBe('easy');
    expect(meets(easy, outcome.found)).toBe(true);
    expect(pool.hashesTried()).toBeGreaterThan(0n);

    const triedBefore = pool.hashesTried();
    pool.setWork({ jobId: 'small', header, target: impossible, space: 10_001 });
    expect(await harness.next()).toEqual({ kind: 'exhausted small' });
    expect(pool.hashesTried() - triedBefore).toBeGreaterThanOrEqual(160_016n);

    pool.setWork({ jobId: 'endless', header, target: impossible });
    pool.setWork({ ...easy, jobId: 'replaced' });
    const replaced = await harness.next();
    expect('found' in replaced && replaced.found.jobId).toBe('replaced');
    expect(harness.outcomes).toEqual([]);
  });

  it('stops counting hashes when there is no work', async () => {
    harness = new Harness(1);
    const { pool } = harness;
    await pool.start();
    pool.setWork({ jobId: 'endless', header, target: impossible });
    while (pool.hashRate() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    pool.setWork(undefined);
    while (pool.hashRate() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const tried = pool.hashesTried();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(pool.hashesTried()).toBe(tried);
  });

  it('goes on with another number of threads', async () => {
    harness = new Harness(1);
    const { pool } = harness;
    await pool.start();
    await pool.resize(3);
    expect(pool.size).toBe(3);
    pool.setWork({ jobId: 'small', header, target: impossible, space: 10_001 });
    expect(await harness.next()).toEqual({ kind: 'exhausted small' });
    expect(pool.hashesTried()).toBe(160_016n);
  });

  it.runIf(process.platform === 'linux' && getPriority() < 19)(
    'lets all other threads go first',
    async () => {
      harness = new Harness(2);
      await harness.pool.start();
      const nice = readdirSync('/proc/self/task').map((thread) => {
        const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
        // Fields after the parenthesised name; nice is the 19th of all (proc(5)).
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
      });
      expect(nice.filter((value) => value === 19)).toHaveLength(2);
    },
  );

  it('refuses to start with an entry file that does not exist', async () => {
    harness = new Harness(1, new URL('file:///nowhere/mine-worker.js'));
    await expect(harness.pool.start()).rejects.toThrow('a mining thread died');
  });
});
