/**
 * All methods that read the chain, and the one function that a reader worker runs: pure functions
 * of a `ChainReader` and the parameters.
 */

import type { ChainReader, ReadAnswer } from './backend.ts';
import { errorObject, RpcError } from './errors.ts';
import { hexData } from './format.ts';
import { blockReads } from './methods/blocks.ts';
import { stateReads } from './methods/calls.ts';
import { consortiumReads } from './methods/consortium.ts';
import { feeReads } from './methods/fees.ts';
import { logReads } from './methods/logs.ts';
import { proofReads } from './methods/proofs.ts';
import { rewardReads } from './methods/rewards.ts';
import { securityReads } from './methods/security.ts';
import { transactionReads } from './methods/transactions.ts';
import { bytes, countParams, type Params } from './parameters.ts';

export type ReadMethod = (reader: ChainReader, params: Params) => unknown;

export const readMethods: Readonly<Record<string, ReadMethod>> = {
  ...blockReads,
  ...transactionReads,
  ...stateReads,
  ...feeReads,
  ...logReads,
  ...proofReads,
  ...securityReads,
  ...rewardReads,
  ...consortiumReads,
  web3_sha3: (reader, params) => {
    countParams(params, 1);
    return hexData(reader.crypto.keccak256(bytes(params[0], 'data')));
  },
};

/**
 * Runs one read method and serialises its result. Bad input becomes an error answer; anything else
 * that goes wrong is passed on to the worker, which logs it, as `fault`.
 */
export function answerRead(
  reader: ChainReader,
  method: string,
  params: Params,
  fault: (error: unknown) => void,
): ReadAnswer {
  const run = Object.hasOwn(readMethods, method) ? readMethods[method] : undefined;
  try {
    if (run === undefined) {
      throw new RpcError('methodNotFound', `the method ${method} does not exist/is not available`);
    }
    return { json: JSON.stringify(run(reader, params)) };
  } catch (error) {
    if (!(error instanceof RpcError)) fault(error);
    return { error: errorObject(error) };
  }
}
