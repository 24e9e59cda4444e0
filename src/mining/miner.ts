/**
 * The built-in miner: threads that search one job at a time, each its own part of the version and
 * nonce space. A job ends with its first find, with `exhausted`, or when other work replaces it.
 */

import { Worker } from 'node:worker_threads';
import { sha256 } from '@noble/hashes/sha2.js';
import { hashToNumber } from '../primitives/work.ts';
import type { HashCoreChoice, HashCoreName } from './hash-core.ts';
import { partOfSpace, searchSpaceSize } from './search-space.ts';
import {
  type MinerCommand,
  type MinerReport,
  type MinerWorkerData,
  rateCounter,
  triedCounter,
} from './worker.ts';

export interface MinerPoolOptions {
  /** Mining threads to begin with, at least 1. */
  readonly threads: number;
  readonly core: HashCoreChoice;
  /** The entry file of a mining thread. */
  readonly workerUrl: URL;
}

export interface MinerWork {
  readonly jobId: string;
  /** 80 bytes; the nonce and the BIP320 bits of the version are the miner's. */
  readonly header: Uint8Array;
  /** hash <= target wins; see `targetOfBits`. */
  readonly target: bigint;
  /** Positions to try, of sixteen hashes each; at most and by default `searchSpaceSize`. */
  readonly space?: number;
}

export interface FoundWork {
  readonly jobId: string;
  readonly version: number;
  readonly nonce: number;
}

export interface MinerHandlers {
  found(work: FoundWork): void;
  /** Every position was tried: a new template (time or extranonce) is needed. */
  exhausted(jobId: string): void;
  /** A thread died or found what is no solution; the others go on. */
  failed(error: Error): void;
}

/** A mining thread or its core does not work. */
export class MinerError extends Error {
  readonly code = 'MINER_FAILED';
}

interface MinerThread {
  readonly worker: Worker;
  readonly counters: BigInt64Array;
  readonly ready: Promise<HashCoreName>;
}

interface RunningJob {
  readonly sequence: number;
  readonly work: MinerWork;
  searching: number;
}

export class MinerPool {
  readonly #options: MinerPoolOptions;
  readonly #handlers: MinerHandlers;
  #threads: readonly MinerThread[] = [];
  #size: number;
  #job: RunningJob | undefined;
  #sequence = 0;
  #stopping = false;

  constructor(options: MinerPoolOptions, handlers: MinerHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#size = options.threads;
  }

  /** Threads that search, or would if there were work. */
  get size(): number {
    return this.#size;
  }

  /**
   * Starts the threads and resolves, when all are ready, with the core they chose.
   * @throws MinerError when a thread cannot start.
   */
  async start(): Promise<HashCoreName> {
    this.#threads = Array.from({ length: this.#size }, () => this.#startThread());
    const cores = await Promise.all(this.#threads.map((thread) => thread.ready));
    const core = cores[0];
    if (core === undefined) throw new MinerError('a miner needs at least one thread');
    return core;
  }

  /** Searches this in place of any other work; undefined lets the threads sleep. */
  setWork(work: MinerWork | undefined): void {
    this.#sequence += 1;
    if (!work) {
      this.#job = undefined;
      for (const { worker } of this.#threads) worker.postMessage(undefined);
      return;
    }
    const parts = this.#threads.length;
    const size = work.space ?? searchSpaceSize;
    this.#job = { sequence: this.#sequence, work, searching: parts };
    this.#threads.forEach(({ worker }, index) => {
      const command: MinerCommand = {
        sequence: this.#sequence,
        header: work.header,
        target: work.target,
        range: partOfSpace(index, parts, size),
      };
      worker.postMessage(command);
    });
  }

  /**
   * Goes on with another number of threads, at least 1, and without work.
   * @throws MinerError when a thread cannot start
   */
  async resize(threads: number): Promise<void> {
    if (threads === this.#size) return;
    await this.stop();
    this.#size = threads;
    await this.start();
  }

  /** Hashes per second of all threads now; 0 when they sleep. */
  hashRate(): number {
    return Number(this.#sum(rateCounter));
  }

  /** Hashes tried since the start. */
  hashesTried(): bigint {
    return this.#sum(triedCounter);
  }

  /** Ends all threads; the pool can be started again. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#job = undefined;
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
    this.#threads = [];
    this.#stopping = false;
  }

  #sum(counter: number): bigint {
    return this.#threads.reduce(
      (total, { counters }) => total + Atomics.load(counters, counter),
      0n,
    );
  }

  #startThread(): MinerThread {
    const counters = new BigInt64Array(new SharedArrayBuffer(16));
    const data: MinerWorkerData = { core: this.#options.core, counters: counters.buffer };
    const worker = new Worker(this.#options.workerUrl, { workerData: data, name: 'miner' });
    const ready = new Promise<HashCoreName>((resolve, reject) => {
      worker.on('message', (report: MinerReport) => {
        if (report.kind === 'ready') resolve(report.core);
        else this.#receive(report);
      });
      worker.on('error', (cause) => {
        const error = new MinerError(`a mining thread died: ${cause.message}`, { cause });
        reject(error);
        if (!this.#stopping) this.#handlers.failed(error);
      });
      worker.on('exit', () => reject(new MinerError('a mining thread ended before it was ready')));
    });
    return { worker, counters, ready };
  }

  #receive(report: Exclude<MinerReport, { kind: 'ready' }>): void {
    const job = this.#job;
    if (!job || report.sequence !== job.sequence) return;
    if (report.kind === 'exhausted') {
      job.searching -= 1;
      if (job.searching > 0) return;
      this.#job = undefined;
      this.#handlers.exhausted(job.work.jobId);
      return;
    }
    const { version, nonce } = report;
    this.setWork(undefined);
    if (isSolution(job.work, version, nonce)) {
      this.#handlers.found({ jobId: job.work.jobId, version, nonce });
    } else {
      this.#handlers.failed(
        new MinerError(`nonce ${nonce} with version ${version} misses the target: broken core`),
      );
    }
  }
}

/** One hash on the main thread guards the node against a core that computes wrongly. */
function isSolution(work: MinerWork, version: number, nonce: number): boolean {
  const header = work.header.slice();
  const view = new DataView(header.buffer);
  view.setUint32(0, version, true);
  view.setUint32(76, nonce, true);
  return hashToNumber(sha256(sha256(header))) <= work.target;
}
