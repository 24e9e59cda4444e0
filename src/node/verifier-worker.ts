/** Verifier thread: recovers the senders of foreign transactions, away from the executor. */

import { parentPort } from 'node:worker_threads';
import { createNativeCrypto } from './native-crypto.ts';
import { serve } from './port.ts';
import { recoverSenders, type VerifierApi } from './verifier.ts';

const crypto = createNativeCrypto();

if (parentPort === null) throw new Error('this file is the entry of a worker thread');
serve<VerifierApi>(parentPort, {
  recover: (raw) => recoverSenders(raw, crypto),
});
