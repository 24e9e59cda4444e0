/**
 * Runs the official WebAssembly suite (JSON commands written by wast2json) through decoder,
 * validator, instrumentation, encoder and V8.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ModuleError } from '../../src/vm/binary.ts';
import { decodeModule } from '../../src/vm/decoder.ts';
import { encodeModule } from '../../src/vm/encoder.ts';
import { gasTable } from '../../src/vm/gas-table.ts';
import { helperNames } from '../../src/vm/helpers.ts';
import { instrument } from '../../src/vm/instrument.ts';
import { validateWasm } from '../../src/vm/validator.ts';
import { flatTable, tick, tickNames } from './ticking.ts';

interface Value {
  readonly type: string;
  readonly value: string;
}

interface Command {
  readonly type: string;
  readonly line: number;
  readonly filename?: string;
  readonly module_type?: 'binary' | 'text';
  readonly name?: string;
  readonly as?: string;
  readonly text?: string;
  readonly action?: {
    readonly type: 'invoke' | 'get';
    readonly module?: string;
    readonly field: string;
    readonly args?: readonly Value[];
  };
  readonly expected?: readonly Value[];
}

export interface SuiteReport {
  /** Actions after which both ways to count gas agreed. */
  readonly compared: number;
  /** Command type -> how many did what the suite says. */
  readonly passed: Readonly<Record<string, number>>;
  /** Text modules: wast2json leaves them to a text parser. */
  readonly text: number;
  /** Later proposal -> commands on modules that need it, which we refuse as unsupported. */
  readonly outside: Readonly<Record<string, number>>;
  readonly problems: readonly string[];
}

/** Refusals need no second form, and without a meter exhaustion is the engine's own affair. */
const singleTypes = ['assert_invalid', 'assert_malformed', 'assert_exhaustion'];
/** After these the counters are comparable; a trap leaves the fast one behind in its local. */
const comparableTypes = ['action', 'assert_return'];

type Exports = Record<string, unknown>;

const inkForEach = 2n ** 62n;
const stackForEach = 30_000;

/** One way to prepare a module and to read what its code has used since the last reset. */
interface Form {
  /** @throws ModuleError when our rules refuse the module. */
  readonly prepare: (bytes: Uint8Array) => Uint8Array;
  readonly reset: (exports: Exports) => void;
  readonly used: (exports: Exports) => bigint;
}

const table = flatTable(gasTable(1));

function callExport<Result>(exports: Exports, name: string, ...parameters: unknown[]): Result {
  return (exports[name] as (...each: unknown[]) => Result)(...parameters);
}

/** What the chain runs. */
const meteredForm: Form = {
  prepare(bytes) {
    const module = decodeModule(bytes);
    const heights = validateWasm(module);
    const options = {
      table,
      importInk: [],
      memoryPagesMax: 65_536,
      initialInk: inkForEach,
      initialStackWords: stackForEach,
      initialPages: 65_536,
    };
    return encodeModule(instrument(module, heights, options));
  },
  reset(exports) {
    callExport(exports, helperNames.writeInk, inkForEach);
    callExport(exports, helperNames.writeStack, stackForEach);
  },
  used: (exports) => inkForEach - callExport<bigint>(exports, helperNames.readInk),
};

/** Every instruction counted by itself. */
const tickingForm: Form = {
  prepare(bytes) {
    const module = decodeModule(bytes);
    validateWasm(module);
    return encodeModule(tick(module, table));
  },
  reset: (exports) => callExport(exports, tickNames.write, 0n),
  used: (exports) => callExport<bigint>(exports, tickNames.read),
};

const conversions: Readonly<Record<string, (text: string) => number | bigint>> = {
  i32: (text) => Number(text) | 0,
  i64: (text) => BigInt.asIntN(64, BigInt(text)),
  f32: (text) => {
    const view = new DataView(new ArrayBuffer(4));
    view.setUint32(0, Number(text));
    return view.getFloat32(0);
  },
  f64: (text) => {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, BigInt(text));
    return view.getFloat64(0);
  },
};

function parse({ type, value }: Value): number | bigint {
  if (value.startsWith('nan:')) return Number.NaN;
  return (conversions[type] as (text: string) => number | bigint)(value);
}

function spectest(): Exports {
  const print = (): void => {};
  return {
    print,
    print_i32: print,
    print_i64: print,
    print_f32: print,
    print_f64: print,
    print_i32_f32: print,
    print_f64_f64: print,
    global_i32: new WebAssembly.Global({ value: 'i32' }, 666),
    global_i64: new WebAssembly.Global({ value: 'i64' }, 666n),
    global_f32: new WebAssembly.Global({ value: 'f32' }, 666.6),
    global_f64: new WebAssembly.Global({ value: 'f64' }, 666.6),
    table: new WebAssembly.Table({ element: 'anyfunc', initial: 10, maximum: 20 }),
    memory: new WebAssembly.Memory({ initial: 1, maximum: 2 }),
  };
}

/** Something was asked of a module that we do not support; the message names the proposal. */
class OutsideError extends Error {}

/** What in the text of a refusal tells the proposal. */
const proposals: readonly (readonly [RegExp, string])[] = [
  [/memories|memory index/, 'several memories'],
  [
    /tables|reference types\)|table operators/,
    'reference types, several tables, other kinds of segments',
  ],
  [/bulk memory/, 'passive segments'],
  [/saturating/, 'saturating conversions'],
  [/extended constant/, 'extended constants'],
  [/exception handling/, 'exception handling'],
];

/** The proposal that makes a module unsupported; undefined for any other error. */
function proposalBehind(error: unknown): string | undefined {
  if (error instanceof OutsideError) return error.message;
  if (!(error instanceof ModuleError) || error.code !== 'unsupported') return undefined;
  const known = proposals.find(([pattern]) => pattern.test(error.message));
  if (known === undefined) throw new Error(`which proposal? ${error.message}`);
  return known[1];
}

class Group {
  private readonly folder: string;
  private readonly form: Form;
  private readonly registered: Record<string, Exports> = { spectest: spectest() };
  private readonly named = new Map<string, Exports>();
  private readonly instances: Exports[] = [];
  private latest: Exports | undefined;
  /** Why there is no latest module. */
  private missing = '';

  constructor(folder: string, form: Form) {
    this.folder = folder;
    this.form = form;
  }

  /** Ink that the last action used, in all instances together. */
  get used(): bigint {
    return this.instances.reduce((sum, exports) => sum + this.form.used(exports), 0n);
  }

  private bytes(command: Command): Uint8Array {
    return new Uint8Array(readFileSync(join(this.folder, command.filename as string)));
  }

  private instantiate(command: Command): void {
    this.latest = undefined;
    try {
      this.makeInstance(command);
    } catch (error) {
      this.missing = proposalBehind(error) ?? this.missing;
      throw error;
    }
  }

  private makeInstance(command: Command): void {
    const bytes = this.bytes(command);
    const prepared = this.form.prepare(bytes);
    const isLinkable = decodeModule(bytes).imports.every(
      (entry) => entry.module in this.registered,
    );
    // What it imports from is a module that was refused.
    if (!isLinkable) throw new OutsideError(this.missing);
    const module = new WebAssembly.Module(prepared);
    const { exports } = new WebAssembly.Instance(module, this.registered);
    this.instances.push(exports);
    this.latest = exports;
    if (command.name !== undefined) this.named.set(command.name, exports);
  }

  private find(name: string | undefined): Exports {
    const exports = name === undefined ? this.latest : this.named.get(name);
    if (exports === undefined) throw new OutsideError(this.missing);
    return exports;
  }

  private act(command: Command): unknown {
    const { action } = command;
    if (action === undefined) throw new Error('no action');
    for (const exports of this.instances) this.form.reset(exports);
    const field = this.find(action.module)[action.field];
    if (action.type === 'get') return (field as WebAssembly.Global).value;
    return (field as (...args: unknown[]) => unknown)(...(action.args ?? []).map(parse));
  }

  private expectThrow(
    run: () => unknown,
    kinds: readonly (abstract new (...parameters: never[]) => Error)[],
  ): string | undefined {
    try {
      run();
    } catch (error) {
      if (error instanceof OutsideError) throw error;
      if (error instanceof ModuleError)
        return kinds.includes(ModuleError) ? placed(error) : outside(error);
      return kinds.some((kind) => error instanceof kind) ? undefined : `threw ${String(error)}`;
    }
    return 'nothing was thrown';
  }

  /** Undefined when the command did what the suite says. */
  run(command: Command): string | undefined {
    switch (command.type) {
      case 'module':
        this.instantiate(command);
        return undefined;
      case 'register':
        this.registered[command.as as string] = this.find(command.name);
        return undefined;
      case 'action':
        this.act(command);
        return undefined;
      case 'assert_return': {
        const result = this.act(command);
        const actual = result === undefined ? [] : Array.isArray(result) ? result : [result];
        const expected = (command.expected ?? []).map(parse);
        const isSame =
          actual.length === expected.length &&
          actual.every((value, index) => Object.is(value, expected[index]));
        return isSame ? undefined : `${String(actual)} is not ${expected}`;
      }
      // The stack ends by our own count, as a trap; the engine's end would be a RangeError.
      case 'assert_exhaustion':
      case 'assert_trap':
        return this.expectThrow(() => this.act(command), [WebAssembly.RuntimeError]);
      case 'assert_invalid':
      case 'assert_malformed': {
        const bytes = this.bytes(command);
        return this.expectThrow(() => this.form.prepare(bytes), [ModuleError]);
      }
      case 'assert_unlinkable':
      case 'assert_uninstantiable':
        return this.expectThrow(
          () => this.instantiate(command),
          [WebAssembly.LinkError, WebAssembly.RuntimeError],
        );
      default:
        return `unknown command ${command.type}`;
    }
  }
}

/** A refusal must say where: section and byte, and in code the function. */
function placed({ place, message }: ModuleError): string | undefined {
  const isOfModule = /no WebAssembly module|unknown section|section id|tag/.test(message);
  const isOfCode = /number of function bodies|size of the section|the section|order|defined/;
  const isPlaced =
    place.offset !== undefined &&
    (place.section !== undefined || isOfModule) &&
    (place.section !== 'code' || place.functionIndex !== undefined || isOfCode.test(message));
  return isPlaced ? undefined : `does not say where: ${message}`;
}

function outside(error: ModuleError): string {
  if (error.code !== 'unsupported') return `refused: ${error.message}`;
  throw error;
}

/** Runs the command in the slow form too: the state must go along, and the ink must agree. */
function runTwin(metered: Group, ticking: Group, command: Command): string | undefined {
  const problem = ticking.run(command);
  if (problem !== undefined) return `counted one by one: ${problem}`;
  if (!comparableTypes.includes(command.type) || metered.used === ticking.used) return undefined;
  return `${metered.used} ink, counted one by one ${ticking.used}`;
}

/** Runs one group, a folder with `<name>.json` and its modules. */
export function runSuiteGroup(folder: string, name: string): SuiteReport {
  const { commands } = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as {
    commands: Command[];
  };
  const metered = new Group(folder, meteredForm);
  const ticking = new Group(folder, tickingForm);
  const passed: Record<string, number> = {};
  const problems: string[] = [];
  const outside: Record<string, number> = {};
  let text = 0;
  let compared = 0;
  for (const command of commands) {
    if (command.module_type === 'text') {
      text += 1;
      continue;
    }
    let problem: string | undefined;
    try {
      problem = metered.run(command);
      if (problem === undefined && !singleTypes.includes(command.type)) {
        problem = runTwin(metered, ticking, command);
        if (comparableTypes.includes(command.type)) compared += 1;
      }
    } catch (error) {
      const proposal = proposalBehind(error);
      if (proposal !== undefined) {
        outside[proposal] = (outside[proposal] ?? 0) + 1;
        continue;
      }
      problem = String(error);
    }
    if (problem === undefined) passed[command.type] = (passed[command.type] ?? 0) + 1;
    else problems.push(`${name}:${command.line} ${command.type} (${command.text}): ${problem}`);
  }
  return { passed, compared, text, outside, problems };
}
