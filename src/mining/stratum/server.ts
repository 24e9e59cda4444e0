/**
 * The Stratum port: sockets into sessions, with bounds on line length, rate, count and idle time.
 * Whoever sends too fast is read more slowly, so that a miner with an easy difficulty loses nothing.
 */

import { createServer, type Server, type Socket } from 'node:net';
import { limits } from '../../primitives/limits.ts';
import type { MiningAccounts } from '../accounting.ts';
import type { TemplateDesk } from '../desk.ts';
import type { Solution, Template } from '../template.ts';
import { StratumSession } from './session.ts';

export interface StratumServerOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Shown to whoever authorises. */
  readonly payout: string;
}

export interface StratumWorker {
  readonly name: string;
  readonly hashesPerSecond: number;
  readonly difficulty: number;
  readonly accepted: number;
}

const tickMs = 1_000;
const newline = 10;

/** Cuts a byte stream into lines; keeps less than one line's limit. */
class LineReader {
  #rest: Buffer = Buffer.alloc(0);

  /** Complete lines, without their ends; undefined when one is too long. */
  take(chunk: Buffer): string[] | undefined {
    let buffer = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const lines: string[] = [];
    for (let end = buffer.indexOf(newline); end >= 0; end = buffer.indexOf(newline)) {
      if (end > limits.stratumLineSizeBytesMax) return undefined;
      lines.push(buffer.toString('utf8', 0, end).trimEnd());
      buffer = buffer.subarray(end + 1);
    }
    if (buffer.length > limits.stratumLineSizeBytesMax) return undefined;
    this.#rest = Buffer.from(buffer);
    return lines;
  }
}

class Connection {
  readonly session: StratumSession;
  readonly #socket: Socket;
  readonly #reader = new LineReader();
  readonly #openedAt: number;
  #release: (() => void) | undefined;
  #heardAt: number;
  /** When the lines so far would have come at the allowed rate (GCRA). */
  #arrival = 0;
  #waiting: NodeJS.Timeout | undefined;

  constructor(socket: Socket, parts: ServerParts) {
    this.#socket = socket;
    this.#openedAt = performance.now();
    this.#heardAt = this.#openedAt;
    this.session = new StratumSession({
      desk: parts.desk,
      nextJob: parts.nextJob,
      payout: parts.payout,
      now: () => performance.now(),
      send: (line) => this.#send(line),
      share: (outcome) => parts.accounts.share(outcome),
      block: parts.block,
      ready: () => {
        this.#release ??= parts.desk.want();
      },
    });
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      clearTimeout(this.#waiting);
      this.#release?.();
    });
  }

  tick(): void {
    const now = performance.now();
    const isSilent = now - this.#heardAt > limits.stratumIdleMs;
    const isRude = !this.session.hasGreeted && now - this.#openedAt > limits.stratumGreetingMs;
    if (isSilent || isRude) this.#socket.destroy();
    else this.session.tick();
  }

  end(): void {
    this.#socket.destroy();
  }

  #send(line: string): void {
    if (this.#socket.destroyed) return;
    this.#socket.write(`${line}\n`);
    // A peer that does not read what it is sent is gone, or wants our memory.
    if (this.#socket.writableLength > limits.stratumOutputSizeBytesMax) this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#heardAt = performance.now();
    const lines = this.#reader.take(chunk);
    for (const line of lines ?? []) {
      if (line !== '' && !this.session.isHopeless) this.session.receive(line);
    }
    if (lines === undefined || this.session.isHopeless) this.#socket.destroy();
    else this.#throttle(lines.length);
  }

  #throttle(lines: number): void {
    const now = performance.now();
    this.#arrival =
      Math.max(this.#arrival, now) + (Math.max(lines, 1) * 1_000) / limits.stratumLinesPerSecond;
    const ahead = (limits.stratumLinesBurst * 1_000) / limits.stratumLinesPerSecond;
    const waitMs = this.#arrival - now - ahead;
    if (waitMs <= 0) return;
    this.#socket.pause();
    this.#waiting = setTimeout(() => this.#socket.resume(), waitMs);
  }
}

interface ServerParts {
  readonly desk: TemplateDesk;
  readonly accounts: MiningAccounts;
  readonly payout: string;
  nextJob(): string;
  block(template: Template, solution: Solution, worker: { door: 'stratum'; name: string }): void;
}

export class StratumServer {
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  readonly #endListening: () => void;
  readonly #timer: NodeJS.Timeout;
  #jobs = 0;

  private constructor(server: Server, desk: TemplateDesk) {
    this.#server = server;
    this.#endListening = desk.listen({
      template: (template, change) => {
        for (const { session } of this.#connections) session.offer(template, change === 'head');
      },
    });
    this.#timer = setInterval(() => {
      for (const connection of this.#connections) connection.tick();
    }, tickMs);
  }

  /** Listens. @throws the system's error (`EADDRINUSE` and the like) when it cannot bind. */
  static async start(
    options: StratumServerOptions,
    desk: TemplateDesk,
    accounts: MiningAccounts,
  ): Promise<StratumServer> {
    const listener = createServer();
    listener.maxConnections = limits.stratumConnectionsMax;
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject);
      listener.listen(options.port, options.host, () => {
        listener.off('error', reject);
        resolve();
      });
    });
    const server = new StratumServer(listener, desk);
    const parts: ServerParts = {
      desk,
      accounts,
      payout: options.payout,
      nextJob: () => server.#nextJob(),
      block: (template, solution, worker) => void desk.submit(template, solution, worker),
    };
    listener.on('connection', (socket) => server.#accept(socket, parts));
    return server;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Miners that have authorised. */
  workers(): readonly StratumWorker[] {
    return [...this.#connections]
      .filter(({ session }) => session.isReady)
      .map(({ session }) => session.worker);
  }

  /** Ends every connection; resolves when the port is free. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#endListening();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of this.#connections) connection.end();
    await closed;
  }

  #nextJob(): string {
    this.#jobs += 1;
    return this.#jobs.toString(16);
  }

  #accept(socket: Socket, parts: ServerParts): void {
    const connection = new Connection(socket, parts);
    this.#connections.add(connection);
    socket.once('close', () => this.#connections.delete(connection));
  }
}
