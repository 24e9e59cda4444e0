/**
 * One instruction between bytes and value: which immediate follows which opcode
 * (WebAssembly 1.0, section 5.4).
 */

import type { ByteReader, ByteWriter } from './binary.ts';
import { blockTypeOfIndex, type Instruction, typeIndexOfBlock } from './module.ts';
import {
  emptyBlock,
  type Operator,
  opcodes,
  operatorAt,
  proposalOf,
  valueTypes,
} from './opcodes.ts';

const noTargets: readonly number[] = [];

function readOperator(reader: ByteReader): Operator {
  const offset = reader.offset;
  const first = reader.u8('opcode');
  const opcode = first === 0xfc ? 0xfc00 + reader.u32('second part of the opcode') : first;
  const operator = opcode > 0xfcff ? undefined : operatorAt(opcode);
  if (operator !== undefined) return operator;
  const proposal = proposalOf(opcode);
  if (proposal === undefined) reader.fail(`unknown opcode 0x${opcode.toString(16)}`, offset);
  return reader.refuse(
    `opcode 0x${opcode.toString(16)} belongs to ${proposal}: compile for the MVP ` +
      'with sign extension and bulk memory only (clang and rustc: -mcpu=mvp; asc: --disable)',
    offset,
  );
}

function readZero(reader: ByteReader): void {
  if (reader.u8('memory index') === 0) return;
  reader.refuse('memory index is not 0: a contract has one memory', reader.offset - 1);
}

/** A signed 33-bit LEB128: one negative byte is a type by itself, else it is a type index. */
function readBlockType(reader: ByteReader): number {
  const offset = reader.offset;
  let type = reader.u8('block type');
  if (type === emptyBlock || (type >= valueTypes.f64 && type <= valueTypes.i32)) return type;
  if (type < 0x80 && (type & 0x40) !== 0) {
    reader.refuse(
      `block type 0x${type.toString(16)} is no number type: compile without SIMD and reference types`,
      offset,
    );
  }
  let index = 0;
  for (let shift = 0; ; shift += 7) {
    if (shift === 28 && type > 0x0f) reader.fail('block type is too large for 32 bits', offset);
    index += (type & 0x7f) * 2 ** shift;
    if (type < 0x80) break;
    type = reader.u8('block type');
  }
  if ((type & 0x40) !== 0) reader.fail('block type is negative', offset);
  if (index > 2 ** 31 - 1) reader.fail(`block type ${index} does not exist`, offset);
  return blockTypeOfIndex(index);
}

/** @throws ModuleError naming the offset. */
export function readInstruction(reader: ByteReader): Instruction {
  const offset = reader.offset;
  const { opcode, immediate: kind } = readOperator(reader);
  let immediate = 0;
  let memoryOffset = 0;
  let constant = 0n;
  let targets = noTargets;
  switch (kind) {
    case 'none':
      break;
    case 'block':
      immediate = readBlockType(reader);
      break;
    case 'index':
      immediate = reader.u32('index');
      break;
    case 'indirect':
      immediate = reader.u32('type index');
      // Linkers since LLVM 19 write this zero as a padded LEB.
      if (reader.u32('table index') !== 0) reader.fail('table index must be 0');
      break;
    case 'targets':
      targets = reader.vector('branch targets', () => reader.u32('branch target'));
      targets = [...targets, reader.u32('default branch target')];
      break;
    case 'memory':
      immediate = reader.u32('alignment');
      memoryOffset = reader.u32('memory offset');
      break;
    case 'zeroTwice':
      readZero(reader);
      readZero(reader);
      break;
    case 'zero':
      readZero(reader);
      break;
    case 'i32':
      immediate = reader.s32('i32 constant');
      break;
    case 'i64':
      constant = reader.s64('i64 constant');
      break;
    case 'f32':
    case 'f64':
      constant = littleEndian(reader.take(kind === 'f32' ? 4 : 8, 'float constant'));
      break;
  }
  return { opcode, offset, immediate, memoryOffset, constant, targets };
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** Appends the shortest form. */
export function writeInstruction(writer: ByteWriter, instruction: Instruction): void {
  const { opcode, immediate } = instruction;
  const operator = operatorAt(opcode);
  if (operator === undefined) throw new Error(`opcode ${opcode} is not in the table`);
  if (opcode >= 0xfc00) {
    writer.u8(0xfc);
    writer.u32(opcode - 0xfc00);
  } else writer.u8(opcode);
  switch (operator.immediate) {
    case 'none':
      return;
    case 'block': {
      const typeIndex = typeIndexOfBlock(immediate);
      if (typeIndex === undefined) writer.u8(immediate);
      else writer.s32(typeIndex);
      return;
    }
    case 'index':
      writer.u32(immediate);
      return;
    case 'indirect':
      writer.u32(immediate);
      writer.u8(0);
      return;
    case 'targets':
      writer.u32(instruction.targets.length - 1);
      for (const target of instruction.targets) writer.u32(target);
      return;
    case 'memory':
      writer.u32(immediate);
      writer.u32(instruction.memoryOffset);
      return;
    case 'zeroTwice':
      writer.u8(0);
      writer.u8(0);
      return;
    case 'zero':
      writer.u8(0);
      return;
    case 'i32':
      writer.s32(immediate);
      return;
    case 'i64':
      writer.s64(instruction.constant);
      return;
    case 'f32':
      writer.littleEndian(instruction.constant, 4);
      return;
    case 'f64':
      writer.littleEndian(instruction.constant, 8);
      return;
  }
}

/**
 * Reads up to and including the `end` that closes what is open, and nothing after it.
 * @throws ModuleError when the bytes stop before that.
 */
export function readExpression(reader: ByteReader): Instruction[] {
  const instructions: Instruction[] = [];
  for (let depth = 1; depth > 0; ) {
    const next = readInstruction(reader);
    instructions.push(next);
    if (next.opcode === opcodes.end) depth -= 1;
    else if (next.opcode >= opcodes.block && next.opcode <= opcodes.if) depth += 1;
  }
  return instructions;
}
