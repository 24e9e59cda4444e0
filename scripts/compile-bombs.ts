/**
 * What it takes at most to prepare a module that the chain accepts: `npx tsx scripts/compile-bombs.ts`.
 * Each shape fills the limits in one way. A deployment pays for its bytes; but a contract that left the
 * cache is prepared again for the price of its first touch alone, so a block full of first touches is
 * what the last column shows.
 */

import { setFlagsFromString } from 'node:v8';
import { limits } from '../src/primitives/limits.ts';
import { prepareContract, shapeOf, touchGas } from '../src/vm/contract.ts';
import { encodeModule } from '../src/vm/encoder.ts';
import { gasTable } from '../src/vm/gas-table.ts';
import type { FunctionBody, FunctionType, Instruction, WasmModule } from '../src/vm/module.ts';
import { emptyBlock, valueTypes } from '../src/vm/opcodes.ts';
import { body, branchTable, contractWith, entryType, op } from '../test/support/module-builder.ts';

const { i64 } = valueTypes;
const table = gasTable(1);
const nothing: FunctionType = { parameters: [], results: [] };
const blockGas = 30_000_000;

const repeat = (count: number, code: readonly Instruction[]): Instruction[] =>
  Array.from({ length: count }, () => code).flat();
const localsOf = (count: number): FunctionBody['locals'] => [{ count, type: i64 }];

/** Type 0 is the entry's, 1 has no parameters; `types` follow. Function 0 is the entry point. */
function moduleOf(
  bodies: readonly FunctionBody[],
  types: readonly FunctionType[] = [],
  typeIndex = 1,
  parts: Partial<WasmModule> = {},
): WasmModule {
  return contractWith({
    types: [entryType, nothing, ...types],
    functions: [0, ...bodies.map(() => typeIndex)],
    bodies: [body([op('i32.const', 0)]), ...bodies],
    ...parts,
  });
}

/** As many copies as fit into the bytes of a module and below `max`. */
function fill(
  make: (bodies: readonly FunctionBody[]) => WasmModule,
  one: FunctionBody,
  max: number = limits.wasmFunctionsMax - 1,
): WasmModule {
  const size = encodeModule(make([one, one])).length - encodeModule(make([one])).length;
  const count = Math.min(max, Math.floor((limits.wasmSizeBytesMax - 2_000) / size));
  return make(Array.from({ length: count }, () => one));
}

const bodyBytes = limits.wasmBodySizeBytesMax - 64;
const wide = localsOf(limits.wasmLocalsPerFunctionMax);
const everyLocal = Array.from({ length: limits.wasmLocalsPerFunctionMax }, (_, index) => index);
/** Gives every local its own value, so that none is known to be zero. */
const fillLocals = everyLocal.flatMap((index) => [
  op('i64.const', BigInt(index)),
  op('local.set', index),
]);

/** Bytes that nothing compiles: a module may have control work in proportion to its size. */
const ballast = [
  { offset: [op('i32.const', 0), op('end')], bytes: new Uint8Array(65_000).fill(7) },
];

function weighty(count: number, one: FunctionBody): WasmModule {
  return moduleOf(Array(count).fill(one), [], 1, { data: ballast });
}

function nested(
  depth: number,
  name: 'block' | 'loop',
  inner: readonly Instruction[],
): Instruction[] {
  return [...repeat(depth, [op(name, emptyBlock)]), ...inner, ...repeat(depth, [op('end')])];
}

/**
 * One function with all locals set and `operands` values stacked, in which `unit` stands as often as
 * the limit on control work lets it: it counts for `unitPoints`.
 */
function crowded(unit: readonly Instruction[], unitPoints: number, operands = 0): WasmModule {
  const values = limits.wasmLocalsPerFunctionMax + operands + 3;
  const unitBytes = encodeModule(moduleOf([body(repeat(100, unit))])).length / 100;
  const room = Math.min(
    Math.floor(limits.wasmControlWorkMax / values / unitPoints) - 4,
    Math.floor((bodyBytes - 4_500) / unitBytes),
  );
  const code = [
    ...fillLocals,
    ...repeat(operands, [op('local.get', 7)]),
    ...repeat(room, unit),
    ...repeat(operands, [op('drop')]),
  ];
  return moduleOf([body(code, wide)], [], 1, {
    tables: [{ minimum: 1, maximum: 1 }],
    data: ballast,
  });
}

const parameters = limits.wasmParametersPerFunctionMax;
const manyParameters: FunctionType = { parameters: Array(parameters).fill(i64), results: [] };
const block = op('block', emptyBlock);
const end = op('end');
const zero = op('i32.const', 0);
const condition = [op('local.get', 1), op('i32.wrap_i64')];
const loop = [op('loop', emptyBlock), ...condition, op('br_if', 0), end];
const alternative = [op('if', emptyBlock), zero, op('drop'), op('else'), op('nop'), end];
const growth = [zero, op('memory.grow'), op('drop')];
const targets = Array.from({ length: limits.wasmBranchTableMax }, (_, index) => index % 250);
const tableOfTargets = [block, zero, branchTable(targets), end];
const passArguments = everyLocal.slice(0, parameters).map((each) => op('local.get', each));
const operandsMax = limits.wasmOperandStackMax - 4;

const shapes: Readonly<Record<string, () => WasmModule>> = {
  'smallest functions': () => fill(moduleOf, body([])),
  'functions of all locals': () => fill(moduleOf, body(fillLocals, wide), 60),
  'functions of all parameters': () =>
    fill(
      (bodies) => moduleOf(bodies, [manyParameters], 2),
      body(repeat(4, [...passArguments, op('call', 1)])),
      Math.floor(limits.wasmParametersTotalMax / parameters) - 1,
    ),
  'calls without locals': () => fill(moduleOf, body(repeat(bodyBytes >> 1, [op('call', 1)]))),
  'growth without locals': () => fill(moduleOf, body(repeat(Math.floor(bodyBytes / 5), growth))),
  'fills without locals': () =>
    fill(moduleOf, body(repeat(Math.floor(bodyBytes / 9), [zero, zero, zero, op('memory.fill')]))),
  'branches without locals': () =>
    fill(moduleOf, body([block, ...repeat(bodyBytes >> 2, [zero, op('br_if', 0)]), end])),
  'calls amid all locals': () => crowded([op('call', 1)], 1),
  'calls above all operands': () => crowded([op('call', 1)], 1, operandsMax),
  'growth amid all locals': () => crowded(growth, 1),
  'growth above all operands': () => crowded(growth, 1, operandsMax),
  'indirect calls amid all locals': () => crowded([zero, op('call_indirect', 1)], 1),
  'branches amid all locals': () => crowded([block, ...condition, op('br_if', 0), end], 2),
  'branches above operands': () => crowded([block, ...condition, op('br_if', 0), end], 2, 400),
  'ifs amid all locals': () => crowded([...condition, ...alternative], 3),
  'loops amid all locals': () => weighty(12, body([...fillLocals, ...repeat(60, loop)], wide)),
  'nested loops amid all locals': () =>
    weighty(
      11,
      body([...fillLocals, ...nested(90, 'loop', [...condition, op('br_if', 80)])], wide),
    ),
  'nested blocks': () =>
    fill(
      moduleOf,
      body(repeat(8, nested(254, 'block', [...condition, op('br_if', 253)])), localsOf(2)),
      8,
    ),
  'branch tables': () => fill(moduleOf, body(nested(250, 'block', repeat(12, tableOfTargets))), 60),
  'branch tables amid all locals': () =>
    weighty(2, body([...fillLocals, ...nested(250, 'block', repeat(6, tableOfTargets))], wide)),
  'straight code': () =>
    fill(moduleOf, body(repeat(Math.floor(bodyBytes / 3), [zero, op('drop')]))),
  divisions: () =>
    fill(
      moduleOf,
      body(
        repeat(Math.floor(bodyBytes / 7), [
          ...[op('local.get', 0), op('local.get', 1), op('i64.div_s'), op('local.set', 0)],
        ]),
        localsOf(2),
      ),
    ),
  stores: () =>
    fill(moduleOf, body(repeat(Math.floor(bodyBytes / 7), [zero, zero, op('i32.store')]))),
};

interface Cost {
  readonly name: string;
  readonly sizeBytes: number;
  readonly elapsedMs: number;
  readonly compileMs: number;
  readonly touches: number;
}

// By default functions are compiled when they are first called: here all at once.
setFlagsFromString('--no-wasm-lazy-compilation');

/** Milliseconds of processor time, all threads. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function measure(name: string, module: WasmModule): Cost | undefined {
  let sizeBytes = 0;
  let touch = 0;
  let elapsedMs = Number.POSITIVE_INFINITY;
  let compileMs = 0;
  for (let turn = 0; turn < 4; turn++) {
    // The engine knows a module that it has compiled before: each turn has bytes of its own.
    const [, ...others] = module.bodies;
    const wasm = encodeModule({
      ...module,
      bodies: [body([op('i32.const', 64 + turn)]), ...others],
    });
    sizeBytes = wasm.length;
    touch = touchGas(shapeOf(wasm), table);
    const compiler = WebAssembly.Module;
    let compiling = 0;
    // The engine's share is measured inside, or the module would have to be made twice.
    (WebAssembly as { Module: unknown }).Module = class extends compiler {
      constructor(bytes: Uint8Array) {
        const startMs = processorMs();
        super(bytes);
        compiling += processorMs() - startMs;
      }
    };
    const startMs = processorMs();
    const contract = prepareContract(wasm, table);
    const took = processorMs() - startMs;
    (WebAssembly as { Module: unknown }).Module = compiler;
    if ('code' in contract) {
      console.log(`${name}: refused, ${contract.message}`);
      return undefined;
    }
    if (took < elapsedMs) [elapsedMs, compileMs] = [took, compiling];
  }
  const { accountCold, frame } = table.gas;
  const touches = blockGas / (touch + accountCold + frame);
  return { name, sizeBytes, elapsedMs, compileMs, touches };
}

// Our own passes run compiled, as in a node that has been up for a minute.
for (let turn = 0; turn < 3; turn++) measure('', moduleOf(Array(50).fill(body(fillLocals, wide))));
const costs = Object.entries(shapes)
  .flatMap(([name, make]) => measure(name, make()) ?? [])
  .sort((left, right) => right.compileMs - left.compileMs);
console.log('   bytes  compile  prepare  block of first touches');
for (const { name, sizeBytes, elapsedMs, compileMs, touches } of costs) {
  console.log(
    `${String(sizeBytes).padStart(8)} ${compileMs.toFixed(1).padStart(6)} ms ${elapsedMs.toFixed(1).padStart(5)} ms ` +
      `${((elapsedMs * touches) / 1_000).toFixed(2).padStart(8)} s  ${name}`,
  );
}
