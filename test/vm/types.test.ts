/** Types are our own validator's to check: what it lets through the engine compiles. */

import { describe, expect, it } from 'vitest';
import { validateModule } from '../../src/vm/contract.ts';
import { decodeModule } from '../../src/vm/decoder.ts';
import { encodeModule } from '../../src/vm/encoder.ts';
import type { Instruction } from '../../src/vm/module.ts';
import { emptyBlock, valueTypes } from '../../src/vm/opcodes.ts';
import { validateWasm } from '../../src/vm/validator.ts';
import {
  body,
  branchTable,
  contractWith,
  entryBytes,
  entryType,
  op,
} from '../support/module-builder.ts';
import { pickerFrom, pickOf } from '../support/pick.ts';

const { i32, i64 } = valueTypes;
const end = op('end');
const zero = op('i32.const', 0);

describe('types are checked before the engine sees them', () => {
  it.each<[string, Instruction[], RegExp]>([
    ['a missing operand', [op('i32.add')], /^code section, function 0, byte \d+: i32\.add needs/],
    ['a wrong type', [op('i64.const', 1n), op('i32.eqz')], /needs i32, found i64/],
    ['a missing local', [op('local.get', 7)], /local 7 does not exist/],
    ['a branch too far', [op('br', 5)], /5 blocks out/],
    ['an operand too many', [op('i32.const', 1), op('i32.const', 1)], /1 operands too many/],
    ['alignment', [zero, op('i64.load', 4), op('drop'), zero], /alignment/],
    [
      'targets of several types',
      [op('block', emptyBlock), zero, zero, branchTable([0, 1]), end, zero],
      /targets of several types/,
    ],
    ['an if without else that gives a value', [zero, op('if', i32), zero, end], /without else/],
    ['an immutable global', [zero, op('global.set', 0), zero], /global 0 is immutable/],
  ])('%s', (_, instructions, message) => {
    const globals = [{ type: { type: i32, isMutable: false }, initial: [zero, end] }];
    const refusal = validateModule(entryBytes(instructions, { globals }));
    expect(refusal?.code).toBe('invalid');
    expect(refusal?.message).toMatch(message);
  });
});

describe('random bodies', () => {
  /** A module with one of everything that bodies name. */
  const moduleOf = (code: readonly Instruction[]) =>
    encodeModule(
      contractWith({
        types: [entryType, { parameters: [], results: [] }, { parameters: [i64], results: [i64] }],
        functions: [0, 1, 2],
        tables: [{ minimum: 1, maximum: undefined }],
        globals: [
          { type: { type: i32, isMutable: true }, initial: [zero, end] },
          { type: { type: i64, isMutable: false }, initial: [op('i64.const', 1n), end] },
        ],
        bodies: [body(code, [{ count: 1, type: i64 }]), body([]), body([op('local.get')])],
      }),
    );
  const choices: readonly (readonly Instruction[])[] = [
    ...['unreachable', 'nop', 'return', 'drop', 'select', 'else', 'end', 'end'].map((name) => [
      op(name),
    ]),
    ...['i32.add', 'i32.eqz', 'i64.add', 'i64.eqz', 'i32.wrap_i64', 'memory.size'].map((name) => [
      op(name),
    ]),
    ...['block', 'loop', 'if'].flatMap((name) =>
      [emptyBlock, i32, i64].map((type) => [op(name, type)]),
    ),
    ...[0, 1, 2].flatMap((depth) => [[op('br', depth)], [op('br_if', depth)]]),
    ...[
      [0, 0],
      [0, 1],
      [1, 0],
      [0, 1, 2],
    ].map((targets) => [branchTable(targets)]),
    ...[0, 1, 2].flatMap((index) => [[op('call', index)], [op('call_indirect', index)]]),
    ...['local.get', 'local.set', 'local.tee', 'global.get', 'global.set'].flatMap((name) =>
      [0, 1].map((index) => [op(name, index)]),
    ),
    ...[0, 2, 3].flatMap((align) => [[op('i32.load', align)], [op('i64.store', align)]]),
    ...['memory.grow', 'memory.fill', 'memory.copy'].map((name) => [op(name)]),
    [zero],
    [zero],
    [op('i64.const', 1n)],
    [op('i64.const', 1n)],
  ];

  /** Steps that are sound by themselves, so that not every body is refused. */
  const soundChoices: readonly (readonly Instruction[])[] = [
    [op('i64.const', 1n), op('drop')],
    [zero, op('br_if', 0)],
    [zero, branchTable([0, 1, 0])],
    [op('block', emptyBlock), zero, op('if', i64)],
    [op('loop', emptyBlock)],
    [op('block', i32), zero, zero, op('br_if', 0), end, op('drop')],
    [zero, zero, zero, op('select'), op('local.set', 0)],
    [op('local.get', 1), op('call', 2), op('local.tee', 1), op('drop')],
    [zero, op('call_indirect', 1)],
    [zero, op('return')],
    [op('unreachable')],
  ];
  const opened = (code: readonly Instruction[]): number =>
    code.filter(({ opcode }) => opcode >= op('block').opcode && opcode <= op('if').opcode).length -
    code.filter(({ opcode }) => opcode === end.opcode).length;

  it('are valid for us only where they are for the engine, and hardly anywhere less', () => {
    const pick = pickerFrom(11);
    const counts = { accepted: 0, refused: 0, onlyEngine: 0 };
    for (let round = 0; round < 6_000; round++) {
      const steps = Array.from({ length: 1 + pick(5) }, () =>
        pickOf(pick, pick(3) === 0 ? choices : soundChoices),
      ).flat();
      const closing = Array(Math.max(0, opened(steps))).fill(end);
      const bytes = moduleOf([...steps, ...closing, zero]);
      let isOurs = true;
      try {
        validateWasm(decodeModule(bytes));
      } catch {
        isOurs = false;
      }
      const names = steps.map(({ opcode, immediate }) => `${opcode.toString(16)} ${immediate}`);
      const isEngines = WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>);
      if (isOurs) {
        expect(isEngines, names.join(', ')).toBe(true);
        expect(validateModule(bytes)?.code).not.toBe('engine');
        counts.accepted += 1;
      } else if (isEngines) counts.onlyEngine += 1;
      else counts.refused += 1;
    }
    expect(Math.min(counts.accepted, counts.refused)).toBeGreaterThan(500);
    // None with V8 11.3; later engines may know later rules for code that is never reached.
    expect(counts.onlyEngine).toBeLessThan(60);
  });
});
