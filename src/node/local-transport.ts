/** JSON-RPC without a socket: the oracle room inside a node asks the node's own threads. */

import { rpcCodes } from '../api/errors.ts';
import { RpcFault, type Transport } from '../oracle/transport.ts';
import { fromHex, toHex } from '../primitives/bytes.ts';
import type { ExecutorApi } from './executor-api.ts';
import type { Caller } from './port.ts';
import type { ReaderApi } from './reader-api.ts';
import type { SubmissionQueue } from './submission.ts';

export interface LocalParts {
  readonly executor: Caller<ExecutorApi>;
  readonly reader: Caller<ReaderApi>;
  readonly submissions: SubmissionQueue;
}

/** The few methods that need the pool go to the executor, all others to the reader. */
export function localTransport({ executor, reader, submissions }: LocalParts): Transport {
  return {
    async request(method, parameters) {
      if (method === 'eth_sendRawTransaction') {
        const result = await submissions.submit(fromHex(parameters[0] as string));
        if ('code' in result) throw new RpcFault(rpcCodes.server, result.message);
        return `0x${toHex(result.hash)}`;
      }
      if (method === 'eth_getTransactionCount' && parameters[1] === 'pending') {
        const nonce = await executor.call('pendingNonce', fromHex(parameters[0] as string));
        return `0x${nonce.toString(16)}`;
      }
      const answer = await reader.call('read', method, parameters);
      if ('error' in answer) {
        throw new RpcFault(answer.error.code, answer.error.message, answer.error.data);
      }
      return JSON.parse(answer.json);
    },
  };
}
