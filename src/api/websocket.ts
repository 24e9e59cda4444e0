/**
 * JSON-RPC over WebSocket: the same dispatcher as HTTP, plus subscriptions. A connection that does
 * not read what it asked for is closed, so that no buffer grows without bound.
 */

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { limits } from '../primitives/limits.ts';
import type { NodeBackend } from './backend.ts';
import { callerOf } from './caller.ts';
import type { Dispatcher } from './dispatch.ts';
import { rpcCodes } from './errors.ts';
import { ConnectionSubscriptions, SubscriptionHub } from './subscriptions.ts';
import { type Caller, isHostAllowed, isSocketOriginAllowed, originOf } from './trust.ts';

export interface SocketOptions {
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly token: string;
}

export interface SocketParts {
  readonly backend: NodeBackend;
  readonly dispatcher: Dispatcher;
  readonly fault: (error: unknown, what: string) => void;
}

/** Close codes of RFC 6455 section 7.4.1 and its registry. */
const closeCodes = { policy: 1008, tryAgainLater: 1013, goingAway: 1001 } as const;

export class SocketServer {
  readonly #options: SocketOptions;
  readonly #parts: SocketParts;
  readonly #server: WebSocketServer;
  readonly #hub: SubscriptionHub;
  readonly #ping: NodeJS.Timeout;
  /** Connections that have not answered the last ping. */
  readonly #silent = new WeakSet<WebSocket>();

  constructor(options: SocketOptions, parts: SocketParts) {
    this.#options = options;
    this.#parts = parts;
    this.#hub = new SubscriptionHub(parts.backend, parts.fault);
    this.#server = new WebSocketServer({
      noServer: true,
      maxPayload: limits.rpcBodySizeBytesMax,
      perMessageDeflate: false,
    });
    this.#ping = setInterval(() => this.#pingAll(), limits.rpcSocketPingMs);
    this.#ping.unref();
  }

  /** Says goodbye to every connection; resolves when all are gone, by force after a moment. */
  async close(): Promise<void> {
    clearInterval(this.#ping);
    this.#hub.close();
    for (const socket of this.#server.clients) socket.close(closeCodes.goingAway, 'node stops');
    const force = setTimeout(() => {
      for (const socket of this.#server.clients) socket.terminate();
    }, limits.rpcSocketCloseMs);
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    clearTimeout(force);
  }

  /** Completes or refuses the upgrade of an HTTP connection. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const { host = '', origin } = request.headers;
    const { allowedHosts, allowedOrigins, token } = this.#options;
    if (!isHostAllowed(host, allowedHosts)) {
      refuse(socket, `host ${JSON.stringify(host)} is not allowed: add it to rpc.allowed-hosts`);
      return;
    }
    if (!isSocketOriginAllowed(origin, host, allowedOrigins)) {
      refuse(
        socket,
        `origin ${JSON.stringify(origin)} is not allowed: only pages of this machine may open sockets`,
      );
      return;
    }
    const caller = callerOf(request, originOf(origin, host), token);
    this.#server.handleUpgrade(request, socket, head, (open) => this.#connect(open, caller));
  }

  #connect(socket: WebSocket, caller: Caller): void {
    let inFlight = 0;
    const say = (text: string): void => {
      if (socket.bufferedAmount > limits.rpcSocketBufferSizeBytesMax) {
        socket.close(closeCodes.policy, 'the connection does not read its answers');
        socket.terminate();
      } else if (socket.readyState === socket.OPEN) socket.send(text);
    };
    const subscriptions = new ConnectionSubscriptions(this.#hub, {
      notify: say,
      fallBehind: () =>
        socket.close(closeCodes.tryAgainLater, 'subscriptions fell behind: read the gap again'),
    });
    const answer = async (data: RawData): Promise<void> => {
      const scope = subscriptions.scope();
      const context = { caller, subscriptions: scope };
      const text = await this.#parts.dispatcher.answer(String(data), context);
      if (text !== undefined) say(text);
      // Only now: a client must know a subscription's id before its first notification.
      scope.release();
    };
    socket.on('message', (data) => {
      if (inFlight >= limits.rpcSocketMessagesInFlightMax) {
        const message = `${limits.rpcSocketMessagesInFlightMax} messages are being answered: send fewer at once`;
        const error = { code: rpcCodes.limitExceeded, message };
        say(JSON.stringify({ jsonrpc: '2.0', id: null, error }));
        return;
      }
      inFlight += 1;
      answer(data)
        .catch((error: unknown) => this.#parts.fault(error, 'a WebSocket message'))
        .finally(() => {
          inFlight -= 1;
        });
    });
    socket.on('pong', () => this.#silent.delete(socket));
    socket.on('error', () => socket.terminate());
    socket.on('close', () => subscriptions.close());
  }

  #pingAll(): void {
    for (const socket of this.#server.clients) {
      if (this.#silent.has(socket)) socket.terminate();
      else {
        this.#silent.add(socket);
        socket.ping();
      }
    }
  }
}

function refuse(socket: Duplex, reason: string): void {
  const body = `${reason}\n`;
  const head = [
    'HTTP/1.1 403 Forbidden',
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
