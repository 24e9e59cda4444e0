/**
 * A slow interpreter of decoded modules that counts gas operator by operator: the other side of every
 * differential test of the instrumenter. It shares with it the decoder, the operand heights and the
 * prices, and nothing of how they are counted.
 */

import type { GasTable } from '../../../src/vm/gas-table.ts';
import {
  type FunctionBody,
  type FunctionType,
  type Instruction,
  importsOf,
  typeIndexOfBlock,
  type WasmModule,
} from '../../../src/vm/module.ts';
import {
  emptyBlock,
  type Operator,
  opcodes,
  operators,
  valueTypes,
} from '../../../src/vm/opcodes.ts';
import { compute, Trap, type Value } from './arithmetic.ts';

export interface InterpreterOptions {
  readonly table: GasTable;
  readonly ink: bigint;
  readonly stackWords: number;
  /** Pages by which memory may grow. */
  readonly pages: number;
  readonly memoryPagesMax: number;
  /** From `validateWasm`. */
  readonly operandHeights: readonly number[];
  /** The imported functions, in order, and the ink of each. */
  readonly imports: readonly ((...parameters: Value[]) => Value | undefined)[];
  readonly importInk: readonly number[];
}

/** Where each block of a body ends, and where its `else` is, by the index of the instruction. */
interface Shape {
  readonly ends: ReadonlyMap<number, number>;
  readonly elses: ReadonlyMap<number, number>;
}

interface Label {
  /** Index of the instruction that a branch goes to. */
  readonly target: number;
  readonly height: number;
  /** Values that a branch carries. */
  readonly arity: number;
}

function shapeOf(body: FunctionBody): Shape {
  const [ends, elses] = [new Map<number, number>(), new Map<number, number>()];
  const open: number[] = [];
  for (const [index, { opcode }] of body.instructions.entries()) {
    if (operators.get(opcode)?.immediate === 'block') open.push(index);
    else if (opcode === opcodes.else) elses.set(open.at(-1) as number, index);
    else if (opcode === opcodes.end) {
      const start = open.pop();
      if (start !== undefined) ends.set(start, index);
    }
  }
  return { ends, elses };
}

/** A run of operators is paid when control may leave it, together with the charge itself. */
const runEnds = new Set(
  'unreachable loop if else end br br_if br_table return call call_indirect memory.grow memory.copy memory.fill'.split(
    ' ',
  ),
);

const pageSize = 65_536;
const zeroOf = (type: number): Value => (type === valueTypes.i64 ? 0n : 0);

export class Interpreter {
  readonly globals: Value[] = [];
  memory: Uint8Array<ArrayBuffer>;
  ink: bigint;
  /** What is left of both budgets. */
  stackWords: number;
  pages: number;
  private readonly module: WasmModule;
  private readonly options: InterpreterOptions;
  private readonly types: readonly FunctionType[];
  private readonly table: (number | undefined)[];
  private readonly shapes = new Map<FunctionBody, Shape>();
  private pending = 0;

  /** @throws Trap when a segment does not fit. */
  constructor(module: WasmModule, options: InterpreterOptions) {
    this.module = module;
    this.options = options;
    this.ink = options.ink;
    this.stackWords = options.stackWords;
    this.pages = options.pages;
    const indices = importsOf(module, 'function').map((entry) => entry.typeIndex);
    this.types = [...indices, ...module.functions].map(
      (index) => module.types[index] as FunctionType,
    );
    this.memory = new Uint8Array((module.memories[0]?.minimum ?? 0) * pageSize);
    this.table = Array(module.tables[0]?.minimum ?? 0).fill(undefined);
    for (const { initial } of module.globals) this.globals.push(this.constant(initial));
    for (const { offset, functions } of module.elements) {
      const start = Number(this.constant(offset)) >>> 0;
      if (start + functions.length > this.table.length) throw new Trap('element segment');
      for (const [index, target] of functions.entries()) this.table[start + index] = target;
    }
    for (const { offset, bytes } of module.data) {
      const start = Number(this.constant(offset)) >>> 0;
      if (start + bytes.length > this.memory.length) throw new Trap('data segment');
      this.memory.set(bytes, start);
    }
  }

  /** Calls an exported function. @throws Trap */
  call(name: string, parameters: readonly Value[]): Value[] {
    const entry = this.module.exports.find((each) => each.name === name);
    if (entry?.kind !== 'function') throw new Error(`no function ${name}`);
    return this.invoke(entry.index, parameters);
  }

  private blockType(immediate: number): FunctionType {
    const index = typeIndexOfBlock(immediate);
    if (index !== undefined) return this.module.types[index] as FunctionType;
    return { parameters: [], results: immediate === emptyBlock ? [] : [immediate] };
  }

  private constant([instruction]: readonly Instruction[]): Value {
    if (instruction === undefined) throw new Error('an empty constant expression');
    if (instruction.opcode === opcodes.globalGet) {
      return this.globals[instruction.immediate] as Value;
    }
    return this.constantOf(instruction);
  }

  private constantOf({ opcode, immediate, constant }: Instruction): Value {
    if (opcode === opcodes.i32Const) return immediate;
    if (opcode === opcodes.i64Const) return constant;
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, constant);
    return opcode === opcodes.f32Const ? view.getFloat32(4) : view.getFloat64(0);
  }

  private take(ink: bigint): void {
    this.ink -= ink;
    if (this.ink < 0n) throw new Trap('out of gas');
  }

  private payRun(): void {
    if (this.pending > 0) this.take(BigInt(this.pending + this.options.table.ink.chargePoint));
    this.pending = 0;
  }

  private invoke(index: number, parameters: readonly Value[]): Value[] {
    const { imports, operandHeights, table } = this.options;
    const imported = imports[index];
    const type = this.types[index] as FunctionType;
    if (imported !== undefined) {
      const result = imported(...parameters);
      return result === undefined ? [] : [result];
    }
    const own = index - imports.length;
    const body = this.module.bodies[own] as FunctionBody;
    const locals = [...parameters];
    for (const { count, type: local } of body.locals) {
      for (let each = 0; each < count; each++) locals.push(zeroOf(local));
    }
    // One local and two operands of the metered body, 8 words of the frame itself.
    const height = (operandHeights[own] as number) + 2;
    const declared = locals.length - parameters.length + 1;
    const words = 8 + declared + height + 3 * parameters.length;
    this.stackWords -= words;
    if (this.stackWords < 0) throw new Trap('out of stack');
    this.pending = table.ink.functionEntry + table.ink.functionLocal * locals.length;
    const results = this.run(body, locals, type.results.length);
    this.stackWords += words;
    return results;
  }

  private shape(body: FunctionBody): Shape {
    let shape = this.shapes.get(body);
    if (shape === undefined) {
      shape = shapeOf(body);
      this.shapes.set(body, shape);
    }
    return shape;
  }

  private run(body: FunctionBody, locals: Value[], resultCount: number): Value[] {
    const { instructions } = body;
    const { ends, elses } = this.shape(body);
    const stack: Value[] = [];
    const labels: Label[] = [{ target: instructions.length, height: 0, arity: resultCount }];
    const pop = (): Value => stack.pop() as Value;
    let at = 0;
    /** Drops what stands above the label, keeps what is carried. */
    const branch = (depth: number): void => {
      labels.length -= depth;
      const label = labels.at(-1) as Label;
      const carried = label.arity === 0 ? [] : stack.slice(-label.arity);
      stack.length = label.height;
      stack.push(...carried);
      at = label.target;
      // A loop's label lives on: its target is the instruction after `loop`.
      if (instructions[at - 1]?.opcode !== opcodes.loop) labels.pop();
    };
    while (at < instructions.length) {
      const instruction = instructions[at] as Instruction;
      const operator = operators.get(instruction.opcode) as Operator;
      this.pending += this.options.table.ink.operators[operator.class];
      if (instruction.opcode === opcodes.call) {
        this.pending += this.options.importInk[instruction.immediate] ?? 0;
      }
      if (runEnds.has(operator.name)) this.payRun();
      const here = at;
      at += 1;
      switch (operator.name) {
        case 'unreachable':
          throw new Trap('unreachable');
        case 'block':
        case 'loop':
        case 'if': {
          const isLoop = operator.name === 'loop';
          const isTaken = operator.name !== 'if' || pop() !== 0;
          const end = ends.get(here) as number;
          const { parameters, results } = this.blockType(instruction.immediate);
          const target = isLoop ? at : end + 1;
          const arity = (isLoop ? parameters : results).length;
          labels.push({ target, height: stack.length - parameters.length, arity });
          if (isTaken) break;
          const other = elses.get(here);
          if (other === undefined) labels.pop();
          at = (other ?? end) + 1;
          break;
        }
        case 'else':
          // The end of the taken branch: past the block.
          at = (labels.pop() as Label).target;
          break;
        case 'end':
          labels.pop();
          break;
        case 'br':
          branch(instruction.immediate);
          break;
        case 'br_if':
          if (pop() !== 0) branch(instruction.immediate);
          break;
        case 'br_table': {
          const { targets } = instruction;
          const index = Math.min(Number(pop()) >>> 0, targets.length - 1);
          branch(targets[index] as number);
          break;
        }
        case 'return':
          branch(labels.length - 1);
          break;
        case 'call':
          this.callInside(instruction.immediate, stack);
          break;
        case 'call_indirect': {
          const target = this.table[Number(pop()) >>> 0];
          const type = this.module.types[instruction.immediate] as FunctionType;
          if (target === undefined) throw new Trap('no function in the table');
          if (JSON.stringify(this.types[target]) !== JSON.stringify(type)) throw new Trap('type');
          this.callInside(target, stack);
          break;
        }
        case 'local.get':
          stack.push(locals[instruction.immediate] as Value);
          break;
        case 'local.set':
          locals[instruction.immediate] = pop();
          break;
        case 'local.tee':
          locals[instruction.immediate] = stack.at(-1) as Value;
          break;
        default:
          this.simple(operator, instruction, stack);
      }
    }
    return resultCount === 0 ? [] : stack.slice(-resultCount);
  }

  private callInside(index: number, stack: Value[]): void {
    const count = (this.types[index] as FunctionType).parameters.length;
    stack.push(...this.invoke(index, stack.splice(stack.length - count, count)));
  }

  private simple(operator: Operator, instruction: Instruction, stack: Value[]): void {
    const pop = (): Value => stack.pop() as Value;
    switch (operator.immediate) {
      case 'i32':
      case 'i64':
      case 'f32':
      case 'f64':
        stack.push(this.constantOf(instruction));
        return;
      case 'memory':
        this.access(operator, instruction, stack);
        return;
      case 'index':
        if (operator.name === 'global.set') this.globals[instruction.immediate] = pop();
        else stack.push(this.globals[instruction.immediate] as Value);
        return;
      case 'zero':
      case 'zeroTwice':
        this.wholeMemory(operator.name, stack);
        return;
      default:
    }
    if (operator.name === 'nop') return;
    if (operator.name === 'drop') stack.pop();
    else if (operator.name === 'select') {
      const condition = pop();
      const other = pop();
      if (condition === 0) stack[stack.length - 1] = other;
    } else {
      const count = operator.parameters.length;
      stack.push(compute(operator.name, stack.splice(stack.length - count, count)));
    }
  }

  private access(
    { name, width, class: kind }: Operator,
    { memoryOffset }: Instruction,
    stack: Value[],
  ) {
    const value = kind === 'store' ? (stack.pop() as Value) : 0;
    const address = (Number(stack.pop()) >>> 0) + memoryOffset;
    if (address + width > this.memory.length) throw new Trap('out of bounds');
    const view = new DataView(this.memory.buffer, address, width);
    if (name.startsWith('f')) {
      const get = width === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true);
      if (kind === 'load') stack.push(get);
      else if (width === 4) view.setFloat32(0, Number(value), true);
      else view.setFloat64(0, Number(value), true);
      return;
    }
    const bits = 8 * width;
    if (kind === 'store') {
      const raw = BigInt.asUintN(bits, BigInt(value));
      for (let byte = 0; byte < width; byte++) {
        view.setUint8(byte, Number((raw >> BigInt(8 * byte)) & 0xffn));
      }
      return;
    }
    let raw = 0n;
    for (let byte = width - 1; byte >= 0; byte--) raw = (raw << 8n) | BigInt(view.getUint8(byte));
    const isUnsigned = name.endsWith('_u');
    const extended = isUnsigned ? raw : BigInt.asIntN(bits, raw);
    stack.push(
      name.startsWith('i32') ? Number(BigInt.asIntN(32, extended)) : BigInt.asIntN(64, extended),
    );
  }

  private wholeMemory(name: string, stack: Value[]): void {
    const { ink } = this.options.table;
    const popped = (): number => Number(stack.pop()) >>> 0;
    if (name === 'memory.size') {
      stack.push(this.memory.length / pageSize);
      return;
    }
    if (name === 'memory.grow') {
      const pages = popped();
      this.take(BigInt(pages) * BigInt(ink.growPage));
      const before = this.memory.length / pageSize;
      const declared = this.module.memories[0]?.maximum ?? this.options.memoryPagesMax;
      const isPossible =
        pages <= this.pages && before + pages <= Math.min(declared, this.options.memoryPagesMax);
      stack.push(isPossible ? before : -1);
      if (!isPossible) return;
      this.pages -= pages;
      const grown = new Uint8Array((before + pages) * pageSize);
      grown.set(this.memory);
      this.memory = grown;
      return;
    }
    const [count, second, first] = [popped(), popped(), popped()];
    this.take(BigInt(count) * BigInt(ink.bulkByte));
    const isCopy = name === 'memory.copy';
    if (first + count > this.memory.length) throw new Trap('out of bounds');
    if (isCopy && second + count > this.memory.length) throw new Trap('out of bounds');
    if (isCopy) this.memory.copyWithin(first, second, second + count);
    else this.memory.fill(second & 0xff, first, first + count);
  }
}
