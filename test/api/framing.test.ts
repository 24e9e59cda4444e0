/** Requests that a proxy and a lenient parser may cut in different places: only the first is done. */

import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiServer } from '../../src/api/server.ts';
import { TestNode } from './backend.ts';

describe('over bytes', () => {
  const done: unknown[] = [];
  const node = new TestNode();
  let server: ApiServer;
  beforeAll(async () => {
    const run = async (_: unknown, [name]: readonly unknown[]) => void done.push(name);
    server = await node.serve({}, { methods: { note: { access: 'public', run } } });
  });
  afterAll(() => server.close());

  /** All that the server says before it hangs up. */
  function say(text: string): Promise<string> {
    done.length = 0;
    return new Promise((resolve, reject) => {
      const socket = connect(server.port, '127.0.0.1', () => socket.write(text, 'latin1'));
      let heard = '';
      socket.on('data', (chunk) => {
        heard += String(chunk);
      });
      socket.on('close', () => resolve(heard));
      socket.on('error', reject);
    });
  }

  const bodyOf = (name: string) => `{"jsonrpc":"2.0","id":1,"method":"note","params":["${name}"]}`;
  const head = (...headers: readonly string[]) =>
    [
      'POST / HTTP/1.1',
      'Host: localhost',
      'Content-Type: application/json',
      ...headers,
      '',
      '',
    ].join('\r\n');
  const plain = (name: string, ...headers: readonly string[]) =>
    `${head(`Content-Length: ${bodyOf(name).length}`, ...headers)}${bodyOf(name)}`;
  const chunk = `${bodyOf('one').length.toString(16)}\r\n${bodyOf('one')}`;
  const chunked = 'Transfer-Encoding: chunked';
  const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13';

  it('does what is pipelined on a clear connection', async () => {
    const heard = await say(plain('one') + plain('two', 'Connection: close'));
    expect(heard.match(/HTTP\/1.1 200/g)).toHaveLength(2);
    expect(done).toEqual(['one', 'two']);
  });

  it.each([
    ['a length beside the chunks', `${head(chunked, 'Content-Length: 4')}${chunk}\r\n0\r\n\r\n`],
    [
      'a space behind a chunk size',
      `${head(chunked) + chunk.replace('\r\n', ' \r\n')}\r\n0\r\n\r\n`,
    ],
    ['no line end behind a chunk', `${head(chunked) + chunk}0\r\n\r\n`],
    ['Connection: close', plain('one', 'Connection: close')],
  ])('answers one request with %s, and nothing behind it', async (_, text) => {
    const heard = await say(text + plain('two'));
    expect(heard.match(/HTTP\/1.1 /g)).toEqual(['HTTP/1.1 ']);
    expect(heard).toMatch(/^connection: close$/im);
    expect(done).toEqual(['one']);
    const socket = await say(`${text}GET / HTTP/1.1\r\nHost: localhost\r\n${upgrade}\r\n\r\n`);
    expect(socket).not.toContain(' 101 ');
  });

  it.each([
    ['a control character', plain('one', 'X: a\x01b'), 'control character'],
    ['another version', plain('one').replace('HTTP/1.1', 'HTTP/1.7'), 'HTTP/1.1'],
    ['an unknown coding', head('Transfer-Encoding: xchunked', 'Content-Length: 9'), 'chunked'],
  ])('refuses %s', async (_, text, reason) => {
    const heard = await say(text + plain('two'));
    expect(heard).toMatch(/^HTTP\/1.1 400/);
    expect(heard).toContain(reason);
    expect(done).toEqual([]);
  });
});
