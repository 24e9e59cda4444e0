/**
 * What misbehaviour costs a peer: one table of weights, a score that decays, bans that expire.
 * The score is 0 or negative; gossip adds its own on top.
 */

import { limits } from '../primitives/limits.ts';
import type { PeerId } from './types.ts';

/**
 * Points by report code. 100 at once is a ban: wrong for ever and costly to check. Small ones are
 * faults an honest peer may commit under load.
 */
export const penalties = {
  'invalid-header': 100,
  'invalid-block': 100,
  'bad-delivery': 25,
  unasked: 10,
  stalled: 10,
  'low-work-chain': 20,
  malformed: 50,
  rate: 5,
} as const;
export type PenaltyCode = keyof typeof penalties;

export type Consequence = 'none' | 'disconnect' | 'ban';

interface Entry {
  points: number;
  atMs: number;
}

/** An expired ban is no ban. */
export interface Ban {
  /** Peer id, or IP address when it is a public one. */
  readonly subject: string;
  readonly untilMs: number;
}

export class PenaltyBook {
  private readonly entries = new Map<PeerId, Entry>();
  private readonly untilBySubject = new Map<string, number>();

  constructor(bans: readonly Ban[]) {
    for (const ban of bans) this.untilBySubject.set(ban.subject, ban.untilMs);
  }

  /** Adds the points of `code`; the caller disconnects or bans as told. */
  report(peer: PeerId, code: PenaltyCode, nowMs: number): Consequence {
    const points = this.points(peer, nowMs) + penalties[code];
    this.entries.delete(peer);
    this.entries.set(peer, { points, atMs: nowMs });
    if (this.entries.size > limits.penaltyEntriesMax) {
      this.entries.delete(this.entries.keys().next().value as PeerId);
    }
    if (points >= limits.penaltyBanPoints) return 'ban';
    return points >= limits.penaltyDisconnectPoints ? 'disconnect' : 'none';
  }

  /** Current score: minus the points, halved every `limits.penaltyHalfLifeMs`. */
  score(peer: PeerId, nowMs: number): number {
    return -this.points(peer, nowMs);
  }

  private points(peer: PeerId, nowMs: number): number {
    const entry = this.entries.get(peer);
    if (entry === undefined) return 0;
    return entry.points * 2 ** (-Math.max(0, nowMs - entry.atMs) / limits.penaltyHalfLifeMs);
  }

  ban(subjects: readonly string[], nowMs: number): void {
    for (const subject of subjects) {
      this.untilBySubject.delete(subject);
      this.untilBySubject.set(subject, nowMs + limits.banMs);
    }
    while (this.untilBySubject.size > limits.penaltyEntriesMax) {
      this.untilBySubject.delete(this.untilBySubject.keys().next().value as string);
    }
  }

  isBanned(subject: string, nowMs: number): boolean {
    return (this.untilBySubject.get(subject) ?? 0) > nowMs;
  }

  /** Bans in force. */
  bans(nowMs: number): readonly Ban[] {
    return [...this.untilBySubject]
      .filter(([, untilMs]) => untilMs > nowMs)
      .map(([subject, untilMs]) => ({ subject, untilMs }));
  }
}
