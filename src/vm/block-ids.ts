/**
 * Ids of the last 8,191 blocks at the address of EIP-2935: 32 bytes in, the block number; 32 bytes
 * out, the id in display order. It has no code and no storage; the answer is priced as a slot.
 */

import { bigintFromBytes, bigintToBytes, fromHex } from '../primitives/bytes.ts';
import { limits } from '../primitives/limits.ts';
import { wordFromBytes } from '../primitives/words.ts';
import type { Execution } from './frame.ts';

export const blockIdsAddress: Uint8Array = fromHex('0000f90827f1c53a10cb7a02335b175320002935');

/** Gas of one answer, warming the slot that the number maps to. */
export function blockIdPrice(input: Uint8Array, { world, table }: Execution): number {
  const key = bigintFromBytes(input.subarray(0, 32)) % BigInt(limits.blockIdLookback);
  const account = world.account(blockIdsAddress);
  const isCold = world.warmSlot(world.slot(account, wordFromBytes(bigintToBytes(key, 32))));
  return isCold ? table.gas.slotCold : table.gas.slotWarm;
}

/** The id, or undefined (a revert) for input of another length or a block out of range. */
export function blockIdAnswer(input: Uint8Array, { block }: Execution): Uint8Array | undefined {
  if (input.length !== 32) return undefined;
  const number = bigintFromBytes(input);
  const height = BigInt(block.height);
  if (number >= height || number < height - BigInt(limits.blockIdLookback)) return undefined;
  return block.blockId(Number(number));
}
