/**
 * A disk that can lose its last writes. What is written is readable at once; it is durable when it,
 * or anything written after it, has been synced. A power failure keeps some prefix of the rest:
 * batches are atomic and ordered, as in a database with a log.
 */

import { compareBytes, fromHex, type Hex, toHex } from '../primitives/bytes.ts';
import type { Store, WriteOperation } from '../primitives/store.ts';
import type { Scheduled, VirtualClock } from './clock.ts';
import type { Random } from './random.ts';

export interface DiskOptions {
  /** Mean time of a synced write. */
  readonly syncMs: number;
  /** A disk that says "durable" before it is so: for canaries only. */
  readonly lies: boolean;
}

type Batch = readonly WriteOperation[];

export class SimulatedDisk implements Store {
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #options: DiskOptions;
  /** Survives a power failure. */
  readonly #durable = new Map<Hex, Uint8Array>();
  /** Written and readable, not yet durable, oldest first. */
  #unsynced: Batch[] = [];
  #readable = new Map<Hex, Uint8Array>();
  readonly #callbacks = new Set<Scheduled>();
  /** When the last accepted write is done: callbacks come in order. */
  #busyUntil = 0;
  #lostBatches = 0;
  #onNextAppend: (() => void) | undefined;

  constructor(clock: VirtualClock, random: Random, options: DiskOptions) {
    this.#clock = clock;
    this.#random = random;
    this.#options = options;
  }

  /** Batches that power failures have swallowed so far. */
  get lostBatches(): number {
    return this.#lostBatches;
  }

  /** Calls back once, at the next write: the moment when a power failure hurts most. */
  watchNextAppend(task: () => void): void {
    this.#onNextAppend = task;
  }

  /** What a new disk holds, durable from the start. */
  format(batch: Batch): void {
    applyBatch(this.#durable, batch);
    applyBatch(this.#readable, batch);
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#readable.get(toHex(key));
  }

  /** As the driver wants it: `done` is called when the batch is as durable as asked. */
  append(batch: Batch, sync: boolean, done: () => void): void {
    this.#unsynced.push(batch);
    applyBatch(this.#readable, batch);
    const delayMs = sync ? this.#random.exponential(this.#options.syncMs) : 0;
    this.#busyUntil = Math.max(this.#busyUntil, this.#clock.now + delayMs);
    const callback = this.#clock.schedule(this.#busyUntil - this.#clock.now, () => {
      this.#callbacks.delete(callback);
      if (sync && !this.#options.lies) this.#makeDurable(this.#unsynced.indexOf(batch) + 1);
      done();
    });
    this.#callbacks.add(callback);
    const watcher = this.#onNextAppend;
    this.#onNextAppend = undefined;
    watcher?.();
  }

  write(batch: Batch, options: { readonly sync: boolean }): Promise<void> {
    return new Promise((resolve) => this.append(batch, options.sync, resolve));
  }

  /** Power fails: pending calls never come back, some prefix of the unsynced writes survives. */
  crash(): void {
    for (const callback of this.#callbacks) callback.cancel();
    this.#callbacks.clear();
    this.#onNextAppend = undefined;
    const surviving = this.#random.integer(0, this.#unsynced.length);
    this.#lostBatches += this.#unsynced.length - surviving;
    this.#makeDurable(surviving);
    this.#unsynced = [];
    this.#readable = new Map(this.#durable);
    this.#busyUntil = this.#clock.now;
  }

  /** Entries with start <= key < end in order, at once: what `range` resolves to. */
  list(start: Uint8Array, end: Uint8Array): readonly (readonly [Uint8Array, Uint8Array])[] {
    const from = toHex(start);
    const to = toHex(end);
    return [...this.#readable]
      .filter(([key]) => key >= from && key < to)
      .map(([key, value]) => [fromHex(key), value] as const)
      .sort(([left], [right]) => compareBytes(left, right));
  }

  async range(
    start: Uint8Array,
    end: Uint8Array,
    options: { readonly limit: number; readonly reverse?: boolean },
  ): Promise<readonly (readonly [Uint8Array, Uint8Array])[]> {
    const entries = [...this.list(start, end)];
    if (options.reverse) entries.reverse();
    return entries.slice(0, options.limit);
  }

  async close(): Promise<void> {
    this.#makeDurable(this.#unsynced.length);
  }

  /** The first `count` unsynced batches can no longer be lost. */
  #makeDurable(count: number): void {
    for (const batch of this.#unsynced.splice(0, count)) applyBatch(this.#durable, batch);
  }
}

function applyBatch(target: Map<Hex, Uint8Array>, batch: Batch): void {
  for (const { key, value } of batch) {
    if (value === undefined) target.delete(toHex(key));
    else target.set(toHex(key), value);
  }
}
