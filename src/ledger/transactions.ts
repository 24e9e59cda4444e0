/**
 * One transaction: the rules that make it valid, in isolation and in a state, and its execution.
 * Messages hold the words that wallets look for (those of geth).
 */

import { equalBytes, minimalBytes } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { checksumAddress } from '../primitives/keys.ts';
import { limits } from '../primitives/limits.ts';
import type { Log } from '../primitives/receipt.ts';
import { encodeRlp } from '../primitives/rlp.ts';
import type { SignedTransaction, TransactionFields } from '../primitives/transaction.ts';
import { wordFromBytes } from '../primitives/words.ts';
import { blockIdsAddress } from '../vm/block-ids.ts';
import { precompileAt } from '../vm/precompiles.ts';
import type { BlockContext, Outcome, Vm } from '../vm/world.ts';
import { effectiveTip, intrinsicGas } from './fees.ts';
import type { Journal } from './journal.ts';

export type TransactionFaultCode =
  | 'malformed'
  | 'transaction-too-large'
  | 'not-replay-protected'
  | 'wrong-chain'
  | 'nonce-at-maximum'
  | 'tip-above-fee'
  | 'intrinsic-gas'
  | 'gas-above-block'
  | 'nonce-too-low'
  | 'nonce-too-high'
  | 'fee-below-base'
  | 'insufficient-funds'
  | 'sender-has-code'
  | 'block-gas-used-up';

export interface TransactionFault<Code extends string = TransactionFaultCode> {
  readonly code: Code;
  /** For people and for the pattern matching of wallets. */
  readonly message: string;
}

/** Above it a nonce could not be followed by another (EIP-2681). */
const nonceMax = 2n ** 64n - 2n;

/** Rules that need nothing but the transaction, the chain's id and its gas limit. */
export function checkInIsolation(
  transaction: SignedTransaction,
  chain: { readonly chainId: number; readonly gasLimit: number },
): TransactionFault | undefined {
  const { raw, chainId, nonce, gasLimit } = transaction;
  if (raw.length > limits.transactionSizeBytesMax) {
    const message = `oversized data: transaction size ${raw.length}, limit ${limits.transactionSizeBytesMax}`;
    return { code: 'transaction-too-large', message };
  }
  if (chainId === undefined) {
    const message = 'only replay-protected (EIP-155) transactions allowed: sign with a chain id';
    return { code: 'not-replay-protected', message };
  }
  if (chainId !== BigInt(chain.chainId)) {
    const message = `invalid chain id for signer: have ${chainId} want ${chain.chainId}`;
    return { code: 'wrong-chain', message };
  }
  if (nonce > nonceMax) {
    return { code: 'nonce-at-maximum', message: `nonce has max value: ${nonce}` };
  }
  if (transaction.maxPriorityFeePerGas > transaction.maxFeePerGas) {
    const { maxPriorityFeePerGas, maxFeePerGas } = transaction;
    const message = `max priority fee per gas higher than max fee per gas: ${maxPriorityFeePerGas} > ${maxFeePerGas}`;
    return { code: 'tip-above-fee', message };
  }
  const needed = intrinsicGas(transaction);
  if (gasLimit < needed) {
    const message = `intrinsic gas too low: have ${gasLimit}, want ${needed}`;
    return { code: 'intrinsic-gas', message };
  }
  if (gasLimit > BigInt(chain.gasLimit)) {
    const message = `exceeds block gas limit: transaction ${gasLimit}, block ${chain.gasLimit}`;
    return { code: 'gas-above-block', message };
  }
  return undefined;
}

/** What a sender must own: all gas at the maximum fee, and the value. */
export function maximumCost(
  fields: Pick<TransactionFields, 'gasLimit' | 'maxFeePerGas' | 'value'>,
): bigint {
  return fields.gasLimit * fields.maxFeePerGas + fields.value;
}

/** The fault of a sender who cannot pay. */
export function insufficientFunds(
  have: bigint,
  want: bigint,
): TransactionFault<'insufficient-funds'> {
  const message = `insufficient funds for gas * price + value: have ${have} want ${want}`;
  return { code: 'insufficient-funds', message };
}

/** The fault of a sender that is a contract (EIP-3607). */
export function senderHasCode(sender: Uint8Array): TransactionFault<'sender-has-code'> {
  const message = `sender not an eoa: ${checksumAddress(sender)} has code`;
  return { code: 'sender-has-code', message };
}

/** The fault of a nonce that is used up. */
export function nonceTooLow(next: bigint, nonce: bigint): TransactionFault<'nonce-too-low'> {
  return {
    code: 'nonce-too-low',
    message: `nonce too low: next nonce ${next}, tx nonce ${nonce}`,
  };
}

/** The fault of a nonce that leaves a gap. */
export function nonceTooHigh(next: bigint, nonce: bigint): TransactionFault<'nonce-too-high'> {
  const message = `nonce too high: next nonce ${next}, tx nonce ${nonce}`;
  return { code: 'nonce-too-high', message };
}

/** Rules that need the state and the block: nonce exact, fees, funds, gas left, no code (EIP-3607). */
export function checkInState(
  transaction: SignedTransaction,
  journal: Journal,
  block: Pick<BlockContext, 'baseFeePerGas' | 'gasLimit'> & { readonly gasUsed: number },
): TransactionFault | undefined {
  const { sender, nonce, gasLimit, maxFeePerGas } = transaction;
  const next = journal.nonce(sender);
  if (nonce < next) return nonceTooLow(next, nonce);
  if (nonce > next) return nonceTooHigh(next, nonce);
  if (maxFeePerGas < block.baseFeePerGas) {
    const message = `max fee per gas less than block base fee: ${maxFeePerGas} < ${block.baseFeePerGas}`;
    return { code: 'fee-below-base', message };
  }
  const balance = journal.balance(sender);
  const cost = maximumCost(transaction);
  if (balance < cost) return insufficientFunds(balance, cost);
  if (journal.hasCode(sender)) return senderHasCode(sender);
  const left = BigInt(block.gasLimit - block.gasUsed);
  if (gasLimit > left) {
    return { code: 'block-gas-used-up', message: `gas limit reached: ${gasLimit} > ${left}` };
  }
  return undefined;
}

/** Address of a contract created by `sender` in its transaction `nonce`: Keccak-256(RLP)[12:]. */
export function createdAddress(sender: Uint8Array, nonce: bigint, crypto: Crypto): Uint8Array {
  return crypto.keccak256(encodeRlp([sender, minimalBytes(nonce)])).slice(12);
}

/** Whether a call of `to` is nothing but the transfer, so that the VM need not run. */
function isPlainTransfer(to: Uint8Array, journal: Journal): boolean {
  if (precompileAt(to) !== undefined || equalBytes(to, blockIdsAddress)) return false;
  return !journal.hasCode(to);
}

export interface ExecutionParts {
  readonly vm: Vm;
  readonly crypto: Crypto;
}

/** Runs the message of a transaction whose gas is paid; the nonce is already raised. */
export function runMessage(
  journal: Journal,
  block: BlockContext,
  fields: Pick<TransactionFields, 'to' | 'data' | 'value' | 'gasLimit' | 'accessList' | 'nonce'> & {
    readonly sender: Uint8Array;
    readonly gasPrice: bigint;
  },
  parts: ExecutionParts,
): Outcome {
  const { sender, to, value } = fields;
  const gas = fields.gasLimit - intrinsicGas(fields);
  if (to !== undefined && isPlainTransfer(to, journal)) {
    journal.transfer(sender, to, value);
    return { status: 'success', output: new Uint8Array(0), gasLeft: gas };
  }
  const created = to === undefined ? createdAddress(sender, fields.nonce, parts.crypto) : undefined;
  for (const entry of fields.accessList) {
    journal.warmAddress(entry.address);
    const account = journal.account(entry.address);
    for (const key of entry.storageKeys) {
      journal.warmSlot(journal.slot(account, wordFromBytes(key)));
    }
  }
  return parts.vm.run(
    journal,
    block,
    { origin: sender, gasPrice: fields.gasPrice },
    { sender, to, value, input: fields.data, gas, ...(created === undefined ? {} : { created }) },
  );
}

export interface TransactionResult {
  readonly status: 0 | 1;
  readonly gasUsed: number;
  readonly logs: readonly Log[];
  readonly output: Uint8Array;
  /** Why it failed, for people; never part of consensus. */
  readonly hint: string | undefined;
}

/**
 * Executes a transaction that passed both checks: prepays all gas at the effective price, runs the
 * message, returns what is left; the tip goes to the beneficiary, the base fee is burned.
 */
export function executeTransaction(
  journal: Journal,
  block: BlockContext,
  transaction: SignedTransaction,
  parts: ExecutionParts,
): TransactionResult {
  const { sender, gasLimit } = transaction;
  const tip = effectiveTip(transaction, block.baseFeePerGas);
  const gasPrice = block.baseFeePerGas + tip;
  journal.beginTransaction();
  journal.debit(sender, gasLimit * gasPrice);
  journal.setNonce(sender, transaction.nonce + 1n);
  const outcome = runMessage(journal, block, { ...transaction, gasPrice }, parts);
  const { gasLeft } = outcome;
  if (gasLeft < 0n || gasLeft > gasLimit) {
    throw new Error(`the VM returned ${gasLeft} of ${gasLimit} gas`);
  }
  const gasUsed = gasLimit - gasLeft;
  journal.credit(sender, gasLeft * gasPrice);
  journal.credit(block.beneficiary, gasUsed * tip);
  const succeeded = outcome.status === 'success';
  return {
    status: succeeded ? 1 : 0,
    gasUsed: Number(gasUsed),
    logs: succeeded ? journal.logs : [],
    output: outcome.output,
    hint: outcome.hint,
  };
}
