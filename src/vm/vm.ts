/**
 * The contract machine as the ledger sees it: one transaction's message in, one outcome out.
 */

import type { Crypto } from '../primitives/crypto.ts';
import { limits } from '../primitives/limits.ts';
import { blockIdsAddress } from './block-ids.ts';
import type { Execution, SharedBudget } from './frame.ts';
import { gasTable } from './gas-table.ts';
import { Machine } from './machine.ts';
import { precompiles } from './precompiles.ts';
import type { BlockContext, Message, Outcome, TransactionContext, Vm, World } from './world.ts';

/** EIP-2929 and EIP-3651: what a transaction names, and what belongs to the protocol, is warm. */
function warmAtStart(world: World, block: BlockContext, message: Message): void {
  world.warmAddress(message.sender);
  const target = message.to ?? message.created;
  if (target !== undefined) world.warmAddress(target);
  world.warmAddress(block.beneficiary);
  world.warmAddress(blockIdsAddress);
  for (const { address } of precompiles) world.warmAddress(address);
}

/** Ink is a signed 64-bit counter with a bit to spare: 2^62 ink. Blocks and genesis stay far below. */
const gasMax = 2n ** 62n / 1_000n;

function runMessage(machine: Machine, execution: Execution, message: Message): Outcome {
  const { sender, to, value, input, gas } = message;
  if (gas < 0n || gas > gasMax) throw new RangeError(`${gas} gas is outside 0..${gasMax}`);
  const shared: SharedBudget = {
    stackWords: limits.stackWordsPerTransactionMax,
    memoryPages: limits.memoryPagesPerTransactionMax,
  };
  const common = { execution, sender, value, input, depth: 0, gas, shared };
  if (to === undefined) {
    if (message.created === undefined) throw new Error('a creation needs the address to create');
    return machine.create({ ...common, address: message.created });
  }
  return machine.call({
    ...common,
    address: to,
    codeAddress: to,
    isStatic: message.isStatic === true,
    isDelegate: false,
    hasStipend: false,
  });
}

/**
 * A contract machine for one thread; it holds only compiled modules and idle instances. Keccak-256
 * is its own, with the results of `crypto.keccak256`.
 * `run` throws LocalFault when the engine fails, never for what a contract does.
 */
export function createVm(options: {
  readonly crypto: Crypto;
  /** Code hashes of contracts that stay compiled: those of the genesis file. */
  readonly pinnedCode?: readonly Uint8Array[];
}): Vm {
  const machine = new Machine(options.crypto, options.pinnedCode ?? []);
  return {
    run(
      world: World,
      block: BlockContext,
      transaction: TransactionContext,
      message: Message,
    ): Outcome {
      const table = gasTable(block.gasTable);
      const execution: Execution = { world, block, transaction, table };
      warmAtStart(world, block, message);
      // Traps are frequent and their stack traces are never read: without them they cost half.
      const traceLimit = Error.stackTraceLimit;
      Error.stackTraceLimit = 0;
      try {
        return runMessage(machine, execution, message);
      } finally {
        Error.stackTraceLimit = traceLimit;
      }
    },
  };
}
