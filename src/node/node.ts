/**
 * The composition root: settings become parts, parts become a running node, and stop in reverse
 * order. Everything is built by plain constructor arguments, in one readable function.
 */

import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NetworkInfo, NodeBackend } from '../api/backend.ts';
import { startApiServer } from '../api/server.ts';
import { createNetwork, type Network } from '../network/host.ts';
import { loadOrCreateIdentity, rawIdentity } from '../network/identity.ts';
import type { Logger } from '../network/types.ts';
import type { Hex } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import type { Genesis } from '../primitives/genesis.ts';
import { limits } from '../primitives/limits.ts';
import { demonstrationAccounts, testAccounts } from './accounts.ts';
import { createBackend, LiveState } from './backend.ts';
import { readGenesisFile } from './chain-files.ts';
import { developmentAccounts } from './development.ts';
import type { ExecutorApi, ExecutorNotice, HeadNotice, OpenedChain } from './executor-api.ts';
import { listening } from './listening.ts';
import { localTransport } from './local-transport.ts';
import { NodeMetrics } from './metrics.ts';
import { minerMethods } from './miner-methods.ts';
import { type MiningOptions, NodeMining } from './mining.ts';
import { createNativeCrypto } from './native-crypto.ts';
import { type BridgeParts, carryToNetwork, networkHandlers } from './network-bridge.ts';
import { NodeOracle } from './oracle.ts';
import { unpack } from './packed.ts';
import type { Caller } from './port.ts';
import type { ReaderApi, ReaderNotice } from './reader-api.ts';
import { SubmissionQueue } from './submission.ts';
import { Threads } from './threads.ts';
import type { VerifierApi } from './verifier.ts';
import { clientVersion } from './version.ts';

export interface NodeOptions {
  readonly genesisFile: string;
  readonly dataDirectory: string;
  readonly rpc: {
    readonly host: string;
    readonly port: number;
    readonly allowedHosts: readonly string[];
  };
  readonly p2p: {
    readonly host: string;
    readonly port: number;
    readonly bootnodes: readonly string[];
    readonly mdns: boolean;
  };
  readonly mine: MiningOptions;
}

export interface RunningNode {
  readonly genesis: Genesis;
  readonly genesisId: Hex;
  readonly rpcUrl: string;
  readonly backend: NodeBackend;
  readonly network: Network;
  readonly live: LiveState;
  readonly oracle: NodeOracle | undefined;
  /** Undefined where members make the blocks. */
  readonly mining: NodeMining | undefined;
  onHead(listener: (notice: HeadNotice) => void): void;
  /** Settles when a thread died: the node cannot go on. */
  readonly failed: Promise<Error>;
  stop(): Promise<void>;
}

/** Bearer token for whatever signs, mines or administers; only the operator can read it. */
async function loadOrCreateToken(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const token = randomBytes(32).toString('hex');
  await writeFile(file, `${token}\n`, { mode: 0o600, flag: 'wx' });
  return token;
}

function networkInfo(genesis: Genesis): NetworkInfo {
  return {
    name: genesis.name,
    chainId: genesis.chainId,
    genesisHash: genesis.hash,
    development: genesis.development,
    clientVersion: clientVersion(),
  };
}

/** Everything that `start` acquires, released in reverse order. */
class Releases {
  readonly #steps: (() => Promise<void>)[] = [];

  add(step: () => Promise<void>): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) await step();
  }
}

/** Hands the executor's notices on once there is someone to take them; keeps early ones. */
class NoticeRouter {
  #early: ExecutorNotice[] = [];
  #target: ((notice: ExecutorNotice) => void) | undefined;

  readonly take = (notice: ExecutorNotice): void => {
    if (this.#target === undefined) this.#early.push(notice);
    else this.#target(notice);
  };

  open(target: (notice: ExecutorNotice) => void): void {
    this.#target = target;
    for (const notice of this.#early) target(notice);
    this.#early = [];
  }
}

interface OpenedThreads {
  readonly executor: Caller<ExecutorApi>;
  readonly reader: Caller<ReaderApi>;
  readonly verifier: Caller<VerifierApi>;
  readonly opened: OpenedChain;
}

async function openThreads(
  threads: Threads,
  options: NodeOptions,
  identity: Uint8Array,
  router: NoticeRouter,
  releases: Releases,
  logger: Logger,
): Promise<OpenedThreads> {
  releases.add(() => threads.stop());
  const { genesisFile, mine } = options;
  const database = join(options.dataDirectory, 'chain');
  const executor = threads.start<ExecutorApi, ExecutorNotice>('executor', router.take);
  releases.add(() => executor.call('stop'));
  const { beneficiary } = mine;
  const identitySeed = rawIdentity(identity).seed;
  const opened = await executor.call('open', { database, genesisFile, beneficiary, identitySeed });
  const verifier = threads.start<VerifierApi>('verifier');
  const reader = threads.start<ReaderApi, ReaderNotice>('reader', ({ method, text }) =>
    logger.error({ room: 'api', method, reason: text }, 'a read failed'),
  );
  releases.add(() => reader.call('stop'));
  const { finality } = opened;
  await reader.call('open', { database, genesisFile, finality, clientVersion: clientVersion() });
  return { executor, reader, verifier, opened };
}

async function openNetwork(
  options: NodeOptions,
  genesis: Genesis,
  privateKey: Uint8Array,
  bridge: BridgeParts,
  logger: Logger,
): Promise<Network> {
  const { p2p, dataDirectory } = options;
  const door = { what: "the peers' port", ...p2p, setting: 'p2p.port' } as const;
  const starting: Promise<Network> = createNetwork(
    {
      genesisHash: genesis.hash,
      privateKey,
      listen: { host: p2p.host, port: p2p.port },
      bootnodes: [...p2p.bootnodes, ...genesis.bootstrap],
      mdns: p2p.mdns,
      peersMax: limits.peersMax,
      // Members are each other's bootnodes, and a quorum is lost with every one that stays away.
      ...(bridge.hasMembers
        ? {
            peersMax: limits.peersMax + limits.consortiumMembersMax,
            redialMsMax: limits.memberRedialMsMax,
          }
        : {}),
      dataDirectory,
      agent: clientVersion(),
      logger,
    },
    networkHandlers(bridge, () => network),
  );
  const network = await listening(door, starting);
  return network;
}

/** Miners' parts, where there are miners. @throws Error when a consortium is told to mine */
async function openMining(
  options: MiningOptions,
  genesis: Genesis,
  { executor, opened }: OpenedThreads,
  parts: { readonly crypto: Crypto; readonly live: LiveState; readonly network: Network },
  logger: Logger,
): Promise<NodeMining | undefined> {
  if (opened.makers === 'members') {
    if (!options.enabled) return undefined;
    throw new Error(`${genesis.name} is a consortium, nobody mines there: leave out --mine`);
  }
  return NodeMining.start(options, {
    executor,
    crypto: parts.crypto,
    head: opened.head,
    hasCompany: () => genesis.development || parts.network.peers().length > 0,
    failed: (error) => {
      parts.live.alarm('miner-failed', error.message);
      logger.error({ room: 'mining', reason: error.message }, 'miner failed');
    },
  });
}

/** Who is told of what the executor says. */
interface Listeners {
  readonly live: LiveState;
  readonly mining: NodeMining | undefined;
  readonly oracle: NodeOracle | undefined;
  readonly bridge: BridgeParts;
  readonly network: Network;
  readonly onHead: readonly ((notice: HeadNotice) => void)[];
}

function hear(listeners: Listeners, notice: ExecutorNotice, logger: Logger): void {
  const { live, mining, oracle, bridge, network } = listeners;
  switch (notice.kind) {
    case 'head':
      live.changed(notice);
      mining?.headChanged(notice);
      for (const listener of listeners.onHead) listener(notice);
      oracle?.onHead(notice.head.height, notice.head.header.time).catch((error: unknown) => {
        logger.warn({ room: 'oracle', reason: (error as Error).message }, 'reports are late');
      });
      break;
    case 'seal':
      mining?.sealing(notice.work);
      break;
    case 'pending':
      for (const hash of unpack(notice.hashes)) live.pending(hash);
      break;
    case 'alarm':
      live.alarm(notice.code, notice.detail);
      logger.warn({ room: 'consensus', code: notice.code }, notice.detail);
      break;
    default:
      carryToNetwork(bridge, network, notice);
  }
}

/**
 * Starts a node and resolves when it serves RPC, listens to peers and, if asked to, mines.
 * @throws StorageError, GenesisError and others with `code` and the remedy in the message.
 */
export async function startNode(options: NodeOptions, logger: Logger): Promise<RunningNode> {
  const releases = new Releases();
  try {
    return await assemble(options, logger, releases);
  } catch (error) {
    await releases.run().catch(() => {});
    throw error;
  }
}

async function assemble(
  options: NodeOptions,
  logger: Logger,
  releases: Releases,
): Promise<RunningNode> {
  const crypto = createNativeCrypto();
  if (!crypto.nativeRecovery) {
    logger.warn({ room: 'node' }, 'no native secp256k1 for this platform: recovery is slow');
  }
  await mkdir(options.dataDirectory, { recursive: true, mode: 0o700 });
  const genesis = await readGenesisFile(options.genesisFile, crypto);
  const token = await loadOrCreateToken(join(options.dataDirectory, 'rpc.token'));
  const identity = await loadOrCreateIdentity(join(options.dataDirectory, 'identity'));
  const threads = new Threads();
  const router = new NoticeRouter();
  const opened = await openThreads(threads, options, identity, router, releases, logger);
  const { mine } = options;
  const live = new LiveState(opened.opened);
  const hasMembers = opened.opened.makers === 'members';
  const bridge: BridgeParts = { ...opened, requests: new Map(), live, hasMembers };
  const network = await openNetwork(options, genesis, identity, bridge, logger);
  releases.add(() => network.stop());
  const mining = await openMining(mine, genesis, opened, { crypto, live, network }, logger);
  if (mining !== undefined) releases.add(() => mining.close());
  const info = networkInfo(genesis);
  const accounts = genesis.development ? developmentAccounts(crypto) : undefined;
  const parts = { ...opened, info, crypto, live, network, mining, accounts };
  const submissions = new SubmissionQueue(opened.executor, opened.verifier);
  const oracle = NodeOracle.create({
    transport: localTransport({ ...opened, submissions }),
    genesis,
    accounts: genesis.development ? [...testAccounts(), ...demonstrationAccounts()] : [],
    dataDirectory: options.dataDirectory,
    note: (note) => logger.debug({ room: 'oracle', ...note }, note.action),
  });
  const backend = createBackend({
    ...parts,
    submissions,
    oracle: oracle?.desk,
    assertions: oracle?.assertions,
  });
  const fault = (error: unknown, what: string): void =>
    logger.error({ room: 'api', what, reason: String(error) }, 'a request failed');
  const access = { ...options.rpc, allowedOrigins: [], token };
  const methods = minerMethods(mining?.templates);
  const metrics = new NodeMetrics(backend, async () => (await oracle?.metrics()) ?? []);
  releases.add(async () => metrics.close());
  const api = { backend, fault, methods, metrics: () => metrics.text() };
  const door = { what: 'JSON-RPC', ...options.rpc, setting: 'rpc.port' } as const;
  const server = await listening(door, startApiServer(access, api));
  releases.add(() => server.close());
  const onHead: ((notice: HeadNotice) => void)[] = [];
  router.open((notice) => hear({ live, mining, oracle, bridge, network, onHead }, notice, logger));
  if (mine.enabled) await mining?.start(undefined);
  return {
    genesis,
    genesisId: opened.opened.genesisId,
    rpcUrl: `http://${options.rpc.host}:${server.port}`,
    backend,
    network,
    live,
    oracle,
    mining,
    onHead: (listener) => void onHead.push(listener),
    failed: threads.failed,
    stop: () => releases.run(),
  };
}
