/**
 * The HTTP side of the interfaces: JSON-RPC by POST, health, metrics and the explorer's files by
 * GET, WebSocket by upgrade. Binds, checks Host, Origin and Content-Type, and bounds every request.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { limits } from '../primitives/limits.ts';
import type { NodeBackend } from './backend.ts';
import { callerOf } from './caller.ts';
import { Dispatcher } from './dispatch.ts';
import { rpcCodes } from './errors.ts';
import { headFault, LastRequests } from './framing.ts';
import type { NodeMethods } from './methods/method.ts';
import { type Caller, isHostAllowed, originOf } from './trust.ts';
import { SocketServer } from './websocket.ts';

export interface Asset {
  readonly contentType: string;
  readonly body: Uint8Array;
}

export interface ApiServerOptions {
  /** Address to bind, 127.0.0.1 unless the operator decided otherwise. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Further names under which this server may be asked for. */
  readonly allowedHosts: readonly string[];
  /** Further Origins that may open a WebSocket. */
  readonly allowedOrigins: readonly string[];
  /** Bearer token; the empty text authorises nobody. */
  readonly token: string;
}

export interface ApiServerParts {
  readonly backend: NodeBackend;
  /** Told of what went wrong on our side. */
  readonly fault: (error: unknown, what: string) => void;
  /** Methods of other rooms, by name. */
  readonly methods?: NodeMethods;
  /** Path (`/`, `/app.js`) to file. */
  readonly assets?: ReadonlyMap<string, Asset>;
  /** Text of `/metrics` in Prometheus' format. */
  readonly metrics?: () => Promise<string>;
}

export interface ApiServer {
  readonly port: number;
  close(): Promise<void>;
}

const contentPolicy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'";

function send(
  response: ServerResponse,
  status: number,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>>,
): void {
  response.writeHead(status, {
    'X-Content-Type-Options': 'nosniff',
    'Content-Length': String(Buffer.byteLength(body)),
    ...headers,
  });
  response.end(body);
}

const plainText = { 'Content-Type': 'text/plain; charset=utf-8' };

function rpcErrorBody(code: number, message: string): string {
  return JSON.stringify({ jsonrpc: '2.0', id: null, error: { code, message } });
}

/**
 * Status of an answer that is an error in the 1.0 shape, as bitcoind has it: miners of that time take
 * an error under 200 for "no getblocktemplate here", and never ask again.
 */
function legacyStatus(code: number): number {
  if (code === rpcCodes.methodNotFound) return 404;
  return code === rpcCodes.invalidRequest ? 400 : 500;
}

/** The body as text, or undefined as soon as it exceeds the limit (then it is left unread). */
function readBody(request: IncomingMessage): Promise<string | undefined> {
  const sizeMax = limits.rpcBodySizeBytesMax;
  if (Number(request.headers['content-length'] ?? 0) > sizeMax) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    request.on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes <= sizeMax) chunks.push(chunk);
      else {
        request.pause();
        resolve(undefined);
      }
    });
    request.once('end', () => resolve(Buffer.concat(chunks).toString()));
    request.once('error', reject);
  });
}

class HttpApi {
  readonly #options: ApiServerOptions;
  readonly #parts: ApiServerParts;
  readonly #dispatcher: Dispatcher;
  readonly #lastRequests = new LastRequests();
  #inFlight = 0;

  constructor(options: ApiServerOptions, parts: ApiServerParts, dispatcher: Dispatcher) {
    this.#options = options;
    this.#parts = parts;
    this.#dispatcher = dispatcher;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!this.#lastRequests.admits(request)) return;
    const fault = headFault(request);
    const keepsAlive = response.shouldKeepAlive && fault === undefined;
    if (this.#lastRequests.ends(request, keepsAlive)) response.setHeader('Connection', 'close');
    if (fault !== undefined) return send(response, 400, `${fault}\n`, plainText);
    const host = request.headers.host;
    if (!isHostAllowed(host, this.#options.allowedHosts)) {
      const text = `host ${JSON.stringify(host ?? '')} is not allowed: use localhost, or add it to rpc.allowed-hosts\n`;
      return send(response, 403, text, plainText);
    }
    const origin = originOf(request.headers.origin, host as string);
    const cross = origin === 'foreign' ? { 'Access-Control-Allow-Origin': '*' } : {};
    if (request.method === 'OPTIONS') return preflight(request, response);
    if (request.method === 'POST') return this.#post(request, response, origin, cross);
    if (request.method === 'GET' || request.method === 'HEAD') return this.#get(request, response);
    send(response, 405, 'use POST for JSON-RPC, GET for files\n', {
      ...plainText,
      Allow: 'GET, HEAD, POST, OPTIONS',
    });
  }

  /** A WebSocket begins on a connection whose requests were all clear, with a request without body. */
  mayUpgrade(request: IncomingMessage): boolean {
    const isBare = request.headers['transfer-encoding'] === undefined;
    return isBare && this.#lastRequests.admits(request) && headFault(request) === undefined;
  }

  async #post(
    request: IncomingMessage,
    response: ServerResponse,
    origin: Caller['origin'],
    cross: Readonly<Record<string, string>>,
  ): Promise<void> {
    const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...cross };
    const refuse = (status: number, code: number, message: string): void =>
      send(response, status, rpcErrorBody(code, message), { ...headers, Connection: 'close' });
    const contentType = request.headers['content-type'] ?? '';
    if (!/^application\/json\s*(;|$)/i.test(contentType)) {
      return refuse(415, rpcCodes.invalidRequest, 'send Content-Type: application/json');
    }
    if (this.#inFlight >= limits.rpcInFlightMax) {
      const message = `${limits.rpcInFlightMax} requests are being answered: try again later`;
      return refuse(503, rpcCodes.limitExceeded, message);
    }
    this.#inFlight += 1;
    try {
      const body = await readBody(request);
      if (body === undefined) {
        const message = `the request is larger than ${limits.rpcBodySizeBytesMax} bytes: split it`;
        return refuse(413, rpcCodes.limitExceeded, message);
      }
      let status = 200;
      const answer = await this.#dispatcher.answer(body, {
        caller: callerOf(request, origin, this.#options.token),
        refused: ({ code }) => {
          status = legacyStatus(code);
        },
      });
      if (answer === undefined) send(response, 204, '', cross);
      else send(response, status, answer, headers);
    } finally {
      this.#inFlight -= 1;
    }
  }

  async #get(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').split('?', 1)[0] as string;
    if (path === '/health') return this.#health(response);
    if (path === '/metrics' && this.#parts.metrics !== undefined) {
      const contentType = 'text/plain; version=0.0.4; charset=utf-8';
      return send(response, 200, await this.#parts.metrics(), { 'Content-Type': contentType });
    }
    const asset = this.#parts.assets?.get(path);
    if (asset === undefined) return send(response, 404, `nothing at ${path}\n`, plainText);
    send(response, 200, request.method === 'HEAD' ? '' : asset.body, {
      'Content-Type': asset.contentType,
      'Content-Security-Policy': contentPolicy,
      'Cache-Control': 'no-cache',
    });
  }

  /** 200 while the node follows the tip, 503 while it catches up. */
  async #health(response: ServerResponse): Promise<void> {
    const { backend } = this.#parts;
    const { head, syncing } = await backend.status();
    const body = JSON.stringify({
      status: syncing === undefined ? 'ok' : 'syncing',
      network: backend.network.name,
      height: head.height,
      peers: backend.peers.peers().length,
      ...(syncing !== undefined && { highest: syncing.highest }),
    });
    send(response, syncing === undefined ? 200 : 503, body, { 'Content-Type': 'application/json' });
  }
}

/** Cross-origin pages may POST JSON, without credentials: the token cannot travel this way. */
function preflight(request: IncomingMessage, response: ServerResponse): void {
  const privateNetwork = request.headers['access-control-request-private-network'] === 'true';
  send(response, 204, '', {
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Allow-Methods': 'POST',
    'Access-Control-Allow-Headers': 'Content-Type',
    'Access-Control-Max-Age': '86400',
    ...(privateNetwork && { 'Access-Control-Allow-Private-Network': 'true' }),
  });
}

function listen(server: Server, options: ApiServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/**
 * Starts the server. @throws the system's error (`EADDRINUSE` and the like) when it cannot bind.
 * `close` ends open connections and resolves when the port is free.
 */
export async function startApiServer(
  options: ApiServerOptions,
  parts: ApiServerParts,
): Promise<ApiServer> {
  const { backend, fault, methods } = parts;
  const nowMs = (): number => performance.now();
  const dispatcher = new Dispatcher({ backend, fault, nowMs, ...(methods && { methods }) });
  const api = new HttpApi(options, parts, dispatcher);
  const server = createServer(
    {
      requestTimeout: limits.rpcTimeoutMs,
      headersTimeout: limits.rpcHeadersTimeoutMs,
      keepAliveTimeout: limits.rpcKeepAliveMs,
      insecureHTTPParser: true,
    },
    (request, response) => {
      api.handle(request, response).catch((error: unknown) => {
        if (request.destroyed) return;
        fault(error, `${request.method} ${request.url}`);
        if (response.headersSent) response.destroy();
        else send(response, 500, 'internal error: see the log of the node\n', plainText);
      });
    },
  );
  server.maxConnections = limits.rpcConnectionsMax;
  const sockets = new SocketServer(options, { backend, dispatcher, fault });
  server.on('upgrade', (request, socket, head) => {
    if (api.mayUpgrade(request)) sockets.upgrade(request, socket, head);
    else socket.destroy();
  });
  await listen(server, options);
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      dispatcher.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await sockets.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
