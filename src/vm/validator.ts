/**
 * Module-level validation: indices, limits, constant expressions, segments and names
 * (WebAssembly 1.0, section 3.4, with the multi-value proposal). Bodies are checked by body-validator.ts.
 */

import { ModuleError, type Place, quoted } from './binary.ts';
import { type BodyContext, validateBody } from './body-validator.ts';
import {
  type FunctionType,
  type GlobalType,
  type Instruction,
  importsOf,
  placeOf,
  type SizeLimits,
  type WasmModule,
} from './module.ts';
import { opcodes, valueTypes } from './opcodes.ts';

/** 2^16 pages of 64 KiB are all that 32 bits address. */
const pagesMax = 65_536;

function fail(place: Place, message: string): never {
  throw new ModuleError('invalid', place, message);
}

/** Valid in a later version of WebAssembly, perhaps, but not here. */
function unsupported(place: Place, message: string): never {
  throw new ModuleError('unsupported', place, message);
}

/** The type of each function, imports first. */
function functionTypesOf(module: WasmModule): FunctionType[] {
  const typeAt = (typeIndex: number, place: Place, what: string): FunctionType =>
    module.types[typeIndex] ?? fail(place, `${what} has type ${typeIndex}, which does not exist`);
  const imported = module.imports.flatMap(({ description, name, offset }) => {
    if (description.kind !== 'function') return [];
    return [
      typeAt(description.typeIndex, { section: 'import', offset }, `function ${quoted(name)}`),
    ];
  });
  const own = module.functions.map((typeIndex, index) =>
    typeAt(typeIndex, placeOf(module, 'function'), `function ${imported.length + index}`),
  );
  return [...imported, ...own];
}

function checkLimits(limits: SizeLimits, max: number, place: Place): void {
  if (limits.minimum > max) fail(place, `the minimum is ${limits.minimum}, at most ${max}`);
  if (limits.maximum === undefined) return;
  if (limits.maximum > max) fail(place, `the maximum is ${limits.maximum}, at most ${max}`);
  if (limits.minimum > limits.maximum) fail(place, 'the minimum is above the maximum');
}

/** Tables or memories, imported ones included: one at most, within its bounds. */
function checkSingle(module: WasmModule, kind: 'table' | 'memory', max: number): number {
  const imported = importsOf(module, kind).length;
  const own = kind === 'table' ? module.tables : module.memories;
  for (const { description, offset } of module.imports) {
    if (description.kind !== kind) continue;
    checkLimits(description.limits, max, { section: 'import', offset });
  }
  for (const limits of own) checkLimits(limits, max, placeOf(module, kind));
  const count = imported + own.length;
  if (count > 1) {
    const place = placeOf(module, own.length > 0 ? kind : 'import');
    unsupported(place, `${count} ${kind === 'table' ? 'tables' : 'memories'}, at most 1`);
  }
  return count;
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
  section: 'global' | 'element' | 'data',
  what: string,
): void {
  const [first] = expression;
  const place: Place = { section, offset: first?.offset };
  if (expression.length !== 2 || first === undefined) {
    unsupported(
      place,
      `${what} is not one constant: compile without extended constant expressions`,
    );
  }
  let type = constantTypes[first.opcode];
  if (first.opcode === opcodes.globalGet) {
    const global = importedGlobals[first.immediate];
    if (global === undefined) {
      unsupported(
        place,
        `${what} reads global ${first.immediate}, which is not imported: ` +
          'compile without extended constant expressions',
      );
    }
    if (global.isMutable) fail(place, `${what} reads a mutable global`);
    type = global.type;
  }
  if (type === undefined) fail(place, `${what} is no constant expression: one constant is needed`);
  if (type !== expected) fail(place, `${what} has the wrong type`);
}

function checkExports(module: WasmModule, counts: Readonly<Record<string, number>>): void {
  const names = new Set<string>();
  const place = placeOf(module, 'export');
  for (const { name, kind, index } of module.exports) {
    if (names.has(name)) fail(place, `${quoted(name)} is there twice`);
    names.add(name);
    if (index >= (counts[kind] as number)) fail(place, `${quoted(name)} names no ${kind}`);
  }
}

function checkSegments(
  module: WasmModule,
  counts: Readonly<Record<string, number>>,
  importedGlobals: readonly GlobalType[],
): void {
  for (const [index, segment] of module.elements.entries()) {
    const place: Place = { section: 'element', offset: segment.offset[0]?.offset };
    if (counts.table === 0) fail(place, `segment ${index} has no table`);
    const what = `the offset of segment ${index}`;
    checkConstant(segment.offset, valueTypes.i32, importedGlobals, 'element', what);
    for (const target of segment.functions) {
      if (target >= (counts.function as number)) {
        fail(place, `segment ${index} names function ${target}, which does not exist`);
      }
    }
  }
  for (const [index, segment] of module.data.entries()) {
    const place: Place = { section: 'data', offset: segment.offset[0]?.offset };
    if (counts.memory === 0) fail(place, `segment ${index} has no memory`);
    const what = `the offset of segment ${index}`;
    checkConstant(segment.offset, valueTypes.i32, importedGlobals, 'data', what);
  }
}

function checkStart(module: WasmModule, functionTypes: readonly FunctionType[]): void {
  if (module.start === undefined) return;
  const type = functionTypes[module.start];
  const place = placeOf(module, 'start');
  if (type === undefined) fail(place, `function ${module.start} does not exist`);
  if (type.parameters.length + type.results.length > 0) {
    fail(place, `function ${module.start} has parameters or results`);
  }
}

/**
 * Checks the whole module.
 * @returns for each of the module's own functions the greatest height of its operand stack.
 * @throws ModuleError naming the part, the function, the offset and the rule.
 */
export function validateWasm(module: WasmModule): number[] {
  const functionTypes = functionTypesOf(module);
  const imported = functionTypes.length - module.functions.length;
  const importedGlobals = importsOf(module, 'global').map((entry) => entry.type);
  const globals = [...importedGlobals, ...module.globals.map((global) => global.type)];
  const counts = {
    function: functionTypes.length,
    table: checkSingle(module, 'table', 2 ** 32 - 1),
    memory: checkSingle(module, 'memory', pagesMax),
    global: globals.length,
  };
  for (const [index, { initial, type }] of module.globals.entries()) {
    const what = `the initial value of global ${importedGlobals.length + index}`;
    checkConstant(initial, type.type, importedGlobals, 'global', what);
  }
  checkExports(module, counts);
  checkStart(module, functionTypes);
  checkSegments(module, counts, importedGlobals);
  const context: BodyContext = {
    types: module.types,
    functionTypes,
    globals,
    hasTable: counts.table > 0,
    hasMemory: counts.memory > 0,
  };
  return module.bodies.map((body, index) =>
    validateBody(body, functionTypes[imported + index] as FunctionType, context, {
      functionIndex: imported + index,
    }),
  );
}
