/**
 * Errors of JSON-RPC: every number in one place (JSON-RPC 2.0, EIP-1474, and what geth and its
 * clients settled on).
 */

import { toHex } from '../primitives/bytes.ts';

export const rpcCodes = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  /** Most refusals by the chain's own rules; libraries read the text. */
  server: -32000,
  notFound: -32001,
  timeout: -32002,
  responseTooLarge: -32003,
  limitExceeded: -32005,
  unauthorized: -32006,
  /** Data that this node has pruned (execution-apis). */
  pruned: 4444,
  reverted: 3,
} as const;

export interface RpcErrorObject {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** A request that is answered with an error. Its message is shown to the caller as it is. */
export class RpcError extends Error {
  readonly code: number;
  readonly data: unknown;
  constructor(kind: keyof typeof rpcCodes, message: string, data?: unknown) {
    super(message);
    this.name = 'RpcError';
    this.code = rpcCodes[kind];
    this.data = data;
  }
}

/** The error member of a response. Anything but an RpcError is our fault and shown without details. */
export function errorObject(error: unknown): RpcErrorObject {
  if (!(error instanceof RpcError)) {
    return { code: rpcCodes.internal, message: 'internal error: see the log of the node' };
  }
  const { code, message, data } = error;
  return data === undefined ? { code, message } : { code, message, data };
}

/** Turns an error answer back into what a caller on this side throws. */
export function errorFromObject(object: RpcErrorObject): RpcError {
  const kind = (Object.keys(rpcCodes) as (keyof typeof rpcCodes)[]).find(
    (name) => rpcCodes[name] === object.code,
  );
  return new RpcError(kind ?? 'internal', object.message, object.data);
}

/** Pool faults that are no fault of the transaction; every other code is -32000, as in geth. */
const faultKinds: Readonly<Record<string, keyof typeof rpcCodes>> = {
  'pool-full': 'limitExceeded',
};

/**
 * The error for a transaction that the pool refused. Wallets match its text, which the ledger words
 * as geth does; `data.code` is the fault's own code.
 */
export function submitError(fault: { readonly code: string; readonly message: string }): RpcError {
  const kind = Object.hasOwn(faultKinds, fault.code) ? faultKinds[fault.code] : undefined;
  return new RpcError(kind ?? 'server', fault.message, { code: fault.code });
}

const errorSelector = '08c379a0';
const panicSelector = '4e487b71';

/** The text of Solidity's `Error(string)` or the number of `Panic(uint256)`, if `data` is either. */
export function revertReason(data: Uint8Array): string | undefined {
  const selector = toHex(data.subarray(0, 4));
  if (selector === panicSelector && data.length === 36) {
    return `panic 0x${toHex(data.subarray(35))}`;
  }
  if (selector !== errorSelector || data.length < 68) return undefined;
  const length = Number(BigInt(`0x${toHex(data.subarray(36, 68))}`));
  if (!(length <= data.length - 68)) return undefined;
  return new TextDecoder().decode(data.subarray(68, 68 + length));
}

/** A reverted call: code 3, the reason in the text and the raw bytes in `data`, as geth answers. */
export function revertError(output: Uint8Array): RpcError {
  const reason = revertReason(output);
  return new RpcError(
    'reverted',
    reason === undefined ? 'execution reverted' : `execution reverted: ${reason}`,
    `0x${toHex(output)}`,
  );
}
