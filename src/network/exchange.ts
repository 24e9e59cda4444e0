/**
 * Peer exchange: a node asks the peers it dialled for a few addresses, so that everybody behind
 * one bootnode finds the others. Capped on both sides; what is told is not believed until met.
 */

import { multiaddr } from '@multiformats/multiaddr';
import { limits } from '../primitives/limits.ts';
import {
  DecodeError,
  decodeRlp,
  encodeRlp,
  type RlpItem,
  rlpBytes,
  rlpList,
} from '../primitives/rlp.ts';
import type { Codec } from '../primitives/wire.ts';
import { isDialable, parseMultiaddr, type Reach, reachOf } from './addresses.ts';
import type { Slots } from './admission.ts';
import type { RequestExchange } from './requests.ts';
import type { Session } from './sessions.ts';
import type { PeerBook } from './store.ts';
import type { Connection, Logger, PeerId } from './types.ts';

function decodeAddress(item: RlpItem): string {
  const bytes = rlpBytes(item, 'address');
  if (bytes.length > limits.peerAddressSizeBytesMax) {
    throw new DecodeError(`address of ${bytes.length} bytes`);
  }
  try {
    return multiaddr(bytes).toString();
  } catch (error) {
    throw new DecodeError(`no multiaddress: ${(error as Error).message}`);
  }
}

/** RLP [multiaddress bytes, ...], at most 16. */
export const addressesCodec: Codec<readonly string[]> = {
  encode: (addresses) => encodeRlp(addresses.map((address) => multiaddr(address).bytes)),
  decode: (bytes) => {
    const items = rlpList(decodeRlp(bytes), 'addresses');
    if (items.length > limits.peersPerExchangeMax) {
      throw new DecodeError(`${items.length} addresses, at most ${limits.peersPerExchangeMax}`);
    }
    return items.map(decodeAddress);
  },
};

/** The query has no fields. */
export const peersQueryCodec: Codec<undefined> = {
  encode: () => encodeRlp([]),
  decode: (bytes) => {
    rlpList(decodeRlp(bytes), 'peers query', 0);
    return undefined;
  },
};

const width: Readonly<Record<Reach, number>> = { loopback: 0, private: 1, public: 2 };

/**
 * Whether `address` means the same host on both ends of a connection with `other`: a stranger
 * must neither learn addresses of a local network nor make this node dial into its own.
 */
export function isShareable(address: string, other: string): boolean {
  if (!isDialable(address)) return false;
  const { host, peer } = parseMultiaddr(address);
  // Names are left out: looking them up would tell, and could be made to flood, a third party.
  if (peer === undefined || !/^[\d.]+$|:/.test(host)) return false;
  return width[reachOf(host)] >= width[reachOf(parseMultiaddr(other).host)];
}

export interface PeerExchangeParts {
  readonly self: PeerId;
  readonly slots: Slots;
  readonly book: PeerBook;
  readonly logger: Logger;
  readonly requests: RequestExchange;
  sessions(): readonly Session[];
}

export class PeerExchange {
  private readonly parts: PeerExchangeParts;
  private askedMs = 0;

  constructor(parts: PeerExchangeParts) {
    this.parts = parts;
  }

  /** Addresses of joined peers that mean something at the asker's place, a random few. */
  answer({ remotePeer, remoteAddr }: Connection): Uint8Array {
    const asker = remotePeer.toString();
    const known = this.parts.sessions().flatMap(({ peer, status }) => {
      const address = this.parts.book.get(peer)?.address;
      if (peer === asker || status === undefined || address === undefined) return [];
      return isShareable(address, remoteAddr.toString()) ? [address] : [];
    });
    const shuffled = known
      .map((address) => ({ address, order: Math.random() }))
      .sort((left, right) => left.order - right.order)
      .map(({ address }) => address);
    return addressesCodec.encode(shuffled.slice(0, limits.peersPerExchangeMax));
  }

  /** Asks one peer a minute while outbound slots are free; never one that dialled in. */
  tick(nowMs: number): void {
    if (nowMs - this.askedMs < limits.peerExchangeMs) return;
    const outbound = this.parts
      .sessions()
      .filter(({ status, connection }) => status && connection.direction === 'outbound');
    const asked = outbound[Math.floor(Math.random() * outbound.length)];
    if (asked === undefined || outbound.length >= this.parts.slots.outboundTarget) return;
    this.askedMs = nowMs;
    this.learn(asked.connection).catch((error: unknown) => {
      this.parts.logger.debug({ reason: (error as Error).message }, 'no peers learned');
    });
  }

  private async learn(connection: Connection): Promise<void> {
    const { book, requests, self } = this.parts;
    const query = peersQueryCodec.encode(undefined);
    const bytes = await requests.ask(connection, 'peers', query, limits.requestTimeoutMs);
    for (const address of addressesCodec.decode(bytes)) {
      if (!isShareable(address, connection.remoteAddr.toString())) continue;
      const { peer } = parseMultiaddr(address);
      if (peer === undefined || peer === self || book.get(peer) !== undefined) continue;
      book.learn(peer, address);
    }
  }
}
