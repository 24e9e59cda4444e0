/**
 * What the chain accepts of WebAssembly: integers only, no start function, its own memory, imports
 * from `vm_hooks` alone, and bounded shapes, so that 128 KiB can never cost seconds of compilation.
 * Runs before the types are checked, so that those checks are bounded too.
 */

import { limits } from '../primitives/limits.ts';
import { ModuleError, type ModuleRefusal } from './binary.ts';
import { hookModule, type LinkedHook, linkHook } from './hook-signatures.ts';
import { type FunctionBody, type FunctionType, importsOf, type WasmModule } from './module.ts';
import { opcodes, operators, valueTypes } from './opcodes.ts';

/** Exports that mean something; all others are dropped. */
export const contractExports = {
  memory: 'memory',
  entrypoint: 'user_entrypoint',
  construct: 'user_constructor',
} as const;

function refuse(code: ModuleRefusal['code'], message: string): never {
  throw new ModuleError(code, message);
}

function atMost(count: number, max: number, what: string): void {
  if (count > max) refuse('limit', `${count} ${what}, at most ${max}: split the contract`);
}

const isFloat = (type: number): boolean => type === valueTypes.f32 || type === valueTypes.f64;

const noFloats =
  'contracts are integer only: use fixed-point numbers, or 256-bit integers of the SDK';

function checkType(type: FunctionType, index: number): void {
  if ([...type.parameters, ...type.results].some(isFloat)) {
    refuse('float', `type ${index} has a float: ${noFloats}`);
  }
  atMost(
    type.parameters.length,
    limits.wasmParametersPerFunctionMax,
    `parameters in type ${index}`,
  );
}

interface BodyShape {
  readonly locals: number;
  readonly blocks: number;
}

function checkBody(body: FunctionBody, index: number): BodyShape {
  const place = `in function ${index} at byte ${body.offset}`;
  atMost(body.sizeBytes, limits.wasmBodySizeBytesMax, `bytes of code ${place}`);
  let locals = 0;
  for (const group of body.locals) {
    if (isFloat(group.type)) refuse('float', `function ${index} has a float local: ${noFloats}`);
    locals += group.count;
  }
  atMost(locals, limits.wasmLocalsPerFunctionMax, `locals ${place}`);
  let blocks = 0;
  let loops = 0;
  let depth = 0;
  for (const instruction of body.instructions) {
    const operator = operators.get(instruction.opcode);
    if (operator?.isFloat) {
      refuse(
        'float',
        `${operator.name} in function ${index} at byte ${instruction.offset}: ${noFloats}`,
      );
    }
    if (operator?.immediate === 'block') {
      depth += 1;
      blocks += 1;
      if (instruction.opcode === opcodes.loop) loops += 1;
      atMost(depth, limits.wasmNestingMax, `nested blocks ${place}`);
    } else if (instruction.opcode === opcodes.end) depth -= 1;
    atMost(instruction.targets.length - 1, limits.wasmBranchTableMax, `branch targets ${place}`);
  }
  atMost(blocks, limits.wasmBlocksPerFunctionMax, `blocks ${place}`);
  atMost(loops, limits.wasmLoopsPerFunctionMax, `loops ${place}`);
  return { locals, blocks };
}

function checkFunctions(module: WasmModule): void {
  atMost(module.types.length, limits.wasmTypesMax, 'types');
  atMost(module.functions.length, limits.wasmFunctionsMax, 'functions');
  for (const [index, type] of module.types.entries()) checkType(type, index);
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
  atMost(parameters, limits.wasmParametersTotalMax, 'parameters in all');
  atMost(locals, limits.wasmLocalsTotalMax, 'locals in all');
  atMost(blocks, limits.wasmBlocksTotalMax, 'blocks in all');
}

function checkImports(module: WasmModule): LinkedHook[] {
  atMost(module.imports.length, limits.wasmImportsMax, 'imports');
  const seen = new Set<string>();
  return module.imports.map(({ module: from, name, description, offset }) => {
    const place = `import ${from}.${name} at byte ${offset}`;
    if (description.kind !== 'function') {
      refuse('import', `${place} is a ${description.kind}: a contract brings its own`);
    }
    if (from !== hookModule) {
      refuse('import', `${place}: only ${hookModule} can be imported (asc: --use abort=)`);
    }
    if (seen.has(name)) refuse('import', `${place} is there twice`);
    seen.add(name);
    const type = module.types[description.typeIndex];
    if (type === undefined) return refuse('invalid', `${place} has no type`);
    const link = linkHook(name, type);
    return 'hook' in link ? link.hook : refuse('import', `${place}: ${link.problem}`);
  });
}

function checkMemory(module: WasmModule): number {
  const [memory] = module.memories;
  if (memory === undefined || module.memories.length > 1) {
    refuse('memory', `${module.memories.length} memories, 1 of its own is needed`);
  }
  atMost(memory.minimum, limits.wasmInitialPagesMax, 'initial memory pages');
  if (!module.exports.some((entry) => entry.kind === 'memory' && entry.name === 'memory')) {
    refuse('export', 'memory must be exported as "memory"');
  }
  return memory.minimum;
}

function constantOffset(module: WasmModule, index: number, what: 'data' | 'element'): number {
  const segment = (what === 'data' ? module.data : module.elements)[index];
  const first = segment?.offset[0];
  if (first?.opcode !== opcodes.i32Const) {
    return refuse('unsupported', `${what} segment ${index} has no constant offset`);
  }
  return first.immediate >>> 0;
}

/** Segments are bounded here, so that making an instance can never trap. */
function checkSegments(module: WasmModule): void {
  atMost(module.tables.length, 1, 'tables');
  atMost(module.elements.length, limits.wasmSegmentsMax, 'element segments');
  atMost(module.data.length, limits.wasmSegmentsMax, 'data segments');
  const elements = module.tables[0]?.minimum ?? 0;
  const bytes = (module.memories[0]?.minimum ?? 0) * 65_536;
  atMost(elements, limits.wasmTableElementsMax, 'table elements');
  const imported = module.imports.length;
  for (const [index, segment] of module.elements.entries()) {
    if (constantOffset(module, index, 'element') + segment.functions.length > elements) {
      refuse('invalid', `element segment ${index} runs past the table of ${elements}`);
    }
    const foreign = segment.functions.find((target) => target < imported);
    if (foreign !== undefined) {
      refuse(
        'unsupported',
        `element segment ${index} holds the imported function ${module.imports[foreign]?.name}: ` +
          'wrap it in a function of your own',
      );
    }
  }
  for (const [index, segment] of module.data.entries()) {
    if (constantOffset(module, index, 'data') + segment.bytes.length > bytes) {
      refuse('invalid', `data segment ${index} runs past the initial memory of ${bytes} bytes`);
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
  if (!fits) refuse('export', `"${name}" must be a function of the module, i32 -> i32`);
  return true;
}

/** What the machine needs to know of an accepted module. */
export interface ContractFacts {
  /** The hook behind each imported function. */
  readonly hooks: readonly LinkedHook[];
  readonly hasConstructor: boolean;
  readonly initialPages: number;
  readonly dataSizeBytes: number;
}

/**
 * Applies the chain's policy to a decoded module.
 * @throws ModuleError naming the place, the rule and the remedy.
 */
export function checkPolicy(module: WasmModule): ContractFacts {
  const hooks = checkImports(module);
  if (module.start !== undefined) {
    refuse('start', 'the module has a start function: run that code from user_entrypoint');
  }
  const initialPages = checkMemory(module);
  atMost(module.exports.length, limits.wasmExportsMax, 'exports');
  atMost(module.globals.length, limits.wasmGlobalsMax, 'globals');
  if (module.globals.some((global) => isFloat(global.type.type))) {
    refuse('float', `a global is a float: ${noFloats}`);
  }
  checkFunctions(module);
  checkSegments(module);
  if (!hasEntry(module, contractExports.entrypoint)) {
    refuse('export', `"${contractExports.entrypoint}" must be exported, i32 -> i32`);
  }
  return {
    hooks,
    hasConstructor: hasEntry(module, contractExports.construct),
    initialPages,
    dataSizeBytes: module.data.reduce((sum, segment) => sum + segment.bytes.length, 0),
  };
}

/** The one shape that only typing finds: how high operands are stacked. */
export function checkHeights(operandHeights: readonly number[], module: WasmModule): void {
  for (const [index, height] of operandHeights.entries()) {
    const what = `operands at once in function ${module.imports.length + index}`;
    atMost(height, limits.wasmOperandStackMax, what);
  }
}

/** The module with only the exports that mean something. */
export function dropUnknownExports(module: WasmModule): WasmModule {
  const known: readonly string[] = Object.values(contractExports);
  return { ...module, exports: module.exports.filter((entry) => known.includes(entry.name)) };
}
