/**
 * What each numeric operator of WebAssembly 1.0 computes, written from the specification (section
 * 4.3) for clarity alone. i32 is a signed number, i64 a signed bigint, floats are numbers; NaN has
 * one form here, so programs that look at its bits are out of reach.
 */

export type Value = number | bigint;

/** The program did what ends it: division by zero, access out of bounds, no gas. */
export class Trap extends Error {}

const view = new DataView(new ArrayBuffer(8));
const s32 = (value: Value): number => Number(BigInt.asIntN(32, BigInt(value)));
const u32 = (value: Value): number => Number(value) >>> 0;
const s64 = (value: bigint): bigint => BigInt.asIntN(64, value);
const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
const single = Math.fround;

function trapIf(condition: boolean, reason: string): void {
  if (condition) throw new Trap(reason);
}

/** Integer operators on exact integers: the width only decides where results wrap. */
function integers(width: 32 | 64): Record<string, (a: bigint, b: bigint) => bigint | boolean> {
  const bits = BigInt(width);
  const signed = (value: bigint): bigint => BigInt.asIntN(width, value);
  const unsigned = (value: bigint): bigint => BigInt.asUintN(width, value);
  const text = (value: bigint): string => unsigned(value).toString(2).padStart(width, '0');
  const divisor = (value: bigint): bigint => {
    trapIf(value === 0n, 'division by zero');
    return value;
  };
  const rotate = (value: bigint, by: bigint): bigint => {
    const count = ((by % bits) + bits) % bits;
    return (unsigned(value) << count) | (unsigned(value) >> (bits - count));
  };
  return {
    add: (a, b) => a + b,
    sub: (a, b) => a - b,
    mul: (a, b) => a * b,
    div_s: (a, b) => {
      trapIf(b === -1n && a === -(1n << (bits - 1n)), 'overflow');
      return a / divisor(b);
    },
    div_u: (a, b) => unsigned(a) / divisor(unsigned(b)),
    rem_s: (a, b) => a % divisor(b),
    rem_u: (a, b) => unsigned(a) % divisor(unsigned(b)),
    and: (a, b) => a & b,
    or: (a, b) => a | b,
    xor: (a, b) => a ^ b,
    shl: (a, b) => a << (unsigned(b) % bits),
    shr_s: (a, b) => a >> (unsigned(b) % bits),
    shr_u: (a, b) => unsigned(a) >> (unsigned(b) % bits),
    rotl: rotate,
    rotr: (a, b) => rotate(a, -unsigned(b)),
    clz: (a) => BigInt(`${text(a)}1`.indexOf('1')),
    // With a one in front, zero has `width` zeros at the end.
    ctz: (a) => BigInt(width - `1${text(a)}`.lastIndexOf('1')),
    popcnt: (a) => BigInt(text(a).replaceAll('0', '').length),
    eqz: (a) => a === 0n,
    eq: (a, b) => a === b,
    ne: (a, b) => a !== b,
    lt_s: (a, b) => a < b,
    lt_u: (a, b) => unsigned(a) < unsigned(b),
    gt_s: (a, b) => a > b,
    gt_u: (a, b) => unsigned(a) > unsigned(b),
    le_s: (a, b) => a <= b,
    le_u: (a, b) => unsigned(a) <= unsigned(b),
    ge_s: (a, b) => a >= b,
    ge_u: (a, b) => unsigned(a) >= unsigned(b),
    extend8_s: (a) => BigInt.asIntN(8, a),
    extend16_s: (a) => BigInt.asIntN(16, a),
    extend32_s: (a) => BigInt.asIntN(32, signed(a)),
  };
}

/** To the nearest integer, ties to even. */
function nearest(value: number): number {
  const floor = Math.floor(value);
  const distance = value - floor;
  if (distance !== 0.5) return distance < 0.5 ? negativeZero(floor, value) : Math.ceil(value);
  return negativeZero(floor % 2 === 0 ? floor : floor + 1, value);
}

/** The zero that a negative number rounds to is negative. */
function negativeZero(rounded: number, original: number): number {
  return rounded === 0 && (original < 0 || Object.is(original, -0)) ? -0 : rounded;
}

const isNegative = (value: number): boolean => value < 0 || Object.is(value, -0);

const floats: Record<string, (a: number, b: number) => number | boolean> = {
  abs: Math.abs,
  neg: (a) => -a,
  ceil: Math.ceil,
  floor: Math.floor,
  trunc: Math.trunc,
  nearest: (a) => (Number.isFinite(a) ? nearest(a) : a),
  sqrt: Math.sqrt,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  min: Math.min,
  max: Math.max,
  copysign: (a, b) => (isNegative(b) ? -Math.abs(a) : Math.abs(a)),
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => a < b,
  gt: (a, b) => a > b,
  le: (a, b) => a <= b,
  ge: (a, b) => a >= b,
};

/** An integer as f32 with one rounding: what does not fit 53 bits is cut to odd first. */
function toSingle(value: bigint): number {
  const magnitude = value < 0n ? -value : value;
  if (magnitude < 2n ** 53n) return single(Number(value));
  const odd = (magnitude >> 11n) | (magnitude % 2048n === 0n ? 0n : 1n);
  return single(Number(odd)) * 2048 * (value < 0n ? -1 : 1);
}

function truncate(value: number, low: bigint, high: bigint): bigint {
  trapIf(!Number.isFinite(value), 'no integer');
  const integer = BigInt(Math.trunc(value));
  trapIf(integer < low || integer > high, 'integer overflow');
  return integer;
}

const conversions: Record<string, (value: never) => Value> = {
  'i32.wrap_i64': (value: bigint) => s32(value),
  'i64.extend_i32_s': (value: number) => BigInt(value),
  'i64.extend_i32_u': (value: number) => BigInt(u32(value)),
  'f32.convert_i32_s': (value: number) => single(value),
  'f32.convert_i32_u': (value: number) => single(u32(value)),
  'f32.convert_i64_s': (value: bigint) => toSingle(value),
  'f32.convert_i64_u': (value: bigint) => toSingle(u64(value)),
  'f32.demote_f64': (value: number) => single(value),
  'f64.convert_i32_s': (value: number) => value,
  'f64.convert_i32_u': (value: number) => u32(value),
  'f64.convert_i64_s': (value: bigint) => Number(value),
  'f64.convert_i64_u': (value: bigint) => Number(u64(value)),
  'f64.promote_f32': (value: number) => value,
  'i32.reinterpret_f32': (value: number) => {
    view.setFloat32(0, value);
    return view.getInt32(0);
  },
  'i64.reinterpret_f64': (value: number) => {
    view.setFloat64(0, value);
    return view.getBigInt64(0);
  },
  'f32.reinterpret_i32': (value: number) => {
    view.setInt32(0, value);
    return view.getFloat32(0);
  },
  'f64.reinterpret_i64': (value: bigint) => {
    view.setBigInt64(0, value);
    return view.getFloat64(0);
  },
};
for (const source of ['f32', 'f64']) {
  conversions[`i32.trunc_${source}_s`] = (value: number) =>
    Number(truncate(value, -(2n ** 31n), 2n ** 31n - 1n));
  conversions[`i32.trunc_${source}_u`] = (value: number) =>
    s32(truncate(value, 0n, 2n ** 32n - 1n));
  conversions[`i64.trunc_${source}_s`] = (value: number) =>
    truncate(value, -(2n ** 63n), 2n ** 63n - 1n);
  conversions[`i64.trunc_${source}_u`] = (value: number) =>
    s64(truncate(value, 0n, 2n ** 64n - 1n));
}

const integerOperators = { i32: integers(32), i64: integers(64) } as const;

/** The result of a numeric operator by its name in the text format. @throws Trap */
export function compute(name: string, operands: readonly Value[]): Value {
  const conversion = conversions[name];
  if (conversion !== undefined) return conversion(operands[0] as never);
  const [type, operator = ''] = name.split('.');
  if (type === 'i32' || type === 'i64') {
    const [a = 0n, b = 0n] = operands.map(BigInt);
    const result = integerOperators[type][operator]?.(a, b);
    if (result === undefined) throw new Error(`no operator ${name}`);
    if (typeof result === 'boolean') return result ? 1 : 0;
    return type === 'i32' ? s32(result) : s64(result);
  }
  const [a = 0, b = 0] = operands as number[];
  const result = floats[operator]?.(a, b);
  if (result === undefined) throw new Error(`no operator ${name}`);
  if (typeof result === 'boolean') return result ? 1 : 0;
  return type === 'f32' ? single(result) : result;
}
