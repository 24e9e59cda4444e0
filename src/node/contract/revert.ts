/** Why a contract call failed, in the contract's own words. */

import type { Abi, Hex } from 'viem';
import { decodeErrorResult } from 'viem/utils';
import type { Outcome } from '../../vm/world.ts';

/** Decoded revert data. */
export interface RevertReason {
  /** Of a custom error, `Error` for a reason in words, `Panic`; undefined for anything else. */
  readonly errorName: string | undefined;
  readonly args: readonly unknown[];
  /** One line for people: `require`'s words, or `Name(arguments)`. */
  readonly reason: string;
  readonly data: Hex;
}

/** Decodes revert data by the first of `abis` that knows the error; Error and Panic are built in. */
export function explain(
  data: Hex,
  outcome: Pick<Outcome, 'status' | 'hint'>,
  abis: readonly Abi[],
): RevertReason {
  const unknown = { errorName: undefined, args: [], data };
  if (outcome.status === 'failed') return { ...unknown, reason: outcome.hint ?? 'trap' };
  if (data === '0x') return { ...unknown, reason: 'reverted without a reason' };
  for (const abi of [...abis, []]) {
    try {
      const { errorName, args = [] } = decodeErrorResult({ abi: abi as Abi, data });
      const reason =
        errorName === 'Error' ? String(args[0]) : `${errorName}(${args.map(String).join(', ')})`;
      return { errorName, args, reason, data };
    } catch {
      // an error of another contract: the next ABI may know it
    }
  }
  return { ...unknown, reason: `unknown error ${data}` };
}

/** A transaction or call that failed. */
export class ContractRevert extends Error {
  readonly code = 'contract-revert';
  readonly reason: string;
  readonly errorName: string | undefined;
  readonly args: readonly unknown[];
  readonly data: Hex;
  readonly gasUsed: bigint;

  constructor(what: string, { reason, errorName, args, data }: RevertReason, gasUsed: bigint) {
    super(`${what}: ${reason}`);
    this.name = 'ContractRevert';
    this.reason = reason;
    this.errorName = errorName;
    this.args = args;
    this.data = data;
    this.gasUsed = gasUsed;
  }
}
