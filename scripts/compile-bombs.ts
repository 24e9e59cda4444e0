/**
 * What it takes at most to prepare a module that the chain accepts: `npx tsx scripts/compile-bombs.ts`.
 * Each shape fills the limits in one way. A deployment pays for its bytes; but a contract that left the
 * cache is prepared again for the price of its first touch alone, so a block full of first touches is
 * what the last column shows.
 */

import { setFlagsFromString } from 'node:v8';
import { limits } from '../src/primitives/limits.ts';
import { prepareContract } from '../src/vm/contract.ts';
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

const functionsOfMaxLocals = Math.floor(
  limits.wasmLocalsTotalMax / limits.wasmLocalsPerFunctionMax,
);
const bodyBytes = limits.wasmBodySizeBytesMax - 64;
const wide = localsOf(limits.wasmLocalsPerFunctionMax);
const everyLocal = Array.from({ length: limits.wasmLocalsPerFunctionMax }, (_, index) => index);
/** Gives every local its own value, so that none is known to be zero. */
const fillLocals = everyLocal.flatMap((index) => [
  op('i64.const', BigInt(index)),
  op('local.set', index),
]);

function nested(
  depth: number,
  name: 'block' | 'loop',
  inner: readonly Instruction[],
): Instruction[] {
  return [...repeat(depth, [op(name, emptyBlock)]), ...inner, ...repeat(depth, [op('end')])];
}

const parameters = limits.wasmParametersPerFunctionMax;
const manyParameters: FunctionType = { parameters: Array(parameters).fill(i64), results: [] };
const targets = Array.from({ length: limits.wasmBranchTableMax }, (_, index) => index % 250);

const shapes: Readonly<Record<string, () => WasmModule>> = {
  'smallest functions': () => fill(moduleOf, body([])),
  'functions of all locals': () => fill(moduleOf, body(fillLocals, wide), functionsOfMaxLocals),
  'functions of all parameters': () =>
    fill(
      (bodies) => moduleOf(bodies, [manyParameters], 2),
      body(
        repeat(8, [
          ...everyLocal.slice(0, parameters).map((each) => op('local.get', each)),
          op('call', 1),
        ]),
      ),
      Math.floor(limits.wasmParametersTotalMax / parameters) - 1,
    ),
  'calls without locals': () => fill(moduleOf, body(repeat(bodyBytes >> 1, [op('call', 1)]))),
  'calls amid all locals': () =>
    fill(
      moduleOf,
      body([...fillLocals, ...repeat((bodyBytes - 1_500) >> 1, [op('call', 1)])], wide),
    ),
  'calls with operands': () =>
    fill(
      moduleOf,
      body(
        [
          ...repeat(limits.wasmOperandStackMax - 4, [op('i64.const', 1n)]),
          ...repeat((bodyBytes - 2_500) >> 1, [op('call', 1)]),
          ...repeat(limits.wasmOperandStackMax - 4, [op('drop')]),
        ],
        wide,
      ),
    ),
  'calls under operands from locals': () =>
    fill(
      moduleOf,
      body(
        [
          ...fillLocals,
          ...repeat(limits.wasmOperandStackMax - 4, [op('local.get', 7)]),
          ...repeat((bodyBytes - 4_500) >> 1, [op('call', 1)]),
          ...repeat(limits.wasmOperandStackMax - 4, [op('drop')]),
        ],
        wide,
      ),
    ),
  'branches amid all locals': () =>
    fill(
      moduleOf,
      body(
        [
          ...fillLocals,
          op('block', emptyBlock),
          ...repeat(Math.floor((bodyBytes - 1_500) / 4), [op('i32.const', 1), op('br_if', 0)]),
          op('end'),
        ],
        wide,
      ),
    ),
  'nested blocks': () =>
    fill(
      moduleOf,
      body(repeat(8, nested(254, 'block', [op('i32.const', 1), op('br_if', 253)]))),
      Math.floor(limits.wasmBlocksTotalMax / 2_048),
    ),
  'ifs amid all locals': () =>
    fill(
      moduleOf,
      body(
        [
          ...fillLocals,
          ...repeat(2_000, [
            ...[op('local.get', 0), op('i32.wrap_i64'), op('if', emptyBlock), op('local.get', 1)],
            ...[op('local.set', 2), op('else'), op('local.get', 3), op('local.set', 2), op('end')],
          ]),
        ],
        wide,
      ),
      8,
    ),
  'loops amid all locals': () =>
    fill(
      moduleOf,
      body(
        [
          ...fillLocals,
          ...repeat(limits.wasmLoopsPerFunctionMax, [
            ...[op('loop', emptyBlock), op('local.get', 5), op('local.set', 9)],
            ...[op('local.get', 1), op('i32.wrap_i64'), op('br_if', 0), op('end')],
          ]),
        ],
        wide,
      ),
      functionsOfMaxLocals,
    ),
  'nested loops': () =>
    fill(
      moduleOf,
      body(
        [
          ...fillLocals,
          ...nested(
            250,
            'loop',
            repeat(4, [op('local.get', 1), op('i32.wrap_i64'), op('br_if', 200)]),
          ),
        ],
        wide,
      ),
      functionsOfMaxLocals,
    ),
  'branch tables': () =>
    fill(moduleOf, body(nested(250, 'block', [op('i32.const', 1), branchTable(targets)])), 60),
  'branch tables amid all locals': () =>
    fill(
      moduleOf,
      body(
        [
          ...fillLocals,
          ...nested(
            250,
            'block',
            repeat(100, [
              ...[op('block', emptyBlock), op('i32.const', 1), branchTable(targets), op('end')],
            ]),
          ),
        ],
        wide,
      ),
    ),
  'branch tables in loops': () =>
    fill(
      moduleOf,
      body(
        [
          ...fillLocals,
          ...nested(
            120,
            'loop',
            repeat(100, [
              op('block', emptyBlock),
              ...[op('i32.const', 1), branchTable(targets.map((each) => each % 120)), op('end')],
            ]),
          ),
        ],
        wide,
      ),
    ),
  'straight code': () =>
    fill(
      moduleOf,
      body(
        repeat(bodyBytes >> 1, [op('i32.const', 1), op('drop')].slice(0, 2)).slice(
          0,
          bodyBytes >> 1,
        ),
      ),
    ),
  divisions: () =>
    fill(
      moduleOf,
      body(
        repeat(Math.floor(bodyBytes / 7), [
          op('local.get', 0),
          op('local.get', 1),
          op('i64.div_s'),
          op('local.set', 0),
        ]),
        localsOf(2),
      ),
    ),
  stores: () =>
    fill(
      moduleOf,
      body(
        repeat(Math.floor(bodyBytes / 7), [
          op('i32.const', 0),
          op('i32.const', 0),
          op('i32.store'),
        ]),
      ),
    ),
  growth: () =>
    fill(
      moduleOf,
      body(
        [
          ...fillLocals,
          ...repeat(Math.floor((bodyBytes - 1_500) / 3), [op('memory.size'), op('drop')]),
        ],
        wide,
      ),
    ),
  'memory.grow amid all locals': () =>
    fill(
      moduleOf,
      body(
        [
          ...fillLocals,
          op('i32.const', 0),
          ...repeat((bodyBytes - 1_500) >> 1, [op('memory.grow')]),
          op('drop'),
        ],
        wide,
      ),
    ),
  'indirect calls amid all locals': () =>
    fill(
      (bodies) => moduleOf(bodies, [], 1, { tables: [{ minimum: 1, maximum: 1 }] }),
      body(
        [
          ...fillLocals,
          ...repeat(Math.floor((bodyBytes - 1_500) / 5), [
            op('i32.const', 0),
            op('call_indirect', 1),
          ]),
        ],
        wide,
      ),
    ),
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
  const { codeTouchByte, accountCold, frame } = table.gas;
  const touches = blockGas / (codeTouchByte * sizeBytes + accountCold + frame);
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
