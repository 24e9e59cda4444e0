/**
 * What can be measured of the machine: endless loops over one operator or host function each.
 */

import { encodeModule } from '../../src/vm/encoder.ts';
import {
  type DataSegment,
  type FunctionType,
  type Instruction,
  instruction,
} from '../../src/vm/module.ts';
import { emptyBlock, operators, valueTypes } from '../../src/vm/opcodes.ts';
import { body, branchTable, contractWith, op } from '../../test/support/module-builder.ts';

const { i32, i64 } = valueTypes;

/** Locals of the entry point: its argument, the counter, an i32 that changes, an i64 that changes. */
const [counter, small, wide] = [1, 2, 3];
const unrolled = 64;

export interface Subject {
  readonly name: string;
  readonly code: readonly Instruction[];
  readonly repeat?: number;
  /** A hook to import as function 0, by its type. */
  readonly data?: readonly DataSegment[];
  readonly hook?: { readonly name: string; readonly type: FunctionType };
}

/** An endless loop over `code`: the frame ends when all gas is used. */
export function moduleFor({ code, repeat = unrolled, hook, data = [] }: Subject): Uint8Array {
  const entry = { parameters: [i32], results: [i32] };
  const callee = { parameters: [i32, i64], results: [i64] };
  const first = hook === undefined ? 0 : 1;
  const loop = [
    op('loop', emptyBlock),
    ...Array.from({ length: repeat }, () => code).flat(),
    op('local.get', counter),
    op('i32.const', 2_654_435_769 | 0),
    op('i32.add'),
    op('local.tee', counter),
    op('i32.const', 0xffff8),
    op('i32.and'),
    op('local.set', small),
    op('br', 0),
    op('end'),
    op('i32.const', 0),
  ];
  const locals = [
    { count: 2, type: i32 },
    { count: 1, type: i64 },
  ];
  return encodeModule(
    contractWith({
      types: [entry, callee, ...(hook === undefined ? [] : [hook.type])],
      imports:
        hook === undefined
          ? []
          : [
              {
                module: 'vm_hooks',
                name: hook.name,
                description: { kind: 'function', typeIndex: 2 },
                offset: 0,
              },
            ],
      functions: [0, 1],
      tables: [{ minimum: 2, maximum: 2 }],
      elements: [{ offset: [op('i32.const', 0), op('end')], functions: [first, first + 1] }],
      memories: [{ minimum: 32, maximum: 64 }],
      globals: [
        { type: { type: i64, isMutable: true }, initial: [op('i64.const', 1n), op('end')] },
      ],
      exports: [
        { name: 'memory', kind: 'memory', index: 0 },
        { name: 'user_entrypoint', kind: 'function', index: first },
      ],
      bodies: [body(loop, locals), body([op('local.get', 1)])],
      data,
    }),
  );
}

const push: Readonly<Record<number, Instruction>> = {
  [i32]: op('local.get', small),
  [i64]: op('local.get', wide),
};

/** Operands from locals, the operator, and its result kept, so that nothing is optimised away. */
export function plainSubjects(): Subject[] {
  const subjects: Subject[] = [];
  for (const { opcode, name, immediate, parameters, result, isFloat } of operators.values()) {
    const isPlain = immediate === 'none' || immediate === 'memory';
    if (isFloat || !isPlain || (parameters.length === 0 && result === undefined)) continue;
    const operands = parameters.map((type, index) =>
      // A divisor must not be zero.
      /div|rem/.test(name) && index === 1
        ? type === i32
          ? op('i32.const', 12_345)
          : op('i64.const', 12_345n)
        : (push[type] as Instruction),
    );
    const keep = result === undefined ? [] : [op('local.set', result === i32 ? small : wide)];
    const bound =
      immediate === 'memory' || result === i32
        ? [op('local.get', small), op('i32.const', 0xffff8), op('i32.and'), op('local.set', small)]
        : [];
    subjects.push({ name, code: [...bound, ...operands, instruction(opcode), ...keep] });
  }
  return subjects;
}

const get = push[i32] as Instruction;
export const controlSubjects: readonly Subject[] = [
  { name: 'br_if', code: [op('block', emptyBlock), get, op('br_if', 0), op('end')] },
  { name: 'if', code: [get, op('if', emptyBlock), op('nop'), op('end')] },
  {
    name: 'br_table',
    code: [op('block', emptyBlock), get, branchTable(Array(64).fill(0)), op('end')],
  },
  { name: 'call', code: [get, op('local.get', wide), op('call', 1), op('local.set', wide)] },
  {
    name: 'call_indirect',
    code: [get, op('local.get', wide), op('i32.const', 1), op('call_indirect', 1), op('drop')],
  },
  { name: 'select', code: [get, op('local.get', 0), get, op('select'), op('local.set', small)] },
  {
    name: 'global',
    code: [op('global.get', 0), op('local.get', wide), op('i64.add'), op('global.set', 0)],
  },
  { name: 'memory.size', code: [op('memory.size'), op('local.set', small)] },
  { name: 'memory.grow 0', code: [op('i32.const', 0), op('memory.grow'), op('drop')] },
  ...[0, 8, 1_024, 65_536].flatMap((length): Subject[] => [
    {
      name: `memory.copy ${length}`,
      code: [get, op('i32.const', 9), op('i32.const', length), op('memory.copy')],
      repeat: 1,
    },
    {
      name: `memory.fill ${length}`,
      code: [op('i32.const', 9), get, op('i32.const', length), op('memory.fill')],
      repeat: 1,
    },
  ]),
];

export const signature = (letters: string, result?: number): FunctionType => ({
  parameters: [...letters].map((letter) => (letter === 'l' ? i64 : i32)),
  results: result === undefined ? [] : [result],
});
/** The loop's counter at address 512: a slot, key or address that is new each time. */
const fresh = [op('i32.const', 512), op('local.get', counter), op('i32.store')];
const at = (...pointers: number[]): Instruction[] => pointers.map((each) => op('i32.const', each));

/** [hook, signature, arguments, result, name of the case]. Pointers lie apart, 512 is fresh. */
const hookCases: readonly (readonly [
  string,
  string,
  readonly Instruction[],
  (number | undefined)?,
  string?,
])[] = [
  ['read_args', 'i', at(1_024)],
  ['write_result', 'ii', at(0, 32)],
  ['write_result', 'ii', at(0, 65_536), undefined, '64 KiB'],
  ['storage_load_bytes32', 'ii', at(512, 1_024), undefined, 'cold'],
  ['storage_load_bytes32', 'ii', at(640, 1_024), undefined, 'warm'],
  ['storage_cache_bytes32', 'ii', at(512, 0), undefined, 'cold'],
  ['storage_cache_bytes32', 'ii', at(640, 512), undefined, 'warm'],
  ['transient_load_bytes32', 'ii', at(512, 1_024)],
  ['transient_store_bytes32', 'ii', at(512, 512)],
  ['emit_log', 'iii', at(0, 128, 4)],
  ['emit_log', 'iii', at(0, 8_192, 0), undefined, '8 KiB'],
  [
    'call_contract',
    'iiiili',
    [...at(512, 0, 0, 0), op('i64.const', 0n), ...at(1_024)],
    i32,
    'cold, no code',
  ],
  [
    'static_call_contract',
    'iiili',
    [...at(640, 0, 0), op('i64.const', 0n), ...at(1_024)],
    i32,
    'warm, no code',
  ],
  ['create1', 'iiiii', at(0, 32, 640, 1_024, 1_088)],
  ['create2', 'iiiiii', at(0, 32, 640, 512, 1_024, 1_088)],
  ['read_return_data', 'iii', at(1_024, 0, 32), i32],
  ['account_balance', 'ii', at(512, 1_024), undefined, 'cold'],
  ['account_balance', 'ii', at(640, 1_024), undefined, 'warm'],
  ['account_code', 'iiii', at(640, 0, 32, 1_024), i32],
  ['account_code_size', 'i', at(640), i32],
  ['account_codehash', 'ii', at(640, 1_024)],
  ['evm_gas_left', '', [], i64],
  ['evm_ink_left', '', [], i64],
  ['block_basefee', 'i', at(1_024)],
  ['block_number', '', [], i64],
  ['contract_address', 'i', at(1_024)],
  ['msg_value', 'i', at(1_024)],
  ['msg_reentrant', '', [], i32],
  ['math_div', 'ii', at(704, 736)],
  ['math_mod', 'ii', at(704, 736)],
  ['math_pow', 'ii', at(704, 736)],
  ['math_add_mod', 'iii', at(704, 736, 768)],
  ['math_mul_mod', 'iii', at(704, 736, 768)],
  ['native_keccak256', 'iii', at(0, 32, 1_024)],
  ['native_keccak256', 'iii', at(0, 65_536, 1_024), undefined, '64 KiB'],
];

export function hookSubjects(): Subject[] {
  // 704..800: a wide dividend, a divisor of 17 bytes, a modulus of 32.
  const words = [704, 712, 720, 728, 752, 760, 768, 776, 784, 792].flatMap((address) => [
    op('i32.const', address),
    op('i64.const', -0x123456789abcdefn),
    op('i64.store'),
  ]);
  return hookCases.map(([name, letters, operands, result, what]) => ({
    name: what === undefined ? name : `${name} (${what})`,
    repeat: 1,
    hook: { name, type: signature(letters, result) },
    code: [
      ...fresh,
      ...words,
      ...operands,
      op('call', 0),
      ...(result === undefined ? [] : [op('drop')]),
    ],
  }));
}
