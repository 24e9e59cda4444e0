/** Real hosts on loopback for tests: each with its own directory, key and record of what it heard. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '@noble/hashes/sha2.js';
import { createNetwork, type Network } from '../../src/network/host.ts';
import { loadOrCreateIdentity } from '../../src/network/identity.ts';
import type {
  GossipTopic,
  Logger,
  NetworkHandlers,
  NetworkOptions,
} from '../../src/network/types.ts';
import { utf8 } from '../../src/primitives/bytes.ts';
import type { Status } from '../../src/primitives/wire.ts';
import { until as untilSeen } from '../support/process.ts';

export const genesisHash = sha256(utf8('test network'));

export interface Heard {
  readonly joined: { peer: string; status: Status }[];
  readonly left: string[];
  readonly messages: { peer: string; bytes: Uint8Array }[];
  readonly gossip: { peer: string; topic: GossipTopic; bytes: Uint8Array; delivery: number }[];
}

export interface TestHost {
  readonly network: Network;
  readonly heard: Heard;
  readonly directory: string;
  stop(): Promise<void>;
}

const silent = (): void => {};
export const silentLogger: Logger = { debug: silent, info: silent, warn: silent, error: silent };

export function statusAt(height: number, genesis: Uint8Array = genesisHash): Status {
  return { genesisId: genesis, headId: '00'.repeat(32), height, work: 1n, earliestBody: 0 };
}

/** Starts a host that accepts nothing by itself: the test gives the verdicts. */
export async function startHost(
  options: Partial<NetworkOptions> & { height?: number; query?: NetworkHandlers['query'] } = {},
): Promise<TestHost> {
  const directory = options.dataDirectory ?? (await mkdtemp(join(tmpdir(), 'dodona-network-')));
  const heard: Heard = { joined: [], left: [], gossip: [], messages: [] };
  const network = await createNetwork(
    {
      genesisHash,
      privateKey: await loadOrCreateIdentity(join(directory, 'identity')),
      listen: { host: '127.0.0.1', port: 0 },
      bootnodes: [],
      mdns: false,
      peersMax: 16,
      dataDirectory: directory,
      agent: 'dodona/test',
      logger: silentLogger,
      ...options,
    },
    {
      status: () => statusAt(options.height ?? 0, options.genesisHash),
      joined: (peer, status) => heard.joined.push({ peer, status }),
      left: (peer) => heard.left.push(peer),
      message: (peer, bytes) => heard.messages.push({ peer, bytes }),
      gossip: (peer, topic, bytes, delivery) => heard.gossip.push({ peer, topic, bytes, delivery }),
      query: options.query ?? (() => Promise.reject(new Error('nothing to serve'))),
    },
  );
  return {
    network,
    heard,
    directory,
    stop: async () => {
      await network.stop();
      if (options.dataDirectory === undefined) await rm(directory, { recursive: true });
    },
  };
}

/** Resolves as soon as `condition` holds. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  await untilSeen(what, () => condition() || undefined);
}

/** Everything a test has started; stopped in reverse order. */
export class HostSet {
  private started: { stop(): Promise<void> }[] = [];

  async add<Host extends { stop(): Promise<void> }>(host: Promise<Host>): Promise<Host> {
    return this.track(await host);
  }

  track<Host extends { stop(): Promise<void> }>(host: Host): Host {
    this.started.push(host);
    return host;
  }

  /** Stops one host before the end of its test. */
  async stop(host: { stop(): Promise<void> }): Promise<void> {
    this.started = this.started.filter((other) => other !== host);
    await host.stop();
  }

  async stopAll(): Promise<void> {
    for (const host of this.started.splice(0).reverse()) await host.stop();
  }
}

/** Dials and waits until both sides have joined and know each other's subscription. */
export async function connect(source: TestHost, target: TestHost): Promise<void> {
  await source.network.dial(target.network.addresses()[0] as string);
  const knows = (left: TestHost, right: TestHost): boolean =>
    left.network.peers().some(({ id, subscribed }) => id === right.network.id && subscribed);
  await until('both know each other', () => knows(source, target) && knows(target, source));
}
