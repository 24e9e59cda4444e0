/**
 * Which file runs which worker. Worker entries are compiled JavaScript; a host that runs from
 * TypeScript sources (the tests) finds them in `dist`.
 */

import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { type Caller, connect } from './port.ts';

export type WorkerName = 'executor' | 'reader' | 'verifier' | 'mine';

/** URL of a worker's compiled entry. */
export function workerUrl(name: WorkerName): URL {
  const here = import.meta.url;
  const folder = here.endsWith('.ts') ? new URL('../../dist/node/', here) : new URL('./', here);
  return new URL(`${name}-worker.js`, folder);
}

/**
 * Contract frames may nest 128 deep and use 32,768 words of stack (256 KiB); the real stack is
 * kept far above that, because V8 gives no promise about its own limit.
 */
const executionStackSizeMb = 32;

/**
 * Contracts are validated by our own rules before the engine sees them. It checks each function again
 * when it compiles it, on its first call; to do so for the whole module in advance would wake every
 * thread of its pool, which took half of the time of a small contract's first use.
 */
setFlagsFromString('--wasm-lazy-validation');

/** Starts a worker; those that execute contracts get a large stack. */
function startWorker(name: WorkerName): Worker {
  const executes = name === 'executor' || name === 'reader';
  return new Worker(workerUrl(name), {
    name,
    ...(executes ? { resourceLimits: { stackSizeMb: executionStackSizeMb } } : {}),
  });
}

/** Threads that were started, so that they can be stopped and their death be noticed. */
export class Threads {
  readonly #workers: Worker[] = [];
  readonly failed: Promise<Error>;
  #fail: (error: Error) => void = () => {};

  constructor() {
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
  }

  start<Api extends object, Notice = never>(
    name: WorkerName,
    onNotice?: (notice: Notice) => void,
  ): Caller<Api> {
    const worker = startWorker(name);
    this.#workers.push(worker);
    const caller = connect<Api, Notice>(worker, onNotice);
    worker.on('error', (cause) => {
      const error = new Error(`the ${name} thread died: ${cause.message}`, { cause });
      caller.fail(error);
      this.#fail(error);
    });
    worker.on('exit', () => caller.fail(new Error(`the ${name} thread has ended`)));
    return caller;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
