/**
 * The slow and obvious way to count gas, to hold the fast one against it: before every instruction
 * its price is added to a global. No blocks, no cuts, no locals.
 */

import type { GasTable } from '../../src/vm/gas-table.ts';
import { type Instruction, importsOf, instruction, type WasmModule } from '../../src/vm/module.ts';
import { opcodes, operators, valueTypes } from '../../src/vm/opcodes.ts';

/** () -> i64: ink so far. (i64) -> (): sets it. */
export const tickNames = { read: 'tick:read', write: 'tick:write' } as const;

/** The prices without what only blocks and bytes have: then both ways must agree to the unit. */
export function flatTable(table: GasTable): GasTable {
  return { ...table, ink: { ...table.ink, chargePoint: 0, bulkByte: 0, growPage: 0 } };
}

export function tick(module: WasmModule, table: GasTable): WasmModule {
  const { ink } = table;
  const counter = importsOf(module, 'global').length + module.globals.length;
  const add = (cost: number): Instruction[] => [
    instruction(opcodes.globalGet, counter),
    instruction(opcodes.i64Const, 0, BigInt(cost)),
    instruction(opcodes.i64Add),
    instruction(opcodes.globalSet, counter),
  ];
  const bodies = module.bodies.map((body, index) => {
    const type = module.types[module.functions[index] as number];
    const declared = body.locals.reduce((sum, group) => sum + group.count, 0);
    const variables = declared + (type?.parameters.length ?? 0);
    const output = add(ink.functionEntry + ink.functionLocal * variables);
    for (const each of body.instructions) {
      const operator = operators.get(each.opcode);
      const cost = operator === undefined ? 0 : ink.operators[operator.class];
      if (cost > 0) output.push(...add(cost));
      output.push(each);
    }
    return { ...body, instructions: output };
  });
  const firstFunction = importsOf(module, 'function').length + module.functions.length;
  const end = instruction(opcodes.end);
  const helper = (...instructions: Instruction[]) => ({
    locals: [],
    instructions: [...instructions, end],
    offset: 0,
    sizeBytes: 0,
  });
  return {
    ...module,
    types: [
      ...module.types,
      { parameters: [], results: [valueTypes.i64] },
      { parameters: [valueTypes.i64], results: [] },
    ],
    functions: [...module.functions, module.types.length, module.types.length + 1],
    globals: [
      ...module.globals,
      {
        type: { type: valueTypes.i64, isMutable: true },
        initial: [instruction(opcodes.i64Const, 0, 0n), end],
      },
    ],
    exports: [
      ...module.exports,
      { name: tickNames.read, kind: 'function', index: firstFunction },
      { name: tickNames.write, kind: 'function', index: firstFunction + 1 },
    ],
    bodies: [
      ...bodies,
      helper(instruction(opcodes.globalGet, counter)),
      helper(instruction(opcodes.localGet, 0), instruction(opcodes.globalSet, counter)),
    ],
  };
}
