/** Verifier thread: recovers the senders of all transactions that reach the node, each once. */

import { parentPort } from 'node:worker_threads';
import { protocols } from '../consensus/protocols.ts';
import { DecodeError } from '../primitives/rlp.ts';
import { createNativeCrypto } from './native-crypto.ts';
import { unpack } from './packed.ts';
import { serve } from './port.ts';
import { SenderCache, type VerifierApi } from './verifier.ts';

if (parentPort === null) throw new Error('this file is the entry of a worker thread');
const senders = new SenderCache(createNativeCrypto());

function cargoOf(protocol: string, message: Uint8Array): readonly Uint8Array[] {
  try {
    return protocols[protocol]?.cargo?.read(message) ?? [];
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return [];
  }
}

serve<VerifierApi>(parentPort, {
  recover: (raw) => senders.recoverAll(unpack(raw)),
  recoverCargo: (protocol, message) => senders.recoverAll(cargoOf(protocol, message)),
});
