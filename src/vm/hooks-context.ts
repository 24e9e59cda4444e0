/**
 * Hooks that tell a contract about its call, its transaction and its block, and those that carry
 * input, result and meter.
 */

import type { HookContext } from './frame.ts';
import { exitSignal } from './guest.ts';

/** Input, result and meter. */
export function callDataHooks(context: HookContext) {
  return {
    read_args(target: number): undefined {
      context.frame.guest.write(target, context.frame.input);
    },
    write_result(pointer: number, length: number): undefined {
      context.frame.result = context.frame.guest.read(pointer, length);
    },
    exit_early(status: number): undefined {
      context.frame.exitStatus = status;
      throw exitSignal;
    },
    read_return_data(target: number, offset: number, size: number): number {
      const start = offset >>> 0;
      const part = context.frame.returnData.subarray(start, start + (size >>> 0));
      context.frame.guest.write(target, part);
      return part.length;
    },
    return_data_size(): number {
      return context.frame.returnData.length;
    },
    evm_gas_left(): bigint {
      return context.frame.guest.gasLeft;
    },
    evm_ink_left(): bigint {
      return context.frame.guest.inkLeft;
    },
    tx_ink_price(): number {
      return context.frame.execution.table.inkPerGas;
    },
    tx_ink_price_wide(): bigint {
      return BigInt(context.frame.execution.table.inkPerGas);
    },
    /** Growth is charged by memory.grow itself. */
    pay_for_memory_grow(_pages: number): undefined {},
    memory_grow(_pages: number): undefined {},
  };
}

/** Call, transaction and block. */
export function environmentHooks(context: HookContext) {
  const write = (pointer: number, bytes: Uint8Array): undefined => {
    context.frame.guest.writeFixed(pointer, bytes);
  };
  const writeInteger = (pointer: number, value: bigint): undefined => {
    context.frame.guest.writeInteger(pointer, value);
  };
  const block = () => context.frame.execution.block;
  const transaction = () => context.frame.execution.transaction;
  return {
    contract_address: (pointer: number) => write(pointer, context.frame.address),
    msg_sender: (pointer: number) => write(pointer, context.frame.sender),
    msg_value: (pointer: number) => writeInteger(pointer, context.frame.value),
    msg_reentrant(): number {
      return context.frame.isReentrant ? 1 : 0;
    },
    tx_gas_price: (pointer: number) => writeInteger(pointer, transaction().gasPrice),
    tx_origin: (pointer: number) => write(pointer, transaction().origin),
    block_basefee: (pointer: number) => writeInteger(pointer, block().baseFeePerGas),
    block_coinbase: (pointer: number) => write(pointer, block().beneficiary),
    block_gas_limit: () => BigInt(block().gasLimit),
    block_number: () => BigInt(block().height),
    block_timestamp: () => BigInt(block().time),
    chainid: () => BigInt(block().chainId),
  };
}
