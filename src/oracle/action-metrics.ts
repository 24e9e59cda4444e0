/** What a juror or a watching agent did, counted by action, as metrics for its operator. */

import type { Metric } from '../primitives/metrics.ts';

interface Tally {
  count: number;
  /** Of the head at which it last happened. */
  height: number;
}

export class ActionMetrics {
  readonly #role: 'juror' | 'watcher';
  readonly #account: string;
  readonly #tallies = new Map<string, Tally>();
  #height = 0;

  constructor(role: 'juror' | 'watcher', account: string) {
    this.#role = role;
    this.#account = account;
  }

  /** The head that actions happen at from now on. */
  at(height: number): void {
    this.#height = height;
  }

  count(action: string): void {
    const tally = this.#tallies.get(action) ?? { count: 0, height: 0 };
    this.#tallies.set(action, tally);
    tally.count += 1;
    tally.height = this.#height;
  }

  /** @param balance acorns, if known */
  metrics(balance: bigint | undefined): readonly Metric[] {
    const role = this.#role;
    const labels = { [role]: this.#account };
    const sampled = (value: (tally: Tally) => number) =>
      [...this.#tallies].map(([action, tally]) => ({
        labels: { ...labels, action },
        value: value(tally),
      }));
    return [
      {
        name: `dodona_${role}_actions_total`,
        help: 'What the agent did or had to leave, by action.',
        kind: 'counter',
        samples: sampled(({ count }) => count),
      },
      {
        name: `dodona_${role}_last_height`,
        help: 'Height of the head at which the action last happened.',
        kind: 'gauge',
        samples: sampled(({ height }) => height),
      },
      {
        name: `dodona_${role}_head_height`,
        help: 'Height of the newest head that the agent saw.',
        kind: 'gauge',
        samples: [{ labels, value: this.#height }],
      },
      {
        name: `dodona_${role}_balance_oak`,
        help: 'Money of the account for fees and bonds.',
        kind: 'gauge',
        samples: balance === undefined ? [] : [{ labels, value: Number(balance) / 1e18 }],
      },
    ];
  }
}
