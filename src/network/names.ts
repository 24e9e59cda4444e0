/** Topics, protocol names and message ids. All carry the genesis: networks cannot mix. */

import { createHash, randomBytes } from 'node:crypto';
import { toHex } from '../primitives/bytes.ts';
import type { GossipTopic, RequestKind } from './types.ts';

export interface Names {
  topic(topic: GossipTopic): string;
  topicOf(name: string): GossipTopic | undefined;
  protocol(kind: RequestKind | 'consensus'): string;
  readonly topics: readonly string[];
  readonly mdnsService: string;
}

const gossipTopics: readonly GossipTopic[] = ['blocks', 'transactions'];

/** Names of the network whose genesis file hashes to `genesisHash`; 8 hexadecimal digits are enough
 * to keep honest networks apart, the status exchange compares all 32 bytes. */
export function networkNames(genesisHash: Uint8Array): Names {
  const genesis = toHex(genesisHash.subarray(0, 4));
  const prefix = `/dodona/${genesis}`;
  const topicNames = new Map(gossipTopics.map((topic) => [`${prefix}/${topic}`, topic]));
  return {
    topic: (topic) => `${prefix}/${topic}`,
    topicOf: (name) => topicNames.get(name),
    protocol: (kind) => `${prefix}/${kind}/1`,
    topics: [...topicNames.keys()],
    // RFC 6763 allows 15 characters in a service name: exactly these.
    mdnsService: `_dodona-${genesis}._udp.local`,
  };
}

interface TopicMessage {
  readonly topic: string;
  readonly data?: Uint8Array;
}

/** The gossip id that all nodes agree on: first 20 bytes of SHA-256(topic ‖ data). */
export function messageId(message: TopicMessage): Uint8Array {
  const hash = createHash('sha256').update(message.topic);
  return hash
    .update(message.data ?? '')
    .digest()
    .subarray(0, 20);
}

/**
 * Local id that recognises duplicates before anything else is done with them. The secret salt
 * keeps a peer from preparing a message that hides another one.
 */
export function saltedMessageId(): (message: TopicMessage) => string {
  const salt = randomBytes(16);
  return (message) => {
    const hash = createHash('sha256').update(salt).update(message.topic);
    return hash.update(message.data ?? '').digest('base64url');
  };
}
