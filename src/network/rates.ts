/**
 * How much a peer may ask and gossip: the generic cell rate algorithm (GCRA, ITU-T I.371), one
 * theoretical arrival time for each peer and kind, cost in items asked for or in bytes.
 */

import { limits } from '../primitives/limits.ts';
import type { ExchangeKind, Exchanges } from '../primitives/wire.ts';
import type { RequestKind } from './types.ts';

/** What is metered: each kind of request, gossiped transactions and direct messages by bytes. */
type MeteredKind = RequestKind | 'gossip' | 'direct';

/** `burst` units at once, then `perSecond`. A honest syncing node stays below them. */
const allowances: { readonly [Kind in MeteredKind]: { burst: number; perSecond: number } } = {
  status: { burst: 5, perSecond: 1 },
  headers: { burst: 64, perSecond: 32 },
  bodies: { burst: 1_024, perSecond: 256 },
  transactions: { burst: 128, perSecond: 32 },
  peers: { burst: 2, perSecond: 1 / 30 },
  // A full chain carries 2 MiB in 15 s.
  gossip: { burst: 8 * 1024 * 1024, perSecond: 2 * 1024 * 1024 },
  // Four full blocks a second, or 8,192 votes; a member that fell behind is told much at once.
  direct: { burst: 32 * 1024 * 1024, perSecond: 16 * 1024 * 1024 },
};

const costs: { readonly [Kind in ExchangeKind]: (query: Exchanges[Kind]['query']) => number } = {
  status: () => 1,
  headers: () => 1,
  bodies: (query) => Math.max(1, query.ids.length),
  transactions: (query) => 1 + Math.floor(query.indexes.length / 256),
};

/** Units that `query` costs. */
export function queryCost<Kind extends ExchangeKind>(
  kind: Kind,
  query: Exchanges[Kind]['query'],
): number {
  return costs[kind](query);
}

/** What a direct message costs: its bytes, and at least what looking at it is worth. */
export function messageCost(sizeBytes: number): number {
  return Math.max(sizeBytes, 2 * 1024);
}

/** One peer's use, for all kinds. Time is given in milliseconds, so that tests need no clock. */
export class RateLimiter {
  private readonly arrivals = new Map<string, Map<MeteredKind, number>>();

  /**
   * Books `cost` units at `nowMs`.
   * @returns milliseconds to wait before serving, or undefined (nothing booked) when the wait would
   * exceed `limits.requestDelayMsMax` and the query is to be refused
   */
  book(peer: string, kind: MeteredKind, cost: number, nowMs: number): number | undefined {
    const { burst, perSecond } = allowances[kind];
    const kinds = this.arrivals.get(peer) ?? new Map<MeteredKind, number>();
    const arrival = Math.max(kinds.get(kind) ?? 0, nowMs) + (cost * 1_000) / perSecond;
    const waitMs = Math.max(0, arrival - nowMs - (burst * 1_000) / perSecond);
    if (waitMs > limits.requestDelayMsMax) return undefined;
    kinds.set(kind, arrival);
    this.arrivals.set(peer, kinds);
    return waitMs;
  }

  /** Drops entries whose time has passed: they are equal to none. */
  forgetIdle(nowMs: number): void {
    for (const [peer, kinds] of this.arrivals) {
      if ([...kinds.values()].every((arrival) => arrival <= nowMs)) this.arrivals.delete(peer);
    }
  }
}
