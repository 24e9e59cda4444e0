/**
 * Modules that no cache holds: each call of one pays for its first use alone, and for that it has to be
 * read, checked, metered, compiled, linked and run. The shapes are those that cost most for each gas.
 */

import { concat, emptyBytes, u64ToBytes } from '../../src/primitives/bytes.ts';
import type { Crypto } from '../../src/primitives/crypto.ts';
import { limits } from '../../src/primitives/limits.ts';
import { encodeModule } from '../../src/vm/encoder.ts';
import { hookModule, hookNames, hookType } from '../../src/vm/hook-signatures.ts';
import type { Instruction, WasmModule } from '../../src/vm/module.ts';
import { emptyBlock, valueTypes } from '../../src/vm/opcodes.ts';
import { createVm } from '../../src/vm/vm.ts';
import { ContractScene } from '../../test/support/contract-scene.ts';
import { body, contractWith, entryType, op } from '../../test/support/module-builder.ts';

const nothing = { parameters: [], results: [] };
const zero = op('i32.const', 0);
const leave = [op('i32.const', 1), op('if', emptyBlock), op('return'), op('end')];

function allHooks(): WasmModule {
  return contractWith({
    types: [entryType, ...hookNames.map(hookType)],
    imports: hookNames.map((name, index) => ({
      module: hookModule,
      name,
      description: { kind: 'function', typeIndex: index + 1 },
      offset: 0,
    })),
    exports: [
      { name: 'memory', kind: 'memory', index: 0 },
      { name: 'user_entrypoint', kind: 'function', index: hookNames.length },
    ],
  });
}

/** `count` functions of `code`, each called once, so that each is compiled; `code` can leave at once. */
function calledFunctions(count: number, code: readonly Instruction[]): WasmModule {
  const calls = Array.from({ length: count }, (_, index) => op('call', index + 1));
  return contractWith({
    types: [entryType, nothing],
    functions: [0, ...calls.map(() => 1)],
    bodies: [body([...calls, zero]), ...calls.map(() => body(code))],
  });
}

/** Three functions as large as they may be, filled with `unit` of `unitBytes`. */
function largeFunctions(unit: readonly Instruction[], unitBytes: number): WasmModule {
  const count = Math.floor((limits.wasmBodySizeBytesMax - 64) / unitBytes);
  const units = Array.from({ length: count }, () => unit).flat();
  return calledFunctions(3, [...leave, op('block', emptyBlock), ...units, op('end')]);
}

export const coldShapes: Readonly<Record<string, () => WasmModule>> = {
  'the least contract': () => contractWith(),
  'all host functions': allHooks,
  'most memory': () =>
    contractWith({ memories: [{ minimum: limits.wasmInitialPagesMax, maximum: undefined }] }),
  'smallest functions': () => calledFunctions(limits.wasmFunctionsMax - 1, []),
  calls: () => largeFunctions([op('call', 1)], 2),
  growth: () => largeFunctions([zero, op('memory.grow'), op('drop')], 5),
  branches: () => largeFunctions([zero, op('br_if', 0)], 4),
};

/** Calls `count` variants of `module` once each, on a machine that has never seen them. */
export function measureCold(
  module: WasmModule,
  count: number,
  crypto: Crypto,
): { readonly nanosecondsPerGas: number } {
  const scene = new ContractScene(createVm({ crypto }));
  const { world } = scene;
  const { i32 } = valueTypes;
  const addresses = Array.from({ length: count }, (_, index) => {
    const address = concat(new Uint8Array(12).fill(0xcc), u64ToBytes(index));
    // The engine knows bytes that it has compiled before: each variant has a constant of its own.
    const initial = [op('i32.const', 1_000_000 + index), op('end')];
    const global = { type: { type: i32, isMutable: true }, initial };
    world.setNonce(address, 1n);
    world.setCode(address, encodeModule({ ...module, globals: [global] }));
    return address;
  });
  const gas = 10_000_000n;
  // Every call is of an account that is cold.
  let used = 2_600 * count;
  const start = process.cpuUsage();
  for (const address of addresses) {
    const { status, hint, gasLeft } = scene.call(address, emptyBytes, { gas });
    if (status !== 'success') throw new Error(hint);
    used += Number(gas - gasLeft);
  }
  const { user, system } = process.cpuUsage(start);
  return { nanosecondsPerGas: ((user + system) * 1_000) / used };
}
