/** Reader thread: answers reads, calls and estimates, each over one snapshot of the database. */

import { parentPort } from 'node:worker_threads';
import type { NetworkInfo } from '../api/backend.ts';
import { answerRead } from '../api/reads.ts';
import { limits } from '../primitives/limits.ts';
import type { StoreReader } from '../primitives/store.ts';
import { SnapshotSource } from '../storage/level-store.ts';
import { createVm } from '../vm/vm.ts';
import { readGenesisFile } from './chain-files.ts';
import { type ReaderParts, SnapshotReader } from './chain-reader.ts';
import { createNativeCrypto } from './native-crypto.ts';
import { notify, serve } from './port.ts';
import type { ReaderApi, ReaderNotice } from './reader-api.ts';
import { probeStack } from './stack-probe.ts';
import { SenderCache } from './verifier.ts';

const port = parentPort;
if (port === null) throw new Error('this file is the entry of a worker thread');
probeStack();
const crypto = createNativeCrypto();
let opened: { readonly source: SnapshotSource; readonly parts: ReaderParts } | undefined;

function withSnapshot<Result>(run: (store: StoreReader, parts: ReaderParts) => Result): Result {
  if (opened === undefined) throw new Error('the reader is not open');
  const snapshot = opened.source.take();
  try {
    return run(snapshot, opened.parts);
  } finally {
    snapshot.close();
  }
}

serve<ReaderApi>(port, {
  async open({ database, genesisFile, finality, clientVersion }) {
    const genesis = await readGenesisFile(genesisFile, crypto);
    const network: NetworkInfo = {
      name: genesis.name,
      chainId: genesis.chainId,
      genesisHash: genesis.hash,
      development: genesis.development,
      clientVersion,
    };
    const senders = new SenderCache(crypto);
    const vm = createVm({ crypto, pinnedCode: genesis.codeHashes });
    const recover: ReaderParts['recover'] = (raw) => senders.recover(raw);
    const source = await SnapshotSource.open(database);
    opened = { source, parts: { genesis, network, finality, crypto, vm, recover } };
  },
  read(method, parameters) {
    return withSnapshot((store, parts) => {
      const deadline = performance.now() + limits.readerTimeMsMax;
      const reader = new SnapshotReader(store, parts, () => performance.now() > deadline);
      return answerRead(reader, method, parameters, (error) => {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        notify<ReaderNotice>(port, { kind: 'fault', method, text });
      });
    });
  },
  finality: () =>
    withSnapshot((store, parts) => {
      const reader = new SnapshotReader(store, parts, () => false);
      return { safe: reader.safe(), finalized: reader.finalized() };
    }),
  async stop() {
    await opened?.source.close();
    opened = undefined;
  },
});
