/** What operators of jurors and watching agents see counted. */

import { expect, it } from 'vitest';
import { ActionMetrics } from '../../src/oracle/action-metrics.ts';
import { formatMetrics } from '../../src/primitives/metrics.ts';

it('counts actions by name, with the head of the last one', () => {
  const metrics = new ActionMetrics('juror', '0xc0ffee');
  metrics.at(7);
  metrics.count('commit');
  metrics.at(9);
  metrics.count('commit');
  metrics.count('reveal');
  metrics.at(12);
  const samples = formatMetrics(metrics.metrics(5n * 10n ** 17n))
    .split('\n')
    .filter((line) => !line.startsWith('#'));
  expect(samples).toEqual([
    'dodona_juror_actions_total{juror="0xc0ffee",action="commit"} 2',
    'dodona_juror_actions_total{juror="0xc0ffee",action="reveal"} 1',
    'dodona_juror_last_height{juror="0xc0ffee",action="commit"} 9',
    'dodona_juror_last_height{juror="0xc0ffee",action="reveal"} 9',
    'dodona_juror_head_height{juror="0xc0ffee"} 12',
    'dodona_juror_balance_oak{juror="0xc0ffee"} 0.5',
    '',
  ]);
});

it('leaves out a balance that nobody knows', () => {
  const text = formatMetrics(new ActionMetrics('watcher', '0xc0ffee').metrics(undefined));
  expect(text).toContain('dodona_watcher_head_height{watcher="0xc0ffee"} 0\n');
  expect(text).not.toContain('balance_oak{');
});
