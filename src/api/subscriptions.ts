/**
 * `eth_subscribe`: one hub follows the chain and tells every subscribed connection, in order. A
 * block is read once for all; connections that cannot keep up are cut off and told so.
 */

import { randomBytes } from 'node:crypto';
import { bigintFromBytes } from '../primitives/bytes.ts';
import { displayId } from '../primitives/header.ts';
import { limits } from '../primitives/limits.ts';
import type { NodeBackend } from './backend.ts';
import { RpcError } from './errors.ts';
import { type BlockChange, blockChanges, isInRange, logsOfChange, readValue } from './filters.ts';
import { hexData, hexQuantity, type Json } from './format.ts';
import { type LogQuery, logQuery } from './methods/logs.ts';
import type { Subscriptions } from './methods/method.ts';
import { invalid } from './parameters.ts';

const kinds = ['newHeads', 'logs', 'newPendingTransactions', 'syncing'] as const;
type Kind = (typeof kinds)[number];

interface Subscription {
  readonly id: string;
  readonly kind: Kind;
  /** For logs: the filter as it came, and as it was read. */
  readonly criteria: Json;
  readonly query: LogQuery | undefined;
  readonly publish: (id: string, result: unknown) => void;
  readonly fallBehind: () => void;
}

/** A header as subscribers get it: the block without what only the body tells. */
function headJson(block: Json): Json {
  const { transactions: _transactions, uncles: _uncles, size: _size, ...head } = block;
  return head;
}

export class SubscriptionHub {
  readonly #backend: NodeBackend;
  readonly #fault: (error: unknown, what: string) => void;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #unsubscribe: readonly (() => void)[];
  readonly #queue: BlockChange[] = [];
  #working = false;
  #syncing = false;

  constructor(backend: NodeBackend, fault: (error: unknown, what: string) => void) {
    this.#backend = backend;
    this.#fault = fault;
    this.#unsubscribe = [
      backend.onChange((change) => this.#enqueue(blockChanges(change))),
      backend.onPendingTransaction((hash) => {
        for (const one of this.#of('newPendingTransactions')) one.publish(one.id, hexData(hash));
      }),
    ];
  }

  add(subscription: Subscription): void {
    this.#subscriptions.set(subscription.id, subscription);
  }

  remove(id: string): void {
    this.#subscriptions.delete(id);
  }

  close(): void {
    for (const end of this.#unsubscribe) end();
    this.#subscriptions.clear();
    this.#queue.length = 0;
  }

  #of(kind: Kind): Subscription[] {
    return [...this.#subscriptions.values()].filter((one) => one.kind === kind);
  }

  #enqueue(changes: readonly BlockChange[]): void {
    if (this.#subscriptions.size === 0) return;
    this.#queue.push(...changes);
    if (this.#queue.length > limits.rpcChangesKept) {
      for (const one of this.#subscriptions.values()) one.fallBehind();
      this.#queue.length = 0;
    }
    if (this.#working) return;
    this.#working = true;
    this.#drain()
      .catch((error: unknown) => {
        // A gap must not pass for silence.
        this.#queue.length = 0;
        for (const one of this.#subscriptions.values()) one.fallBehind();
        this.#fault(error, 'subscriptions');
      })
      .finally(() => {
        this.#working = false;
      });
  }

  async #drain(): Promise<void> {
    for (let change = this.#queue.shift(); change; change = this.#queue.shift()) {
      await this.#publishHead(change);
      await this.#publishLogs(change);
      if (this.#queue.length === 0) await this.#publishSyncing();
    }
  }

  async #publishHead(change: BlockChange): Promise<void> {
    const subscribers = this.#of('newHeads');
    if (change.removed || subscribers.length === 0) return;
    const params = [displayId(change.entry.id), false];
    const block = (await readValue(this.#backend, 'eth_getBlockByHash', params)) as Json | null;
    if (block === null) return;
    const head = headJson(block);
    for (const one of subscribers) one.publish(one.id, head);
  }

  async #publishLogs(change: BlockChange): Promise<void> {
    for (const one of this.#of('logs')) {
      if (one.query === undefined || !isInRange(one.query, change.entry.height)) continue;
      const logs = await logsOfChange(this.#backend, one.criteria, change);
      for (const log of logs) one.publish(one.id, log);
    }
  }

  async #publishSyncing(): Promise<void> {
    const subscribers = this.#of('syncing');
    if (subscribers.length === 0) return;
    const { syncing } = await this.#backend.status();
    if ((syncing !== undefined) === this.#syncing) return;
    this.#syncing = syncing !== undefined;
    const result =
      syncing === undefined
        ? false
        : {
            syncing: true,
            status: {
              startingBlock: '0x0',
              currentBlock: hexQuantity(syncing.current),
              highestBlock: hexQuantity(syncing.highest),
            },
          };
    for (const one of subscribers) one.publish(one.id, result);
  }
}

/** What a connection does with notifications. */
export interface SubscriberConnection {
  readonly notify: (text: string) => void;
  /** Ends the connection: it missed something. */
  readonly fallBehind: () => void;
}

/** Subscriptions opened by one message; their notifications wait until its answer is on the wire. */
export interface SubscriptionScope extends Subscriptions {
  release(): void;
}

/** The subscriptions of one connection. */
export class ConnectionSubscriptions {
  readonly #hub: SubscriptionHub;
  readonly #connection: SubscriberConnection;
  readonly #ids = new Set<string>();
  /** Notifications of subscriptions whose ids the client has not been told yet. */
  readonly #held = new Map<string, string[]>();

  constructor(hub: SubscriptionHub, connection: SubscriberConnection) {
    this.#hub = hub;
    this.#connection = connection;
  }

  /** The view of one message. */
  scope(): SubscriptionScope {
    const opened: string[] = [];
    return {
      subscribe: (kind, criteria) => {
        const id = this.#subscribe(kind, criteria);
        opened.push(id);
        return id;
      },
      unsubscribe: (id) => this.#unsubscribe(id),
      release: () => {
        for (const id of opened) this.#release(id);
      },
    };
  }

  close(): void {
    for (const id of this.#ids) this.#hub.remove(id);
    this.#ids.clear();
    this.#held.clear();
  }

  #subscribe(wanted: unknown, criteria: unknown): string {
    const kind = kinds.find((known) => known === wanted);
    if (kind === undefined) {
      throw invalid('subscription', wanted, `send one of ${kinds.join(', ')}`);
    }
    if (this.#ids.size >= limits.rpcSubscriptionsPerConnectionMax) {
      throw new RpcError(
        'limitExceeded',
        `this connection has ${limits.rpcSubscriptionsPerConnectionMax} subscriptions, no more fit`,
      );
    }
    const query = kind === 'logs' ? logQuery(criteria ?? {}) : undefined;
    const id = hexQuantity(bigintFromBytes(randomBytes(16)));
    this.#ids.add(id);
    this.#held.set(id, []);
    this.#hub.add({
      id,
      kind,
      criteria: (criteria ?? {}) as Json,
      query,
      publish: (to, result) => this.#publish(to, result),
      fallBehind: this.#connection.fallBehind,
    });
    return id;
  }

  #unsubscribe(id: string): boolean {
    // The hub knows every connection's ids: only this one's own may go.
    if (!this.#ids.delete(id)) return false;
    this.#hub.remove(id);
    this.#held.delete(id);
    return true;
  }

  #release(id: string): void {
    for (const text of this.#held.get(id) ?? []) this.#connection.notify(text);
    this.#held.delete(id);
  }

  #publish(subscription: string, result: unknown): void {
    const params = { subscription, result };
    const text = JSON.stringify({ jsonrpc: '2.0', method: 'eth_subscription', params });
    const held = this.#held.get(subscription);
    if (held === undefined) this.#connection.notify(text);
    else held.push(text);
  }
}
