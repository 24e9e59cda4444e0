/** What a consortium says of itself: its bounds in words, its state in numbers. */

import { describe, expect, it } from 'vitest';
import { toleranceText } from '../../src/node/consortium.ts';
import { consortiumMetrics } from '../../src/node/metrics.ts';
import { formatMetrics } from '../../src/primitives/metrics.ts';

describe('a consortium', () => {
  it.each([
    [1, '1 decides; it bears none that is down, none that lies'],
    [2, '2 decide; it bears none that is down, none that lies'],
    [3, '2 decide; it bears 1 that is down, none that lies'],
    [4, '3 decide; it bears 1 that is down or 1 that lies'],
    [6, '4 decide; it bears 2 that are down or 1 that lies'],
    [7, '5 decide; it bears 2 that are down or 2 that lie'],
  ])('of %i says what it bears', (members, text) => {
    expect(toleranceText(members)).toBe(text);
  });

  it('has metrics for views, batches and latencies', () => {
    const member = { key: 'aa', address: 'bb', view: 3, height: 9, evidence: undefined };
    const evidence = { kind: 'commit', view: 1, height: 2 };
    const info = {
      ...({ view: 3, phase: 'diverged', primary: 0, quorum: 2, faults: 0, self: 0 } as const),
      viewDeadlineMs: undefined,
      viewChanges: 4,
      statistics: {
        ...{ blocks: 9, emptyBlocks: 5, transactions: 70, largestBlock: 40 },
        latencyMs: { p50: 20, p99: undefined, max: 125 },
      },
      members: [
        { ...member, lastSeenMs: undefined },
        { ...member, lastSeenMs: 96_000 },
        { ...member, lastSeenMs: 95_000, evidence },
      ],
    };
    const text = formatMetrics(consortiumMetrics(info, 100_000));
    const values = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(values.map((line) => line.replace('dodona_consensus_', ''))).toEqual([
      'view 3',
      'view_changes_total 4',
      'members 3',
      'members_heard 2',
      'quorum 2',
      'diverged 1',
      'equivocators 1',
      'blocks_total 9',
      'empty_blocks_total 5',
      'transactions_total 70',
      'latency_seconds{quantile="0.5"} 0.02',
      'latency_seconds{quantile="1"} 0.125',
    ]);
    const { statistics: _, ...young } = info;
    expect(formatMetrics(consortiumMetrics(young, 100_000))).not.toContain('latency');
  });
});
