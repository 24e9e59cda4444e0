/**
 * libp2p put together: TCP, noise, yamux, identify, gossipsub, optionally multicast DNS, each
 * with finite buffers. Memory is bounded by peers x streams x buffer, so none of these is a default.
 */

import './polyfill.ts';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { privateKeyFromProtobuf } from '@libp2p/crypto/keys';
import { identify } from '@libp2p/identify';
import { mdns } from '@libp2p/mdns';
import { tcp } from '@libp2p/tcp';
import { createLibp2p, type Libp2p, type Libp2pOptions } from 'libp2p';
import { limits } from '../primitives/limits.ts';
import { gossipService, type ScoredGossipSub } from './gossip.ts';
import type { Names } from './names.ts';
import type { NetworkOptions, PeerId } from './types.ts';

export type Node = Libp2p<{
  identify: ReturnType<ReturnType<typeof identify>>;
  gossip: ScoredGossipSub;
}>;

export interface NodeParts {
  readonly names: Names;
  readonly gater: NonNullable<Libp2pOptions['connectionGater']>;
  /** The host's own score of a peer, 0 or negative. */
  ownScore(peer: PeerId): number;
}

function listenAddress({ host, port }: NetworkOptions['listen']): string {
  return `/${host.includes(':') ? 'ip6' : 'ip4'}/${host}/tcp/${port}`;
}

/** A node that is not started yet, so that no event is missed. */
export async function createNode(options: NetworkOptions, parts: NodeParts): Promise<Node> {
  // Both sides may dial at once, so two connections a peer are possible; slots are counted in peers.
  const connectionsMax = 2 * options.peersMax + limits.connectionsPendingMax;
  const node = await createLibp2p({
    start: false,
    privateKey: privateKeyFromProtobuf(options.privateKey),
    nodeInfo: { userAgent: options.agent },
    addresses: { listen: [listenAddress(options.listen)] },
    transports: [tcp({ maxConnections: connectionsMax, backlog: limits.connectionsPendingMax })],
    connectionEncrypters: [noise()],
    streamMuxers: [
      yamux({
        maxInboundStreams: limits.muxerStreamsMax,
        maxOutboundStreams: limits.muxerStreamsMax,
        streamOptions: {
          maxStreamWindowSize: limits.muxerWindowSizeBytesMax,
          maxReadBufferLength: limits.muxerReadBufferSizeBytes,
          maxWriteBufferLength: limits.muxerWriteBufferSizeBytes,
        },
      }),
    ],
    peerDiscovery: options.mdns ? [mdns({ serviceTag: parts.names.mdnsService })] : [],
    connectionGater: parts.gater,
    connectionManager: {
      maxConnections: connectionsMax,
      maxParallelDials: limits.dialsInFlight,
      maxPeerAddrsToDial: 4,
      dialTimeout: limits.dialTimeoutMs,
      maxIncomingPendingConnections: limits.connectionsPendingMax,
      inboundConnectionThreshold: limits.connectionsPerHostAndSecond,
    },
    // A busy peer may answer late: the default of two seconds would part honest nodes.
    connectionMonitor: { pingTimeout: { minTimeout: 10_000, maxTimeout: 30_000 } },
    services: { identify: identify(), gossip: gossipService(parts.names, parts.ownScore) },
  });
  return node as unknown as Node;
}
