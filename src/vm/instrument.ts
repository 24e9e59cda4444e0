/**
 * Rewrites a valid module so that it counts what it uses. Gas lives in an i64 local of each
 * function, is written back around calls and exits, and is taken before each straight run of code;
 * stack words are taken at entry and given back at the one exit. Both end in `unreachable`.
 */

import type { GasTable, InkPrices } from './gas-table.ts';
import { type Helpers, injectHelpers } from './helpers.ts';
import {
  blockTypeOfIndex,
  type FunctionBody,
  type FunctionType,
  type Instruction,
  importsOf,
  instruction,
  type SizeLimits,
  type WasmModule,
} from './module.ts';
import { emptyBlock, type Operator, opcodes, operators, valueTypes } from './opcodes.ts';

export interface InstrumentOptions {
  readonly table: GasTable;
  /** Fixed ink of each imported function, charged by the caller. */
  readonly importInk: readonly number[];
  /** Replaces the maximum of the module's own memory. */
  readonly memoryPagesMax: number;
  /** What the counters hold in a fresh instance: 0, except for start functions in tests. */
  readonly initialInk?: bigint;
  readonly initialStackWords?: number;
  readonly initialPages?: number;
}

/**
 * Stack words of one frame, an upper bound of what V8 uses: its baseline compiler takes
 * 48 + 8 * (locals + operands) + 23 * parameters bytes (measured on V8 11.3). The figures are those
 * of the rewritten body: one more local, two more operands.
 */
function frameWords(body: FunctionBody, type: FunctionType, operandHeight: number): number {
  const declared = body.locals.reduce((sum, group) => sum + group.count, 0);
  return 8 + (declared + 1) + (operandHeight + 2) + 3 * type.parameters.length;
}

const endOfCode = instruction(opcodes.end);
const trapIf: readonly Instruction[] = [
  instruction(opcodes.if, emptyBlock),
  instruction(opcodes.unreachable),
  endOfCode,
];

const subtract = instruction(opcodes.i64Sub);
const trapIfNegative: readonly Instruction[] = [
  instruction(opcodes.i64Const, 0, 0n),
  instruction(opcodes.i64LtS),
  ...trapIf,
];

/** The instructions of one function that read and write its counters. */
class Meter {
  private readonly helpers: Helpers;
  private readonly gasLocal: Instruction;
  private readonly teeGas: Instruction;
  /** Local counter from the global, and back. */
  readonly load: readonly Instruction[];
  readonly save: readonly Instruction[];

  constructor(helpers: Helpers, localIndex: number) {
    this.helpers = helpers;
    this.gasLocal = instruction(opcodes.localGet, localIndex);
    this.teeGas = instruction(opcodes.localTee, localIndex);
    this.load = [
      instruction(opcodes.globalGet, helpers.inkGlobal),
      instruction(opcodes.localSet, localIndex),
    ];
    this.save = [this.gasLocal, instruction(opcodes.globalSet, helpers.inkGlobal)];
  }

  charge(ink: number): readonly Instruction[] {
    return [
      this.gasLocal,
      instruction(opcodes.i64Const, 0, BigInt(ink)),
      subtract,
      this.teeGas,
      ...trapIfNegative,
    ];
  }

  /** Takes `words` from the stack budget; negative gives them back. */
  moveStack(words: number): readonly Instruction[] {
    return [
      instruction(opcodes.globalGet, this.helpers.stackGlobal),
      instruction(opcodes.i32Const, words),
      instruction(opcodes.i32Sub),
      instruction(opcodes.globalSet, this.helpers.stackGlobal),
    ];
  }

  checkStack(): readonly Instruction[] {
    return [
      instruction(opcodes.globalGet, this.helpers.stackGlobal),
      instruction(opcodes.i32Const, 0),
      instruction(opcodes.i32LtS),
      ...trapIf,
    ];
  }
}

/** Ends a straight run: nothing after these is paid by what stands before them. */
export const cuts: ReadonlySet<number> = new Set([
  opcodes.unreachable,
  opcodes.loop,
  opcodes.if,
  opcodes.else,
  opcodes.end,
  opcodes.br,
  opcodes.brIf,
  opcodes.brTable,
  opcodes.return,
  opcodes.call,
  opcodes.callIndirect,
  opcodes.memoryGrow,
  opcodes.memoryCopy,
  opcodes.memoryFill,
]);

/** Types of the block around bodies that return several values, and where each will be. */
class ResultTypes {
  readonly added: FunctionType[] = [];
  private readonly indices = new Map<string, number>();

  constructor(module: WasmModule) {
    for (const { results } of module.types) {
      const key = results.join();
      if (results.length < 2 || this.indices.has(key)) continue;
      this.indices.set(key, module.types.length + this.added.length);
      this.added.push({ parameters: [], results });
    }
  }

  blockType({ results }: FunctionType): number {
    const index = this.indices.get(results.join());
    return index === undefined ? (results[0] ?? emptyBlock) : blockTypeOfIndex(index);
  }
}

interface BodyPlan {
  readonly prices: InkPrices;
  readonly importInk: readonly number[];
  readonly helpers: Helpers;
  readonly resultTypes: ResultTypes;
}

/** The rewritten form of one instruction; a list when calls are wrapped. */
function rewrite(
  original: Instruction,
  depth: number,
  meter: Meter,
  helpers: Helpers,
): readonly Instruction[] {
  const helper = helpers.replacements.get(original.opcode);
  if (helper !== undefined) {
    return [...meter.save, instruction(opcodes.call, helper), ...meter.load];
  }
  switch (original.opcode) {
    case opcodes.call:
    case opcodes.callIndirect:
      return [...meter.save, original, ...meter.load];
    case opcodes.return:
      return [instruction(opcodes.br, depth)];
    default:
      return [original];
  }
}

function instrumentBody(
  body: FunctionBody,
  type: FunctionType,
  operandHeight: number,
  plan: BodyPlan,
): FunctionBody {
  const { prices, helpers } = plan;
  const declared = body.locals.reduce((sum, group) => sum + group.count, 0);
  const variables = type.parameters.length + declared;
  const meter = new Meter(helpers, variables);
  const words = frameWords(body, type, operandHeight);
  const output: Instruction[] = [
    ...meter.moveStack(words),
    ...meter.checkStack(),
    ...meter.load,
    instruction(opcodes.block, plan.resultTypes.blockType(type)),
  ];
  let run: Instruction[] = [];
  let cost = prices.functionEntry + prices.functionLocal * variables;
  let depth = 0;
  for (const original of body.instructions) {
    const operator = operators.get(original.opcode) as Operator;
    cost += prices.operators[operator.class];
    if (original.opcode === opcodes.call) cost += plan.importInk[original.immediate] ?? 0;
    for (const each of rewrite(original, depth, meter, helpers)) run.push(each);
    if (operator.immediate === 'block') depth += 1;
    else if (original.opcode === opcodes.end) depth -= 1;
    if (!cuts.has(original.opcode)) continue;
    if (cost > 0) output.push(...meter.charge(cost + prices.chargePoint));
    for (const each of run) output.push(each);
    run = [];
    cost = 0;
  }
  output.push(...meter.save, ...meter.moveStack(-words), endOfCode);
  return {
    locals: [...body.locals, { count: 1, type: valueTypes.i64 }],
    instructions: output,
    offset: body.offset,
    sizeBytes: body.sizeBytes,
  };
}

/**
 * The metered form of a module that `validateWasm` accepted. `operandHeights` is its answer.
 * Helper functions and counters come after all others, so that no index changes.
 */
export function instrument(
  module: WasmModule,
  operandHeights: readonly number[],
  options: InstrumentOptions,
): WasmModule {
  const { table } = options;
  const memories = module.memories.map(
    (memory): SizeLimits => ({
      minimum: memory.minimum,
      maximum: Math.min(memory.maximum ?? options.memoryPagesMax, options.memoryPagesMax),
    }),
  );
  const resultTypes = new ResultTypes(module);
  const types = [...module.types, ...resultTypes.added];
  const { helpers, ...injected } = injectHelpers(
    { ...module, types },
    {
      prices: table.ink,
      initialInk: options.initialInk ?? 0n,
      initialStackWords: options.initialStackWords ?? 0,
      initialPages: options.initialPages ?? 0,
      memoryPagesMax: memories[0]?.maximum,
      hasMemory: module.memories.length + importsOf(module, 'memory').length > 0,
    },
  );
  const plan: BodyPlan = { prices: table.ink, importInk: options.importInk, helpers, resultTypes };
  const bodies = module.bodies.map((body, index) =>
    instrumentBody(
      body,
      module.types[module.functions[index] as number] as FunctionType,
      operandHeights[index] as number,
      plan,
    ),
  );
  return {
    ...module,
    memories,
    types: [...types, ...injected.types],
    functions: [...module.functions, ...injected.functions],
    globals: [...module.globals, ...injected.globals],
    exports: [...module.exports, ...injected.exports],
    bodies: [...bodies, ...injected.bodies],
  };
}
