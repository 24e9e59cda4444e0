/**
 * Messages to one peer: a long-lived stream each way, frames in order, nothing acknowledged. A
 * consortium's votes travel here; what is lost is sent again by its protocol, not by this file.
 */

import { limits } from '../primitives/limits.ts';
import { FrameSplitter, sendFrame } from './frames.ts';
import type { PenaltyCode } from './penalties.ts';
import type { RegisterHandler } from './requests.ts';
import type { Connection, Logger, PeerId, Stream } from './types.ts';

interface Channel {
  readonly queue: Uint8Array[];
  queuedBytes: number;
  sending: boolean;
  stream: Stream | undefined;
}

export interface DirectParts {
  readonly protocol: string;
  readonly logger: Logger;
  /** An open connection to a joined peer. */
  connectionTo(peer: PeerId): Connection | undefined;
  onMessage(peer: PeerId, bytes: Uint8Array): void;
  report(peer: PeerId, code: PenaltyCode): void;
}

export class DirectMessages {
  private readonly parts: DirectParts;
  private readonly channels = new Map<PeerId, Channel>();
  private readonly stopping = new AbortController();

  constructor(parts: DirectParts) {
    this.parts = parts;
  }

  async serve(register: RegisterHandler): Promise<void> {
    // Two: the one in use, and the next when the first is going.
    await register(this.parts.protocol, (stream, connection) => this.receive(stream, connection), {
      maxInboundStreams: 2,
      maxOutboundStreams: 2,
    });
  }

  private receive(stream: Stream, { remotePeer }: Connection): void {
    const peer = remotePeer.toString();
    const splitter = new FrameSplitter(limits.directMessageSizeBytesMax);
    stream.addEventListener('message', ({ data }) => {
      try {
        for (const frame of splitter.push(data.subarray())) this.parts.onMessage(peer, frame);
      } catch (error) {
        stream.abort(error as Error);
        this.parts.report(peer, 'malformed');
      }
    });
    // The other side will send no more: answer its end with ours, or the stream stays half open.
    stream.addEventListener('end', () => {
      stream.close().catch((error: Error) => stream.abort(error));
    });
  }

  /**
   * Queues `bytes` for `peer`.
   * @returns false when it is not connected or its queue is full; the message is dropped then
   * @throws RangeError when the peer would refuse the size
   */
  send(peer: PeerId, bytes: Uint8Array): boolean {
    if (bytes.length > limits.directMessageSizeBytesMax) {
      throw new RangeError(
        `message of ${bytes.length} bytes: at most ${limits.directMessageSizeBytesMax} may be sent`,
      );
    }
    const connection = this.parts.connectionTo(peer);
    if (connection === undefined || this.stopping.signal.aborted) return false;
    const channel = this.channels.get(peer) ?? {
      queue: [],
      queuedBytes: 0,
      sending: false,
      stream: undefined,
    };
    if (channel.queuedBytes + bytes.length > limits.directQueueSizeBytesMax) return false;
    this.channels.set(peer, channel);
    channel.queue.push(bytes);
    channel.queuedBytes += bytes.length;
    if (!channel.sending) void this.drain(peer, channel, connection);
    return true;
  }

  /** Sends until the queue is empty; on failure the rest of the queue is lost. Never rejects. */
  private async drain(peer: PeerId, channel: Channel, connection: Connection): Promise<void> {
    const { signal } = this.stopping;
    channel.sending = true;
    try {
      for (let next = channel.queue.shift(); next !== undefined; next = channel.queue.shift()) {
        if (channel.stream?.status !== 'open') {
          channel.stream = await connection.newStream(this.parts.protocol, { signal });
        }
        await sendFrame(channel.stream, next, signal);
        channel.queuedBytes -= next.length;
      }
    } catch (error) {
      channel.stream?.abort(error as Error);
      channel.stream = undefined;
      channel.queue.length = 0;
      channel.queuedBytes = 0;
      this.parts.logger.debug({ peer, reason: (error as Error).message }, 'messages not sent');
    } finally {
      channel.sending = false;
    }
  }

  /** The peer is gone. */
  closed(peer: PeerId): void {
    this.channels.delete(peer);
  }

  stop(): void {
    this.stopping.abort(new Error('the network is stopping'));
  }
}
