/** A peer that keeps libp2p's rules and breaks ours: it exchanges statuses, then does as told. */

import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys';
import { multiaddr } from '@multiformats/multiaddr';
import { readFrame, writeFrame } from '../../src/network/frames.ts';
import { networkNames } from '../../src/network/names.ts';
import { createNode } from '../../src/network/node.ts';
import type { GossipTopic, Stream } from '../../src/network/types.ts';
import { type ExchangeKind, exchangeCodecs } from '../../src/primitives/wire.ts';
import { genesisHash, silentLogger, statusAt, type TestHost, until } from './support.ts';

export interface Adversary {
  readonly id: string;
  readonly address: string;
  dial(target: TestHost): Promise<void>;
  publish(topic: GossipTopic, bytes: Uint8Array): Promise<void>;
  /** Opens a request stream to the peer dialled last. */
  open(kind: ExchangeKind | 'consensus'): Promise<Stream>;
  stop(): Promise<void>;
}

export async function startAdversary(
  options: {
    /** Answers every query but status in its own way. */
    answer?: (stream: Stream) => void;
    status?: Uint8Array;
    genesis?: Uint8Array;
  } = {},
): Promise<Adversary> {
  const names = networkNames(options.genesis ?? genesisHash);
  const node = await createNode(
    {
      genesisHash,
      privateKey: privateKeyToProtobuf(await generateKeyPair('Ed25519')),
      listen: { host: '127.0.0.1', port: 0 },
      bootnodes: [],
      mdns: false,
      peersMax: 16,
      dataDirectory: '',
      agent: 'adversary',
      logger: silentLogger,
    },
    { names, gater: {}, ownScore: () => 0 },
  );
  const never = new AbortController().signal;
  const status =
    options.status ?? exchangeCodecs.status.answer.encode(statusAt(5, options.genesis));
  await node.handle(names.protocol('status'), async (stream) => {
    await readFrame(stream, 1_024, never);
    await writeFrame(stream, status, never);
  });
  for (const kind of ['headers', 'bodies', 'transactions'] as const) {
    await node.handle(names.protocol(kind), (stream) => options.answer?.(stream));
  }
  await node.start();
  for (const topic of names.topics) node.services.gossip.subscribe(topic);
  const open = async (kind: ExchangeKind | 'consensus'): Promise<Stream> => {
    const [connection] = node.getConnections();
    if (connection === undefined) throw new Error('dial first');
    return connection.newStream(names.protocol(kind));
  };
  return {
    id: node.peerId.toString(),
    address: node.getMultiaddrs()[0]?.toString() as string,
    dial: async (target) => {
      await node.dial(multiaddr(target.network.addresses()[0]));
      const stream = await open('status');
      const answer = readFrame(stream, 1_024, never);
      await writeFrame(stream, status, never);
      await answer;
    },
    publish: async (topic, bytes) => {
      const { gossip } = node.services;
      await until('somebody listens', () => gossip.getSubscribers(names.topic(topic)).length > 0);
      await gossip.publish(names.topic(topic), bytes);
    },
    open,
    stop: () => Promise.resolve(node.stop()),
  };
}
