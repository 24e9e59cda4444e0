/** A node for transport tests: the in-memory chain, a pool that takes everything, no peers. */

import type { ChainChange, NodeBackend, SubmitResult } from '../../src/api/backend.ts';
import { answerRead } from '../../src/api/reads.ts';
import type { ApiServerParts } from '../../src/api/server.ts';
import { type ApiServer, type ApiServerOptions, startApiServer } from '../../src/api/server.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { signTransaction } from '../../src/primitives/keys.ts';
import type { SignedTransaction } from '../../src/primitives/transaction.ts';
import { decodeTransaction, recoverSender } from '../../src/primitives/transaction.ts';
import { MemoryChain, network, privateKey, sender } from './chain.ts';

export class TestNode {
  readonly chain = new MemoryChain();
  readonly waiting: SignedTransaction[] = [];
  readonly faults: unknown[] = [];
  readonly started: (number | undefined)[] = [];
  development = true;
  /** What the pool answers instead of taking the transaction. */
  refusal: SubmitResult | undefined;
  syncing: { readonly current: number; readonly highest: number } | undefined;
  /** Runs before every read: a test's place to delay or fail. */
  beforeRead: (method: string) => Promise<void> = () => Promise.resolve();
  readonly #changeListeners = new Set<(change: ChainChange) => void>();
  readonly #pendingListeners = new Set<(hash: Uint8Array) => void>();

  change(change: ChainChange): void {
    for (const listener of this.#changeListeners) listener(change);
  }

  pending(hash: Uint8Array): void {
    for (const listener of this.#pendingListeners) listener(hash);
  }

  get backend(): NodeBackend {
    const { chain } = this;
    const entry = () => chain.head.entry;
    return {
      network: { ...network, development: this.development },
      crypto: nobleCrypto,
      read: async (method, params) => {
        await this.beforeRead(method);
        return answerRead(chain.reader(), method, params, (error) => this.faults.push(error));
      },
      status: async () => ({
        head: entry(),
        safe: entry(),
        finalized: entry(),
        protocol: 'pow',
        finality: 'probabilistic',
        syncing: this.syncing,
        nextBits: undefined,
        tips: [{ ...entry(), branchLength: 0, status: 'active' }],
        alarms: [],
        earliestBody: 0,
      }),
      pool: {
        submit: async (raw) => this.#submit(raw),
        pendingNonce: async (address) =>
          (chain.accounts.get(toHex(address))?.nonce ?? 0n) + BigInt(this.waiting.length),
        transaction: async (hash) => this.waiting.find((one) => toHex(one.hash) === toHex(hash)),
        status: async () => ({ pending: this.waiting.length, queued: 0 }),
        content: async () => ({ pending: this.waiting, queued: [] }),
      },
      peers: {
        self: () => ({ id: 'me', addresses: ['/ip4/127.0.0.1/tcp/1'] }),
        peers: () => [],
        addPeer: async () => {
          throw new Error('no route to host');
        },
        removePeer: async () => false,
      },
      mining: {
        status: () => ({
          enabled: false,
          paused: undefined,
          threads: 1,
          hashesPerSecond: 0,
          beneficiary: undefined,
          core: 'simd',
          blocksFound: 0,
          blocksOrphaned: 0,
          blocks: [],
          shares: {},
          stratum: {
            url: 'stratum+tcp://127.0.0.1:1',
            connections: 0,
            hashesPerSecond: 0,
            workers: [],
          },
          timeToBlock: undefined,
        }),
        start: async (threads) => void this.started.push(threads),
        stop: async () => undefined,
        mineNow: async () => undefined,
      },
      oracle: undefined,
      accounts: {
        addresses: [sender],
        sign: async (_, fields) => signTransaction(fields, privateKey, nobleCrypto),
      },
      onChange: (listener) => {
        this.#changeListeners.add(listener);
        return () => this.#changeListeners.delete(listener);
      },
      onPendingTransaction: (listener) => {
        this.#pendingListeners.add(listener);
        return () => this.#pendingListeners.delete(listener);
      },
    };
  }

  #submit(raw: Uint8Array): SubmitResult {
    if (this.refusal !== undefined) return this.refusal;
    const transaction = recoverSender(decodeTransaction(raw, nobleCrypto), nobleCrypto);
    this.waiting.push(transaction);
    return { hash: transaction.hash };
  }

  /** A listening server on a free port of this machine. */
  serve(
    options: Partial<ApiServerOptions> = {},
    parts: Partial<ApiServerParts> = {},
  ): Promise<ApiServer> {
    return startApiServer(
      {
        host: '127.0.0.1',
        port: 0,
        allowedHosts: [],
        allowedOrigins: [],
        token: 'secret',
        ...options,
      },
      { backend: this.backend, fault: (error) => this.faults.push(error), ...parts },
    );
  }
}
