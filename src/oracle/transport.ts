/** How the oracle room reaches a node: JSON-RPC, over HTTP or handed in by the host. */

import { limits } from '../primitives/limits.ts';

/** Asks a node. @throws RpcFault with the node's code, message and data. */
export interface Transport {
  request(method: string, parameters: readonly unknown[]): Promise<unknown>;
}

/** An error that a node answered, or that kept it from answering (code -32000). */
export class RpcFault extends Error {
  readonly code: number;
  readonly data: unknown;
  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.name = 'RpcFault';
    this.code = code;
    this.data = data;
  }
}

interface RpcAnswer {
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** JSON-RPC over HTTP. `token` is the bearer token of the node's data directory. */
export function httpTransport(url: string, token?: string): Transport {
  let id = 0;
  return {
    async request(method, parameters) {
      id += 1;
      let answer: RpcAnswer;
      try {
        const response = await fetch(url, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          },
          body: JSON.stringify({ jsonrpc: '2.0', id, method, params: parameters }),
          signal: AbortSignal.timeout(limits.rpcTimeoutMs),
        });
        answer = (await response.json()) as RpcAnswer;
      } catch (error) {
        const cause = (error as { cause?: Error }).cause?.message ?? (error as Error).message;
        throw new RpcFault(
          -32000,
          `no node answers at ${url}: ${cause}. Start one, or give --rpc.host and --rpc.port`,
        );
      }
      if (answer.error !== undefined) {
        throw new RpcFault(answer.error.code, answer.error.message, answer.error.data);
      }
      return answer.result;
    },
  };
}
