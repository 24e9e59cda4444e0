/**
 * What the chain refuses of WebAssembly, and that each refusal says what and where.
 */

import { describe, expect, it } from 'vitest';
import { concat } from '../../src/primitives/bytes.ts';
import { limits } from '../../src/primitives/limits.ts';
import { validateModule } from '../../src/vm/contract.ts';
import { decodeModule } from '../../src/vm/decoder.ts';
import { encodeModule } from '../../src/vm/encoder.ts';
import type { Import, WasmModule } from '../../src/vm/module.ts';
import { valueTypes } from '../../src/vm/opcodes.ts';
import {
  body,
  contractWith,
  entryBytes,
  entryType,
  op,
  rawSection,
} from '../support/module-builder.ts';

const { i32, i64, f64 } = valueTypes;

const refusalOf = (parts: Partial<WasmModule>) => validateModule(encodeModule(contractWith(parts)));

function hookImport(name: string, module = 'vm_hooks', typeIndex = 0): Import {
  return { module, name, description: { kind: 'function', typeIndex }, offset: 0 };
}

/** A contract that imports one function of the given type; its own function has index 1. */
function importing(entry: Import, parameters: readonly number[], results: readonly number[]) {
  return contractWith({
    types: [{ parameters, results }, entryType],
    imports: [entry],
    functions: [1],
    exports: [
      { name: 'memory', kind: 'memory', index: 0 },
      { name: 'user_entrypoint', kind: 'function', index: 1 },
    ],
  });
}

describe('accepted', () => {
  it('is the least contract', () => {
    expect(refusalOf({})).toBeUndefined();
  });

  it('is what tool chains add: custom sections, data count, other exports, an empty table', () => {
    const module = contractWith({
      tables: [{ minimum: 1, maximum: 1 }],
      globals: [
        { type: { type: i32, isMutable: true }, initial: [op('i32.const', 65_536), op('end')] },
      ],
    });
    const exports = [...module.exports, { name: '__heap_base', kind: 'global' as const, index: 0 }];
    const bytes = encodeModule({ ...module, exports });
    const name = rawSection(0, [4, 0x6e, 0x61, 0x6d, 0x65, 1, 2, 3]);
    expect(
      validateModule(concat(bytes.subarray(0, 8), name, bytes.subarray(8), name)),
    ).toBeUndefined();
  });

  it('are padded integers, and they come out in their shortest form', () => {
    const bytes = entryBytes([op('i32.const', 0)]);
    const padded = Uint8Array.from(bytes);
    // Type section: id 1, size 6 -> size padded to five bytes.
    const wide = concat(
      padded.subarray(0, 9),
      Uint8Array.of(0x86, 0x80, 0x80, 0x80, 0),
      padded.subarray(10),
    );
    expect(bytes[9]).toBe(6);
    expect(validateModule(wide)).toBeUndefined();
    expect(encodeModule(decodeModule(wide))).toEqual(bytes);
  });

  it('are both widths of tx_ink_price', () => {
    for (const result of [i32, i64]) {
      const module = importing(hookImport('tx_ink_price'), [], [result]);
      expect(validateModule(encodeModule(module))).toBeUndefined();
    }
  });
});

describe('floats are refused', () => {
  it.each([
    [
      'operator',
      contractWith({ bodies: [body([op('f64.const', 0n), op('drop'), op('i32.const', 0)])] }),
      /^code section, function 0, byte \d+: f64\.const/,
    ],
    [
      'conversion',
      contractWith({
        bodies: [
          body([op('i32.const', 0), op('f64.convert_i32_s'), op('drop'), op('i32.const', 0)]),
        ],
      }),
      /f64\.convert_i32_s/,
    ],
    ['type', contractWith({ types: [entryType, { parameters: [f64], results: [] }] }), /type 1/],
    [
      'local',
      contractWith({ bodies: [body([op('i32.const', 0)], [{ count: 1, type: f64 }])] }),
      /function 0, byte \d+: it has a float local/,
    ],
    [
      'global',
      contractWith({
        globals: [
          { type: { type: f64, isMutable: false }, initial: [op('f64.const', 0n), op('end')] },
        ],
      }),
      /global/,
    ],
  ])('%s', (_, module, message) => {
    const refusal = validateModule(encodeModule(module));
    expect(refusal?.code).toBe('float');
    expect(refusal?.message).toMatch(message);
    expect(refusal?.message).toContain('fixed-point');
  });
});

describe('later proposals are refused by name', () => {
  const marker = Uint8Array.of(0x41, 0x2a, 0x1a);
  /** Replaces `i32.const 42; drop` by raw bytes of the same length. */
  function withBytes(...raw: [number, number, number]): Uint8Array {
    const bytes = entryBytes([op('i32.const', 42), op('drop'), op('i32.const', 0)]);
    const at = bytes.findIndex((_, index) => marker.every((byte, k) => bytes[index + k] === byte));
    return Uint8Array.from([...bytes.subarray(0, at), ...raw, ...bytes.subarray(at + 3)]);
  }

  it.each([
    ['SIMD', [0xfd, 0x0c, 0x01]],
    ['threads', [0xfe, 0x00, 0x02]],
    ['garbage collection', [0xfb, 0x00, 0x00]],
    ['saturating', [0xfc, 0x00, 0x01]],
    ['reference types', [0xd0, 0x70, 0x1a]],
    ['tail calls', [0x12, 0x00, 0x01]],
    ['exception handling', [0x08, 0x00, 0x01]],
    ['typed select', [0x1c, 0x01, 0x7f]],
    ['multi-value', [0x02, 0x00, 0x0b]],
  ] as const)('%s', (name, raw) => {
    const refusal = validateModule(withBytes(...(raw as unknown as [number, number, number])));
    expect(refusal?.code).toBe('unsupported');
    expect(refusal?.message).toContain(name);
    expect(refusal?.message).toMatch(/^code section, function 0, byte \d+: /);
  });

  it('passive data, several memories, multiple results', () => {
    const bytes = encodeModule(contractWith());
    const passive = concat(bytes, rawSection(11, [1, 1, 1, 0xff]));
    expect(validateModule(passive)).toMatchObject({ code: 'unsupported' });
    const two = refusalOf({
      memories: [
        { minimum: 1, maximum: 1 },
        { minimum: 1, maximum: 1 },
      ],
    });
    expect(two?.code).toBe('memory');
    const pair = refusalOf({ types: [entryType, { parameters: [], results: [i32, i32] }] });
    expect(pair).toMatchObject({ code: 'unsupported' });
  });
});

describe('structure', () => {
  it('has no start function', () => {
    const refusal = refusalOf({
      types: [entryType, { parameters: [], results: [] }],
      functions: [0, 1],
      bodies: [body([op('i32.const', 0)]), body([])],
      start: 1,
    });
    expect(refusal?.code).toBe('start');
  });

  it('imports nothing but functions', () => {
    const limitsOfOne = { minimum: 1, maximum: 1 };
    const descriptions = [
      { kind: 'memory', limits: limitsOfOne },
      { kind: 'table', limits: limitsOfOne },
      { kind: 'global', type: { type: i32, isMutable: false } },
    ] as const;
    for (const description of descriptions) {
      const imports = [{ module: 'vm_hooks', name: 'thing', description, offset: 0 }];
      expect(refusalOf({ imports })).toMatchObject({ code: 'import' });
    }
  });

  it.each([
    ['another module', hookImport('abort', 'env'), [i32], [], 'only vm_hooks'],
    ['debug output', hookImport('log_txt', 'console'), [i32], [], 'only vm_hooks'],
    ['an unknown name', hookImport('storage_delete'), [i32], [], 'there is no such hook'],
    ['a name of every object', hookImport('toString'), [], [i32], 'there is no such hook'],
    ['another type', hookImport('read_args'), [i64], [], '"read_args": it is i>'],
  ] as const)('refuses imports of %s', (_, entry, parameters, results, text) => {
    const refusal = validateModule(encodeModule(importing(entry, parameters, results)));
    expect(refusal?.code).toBe('import');
    expect(refusal?.message).toContain(text);
  });

  it('refuses the same import twice', () => {
    const module = importing(hookImport('read_args'), [i32], []);
    const imports = [hookImport('read_args'), hookImport('read_args')];
    const exports = [module.exports[0], { name: 'user_entrypoint', kind: 'function', index: 2 }];
    const bytes = encodeModule({ ...module, imports, exports: exports as WasmModule['exports'] });
    expect(validateModule(bytes)?.message).toContain('twice');
  });

  it('needs its memory and its entry point, with their types', () => {
    const [memory, entry] = contractWith().exports as [
      WasmModule['exports'][0],
      WasmModule['exports'][0],
    ];
    expect(refusalOf({ exports: [entry] })).toMatchObject({ code: 'export' });
    expect(refusalOf({ exports: [memory] })).toMatchObject({ code: 'export' });
    expect(refusalOf({ memories: [], exports: [entry] })).toMatchObject({ code: 'memory' });
    const wrong = refusalOf({
      types: [{ parameters: [], results: [i32] }],
      exports: [memory, entry],
    });
    expect(wrong).toMatchObject({ code: 'export' });
    // The right names for things of another kind, with an index that fits.
    for (const exports of [
      [{ ...memory, kind: 'function' as const }, entry],
      [memory, { ...entry, kind: 'memory' as const }],
      [memory, entry, { ...entry, name: 'user_constructor', kind: 'memory' as const }],
    ]) {
      expect(refusalOf({ exports })).toMatchObject({ code: 'export' });
    }
    const wideResult = { parameters: [i32], results: [i64] };
    expect(refusalOf({ types: [wideResult], bodies: [body([op('i64.const', 0n)])] })).toMatchObject(
      { code: 'export' },
    );
    const imported = importing(hookImport('account_code_size'), [i32], [i32]);
    const exports = [memory, { ...entry, index: 0 }];
    expect(validateModule(encodeModule({ ...imported, exports }))?.code).toBe('export');
  });

  it('keeps segments inside memory and table, and imports out of tables', () => {
    const data = (offset: number) => ({
      offset: [op('i32.const', offset), op('end')],
      bytes: new Uint8Array(2),
    });
    expect(refusalOf({ data: [data(65_534)] })).toBeUndefined();
    expect(refusalOf({ data: [data(65_535)] })).toMatchObject({ code: 'invalid' });
    expect(refusalOf({ data: [data(-1)] })).toMatchObject({ code: 'invalid' });
    const table = { tables: [{ minimum: 1, maximum: undefined }] };
    const element = (offset: number) => ({
      offset: [op('i32.const', offset), op('end')],
      functions: [0],
    });
    expect(refusalOf({ ...table, elements: [element(0)] })).toBeUndefined();
    expect(refusalOf({ ...table, elements: [element(1)] })).toMatchObject({ code: 'invalid' });
    const imported = importing(hookImport('read_args'), [i32], []);
    const bytes = encodeModule({ ...imported, ...table, elements: [element(0)] });
    expect(validateModule(bytes)).toMatchObject({ code: 'unsupported' });
  });

  it('has one table, by its index too', () => {
    const table = { tables: [{ minimum: 1, maximum: undefined }] };
    const bytes = entryBytes(
      [op('i32.const', 0), op('i32.const', 0), op('call_indirect', 0)],
      table,
    );
    expect(validateModule(bytes)).toBeUndefined();
    const at = bytes.findIndex((byte, index) => byte === 0x11 && bytes[index + 1] === 0);
    const other = bytes.slice();
    other[at + 2] = 1;
    expect(validateModule(other)?.message).toContain('table index must be 0');
  });

  it('refuses more imports than there can be, and a second table', () => {
    const many = Array(limits.wasmImportsMax + 1).fill(hookImport('read_args'));
    const module = importing(hookImport('read_args'), [i32], []);
    const refusal = validateModule(encodeModule({ ...module, imports: many }));
    expect(refusal?.message).toContain(`${many.length} imports, at most`);
    const table = { minimum: 1, maximum: undefined };
    expect(refusalOf({ tables: [table, table] })).toMatchObject({ code: 'limit' });
  });
});
