/**
 * The operators of WebAssembly 1.0, sign extension, memory.copy and memory.fill: name, immediate,
 * types and price class of each. What is not in this table is refused, never skipped.
 */

export const valueTypes = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c } as const;

/** Block type without a result. */
export const emptyBlock = 0x40;

/** What follows the opcode in the binary form. */
export type ImmediateKind =
  | 'none'
  | 'block'
  | 'index'
  | 'indirect'
  | 'targets'
  | 'memory'
  | 'zero'
  | 'zeroTwice'
  | 'i32'
  | 'i64'
  | 'f32'
  | 'f64';

/** Operators of one class have one price. */
export type OperatorClass =
  | 'free'
  | 'constant'
  | 'local'
  | 'global'
  | 'simple'
  | 'multiply'
  | 'divide'
  | 'rotate'
  | 'load'
  | 'store'
  | 'branch'
  | 'branchTable'
  | 'call'
  | 'callIndirect'
  | 'memorySize'
  | 'memoryGrow'
  | 'memoryBulk';

export interface Operator {
  readonly opcode: number;
  readonly name: string;
  readonly immediate: ImmediateKind;
  /** Value types taken, bottom first. Control, calls and variables are typed by the validator. */
  readonly parameters: readonly number[];
  readonly result: number | undefined;
  readonly class: OperatorClass;
  readonly isFloat: boolean;
  /** Bytes that a load or store touches; 0 for the others. */
  readonly width: number;
}

/** Opcodes that the code refers to by name. Prefixed ones are 0xfc00 + their second number. */
export const opcodes = {
  unreachable: 0x00,
  nop: 0x01,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  drop: 0x1a,
  select: 0x1b,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  i64Load: 0x29,
  i64Store: 0x37,
  memorySize: 0x3f,
  memoryGrow: 0x40,
  i32Const: 0x41,
  i64Const: 0x42,
  f32Const: 0x43,
  f64Const: 0x44,
  i32Eq: 0x46,
  i32LtS: 0x48,
  i32LtU: 0x49,
  i32GtU: 0x4b,
  i64LtS: 0x53,
  i64LeU: 0x58,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i64Add: 0x7c,
  i64Sub: 0x7d,
  i64Mul: 0x7e,
  i64And: 0x83,
  i64Or: 0x84,
  i64Xor: 0x85,
  i64Shl: 0x86,
  i64ShrU: 0x88,
  i64ExtendI32U: 0xad,
  memoryCopy: 0xfc0a,
  memoryFill: 0xfc0b,
} as const;

const typeOfLetter: Readonly<Record<string, number>> = {
  i: valueTypes.i32,
  l: valueTypes.i64,
  f: valueTypes.f32,
  d: valueTypes.f64,
};

/** `[first opcode, signature, names in order, immediate, class, widths]`; i l f d = i32 i64 f32 f64. */
type Row = readonly [number, string, string, ImmediateKind?, OperatorClass?, string?];

const compare = 'eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u';
const compareFloat = 'eq ne lt gt le ge';
const unaryFloat = 'abs neg ceil floor trunc nearest sqrt';
const binaryFloat = 'add sub mul div min max copysign';
const prefixed = (type: string, names: string): string =>
  names.replace(/\S+/g, (name) => `${type}.${name}`);

const rows: readonly Row[] = [
  [0x00, '>', 'unreachable', 'none', 'branch'],
  [0x01, '>', 'nop', 'none', 'constant'],
  [0x02, '>', 'block loop if', 'block', 'free'],
  [0x05, '>', 'else', 'none', 'free'],
  [0x0b, '>', 'end', 'none', 'free'],
  [0x0c, '>', 'br br_if', 'index', 'branch'],
  [0x0e, '>', 'br_table', 'targets', 'branchTable'],
  [0x0f, '>', 'return', 'none', 'branch'],
  [0x10, '>', 'call', 'index', 'call'],
  [0x11, '>', 'call_indirect', 'indirect', 'callIndirect'],
  [0x1a, '>', 'drop', 'none', 'constant'],
  [0x1b, '>', 'select', 'none', 'multiply'],
  [0x20, '>', 'local.get local.set local.tee', 'index', 'local'],
  [0x23, '>', 'global.get global.set', 'index', 'global'],
  [0x28, 'i>i', 'i32.load', 'memory', 'load', '4'],
  [0x29, 'i>l', 'i64.load', 'memory', 'load', '8'],
  [0x2a, 'i>f', 'f32.load', 'memory', 'load', '4'],
  [0x2b, 'i>d', 'f64.load', 'memory', 'load', '8'],
  [0x2c, 'i>i', 'i32.load8_s i32.load8_u i32.load16_s i32.load16_u', 'memory', 'load', '1122'],
  [
    0x30,
    'i>l',
    prefixed('i64', 'load8_s load8_u load16_s load16_u load32_s load32_u'),
    'memory',
    'load',
    '112244',
  ],
  [0x36, 'ii>', 'i32.store', 'memory', 'store', '4'],
  [0x37, 'il>', 'i64.store', 'memory', 'store', '8'],
  [0x38, 'if>', 'f32.store', 'memory', 'store', '4'],
  [0x39, 'id>', 'f64.store', 'memory', 'store', '8'],
  [0x3a, 'ii>', 'i32.store8 i32.store16', 'memory', 'store', '12'],
  [0x3c, 'il>', 'i64.store8 i64.store16 i64.store32', 'memory', 'store', '124'],
  [0x3f, '>i', 'memory.size', 'zero', 'memorySize'],
  [0x40, 'i>i', 'memory.grow', 'zero', 'memoryGrow'],
  [0x41, '>i', 'i32.const', 'i32', 'constant'],
  [0x42, '>l', 'i64.const', 'i64', 'constant'],
  [0x43, '>f', 'f32.const', 'f32', 'constant'],
  [0x44, '>d', 'f64.const', 'f64', 'constant'],
  [0x45, 'i>i', 'i32.eqz'],
  [0x46, 'ii>i', prefixed('i32', compare)],
  [0x50, 'l>i', 'i64.eqz'],
  [0x51, 'll>i', prefixed('i64', compare)],
  [0x5b, 'ff>i', prefixed('f32', compareFloat)],
  [0x61, 'dd>i', prefixed('f64', compareFloat)],
  [0x67, 'i>i', 'i32.clz i32.ctz i32.popcnt'],
  [0x6a, 'ii>i', 'i32.add i32.sub'],
  [0x6c, 'ii>i', 'i32.mul', 'none', 'multiply'],
  [0x6d, 'ii>i', 'i32.div_s i32.div_u i32.rem_s i32.rem_u', 'none', 'divide'],
  [0x71, 'ii>i', 'i32.and i32.or i32.xor i32.shl i32.shr_s i32.shr_u'],
  [0x77, 'ii>i', 'i32.rotl i32.rotr', 'none', 'rotate'],
  [0x79, 'l>l', 'i64.clz i64.ctz i64.popcnt'],
  [0x7c, 'll>l', 'i64.add i64.sub'],
  [0x7e, 'll>l', 'i64.mul', 'none', 'multiply'],
  [0x7f, 'll>l', 'i64.div_s i64.div_u i64.rem_s i64.rem_u', 'none', 'divide'],
  [0x83, 'll>l', 'i64.and i64.or i64.xor i64.shl i64.shr_s i64.shr_u'],
  [0x89, 'll>l', 'i64.rotl i64.rotr', 'none', 'rotate'],
  [0x8b, 'f>f', prefixed('f32', unaryFloat)],
  [0x92, 'ff>f', prefixed('f32', binaryFloat)],
  [0x99, 'd>d', prefixed('f64', unaryFloat)],
  [0xa0, 'dd>d', prefixed('f64', binaryFloat)],
  [0xa7, 'l>i', 'i32.wrap_i64'],
  [0xa8, 'f>i', 'i32.trunc_f32_s i32.trunc_f32_u'],
  [0xaa, 'd>i', 'i32.trunc_f64_s i32.trunc_f64_u'],
  [0xac, 'i>l', 'i64.extend_i32_s i64.extend_i32_u'],
  [0xae, 'f>l', 'i64.trunc_f32_s i64.trunc_f32_u'],
  [0xb0, 'd>l', 'i64.trunc_f64_s i64.trunc_f64_u'],
  [0xb2, 'i>f', 'f32.convert_i32_s f32.convert_i32_u'],
  [0xb4, 'l>f', 'f32.convert_i64_s f32.convert_i64_u'],
  [0xb6, 'd>f', 'f32.demote_f64'],
  [0xb7, 'i>d', 'f64.convert_i32_s f64.convert_i32_u'],
  [0xb9, 'l>d', 'f64.convert_i64_s f64.convert_i64_u'],
  [0xbb, 'f>d', 'f64.promote_f32'],
  [0xbc, 'f>i', 'i32.reinterpret_f32'],
  [0xbd, 'd>l', 'i64.reinterpret_f64'],
  [0xbe, 'i>f', 'f32.reinterpret_i32'],
  [0xbf, 'l>d', 'f64.reinterpret_i64'],
  [0xc0, 'i>i', 'i32.extend8_s i32.extend16_s'],
  [0xc2, 'l>l', 'i64.extend8_s i64.extend16_s i64.extend32_s'],
  [0xfc0a, 'iii>', 'memory.copy', 'zeroTwice', 'memoryBulk'],
  [0xfc0b, 'iii>', 'memory.fill', 'zero', 'memoryBulk'],
];

function expand(row: Row): Operator[] {
  const [first, signature, names, immediate = 'none', operatorClass = 'simple', widths = ''] = row;
  const [takes = '', gives = ''] = signature.split('>');
  return names.split(' ').map((name, index) => ({
    opcode: first + index,
    name,
    immediate,
    parameters: [...takes].map((letter) => typeOfLetter[letter] as number),
    result: gives === '' ? undefined : typeOfLetter[gives],
    class: operatorClass,
    isFloat: /[fd]/.test(signature),
    width: Number(widths[index] ?? 0),
  }));
}

/** Every accepted operator by opcode. */
export const operators: ReadonlyMap<number, Operator> = new Map(
  rows.flatMap(expand).map((operator) => [operator.opcode, operator]),
);

/** A place for each opcode in a dense table of `opcodeSlots`: prefixed ones follow the single bytes. */
export function opcodeSlot(opcode: number): number {
  return opcode < 256 ? opcode : 256 + (opcode & 0xff);
}
export const opcodeSlots = 512;

const operatorTable: readonly (Operator | undefined)[] = Array.from(
  { length: opcodeSlots },
  (_, slot) => operators.get(slot < 256 ? slot : 0xfc00 + slot - 256),
);

/** The operator of an opcode below 0xfd00, faster than the map: passes ask for each instruction. */
export function operatorAt(opcode: number): Operator | undefined {
  return operatorTable[opcodeSlot(opcode)];
}

const laterProposals: readonly (readonly [number, number, string])[] = [
  [0x06, 0x0a, 'exception handling'],
  [0x12, 0x15, 'tail calls or typed references'],
  [0x18, 0x19, 'exception handling'],
  [0x1c, 0x1c, 'typed select (reference types)'],
  [0x1f, 0x1f, 'exception handling'],
  [0x25, 0x26, 'table access (reference types)'],
  [0xd0, 0xd6, 'reference types'],
  [0xfb, 0xfb, 'garbage collection'],
  [0xfc00, 0xfc07, 'saturating conversions'],
  [0xfc08, 0xfc0d, 'passive segments (bulk memory)'],
  [0xfc0e, 0xfc11, 'table operators (reference types)'],
  [0xfd, 0xfd, 'SIMD'],
  [0xfe, 0xfe, 'threads'],
];

/** The proposal that an unknown opcode belongs to, for the refusal's text. */
export function proposalOf(opcode: number): string | undefined {
  return laterProposals.find(([low, high]) => opcode >= low && opcode <= high)?.[2];
}
