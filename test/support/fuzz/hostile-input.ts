/**
 * What an attacker can send, at random: damaged modules, modules that call the host with pointers at
 * every edge, nested commands for puppets, and damaged calldata.
 */

import { bigintToBytes, concat, emptyBytes } from '../../../src/primitives/bytes.ts';
import { encodeCreation } from '../../../src/vm/creation.ts';
import { encodeModule } from '../../../src/vm/encoder.ts';
import { type HookName, hookModule, hookNames, hookType } from '../../../src/vm/hook-signatures.ts';
import type { FunctionType, Instruction } from '../../../src/vm/module.ts';
import { emptyBlock, valueTypes } from '../../../src/vm/opcodes.ts';
import { body, contractWith, entryType, op } from '../module-builder.ts';
import { type Pick, pickBytes, pickOf } from '../pick.ts';
import { puppet } from '../puppet.ts';

/** Opcodes and lengths that change the structure of a module more often than others. */
const telling = [
  0x00, 0x01, 0x02, 0x04, 0x05, 0x0b, 0x0c, 0x0e, 0x10, 0x11, 0x40, 0x7f, 0x80, 0xff,
];

/** `bytes` with one to four wounds behind the first `spared` bytes. */
export function damaged(pick: Pick, bytes: Uint8Array, spared = 0): Uint8Array {
  const copy = [...bytes];
  for (let wounds = 1 + pick(4); wounds > 0 && copy.length > spared; wounds--) {
    const at = spared + pick(copy.length - spared);
    const byte = pick(2) === 0 ? pickOf(pick, telling) : pick(256);
    const kind = pick(6);
    if (kind === 0) copy.splice(at, 0, byte);
    else if (kind === 1) copy.splice(at, 1 + pick(3));
    else if (kind === 2) copy[at] = (copy[at] as number) ^ (1 << pick(8));
    else if (kind === 3) copy.splice(at, 0, ...copy.slice(at, at + pick(40)));
    else copy[at] = byte;
  }
  return Uint8Array.from(copy);
}

const pointers = [
  0,
  20,
  32,
  64,
  4_096,
  65_504,
  65_516,
  65_535,
  65_536,
  131_040,
  131_072,
  -1,
  -32,
  -(2 ** 31),
];
const lengths = [0, 1, 4, 31, 32, 33, 128, 136, 160, 4_096, 65_536, -1, 2 ** 31 - 1];
const gasOffers = [0n, 2_300n, 50_000n, 1_000_000n, -1n, 2n ** 63n - 1n];

function argument(pick: Pick, type: number, mildness: number): Instruction {
  if (type === valueTypes.i64) return op('i64.const', pickOf(pick, gasOffers));
  const kind = pick(mildness);
  if (kind < 3) return op('i32.const', pickOf(pick, pointers));
  if (kind < 5) return op('i32.const', pickOf(pick, lengths));
  if (kind < 7) return op('i32.const', 8 * pick(64));
  if (kind === 7) return op('i32.const', pick(2 ** 31) * (pick(2) === 0 ? 1 : -1));
  return op('i32.const', pick(3) === 0 ? 32 * pick(4) : 8 * pick(56));
}

/** A call of a hook with arguments that are sometimes right, then sometimes a look at the memory. */
function hostCall(pick: Pick, index: number, type: FunctionType, mildness: number): Instruction[] {
  const given = type.parameters.map((each) => argument(pick, each, mildness));
  const code = [...given, op('call', index)];
  const [result] = type.results;
  if (result === undefined) return code;
  if (result === valueTypes.i64) code.push(op('i32.wrap_i64'));
  // What the host answered decides what is done next.
  return [...code, op('if', emptyBlock), ...memoryStep(pick, mildness), op('end')];
}

function memoryStep(pick: Pick, mildness: number): Instruction[] {
  const i32 = (): Instruction => argument(pick, valueTypes.i32, mildness);
  const kind = pick(8);
  if (kind >= 5) {
    // A global counts, and shows its count in memory.
    const count = [op('global.get'), op('i32.const', 1 + pick(9)), op('i32.add'), op('global.set')];
    return [...count, op('i32.const', 8 * pick(64)), op('global.get'), op('i32.store')];
  }
  if (kind === 0) return [op('i32.const', pick(3)), op('memory.grow'), op('drop')];
  if (kind === 1) return [i32(), i32(), i32(), op('memory.fill')];
  if (kind === 2) return [i32(), i32(), i32(), op('memory.copy')];
  return [op('i32.const', 8 * pick(64)), i32(), { ...op('i32.store'), memoryOffset: pick(64) }];
}

/**
 * A valid contract that calls hooks at random. Its memory starts with `addresses`, 32 bytes each, so
 * that pointers meet something that exists.
 */
export function hostCallModule(pick: Pick, addresses: readonly Uint8Array[]): Uint8Array {
  const more = Array.from({ length: 1 + pick(12) }, () => pickOf(pick, hookNames));
  const chosen = [...new Set<HookName>(['emit_log', ...more])];
  // Of so many arguments 8 are wild: some modules mostly succeed.
  const mildness = pickOf(pick, [8, 40, 400]);
  const types = chosen.map(hookType);
  const steps = Array.from({ length: 1 + pick(24) }, () => {
    if (pick(4) === 0) return memoryStep(pick, mildness);
    const index = pick(chosen.length);
    return hostCall(pick, index, types[index] as FunctionType, mildness);
  });
  const loop = [op('loop', emptyBlock), ...steps.flat(), op('br', 0), op('end')];
  // What memory looks like in the end is seen by all: it is logged.
  const confession = [op('i32.const', 0), op('i32.const', 512), op('i32.const', 0), op('call', 0)];
  const code = pick(10) === 0 ? loop : [...steps.flat(), ...confession];
  const entry = chosen.length;
  const own =
    pick(4) === 0 ? [{ name: 'user_constructor', kind: 'function' as const, index: entry }] : [];
  return encodeModule(
    contractWith({
      types: [...types, entryType],
      imports: chosen.map((name, typeIndex) => ({
        module: hookModule,
        name,
        description: { kind: 'function' as const, typeIndex },
        offset: 0,
      })),
      functions: [entry],
      memories: [{ minimum: 1 + pick(3), maximum: pick(3) === 0 ? 4 : undefined }],
      exports: [
        { name: 'memory', kind: 'memory', index: 0 },
        { name: 'user_entrypoint', kind: 'function', index: entry },
        ...own,
      ],
      globals: [
        {
          type: { type: valueTypes.i32, isMutable: true },
          initial: [op('i32.const', pick(100)), op('end')],
        },
      ],
      bodies: [body([...code, op('i32.const', pick(8) === 0 ? 1 : 0)])],
      data: [{ offset: [op('i32.const', 0), op('end')], bytes: memoryImage(pick, addresses) }],
    }),
  );
}

/** Addresses, creation data of a tiny contract, and noise. */
function memoryImage(pick: Pick, addresses: readonly Uint8Array[]): Uint8Array {
  const words = addresses.map((address) => concat(address, new Uint8Array(12)));
  const tiny = encodeCreation(encodeModule(contractWith()), pickBytes(pick, pick(2)));
  return concat(...words, tiny, pickBytes(pick, 64));
}

interface Scenery {
  /** Accounts to call: contracts, precompiles, nobody. */
  readonly addresses: readonly Uint8Array[];
  /** Creation data for contracts that make contracts. */
  readonly creation: Uint8Array;
}

const words = [0n, 1n, 2n, 3n, 255n, 2n ** 128n, 2n ** 255n, 2n ** 256n - 1n];

/** A command for a puppet; commands that hold commands go `depth` deep at most. */
export function randomCommand(pick: Pick, scenery: Scenery, depth: number): Uint8Array {
  const word = (): bigint => pickOf(pick, words);
  const inner = (): Uint8Array => randomCommand(pick, scenery, depth - 1);
  const address = (): Uint8Array => pickOf(pick, scenery.addresses);
  const options = () => ({
    value: pick(3) === 0 ? BigInt(pick(5)) : 0n,
    ...(pick(2) === 0 ? { gas: pickOf(pick, [0n, 3_000n, 60_000n, 500_000n]) } : {}),
  });
  const salt = (): Uint8Array => bigintToBytes(BigInt(pick(3)), 32);
  const flat: readonly (() => Uint8Array)[] = [
    () => puppet.echo(pickBytes(pick, pick(200))),
    () => puppet.store(word(), word()),
    () => puppet.load(word()),
    () => puppet.transientStore(word(), word()),
    () => puppet.transientLoad(word()),
    () => puppet.log(pick(6), pickBytes(pick, 32 * pick(5) + pick(3))),
    () => puppet.recurse(BigInt(pick(4_000))),
    () => puppet.grow(BigInt(pick(4) === 0 ? pick(2 ** 31) : pick(6))),
    () => puppet.readArgumentsAt(BigInt(pickOf(pick, pointers) >>> 0)),
    () => puppet.environment(),
    () => puppet.exit(pick(3), pickBytes(pick, pick(100))),
    () => puppet.revert(pickBytes(pick, pick(100))),
    () => puppet.account(address()),
    () => puppet.gasLeft(),
    () => puppet.burn(BigInt(pick(50_000))),
    () =>
      puppet.math(
        pickOf(pick, ['div', 'mod', 'pow', 'addMod', 'mulMod', 'keccak']),
        word(),
        word(),
        word(),
      ),
    () => (pick(6) === 0 ? puppet.loop() : puppet.abort()),
  ];
  const nesting: readonly (() => Uint8Array)[] = [
    () => puppet.call(address(), inner(), options()),
    () => puppet.staticCall(address(), inner(), options()),
    () => puppet.delegateCall(address(), inner(), options()),
    () => puppet.create(scenery.creation, BigInt(pick(2))),
    () => puppet.create2(scenery.creation, salt(), BigInt(pick(2))),
    () => puppet.batch(...Array.from({ length: 1 + pick(5) }, inner)),
  ];
  if (depth <= 0) return pickOf(pick, flat)();
  return pickOf(pick, [...flat, ...nesting, ...nesting, ...nesting])();
}

export function randomCalldata(pick: Pick, scenery: Scenery): Uint8Array {
  const kind = pick(8);
  if (kind === 0) return pickBytes(pick, pick(300));
  if (kind === 1) return emptyBytes;
  const command = randomCommand(pick, scenery, 1 + pick(5));
  return kind === 2 ? damaged(pick, command) : command;
}
