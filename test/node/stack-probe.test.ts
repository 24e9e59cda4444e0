/** Workers that execute contracts look whether they have the stack for it. */

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';

const probe = new URL('../../dist/node/stack-probe.js', import.meta.url).href;

/** The message of the error that the probe throws in a worker with so much stack. */
async function probeWith(stackSizeMb: number): Promise<string | undefined> {
  const code = `import(${JSON.stringify(probe)}).then(({ probeStack }) => probeStack())`;
  const worker = new Worker(code, { eval: true, resourceLimits: { stackSizeMb } });
  // An error in the worker rejects the wait for its end.
  return once(worker, 'exit').then(
    () => undefined,
    (error: Error) => error.message,
  );
}

it('finds enough where contracts run, and says what to do where it is not', async () => {
  expect(await probeWith(32)).toBeUndefined();
  expect(await probeWith(1)).toContain('less than 2097152 bytes of stack');
});
