/**
 * What the chain accepts of WebAssembly: integers only, no start function, its own memory, imports
 * from `vm_hooks` alone, and bounded shapes, so that 128 KiB can never cost seconds of compilation.
 * Runs before the types are checked, so that those checks are bounded too.
 */

import { limits } from '../primitives/limits.ts';
import { ModuleError, type ModuleRefusal, type Place, quoted } from './binary.ts';
import { hookModule, type LinkedHook, linkHook } from './hook-signatures.ts';
import { cuts } from './instrument.ts';
import {
  type FunctionBody,
  type FunctionType,
  type Instruction,
  importsOf,
  placeOf,
  typeIndexOfBlock,
  type WasmModule,
} from './module.ts';
import { type Operator, opcodes, operatorAt, valueTypes } from './opcodes.ts';

/** Exports that mean something; all others are dropped. */
export const contractExports = {
  memory: 'memory',
  entrypoint: 'user_entrypoint',
  construct: 'user_constructor',
} as const;

function refuse(code: ModuleRefusal['code'], place: Place, message: string): never {
  throw new ModuleError(code, place, message);
}

function atMost(count: number, max: number, place: Place, what: string): void {
  if (count > max) refuse('limit', place, `${count} ${what}, at most ${max}: split the contract`);
}

const isFloat = (type: number): boolean => type === valueTypes.f32 || type === valueTypes.f64;

const noFloats =
  'contracts are integer only: use fixed-point numbers, or 256-bit integers of the SDK';

function checkType(type: FunctionType, index: number, place: Place): void {
  const { parameters, results } = type;
  if ([...parameters, ...results].some(isFloat)) {
    refuse('float', place, `type ${index} has a float: ${noFloats}`);
  }
  if (results.length > 1) {
    const message = `type ${index} has ${results.length} results: compile without multi-value`;
    refuse('unsupported', place, message);
  }
  const max = limits.wasmParametersPerFunctionMax;
  atMost(parameters.length, max, place, `parameters in type ${index}`);
}

interface BodyShape {
  readonly locals: number;
  readonly blocks: number;
}

function checkInstruction(instruction: Instruction, operator: Operator, body: Place): void {
  const { immediate, targets, offset } = instruction;
  if (operator.isFloat) refuse('float', { ...body, offset }, `${operator.name}: ${noFloats}`);
  if (operator.immediate === 'block' && typeIndexOfBlock(immediate) !== undefined) {
    const message = `${operator.name} with parameters or several results: compile without multi-value`;
    refuse('unsupported', { ...body, offset }, message);
  }
  if (operator.immediate === 'targets') {
    atMost(targets.length - 1, limits.wasmBranchTableMax, { ...body, offset }, 'branch targets');
  }
}

function checkBody(body: FunctionBody, functionIndex: number): BodyShape {
  const place: Place = { section: 'code', functionIndex, offset: body.offset };
  atMost(body.sizeBytes, limits.wasmBodySizeBytesMax, place, 'bytes of code');
  let locals = 0;
  for (const group of body.locals) {
    if (isFloat(group.type)) refuse('float', place, `it has a float local: ${noFloats}`);
    locals += group.count;
  }
  atMost(locals, limits.wasmLocalsPerFunctionMax, place, 'locals');
  let blocks = 0;
  let loops = 0;
  let depth = 0;
  for (const instruction of body.instructions) {
    const operator = operatorAt(instruction.opcode) as Operator;
    checkInstruction(instruction, operator, place);
    if (operator.immediate === 'block') {
      depth += 1;
      blocks += 1;
      if (instruction.opcode === opcodes.loop) loops += 1;
      const here: Place = { ...place, offset: instruction.offset };
      atMost(depth, limits.wasmNestingMax, here, 'nested blocks');
    } else if (instruction.opcode === opcodes.end) depth -= 1;
  }
  atMost(blocks, limits.wasmBlocksPerFunctionMax, place, 'blocks');
  atMost(loops, limits.wasmLoopsPerFunctionMax, place, 'loops');
  return { locals, blocks };
}

function checkFunctions(module: WasmModule): void {
  const types = placeOf(module, 'type');
  atMost(module.types.length, limits.wasmTypesMax, types, 'types');
  atMost(
    module.functions.length,
    limits.wasmFunctionsMax,
    placeOf(module, 'function'),
    'functions',
  );
  for (const [index, type] of module.types.entries()) checkType(type, index, types);
  const firstOwn = importsOf(module, 'function').length;
  let parameters = 0;
  let locals = 0;
  let blocks = 0;
  for (const [index, body] of module.bodies.entries()) {
    parameters += module.types[module.functions[index] as number]?.parameters.length ?? 0;
    const shape = checkBody(body, firstOwn + index);
    locals += shape.locals;
    blocks += shape.blocks;
  }
  const code = placeOf(module, 'code');
  atMost(parameters, limits.wasmParametersTotalMax, code, 'parameters in all');
  atMost(locals, limits.wasmLocalsTotalMax, code, 'locals in all');
  atMost(blocks, limits.wasmBlocksTotalMax, code, 'blocks in all');
}

function checkImports(module: WasmModule): LinkedHook[] {
  atMost(module.imports.length, limits.wasmImportsMax, placeOf(module, 'import'), 'imports');
  const seen = new Set<string>();
  return module.imports.map(({ module: from, name, description, offset }) => {
    const place: Place = { section: 'import', offset };
    const what = `${quoted(from)}.${quoted(name)}`;
    if (description.kind !== 'function') {
      refuse('import', place, `${what} is a ${description.kind}: a contract brings its own`);
    }
    if (from !== hookModule) {
      refuse('import', place, `${what}: only ${hookModule} can be imported (asc: --use abort=)`);
    }
    if (seen.has(name)) refuse('import', place, `${what} is there twice`);
    seen.add(name);
    const type = module.types[description.typeIndex];
    if (type === undefined) return refuse('invalid', place, `${what} has no type`);
    const link = linkHook(name, type);
    return 'hook' in link ? link.hook : refuse('import', place, `${what}: ${link.problem}`);
  });
}

function checkMemory(module: WasmModule): number {
  const [memory] = module.memories;
  if (memory === undefined || module.memories.length > 1) {
    const message = `${module.memories.length} memories, 1 of its own is needed`;
    return refuse('memory', placeOf(module, 'memory'), message);
  }
  const max = limits.wasmInitialPagesMax;
  atMost(memory.minimum, max, placeOf(module, 'memory'), 'initial memory pages');
  if (!module.exports.some((entry) => entry.kind === 'memory' && entry.name === 'memory')) {
    refuse('export', placeOf(module, 'export'), 'memory must be exported as "memory"');
  }
  // An empty memory takes its 10 GiB of address space like any other, but the engine's collector counts
  // bytes: thousands of them could wait to be collected and leave no room for more.
  return Math.max(1, memory.minimum);
}

function constantOffset(module: WasmModule, index: number, what: 'data' | 'element'): number {
  const segment = (what === 'data' ? module.data : module.elements)[index];
  const first = segment?.offset[0];
  if (first?.opcode !== opcodes.i32Const) {
    const place: Place = { section: what, offset: first?.offset };
    return refuse('unsupported', place, `segment ${index} has no constant offset`);
  }
  return first.immediate >>> 0;
}

/** Segments are bounded here, so that making an instance can never trap. */
function checkSegments(module: WasmModule): void {
  const tables = placeOf(module, 'table');
  const segmentsMax = limits.wasmSegmentsMax;
  atMost(module.tables.length, 1, tables, 'tables');
  atMost(module.elements.length, segmentsMax, placeOf(module, 'element'), 'element segments');
  atMost(module.data.length, segmentsMax, placeOf(module, 'data'), 'data segments');
  const elements = module.tables[0]?.minimum ?? 0;
  const bytes = (module.memories[0]?.minimum ?? 0) * 65_536;
  atMost(elements, limits.wasmTableElementsMax, tables, 'table elements');
  const imported = module.imports.length;
  for (const [index, segment] of module.elements.entries()) {
    const place: Place = { section: 'element', offset: segment.offset[0]?.offset };
    if (constantOffset(module, index, 'element') + segment.functions.length > elements) {
      refuse('invalid', place, `segment ${index} runs past the table of ${elements}`);
    }
    const foreign = segment.functions.find((target) => target < imported);
    if (foreign !== undefined) {
      const name = quoted(module.imports[foreign]?.name ?? '');
      const message = `segment ${index} holds the imported function ${name}: wrap it in one of your own`;
      refuse('unsupported', place, message);
    }
  }
  for (const [index, segment] of module.data.entries()) {
    if (constantOffset(module, index, 'data') + segment.bytes.length > bytes) {
      const place: Place = { section: 'data', offset: segment.offset[0]?.offset };
      const message = `segment ${index} runs past the initial memory of ${bytes} bytes`;
      refuse('invalid', place, message);
    }
  }
}

function hasEntry(module: WasmModule, name: string): boolean {
  const entry = module.exports.find((candidate) => candidate.name === name);
  if (entry === undefined) return false;
  const own = entry.index - module.imports.length;
  const type = module.types[module.functions[own] ?? -1];
  const fits =
    entry.kind === 'function' &&
    type?.parameters.length === 1 &&
    type.parameters[0] === valueTypes.i32 &&
    type.results.length === 1 &&
    type.results[0] === valueTypes.i32;
  if (!fits) {
    const message = `"${name}" must be a function of the module, i32 -> i32`;
    refuse('export', placeOf(module, 'export'), message);
  }
  return true;
}

/** What the machine needs to know of an accepted module. */
export interface ContractFacts {
  /** The hook behind each imported function. */
  readonly hooks: readonly LinkedHook[];
  readonly hasConstructor: boolean;
  readonly initialPages: number;
  readonly dataSizeBytes: number;
  /** Globals and segments. */
  readonly parts: number;
  /** Slots of the table, and functions that segments put there. */
  readonly elements: number;
}

/**
 * Applies the chain's policy to a decoded module.
 * @throws ModuleError naming the place, the rule and the remedy.
 */
export function checkPolicy(module: WasmModule): ContractFacts {
  const hooks = checkImports(module);
  if (module.start !== undefined) {
    const message = 'the module has a start function: run that code from user_entrypoint';
    refuse('start', placeOf(module, 'start'), message);
  }
  const initialPages = checkMemory(module);
  const globals = placeOf(module, 'global');
  atMost(module.exports.length, limits.wasmExportsMax, placeOf(module, 'export'), 'exports');
  atMost(module.globals.length, limits.wasmGlobalsMax, globals, 'globals');
  const float = module.globals.findIndex((global) => isFloat(global.type.type));
  if (float >= 0) refuse('float', globals, `global ${float} is a float: ${noFloats}`);
  checkFunctions(module);
  checkSegments(module);
  if (!hasEntry(module, contractExports.entrypoint)) {
    const message = `"${contractExports.entrypoint}" must be exported, i32 -> i32`;
    refuse('export', placeOf(module, 'export'), message);
  }
  return {
    hooks,
    hasConstructor: hasEntry(module, contractExports.construct),
    initialPages,
    dataSizeBytes: module.data.reduce((sum, segment) => sum + segment.bytes.length, 0),
    parts: module.globals.length + module.data.length + module.elements.length,
    elements: module.elements.reduce(
      (sum, segment) => sum + segment.functions.length,
      module.tables[0]?.minimum ?? 0,
    ),
  };
}

const controlWorkName = 'branches, calls and blocks times locals and operands';

/** What the engine's compiler does at the control points of one function. */
function controlWork(body: FunctionBody, parameters: number, operandHeight: number): number {
  let points = 0;
  for (const { opcode, targets } of body.instructions) {
    if (cuts.has(opcode)) points += Math.max(1, targets.length);
  }
  const locals = body.locals.reduce((sum, group) => sum + group.count, 0);
  return points * (parameters + locals + operandHeight);
}

/** The shapes that only typing finds: how high operands are stacked, and what lies where control joins. */
export function checkHeights(
  operandHeights: readonly number[],
  module: WasmModule,
  sizeBytes: number,
): void {
  const { wasmControlWorkMax, wasmControlWorkBase, wasmControlWorkPerByte } = limits;
  const forSize = wasmControlWorkBase + wasmControlWorkPerByte * sizeBytes;
  const workMax = Math.min(wasmControlWorkMax, forSize);
  let work = 0;
  for (const [index, height] of operandHeights.entries()) {
    const functionIndex = module.imports.length + index;
    const place: Place = { section: 'code', functionIndex, offset: module.bodies[index]?.offset };
    atMost(height, limits.wasmOperandStackMax, place, 'operands at once');
    const type = module.types[module.functions[index] as number] as FunctionType;
    work += controlWork(module.bodies[index] as FunctionBody, type.parameters.length, height);
    atMost(work, workMax, place, controlWorkName);
  }
}

/** The module as it runs: only the exports that mean something, and a memory of at least one page. */
export function contractForm(module: WasmModule): WasmModule {
  const known: readonly string[] = Object.values(contractExports);
  return {
    ...module,
    exports: module.exports.filter((entry) => known.includes(entry.name)),
    memories: module.memories.map(({ minimum, maximum }) => ({
      minimum: Math.max(1, minimum),
      maximum: maximum === undefined ? undefined : Math.max(1, maximum),
    })),
  };
}
