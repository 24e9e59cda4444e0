/**
 * Keccak-256 as a WebAssembly module that is written here, instruction by instruction, from the
 * definition of Keccak-f[1600] (Keccak reference 3.0, section 1.2): 64-bit lanes are native there,
 * while JavaScript has to do each in two halves.
 */

import { encodeModule } from './encoder.ts';
import { type Instruction, instruction, type WasmModule } from './module.ts';
import { emptyBlock, opcodes, valueTypes } from './opcodes.ts';

/** Bytes absorbed by one permutation: 1,600 bits less twice 256. */
const rateBytes = 136;
const laneCount = 25;
const roundCount = 24;

/** Memory: the state, the block to absorb, the round constants. */
const stateAt = 0;
const blockAt = 256;
const constantsAt = 512;

/** Locals after the parameter: state A, moved state B, column parities C, one spare, the round's constant address. */
const lane = (x: number, y: number): number => (x % 5) + 5 * (y % 5);
const a = (x: number, y: number): number => 1 + lane(x, y);
const b = (x: number, y: number): number => laneCount + a(x, y);
const c = (x: number): number => 1 + 2 * laneCount + (x % 5);
const spare = 1 + 2 * laneCount + 5;
const roundPointer = spare + 1;

const get = (local: number): Instruction => instruction(opcodes.localGet, local);
const set = (local: number): Instruction => instruction(opcodes.localSet, local);
const xor = instruction(opcodes.i64Xor);
const end = instruction(opcodes.end);
const i32 = (value: number): Instruction => instruction(opcodes.i32Const, value);
const i64 = (value: bigint): Instruction => instruction(opcodes.i64Const, 0, value);

/** Load or store of a 64-bit lane at a constant address; `address` is on the stack. */
function memoryLane(opcode: number, offset: number): Instruction {
  return { ...instruction(opcode, 3), memoryOffset: offset };
}

const fives = [0, 1, 2, 3, 4];
const lanes = fives.flatMap((y) => fives.map((x) => [x, y] as const));

/**
 * `value` rotated by two shifts, which the optimising compiler makes one rotation of. The baseline
 * compiler of V8 calls a C function for each i64.rotl: a permutation would take 2 us instead of 1.
 */
function rotateLeft(value: Instruction, count: number): Instruction[] {
  if (count === 0) return [value];
  return [
    value,
    i64(BigInt(count)),
    instruction(opcodes.i64Shl),
    value,
    i64(BigInt(64 - count)),
    instruction(opcodes.i64ShrU),
    instruction(opcodes.i64Or),
  ];
}

/** Each lane is mixed with the parities of two columns. */
function theta(): Instruction[] {
  const parities = fives.flatMap((x) => [
    get(a(x, 0)),
    ...fives.slice(1).flatMap((y) => [get(a(x, y)), xor]),
    set(c(x)),
  ]);
  const mixing = fives.flatMap((x) => [
    get(c(x + 4)),
    ...rotateLeft(get(c(x + 1)), 1),
    xor,
    set(spare),
    ...fives.flatMap((y) => [get(a(x, y)), get(spare), xor, set(a(x, y))]),
  ]);
  return [...parities, ...mixing];
}

/** Lane (x, y) is rotated and moves to (y, 2x + 3y); offsets are triangular numbers. */
function rhoAndPi(): Instruction[] {
  const move = (x: number, y: number, offset: number): Instruction[] => [
    ...rotateLeft(get(a(x, y)), offset),
    set(b(y, 2 * x + 3 * y)),
  ];
  const output = move(0, 0, 0);
  let [x, y] = [1, 0];
  for (let step = 0; step < laneCount - 1; step++) {
    output.push(...move(x, y, (((step + 1) * (step + 2)) / 2) % 64));
    [x, y] = [y, (2 * x + 3 * y) % 5];
  }
  return output;
}

/** A = B ^ (~B' & B''), along rows. */
function chi(): Instruction[] {
  return lanes.flatMap(([x, y]) => [
    get(b(x, y)),
    get(b(x + 1, y)),
    i64(-1n),
    xor,
    get(b(x + 2, y)),
    instruction(opcodes.i64And),
    xor,
    set(a(x, y)),
  ]);
}

function iota(): Instruction[] {
  const constant = [get(roundPointer), memoryLane(opcodes.i64Load, constantsAt)];
  return [get(a(0, 0)), ...constant, xor, set(a(0, 0))];
}

/** (resumes: i32) -> (): state ^= block, then 24 rounds. The state is zero unless it resumes. */
function absorbCode(): Instruction[] {
  const load = lanes.flatMap(([x, y]) => [
    i32(0),
    memoryLane(opcodes.i64Load, stateAt + 8 * lane(x, y)),
    set(a(x, y)),
  ]);
  const mix = lanes
    .filter(([x, y]) => 8 * lane(x, y) < rateBytes)
    .flatMap(([x, y]) => [
      get(a(x, y)),
      i32(0),
      memoryLane(opcodes.i64Load, blockAt + 8 * lane(x, y)),
      xor,
      set(a(x, y)),
    ]);
  const store = lanes.flatMap(([x, y]) => [
    i32(0),
    get(a(x, y)),
    memoryLane(opcodes.i64Store, stateAt + 8 * lane(x, y)),
  ]);
  const rounds = [
    instruction(opcodes.loop, emptyBlock),
    ...theta(),
    ...rhoAndPi(),
    ...chi(),
    ...iota(),
    get(roundPointer),
    i32(8),
    instruction(opcodes.i32Add),
    instruction(opcodes.localTee, roundPointer),
    i32(8 * roundCount),
    instruction(opcodes.i32LtU),
    instruction(opcodes.brIf, 0),
    end,
  ];
  const resume = [get(0), instruction(opcodes.if, emptyBlock)];
  return [...resume, ...load, end, ...mix, ...rounds, ...store, end];
}

/** Round constants from the linear feedback register x^8 + x^6 + x^5 + x^4 + 1, little-endian. */
function roundConstants(): Uint8Array {
  const bytes = new Uint8Array(8 * roundCount);
  const view = new DataView(bytes.buffer);
  let register = 1;
  for (let round = 0; round < roundCount; round++) {
    let constant = 0n;
    for (let bit = 0; bit < 7; bit++) {
      if ((register & 1) === 1) constant |= 1n << (2n ** BigInt(bit) - 1n);
      register = (register << 1) ^ (register >> 7 === 1 ? 0x171 : 0);
    }
    view.setBigUint64(8 * round, constant, true);
  }
  return bytes;
}

function keccakModule(): WasmModule {
  return {
    types: [{ parameters: [valueTypes.i32], results: [] }],
    imports: [],
    functions: [0],
    tables: [],
    memories: [{ minimum: 1, maximum: 1 }],
    globals: [],
    exports: [
      { name: 'memory', kind: 'memory', index: 0 },
      { name: 'absorb', kind: 'function', index: 0 },
    ],
    start: undefined,
    elements: [],
    bodies: [
      {
        locals: [
          { count: spare, type: valueTypes.i64 },
          { count: 1, type: valueTypes.i32 },
        ],
        instructions: absorbCode(),
        offset: 0,
        sizeBytes: 0,
      },
    ],
    data: [{ offset: [i32(constantsAt), end], bytes: roundConstants() }],
  };
}

/**
 * Keccak-256 with the original padding, as Ethereum uses it: the same results as `Crypto.keccak256`,
 * several times faster. Each has a WebAssembly instance of its own.
 */
export class Keccak {
  private readonly memory: DataView;
  private readonly absorb: (resumes: number) => void;
  /** Bytes of the block that may not be zero, its last aside. */
  private filled = 0;

  constructor() {
    const module = new WebAssembly.Module(encodeModule(keccakModule()));
    const { exports } = new WebAssembly.Instance(module);
    this.memory = new DataView((exports.memory as WebAssembly.Memory).buffer);
    this.absorb = exports.absorb as (resumes: number) => void;
  }

  digest(data: Uint8Array): Uint8Array {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    this.absorbAll(view, 0, data.length);
    const digest = new Uint8Array(32);
    for (let index = 0; index < 32; index++) digest[index] = this.memory.getUint8(stateAt + index);
    return digest;
  }

  /** Hashes `length` bytes of `memory` at `source` and writes the 32 bytes to `target` there. */
  digestAt(memory: DataView, source: number, length: number, target: number): void {
    this.absorbAll(memory, source, length);
    for (let index = 0; index < 32; index += 4) {
      memory.setInt32(target + index, this.memory.getInt32(stateAt + index));
    }
  }

  private absorbAll(data: DataView, source: number, length: number): void {
    let resumes = 0;
    let rest = length;
    for (; rest >= rateBytes; rest -= rateBytes) {
      this.put(data, source + length - rest, rateBytes);
      this.absorb(resumes);
      resumes = 1;
    }
    this.put(data, source + length - rest, rest);
    const last = rateBytes - 1;
    this.memory.setUint8(blockAt + last, rest === last ? 0x81 : 0x80);
    if (rest < last) this.memory.setUint8(blockAt + rest, 0x01);
    this.filled = rest + 1;
    this.absorb(resumes);
  }

  /** Copies at most a block, four bytes at a time, and zeros what an earlier one left behind it. */
  private put(data: DataView, source: number, length: number): void {
    const { memory, filled } = this;
    let place = 0;
    for (; place + 4 <= length; place += 4) {
      memory.setInt32(blockAt + place, data.getInt32(source + place));
    }
    for (; place < length; place++) memory.setUint8(blockAt + place, data.getUint8(source + place));
    for (; place < filled; place++) memory.setUint8(blockAt + place, 0);
    this.filled = length;
  }
}
