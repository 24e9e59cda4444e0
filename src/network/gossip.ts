/**
 * Gossipsub for blocks and transactions: settings, scores, and the deliveries that wait for a
 * verdict. Nothing is forwarded before the node has said `accept`.
 */

import { type GossipSub, gossipsub, StrictNoSign, TopicValidatorResult } from '@libp2p/gossipsub';
import { limits } from '../primitives/limits.ts';
import { messageId, type Names, saltedMessageId } from './names.ts';
import type { Connection, GossipTopic, PeerId, Verdict } from './types.ts';

/** What gossipsub's implementation has and its published interface leaves out. */
export interface ScoredGossipSub extends GossipSub {
  /** `source` must be the text of the peer id: an id object finds no score and rejects cost nothing. */
  reportMessageValidationResult(
    messageId: string,
    source: string,
    verdict: TopicValidatorResult,
  ): void;
  getScore(peer: string): number;
  getMeshPeers(topic: string): string[];
}

/** Below `graylistThreshold` everything from a peer is dropped, and the host disconnects it. */
const scoreThresholds = {
  gossipThreshold: -10,
  publishThreshold: -50,
  graylistThreshold: -80,
  acceptPXThreshold: 10,
  opportunisticGraftThreshold: 5,
} as const;

/**
 * Every field is set: the defaults punish quiet topics, and a block each 15 s is quiet. Hence
 * no weight on mesh delivery rates (P3, P3b). P4 is the square of rejected messages, forgotten
 * with a half-life of 69 s: one costs a peer its gossip, two its publishing, three everything.
 */
function topicScore(topicWeight: number) {
  return {
    topicWeight,
    timeInMeshWeight: 0.01,
    timeInMeshQuantum: 1_000,
    timeInMeshCap: 300,
    firstMessageDeliveriesWeight: 1,
    firstMessageDeliveriesDecay: 0.99,
    firstMessageDeliveriesCap: 20,
    meshMessageDeliveriesWeight: 0,
    meshMessageDeliveriesDecay: 0.5,
    meshMessageDeliveriesCap: 1,
    meshMessageDeliveriesThreshold: 0,
    meshMessageDeliveriesWindow: 10,
    meshMessageDeliveriesActivation: 5_000,
    meshFailurePenaltyWeight: 0,
    meshFailurePenaltyDecay: 0.5,
    invalidMessageDeliveriesWeight: -40,
    invalidMessageDeliveriesDecay: 0.99,
  };
}

function scoreParameters(names: Names, ownScore: (peer: PeerId) => number) {
  return {
    topics: {
      [names.topic('blocks')]: topicScore(1),
      [names.topic('transactions')]: topicScore(0.5),
    },
    topicScoreCap: 40,
    appSpecificScore: ownScore,
    appSpecificWeight: 1,
    IPColocationFactorWeight: -5,
    IPColocationFactorThreshold: 4,
    // Several nodes on one machine are a development network, not a Sybil attack.
    IPColocationFactorWhitelist: new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']),
    behaviourPenaltyWeight: -10,
    behaviourPenaltyThreshold: 6,
    behaviourPenaltyDecay: 0.99,
    decayInterval: 1_000,
    decayToZero: 0.01,
    retainScore: 3_600_000,
  };
}

/** The gossipsub service; `ownScore` is the host's penalty score of a peer, 0 or negative. */
export function gossipService(
  names: Names,
  ownScore: (peer: PeerId) => number,
): ReturnType<typeof gossipsub> {
  return gossipsub({
    globalSignaturePolicy: StrictNoSign,
    msgIdFn: messageId,
    fastMsgIdFn: saltedMessageId(),
    allowedTopics: [...names.topics],
    fallbackToFloodsub: false,
    // Own blocks go to every peer at once: the first hop decides how many stale blocks a miner has.
    floodPublish: true,
    batchPublish: true,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    asyncValidation: true,
    emitSelf: false,
    doPX: false,
    D: 8,
    Dlo: 6,
    Dhi: 12,
    Dlazy: 6,
    heartbeatInterval: 700,
    // Shorter than the pause between two announcements of a waiting transaction; what comes again
    // after it is known to pool and chain, so it is not passed on.
    seenTTL: limits.gossipSeenMs,
    // A verdict may wait for a full block's execution; after mcacheLength beats it forwards nothing.
    mcacheLength: 14,
    mcacheGossip: 3,
    gossipsubIWantFollowupMs: 12_000,
    idontwantMinDataSize: 16 * 1024,
    maxInboundStreams: 4,
    maxOutboundStreams: 4,
    // A peer that cannot take 16 MiB loses its stream; the host then drops the connection.
    maxOutboundBufferSize: limits.gossipOutboundBufferSizeBytes,
    // One RPC above this ends reading from a peer for good: stay above any honest IWANT answer.
    maxInboundDataLength: limits.gossipInboundDataLengthMax,
    // An RPC above a limit is dropped whole, so messages and ids keep gossipsub's own maxima.
    decodeRpcLimits: {
      maxSubscriptions: 16,
      maxMessages: 5_000,
      maxIhaveMessageIDs: 5_000,
      maxIwantMessageIDs: 5_000,
      maxIdontwantMessageIDs: 512,
      maxControlMessages: 64,
      maxPeerInfos: 16,
    },
    scoreParams: scoreParameters(names, ownScore),
    scoreThresholds,
  });
}

const sizeMax: { readonly [Topic in GossipTopic]: number } = {
  blocks: limits.gossipBlockSizeBytesMax,
  transactions: limits.gossipTransactionsSizeBytesMax,
};

/** Whether a message of `sizeBytes` may travel on `topic`. */
export function fitsTopic(topic: GossipTopic, sizeBytes: number): boolean {
  return sizeBytes > 0 && sizeBytes <= sizeMax[topic];
}

/** A gossiped message that this node has sent more bytes of than its peers accept. */
export class PublishError extends Error {
  readonly code = 'message-too-large';
  constructor(topic: GossipTopic, sizeBytes: number) {
    super(`${topic} message of ${sizeBytes} bytes: 1 to ${sizeMax[topic]} may be published`);
    this.name = 'PublishError';
  }
}

interface Delivery {
  readonly messageId: string;
  readonly source: PeerId;
}

/** Books transactions that a peer gossips; false when they come too fast. */
type MaySend = (peer: PeerId, sizeBytes: number) => boolean;

type OnMessage = (peer: PeerId, topic: GossipTopic, bytes: Uint8Array, delivery: number) => void;

/** Subscribes, checks sizes, numbers what arrives and passes verdicts back. */
export class GossipExchange {
  private readonly gossip: ScoredGossipSub;
  private readonly names: Names;
  private readonly waiting = new Map<number, Delivery>();
  private nextDelivery = 1;

  constructor(gossip: ScoredGossipSub, names: Names, maySend: MaySend, onMessage: OnMessage) {
    this.gossip = gossip;
    this.names = names;
    for (const name of names.topics) {
      const topic = names.topicOf(name) as GossipTopic;
      gossip.topicValidators.set(name, (peer, { data }) => {
        if (!fitsTopic(topic, data.length)) return TopicValidatorResult.Reject;
        // A message ignored here is not taken from others either, so blocks, which are few and
        // proven by work, are never ignored for their rate.
        if (topic === 'blocks' || maySend(peer.toString(), data.length)) {
          return TopicValidatorResult.Accept;
        }
        return TopicValidatorResult.Ignore;
      });
    }
    gossip.addEventListener('gossipsub:message', ({ detail }) => {
      const topic = names.topicOf(detail.msg.topic);
      if (topic === undefined) return;
      const source = detail.propagationSource.toString();
      const delivery = this.register({ messageId: detail.msgId, source });
      // A copy: the message is a view into a socket's buffer, which a port would send whole.
      onMessage(source, topic, new Uint8Array(detail.msg.data), delivery);
    });
  }

  subscribe(): void {
    for (const name of this.names.topics) this.gossip.subscribe(name);
  }

  /** Sends an own message. Resolves with the number of peers it went to. @throws PublishError */
  async publish(topic: GossipTopic, bytes: Uint8Array): Promise<number> {
    if (!fitsTopic(topic, bytes.length)) throw new PublishError(topic, bytes.length);
    const { recipients } = await this.gossip.publish(this.names.topic(topic), bytes);
    return recipients.length;
  }

  /** Gossip score of a peer, the host's penalties included; 0 for strangers. */
  score(peer: PeerId): number {
    return this.gossip.getScore(peer);
  }

  /** Whether everything the peer sends is dropped unread: it only takes a slot. */
  isGraylisted(peer: PeerId): boolean {
    return this.score(peer) < scoreThresholds.graylistThreshold;
  }

  /**
   * Whether gossip can flow both ways. Gossipsub loses a stream for good, and says nothing, when
   * one RPC is too large or a buffer overflows; the connection stays.
   */
  reaches(peer: PeerId, connections: readonly Connection[]): boolean {
    if (!this.gossip.getPeers().some((other) => other.toString() === peer)) return false;
    const directions = connections.flatMap(({ streams }) =>
      streams
        .filter(({ protocol }) => protocol.startsWith('/meshsub/'))
        .map((one) => one.direction),
    );
    return directions.includes('inbound') && directions.includes('outbound');
  }

  /** Peers that have asked for blocks. */
  subscribers(): ReadonlySet<PeerId> {
    return new Set(this.gossip.getSubscribers(this.names.topic('blocks')).map(String));
  }

  /** Settles a delivery; unknown numbers (settled, or too old) are ignored. */
  verdict(delivery: number, verdict: Verdict): void {
    const entry = this.waiting.get(delivery);
    if (entry === undefined) return;
    this.waiting.delete(delivery);
    const result = {
      accept: TopicValidatorResult.Accept,
      ignore: TopicValidatorResult.Ignore,
      reject: TopicValidatorResult.Reject,
    }[verdict];
    this.gossip.reportMessageValidationResult(entry.messageId, entry.source, result);
  }

  private register(entry: Delivery): number {
    const delivery = this.nextDelivery++;
    this.waiting.set(delivery, entry);
    if (this.waiting.size > limits.gossipDeliveriesMax) {
      this.verdict(this.waiting.keys().next().value as number, 'ignore');
    }
    return delivery;
  }
}
