/**
 * Transaction receipts and their leaf encoding in the receipts tree. A leaf carries the
 * transaction's hash, so that nothing is ever proven by index alone.
 */

import { minimalBytes } from './bytes.ts';
import { limits } from './limits.ts';
import { DecodeError, decodeRlp, encodeRlp, rlpBytes, rlpList, rlpNumber } from './rlp.ts';

export interface Log {
  /** 20 bytes. */
  readonly address: Uint8Array;
  /** At most four, 32 bytes each. */
  readonly topics: readonly Uint8Array[];
  readonly data: Uint8Array;
}

export interface Receipt {
  readonly transactionHash: Uint8Array;
  /** 1 success, 0 failure. */
  readonly status: 0 | 1;
  /** Gas used in the block up to and including this transaction. */
  readonly cumulativeGasUsed: number;
  readonly logs: readonly Log[];
}

/** RLP [transactionHash, status, cumulativeGasUsed, [[address, [topics], data], ...]]. */
export function encodeReceipt(receipt: Receipt): Uint8Array {
  return encodeRlp([
    receipt.transactionHash,
    minimalBytes(BigInt(receipt.status)),
    minimalBytes(BigInt(receipt.cumulativeGasUsed)),
    receipt.logs.map((log) => [log.address, [...log.topics], log.data]),
  ]);
}

/** @throws DecodeError naming the field that is wrong. */
export function decodeReceipt(bytes: Uint8Array): Receipt {
  const [hash, statusItem, cumulative, logs] = rlpList(decodeRlp(bytes), 'receipt', 4);
  const status = rlpNumber(statusItem, 'status');
  if (status !== 0 && status !== 1) throw new DecodeError(`status ${status} is not 0 or 1`);
  return {
    transactionHash: rlpBytes(hash, 'transaction hash', 32),
    status,
    cumulativeGasUsed: rlpNumber(cumulative, 'cumulative gas'),
    logs: rlpList(logs, 'logs').map((item) => {
      const [address, topicsItem, data] = rlpList(item, 'log', 3);
      const topics = rlpList(topicsItem, 'topics');
      if (topics.length > limits.logTopicsMax) {
        throw new DecodeError(`log has ${topics.length} topics, at most ${limits.logTopicsMax}`);
      }
      return {
        address: rlpBytes(address, 'log address', 20),
        topics: topics.map((topic) => rlpBytes(topic, 'topic', 32)),
        data: rlpBytes(data, 'log data'),
      };
    }),
  };
}
