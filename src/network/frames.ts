/**
 * One message on a libp2p stream: unsigned-varint length, then the bytes, then end of stream.
 * Writers wait for drain, because a finite yamux buffer resets the stream of one who does not;
 * readers listen from the first tick, because yamux grants window for bytes nobody reads.
 */

import { concat } from '../primitives/bytes.ts';
import { limits } from '../primitives/limits.ts';
import { RequestError } from './errors.ts';
import type { Stream } from './types.ts';

/** Unsigned varint (multiformats): seven bits a byte, least significant first. */
export function encodeLength(length: number): Uint8Array {
  const bytes: number[] = [];
  let rest = length;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

/**
 * The varint at the start of `bytes` and its width, or undefined while it is incomplete.
 * @throws RequestError malformed when it is longer than four bytes or not in its shortest form.
 */
export function decodeLength(
  bytes: Uint8Array,
): { readonly length: number; readonly width: number } | undefined {
  let length = 0;
  for (let index = 0; index < 4; index++) {
    const byte = bytes[index];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 0x80 ** index;
    if (byte < 0x80) {
      if (byte === 0 && index > 0) break;
      return { length, width: index + 1 };
    }
  }
  throw new RequestError('malformed', 'length prefix is no shortest varint of at most 4 bytes');
}

function timedOut(signal: AbortSignal): RequestError {
  return new RequestError('timeout', 'the deadline passed', signal.reason);
}

/** Resolves when `stream` can take more bytes; libp2p's own onDrain resolves at once from its second use on. */
async function drained(stream: Stream, signal: AbortSignal): Promise<void> {
  while (stream.writableNeedsDrain) {
    if (signal.aborted) throw timedOut(signal);
    await new Promise<void>((resolve, reject) => {
      const settle = (error?: RequestError): void => {
        stream.removeEventListener('drain', onDrain);
        stream.removeEventListener('close', onClose);
        signal.removeEventListener('abort', onAbort);
        if (error === undefined) resolve();
        else reject(error);
      };
      const onDrain = (): void => settle();
      const onClose = (): void =>
        settle(new RequestError('refused', 'stream closed while writing'));
      const onAbort = (): void => settle(timedOut(signal));
      stream.addEventListener('drain', onDrain);
      stream.addEventListener('close', onClose);
      signal.addEventListener('abort', onAbort);
    });
  }
}

/**
 * Writes `payload` as one frame, in chunks.
 * @throws RequestError timeout or refused (the other side reset the stream).
 */
export async function sendFrame(
  stream: Stream,
  payload: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  try {
    await drained(stream, signal);
    // The first chunk goes with its length: alone that would be an encrypted packet of its own.
    const first = payload.subarray(0, limits.requestChunkSizeBytes);
    stream.send(concat(encodeLength(payload.length), first));
    for (let start = first.length; start < payload.length; start += limits.requestChunkSizeBytes) {
      await drained(stream, signal);
      stream.send(payload.subarray(start, start + limits.requestChunkSizeBytes));
    }
  } catch (error) {
    if (error instanceof RequestError) throw error;
    throw new RequestError('refused', 'stream closed while writing', error);
  }
}

/** Writes the only frame of a stream and closes the writing side. @throws RequestError */
export async function writeFrame(
  stream: Stream,
  payload: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  await sendFrame(stream, payload, signal);
  try {
    await stream.close({ signal });
  } catch (error) {
    if (signal.aborted) throw timedOut(signal);
    throw new RequestError('refused', 'stream closed while writing', error);
  }
}

/** Cuts a stream of bytes into its frames. */
export class FrameSplitter {
  private readonly sizeMax: number;
  private chunks: Uint8Array[] = [];
  private total = 0;

  constructor(sizeMax: number) {
    this.sizeMax = sizeMax;
  }

  /** Bytes of a frame that has begun. */
  get pendingBytes(): number {
    return this.total;
  }

  /** Frames that `chunk` completes. @throws RequestError malformed */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    this.chunks.push(chunk);
    this.total += chunk.length;
    const frames: Uint8Array[] = [];
    for (;;) {
      // Four bytes hold any prefix; more are joined only when the whole frame is there.
      const first = this.chunks[0] as Uint8Array;
      const head = first.length < 4 && this.chunks.length > 1 ? this.join() : first;
      const prefix = decodeLength(head);
      if (prefix === undefined) return frames;
      if (prefix.length > this.sizeMax) {
        throw new RequestError(
          'malformed',
          `frame of ${prefix.length} bytes, at most ${this.sizeMax} are allowed`,
        );
      }
      const end = prefix.width + prefix.length;
      if (this.total < end) return frames;
      const whole = this.join();
      frames.push(whole.slice(prefix.width, end));
      this.chunks = [whole.subarray(end)];
      this.total -= end;
    }
  }

  private join(): Uint8Array {
    const whole = concat(...this.chunks);
    this.chunks = [whole];
    return whole;
  }
}

/** Collects the only frame of a stream; throws as soon as it can no longer be one. */
class FrameCollector {
  private readonly splitter: FrameSplitter;
  private frame: Uint8Array | undefined;

  constructor(sizeMax: number) {
    this.splitter = new FrameSplitter(sizeMax);
  }

  add(chunk: Uint8Array): void {
    for (const frame of this.splitter.push(chunk)) {
      if (this.frame !== undefined) throw new RequestError('malformed', 'more than one frame');
      this.frame = frame;
    }
    if (this.frame !== undefined && this.splitter.pendingBytes > 0) {
      throw new RequestError('malformed', 'bytes after the end of the frame');
    }
  }

  end(): Uint8Array {
    if (this.frame !== undefined) return this.frame;
    const { pendingBytes } = this.splitter;
    if (pendingBytes === 0) throw new RequestError('refused', 'stream ended without an answer');
    throw new RequestError('malformed', `frame is cut off after ${pendingBytes} bytes`);
  }
}

/**
 * Reads one frame of at most `sizeMax` bytes up to the end of the stream. Listens at once: call
 * it in the tick in which the stream appears. On failure the stream is aborted.
 * @throws RequestError
 */
export function readFrame(
  stream: Stream,
  sizeMax: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const collector = new FrameCollector(sizeMax);
    const release = (): void => {
      stream.removeEventListener('message', onMessage);
      stream.removeEventListener('end', onEnd);
      stream.removeEventListener('close', onClose);
      signal.removeEventListener('abort', onAbort);
    };
    const fail = (error: unknown): void => {
      release();
      reject(error);
      stream.abort(error as Error);
    };
    const onEnd = (): void => {
      try {
        if (stream.status === 'reset' || stream.status === 'aborted') {
          throw new RequestError('refused', 'stream was reset');
        }
        const payload = collector.end();
        release();
        resolve(payload);
      } catch (error) {
        fail(error);
      }
    };
    // A stream that ended during negotiation says so once, before it delivers the last bytes.
    const hasEnded = (): boolean => stream.readableEnded && stream.readBufferLength === 0;
    const onMessage = (event: { data: Uint8Array | { subarray(): Uint8Array } }): void => {
      try {
        collector.add(event.data.subarray());
        if (hasEnded()) onEnd();
      } catch (error) {
        fail(error);
      }
    };
    const onClose = (event: { error?: Error }): void => {
      if (event.error === undefined) onEnd();
      else fail(new RequestError('refused', 'stream was reset', event.error));
    };
    const onAbort = (): void => fail(timedOut(signal));
    stream.addEventListener('message', onMessage);
    stream.addEventListener('end', onEnd);
    stream.addEventListener('close', onClose);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    else if (hasEnded()) onEnd();
  });
}
