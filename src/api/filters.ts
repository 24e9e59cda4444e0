/**
 * Server-side filters (`eth_newFilter` and its kin). A filter holds only its place in the shared
 * sequence of chain changes, so it survives reorganisations: logs of a block that left the chain
 * come again, marked `removed`. Filters that nobody asks for expire.
 */

import { randomBytes } from 'node:crypto';
import type { HeaderEntry } from '../primitives/block.ts';
import { bigintFromBytes } from '../primitives/bytes.ts';
import { displayId } from '../primitives/header.ts';
import { limits } from '../primitives/limits.ts';
import type { ChainChange, NodeBackend, ReadAnswer } from './backend.ts';
import { errorFromObject, RpcError } from './errors.ts';
import { hexData, hexQuantity, type Json } from './format.ts';
import { type LogQuery, logQuery } from './methods/logs.ts';
import { Ring } from './ring.ts';

/** The value of a read that the main thread needs itself. @throws RpcError for an error answer. */
export async function readValue(
  backend: NodeBackend,
  method: string,
  params: readonly unknown[],
): Promise<unknown> {
  const answer: ReadAnswer = await backend.read(method, params);
  if ('error' in answer) throw errorFromObject(answer.error);
  return JSON.parse(answer.json);
}

/** One block that joined or left the applied chain. */
export interface BlockChange {
  readonly entry: HeaderEntry;
  readonly removed: boolean;
}

/** A change as single steps, in the order in which they happened. */
export function blockChanges(change: ChainChange): readonly BlockChange[] {
  return [
    ...change.reverted.map((entry) => ({ entry, removed: true })),
    ...change.applied.map((entry) => ({ entry, removed: false })),
  ];
}

/**
 * Logs of one changed block that `filter` (as the client sent it) matches; those of a block that
 * left the chain come in reverse, as an undo.
 */
export async function logsOfChange(
  backend: NodeBackend,
  filter: Json,
  change: BlockChange,
): Promise<readonly Json[]> {
  const { address, topics } = filter;
  const query = { address, topics, blockHash: displayId(change.entry.id) };
  const logs = (await readValue(backend, 'eth_getLogs', [query])) as readonly Json[];
  return change.removed ? logs.map((log) => ({ ...log, removed: true })).reverse() : logs;
}

/** Whether a change's height lies in the range that a log filter names with numbers. */
export function isInRange(query: LogQuery, height: number): boolean {
  if ('id' in query.range) return false;
  const { from, to } = query.range;
  return (
    (from.kind !== 'height' || height >= from.height) &&
    (to.kind !== 'height' || height <= to.height)
  );
}

interface Filter {
  readonly kind: 'logs' | 'blocks' | 'pending';
  readonly criteria: Json;
  readonly query: LogQuery | undefined;
  place: number;
  usedAtMs: number;
}

export class FilterSet {
  readonly #backend: NodeBackend;
  readonly #nowMs: () => number;
  readonly #filters = new Map<string, Filter>();
  readonly #changes = new Ring<BlockChange>(limits.rpcChangesKept);
  readonly #pending = new Ring<Uint8Array>(limits.rpcPendingHashesKept);
  readonly #unsubscribe: readonly (() => void)[];

  /** `nowMs` is a monotonic clock. */
  constructor(backend: NodeBackend, nowMs: () => number) {
    this.#backend = backend;
    this.#nowMs = nowMs;
    this.#unsubscribe = [
      backend.onChange((change) => {
        for (const step of blockChanges(change)) this.#changes.push(step);
      }),
      backend.onPendingTransaction((hash) => this.#pending.push(hash)),
    ];
  }

  close(): void {
    for (const end of this.#unsubscribe) end();
    this.#filters.clear();
  }

  /** Installs a filter. @throws RpcError when its criteria are malformed or there are too many. */
  install(kind: Filter['kind'], criteria: unknown): string {
    const query = kind === 'logs' ? logQuery(criteria) : undefined;
    this.#expire();
    if (this.#filters.size >= limits.rpcFiltersMax) {
      throw new RpcError(
        'limitExceeded',
        `${limits.rpcFiltersMax} filters are installed, no more fit: uninstall some, or use eth_getLogs`,
      );
    }
    const id = hexQuantity(bigintFromBytes(randomBytes(16)));
    const place = kind === 'pending' ? this.#pending.end : this.#changes.end;
    const usedAtMs = this.#nowMs();
    this.#filters.set(id, { kind, criteria: (criteria ?? {}) as Json, query, place, usedAtMs });
    return id;
  }

  uninstall(id: string): boolean {
    return this.#filters.delete(id);
  }

  /** What is new since the last time: hashes, or logs. @throws RpcError 'filter not found'. */
  async changes(id: string): Promise<readonly unknown[]> {
    const filter = this.#require(id);
    if (filter.kind === 'pending') {
      const hashes = this.#since(id, filter, this.#pending);
      filter.place = this.#pending.end;
      return hashes.map(hexData);
    }
    const before = filter.place;
    const steps = this.#since(id, filter, this.#changes);
    filter.place = this.#changes.end;
    if (filter.kind === 'blocks') {
      return steps.filter((step) => !step.removed).map((step) => displayId(step.entry.id));
    }
    try {
      return await this.#logs(filter, steps);
    } catch (error) {
      filter.place = before;
      throw error;
    }
  }

  /** All logs that a log filter matches now. */
  async logs(id: string): Promise<unknown> {
    const filter = this.#require(id);
    if (filter.kind !== 'logs') {
      throw new RpcError('invalidParams', `filter ${id} has no logs: use eth_getFilterChanges`);
    }
    return readValue(this.#backend, 'eth_getLogs', [filter.criteria]);
  }

  async #logs(filter: Filter, steps: readonly BlockChange[]): Promise<readonly Json[]> {
    const found: Json[] = [];
    for (const step of steps) {
      if (filter.query === undefined || !isInRange(filter.query, step.entry.height)) continue;
      found.push(...(await logsOfChange(this.#backend, filter.criteria, step)));
      if (found.length > limits.rpcLogsResultsMax) {
        throw new RpcError(
          'limitExceeded',
          `more than ${limits.rpcLogsResultsMax} logs are waiting: use eth_getLogs with a narrow range`,
        );
      }
    }
    return found;
  }

  #since<Item>(id: string, filter: Filter, ring: Ring<Item>): readonly Item[] {
    const items = ring.since(filter.place);
    if (items !== undefined) return items;
    this.#filters.delete(id);
    throw notFound();
  }

  #require(id: string): Filter {
    this.#expire();
    const filter = this.#filters.get(id);
    if (filter === undefined) throw notFound();
    filter.usedAtMs = this.#nowMs();
    return filter;
  }

  #expire(): void {
    const oldestMs = this.#nowMs() - limits.rpcFilterIdleMs;
    for (const [id, filter] of this.#filters) {
      if (filter.usedAtMs < oldestMs) this.#filters.delete(id);
    }
  }
}

/** ethers recognises exactly this text and installs the filter again. */
function notFound(): RpcError {
  return new RpcError('server', 'filter not found');
}
