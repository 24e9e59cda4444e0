/**
 * What goes wrong in the safety phase: power failures, partitions in one or both directions, and
 * clogged links, at random moments. Everything is drawn from one stream, so a seed repeats it.
 */

import type { PeerId } from '../consensus/protocol.ts';
import type { VirtualClock } from './clock.ts';
import type { SimulatedNetwork } from './network.ts';
import type { Random } from './random.ts';

export interface FaultOptions {
  /** Mean milliseconds between two faults of the whole network. */
  readonly intervalMs: number;
  readonly downMsMean: number;
  readonly partitionMsMax: number;
  readonly clogMsMax: number;
}

/** A node as the faults see it. */
export interface Victim {
  readonly id: PeerId;
  readonly isRunning: boolean;
  readonly disk: { watchNextAppend(task: () => void): void };
  start(): void;
  crash(): void;
}

/** About the time of a synced write. */
const writeMsMean = 10;

export class Faults {
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #network: SimulatedNetwork;
  readonly #nodes: readonly Victim[];
  readonly #options: FaultOptions;
  #over = false;
  crashes = 0;
  partitions = 0;
  clogs = 0;

  constructor(
    parts: {
      readonly clock: VirtualClock;
      readonly random: Random;
      readonly network: SimulatedNetwork;
      readonly nodes: readonly Victim[];
    },
    options: FaultOptions,
  ) {
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#network = parts.network;
    this.#nodes = parts.nodes;
    this.#options = options;
  }

  begin(): void {
    this.#clock.schedule(this.#random.exponential(this.#options.intervalMs), () => {
      if (this.#over) return;
      this.#strike();
      this.begin();
    });
  }

  /** No further faults; everything heals and every node runs. */
  end(): void {
    this.#over = true;
    this.#network.calm();
    for (const node of this.#nodes) if (!node.isRunning) node.start();
  }

  #strike(): void {
    const kind = this.#random.pick([
      'crash',
      'crash',
      'crash',
      'partition',
      'oneWay',
      'clog',
    ] as const);
    if (kind === 'crash') this.#crash();
    else if (kind === 'clog') this.#clog();
    else this.#partition(kind === 'oneWay');
  }

  /** Half of the power failures come within milliseconds of a write. */
  #crash(): void {
    const node = this.#random.pick(this.#nodes);
    if (!node.isRunning) return;
    if (this.#random.chance(0.5)) {
      this.#powerOff(node);
      return;
    }
    node.disk.watchNextAppend(() => {
      const afterMs = this.#random.exponential(writeMsMean);
      this.#clock.schedule(afterMs, () => this.#powerOff(node));
    });
  }

  #powerOff(node: Victim): void {
    if (!node.isRunning || this.#over) return;
    this.crashes += 1;
    node.crash();
    this.#clock.schedule(this.#random.exponential(this.#options.downMsMean), () => {
      if (!node.isRunning) node.start();
    });
  }

  #partition(oneWay: boolean): void {
    const ids = this.#random.shuffle(this.#nodes.map(({ id }) => id));
    const size = this.#random.integer(1, Math.max(1, ids.length - 1));
    const heal = this.#network.cut(ids.slice(0, size), ids.slice(size), oneWay);
    this.partitions += 1;
    this.#clock.schedule(this.#random.next() * this.#options.partitionMsMax, heal);
  }

  #clog(): void {
    const { id } = this.#random.pick(this.#nodes);
    const peers = this.#network.peersOf(id);
    if (peers.length === 0) return;
    this.clogs += 1;
    this.#network.clog(this.#random.pick(peers), id, this.#random.next() * this.#options.clogMsMax);
  }
}
