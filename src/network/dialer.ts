/**
 * Which peers to dial, and when: bootnodes whenever they are gone, then anchors, then known
 * addresses until the outbound slots are full. A dial counts as failed until the peer has joined,
 * so one that accepts and then hangs up is backed off like one that never answers.
 */

import { limits } from '../primitives/limits.ts';
import { parseMultiaddr, subnetOf } from './addresses.ts';
import type { Slots } from './admission.ts';
import type { PeerBook } from './store.ts';
import type { Logger, PeerId, PeerInfo } from './types.ts';

type Connected = Pick<PeerInfo, 'id' | 'address' | 'direction'>;

export interface DialerParts {
  readonly self: PeerId;
  readonly bootnodes: readonly string[];
  /** Longest pause between two dials of a bootnode. */
  readonly redialMsMax: number;
  readonly slots: Slots;
  readonly book: PeerBook;
  readonly logger: Logger;
  connected(): readonly Connected[];
  isBanned(subject: string): boolean;
  /** Connects and names the peer found there; rejects when it cannot. */
  dial(address: string): Promise<PeerId>;
}

interface Attempt {
  peer: PeerId | undefined;
  failures: number;
  untilMs: number;
}

export class Dialer {
  private readonly parts: DialerParts;
  private readonly attempts = new Map<string, Attempt>();
  private readonly dialing = new Set<string>();
  /** Peers the operator hung up on, until when they are left alone. */
  private readonly resting = new Map<PeerId, number>();

  constructor(parts: DialerParts) {
    this.parts = parts;
  }

  /** Starts what dials are due. */
  tick(nowMs: number): void {
    const connected = this.parts.connected();
    const { peersMax, outboundTarget } = this.parts.slots;
    const outbound = connected.filter(({ direction }) => direction === 'outbound');
    let freeTotal = peersMax - connected.length - this.dialing.size;
    for (const address of this.parts.bootnodes) {
      if (freeTotal <= 0) return;
      if (this.isDue(address, connected, nowMs)) {
        this.start(address, nowMs);
        freeTotal -= 1;
      }
    }
    let free = Math.min(freeTotal, outboundTarget - outbound.length - this.dialing.size);
    for (const address of this.knownAddresses()) {
      if (free <= 0) return;
      if (!this.isDue(address, connected, nowMs)) continue;
      if (!this.isDiverse(address, outbound)) continue;
      this.start(address, nowMs);
      free -= 1;
    }
  }

  /** Anchors first, then the best known, newest first. */
  private knownAddresses(): readonly string[] {
    const { book } = this.parts;
    const anchors = book.anchors.flatMap((id) => book.get(id)?.address ?? []);
    const others = [...book.all()]
      .sort((left, right) => left.failures - right.failures || right.seenMs - left.seenMs)
      .map(({ address }) => address);
    return [...new Set([...anchors, ...others])];
  }

  private isDue(address: string, connected: readonly Connected[], nowMs: number): boolean {
    if (this.dialing.has(address) || this.dialing.size >= limits.dialsInFlight) return false;
    const attempt = this.attempts.get(address);
    if (attempt !== undefined && attempt.untilMs > nowMs) return false;
    const { host, peer: named } = parseMultiaddr(address);
    const peer = named ?? attempt?.peer;
    if (this.parts.isBanned(host)) return false;
    if (peer === undefined) return true;
    if (peer === this.parts.self || this.parts.isBanned(peer)) return false;
    if ((this.resting.get(peer) ?? 0) > nowMs) return false;
    return !connected.some((other) => other.id === peer);
  }

  private isDiverse(address: string, outbound: readonly Connected[]): boolean {
    const subnet = subnetOf(parseMultiaddr(address).host);
    if (subnet === undefined) return true;
    const same = outbound.filter(
      (other) => subnetOf(parseMultiaddr(other.address).host) === subnet,
    );
    return same.length < limits.peersPerSubnetOutbound;
  }

  private start(address: string, nowMs: number): void {
    const attempt = this.attempts.get(address) ?? { peer: undefined, failures: 0, untilMs: 0 };
    const isBootnode = this.parts.bootnodes.includes(address);
    const backoffMs = Math.min(
      isBootnode ? this.parts.redialMsMax : limits.dialBackoffMsMax,
      limits.dialBackoffMsMin * 2 ** Math.min(attempt.failures, 16),
    );
    // Jitter keeps nodes that lost the same bootnode from returning in the same moment.
    attempt.untilMs = nowMs + backoffMs * (0.5 + Math.random() / 2);
    attempt.failures += 1;
    this.attempts.set(address, attempt);
    this.forgetExcess();
    this.dialing.add(address);
    this.parts
      .dial(address)
      .then(
        (peer) => {
          attempt.peer = peer;
        },
        (error: unknown) => {
          const { peer } = parseMultiaddr(address);
          if (peer !== undefined) this.parts.book.failed(peer);
          this.parts.logger.debug({ address, reason: (error as Error).message }, 'dial failed');
        },
      )
      .finally(() => this.dialing.delete(address));
  }

  private forgetExcess(): void {
    if (this.attempts.size <= limits.peerStoreMax + this.parts.bootnodes.length) return;
    for (const [address, { peer }] of this.attempts) {
      if (peer !== undefined || this.parts.bootnodes.includes(address)) continue;
      this.attempts.delete(address);
      return;
    }
  }

  private attemptsTo(peer: PeerId): readonly Attempt[] {
    return [...this.attempts]
      .filter(([address, attempt]) => (parseMultiaddr(address).peer ?? attempt.peer) === peer)
      .map(([, attempt]) => attempt);
  }

  /** The peer has joined: its next absence starts with the shortest back-off. */
  joined(peer: PeerId): void {
    for (const attempt of this.attemptsTo(peer)) attempt.failures = 0;
  }

  /** The operator hung up: no redial for the longest back-off, by whatever address. */
  rest(peer: PeerId, nowMs: number): void {
    for (const [other, untilMs] of this.resting) if (untilMs <= nowMs) this.resting.delete(other);
    this.resting.set(peer, nowMs + limits.dialBackoffMsMax);
  }
}
