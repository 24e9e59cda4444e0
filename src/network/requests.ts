/**
 * Requests between two peers: one stream each, a query frame one way and an answer frame back.
 * The asker has a deadline and a byte limit; the server has both, and a rate limit by cost.
 */

import { limits } from '../primitives/limits.ts';
import { DecodeError } from '../primitives/rlp.ts';
import { exchangeCodecs, exchangeKinds } from '../primitives/wire.ts';
import { RequestError } from './errors.ts';
import { peersQueryCodec } from './exchange.ts';
import { readFrame, writeFrame } from './frames.ts';
import type { Names } from './names.ts';
import type { PenaltyCode } from './penalties.ts';
import { queryCost, type RateLimiter } from './rates.ts';
import type { Connection, Logger, PeerId, RequestKind, Stream } from './types.ts';

/** Largest answer in bytes that a kind may have; sender and receiver hold it. */
export const answerSizeMax: { readonly [Kind in RequestKind]: number } = {
  status: limits.statusSizeBytesMax,
  headers: limits.headersAnswerSizeBytesMax,
  bodies: limits.bodiesAnswerSizeBytesMax + limits.answerSlackSizeBytes,
  transactions: limits.blockTransactionsSizeBytesMax + limits.answerSlackSizeBytes,
  peers: limits.peersPerExchangeMax * (limits.peerAddressSizeBytesMax + 4) + 4,
};

const requestKinds: readonly RequestKind[] = [...exchangeKinds, 'peers'];

const querySizeMax = (kind: RequestKind): number =>
  kind === 'status' ? limits.statusSizeBytesMax : limits.requestSizeBytesMax;

/** What the exchange needs of its host. */
export interface ExchangeParts {
  readonly names: Names;
  readonly logger: Logger;
  readonly rates: RateLimiter;
  /** Answers a well-formed query of any kind; rejects to refuse. */
  answer(connection: Connection, kind: RequestKind, query: Uint8Array): Promise<Uint8Array>;
  report(peer: PeerId, code: PenaltyCode): void;
}

/** libp2p's `handle`. */
export type RegisterHandler = (
  protocol: string,
  handler: (stream: Stream, connection: Connection) => void,
  options: { maxInboundStreams: number; maxOutboundStreams: number },
) => Promise<void>;

/** Runs `action` with a signal that aborts after `ms`; no timer outlives it. */
async function withDeadline<Value>(
  ms: number,
  stop: AbortSignal,
  action: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const controller = new AbortController();
  const abort = (): void => controller.abort(new Error(`no answer within ${ms} ms`));
  const timer = setTimeout(abort, ms);
  stop.addEventListener('abort', abort);
  try {
    if (stop.aborted) abort();
    return await action(controller.signal);
  } finally {
    clearTimeout(timer);
    stop.removeEventListener('abort', abort);
  }
}

function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish);
  });
}

export class RequestExchange {
  private readonly parts: ExchangeParts;
  private readonly inFlight = new Map<string, number>();
  private readonly stopping = new AbortController();

  constructor(parts: ExchangeParts) {
    this.parts = parts;
  }

  /** Registers the server side of every kind. */
  async serve(register: RegisterHandler): Promise<void> {
    // Twice what an asker may have open: its count of a finished stream runs ahead of ours.
    const streams = 2 * limits.requestsInFlightPerPeer;
    for (const kind of requestKinds) {
      await register(
        this.parts.names.protocol(kind),
        (stream, connection) => {
          this.serveOne(kind, stream, connection).catch((error: unknown) => {
            stream.abort(error as Error);
            this.parts.logger.debug(
              { peer: connection.remotePeer.toString(), kind, reason: (error as Error).message },
              'query not answered',
            );
          });
        },
        { maxInboundStreams: streams, maxOutboundStreams: streams },
      );
    }
  }

  /**
   * Asks over `connection` and returns the answer's bytes (not decoded).
   * @throws RequestError
   */
  async ask(
    connection: Connection,
    kind: RequestKind,
    query: Uint8Array,
    deadlineMs: number,
    cancelled?: AbortSignal,
  ): Promise<Uint8Array> {
    const key = `${connection.remotePeer.toString()}/${kind}`;
    const open = this.inFlight.get(key) ?? 0;
    if (open >= limits.requestsInFlightPerPeer) {
      throw new RequestError('refused', `${open} ${kind} requests are already open to this peer`);
    }
    this.inFlight.set(key, open + 1);
    try {
      return await withDeadline(deadlineMs, this.stopping.signal, (signal) =>
        this.askOne(
          connection,
          kind,
          query,
          cancelled === undefined ? signal : AbortSignal.any([signal, cancelled]),
        ),
      );
    } finally {
      const left = (this.inFlight.get(key) as number) - 1;
      if (left === 0) this.inFlight.delete(key);
      else this.inFlight.set(key, left);
    }
  }

  private async askOne(
    connection: Connection,
    kind: RequestKind,
    query: Uint8Array,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    let stream: Stream | undefined;
    try {
      stream = await connection.newStream(this.parts.names.protocol(kind), { signal });
      const answer = readFrame(stream, answerSizeMax[kind], signal);
      const [bytes] = await Promise.all([answer, writeFrame(stream, query, signal)]);
      return bytes;
    } catch (error) {
      stream?.abort(error as Error);
      if (connection.status !== 'open') {
        throw new RequestError('disconnected', 'the peer disconnected', error);
      }
      if (error instanceof RequestError) throw error;
      if (signal.aborted) throw new RequestError('timeout', 'the deadline passed', error);
      throw new RequestError('refused', `no stream: ${(error as Error).message}`, error);
    }
  }

  private async serveOne(kind: RequestKind, stream: Stream, connection: Connection): Promise<void> {
    const peer = connection.remotePeer.toString();
    await withDeadline(limits.requestServeMs, this.stopping.signal, async (signal) => {
      const query = await this.readQuery(kind, stream, peer, signal);
      const waitMs = this.parts.rates.book(peer, kind, this.cost(kind, query, peer), Date.now());
      if (waitMs === undefined) {
        this.parts.report(peer, 'rate');
        throw new RequestError('refused', `${kind} queries come too fast`);
      }
      if (waitMs > 0) await delay(waitMs, signal);
      const answer = await this.parts.answer(connection, kind, query);
      if (answer.length > answerSizeMax[kind]) {
        throw new RangeError(`own ${kind} answer has ${answer.length} bytes: too large to send`);
      }
      await writeFrame(stream, answer, signal);
    });
  }

  private async readQuery(
    kind: RequestKind,
    stream: Stream,
    peer: PeerId,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    try {
      return await readFrame(stream, querySizeMax(kind), signal);
    } catch (error) {
      if (error instanceof RequestError && error.code === 'malformed') {
        this.parts.report(peer, 'malformed');
      }
      throw error;
    }
  }

  private cost(kind: RequestKind, query: Uint8Array, peer: PeerId): number {
    try {
      if (kind !== 'peers')
        return queryCost(kind, exchangeCodecs[kind].query.decode(query) as never);
      peersQueryCodec.decode(query);
      return 1;
    } catch (error) {
      if (error instanceof DecodeError) this.parts.report(peer, 'malformed');
      throw error;
    }
  }

  /** Ends every request in both directions. */
  stop(): void {
    this.stopping.abort();
  }
}
