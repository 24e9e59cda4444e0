/** `/metrics` of a node: where it stands, what it holds, how busy it is, what its reporters did. */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { ConsortiumCounts, ConsortiumInfo, NodeBackend } from '../api/backend.ts';
import { formatMetrics, type Metric } from '../primitives/metrics.ts';

/** How often the delay of the event loop is sampled. */
const delaySampleMs = 20;

function gauge(name: string, help: string, value: number): Metric {
  return { name, help, kind: 'gauge', samples: [{ value }] };
}

function counter(name: string, help: string, value: number): Metric {
  return { name, help, kind: 'counter', samples: [{ value }] };
}

/** A member whose last status is older than this is away: it says one a second. */
const heardMs = 5_000;

/** What `pbft_status` tells, for dashboards and alerts. */
export function consortiumMetrics(info: ConsortiumInfo, nowMs: number): Metric[] {
  const { view, viewChanges, members, quorum, phase, self, statistics } = info;
  const heard = members.filter(
    ({ lastSeenMs }, index) => index === self || nowMs - (lastSeenMs ?? 0) < heardMs,
  );
  const liars = members.filter(({ evidence }) => evidence !== undefined);
  const metrics = [
    gauge('dodona_consensus_view', 'View of the consortium that this node is in.', view),
    counter('dodona_consensus_view_changes_total', 'Views given up.', viewChanges),
    gauge('dodona_consensus_members', 'Members of the consortium.', members.length),
    gauge('dodona_consensus_members_heard', 'Members heard in the last 5 s.', heard.length),
    gauge('dodona_consensus_quorum', 'Members that decide.', quorum),
    gauge(
      'dodona_consensus_diverged',
      '1: own state is not the sealed one.',
      +(phase === 'diverged'),
    ),
    gauge('dodona_consensus_equivocators', 'Members proved to have voted twice.', liars.length),
  ];
  return statistics === undefined ? metrics : [...metrics, ...countMetrics(statistics)];
}

function countMetrics({
  blocks,
  emptyBlocks,
  transactions,
  latencyMs,
}: ConsortiumCounts): Metric[] {
  const quantiles = [
    ['0.5', latencyMs.p50],
    ['0.99', latencyMs.p99],
    ['1', latencyMs.max],
  ] as const;
  return [
    counter('dodona_consensus_blocks_total', 'Blocks that became final here.', blocks),
    counter('dodona_consensus_empty_blocks_total', 'Those without transactions.', emptyBlocks),
    counter('dodona_consensus_transactions_total', 'Transactions in them.', transactions),
    {
      name: 'dodona_consensus_latency_seconds',
      help: 'From a proposal at this node to its final block, over the last 256 blocks.',
      kind: 'gauge',
      samples: quantiles.flatMap(([quantile, ms]) =>
        ms === undefined ? [] : [{ labels: { quantile }, value: ms / 1_000 }],
      ),
    },
  ];
}

export class NodeMetrics {
  readonly #backend: NodeBackend;
  readonly #oracle: () => Promise<readonly Metric[]>;
  readonly #delay = monitorEventLoopDelay({ resolution: delaySampleMs });
  readonly #forget: () => void;
  #reorganisations = 0;
  #revertedBlocks = 0;
  #deepest = 0;

  /** @param oracle what the reporters of this node did */
  constructor(backend: NodeBackend, oracle: () => Promise<readonly Metric[]>) {
    this.#backend = backend;
    this.#oracle = oracle;
    this.#delay.enable();
    this.#forget = backend.onChange(({ reverted }) => {
      if (reverted.length === 0) return;
      this.#reorganisations += 1;
      this.#revertedBlocks += reverted.length;
      this.#deepest = Math.max(this.#deepest, reverted.length);
    });
  }

  close(): void {
    this.#delay.disable();
    this.#forget();
  }

  /** The text of all metrics as of now. */
  async text(): Promise<string> {
    const [chain, oracle] = await Promise.all([this.#chain(), this.#oracle()]);
    return formatMetrics([...chain, ...this.#process(), ...oracle]);
  }

  async #chain(): Promise<Metric[]> {
    const { mining, peers, pool } = this.#backend;
    const [status, waiting] = await Promise.all([this.#backend.status(), pool.status()]);
    const { head, finalized, syncing, alarms, consortium } = status;
    return [
      gauge('dodona_head_height', 'Height of the head.', head.height),
      gauge('dodona_head_time_seconds', 'Time of the head, since 1970.', head.header.time),
      gauge('dodona_finalized_height', 'Height of the finalized block.', finalized.height),
      gauge('dodona_syncing', '1 while the node catches up.', syncing === undefined ? 0 : 1),
      counter(
        'dodona_reorganisations_total',
        'Changes that took blocks back.',
        this.#reorganisations,
      ),
      counter('dodona_reverted_blocks_total', 'Blocks taken back.', this.#revertedBlocks),
      gauge('dodona_deepest_reorganisation_blocks', 'Most taken back at once.', this.#deepest),
      gauge('dodona_alarms', 'Alarms that dodona_status shows.', alarms.length),
      {
        name: 'dodona_peers',
        help: 'Connected peers.',
        kind: 'gauge',
        samples: (['inbound', 'outbound'] as const).map((direction) => ({
          labels: { direction },
          value: peers.peers().filter((peer) => peer.direction === direction).length,
        })),
      },
      {
        name: 'dodona_pool_transactions',
        help: 'Waiting transactions.',
        kind: 'gauge',
        samples: (['pending', 'queued'] as const).map((state) => ({
          labels: { state },
          value: waiting[state],
        })),
      },
      ...(mining === undefined ? [] : miningMetrics(mining.status())),
      ...(consortium === undefined ? [] : consortiumMetrics(consortium, Date.now())),
    ];
  }

  /** Delays are those since the last look. */
  #process(): Metric[] {
    const delay = this.#delay;
    const quantiles = [50, 99, 100] as const;
    // The histogram holds whole intervals between samples, the waited one included.
    const late = (interval: number): number => Math.max(0, interval / 1e9 - delaySampleMs / 1e3);
    const samples = quantiles.map((percent) => ({
      labels: { quantile: String(percent / 100) },
      value: late(percent === 100 ? delay.max : delay.percentile(percent)),
    }));
    const isSampled = delay.count > 0;
    delay.reset();
    return [
      gauge('process_resident_memory_bytes', 'Resident memory.', process.memoryUsage().rss),
      gauge(
        'process_start_time_seconds',
        'Start of the process, since 1970.',
        Math.round(Date.now() / 1000 - process.uptime()),
      ),
      {
        name: 'nodejs_eventloop_delay_seconds',
        help: "Delay of the main thread's event loop since the last look.",
        kind: 'gauge',
        samples: isSampled ? samples : [],
      },
    ];
  }
}

function miningMetrics(status: {
  readonly hashesPerSecond: number;
  readonly stratum: { readonly hashesPerSecond: number; readonly connections: number };
  readonly blocksFound: number;
  readonly blocksOrphaned: number;
}): Metric[] {
  const { hashesPerSecond, stratum, blocksFound, blocksOrphaned } = status;
  return [
    {
      name: 'dodona_hashes_per_second',
      help: 'Hash rate of the miner in this node and of those on Stratum.',
      kind: 'gauge',
      samples: [
        { labels: { door: 'built-in' }, value: hashesPerSecond },
        { labels: { door: 'stratum' }, value: stratum.hashesPerSecond },
      ],
    },
    gauge('dodona_stratum_connections', 'Connected Stratum miners.', stratum.connections),
    counter('dodona_blocks_found_total', 'Blocks found here.', blocksFound),
    counter('dodona_blocks_orphaned_total', 'Found here, not on the chain.', blocksOrphaned),
  ];
}
