/**
 * Which file runs which worker. Worker entries are compiled JavaScript; a host that runs from
 * TypeScript sources (the tests) finds them in `dist`.
 */

import { Worker, type WorkerOptions } from 'node:worker_threads';

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

/** Starts a worker; those that execute contracts get a large stack. */
export function startWorker(name: WorkerName, options: WorkerOptions = {}): Worker {
  const executes = name === 'executor' || name === 'reader';
  return new Worker(workerUrl(name), {
    name,
    ...(executes ? { resourceLimits: { stackSizeMb: executionStackSizeMb } } : {}),
    ...options,
  });
}
