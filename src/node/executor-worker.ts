/** Executor thread: the only one that executes blocks and writes the database. */

import { parentPort } from 'node:worker_threads';
import { Executor } from './executor.ts';
import type { ExecutorApi } from './executor-api.ts';
import { createNativeCrypto } from './native-crypto.ts';
import { notify, serve } from './port.ts';
import { probeStack } from './stack-probe.ts';

const port = parentPort;
if (port === null) throw new Error('this file is the entry of a worker thread');
Error.stackTraceLimit = 10;
probeStack();
const executor = new Executor(createNativeCrypto(), (notice) => notify(port, notice));
serve<ExecutorApi>(port, executor);
