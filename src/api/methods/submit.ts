/** Transactions on their way in: raw from any wallet, or signed by a development network's keys. */

import { equalBytes } from '../../primitives/bytes.ts';
import { limits } from '../../primitives/limits.ts';
import { DecodeError } from '../../primitives/rlp.ts';
import { decodeTransaction, type TransactionFields } from '../../primitives/transaction.ts';
import type { DevelopmentAccounts, NodeBackend } from '../backend.ts';
import { RpcError, submitError } from '../errors.ts';
import { readValue } from '../filters.ts';
import { formatTransaction, hexData, hexQuantity } from '../format.ts';
import {
  address,
  bytes,
  countParams,
  type JsonObject,
  object,
  optional,
  type Params,
  quantity,
} from '../parameters.ts';
import { callRequest } from './calls.ts';
import { checkCreation } from './creation.ts';
import type { MethodContext, NodeMethods } from './method.ts';

/** Sends a raw transaction to the pool. What does not decode never leaves the main thread. */
async function submitRaw(backend: NodeBackend, raw: Uint8Array): Promise<string> {
  if (raw.length > limits.transactionSizeBytesMax) {
    throw new RpcError(
      'server',
      `oversized data: the transaction has ${raw.length} bytes, at most ${limits.transactionSizeBytesMax} are allowed`,
    );
  }
  try {
    const { to, data } = decodeTransaction(raw, backend.crypto);
    checkCreation(to, data);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new RpcError('server', `invalid transaction: ${error.message}`, { code: error.code });
  }
  const result = await backend.pool.submit(raw);
  if ('hash' in result) return hexData(result.hash);
  throw submitError(result);
}

interface Fees {
  readonly type: 0 | 2;
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

async function feesOf(backend: NodeBackend, members: JsonObject): Promise<Fees> {
  const price = optional(members.gasPrice, quantity, 'transaction.gasPrice');
  if (price !== undefined) return { type: 0, maxFeePerGas: price, maxPriorityFeePerGas: price };
  const read = async (method: string): Promise<bigint> =>
    BigInt((await readValue(backend, method, [])) as string);
  const tip =
    optional(members.maxPriorityFeePerGas, quantity, 'transaction.maxPriorityFeePerGas') ??
    (await read('eth_maxPriorityFeePerGas'));
  const fee =
    optional(members.maxFeePerGas, quantity, 'transaction.maxFeePerGas') ??
    2n * (await read('eth_gasPrice')) + tip;
  return { type: 2, maxFeePerGas: fee, maxPriorityFeePerGas: tip < fee ? tip : fee };
}

/**
 * Signs with the fixed keys of a development network. One request after the other, so that two
 * sent at once do not take the same nonce.
 */
export class DevelopmentSender {
  readonly #backend: NodeBackend;
  #last: Promise<unknown> = Promise.resolve();

  constructor(backend: NodeBackend) {
    this.#backend = backend;
  }

  /** Fills in what the transaction object leaves out, signs and sends it. Answers its hash. */
  send(value: unknown): Promise<string> {
    const next = this.#last.then(() => this.#send(value));
    this.#last = next.catch(() => undefined);
    return next;
  }

  async #send(value: unknown): Promise<string> {
    const backend = this.#backend;
    const members = object(value, 'transaction');
    const from = address(members.from, 'transaction.from');
    const accounts = requireAccount(backend, from);
    const chainId = optional(members.chainId, quantity, 'transaction.chainId');
    if (chainId !== undefined && chainId !== BigInt(backend.network.chainId)) {
      throw new RpcError(
        'server',
        `invalid chain id: have ${chainId}, want ${backend.network.chainId}`,
      );
    }
    const { to, data, value: amount, accessList } = callRequest(value);
    const gasLimit =
      optional(members.gas, quantity, 'transaction.gas') ??
      BigInt((await readValue(backend, 'eth_estimateGas', [value])) as string);
    const nonce =
      optional(members.nonce, quantity, 'transaction.nonce') ??
      (await backend.pool.pendingNonce(from));
    const fields: TransactionFields = {
      ...(await feesOf(backend, members)),
      chainId: BigInt(backend.network.chainId),
      nonce,
      gasLimit,
      to,
      value: amount,
      data,
      accessList,
    };
    return submitRaw(backend, await accounts.sign(from, fields));
  }
}

function requireAccount(backend: NodeBackend, from: Uint8Array): DevelopmentAccounts {
  const { accounts } = backend;
  if (accounts?.addresses.some((known) => equalBytes(known, from))) return accounts;
  throw new RpcError(
    'server',
    `unknown account ${hexData(from)}: only the accounts of eth_accounts can sign here`,
  );
}

export const submitMethods: NodeMethods = {
  eth_sendRawTransaction: {
    access: 'public',
    run: ({ backend }: MethodContext, params: Params) => {
      countParams(params, 1);
      return submitRaw(backend, bytes(params[0], 'rawTransaction'));
    },
  },
  eth_sendTransaction: {
    access: 'development',
    run: ({ sender }, params) => {
      countParams(params, 1);
      return sender.send(params[0]);
    },
  },
  eth_accounts: {
    access: 'development',
    run: ({ backend }) => (backend.accounts?.addresses ?? []).map(hexData),
  },
  /** `pending` counts the pool too: wallets take their next nonce from here. */
  eth_getTransactionCount: {
    access: 'public',
    run: async ({ backend }, params) => {
      if (params[1] !== 'pending') return readValue(backend, 'eth_getTransactionCount', params);
      countParams(params, 2);
      return hexQuantity(await backend.pool.pendingNonce(address(params[0], 'address')));
    },
  },
  /** Mined first; then the pool; then once more, for it may have been mined in between. */
  eth_getTransactionByHash: {
    access: 'public',
    run: async ({ backend }, params) => {
      const mined = await readValue(backend, 'eth_getTransactionByHash', params);
      if (mined !== null) return mined;
      const waiting = await backend.pool.transaction(bytes(params[0], 'transactionHash', 32));
      if (waiting !== undefined) return formatTransaction(waiting, undefined);
      return readValue(backend, 'eth_getTransactionByHash', params);
    },
  },
};
