/**
 * The Ethereum transaction tests: what a sender's bytes mean, judged by vectors nobody here made.
 * The codec recovers and refuses; what only the chain's rules refuse is shown to be visible to them.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/primitives/bytes.ts';
import { nobleCrypto as crypto } from '../../src/primitives/crypto.ts';
import { DecodeError } from '../../src/primitives/rlp.ts';
import {
  decodeTransaction,
  recoverSender,
  type SignedTransaction,
} from '../../src/primitives/transaction.ts';
import { dataPath } from '../support/data.ts';

interface Verdict {
  readonly exception?: string;
  readonly hash?: string;
  readonly sender?: string;
  readonly intrinsicGas: string;
}

interface Case {
  readonly name: string;
  readonly raw: Uint8Array;
  readonly verdict: Verdict;
}

const chainId = 1n;
const folder = dataPath('ethereum-transactions');

function readCases(root: string): Case[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.json'))
    .sort()
    .flatMap((path) => {
      const file = JSON.parse(readFileSync(join(root, path), 'utf8')) as Record<
        string,
        { txbytes: string; result: Record<string, Verdict> }
      >;
      return Object.entries(file).map(([name, { txbytes, result }]) => ({
        name,
        raw: fromHex(txbytes),
        // Two cases stop at London; their verdict never changed before.
        verdict: (result.Shanghai ?? result.London) as Verdict,
      }));
    });
}

function decode(raw: Uint8Array): SignedTransaction | DecodeError {
  try {
    return recoverSender(decodeTransaction(raw, crypto), crypto);
  } catch (error) {
    if (error instanceof DecodeError) return error;
    throw error;
  }
}

/** EIP-2028, EIP-2 and EIP-3860, without access lists: no case here has one. */
function intrinsicGas({ to, data }: SignedTransaction): number {
  const zeros = data.filter((byte) => byte === 0).length;
  const create = to === undefined ? 32_000 + 2 * Math.ceil(data.length / 32) : 0;
  return 21_000 + 4 * zeros + 16 * (data.length - zeros) + create;
}

/** Refusals that need the chain, each by the fact of the decoded transaction that shows it. */
const rules: Record<string, (transaction: SignedTransaction) => boolean> = {
  INVALID_CHAINID: (transaction) => transaction.chainId !== chainId,
  INTRINSIC_GAS_TOO_LOW: (transaction) => transaction.gasLimit < intrinsicGas(transaction),
  NONCE_TOO_BIG: (transaction) => transaction.nonce === (1n << 64n) - 1n,
  PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS_2: (transaction) =>
    transaction.maxPriorityFeePerGas > transaction.maxFeePerGas,
  // No balance reaches 2^120, so the price of such gas can never be paid.
  GASLIMIT_PRICE_PRODUCT_OVERFLOW: (transaction) =>
    transaction.gasLimit * transaction.maxFeePerGas >= 1n << 256n,
};

describe('Ethereum transaction tests (skip without data)', () => {
  const cases = folder === undefined ? [] : readCases(folder);

  it.skipIf(folder === undefined)('are all there', () => {
    expect(cases).toHaveLength(98);
  });

  it.skipIf(folder === undefined)('recover the sender of every valid transaction', () => {
    const valid = cases.filter(({ verdict }) => verdict.exception === undefined);
    const beforeReplayProtection: string[] = [];
    for (const { name, raw, verdict } of valid) {
      const transaction = decode(raw);
      if (transaction instanceof DecodeError) throw new Error(`${name}: ${transaction.message}`);
      expect(`0x${toHex(transaction.sender)}`, name).toBe(verdict.sender);
      expect(`0x${toHex(transaction.hash)}`, name).toBe(verdict.hash);
      expect(intrinsicGas(transaction), name).toBe(Number(verdict.intrinsicGas));
      if (transaction.chainId === undefined) beforeReplayProtection.push(name);
      else expect(transaction.chainId, name).toBe(chainId);
    }
    expect(valid).toHaveLength(34);
    expect(beforeReplayProtection).toHaveLength(18);
    console.log(
      `${beforeReplayProtection.length} valid cases predate EIP-155, which this chain requires ` +
        `(they decode, the rule refuses them): ${beforeReplayProtection.join(', ')}`,
    );
  });

  it.skipIf(folder === undefined)(
    'refuse every other, in the codec or by a rule it can see',
    () => {
      const refused = cases.filter(({ verdict }) => verdict.exception !== undefined);
      let byRule = 0;
      for (const { name, raw, verdict } of refused) {
        const transaction = decode(raw);
        if (transaction instanceof DecodeError) continue;
        byRule++;
        const rule = rules[(verdict.exception as string).replace('TransactionException.', '')];
        expect(rule?.(transaction), `${name}: ${verdict.exception}`).toBe(true);
      }
      expect(refused).toHaveLength(64);
      console.log(`${refused.length - byRule} refused by the codec, ${byRule} left to the rules`);
    },
  );
});
