/**
 * Types one function body, after the algorithm in the appendix of the WebAssembly specification (1.0,
 * with the multi-value proposal): a stack of operand types, a stack of open blocks, and unreachable
 * code that fits every type. Also finds the greatest height of the operand stack, which the stack
 * meter charges.
 */

import { ModuleError } from './binary.ts';
import {
  type FunctionBody,
  type FunctionType,
  type GlobalType,
  type Instruction,
  typeIndexOfBlock,
} from './module.ts';
import { emptyBlock, type Operator, opcodes, operatorAt, valueTypes } from './opcodes.ts';

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
  readonly type: FunctionType;
  /** Height of the operand stack when the block was opened. */
  readonly height: number;
  isUnreachable: boolean;
}

/** Block types that one number says: nothing in, at most one value out. */
const shortTypes = new Map<number, FunctionType>([
  [emptyBlock, { parameters: [], results: [] }],
  ...Object.values(valueTypes).map((type) => [type, { parameters: [], results: [type] }] as const),
]);

function sameTypes(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((type, index) => type === right[index]);
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
    this.open(opcodes.block, { parameters: [], results: type.results });
  }

  get isClosed(): boolean {
    return this.controls.length === 0;
  }

  fail(message: string): never {
    const name = operatorAt(this.at?.opcode ?? 0)?.name;
    const { functionIndex } = this;
    const place = { section: 'code', functionIndex, offset: this.at?.offset } as const;
    throw new ModuleError('invalid', place, `${name} ${message}`);
  }

  private get top(): Control {
    return (
      this.controls[this.controls.length - 1] ?? this.fail('code after the end of the function')
    );
  }

  private push(type: number): void {
    this.operands.push(type);
    if (this.operands.length > this.heightMax) this.heightMax = this.operands.length;
  }

  private pushAll(types: readonly number[]): void {
    for (const type of types) this.push(type);
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

  private open(opcode: number, type: FunctionType): void {
    this.controls.push({ opcode, type, height: this.operands.length, isUnreachable: false });
    this.pushAll(type.parameters);
  }

  private blockType(immediate: number): FunctionType {
    const index = typeIndexOfBlock(immediate);
    const type = index === undefined ? shortTypes.get(immediate) : this.context.types[index];
    return type ?? this.fail(`names type ${index}, which does not exist`);
  }

  private openBlock(opcode: number, immediate: number): void {
    const type = this.blockType(immediate);
    if (opcode === opcodes.if) this.pop(valueTypes.i32);
    this.popAll(type.parameters);
    this.open(opcode, type);
  }

  private close(): Control {
    const control = this.top;
    this.popAll(control.type.results);
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

  /** What a branch to this label carries: parameters to a loop, results to the others. */
  private labelTypes(depth: number): readonly number[] {
    const control = this.controls[this.controls.length - 1 - depth];
    if (control === undefined) return this.fail(`branches ${depth} blocks out, too far`);
    return control.opcode === opcodes.loop ? control.type.parameters : control.type.results;
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
    this.pushAll(type.results);
  }

  private end(): void {
    const { opcode, type } = this.close();
    if (opcode === opcodes.if && !sameTypes(type.parameters, type.results)) {
      this.fail('closes an if without else, which cannot give another result than it takes');
    }
    if (!this.isClosed) this.pushAll(type.results);
  }

  private branchTable(targets: readonly number[]): void {
    this.pop(valueTypes.i32);
    const expected = this.labelTypes(targets.at(-1) as number);
    for (const target of targets) {
      if (!sameTypes(this.labelTypes(target), expected)) this.fail('has targets of several types');
    }
    this.popAll(expected);
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
    if (operator.result !== undefined) this.push(operator.result);
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
      case opcodes.block:
      case opcodes.loop:
      case opcodes.if:
        this.openBlock(opcode, immediate);
        return;
      case opcodes.else: {
        const control = this.close();
        if (control.opcode !== opcodes.if) this.fail('has no if');
        this.open(opcode, control.type);
        return;
      }
      case opcodes.end:
        this.end();
        return;
      case opcodes.br:
        this.popAll(this.labelTypes(immediate));
        this.makeUnreachable();
        return;
      case opcodes.brIf: {
        this.pop(valueTypes.i32);
        const carried = this.labelTypes(immediate);
        this.popAll(carried);
        this.pushAll(carried);
        return;
      }
      case opcodes.brTable:
        this.branchTable(instruction.targets);
        return;
      case opcodes.return:
        this.popAll((this.controls[0] as Control).type.results);
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
        else this.plain(operatorAt(opcode) as Operator, instruction);
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
