/** Types are our own validator's to check: what it lets through the engine compiles. */

import { describe, expect, it } from 'vitest';
import { validateModule } from '../../src/vm/contract.ts';
import type { Instruction } from '../../src/vm/module.ts';
import { entryBytes, op } from '../support/module-builder.ts';

describe('types are checked before the engine sees them', () => {
  it.each<[string, Instruction[], RegExp]>([
    ['a missing operand', [op('i32.add')], /^code section, function 0, byte \d+: i32\.add needs/],
    ['a wrong type', [op('i64.const', 1n), op('i32.eqz')], /needs i32, found i64/],
    ['a missing local', [op('local.get', 7)], /local 7 does not exist/],
    ['a branch too far', [op('br', 5)], /5 blocks out/],
    ['an operand too many', [op('i32.const', 1), op('i32.const', 1)], /1 operands too many/],
    [
      'alignment',
      [op('i32.const', 0), op('i64.load', 4), op('drop'), op('i32.const', 0)],
      /alignment/,
    ],
  ])('%s', (_, instructions, message) => {
    const refusal = validateModule(entryBytes(instructions));
    expect(refusal?.code).toBe('invalid');
    expect(refusal?.message).toMatch(message);
  });
});
