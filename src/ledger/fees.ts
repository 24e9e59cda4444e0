/** What things cost and pay: base fee (EIP-1559), effective price, intrinsic gas, subsidy. */

import type { Genesis } from '../primitives/genesis.ts';
import type { CoinbaseRecord } from '../primitives/record.ts';
import type { TransactionFields } from '../primitives/transaction.ts';

/** Base fee of the genesis record, in acorns per gas. */
export const initialBaseFee = 1_000_000_000n;
const elasticity = 2n;
const baseFeeChangeDenominator = 8n;
/** Blocks between two halvings of the subsidy: four years of 15 s. */
export const halvingBlocks = 8_409_600;

const gas = {
  transaction: 21_000n,
  creation: 32_000n,
  zeroByte: 4n,
  otherByte: 16n,
  /** For each 32 bytes of creation data (EIP-3860). */
  creationWord: 2n,
  accessAddress: 2_400n,
  accessSlot: 1_900n,
} as const;

/** Base fee of the block after `parent` (EIP-1559), never below 1 acorn. */
export function nextBaseFee(
  parent: Pick<CoinbaseRecord, 'gasLimit' | 'gasUsed' | 'baseFeePerGas'>,
): bigint {
  const { baseFeePerGas } = parent;
  const target = BigInt(parent.gasLimit) / elasticity;
  const difference = BigInt(parent.gasUsed) - target;
  if (difference === 0n || target === 0n) return baseFeePerGas;
  if (difference > 0n) {
    const rise = (baseFeePerGas * difference) / target / baseFeeChangeDenominator;
    return baseFeePerGas + (rise > 1n ? rise : 1n);
  }
  const fall = (baseFeePerGas * -difference) / target / baseFeeChangeDenominator;
  return baseFeePerGas - fall > 1n ? baseFeePerGas - fall : 1n;
}

/** Acorns per gas that the beneficiary receives; negative when the base fee is above the maximum. */
export function effectiveTip(
  fees: Pick<TransactionFields, 'maxFeePerGas' | 'maxPriorityFeePerGas'>,
  baseFee: bigint,
): bigint {
  const room = fees.maxFeePerGas - baseFee;
  return room < fees.maxPriorityFeePerGas ? room : fees.maxPriorityFeePerGas;
}

/** Gas that is taken before execution: base, calldata, creation, access list. */
export function intrinsicGas(
  fields: Pick<TransactionFields, 'to' | 'data' | 'accessList'>,
): bigint {
  let zeros = 0;
  for (const byte of fields.data) if (byte === 0) zeros += 1;
  let total = gas.transaction + gas.zeroByte * BigInt(zeros);
  total += gas.otherByte * BigInt(fields.data.length - zeros);
  if (fields.to === undefined) {
    total += gas.creation + gas.creationWord * BigInt(Math.ceil(fields.data.length / 32));
  }
  for (const entry of fields.accessList) {
    total += gas.accessAddress + gas.accessSlot * BigInt(entry.storageKeys.length);
  }
  return total;
}

/** Subsidy of the block at `height` >= 1, in acorns, and its split. */
export function subsidy(
  genesis: Pick<Genesis, 'reward'>,
  height: number,
): { readonly oracleFund: bigint; readonly beneficiary: bigint } {
  const reward = genesis.reward >> BigInt(Math.floor((height - 1) / halvingBlocks));
  const oracleFund = reward / 10n;
  return { oracleFund, beneficiary: reward - oracleFund };
}

/** Version of the gas table in force at `height`. */
export function gasTableAt(genesis: Pick<Genesis, 'forks'>, height: number): number {
  let version = 0;
  for (const fork of genesis.forks) if (fork.height <= height) version = fork.gasTable;
  return version;
}
