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
import { emptyBlock, opcodeSlot, opcodeSlots, opcodes, operators, valueTypes } from './opcodes.ts';

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

type Code = readonly Instruction[];

/**
 * The instructions that read and write the counters of functions whose local counter has the same
 * index. Each sequence is made once: making them again for every function took two thirds of the time.
 */
class Meter {
  private readonly helpers: Helpers;
  private readonly gasLocal: Instruction;
  private readonly teeGas: Instruction;
  private readonly charges = new Map<number, Code>();
  private readonly moves = new Map<number, Code>();
  private readonly wrapped = new Map<number, Code>();
  /** Local counter from the global, and back. */
  readonly load: Code;
  readonly save: Code;
  /** Traps when the stack budget is overdrawn. */
  readonly checkStack: Code;

  constructor(helpers: Helpers, localIndex: number) {
    this.helpers = helpers;
    this.gasLocal = instruction(opcodes.localGet, localIndex);
    this.teeGas = instruction(opcodes.localTee, localIndex);
    this.load = [
      instruction(opcodes.globalGet, helpers.inkGlobal),
      instruction(opcodes.localSet, localIndex),
    ];
    this.save = [this.gasLocal, instruction(opcodes.globalSet, helpers.inkGlobal)];
    this.checkStack = [
      instruction(opcodes.globalGet, helpers.stackGlobal),
      instruction(opcodes.i32Const, 0),
      instruction(opcodes.i32LtS),
      ...trapIf,
    ];
  }

  charge(ink: number): Code {
    return known(this.charges, ink, () => [
      this.gasLocal,
      instruction(opcodes.i64Const, 0, BigInt(ink)),
      subtract,
      this.teeGas,
      ...trapIfNegative,
    ]);
  }

  /** Takes `words` from the stack budget; negative gives them back. */
  moveStack(words: number): Code {
    return known(this.moves, words, () => [
      instruction(opcodes.globalGet, this.helpers.stackGlobal),
      instruction(opcodes.i32Const, words),
      instruction(opcodes.i32Sub),
      instruction(opcodes.globalSet, this.helpers.stackGlobal),
    ]);
  }

  /** A call of the function that does `opcode` with metering, or undefined when it stays as it is. */
  replacement(opcode: number): Code | undefined {
    const helper = this.helpers.replacements.get(opcode);
    if (helper === undefined) return undefined;
    return known(this.wrapped, helper, () => [
      ...this.save,
      instruction(opcodes.call, helper),
      ...this.load,
    ]);
  }
}

function known(made: Map<number, Code>, key: number, make: () => Code): Code {
  let code = made.get(key);
  if (code === undefined) {
    code = make();
    made.set(key, code);
  }
  return code;
}

function append(output: Instruction[], code: Code): void {
  for (const each of code) output.push(each);
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

/** The price classes, and the place there of each operator's class by its `opcodeSlot`. */
const operatorClasses = [...new Set([...operators.values()].map((operator) => operator.class))];
const classOfSlot = new Uint8Array(opcodeSlots);
for (const operator of operators.values()) {
  classOfSlot[opcodeSlot(operator.opcode)] = operatorClasses.indexOf(operator.class);
}

/** What the bodies of one module have in common. */
class BodyPlan {
  readonly prices: InkPrices;
  readonly importInk: readonly number[];
  readonly resultTypes: ResultTypes;
  private readonly classInk: readonly number[];
  private readonly helpers: Helpers;
  private readonly meters = new Map<number, Meter>();

  constructor(options: InstrumentOptions, helpers: Helpers, resultTypes: ResultTypes) {
    this.prices = options.table.ink;
    this.importInk = options.importInk;
    this.helpers = helpers;
    this.resultTypes = resultTypes;
    this.classInk = operatorClasses.map((each) => this.prices.operators[each]);
  }

  operatorInk(opcode: number): number {
    return this.classInk[classOfSlot[opcodeSlot(opcode)] as number] as number;
  }

  meterFor(localIndex: number): Meter {
    let meter = this.meters.get(localIndex);
    if (meter === undefined) {
      meter = new Meter(this.helpers, localIndex);
      this.meters.set(localIndex, meter);
    }
    return meter;
  }
}

/** Appends the rewritten form of one instruction. */
function rewrite(output: Instruction[], original: Instruction, depth: number, meter: Meter): void {
  switch (original.opcode) {
    case opcodes.call:
    case opcodes.callIndirect:
      append(output, meter.save);
      output.push(original);
      append(output, meter.load);
      return;
    case opcodes.memoryGrow:
    case opcodes.memoryCopy:
    case opcodes.memoryFill:
      append(output, meter.replacement(original.opcode) ?? [original]);
      return;
    case opcodes.return:
      output.push(instruction(opcodes.br, depth));
      return;
    default:
      output.push(original);
  }
}

function instrumentBody(
  body: FunctionBody,
  type: FunctionType,
  operandHeight: number,
  plan: BodyPlan,
): FunctionBody {
  const { prices } = plan;
  const declared = body.locals.reduce((sum, group) => sum + group.count, 0);
  const variables = type.parameters.length + declared;
  const meter = plan.meterFor(variables);
  const words = frameWords(body, type, operandHeight);
  const output: Instruction[] = [];
  append(output, meter.moveStack(words));
  append(output, meter.checkStack);
  append(output, meter.load);
  output.push(instruction(opcodes.block, plan.resultTypes.blockType(type)));
  const { instructions } = body;
  let runStart = 0;
  let cost = prices.functionEntry + prices.functionLocal * variables;
  let depth = 0;
  for (let index = 0; index < instructions.length; index++) {
    const { opcode, immediate } = instructions[index] as Instruction;
    cost += plan.operatorInk(opcode);
    if (opcode === opcodes.call) cost += plan.importInk[immediate] ?? 0;
    if (cuts.has(opcode)) {
      if (cost > 0) append(output, meter.charge(cost + prices.chargePoint));
      // Only the last of a run can be a return, whose label is counted from here.
      for (let each = runStart; each <= index; each++) {
        rewrite(output, instructions[each] as Instruction, depth, meter);
      }
      runStart = index + 1;
      cost = 0;
    }
    if (opcode >= opcodes.block && opcode <= opcodes.if) depth += 1;
    else if (opcode === opcodes.end) depth -= 1;
  }
  append(output, meter.save);
  append(output, meter.moveStack(-words));
  output.push(endOfCode);
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
  const plan = new BodyPlan(options, helpers, resultTypes);
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
