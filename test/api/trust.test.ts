/** Who may do what: Host, Origin and token rules as a table, then over real sockets. */

import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { RpcError } from '../../src/api/errors.ts';
import { nodeMethods } from '../../src/api/methods.ts';
import { readMethods } from '../../src/api/reads.ts';
import type { ApiServer } from '../../src/api/server.ts';
import {
  accessFault,
  isAuthorized,
  isHostAllowed,
  isLoopback,
  isSocketOriginAllowed,
  originOf,
} from '../../src/api/trust.ts';
import { limits } from '../../src/primitives/limits.ts';
import { curlPost } from '../support/cpuminer.ts';
import { TestNode } from './backend.ts';

describe('hosts', () => {
  it.each(['localhost', 'LOCALHOST:8545', '127.0.0.1:1', '[::1]:8545', 'node.lan:80', 'node.lan.'])(
    'allows %s',
    (host) => expect(isHostAllowed(host, ['node.lan'])).toBe(true),
  );
  it.each([
    undefined,
    '',
    'evil.example',
    'localhost.evil.example:8545',
    '127.0.0.1.nip.io',
    '::1',
  ])('refuses %s', (host) => expect(isHostAllowed(host, ['node.lan'])).toBe(false));
});

describe('origins', () => {
  it('tells the own page from others, another port included', () => {
    expect(originOf(undefined, 'localhost:8545')).toBe('none');
    expect(originOf('http://localhost:8545', 'localhost:8545')).toBe('own');
    expect(originOf('http://localhost:3000', 'localhost:8545')).toBe('foreign');
    expect(originOf('null', 'localhost:8545')).toBe('foreign');
    expect(originOf('http://localhost:8545.evil.example', 'localhost:8545')).toBe('foreign');
  });

  it('opens sockets for pages of this machine and listed ones only', () => {
    const allowed = (origin: string | undefined): boolean =>
      isSocketOriginAllowed(origin, 'localhost:8545', ['https://app.example']);
    expect(allowed(undefined)).toBe(true);
    expect(allowed('http://localhost:3000')).toBe(true);
    expect(allowed('https://app.example')).toBe(true);
    expect(allowed('https://app.example.evil')).toBe(false);
    expect(allowed('http://localhost.evil.example')).toBe(false);
    expect(allowed('null')).toBe(false);
  });
});

describe('tokens', () => {
  it('takes Bearer, and Basic with the token as password', () => {
    const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`;
    expect(isAuthorized('Bearer secret', 'secret')).toBe(true);
    expect(isAuthorized('bearer secret', 'secret')).toBe(true);
    expect(isAuthorized(basic('miner:secret'), 'secret')).toBe(true);
    expect(isAuthorized(basic('secret:other'), 'secret')).toBe(false);
    expect(isAuthorized('Bearer secret2', 'secret')).toBe(false);
    expect(isAuthorized('secret', 'secret')).toBe(false);
    expect(isAuthorized(undefined, 'secret')).toBe(false);
  });

  it('authorises nobody with the empty token', () => {
    expect(isAuthorized('Bearer ', '')).toBe(false);
  });
});

describe('access', () => {
  const here = { origin: 'none', authorized: false, loopback: true } as const;
  const cases = [
    ['public', here, true],
    ['public', { ...here, origin: 'foreign' }, true],
    ['local', { ...here, loopback: false }, true],
    ['local', { ...here, origin: 'own' }, true],
    ['local', { ...here, origin: 'foreign' }, false],
    ['miner', here, true],
    ['miner', { ...here, loopback: false }, false],
    ['miner', { ...here, loopback: false, authorized: true }, true],
    ['miner', { ...here, origin: 'foreign' }, false],
    ['development', here, true],
    ['development', { ...here, origin: 'foreign' }, false],
    ['token', here, false],
    ['token', { ...here, authorized: true }, true],
    ['token', { ...here, authorized: true, origin: 'foreign' }, false],
  ] as const;
  it.each(cases)('%s for %o: %s', (access, caller, allowed) => {
    expect(accessFault('x', access, caller, true) === undefined).toBe(allowed);
  });

  it('hides development methods on other networks, even from the token', () => {
    const owner = { ...here, authorized: true };
    expect(accessFault('evm_mine', 'development', owner, false)?.code).toBe(-32601);
  });

  it('guards everything that signs, mines or administers', () => {
    const guarded = Object.keys(nodeMethods).filter(
      (name) => nodeMethods[name]?.access === 'token',
    );
    expect(guarded.sort()).toEqual([
      'admin_addPeer',
      'admin_removePeer',
      'miner_start',
      'miner_stop',
      'oracle_submitReport',
    ]);
    const changing = /sendTransaction|accounts|evm_|sign/;
    for (const [name, { access }] of Object.entries(nodeMethods)) {
      if (changing.test(name)) expect([name, access]).toEqual([name, 'development']);
    }
    for (const name of Object.keys(readMethods)) expect(name).not.toMatch(/send|sign|submit/);
  });

  it('knows the addresses of this machine', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'].every(isLoopback)).toBe(true);
    expect(['10.0.0.1', '::ffff:10.0.0.1', '128.0.0.1', undefined].some(isLoopback)).toBe(false);
  });
});

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

describe('over HTTP', () => {
  const node = new TestNode();
  let server: ApiServer;
  beforeAll(async () => {
    const page = { contentType: 'text/html', body: new TextEncoder().encode('<p>oak</p>') };
    const run = (): never => {
      throw new RpcError('server', 'no template');
    };
    server = await node.serve(
      {},
      {
        assets: new Map([['/', page]]),
        methods: { refusing: { access: 'miner', legacy: true, run } },
      },
    );
  });
  afterAll(() => server.close());

  function ask(
    options: {
      readonly method?: string;
      readonly path?: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | readonly string[];
    } = {},
  ): Promise<Reply> {
    const { method = 'POST', path = '/', body = '', headers = {} } = options;
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          host: '127.0.0.1',
          port: server.port,
          path,
          method,
          headers: { 'content-type': 'application/json', ...headers },
        },
        (response) => {
          let text = '';
          response.on('data', (chunk) => {
            text += chunk;
          });
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
          );
        },
      );
      sent.on('error', reject);
      for (const part of typeof body === 'string' ? [body] : body) sent.write(part);
      sent.end();
    });
  }

  const call = (method: string, ...params: unknown[]): string =>
    JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const errorOf = (reply: Reply): { code: number; message: string } => JSON.parse(reply.body).error;

  it('refuses a rebound host name', async () => {
    const reply = await ask({ headers: { host: 'evil.example' }, body: call('eth_chainId') });
    expect(reply.status).toBe(403);
    expect(reply.body).toContain('add it to rpc.allowed-hosts');
    const page = await ask({ method: 'GET', headers: { host: 'evil.example' } });
    expect(page.status).toBe(403);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', ''])(
    'refuses Content-Type %s',
    async (type) => {
      const reply = await ask({ headers: { 'content-type': type }, body: call('eth_chainId') });
      expect(reply.status).toBe(415);
    },
  );

  it('takes a charset beside the type', async () => {
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    expect((await ask({ headers, body: call('eth_chainId') })).status).toBe(200);
  });

  it('lets pages of other origins read, and nothing else', async () => {
    const headers = { origin: 'https://app.example' };
    const read = await ask({ headers, body: call('eth_blockNumber') });
    expect(JSON.parse(read.body).result).toBe('0x2');
    expect(read.headers['access-control-allow-origin']).toBe('*');
    for (const method of ['eth_sendTransaction', 'eth_accounts', 'evm_mine', 'dodona_peers']) {
      expect(errorOf(await ask({ headers, body: call(method, {}) })).code).toBe(-32006);
    }
    const withToken = { ...headers, authorization: 'Bearer secret' };
    expect(errorOf(await ask({ headers: withToken, body: call('miner_start') })).code).toBe(-32006);
    expect(node.started).toEqual([]);
  });

  it('checks each request of a batch by itself', async () => {
    const headers = { origin: 'https://app.example' };
    const body = `[${call('eth_chainId')},${call('eth_accounts')}]`;
    const [first, second] = JSON.parse((await ask({ headers, body })).body);
    expect(first.result).toBe('0x7a69');
    expect(second.error.code).toBe(-32006);
  });

  it('answers preflights without letting the token through', async () => {
    const headers = { origin: 'https://app.example', 'access-control-request-method': 'POST' };
    const reply = await ask({ method: 'OPTIONS', headers });
    expect(reply.status).toBe(204);
    expect(reply.headers['access-control-allow-headers']).toBe('Content-Type');
    expect(reply.headers['access-control-allow-credentials']).toBeUndefined();
  });

  it('starts mining for the token only', async () => {
    expect(errorOf(await ask({ body: call('miner_start', 2) })).message).toContain('rpc.token');
    const headers = { authorization: 'Bearer secret' };
    const reply = await ask({ headers, body: call('miner_start', 2) });
    expect(JSON.parse(reply.body).result.threads).toBe(1);
    expect(node.started).toEqual([2]);
  });

  it('shows the accounts of a development network to programs and to its own page', async () => {
    const own = { origin: `http://127.0.0.1:${server.port}` };
    for (const headers of [{}, own]) {
      expect(JSON.parse((await ask({ headers, body: call('eth_accounts') })).body).result).toEqual([
        '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266',
      ]);
    }
  });

  it('refuses bodies above the limit, announced or not', async () => {
    const chunk = 'x'.repeat(1024 * 1024);
    const announced = { 'content-length': String(limits.rpcBodySizeBytesMax + 1) };
    const early = await ask({ headers: announced, body: '{' }).catch(() => undefined);
    expect(early?.status).toBe(413);
    const chunks = Array.from({ length: 6 }, () => chunk);
    const late = await ask({ body: chunks });
    expect(late.status).toBe(413);
    expect(errorOf(late).message).toContain(String(limits.rpcBodySizeBytesMax));
  });

  it('reads a chunked body beside a length, as libcurl sends it, and then hangs up', async () => {
    const url = `http://127.0.0.1:${server.port}`;
    const reply = await curlPost(url, 'any:any', call('eth_blockNumber'));
    expect(reply.status).toBe(200);
    expect(JSON.parse(reply.body).result).toBe('0x2');
    expect(reply.headers).toMatch(/^connection: close$/im);
    const body = call('eth_chainId');
    const clear = { connection: 'keep-alive', 'content-length': String(body.length) };
    const plain = await ask({ headers: clear, body });
    expect(plain.headers.connection).toBe('keep-alive');
    const odd = await ask({ headers: { 'transfer-encoding': 'gzip, chunked' }, body: '{}' });
    expect(odd.status).toBe(400);
    expect(odd.headers.connection).toBe('close');
  });

  it('says errors of JSON-RPC 1.0 by the status too, as bitcoind does', async () => {
    const statusOf = async (body: string): Promise<number> => (await ask({ body })).status;
    expect(await statusOf('{"id":0,"method":"refusing"}')).toBe(500);
    expect(await statusOf('{"id":0,"method":"getwork"}')).toBe(400);
    expect(await statusOf(call('getwork'))).toBe(200);
  });

  it('serves its page, health, and nothing besides', async () => {
    const page = await ask({ method: 'GET' });
    expect(page.body).toBe('<p>oak</p>');
    expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect((await ask({ method: 'GET', path: '/../package.json' })).status).toBe(404);
    expect((await ask({ method: 'GET', path: '/metrics' })).status).toBe(404);
    expect((await ask({ method: 'DELETE' })).status).toBe(405);
    const health = await ask({ method: 'GET', path: '/health' });
    expect([health.status, JSON.parse(health.body)]).toEqual([
      200,
      { status: 'ok', network: 'test', height: 2, peers: 0 },
    ]);
    node.syncing = { current: 2, highest: 10 };
    expect((await ask({ method: 'GET', path: '/health' })).status).toBe(503);
    node.syncing = undefined;
  });

  it('refuses sockets of foreign pages and rebound hosts', async () => {
    const open = (headers: Readonly<Record<string, string>>): Promise<number> =>
      new Promise((resolve) => {
        const socket = new WebSocket(`ws://127.0.0.1:${server.port}`, { headers });
        socket.on('open', () => {
          socket.close();
          resolve(101);
        });
        socket.on('unexpected-response', (_, response) => resolve(response.statusCode ?? 0));
        socket.on('error', () => undefined);
      });
    expect(await open({})).toBe(101);
    expect(await open({ origin: 'http://localhost:3000' })).toBe(101);
    expect(await open({ origin: 'https://evil.example' })).toBe(403);
    expect(await open({ host: 'evil.example' })).toBe(403);
  });
});
