/**
 * One module three ways: as it came in V8, metered in V8, and in the interpreter. Results, what was
 * logged, memory and gas must agree, and so must the least gas that suffices.
 */

import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { decodeModule } from '../../../src/vm/decoder.ts';
import { encodeModule } from '../../../src/vm/encoder.ts';
import { gasTable } from '../../../src/vm/gas-table.ts';
import { helperNames } from '../../../src/vm/helpers.ts';
import { instrument } from '../../../src/vm/instrument.ts';
import { type FunctionType, importsOf, type WasmModule } from '../../../src/vm/module.ts';
import { valueTypes } from '../../../src/vm/opcodes.ts';
import { validateWasm } from '../../../src/vm/validator.ts';
import type { Pick } from '../pick.ts';
import { Trap, type Value } from './arithmetic.ts';
import { Interpreter } from './interpreter.ts';

const table = gasTable(1);
const importCost = 5_000;
const memoryPagesMax = 64;

interface Budget {
  readonly ink: bigint;
  readonly stackWords: number;
}

/** What an engine shows of one call. After a trap only the logs count: the rest is undone. */
interface Observation {
  readonly end: 'returned' | 'trapped';
  readonly result: string;
  readonly logs: readonly string[];
  readonly memory: string;
  readonly globals: string;
  readonly inkLeft: bigint | undefined;
}

const show = (value: unknown): string =>
  Object.is(value, -0) ? '-0' : `${typeof value}:${String(value)}`;

/** The engine gives several results as a list, one as it is. */
function showResults(result: unknown): string {
  if (result === undefined) return '';
  return (Array.isArray(result) ? result : [result]).map(show).join();
}

function digest(memory: Uint8Array): string {
  return `${memory.length}:${crc32(memory)}`;
}

interface Prepared {
  readonly module: WasmModule;
  readonly heights: readonly number[];
  readonly original: WebAssembly.Module;
  readonly metered: WebAssembly.Module;
}

function prepare(bytes: Uint8Array): Prepared {
  const decoded = decodeModule(bytes);
  // A memory of its own and no start function, as the chain wants it; everything else as it came.
  const hasMemoryExport = decoded.exports.some((entry) => entry.kind === 'memory');
  const exports = hasMemoryExport
    ? decoded.exports
    : [...decoded.exports, { name: 'memory', kind: 'memory' as const, index: 0 }];
  const module: WasmModule = { ...decoded, exports, start: undefined };
  const heights = validateWasm(module);
  const metered = instrument(module, heights, {
    table,
    importInk: importsOf(module, 'function').map(() => importCost),
    memoryPagesMax,
  });
  return {
    module,
    heights,
    original: new WebAssembly.Module(encodeModule(module)),
    metered: new WebAssembly.Module(encodeModule(metered)),
  };
}

/** Imported functions note what they are given, and answer 1. */
function loggers(
  module: WasmModule,
  logs: string[],
): ((...values: Value[]) => Value | undefined)[] {
  return importsOf(module, 'function').map(({ typeIndex }, index) => (...values) => {
    logs.push(`${index} ${values.map(show).join(' ')}`);
    const results = module.types[typeIndex]?.results ?? [];
    if (results.length > 1) throw new Error('an import with several results');
    if (results[0] === undefined) return undefined;
    return results[0] === valueTypes.i64 ? 1n : 1;
  });
}

function runInEngine(
  { module, original, metered }: Prepared,
  name: string,
  parameters: readonly Value[],
  budget: Budget | undefined,
): Observation {
  const logs: string[] = [];
  const functions = loggers(module, logs);
  const imports: Record<string, Record<string, unknown>> = {};
  let next = 0;
  for (const entry of module.imports) {
    imports[entry.module] ??= {};
    (imports[entry.module] as Record<string, unknown>)[entry.name] = functions[next++];
  }
  const compiled = budget === undefined ? original : metered;
  const { exports } = new WebAssembly.Instance(compiled, imports);
  const helper = (which: string, ...values: Value[]): Value =>
    (exports[which] as (...each: Value[]) => Value)(...values);
  if (budget !== undefined) {
    helper(helperNames.writeInk, budget.ink);
    helper(helperNames.writeStack, budget.stackWords);
    helper(helperNames.writePages, memoryPagesMax);
  }
  let result: unknown;
  try {
    result = (exports[name] as (...values: Value[]) => unknown)(...parameters);
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    return { end: 'trapped', result: '', logs, memory: '', globals: '', inkLeft: undefined };
  }
  const memoryExport = module.exports.find((entry) => entry.kind === 'memory');
  const memory = exports[memoryExport?.name ?? ''] as WebAssembly.Memory;
  const globals = module.exports
    .filter((entry) => entry.kind === 'global')
    .map((entry) => show((exports[entry.name] as WebAssembly.Global).value));
  return {
    end: 'returned',
    result: showResults(result),
    logs,
    memory: digest(new Uint8Array(memory.buffer)),
    globals: globals.join(),
    inkLeft: budget === undefined ? undefined : (helper(helperNames.readInk) as bigint),
  };
}

function interpret(
  { module, heights }: Prepared,
  name: string,
  parameters: readonly Value[],
  budget: Budget,
): Observation {
  const logs: string[] = [];
  const interpreter = new Interpreter(module, {
    table,
    ...budget,
    pages: memoryPagesMax,
    memoryPagesMax,
    operandHeights: heights,
    imports: loggers(module, logs),
    importInk: importsOf(module, 'function').map(() => importCost),
  });
  let result: unknown;
  try {
    result = interpreter.call(name, parameters);
  } catch (error) {
    if (!(error instanceof Trap)) throw error;
    return { end: 'trapped', result: '', logs, memory: '', globals: '', inkLeft: undefined };
  }
  const globals = module.exports
    .filter((entry) => entry.kind === 'global')
    .map((entry) => show(interpreter.globals[entry.index]));
  return {
    end: 'returned',
    result: showResults(result),
    logs,
    memory: digest(interpreter.memory),
    globals: globals.join(),
    inkLeft: interpreter.ink,
  };
}

const text = (observation: Observation): string =>
  JSON.stringify(observation, (_, value) => (typeof value === 'bigint' ? String(value) : value));

export interface DifferentialReport {
  /** Calls of exported functions that were compared. */
  calls: number;
  /** Runs of them under a limit of gas. */
  limited: number;
  trapped: number;
  readonly differences: string[];
  /** Of all that the metered engine showed, so that processes can compare what their engines did. */
  readonly shown: Hash;
}

export function emptyReport(): DifferentialReport {
  return { calls: 0, limited: 0, trapped: 0, differences: [], shown: createHash('sha256') };
}

/** Enough for what the generator makes, little enough that endless loops end. */
const enough: Budget = { ink: 1_000_000n, stackWords: 2_000 };

function compareCall(
  prepared: Prepared,
  name: string,
  parameters: readonly Value[],
  report: DifferentialReport,
  { pick, isInterpreted }: Comparison,
): void {
  const differ = (what: string, left: Observation, right: Observation): void => {
    const [one, other] = [text(left), text(right)];
    if (one !== other)
      report.differences.push(
        `${name}(${parameters.map(show).join()}) ${what}: ${one} and ${other}`,
      );
  };
  const run = (budget: Budget): Observation => {
    const observed = runInEngine(prepared, name, parameters, budget);
    report.shown.update(text(observed));
    if (isInterpreted) {
      const what = `with ${budget.ink} ink, interpreted`;
      differ(what, observed, interpret(prepared, name, parameters, budget));
    }
    return observed;
  };
  const metered = run(enough);
  report.calls += 1;
  if (metered.end === 'trapped') report.trapped += 1;
  else {
    const plain = runInEngine(prepared, name, parameters, undefined);
    differ('unmetered', { ...metered, inkLeft: undefined }, plain);
  }
  const used = enough.ink - (metered.inkLeft ?? 0n);
  const limits = [used, used - 1n, used / 2n, (used * BigInt(pick(1_000))) / 1_000n];
  for (const ink of limits) {
    if (ink < 0n) continue;
    const limited = run({ ...enough, ink });
    if (metered.end === 'returned' && (limited.end === 'returned') !== ink >= used) {
      report.differences.push(`${name}: ${ink} ink ${limited.end}, ${used} are needed`);
    }
    report.limited += 1;
  }
}

function parameterOf(type: number, pick: Pick): Value {
  const edges = [0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 255, 65_536, 7];
  const number = edges[pick(edges.length)] as number;
  if (type === valueTypes.i64) return BigInt(number);
  return type === valueTypes.f32 ? Math.fround(number) : number;
}

interface Comparison {
  /** Chooses parameters and limits. */
  readonly pick: Pick;
  /** Without it, only the metered form is held against the unmetered one. */
  readonly isInterpreted: boolean;
}

/**
 * Compares all exported functions of a module.
 * @throws ModuleError when our rules refuse the module.
 */
export function compareModule(
  bytes: Uint8Array,
  comparison: Comparison,
  report: DifferentialReport,
): void {
  const prepared = prepare(bytes);
  const { module } = prepared;
  const imported = importsOf(module, 'function').length;
  for (const { name, kind, index } of module.exports) {
    if (kind !== 'function' || index < imported) continue;
    const type = module.types[module.functions[index - imported] as number] as FunctionType;
    const parameters = type.parameters.map((each) => parameterOf(each, comparison.pick));
    compareCall(prepared, name, parameters, report, comparison);
  }
}
