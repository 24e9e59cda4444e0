/**
 * Host functions one by one, called by modules that do nothing else: their price to the ink, and which
 * bytes they take.
 */

import { describe, expect, it } from 'vitest';
import { concat, emptyBytes } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { type Contract, prepareContract } from '../../src/vm/contract.ts';
import { encodeModule } from '../../src/vm/encoder.ts';
import type { Execution } from '../../src/vm/frame.ts';
import { gasTable } from '../../src/vm/gas-table.ts';
import { Guest } from '../../src/vm/guest.ts';
import { helperNames } from '../../src/vm/helpers.ts';
import { type HookName, hookType } from '../../src/vm/hook-signatures.ts';
import { Machine } from '../../src/vm/machine.ts';
import type { Instruction, WasmModule } from '../../src/vm/module.ts';
import { valueTypes } from '../../src/vm/opcodes.ts';
import type { Outcome } from '../../src/vm/world.ts';
import { addressOf, ContractScene, sender } from '../support/contract-scene.ts';
import { entryGasOf, touchGasOf } from '../support/entry-gas.ts';
import { body, contractWith, entryType, op } from '../support/module-builder.ts';

const table = gasTable(1);
const { ink, gas: prices } = table;
const contract = addressOf(0xc0);
const end = op('end');
const number = (value: number): Instruction => op('i32.const', value);

/** One call of a hook with i32 arguments; what it answers is dropped. */
interface HostCall {
  readonly hook: HookName;
  readonly args: readonly number[];
}

/** A contract that makes `calls`, then ends with `last`. */
function calling(calls: readonly HostCall[], parts: Partial<WasmModule> = {}): Uint8Array {
  const hooks = [...new Set(calls.map(({ hook }) => hook))];
  const imports = hooks.map((name, index) => ({
    module: 'vm_hooks',
    name,
    offset: 0,
    description: { kind: 'function' as const, typeIndex: index + 1 },
  }));
  const code = calls.flatMap(({ hook, args }) => [
    ...args.map(number),
    op('call', hooks.indexOf(hook)),
    ...hookType(hook).results.map(() => op('drop')),
  ]);
  const exports = contractWith().exports.map((entry) =>
    entry.kind === 'function' ? { ...entry, index: hooks.length } : entry,
  );
  return encodeModule(
    contractWith({
      types: [entryType, ...hooks.map(hookType)],
      imports,
      exports,
      bodies: [body([...code, number(0)])],
      ...parts,
    }),
  );
}

const gas = 10n ** 9n;
function run(wasm: Uint8Array, input = emptyBytes): Outcome & { readonly scene: ContractScene } {
  const scene = new ContractScene();
  // Its code is free, so that modules of different sizes compare.
  scene.block = { ...scene.block, isGenesisCode: () => true };
  scene.mustDeploy(contract, wasm, emptyBytes, { gas: 100_000_000n });
  return { ...scene.call(contract, input, { gas }), scene };
}

function used(wasm: Uint8Array, input = emptyBytes): number {
  const outcome = run(wasm, input);
  if (outcome.status !== 'success') throw new Error(outcome.hint);
  return Number(gas - outcome.gasLeft);
}

const repeated = 100;

/** Ink of one call beyond its arguments, to 20 ink: gas is floored when a frame ends. */
function inkOf(hook: HookName, args: readonly number[], data: number[] = [], input = emptyBytes) {
  const segment = { offset: [number(0), end], bytes: Uint8Array.from(data) };
  const parts = { data: data.length === 0 ? [] : [segment] };
  const times = (count: number) => used(calling(Array(count).fill({ hook, args }), parts), input);
  const pushes = args.length + hookType(hook).results.length;
  const around = pushes * ink.operators.constant + ink.chargePoint;
  return ((times(2 * repeated) - times(repeated)) * 1_000) / repeated - around;
}

describe('prices of host functions', () => {
  const ones = Array(64).fill(0xff);
  it.each<[string, HookName, number[], number[], number]>([
    ['a plain one', 'return_data_size', [], [], 0],
    ['hashing nothing', 'native_keccak256', [0, 0, 0], [], ink.keccak + ink.keccakBlock],
    [
      'hashing 135 bytes',
      'native_keccak256',
      [0, 135, 200],
      [],
      ink.keccak + ink.keccakBlock + 135 * ink.hostByte,
    ],
    [
      'hashing 272 bytes, which are three blocks with their padding',
      'native_keccak256',
      [0, 272, 300],
      [],
      ink.keccak + 3 * ink.keccakBlock + 272 * ink.hostByte,
    ],
    ['dividing', 'math_div', [0, 32], [], ink.mathDivision],
    ['a power of 0', 'math_pow', [0, 32], [], ink.mathDivision + ink.mathPowByte],
    ['a power of 32 bytes', 'math_pow', [64, 0], ones, ink.mathDivision + 32 * ink.mathPowByte],
    ['an answer of 1,000 bytes', 'write_result', [0, 1_000], [], 1_000 * ink.hostByte],
    ['the input of 500 bytes', 'read_args', [0], [], 500 * ink.hostByte],
    ['a transient read', 'transient_load_bytes32', [0, 32], [], ink.hostState + 100_000],
    ['a transient write', 'transient_store_bytes32', [0, 32], [], ink.hostState + 100_000],
    ['a warm slot', 'storage_load_bytes32', [0, 32], [], ink.hostState + 100_000],
    ['an account', 'account_balance', [0, 32], [], ink.hostState + 100_000],
    ['the hash of an account', 'account_codehash', [0, 32], [], ink.hostState + 100_000],
    ['growing by announcement', 'pay_for_memory_grow', [7], [], 0],
  ])('%s', (_, hook, args, data, expected) => {
    const actual = inkOf(hook, args, data, new Uint8Array(hook === 'read_args' ? 500 : 0));
    expect(Math.abs(actual - ink.hostCall - expected)).toBeLessThanOrEqual(20);
  });

  it('a log beyond 2^32 ink', () => {
    const memories = [{ minimum: 32, maximum: undefined }];
    const length = 32 * 65_536;
    const log = (bytes: number) =>
      calling([{ hook: 'emit_log', args: [0, bytes, 0] }], { memories });
    const bytes = prices.logByte * length + (ink.hostByte * length) / 1_000;
    expect(bytes * 1_000).toBeGreaterThan(2 ** 32);
    expect(Math.abs(used(log(length)) - used(log(0)) - bytes)).toBeLessThanOrEqual(1);
  });

  it('an indirect call', () => {
    const callee = body([number(0), op('drop')]);
    const make = (count: number) =>
      contractWith({
        types: [entryType, { parameters: [], results: [] }],
        functions: [0, 1],
        tables: [{ minimum: 1, maximum: undefined }],
        elements: [{ offset: [number(0), end], functions: [1] }],
        bodies: [
          body([
            ...Array(count)
              .fill([number(0), op('call_indirect', 1)])
              .flat(),
            number(0),
          ]),
          callee,
        ],
      });
    const times = (count: number) => used(encodeModule(make(count)));
    const { constant, callIndirect } = ink.operators;
    const inside = ink.functionEntry + 2 * constant + ink.chargePoint;
    const each = constant + callIndirect + ink.chargePoint + inside;
    const actual = ((times(2 * repeated) - times(repeated)) * 1_000) / repeated;
    expect(Math.abs(actual - each)).toBeLessThanOrEqual(20);
  });
});

describe('bytes that host functions take', () => {
  it('lie inside the memory, to the last one', () => {
    const status = (pointer: number, length: number) =>
      run(calling([{ hook: 'write_result', args: [pointer, length] }])).status;
    expect(status(65_536, 0)).toBe('success');
    expect(status(65_535, 1)).toBe('success');
    expect(status(0, 65_536)).toBe('success');
    expect(status(65_537, 0)).toBe('failed');
    expect(status(65_535, 2)).toBe('failed');
    // Sums that begin again at 0 in 32 bits.
    expect(status(-16, 32)).toBe('failed');
    expect(status(16, -16)).toBe('failed');
    expect(status(-1, -1)).toBe('failed');
  });

  it('may lie in pages that the contract has just added', () => {
    const calls = [
      { hook: 'contract_address', args: [65_540] },
      { hook: 'write_result', args: [65_540, 20] },
    ] as const;
    const grow = (pages: number) => [number(pages), op('memory.grow'), op('drop')];
    const code = calls.flatMap(({ args }, index) => [...args.map(number), op('call', index)]);
    const withGrowth = (pages: number) => ({
      bodies: [body([...grow(pages), ...code, number(0)])],
    });
    expect(run(calling(calls, withGrowth(1))).output).toEqual(contract);
    expect(run(calling(calls, withGrowth(0))).status).toBe('failed');
  });

  it('begin where the contract asks, of code and of return data', () => {
    const [own, data] = [100, 200];
    const take = (calls: readonly HostCall[], length: number) => {
      const wasm = calling([...calls, { hook: 'write_result', args: [data, length] }]);
      return { wasm, output: run(wasm).output };
    };
    const address: HostCall = { hook: 'contract_address', args: [own] };
    const code = take([address, { hook: 'account_code', args: [own, 5, 20, data] }], 24);
    expect(code.output).toEqual(concat(code.wasm.slice(5, 25), new Uint8Array(4)));
    const beyond = take([address, { hook: 'account_code', args: [own, -1, 20, data] }], 4);
    expect(beyond.output).toEqual(new Uint8Array(4));
  });

  it('of a contract itself are warm from the start', () => {
    const balanceOf = (hook: HookName) =>
      used(
        calling([
          { hook, args: [0] },
          { hook: 'account_balance', args: [0, 32] },
        ]),
      );
    expect(balanceOf('contract_address')).toBe(balanceOf('msg_sender'));
  });
});

describe('exports under the names of the meter', () => {
  it('change nothing', () => {
    const plain = contractWith();
    const names = [...Object.values(helperNames), 'dodona:ink', 'user_constructor_', ''];
    const shadows = names.map((name) => ({ name, kind: 'function' as const, index: 0 }));
    const more = [
      { name: 'counter', kind: 'global' as const, index: 0 },
      { name: 'second', kind: 'memory' as const, index: 0 },
    ];
    const globals = [
      { type: { type: valueTypes.i64, isMutable: true }, initial: [op('i64.const', 1n), end] },
    ];
    const shadowed = encodeModule({
      ...plain,
      globals,
      exports: [...plain.exports, ...shadows, ...more],
    });
    const [expected, actual] = [run(encodeModule({ ...plain, globals })), run(shadowed)];
    expect(actual.status).toBe('success');
    expect(actual.gasLeft).toBe(expected.gasLeft);
  });
});

describe('what is left', () => {
  const prepared = prepareContract(encodeModule(contractWith()), table) as Contract;

  it('counts in whole gas for the write sentry', () => {
    const guest = new Guest(new WebAssembly.Instance(prepared.module).exports, table);
    guest.open(2_301n, { stackWords: 100, memoryPages: 0 });
    expect(guest.hasMoreGasThan(2_300)).toBe(true);
    guest.chargeInk(1);
    expect(guest.hasMoreGasThan(2_300)).toBe(false);
    expect(guest.gasLeft).toBe(2_300n);
  });

  it('is charged for data by the started 64 bytes, and for each page', () => {
    const entryOf = (bytes: number, pages: number) => {
      const data = [{ offset: [number(0), end], bytes: new Uint8Array(bytes) }];
      const memories = [{ minimum: pages, maximum: undefined }];
      const made = prepareContract(encodeModule(contractWith({ data, memories })), table);
      return (made as Contract).entryGas;
    };
    const segment = prices.frame + prices.framePart;
    expect([entryOf(0, 1), entryOf(1, 1), entryOf(64, 1), entryOf(65, 3)]).toEqual([
      segment + prices.framePage,
      segment + prices.framePage + 1,
      segment + prices.framePage + 1,
      segment + 3 * prices.framePage + 2,
    ]);
  });

  it('comes back when the pages of a frame are not there, less what was done before', () => {
    const wasm = encodeModule(contractWith({ memories: [{ minimum: 2, maximum: undefined }] }));
    const scene = new ContractScene();
    const machine = new Machine(nobleCrypto, []);
    const execution: Execution = {
      world: scene.world,
      block: scene.block,
      transaction: { origin: sender, gasPrice: 1n },
      table,
    };
    const shared = { stackWords: 1_000, memoryPages: 1 };
    const common = { execution, sender, value: 0n, depth: 0, gas: 1_000_000n, shared };
    const input = concat(Uint8Array.of(0xef, 0x57, 0x41, 0x01, 0, 0, 0, wasm.length), wasm);
    const deployed = machine.create({ ...common, address: contract, input });
    const afterCode = 1_000_000n - BigInt(prices.codeByte * wasm.length);
    expect(deployed).toMatchObject({ status: 'success', gasLeft: afterCode });
    const constructed = machine.create({
      ...common,
      address: addressOf(0xc1),
      input: concat(input, Uint8Array.of(1)),
    });
    expect(constructed).toMatchObject({ status: 'reverted', gasLeft: afterCode });
    scene.world.beginTransaction();
    const call = {
      ...common,
      ...{ address: contract, codeAddress: contract, input: emptyBytes },
      ...{ isStatic: false, isDelegate: false, hasStipend: false },
    };
    const called = machine.call(call);
    expect(called).toMatchObject({
      status: 'reverted',
      gasLeft: 1_000_000n - BigInt(touchGasOf(wasm)),
    });
    const entered = machine.call({ ...call, shared: { ...shared, memoryPages: 2 } });
    expect(entered.status).toBe('success');
    const entry = BigInt(entryGasOf(wasm));
    expect(entered.gasLeft).toBe(1_000_000n - entry - 1n);
  });
});
