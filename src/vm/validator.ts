/**
 * Module-level validation: indices, limits, constant expressions, segments and names
 * (WebAssembly 1.0, section 3.4). Bodies are checked by body-validator.ts.
 */

import { ModuleError } from './binary.ts';
import { type BodyContext, validateBody } from './body-validator.ts';
import {
  type FunctionType,
  type GlobalType,
  type Instruction,
  importsOf,
  type SizeLimits,
  type WasmModule,
} from './module.ts';
import { opcodes, valueTypes } from './opcodes.ts';

/** 2^16 pages of 64 KiB are all that 32 bits address. */
const pagesMax = 65_536;

function fail(message: string): never {
  throw new ModuleError('invalid', message);
}

/** Valid in a later version of WebAssembly, perhaps, but not here. */
function unsupported(message: string): never {
  throw new ModuleError('unsupported', message);
}

function typeAt(module: WasmModule, index: number, what: string): FunctionType {
  return module.types[index] ?? fail(`${what} names type ${index}, which does not exist`);
}

function checkTypes(module: WasmModule): void {
  for (const [index, type] of module.types.entries()) {
    if (type.results.length > 1) {
      unsupported(`type ${index} has ${type.results.length} results: compile without multi-value`);
    }
  }
}

function checkLimits(limits: SizeLimits, max: number, what: string): void {
  if (limits.minimum > max) fail(`${what} starts with ${limits.minimum}, at most ${max}`);
  if (limits.maximum === undefined) return;
  if (limits.maximum > max) fail(`${what} has maximum ${limits.maximum}, at most ${max}`);
  if (limits.minimum > limits.maximum) fail(`${what} has a minimum above its maximum`);
}

const constantTypes: Readonly<Record<number, number>> = {
  [opcodes.i32Const]: valueTypes.i32,
  [opcodes.i64Const]: valueTypes.i64,
  [opcodes.f32Const]: valueTypes.f32,
  [opcodes.f64Const]: valueTypes.f64,
};

/** A constant expression is one constant or one imported immutable global, then `end`. */
function checkConstant(
  expression: readonly Instruction[],
  expected: number,
  importedGlobals: readonly GlobalType[],
  what: string,
): void {
  const [first] = expression;
  if (expression.length !== 2 || first === undefined) {
    unsupported(`${what} is not one constant: compile without extended constant expressions`);
  }
  let type = constantTypes[first.opcode];
  if (first.opcode === opcodes.globalGet) {
    const global = importedGlobals[first.immediate];
    if (global === undefined) {
      unsupported(`${what} reads global ${first.immediate}, which is not imported`);
    }
    if (global.isMutable) fail(`${what} reads a mutable global`);
    type = global.type;
  }
  if (type === undefined) fail(`${what} is no constant expression: one constant is needed`);
  if (type !== expected) fail(`${what} has the wrong type`);
}

function checkExports(module: WasmModule, counts: Readonly<Record<string, number>>): void {
  const names = new Set<string>();
  for (const { name, kind, index } of module.exports) {
    if (names.has(name)) fail(`export "${name}" is there twice`);
    names.add(name);
    if (index >= (counts[kind] as number)) fail(`export "${name}" names no ${kind}`);
  }
}

function checkSegments(
  module: WasmModule,
  counts: Readonly<Record<string, number>>,
  importedGlobals: readonly GlobalType[],
): void {
  for (const [index, segment] of module.elements.entries()) {
    if (counts.table === 0) fail(`element segment ${index} has no table`);
    const what = `offset of element segment ${index}`;
    checkConstant(segment.offset, valueTypes.i32, importedGlobals, what);
    for (const target of segment.functions) {
      if (target >= (counts.function as number)) {
        fail(`element segment ${index} names function ${target}, which does not exist`);
      }
    }
  }
  for (const [index, segment] of module.data.entries()) {
    if (counts.memory === 0) fail(`data segment ${index} has no memory`);
    checkConstant(
      segment.offset,
      valueTypes.i32,
      importedGlobals,
      `offset of data segment ${index}`,
    );
  }
}

function checkStart(module: WasmModule, functionTypes: readonly FunctionType[]): void {
  if (module.start === undefined) return;
  const type = functionTypes[module.start];
  if (type === undefined) fail(`start function ${module.start} does not exist`);
  if (type.parameters.length + type.results.length > 0) {
    fail('start function has parameters or results');
  }
}

/**
 * Checks the whole module.
 * @returns for each of the module's own functions the greatest height of its operand stack.
 * @throws ModuleError naming the part, the function, the offset and the rule.
 */
export function validateWasm(module: WasmModule): number[] {
  checkTypes(module);
  const imports = importsOf(module, 'function').map((entry) => entry.typeIndex);
  const functionTypes = [...imports, ...module.functions].map((typeIndex, index) =>
    typeAt(module, typeIndex, `function ${index}`),
  );
  const importedGlobals = importsOf(module, 'global').map((entry) => entry.type);
  const tables = [...importsOf(module, 'table').map((entry) => entry.limits), ...module.tables];
  const memories = [
    ...importsOf(module, 'memory').map((entry) => entry.limits),
    ...module.memories,
  ];
  const globals = [...importedGlobals, ...module.globals.map((global) => global.type)];
  if (tables.length > 1) unsupported(`${tables.length} tables, at most 1`);
  if (memories.length > 1) unsupported(`${memories.length} memories, at most 1`);
  for (const limits of tables) checkLimits(limits, 2 ** 32 - 1, 'table');
  for (const limits of memories) checkLimits(limits, pagesMax, 'memory');
  for (const [index, global] of module.globals.entries()) {
    checkConstant(
      global.initial,
      global.type.type,
      importedGlobals,
      `initial value of global ${index}`,
    );
  }
  const counts = {
    function: functionTypes.length,
    table: tables.length,
    memory: memories.length,
    global: globals.length,
  };
  checkExports(module, counts);
  checkStart(module, functionTypes);
  checkSegments(module, counts, importedGlobals);
  const context: BodyContext = {
    types: module.types,
    functionTypes,
    globals,
    hasTable: tables.length > 0,
    hasMemory: memories.length > 0,
  };
  return module.bodies.map((body, index) =>
    validateBody(body, functionTypes[imports.length + index] as FunctionType, context, {
      functionIndex: imports.length + index,
    }),
  );
}
