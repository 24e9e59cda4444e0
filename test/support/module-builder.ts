/**
 * Small modules written instruction by instruction, for tests of single rules.
 */

import { concat } from '../../src/primitives/bytes.ts';
import { encodeModule } from '../../src/vm/encoder.ts';
import {
  type FunctionBody,
  type Instruction,
  instruction,
  type WasmModule,
} from '../../src/vm/module.ts';
import { operators, valueTypes } from '../../src/vm/opcodes.ts';

const opcodeOf = new Map([...operators.values()].map(({ name, opcode }) => [name, opcode]));

/** An instruction by its name in the text format; a bigint is the constant of i64.const. */
export function op(name: string, immediate: number | bigint = 0): Instruction {
  const opcode = opcodeOf.get(name);
  if (opcode === undefined) throw new Error(`no operator ${name}`);
  return typeof immediate === 'bigint'
    ? instruction(opcode, 0, immediate)
    : instruction(opcode, immediate);
}

/** br_table with its default last. */
export function branchTable(targets: readonly number[]): Instruction {
  return { ...op('br_table'), targets };
}

export function body(
  instructions: readonly Instruction[],
  locals: FunctionBody['locals'] = [],
): FunctionBody {
  return { instructions: [...instructions, op('end')], locals, offset: 0, sizeBytes: 0 };
}

const { i32 } = valueTypes;
export const entryType = { parameters: [i32], results: [i32] };

/** The least contract: answers status 0. Parts replace its own. */
export function contractWith(parts: Partial<WasmModule> = {}): WasmModule {
  return {
    types: [entryType],
    imports: [],
    functions: [0],
    tables: [],
    memories: [{ minimum: 1, maximum: undefined }],
    globals: [],
    exports: [
      { name: 'memory', kind: 'memory', index: 0 },
      { name: 'user_entrypoint', kind: 'function', index: 0 },
    ],
    start: undefined,
    elements: [],
    bodies: [body([op('i32.const', 0)])],
    data: [],
    ...parts,
  };
}

/** Bytes of a contract whose entry point runs `instructions` (locals: the i32 argument, then yours). */
export function entryBytes(
  instructions: readonly Instruction[],
  parts: Partial<WasmModule> = {},
  locals: FunctionBody['locals'] = [],
): Uint8Array {
  return encodeModule(contractWith({ ...parts, bodies: [body(instructions, locals)] }));
}

/** A raw section to put between or after others. */
export function rawSection(id: number, payload: readonly number[]): Uint8Array {
  return concat(Uint8Array.of(id, payload.length), Uint8Array.from(payload));
}
