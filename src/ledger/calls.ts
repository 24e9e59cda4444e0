/**
 * Calls that leave no trace: what `eth_call` and `eth_estimateGas` answer, by the same execution as
 * a transaction, on any state that a reader shows.
 */

import { limits } from '../primitives/limits.ts';
import type { Log } from '../primitives/receipt.ts';
import type { AccessListEntry } from '../primitives/transaction.ts';
import type { Outcome } from '../vm/world.ts';
import { type BlockFacts, createBlockContext, type LedgerParts } from './execute.ts';
import { intrinsicGas } from './fees.ts';
import { Journal } from './journal.ts';
import { insufficientFunds, runMessage } from './transactions.ts';

/** A call as wallets describe it. */
export interface CallMessage {
  /** 20 bytes; may be a contract, unlike the sender of a transaction. */
  readonly from: Uint8Array;
  /** Undefined creates a contract. */
  readonly to: Uint8Array | undefined;
  /** All the gas, intrinsic gas included; clamped to `limits.readerGasMax`. */
  readonly gas: bigint;
  /** What contracts see; at 0 the sender need not afford the gas. */
  readonly gasPrice: bigint;
  readonly value: bigint;
  readonly data: Uint8Array;
  readonly accessList: readonly AccessListEntry[];
}

export type CallResult = {
  /** 'refused' never ran: `hint` has the words that wallets look for. */
  readonly status: Outcome['status'] | 'refused';
  /** Return or revert data. */
  readonly output: Uint8Array;
  /** Intrinsic gas included. */
  readonly gasUsed: bigint;
  readonly logs: readonly Log[];
  readonly hint?: string | undefined;
};

function refusedCall(hint: string): CallResult {
  return { status: 'refused', output: new Uint8Array(0), gasUsed: 0n, logs: [], hint };
}

/** Runs `call` in `block` on the reader's state. Never throws for the input's sake. */
export function callMessage(parts: LedgerParts, block: BlockFacts, call: CallMessage): CallResult {
  const gasLimit = call.gas < limits.readerGasMax ? call.gas : limits.readerGasMax;
  const journal = new Journal(parts.reader, parts.crypto);
  const needed = intrinsicGas(call);
  if (gasLimit < needed) {
    return refusedCall(`intrinsic gas too low: have ${gasLimit}, want ${needed}`);
  }
  const balance = journal.balance(call.from);
  const prepaid = gasLimit * call.gasPrice;
  if (balance < prepaid + call.value) {
    return refusedCall(insufficientFunds(balance, prepaid + call.value).message);
  }
  const nonce = journal.nonce(call.from);
  journal.debit(call.from, prepaid);
  journal.setNonce(call.from, nonce + 1n);
  const outcome = runMessage(
    journal,
    createBlockContext(parts, block),
    { ...call, sender: call.from, nonce, gasLimit },
    parts,
  );
  return {
    status: outcome.status,
    output: outcome.output,
    gasUsed: gasLimit - outcome.gasLeft,
    logs: outcome.status === 'success' ? journal.logs : [],
    hint: outcome.hint,
  };
}

/** An estimate is at most this share above the least gas that suffices, as in geth: 1.5 %. */
const tolerancePerMille = 15n;

/**
 * The gas to send with `call` so that it succeeds, found by running it; or the outcome of the
 * attempt with all the gas, and how much that was, when that fails. `call.gas` is the most that may be answered.
 */
export function estimateGas(
  parts: LedgerParts,
  block: BlockFacts,
  call: CallMessage,
):
  | { readonly ok: true; readonly gas: bigint }
  | { readonly ok: false; readonly result: CallResult; readonly gas: bigint } {
  const attempt = (gas: bigint): CallResult => callMessage(parts, block, { ...call, gas });
  const gasMax = BigInt(parts.genesis.gasLimit);
  let high = call.gas < gasMax ? call.gas : gasMax;
  const result = attempt(high);
  if (result.status !== 'success') return { ok: false, result, gas: high };
  const least = intrinsicGas(call);
  if (result.gasUsed === least) return { ok: true, gas: least };
  // What was used does not suffice where calls inside keep back a 64th; it is the lower bound.
  let low = result.gasUsed - 1n;
  const guess = (result.gasUsed * 64n) / 63n + 2_300n;
  if (guess < high && attempt(guess).status === 'success') high = guess;
  while (low + 1n < high && (high - low) * 1_000n > high * tolerancePerMille) {
    const middle = (low + high) / 2n;
    if (attempt(middle).status === 'success') high = middle;
    else low = middle;
  }
  return { ok: true, gas: high };
}
