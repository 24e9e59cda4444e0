/**
 * Types one function body, after the algorithm in the appendix of the WebAssembly 1.0
 * specification: a stack of operand types, a stack of open blocks, and unreachable code that fits
 * every type. Also finds the greatest height of the operand stack, which the stack meter charges.
 */

import { ModuleError } from './binary.ts';
import type { FunctionBody, FunctionType, GlobalType, Instruction } from './module.ts';
import { emptyBlock, type Operator, opcodes, operators, valueTypes } from './opcodes.ts';

export interface BodyContext {
  readonly types: readonly FunctionType[];
  readonly functionTypes: readonly FunctionType[];
  readonly globals: readonly GlobalType[];
  readonly hasTable: boolean;
  readonly hasMemory: boolean;
}

/** An operand that unreachable code conjured up: it fits every type. */
const unknownType = 0;

interface Control {
  readonly opcode: number;
  readonly result: number | undefined;
  /** Height of the operand stack when the block was opened. */
  readonly height: number;
  isUnreachable: boolean;
}

const typeNames: Readonly<Record<number, string>> = {
  [valueTypes.i32]: 'i32',
  [valueTypes.i64]: 'i64',
  [valueTypes.f32]: 'f32',
  [valueTypes.f64]: 'f64',
  [unknownType]: 'any',
};

class BodyValidator {
  private readonly context: BodyContext;
  private readonly locals: readonly number[];
  private readonly functionIndex: number;
  private readonly operands: number[] = [];
  private readonly controls: Control[] = [];
  private at: Instruction | undefined;
  heightMax = 0;

  constructor(
    context: BodyContext,
    type: FunctionType,
    locals: readonly number[],
    functionIndex: number,
  ) {
    this.context = context;
    this.locals = locals;
    this.functionIndex = functionIndex;
    this.open(opcodes.block, type.results[0]);
  }

  get isClosed(): boolean {
    return this.controls.length === 0;
  }

  fail(message: string): never {
    const name = operators.get(this.at?.opcode ?? 0)?.name;
    throw new ModuleError(
      'invalid',
      `function ${this.functionIndex}, ${name} at byte ${this.at?.offset}: ${message}`,
    );
  }

  private get top(): Control {
    return this.controls.at(-1) ?? this.fail('code after the end of the function');
  }

  private push(type: number | undefined): void {
    if (type === undefined) return;
    this.operands.push(type);
    if (this.operands.length > this.heightMax) this.heightMax = this.operands.length;
  }

  private pop(expected: number = unknownType): number {
    const { height, isUnreachable } = this.top;
    if (this.operands.length === height) {
      if (isUnreachable) return expected;
      this.fail(`needs an operand of type ${typeNames[expected]}, the stack is empty`);
    }
    const actual = this.operands.pop() as number;
    if (actual === expected || expected === unknownType) return actual;
    if (actual === unknownType) return expected;
    return this.fail(`needs ${typeNames[expected]}, found ${typeNames[actual]}`);
  }

  private popAll(types: readonly number[]): void {
    for (let index = types.length - 1; index >= 0; index--) this.pop(types[index]);
  }

  private popResult(type: number | undefined): void {
    if (type !== undefined) this.pop(type);
  }

  private open(opcode: number, result: number | undefined): void {
    this.controls.push({ opcode, result, height: this.operands.length, isUnreachable: false });
  }

  private close(): Control {
    const control = this.top;
    this.popResult(control.result);
    if (this.operands.length !== control.height) {
      this.fail(`leaves ${this.operands.length - control.height} operands too many`);
    }
    this.controls.pop();
    return control;
  }

  private makeUnreachable(): void {
    this.operands.length = this.top.height;
    this.top.isUnreachable = true;
  }

  /** What a branch to this label carries: nothing to a loop, the result to the others. */
  private labelType(depth: number): number | undefined {
    const control = this.controls[this.controls.length - 1 - depth];
    if (control === undefined) return this.fail(`branches ${depth} blocks out, too far`);
    return control.opcode === opcodes.loop ? undefined : control.result;
  }

  private local(index: number): number {
    return this.locals[index] ?? this.fail(`local ${index} does not exist`);
  }

  private global(index: number): GlobalType {
    return this.context.globals[index] ?? this.fail(`global ${index} does not exist`);
  }

  private call(type: FunctionType | undefined): void {
    if (type === undefined) this.fail('calls a function or type that does not exist');
    this.popAll(type.parameters);
    this.push(type.results[0]);
  }

  private end(): void {
    const control = this.close();
    if (control.opcode === opcodes.if && control.result !== undefined) {
      this.fail('if without else cannot give a result');
    }
    if (!this.isClosed) this.push(control.result);
  }

  private branchTable(targets: readonly number[]): void {
    this.pop(valueTypes.i32);
    const expected = this.labelType(targets.at(-1) as number);
    for (const target of targets) {
      if (this.labelType(target) !== expected) this.fail('branch targets differ in type');
    }
    this.popResult(expected);
    this.makeUnreachable();
  }

  private plain(operator: Operator, instruction: Instruction): void {
    if (operator.immediate === 'memory' || operator.immediate.startsWith('zero')) {
      if (!this.context.hasMemory) this.fail('there is no memory');
      if (operator.width > 0 && 2 ** instruction.immediate > operator.width) {
        this.fail(`alignment 2^${instruction.immediate} is above the width of ${operator.width}`);
      }
    }
    this.popAll(operator.parameters);
    this.push(operator.result);
  }

  private variable(instruction: Instruction): void {
    const { opcode, immediate: index } = instruction;
    if (opcode === opcodes.localGet) this.push(this.local(index));
    else if (opcode === opcodes.localSet) this.pop(this.local(index));
    else if (opcode === opcodes.localTee) {
      this.pop(this.local(index));
      this.push(this.local(index));
    } else if (opcode === opcodes.globalGet) this.push(this.global(index).type);
    else {
      if (!this.global(index).isMutable) this.fail(`global ${index} is immutable`);
      this.pop(this.global(index).type);
    }
  }

  private select(): void {
    this.pop(valueTypes.i32);
    const second = this.pop();
    const first = this.pop(second);
    this.push(first === unknownType ? second : first);
  }

  check(instruction: Instruction): void {
    this.at = instruction;
    const { opcode, immediate } = instruction;
    const { context } = this;
    switch (opcode) {
      case opcodes.unreachable:
        this.makeUnreachable();
        return;
      case opcodes.if:
        this.pop(valueTypes.i32);
        this.open(opcode, immediate === emptyBlock ? undefined : immediate);
        return;
      case opcodes.block:
      case opcodes.loop:
        this.open(opcode, immediate === emptyBlock ? undefined : immediate);
        return;
      case opcodes.else: {
        const control = this.close();
        if (control.opcode !== opcodes.if) this.fail('has no if');
        this.open(opcode, control.result);
        return;
      }
      case opcodes.end:
        this.end();
        return;
      case opcodes.br:
        this.popResult(this.labelType(immediate));
        this.makeUnreachable();
        return;
      case opcodes.brIf: {
        this.pop(valueTypes.i32);
        const carried = this.labelType(immediate);
        this.popResult(carried);
        this.push(carried);
        return;
      }
      case opcodes.brTable:
        this.branchTable(instruction.targets);
        return;
      case opcodes.return:
        this.popResult((this.controls[0] as Control).result);
        this.makeUnreachable();
        return;
      case opcodes.call:
        this.call(context.functionTypes[immediate]);
        return;
      case opcodes.callIndirect:
        if (!context.hasTable) this.fail('there is no table');
        this.pop(valueTypes.i32);
        this.call(context.types[immediate]);
        return;
      case opcodes.drop:
        this.pop();
        return;
      case opcodes.select:
        this.select();
        return;
      default:
        if (opcode >= opcodes.localGet && opcode <= opcodes.globalSet) this.variable(instruction);
        else this.plain(operators.get(opcode) as Operator, instruction);
    }
  }
}

/**
 * Checks one body against its type.
 * @returns the greatest height of the operand stack, in values.
 * @throws ModuleError naming function, operator, offset and rule.
 */
export function validateBody(
  body: FunctionBody,
  type: FunctionType,
  context: BodyContext,
  place: { readonly functionIndex: number },
): number {
  const locals = [...type.parameters];
  for (const group of body.locals) {
    for (let count = 0; count < group.count; count++) locals.push(group.type);
  }
  const validator = new BodyValidator(context, type, locals, place.functionIndex);
  for (const instruction of body.instructions) validator.check(instruction);
  return validator.heightMax;
}
