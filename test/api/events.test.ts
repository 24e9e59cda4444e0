/** Filters and subscriptions, through reorganisations, idleness and slow readers. */

import { createPublicClient, webSocket } from 'viem';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { ChainChange } from '../../src/api/backend.ts';
import { FilterSet } from '../../src/api/filters.ts';
import { Ring } from '../../src/api/ring.ts';
import type { ApiServer } from '../../src/api/server.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { displayId } from '../../src/primitives/header.ts';
import { limits } from '../../src/primitives/limits.ts';
import { TestNode } from './backend.ts';
import { contract, makeBlock, transactions } from './chain.ts';

type LogJson = { readonly removed: boolean; readonly blockHash: string; readonly logIndex: string };

/** Adds a block with four logs on the head. */
function grow(node: TestNode, salt = 0): ChainChange {
  const { entry } = node.chain.append(makeBlock(node.chain.head, transactions, salt));
  return { reverted: [], applied: [entry] };
}

/** Replaces the head by a sibling with the same transactions. */
function reorganise(node: TestNode): ChainChange {
  const reverted = [node.chain.head.entry];
  node.chain.applied.pop();
  return { reverted, applied: grow(node, 1).applied };
}

describe('rings', () => {
  it('keeps at least its capacity and tells who fell behind', () => {
    const ring = new Ring<number>(4);
    const start = ring.end;
    for (let item = 0; item < 100; item++) {
      ring.push(item);
      expect(ring.since(Math.max(start, ring.end - 4))?.at(-1)).toBe(item);
    }
    expect(ring.since(start)).toBeUndefined();
    expect(ring.since(ring.end)).toEqual([]);
    expect(ring.since(ring.end - 3)).toEqual([97, 98, 99]);
  });
});

describe('filters', () => {
  let node: TestNode;
  let nowMs: number;
  let filters: FilterSet;
  beforeEach(() => {
    node = new TestNode();
    nowMs = 0;
    filters = new FilterSet(node.backend, () => nowMs);
  });
  afterEach(() => filters.close());
  const logs = async (id: string): Promise<readonly LogJson[]> =>
    (await filters.changes(id)) as readonly LogJson[];

  it('gives each block’s logs once', async () => {
    const id = filters.install('logs', { address: `0x${toHex(contract)}` });
    expect(await logs(id)).toEqual([]);
    node.change(grow(node));
    expect((await logs(id)).map((log) => log.logIndex)).toEqual(['0x0', '0x2']);
    expect(await logs(id)).toEqual([]);
  });

  it('takes back the logs of a block that left the chain', async () => {
    const id = filters.install('logs', { address: `0x${toHex(contract)}` });
    node.change(grow(node));
    const old = displayId(node.chain.head.entry.id);
    await logs(id);
    node.change(reorganise(node));
    const now = displayId(node.chain.head.entry.id);
    expect(now).not.toBe(old);
    const seen = (await logs(id)).map((log) => [log.removed, log.blockHash, log.logIndex]);
    expect(seen).toEqual([
      [true, old, '0x2'],
      [true, old, '0x0'],
      [false, now, '0x0'],
      [false, now, '0x2'],
    ]);
  });

  it('leaves out heights that the criteria exclude', async () => {
    const id = filters.install('logs', { fromBlock: '0x4' });
    node.change(grow(node));
    node.change(grow(node));
    expect(new Set((await logs(id)).map((log) => log.blockHash))).toEqual(
      new Set([displayId(node.chain.head.entry.id)]),
    );
  });

  it('gives the ids of new blocks and the hashes of new transactions', async () => {
    const blocks = filters.install('blocks', undefined);
    const pending = filters.install('pending', undefined);
    node.change(grow(node));
    node.pending(new Uint8Array(32).fill(5));
    expect(await filters.changes(blocks)).toEqual([displayId(node.chain.head.entry.id)]);
    expect(await filters.changes(pending)).toEqual([`0x${'05'.repeat(32)}`]);
    expect(await filters.changes(pending)).toEqual([]);
  });

  it('forgets idle filters, with the text that ethers looks for', async () => {
    const used = filters.install('blocks', undefined);
    const idle = filters.install('blocks', undefined);
    nowMs = limits.rpcFilterIdleMs - 1;
    await filters.changes(used);
    nowMs += 2;
    expect(await filters.changes(used)).toEqual([]);
    await expect(filters.changes(idle)).rejects.toThrow(/^filter not found$/);
    expect(filters.uninstall(used)).toBe(true);
    expect(filters.uninstall(used)).toBe(false);
  });

  it('drops a filter that fell behind instead of leaving a gap', async () => {
    const id = filters.install('blocks', undefined);
    const { entry } = node.chain.head;
    for (let count = 0; count < 2 * limits.rpcChangesKept; count++) {
      node.change({ reverted: [], applied: [entry] });
    }
    await expect(filters.changes(id)).rejects.toThrow('filter not found');
  });

  it('gives the same logs again when reading them failed', async () => {
    const id = filters.install('logs', {});
    node.change(grow(node));
    node.beforeRead = () => Promise.reject(new Error('reader died'));
    await expect(filters.changes(id)).rejects.toThrow('reader died');
    node.beforeRead = () => Promise.resolve();
    expect(await logs(id)).toHaveLength(4);
  });

  it('bounds their number and says so', () => {
    for (let count = 0; count < limits.rpcFiltersMax; count++) filters.install('blocks', undefined);
    expect(() => filters.install('blocks', undefined)).toThrow(`${limits.rpcFiltersMax} filters`);
  });
});

interface Message {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
  readonly params?: { readonly subscription: string; readonly result: unknown };
}

/** A WebSocket whose messages are taken one after the other. */
class Client {
  readonly #socket: WebSocket;
  readonly #messages: Message[] = [];
  #wake: () => void = () => undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => {
      this.#messages.push(JSON.parse(String(data)));
      this.#wake();
    });
  }

  static open(url: string): Promise<Client> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url);
      const client = new Client(socket);
      socket.on('open', () => resolve(client));
      socket.on('error', reject);
    });
  }

  async next(): Promise<Message> {
    while (this.#messages.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#messages.shift() as Message;
  }

  async ask(method: string, ...params: unknown[]): Promise<Message> {
    this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
    return this.next();
  }

  closed(): Promise<number> {
    return new Promise((resolve) => this.#socket.on('close', (code) => resolve(code)));
  }

  close(): void {
    this.#socket.close();
  }
}

describe('subscriptions', () => {
  let node: TestNode;
  let server: ApiServer;
  let client: Client;
  beforeEach(async () => {
    node = new TestNode();
    server = await node.serve();
    client = await Client.open(`ws://127.0.0.1:${server.port}`);
  });
  afterEach(async () => {
    client.close();
    await server.close();
    expect(node.faults).toEqual([]);
  });

  it('sends heads, then removed and new logs, in the order of the chain', async () => {
    const heads = (await client.ask('eth_subscribe', 'newHeads')).result;
    const logs = (await client.ask('eth_subscribe', 'logs', {})).result;
    const grown = grow(node);
    node.change(grown);
    const head = (await client.next()).params;
    expect(head?.subscription).toBe(heads);
    expect(head?.result).toMatchObject({
      number: '0x3',
      hash: displayId(node.chain.head.entry.id),
    });
    expect(head?.result).not.toHaveProperty('transactions');
    for (let index = 0; index < 4; index++) {
      expect((await client.next()).params).toMatchObject({
        subscription: logs,
        result: { removed: false, logIndex: `0x${index}` },
      });
    }
    node.change(reorganise(node));
    const old = displayId(grown.applied[0]?.id as string);
    for (let index = 0; index < 4; index++) {
      expect((await client.next()).params?.result).toMatchObject({ removed: true, blockHash: old });
    }
    expect((await client.next()).params?.subscription).toBe(heads);
    expect((await client.next()).params?.result).toMatchObject({ removed: false });
  });

  it('ends on request, and only for its own connection', async () => {
    const id = (await client.ask('eth_subscribe', 'newPendingTransactions')).result;
    const other = await Client.open(`ws://127.0.0.1:${server.port}`);
    expect((await other.ask('eth_unsubscribe', id)).result).toBe(false);
    other.close();
    node.pending(new Uint8Array(32).fill(6));
    expect((await client.next()).params).toEqual({
      subscription: id,
      result: `0x${'06'.repeat(32)}`,
    });
    expect((await client.ask('eth_unsubscribe', id)).result).toBe(true);
    node.pending(new Uint8Array(32).fill(7));
    expect((await client.ask('eth_chainId')).result).toBe('0x7a69');
  });

  it('refuses unknown kinds and one subscription too many', async () => {
    const unknown = await client.ask('eth_subscribe', 'oldHeads');
    expect(unknown.error?.message).toContain('send one of newHeads, logs');
    for (let count = 0; count < limits.rpcSubscriptionsPerConnectionMax; count++) {
      await client.ask('eth_subscribe', 'newHeads');
    }
    expect((await client.ask('eth_subscribe', 'newHeads')).error?.code).toBe(-32005);
  });

  it('tells a connection that its subscriptions fell behind', async () => {
    await client.ask('eth_subscribe', 'newHeads');
    node.beforeRead = () => new Promise(() => undefined);
    const { entry } = node.chain.head;
    const code = client.closed();
    node.change({ reverted: [], applied: Array(limits.rpcChangesKept + 2).fill(entry) });
    expect(await code).toBe(1013);
  });

  it('says goodbye when the node stops', async () => {
    const code = client.closed();
    await server.close();
    expect(await code).toBe(1001);
    server = await node.serve();
  });

  it('is what viem’s WebSocket transport expects', async () => {
    const viem = createPublicClient({ transport: webSocket(`ws://127.0.0.1:${server.port}`) });
    const hash = await new Promise((resolve, reject) => {
      viem.watchBlocks({ onBlock: (block) => resolve(block.hash), onError: reject });
      // The subscription is on the wire once a later request of the same socket was answered.
      viem.getChainId().then(() => node.change(grow(node)), reject);
    });
    expect(hash).toBe(displayId(node.chain.head.entry.id));
    const rpc = await viem.transport.getRpcClient();
    rpc.close();
  });
});
