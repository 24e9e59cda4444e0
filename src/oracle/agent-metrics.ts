/** What a reporter agent did, counted by feed and action, as metrics for its operator. */

import type { Metric } from '../primitives/metrics.ts';

/** Newest actions that show that a feed is still being served. */
const reporting: ReadonlySet<string> = new Set(['commit', 'reveal']);

interface Tally {
  readonly feed: string;
  readonly action: string;
  count: number;
  /** Height and time, in seconds since 1970, of the head at which it last happened. */
  height: number;
  time: number;
}

export class AgentMetrics {
  readonly #reporter: string;
  readonly #tallies = new Map<string, Tally>();
  #time = 0;

  constructor(reporter: string) {
    this.#reporter = reporter;
  }

  /** The head that actions happen at from now on. */
  at(time: number): void {
    this.#time = time;
  }

  count(feed: string, action: string, height: number): void {
    const key = `${feed} ${action}`;
    const tally = this.#tallies.get(key) ?? { feed, action, count: 0, height: 0, time: 0 };
    this.#tallies.set(key, tally);
    tally.count += 1;
    tally.height = height;
    tally.time = this.#time;
  }

  /** @param stopped names of feeds that another copy reports for; @param balance acorns, if known */
  metrics(stopped: readonly string[], balance: bigint | undefined): readonly Metric[] {
    const reporter = this.#reporter;
    const tallies = [...this.#tallies.values()];
    const labelled = ({ feed, action }: Tally) => ({ reporter, feed, action });
    const newest = new Map<string, number>();
    for (const { feed, action, time } of tallies) {
      if (reporting.has(action)) newest.set(feed, Math.max(newest.get(feed) ?? 0, time));
    }
    return [
      {
        name: 'dodona_reporter_actions_total',
        help: 'What the agent did or had to leave, by feed and action.',
        kind: 'counter',
        samples: tallies.map((tally) => ({ labels: labelled(tally), value: tally.count })),
      },
      {
        name: 'dodona_reporter_last_height',
        help: 'Height of the head at which the action last happened.',
        kind: 'gauge',
        samples: tallies.map((tally) => ({ labels: labelled(tally), value: tally.height })),
      },
      {
        name: 'dodona_reporter_seconds_since_report',
        help: 'From the last commitment or reveal of the feed to the newest head.',
        kind: 'gauge',
        samples: [...newest].map(([feed, time]) => ({
          labels: { reporter, feed },
          value: this.#time - time,
        })),
      },
      {
        name: 'dodona_reporter_stopped',
        help: '1 for a feed that a second copy of the agent reports for.',
        kind: 'gauge',
        samples: stopped.map((feed) => ({ labels: { reporter, feed }, value: 1 })),
      },
      {
        name: 'dodona_reporter_balance_oak',
        help: 'Money of the account for its fees.',
        kind: 'gauge',
        samples:
          balance === undefined ? [] : [{ labels: { reporter }, value: Number(balance) / 1e18 }],
      },
    ];
  }
}
