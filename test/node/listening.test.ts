/** Ports that are taken are named with the setting that helps. */

import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listening } from '../../src/node/listening.ts';

describe('a port to listen on', () => {
  let taken: Server;
  beforeAll(async () => {
    taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => void taken.close());

  const listen = (port: number, host: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const server = createServer();
      server.once('error', reject);
      server.listen(port, host, () => server.close(() => resolve()));
    });
  const door = (port: number, host = '127.0.0.1') =>
    ({ what: 'JSON-RPC', host, port, setting: 'rpc.port' }) as const;

  it('that is taken, or on no address of ours, is refused with the remedy', async () => {
    const { port } = taken.address() as AddressInfo;
    await expect(listening(door(port), listen(port, '127.0.0.1'))).rejects.toThrow(
      `JSON-RPC cannot listen on 127.0.0.1 port ${port}: another program listens there; choose another with --rpc.port PORT, or run a second node with --instance N`,
    );
    const elsewhere = '192.0.2.1';
    await expect(listening(door(1, elsewhere), listen(0, elsewhere))).rejects.toThrow(
      'this machine does not have that address',
    );
  });

  it('is found in the text of libp2p; errors about something else pass', async () => {
    const text =
      'failed to be listened on:\n\n  /ip4/127.0.0.1/tcp/1: Error: listen EADDRINUSE: address';
    const libp2p = Promise.reject(new Error(text));
    await expect(listening(door(1), libp2p)).rejects.toThrow('another program listens there');
    const other = new Error('unrelated');
    await expect(listening(door(1), Promise.reject(other))).rejects.toBe(other);
    expect(await listening(door(1), Promise.resolve(7))).toBe(7);
  });
});
