/**
 * What a mining thread does: searches its part of a job in slices of a few milliseconds and returns
 * to its event loop between them, so that new work or a stop is seen at once. Idle, it sleeps.
 */

import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import type { MessagePort } from 'node:worker_threads';
import {
  createHashCore,
  type HashCore,
  type HashCoreChoice,
  type HashCoreName,
  versionsAtOnce,
} from './hash-core.ts';
import { RangeSearch, type SearchRange } from './search-space.ts';

/** A thread's own numbers, shared so that the pool reads them without messages. */
export interface MinerWorkerData {
  readonly core: HashCoreChoice;
  /** Two i64: hashes tried since the start, hashes per second now. */
  readonly counters: SharedArrayBuffer;
}

export const triedCounter = 0;
export const rateCounter = 1;

export interface MinerJob {
  /** Counts jobs of this pool; an answer that names an older one is dropped. */
  readonly sequence: number;
  readonly header: Uint8Array;
  readonly target: bigint;
  readonly range: SearchRange;
}

/** To a thread: a job in place of any other, or undefined to rest. */
export type MinerCommand = MinerJob | undefined;

export type MinerReport =
  | { readonly kind: 'ready'; readonly core: HashCoreName }
  | {
      readonly kind: 'found';
      readonly sequence: number;
      readonly version: number;
      readonly nonce: number;
    }
  | { readonly kind: 'exhausted'; readonly sequence: number };

/** Short enough that new work waits no longer than a network round trip takes. */
const sliceMs = 4;
/** Nonces in a slice. */
const sliceCountMin = 4;
const sliceCountMax = 2 ** 18;
/** The rate is an exponential mean over about this time. */
const rateWindowMs = 2_000;

class MinerThread {
  readonly #port: MessagePort;
  readonly #core: HashCore;
  readonly #counters: BigInt64Array;
  #search: RangeSearch | undefined;
  #sequence = 0;
  #scheduled = false;
  #sliceCount = sliceCountMin;
  #rate = 0;
  #sliceStart = 0;

  constructor(port: MessagePort, data: MinerWorkerData) {
    this.#port = port;
    this.#core = createHashCore(data.core);
    this.#counters = new BigInt64Array(data.counters);
    this.#report({ kind: 'ready', core: this.#core.name });
  }

  accept(command: MinerCommand): void {
    if (command === undefined) {
      this.#rest();
      return;
    }
    this.#sequence = command.sequence;
    this.#search = new RangeSearch(this.#core, command.header, command.target, command.range);
    this.#sliceStart = performance.now();
    if (!this.#scheduled) this.#schedule();
  }

  #schedule(): void {
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#search) this.#slice(this.#search);
    });
  }

  #slice(search: RangeSearch): void {
    const { tried, found } = search.advance(this.#sliceCount);
    this.#measure(tried);
    if (found) {
      this.#report({ kind: 'found', sequence: this.#sequence, ...found });
      this.#rest();
    } else if (search.exhausted) {
      this.#report({ kind: 'exhausted', sequence: this.#sequence });
      this.#rest();
    } else {
      this.#schedule();
    }
  }

  /** Sizes the next slice and counts what this one tried, in positions of the search space. */
  #measure(tried: number): void {
    const now = performance.now();
    const elapsedMs = Math.max(now - this.#sliceStart, 0.01);
    this.#sliceStart = now;
    const wanted = (tried * sliceMs) / elapsedMs;
    this.#sliceCount = Math.round(Math.min(Math.max(wanted, sliceCountMin), sliceCountMax));
    const hashes = tried * versionsAtOnce;
    const weight = this.#rate === 0 ? 1 : 1 - Math.exp(-elapsedMs / rateWindowMs);
    this.#rate += weight * ((hashes * 1_000) / elapsedMs - this.#rate);
    Atomics.add(this.#counters, triedCounter, BigInt(hashes));
    Atomics.store(this.#counters, rateCounter, BigInt(Math.round(this.#rate)));
  }

  #rest(): void {
    this.#search = undefined;
    this.#rate = 0;
    Atomics.store(this.#counters, rateCounter, 0n);
  }

  #report(report: MinerReport): void {
    this.#port.postMessage(report);
  }
}

/**
 * Lets everything else go first, so that a node on one core stays responsive. Linux gives threads
 * priorities of their own (setpriority(2), Notes); elsewhere the whole process would be slowed.
 */
function yieldToOthers(): void {
  if (process.platform !== 'linux') return;
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    setPriority(thread, constants.priority.PRIORITY_LOW);
  } catch {
    // No /proc, or a sandbox that forbids it: mining works, only less politely.
  }
}

/** Serves `port` until it closes: the whole body of a mining thread's entry file. */
export function runMinerWorker(port: MessagePort, data: MinerWorkerData): void {
  yieldToOthers();
  const thread = new MinerThread(port, data);
  port.on('message', (command: MinerCommand) => thread.accept(command));
}
