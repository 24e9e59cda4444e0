/** Accounts, `eth_call` and `eth_estimateGas`: everything that reads the state after a block. */

import { equalBytes } from '../../primitives/bytes.ts';
import { limits } from '../../primitives/limits.ts';
import type { AccessListEntry } from '../../primitives/transaction.ts';
import type { CallOutcome, CallRequest, ChainReader, StateView } from '../backend.ts';
import { RpcError, revertError } from '../errors.ts';
import { hexData, hexQuantity } from '../format.ts';
import {
  address,
  bytes,
  countParams,
  invalid,
  type JsonObject,
  list,
  object,
  optional,
  type Params,
  quantity,
  slot,
} from '../parameters.ts';
import { requireState } from './blocks.ts';
import { checkCreation } from './creation.ts';

const accessListMax = 1_000;

function accessList(value: unknown, name: string): AccessListEntry[] {
  return list(value, name, accessListMax).map((item, index) => {
    const entry = object(item, `${name}[${index}]`);
    return {
      address: address(entry.address, `${name}[${index}].address`),
      storageKeys: list(entry.storageKeys, `${name}[${index}].storageKeys`, accessListMax).map(
        (key) => bytes(key, `${name}[${index}].storageKeys`, 32),
      ),
    };
  });
}

/** `data` and `input` mean the same; both may come when they agree. */
function callData(members: JsonObject): Uint8Array {
  const input = optional(members.input, bytes, 'transaction.input');
  const data = optional(members.data, bytes, 'transaction.data');
  if (input !== undefined && data !== undefined && !equalBytes(input, data)) {
    throw invalid('transaction.data', members.data, 'it differs from input: send only one of them');
  }
  return input ?? data ?? new Uint8Array(0);
}

/** Reads a transaction object for a call; what it leaves out costs the caller nothing. */
export function callRequest(value: unknown): CallRequest {
  const members = object(value, 'transaction');
  const to = optional(members.to, address, 'transaction.to');
  const data = callData(members);
  checkCreation(to, data);
  const price =
    optional(members.gasPrice, quantity, 'transaction.gasPrice') ??
    optional(members.maxFeePerGas, quantity, 'transaction.maxFeePerGas') ??
    0n;
  const gas = optional(members.gas, quantity, 'transaction.gas') ?? limits.readerGasMax;
  return {
    from: optional(members.from, address, 'transaction.from') ?? new Uint8Array(20),
    to,
    gas: gas < limits.readerGasMax ? gas : limits.readerGasMax,
    gasPrice: price,
    value: optional(members.value, quantity, 'transaction.value') ?? 0n,
    data,
    accessList: optional(members.accessList, accessList, 'transaction.accessList') ?? [],
  };
}

/** The error for a call that did not succeed. */
function callFault(outcome: CallOutcome, gas: bigint): RpcError {
  if (outcome.status === 'reverted') return revertError(outcome.output);
  const why = outcome.hint ?? 'the call failed';
  if (outcome.status === 'refused') return new RpcError('server', why);
  return new RpcError('server', `${why} (with ${gas} gas, all of it used)`);
}

function refuseOverrides(params: Params): void {
  for (const [index, name] of [
    [2, 'stateOverride'],
    [3, 'blockOverride'],
  ] as const) {
    const value = params[index];
    if (value !== undefined && value !== null && Object.keys(value).length > 0) {
      throw invalid(name, value, 'overrides are not supported: leave it out');
    }
  }
  countParams(params, 4);
}

/** Gas above what the sender can pay for would only fail later. */
function affordableGas(state: StateView, request: CallRequest): bigint {
  if (request.gasPrice === 0n) return request.gas;
  const { balance } = state.account(request.from);
  if (balance < request.value) {
    throw new RpcError(
      'server',
      `insufficient funds for gas * price + value: balance ${balance}, value ${request.value}`,
    );
  }
  const affordable = (balance - request.value) / request.gasPrice;
  return affordable < request.gas ? affordable : request.gas;
}

export const stateReads = {
  eth_getBalance: (reader: ChainReader, params: Params): string => {
    countParams(params, 2);
    const account = address(params[0], 'address');
    return hexQuantity(requireState(reader, params[1], 'block').account(account).balance);
  },
  eth_getTransactionCount: (reader: ChainReader, params: Params): string => {
    countParams(params, 2);
    const account = address(params[0], 'address');
    return hexQuantity(requireState(reader, params[1], 'block').account(account).nonce);
  },
  eth_getCode: (reader: ChainReader, params: Params): string => {
    countParams(params, 2);
    const account = address(params[0], 'address');
    return hexData(requireState(reader, params[1], 'block').code(account));
  },
  eth_getStorageAt: (reader: ChainReader, params: Params): string => {
    countParams(params, 3);
    const account = address(params[0], 'address');
    const key = slot(params[1], 'slot');
    return hexData(requireState(reader, params[2], 'block').storage(account, key));
  },
  eth_call: (reader: ChainReader, params: Params): string => {
    refuseOverrides(params);
    const request = callRequest(params[0]);
    const outcome = requireState(reader, params[1], 'block').call(request);
    if (outcome.status !== 'success') throw callFault(outcome, request.gas);
    return hexData(outcome.output);
  },
  eth_estimateGas: (reader: ChainReader, params: Params): string => {
    refuseOverrides(params);
    const request = callRequest(params[0]);
    const state = requireState(reader, params[1], 'block');
    const gas = affordableGas(state, request);
    const estimate = state.estimateGas({ ...request, gas });
    if (!estimate.ok) throw callFault(estimate.result, estimate.gas);
    return hexQuantity(estimate.gas);
  },
};
