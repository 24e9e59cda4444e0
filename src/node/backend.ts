/**
 * The node as JSON-RPC sees it: each question goes to the thread that can answer it. Nothing here
 * executes, reads the database or waits for more than a message.
 */

import type {
  ChainChange,
  DevelopmentAccounts,
  MiningService,
  NetworkInfo,
  NetworkService,
  NodeBackend,
  NodeStatus,
  PoolService,
} from '../api/backend.ts';
import type { AssertionService, OracleService } from '../api/oracle-service.ts';
import type { Network } from '../network/host.ts';
import type { Crypto } from '../primitives/crypto.ts';
import type { ExecutorApi, HeadNotice, OpenedChain } from './executor-api.ts';
import type { Caller } from './port.ts';
import type { ReaderApi } from './reader-api.ts';
import type { SubmissionQueue } from './submission.ts';

/** Alarms kept for `dodona_status`. */
const alarmsKept = 32;

export interface Alarm {
  readonly code: string;
  readonly detail: string;
  /** Seconds since 1970. */
  readonly time: number;
}

/** What changes while the node runs and everyone on the main thread may see. */
export class LiveState {
  head: HeadNotice['head'];
  status: HeadNotice['status'];
  /** Ed25519 keys of those who may vote on the next block, in hexadecimal. */
  memberKeys: ReadonlySet<string>;
  alarms: readonly Alarm[] = [];
  readonly #changeListeners = new Set<(change: ChainChange) => void>();
  readonly #pendingListeners = new Set<(hash: Uint8Array) => void>();

  constructor(opened: OpenedChain) {
    this.head = opened.head;
    this.status = opened.status;
    this.memberKeys = new Set(opened.memberKeys);
  }

  changed(notice: HeadNotice): void {
    this.head = notice.head;
    this.status = notice.status;
    if (notice.memberKeys !== undefined) this.memberKeys = new Set(notice.memberKeys);
    for (const listener of this.#changeListeners) listener(notice);
  }

  pending(hash: Uint8Array): void {
    for (const listener of this.#pendingListeners) listener(hash);
  }

  alarm(code: string, detail: string): void {
    const alarm = { code, detail, time: Math.floor(Date.now() / 1000) };
    this.alarms = [alarm, ...this.alarms].slice(0, alarmsKept);
  }

  onChange(listener: (change: ChainChange) => void): () => void {
    this.#changeListeners.add(listener);
    return () => this.#changeListeners.delete(listener);
  }

  onPending(listener: (hash: Uint8Array) => void): () => void {
    this.#pendingListeners.add(listener);
    return () => this.#pendingListeners.delete(listener);
  }
}

export interface BackendParts {
  readonly info: NetworkInfo;
  readonly opened: OpenedChain;
  readonly crypto: Crypto;
  readonly live: LiveState;
  readonly executor: Caller<ExecutorApi>;
  readonly reader: Caller<ReaderApi>;
  readonly submissions: SubmissionQueue;
  readonly network: Network;
  readonly mining: MiningService | undefined;
  readonly oracle: OracleService | undefined;
  readonly assertions: AssertionService | undefined;
  readonly accounts: DevelopmentAccounts | undefined;
}

function poolService({ executor, submissions }: BackendParts): PoolService {
  return {
    submit: (raw) => submissions.submit(raw),
    pendingNonce: (address) => executor.call('pendingNonce', address),
    transaction: (hash) => executor.call('poolTransaction', hash),
    status: () => executor.call('poolStatus'),
    content: () => executor.call('poolContent'),
  };
}

function networkService({ network }: BackendParts): NetworkService {
  return {
    self: () => ({ id: network.id, addresses: network.addresses() }),
    peers: () =>
      network.peers().map((peer) => ({
        id: peer.id,
        address: peer.address,
        direction: peer.direction,
        height: peer.height,
        headId: peer.headId,
        agent: peer.agent,
        connectedSeconds: Math.floor((Date.now() - peer.sinceMs) / 1000),
        penalty: peer.score,
      })),
    addPeer: async (address) => {
      await network.dial(address);
    },
    removePeer: async (id) => {
      const known = network.peers().some((peer) => peer.id === id);
      network.disconnect(id);
      return known;
    },
  };
}

async function nodeStatus(parts: BackendParts): Promise<NodeStatus> {
  const { executor, live, opened, reader } = parts;
  const [protocol, points] = await Promise.all([executor.call('status'), reader.call('finality')]);
  return {
    head: live.head,
    ...points,
    protocol: opened.protocol,
    finality: opened.finality,
    ...protocol,
    alarms: live.alarms,
    earliestBody: live.status.earliestBody,
  };
}

/** Joins the threads and rooms into the one object that JSON-RPC knows. */
export function createBackend(parts: BackendParts): NodeBackend {
  return {
    network: parts.info,
    crypto: parts.crypto,
    read: (method, params) => parts.reader.call('read', method, params),
    status: () => nodeStatus(parts),
    pool: poolService(parts),
    peers: networkService(parts),
    mining: parts.mining,
    oracle: parts.oracle,
    assertions: parts.assertions,
    accounts: parts.accounts,
    onChange: (listener) => parts.live.onChange(listener),
    onPendingTransaction: (listener) => parts.live.onPending(listener),
  };
}
