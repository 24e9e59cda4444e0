/**
 * How large the parts of a module may be: at each limit it is accepted, one beyond it is refused by name.
 */

import { describe, expect, it } from 'vitest';
import { concat } from '../../src/primitives/bytes.ts';
import { limits } from '../../src/primitives/limits.ts';
import { validateModule } from '../../src/vm/contract.ts';
import { encodeModule } from '../../src/vm/encoder.ts';
import type { Instruction } from '../../src/vm/module.ts';
import { emptyBlock, valueTypes } from '../../src/vm/opcodes.ts';
import {
  body,
  branchTable,
  contractWith,
  entryBytes,
  entryType,
  op,
} from '../support/module-builder.ts';

const { i32 } = valueTypes;

const repeat = (count: number, ...instructions: Instruction[]): Instruction[] =>
  Array.from({ length: count }, () => instructions).flat();

describe('shapes', () => {
  const block = op('block', emptyBlock);
  const end = op('end');
  const zero = op('i32.const', 0);
  /** 2,047 and 2,049 ends amid 256 values each; what is above 2^20 lies around a single one. */
  const withControlWork = (count: number) => {
    const points = (pairs: number) =>
      body([...repeat(pairs, block, end), zero], [{ count: 254, type: i32 }]);
    return contractWith({
      types: [entryType, { parameters: [], results: [] }],
      functions: [0, 0, 1],
      bodies: [points(2_046), points(2_048), body([], [{ count: count - 2 ** 20, type: i32 }])],
    });
  };
  /** 60,000 bytes that mean nothing: a custom section, which the limits by size count. */
  const filler = concat(Uint8Array.of(0, 0xe0, 0xd4, 0x03), new Uint8Array(60_000));
  /** `count` parameters or locals in functions of `most` each, beside the entry point. */
  const inAll = (count: number, parametersEach: number, localsEach: number) => {
    const most = parametersEach + localsEach;
    const rest = count % most;
    const whole = Math.floor(count / most);
    const typeOf = (length: number) => ({ parameters: Array(length).fill(i32), results: [] });
    const bodyOf = (locals: number) => body([], [{ count: locals, type: i32 }]);
    return contractWith({
      types: [entryType, typeOf(parametersEach), typeOf(parametersEach > 0 ? rest : 0)],
      functions: [0, ...Array(whole).fill(1), 2],
      bodies: [
        body([zero]),
        ...Array(whole).fill(bodyOf(localsEach)),
        bodyOf(localsEach > 0 ? rest : 0),
      ],
    });
  };
  const nested = (depth: number) => [...repeat(depth, block), ...repeat(depth, end), zero];

  it.each<[string, (count: number) => Uint8Array, number]>([
    [
      'initial memory pages',
      (n) => encodeModule(contractWith({ memories: [{ minimum: n, maximum: undefined }] })),
      limits.wasmInitialPagesMax,
    ],
    ['nested blocks', (n) => entryBytes(nested(n)), limits.wasmNestingMax],
    [
      'blocks',
      (n) => entryBytes([...repeat(n, block, end), zero]),
      limits.wasmBlocksPerFunctionMax,
    ],
    [
      'loops',
      (n) => entryBytes([...repeat(n, op('loop', emptyBlock), end), zero]),
      limits.wasmLoopsPerFunctionMax,
    ],
    [
      'branch targets',
      (n) => entryBytes([block, zero, branchTable(Array(n + 1).fill(0)), end, zero]),
      limits.wasmBranchTableMax,
    ],
    [
      'locals',
      (n) => entryBytes([zero], {}, [{ count: n, type: i32 }]),
      limits.wasmLocalsPerFunctionMax,
    ],
    [
      'operands',
      (n) => entryBytes([...repeat(n, zero), ...repeat(n, op('drop')), zero]),
      limits.wasmOperandStackMax,
    ],
    [
      'branches, calls and blocks times locals and operands',
      (n) => concat(encodeModule(withControlWork(n)), filler),
      limits.wasmControlWorkMax,
    ],
    [
      'parameters in type 1',
      (n) =>
        encodeModule(
          contractWith({ types: [entryType, { parameters: Array(n).fill(i32), results: [] }] }),
        ),
      limits.wasmParametersPerFunctionMax,
    ],
    [
      'types',
      (n) => encodeModule(contractWith({ types: Array(n).fill(entryType) })),
      limits.wasmTypesMax,
    ],
    [
      'functions',
      (n) =>
        encodeModule(
          contractWith({ functions: Array(n).fill(0), bodies: Array(n).fill(body([zero])) }),
        ),
      limits.wasmFunctionsMax,
    ],
    [
      'globals',
      (n) =>
        encodeModule(
          contractWith({
            globals: Array(n).fill({ type: { type: i32, isMutable: true }, initial: [zero, end] }),
          }),
        ),
      limits.wasmGlobalsMax,
    ],
    [
      'table elements',
      (n) => encodeModule(contractWith({ tables: [{ minimum: n, maximum: undefined }] })),
      limits.wasmTableElementsMax,
    ],
    [
      'data segments',
      (n) =>
        encodeModule(
          contractWith({ data: Array(n).fill({ offset: [zero, end], bytes: new Uint8Array(1) }) }),
        ),
      limits.wasmSegmentsMax,
    ],
    [
      'element segments',
      (n) =>
        encodeModule(
          contractWith({
            tables: [{ minimum: 1, maximum: undefined }],
            elements: Array(n).fill({ offset: [zero, end], functions: [0] }),
          }),
        ),
      limits.wasmSegmentsMax,
    ],
    [
      'exports',
      (n) =>
        encodeModule(
          contractWith({
            exports: [
              ...contractWith().exports,
              ...Array.from({ length: n - 2 }, (_, index) => ({
                name: `other ${index}`,
                kind: 'function' as const,
                index: 0,
              })),
            ],
          }),
        ),
      limits.wasmExportsMax,
    ],
    [
      'parameters in all',
      (n) => concat(encodeModule(inAll(n - 1, limits.wasmParametersPerFunctionMax, 0)), filler),
      limits.wasmParametersTotalMax,
    ],
    [
      'locals in all',
      (n) => concat(encodeModule(inAll(n, 0, limits.wasmLocalsPerFunctionMax)), filler),
      limits.wasmLocalsTotalMax,
    ],
    [
      'blocks in all',
      (n) => {
        const per = limits.wasmBlocksPerFunctionMax;
        const counts = [...Array(Math.floor(n / per)).fill(per), n % per];
        return encodeModule(
          contractWith({
            functions: counts.map(() => 0),
            bodies: counts.map((count) => body([...repeat(count, block, end), zero])),
          }),
        );
      },
      limits.wasmBlocksTotalMax,
    ],
    [
      'bytes of code',
      (n) => entryBytes([...repeat(n - 4, op('nop')), zero]),
      limits.wasmBodySizeBytesMax,
    ],
  ])('%s stop at their limit', (what, make, max) => {
    expect(validateModule(make(max))).toBeUndefined();
    const refusal = validateModule(make(max + 1));
    expect(refusal?.code).toBe('limit');
    expect(refusal?.message).toContain(what);
    expect(refusal?.message).toContain(`at most ${max}`);
  });

  it('counts operands inside blocks too', () => {
    const inside = (count: number) =>
      entryBytes([block, ...repeat(count, zero), ...repeat(count, op('drop')), end, zero]);
    const max = limits.wasmOperandStackMax;
    expect(validateModule(inside(max))).toBeUndefined();
    expect(validateModule(inside(max + 1))?.message).toContain('operands at once');
  });

  it('stops at 128 KiB of module', () => {
    const bytes = encodeModule(contractWith());
    const filler = (size: number) =>
      concat(
        bytes,
        Uint8Array.of(0, 0x80 | (size & 0x7f), 0x80 | ((size >> 7) & 0x7f), size >> 14),
        new Uint8Array(size),
      );
    const room = limits.wasmSizeBytesMax - bytes.length - 4;
    expect(validateModule(filler(room))).toBeUndefined();
    expect(validateModule(filler(room + 1))).toMatchObject({ code: 'too-large' });
  });
});

describe('control work', () => {
  it('is bounded by the size of the module', () => {
    // One value, the entry's argument with the answer above it, at each end: 2 for each block.
    const blocks = (count: number) =>
      entryBytes([...repeat(count, op('block', emptyBlock), op('end')), op('i32.const', 0)], {}, [
        { count: 200, type: i32 },
      ]);
    const workOf = (count: number) => (count + 1) * 202;
    const bound = (count: number) =>
      limits.wasmControlWorkBase + limits.wasmControlWorkPerByte * blocks(count).length;
    let count = 1;
    while (workOf(count + 1) <= bound(count + 1)) count += 1;
    expect(validateModule(blocks(count))).toBeUndefined();
    expect(validateModule(blocks(count + 1))?.code).toBe('limit');
  });

  it('counts each target of a table', () => {
    const block = op('block', emptyBlock);
    const table = branchTable(Array(limits.wasmBranchTableMax + 1).fill(0));
    const tables = (count: number) =>
      entryBytes(
        [...repeat(count, block, op('i32.const', 0), table, op('end')), op('i32.const', 0)],
        {},
        [{ count: 200, type: i32 }],
      );
    // Each table with its targets and the end of its block; the end of all; around 202 values.
    const workOf = (count: number) => (count * (limits.wasmBranchTableMax + 2) + 1) * (1 + 200 + 1);
    const bound = (count: number) =>
      limits.wasmControlWorkBase + limits.wasmControlWorkPerByte * tables(count).length;
    expect(workOf(1)).toBeGreaterThan(bound(1));
    expect(validateModule(tables(0))).toBeUndefined();
    expect(validateModule(tables(1))?.message).toContain(`${workOf(1)} branches`);
  });
});
