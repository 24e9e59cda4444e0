/**
 * Virtual time: tasks in order of (time, sequence), so that two tasks of one instant run in the
 * order in which they were scheduled and a run never depends on how fast it is computed.
 */

/** A scheduled task; cancelling one that has run does nothing. */
export interface Scheduled {
  cancel(): void;
}

interface Entry {
  readonly time: number;
  readonly sequence: number;
  task: (() => void) | undefined;
}

const isBefore = (left: Entry, right: Entry): boolean =>
  left.time < right.time || (left.time === right.time && left.sequence < right.sequence);

export class VirtualClock {
  #now = 0;
  #sequence = 0;
  /** A binary heap, the earliest first. */
  readonly #heap: Entry[] = [];

  /** Milliseconds since the start of the run. */
  get now(): number {
    return this.#now;
  }

  schedule(afterMs: number, task: () => void): Scheduled {
    const entry: Entry = {
      time: this.#now + Math.max(0, afterMs),
      sequence: this.#sequence++,
      task,
    };
    this.#push(entry);
    return {
      cancel: () => {
        entry.task = undefined;
      },
    };
  }

  /** Runs everything up to `time`, `afterEach` after each task; the clock then stands there. */
  runUntil(time: number, afterEach: () => void): void {
    for (let next = this.#heap[0]; next !== undefined && next.time <= time; next = this.#heap[0]) {
      this.#popFirst();
      const { task } = next;
      if (task === undefined) continue;
      this.#now = next.time;
      next.task = undefined;
      task();
      afterEach();
    }
    this.#now = Math.max(this.#now, time);
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above] as Entry;
      if (!isBefore(entry, parent)) break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = entry;
  }

  #popFirst(): void {
    const heap = this.#heap;
    const last = heap.pop() as Entry;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let below = 2 * index + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1] as Entry, heap[below] as Entry)) {
        below += 1;
      }
      const child = heap[below] as Entry;
      if (!isBefore(child, last)) break;
      heap[index] = child;
      index = below;
    }
    heap[index] = last;
  }
}
