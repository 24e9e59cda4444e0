/**
 * Modules that no cache holds: each call of one pays for its first use alone, and for that it has to be
 * read, checked, metered, compiled, linked and run. And instances that cannot serve twice, because their
 * memory has grown: each call makes a new one. The shapes are those that cost most for each gas.
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
import { type Subject, signature } from './vm-subjects.ts';

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

const end = op('end');
const { i32, i64 } = valueTypes;
const tableMax = limits.wasmTableElementsMax;
const someFunctions = (count: number): number[] => Array(count).fill(0);

/** What a fresh instance is made of, as much as there may be. */
const instanceParts: Readonly<Record<string, Partial<WasmModule>>> = {
  'nothing else': {},
  'the longest table': { tables: [{ minimum: tableMax, maximum: tableMax }] },
  'a table filled over and over': {
    tables: [{ minimum: tableMax, maximum: tableMax }],
    elements: Array.from({ length: limits.wasmSegmentsMax }, () => ({
      offset: [zero, end],
      functions: someFunctions(900),
    })),
  },
  'all globals and data segments': {
    globals: Array.from({ length: limits.wasmGlobalsMax - 1 }, () => ({
      type: { type: i64, isMutable: true },
      initial: [op('i64.const', 5n), end],
    })),
    data: Array.from({ length: limits.wasmSegmentsMax }, (_, index) => ({
      offset: [op('i32.const', 500 * index), end],
      bytes: Uint8Array.of(1),
    })),
  },
};

/** Contracts that grow by a page, with these parts: none of their instances is used again. */
export const growers: Readonly<Record<string, Uint8Array>> = Object.fromEntries(
  Object.entries(instanceParts).map(([name, parts]) => [
    name,
    encodeModule(
      contractWith({
        ...parts,
        bodies: [body([op('i32.const', 1), op('memory.grow'), op('drop'), zero])],
      }),
    ),
  ]),
);

/** Calls the account at `address` for ever. */
export function callerOf(address: Uint8Array, name: string): Subject {
  const pointers = [640, 0, 0, 704].map((each) => op('i32.const', each));
  return {
    name,
    repeat: 1,
    hook: { name: 'call_contract', type: signature('iiiili', i32) },
    code: [...pointers, op('i64.const', -1n), op('i32.const', 1_024), op('call', 0), op('drop')],
    data: [{ offset: [op('i32.const', 640), end], bytes: address }],
  };
}

export const coldShapes: Readonly<Record<string, () => WasmModule>> = {
  'the least contract': () => contractWith(),
  'all host functions': allHooks,
  'most memory': () =>
    contractWith({ memories: [{ minimum: limits.wasmInitialPagesMax, maximum: undefined }] }),
  'smallest functions': () => calledFunctions(limits.wasmFunctionsMax - 1, []),
  '64 functions': () => calledFunctions(64, []),
  'all types': () =>
    contractWith({ types: [entryType, ...Array(limits.wasmTypesMax - 1).fill(nothing)] }),
  'the longest table': () => contractWith(instanceParts['the longest table']),
  'all globals and data segments': () =>
    contractWith(instanceParts['all globals and data segments']),
  calls: () => largeFunctions([op('call', 1)], 2),
  growth: () => largeFunctions([zero, op('memory.grow'), op('drop')], 5),
  branches: () => largeFunctions([zero, op('br_if', 0)], 4),
};

/**
 * A full block of calls of variants of `module`, each used once, on a machine that has seen none.
 * `first` numbers the variants; `processorMs` is scaled to exactly `gasLimit`.
 */
export function measureCold(
  module: WasmModule,
  first: number,
  gasLimit: number,
  crypto: Crypto,
): { readonly processorMs: number; readonly next: number } {
  const scene = new ContractScene(createVm({ crypto }));
  const deploy = (index: number): Uint8Array => {
    const address = concat(new Uint8Array(12).fill(0xcc), u64ToBytes(index));
    // The engine knows bytes that it has compiled before: each variant has a constant of its own.
    const initial = [op('i32.const', index), end];
    const global = { type: { type: i32, isMutable: true }, initial };
    scene.world.setNonce(address, 1n);
    scene.world.setCode(address, encodeModule({ ...module, globals: [...module.globals, global] }));
    return address;
  };
  const gas = 10_000_000n;
  const call = (address: Uint8Array): number => {
    const { status, hint, gasLeft } = scene.call(address, emptyBytes, { gas });
    if (status !== 'success') throw new Error(hint);
    // Every call is of an account that is cold.
    return 2_600 + Number(gas - gasLeft);
  };
  const count = Math.ceil(gasLimit / call(deploy(first)));
  const addresses = Array.from({ length: count }, (_, index) => deploy(first + 1 + index));
  const start = process.cpuUsage();
  const used = addresses.reduce((sum, address) => sum + call(address), 0);
  const { user, system } = process.cpuUsage(start);
  return { processorMs: ((user + system) / 1_000) * (gasLimit / used), next: first + 1 + count };
}
