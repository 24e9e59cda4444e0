/**
 * Own transactions wait up to 50 ms and leave in batches of at most 64 and 256 KiB, within a budget
 * of bytes a flush, so that a burst does not outgrow what one gossip RPC may carry.
 */

import { limits } from '../primitives/limits.ts';
import { transactionBatchCodec } from '../primitives/wire.ts';

/** RLP prefix of a transaction (at most 163,840 bytes) and of the list. */
const prefixSizeBytes = 4;

/** Splits `raws` from `start` into the longest prefix that one message may hold. */
export function nextBatch(raws: readonly Uint8Array[], start: number): readonly Uint8Array[] {
  let sizeBytes = prefixSizeBytes;
  let end = start;
  while (end < raws.length && end - start < limits.gossipTransactionsMax) {
    sizeBytes += (raws[end] as Uint8Array).length + prefixSizeBytes;
    if (sizeBytes > limits.gossipTransactionsSizeBytesMax) break;
    end += 1;
  }
  return raws.slice(start, end);
}

export class TransactionBatcher {
  private readonly publish: (batch: Uint8Array) => void;
  private queue: Uint8Array[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(publish: (batch: Uint8Array) => void) {
    this.publish = publish;
  }

  /**
   * Queues raw transactions for gossip.
   * @returns how many were taken; the rest found the queue full and may be offered again
   */
  add(raws: readonly Uint8Array[]): number {
    const fitting = raws.filter((raw) => raw.length <= limits.transactionSizeBytesMax);
    const taken = fitting.slice(0, limits.gossipQueueTransactionsMax - this.queue.length);
    for (const raw of taken) this.queue.push(raw);
    if (this.queue.length > 0)
      this.timer ??= setTimeout(() => this.flush(), limits.gossipBatchDelayMs);
    return taken.length;
  }

  private flush(): void {
    this.timer = undefined;
    let start = 0;
    let sentBytes = 0;
    while (start < this.queue.length && sentBytes < limits.gossipBatchBudgetSizeBytes) {
      const batch = nextBatch(this.queue, start);
      start += batch.length;
      const bytes = transactionBatchCodec.encode(batch);
      sentBytes += bytes.length;
      this.publish(bytes);
    }
    this.queue = this.queue.slice(start);
    if (this.queue.length > 0) this.add([]);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.queue = [];
  }
}
