/**
 * The counters and functions that instrumentation adds to a module: globals, the exported
 * functions by which the host reads and charges them, and the metered forms of memory.grow,
 * memory.copy and memory.fill.
 */

import type { InkPrices } from './gas-table.ts';
import {
  type Export,
  type FunctionBody,
  type FunctionType,
  type Global,
  type Instruction,
  importsOf,
  instruction,
  type WasmModule,
} from './module.ts';
import { emptyBlock, opcodes, valueTypes } from './opcodes.ts';

/** No export of a contract can begin like this: policy drops all names that it does not know. */
const reservedPrefix = 'dodona:';

/** The injected exports, as the host sees them. */
export const helperNames = {
  /** (ink: i32) -> i32: takes ink (unsigned); 1 when there was not enough. */
  take: `${reservedPrefix}take`,
  /** (ink: i32) -> i32: 1 when so much ink (unsigned) is left. */
  has: `${reservedPrefix}has`,
  readInk: `${reservedPrefix}read_ink`,
  writeInk: `${reservedPrefix}write_ink`,
  readStack: `${reservedPrefix}read_stack`,
  writeStack: `${reservedPrefix}write_stack`,
  readPages: `${reservedPrefix}read_pages`,
  writePages: `${reservedPrefix}write_pages`,
  /** () -> i32: 1 when the engine did not give memory that the rules allow. */
  readFault: `${reservedPrefix}read_fault`,
  /** () -> (): gives every global of the module its initial value. */
  reset: `${reservedPrefix}reset`,
} as const;

export interface Helpers {
  readonly inkGlobal: number;
  readonly stackGlobal: number;
  /** Operator -> index of the function that does it with metering. */
  readonly replacements: ReadonlyMap<number, number>;
}

interface HelperOptions {
  readonly prices: InkPrices;
  readonly initialInk: bigint;
  readonly initialStackWords: number;
  readonly initialPages: number;
  /** Undefined when the memory is not the module's own. */
  readonly memoryPagesMax: number | undefined;
  readonly hasMemory: boolean;
}

interface Injected {
  readonly helpers: Helpers;
  readonly types: readonly FunctionType[];
  readonly functions: readonly number[];
  readonly globals: readonly Global[];
  readonly exports: readonly Export[];
  readonly bodies: readonly FunctionBody[];
}

const { i32, i64 } = valueTypes;
const op = instruction;
const end = op(opcodes.end);
const trap: readonly Instruction[] = [op(opcodes.if, emptyBlock), op(opcodes.unreachable), end];
const local = (index: number): Instruction => op(opcodes.localGet, index);

/** Takes (value of local `amount`) * price from the ink global and traps below zero. */
function takeProduct(inkGlobal: number, amount: number, price: number): Instruction[] {
  return [
    op(opcodes.globalGet, inkGlobal),
    local(amount),
    op(opcodes.i64ExtendI32U),
    op(opcodes.i64Const, 0, BigInt(price)),
    op(opcodes.i64Mul),
    op(opcodes.i64Sub),
    op(opcodes.globalSet, inkGlobal),
    op(opcodes.globalGet, inkGlobal),
    op(opcodes.i64Const, 0, 0n),
    op(opcodes.i64LtS),
    ...trap,
  ];
}

function globalOf(type: number, initial: Instruction): Global {
  return { type: { type, isMutable: true }, initial: [initial, end] };
}

interface HelperFunction {
  readonly type: FunctionType;
  readonly locals: FunctionBody['locals'];
  readonly code: readonly Instruction[];
  readonly exportName?: string;
  readonly replaces?: number;
}

interface Counters {
  readonly ink: number;
  readonly stack: number;
  /** Pages by which the transaction's memories may still grow together. */
  readonly pages: number;
  readonly fault: number;
}

function counterFunctions({ ink, stack, pages, fault }: Counters): HelperFunction[] {
  const take: HelperFunction = {
    type: { parameters: [i32], results: [i32] },
    locals: [],
    exportName: helperNames.take,
    code: [
      op(opcodes.globalGet, ink),
      local(0),
      op(opcodes.i64ExtendI32U),
      op(opcodes.i64Sub),
      op(opcodes.globalSet, ink),
      op(opcodes.globalGet, ink),
      op(opcodes.i64Const, 0, 0n),
      op(opcodes.i64LtS),
    ],
  };
  const has: HelperFunction = {
    type: { parameters: [i32], results: [i32] },
    locals: [],
    exportName: helperNames.has,
    code: [
      op(opcodes.globalGet, ink),
      local(0),
      op(opcodes.i64ExtendI32U),
      op(opcodes.i64LtS),
      op(opcodes.i32Const, 0),
      op(opcodes.i32Eq),
    ],
  };
  const reader = (exportName: string, type: number, index: number): HelperFunction => ({
    type: { parameters: [], results: [type] },
    locals: [],
    exportName,
    code: [op(opcodes.globalGet, index)],
  });
  const writer = (exportName: string, type: number, index: number): HelperFunction => ({
    type: { parameters: [type], results: [] },
    locals: [],
    exportName,
    code: [local(0), op(opcodes.globalSet, index)],
  });
  return [
    take,
    has,
    reader(helperNames.readInk, i64, ink),
    writer(helperNames.writeInk, i64, ink),
    reader(helperNames.readStack, i32, stack),
    writer(helperNames.writeStack, i32, stack),
    reader(helperNames.readPages, i32, pages),
    writer(helperNames.writePages, i32, pages),
    reader(helperNames.readFault, i32, fault),
  ];
}

/** Initial values are constants, or immutable globals of others: they can be computed again. */
function resetFunction(module: WasmModule): HelperFunction {
  const first = importsOf(module, 'global').length;
  return {
    type: { parameters: [], results: [] },
    locals: [],
    exportName: helperNames.reset,
    code: module.globals.flatMap(({ type, initial }, index) =>
      type.isMutable ? [...initial.slice(0, -1), op(opcodes.globalSet, first + index)] : [],
    ),
  };
}

/** Answers -1 from the function when the i32 of `local 0` is above the pages that are left. */
function refuseBeyond(pages: number): readonly Instruction[] {
  return [
    local(0),
    op(opcodes.globalGet, pages),
    op(opcodes.i32GtU),
    op(opcodes.if, emptyBlock),
    op(opcodes.i32Const, -1),
    op(opcodes.return),
    end,
  ];
}

/**
 * Charges, grows within what is left to the transaction, and marks a fault when growth fails
 * although size + pages <= maximum.
 */
function growFunction({ ink, pages, fault }: Counters, options: HelperOptions): HelperFunction {
  const { memoryPagesMax } = options;
  const faultCheck: readonly Instruction[] =
    memoryPagesMax === undefined
      ? []
      : [
          local(1),
          op(opcodes.i32Const, -1),
          op(opcodes.i32Eq),
          op(opcodes.if, emptyBlock),
          op(opcodes.memorySize),
          op(opcodes.i64ExtendI32U),
          local(0),
          op(opcodes.i64ExtendI32U),
          op(opcodes.i64Add),
          op(opcodes.i64Const, 0, BigInt(memoryPagesMax)),
          op(opcodes.i64LeU),
          op(opcodes.if, emptyBlock),
          op(opcodes.i32Const, 1),
          op(opcodes.globalSet, fault),
          op(opcodes.unreachable),
          end,
          end,
        ];
  return {
    type: { parameters: [i32], results: [i32] },
    locals: [{ count: 1, type: i32 }],
    replaces: opcodes.memoryGrow,
    code: [
      ...takeProduct(ink, 0, options.prices.growPage),
      ...refuseBeyond(pages),
      local(0),
      op(opcodes.memoryGrow),
      op(opcodes.localSet, 1),
      ...faultCheck,
      local(1),
      op(opcodes.i32Const, -1),
      op(opcodes.i32Eq),
      op(opcodes.if, emptyBlock),
      op(opcodes.i32Const, -1),
      op(opcodes.return),
      end,
      op(opcodes.globalGet, pages),
      local(0),
      op(opcodes.i32Sub),
      op(opcodes.globalSet, pages),
      local(1),
    ],
  };
}

/**
 * Charges for each byte, then copies or fills. V8 takes 93 ns to fill nothing and 4 to copy nothing,
 * with the same check of the address.
 */
function bulkFunction(opcode: number, ink: number, price: number): HelperFunction {
  const operation = [local(0), local(1), local(2), op(opcode)];
  const nothing = [local(0), local(0), local(2), op(opcodes.memoryCopy)];
  const fill = [
    local(2),
    op(opcodes.if, emptyBlock),
    ...operation,
    op(opcodes.else),
    ...nothing,
    end,
  ];
  return {
    type: { parameters: [i32, i32, i32], results: [] },
    locals: [],
    replaces: opcode,
    code: [...takeProduct(ink, 2, price), ...(opcode === opcodes.memoryFill ? fill : operation)],
  };
}

/** What to append to `module`, and where the counters will be. */
export function injectHelpers(module: WasmModule, options: HelperOptions): Injected {
  const inkGlobal = importsOf(module, 'global').length + module.globals.length;
  const stackGlobal = inkGlobal + 1;
  const counters: Counters = {
    ink: inkGlobal,
    stack: stackGlobal,
    pages: inkGlobal + 2,
    fault: inkGlobal + 3,
  };
  const functions = [...counterFunctions(counters), resetFunction(module)];
  if (options.hasMemory) {
    functions.push(
      growFunction(counters, options),
      bulkFunction(opcodes.memoryCopy, inkGlobal, options.prices.bulkByte),
      bulkFunction(opcodes.memoryFill, inkGlobal, options.prices.bulkByte),
    );
  }
  const firstFunction = importsOf(module, 'function').length + module.functions.length;
  const exports: Export[] = [];
  const replacements = new Map<number, number>();
  for (const [index, helper] of functions.entries()) {
    const functionIndex = firstFunction + index;
    if (helper.replaces !== undefined) replacements.set(helper.replaces, functionIndex);
    if (helper.exportName !== undefined) {
      exports.push({ name: helper.exportName, kind: 'function', index: functionIndex });
    }
  }
  return {
    helpers: { inkGlobal, stackGlobal, replacements },
    types: functions.map((helper) => helper.type),
    functions: functions.map((_, index) => module.types.length + index),
    globals: [
      globalOf(i64, op(opcodes.i64Const, 0, options.initialInk)),
      globalOf(i32, op(opcodes.i32Const, options.initialStackWords)),
      globalOf(i32, op(opcodes.i32Const, options.initialPages)),
      globalOf(i32, op(opcodes.i32Const, 0)),
    ],
    exports,
    bodies: functions.map((helper) => ({
      locals: helper.locals,
      instructions: [...helper.code, end],
      offset: 0,
      sizeBytes: 0,
    })),
  };
}
