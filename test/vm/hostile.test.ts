/**
 * Contracts that want to hurt, written instruction by instruction: what each costs is computed a second
 * time (test/support/interpreter/model.ts) and must agree to the unit, with all the gas it needs and with
 * less. Whatever fails leaves no trace.
 */

import { describe, expect, it } from 'vitest';
import { concat, emptyBytes, toHex } from '../../src/primitives/bytes.ts';
import { limits } from '../../src/primitives/limits.ts';
import { encodeModule } from '../../src/vm/encoder.ts';
import { gasTable } from '../../src/vm/gas-table.ts';
import { type HookName, hookType } from '../../src/vm/hook-signatures.ts';
import type { FunctionBody, Instruction, WasmModule } from '../../src/vm/module.ts';
import { emptyBlock, valueTypes } from '../../src/vm/opcodes.ts';
import { addressOf, ContractScene, sender } from '../support/contract-scene.ts';
import { entryGasOf } from '../support/entry-gas.ts';
import { Model } from '../support/interpreter/model.ts';
import { body, contractWith, entryType, op } from '../support/module-builder.ts';

const contract = addressOf(0xc0);
const second = addressOf(0xc1);
const wealth = 1_000n;
const { ink: prices } = gasTable(1);

const i32 = (value: number): Instruction => op('i32.const', value);
const one = [{ count: 1, type: valueTypes.i32 }];

interface Parts {
  readonly hooks?: readonly HookName[];
  readonly locals?: FunctionBody['locals'];
  /** What memory starts with. */
  readonly data?: Uint8Array;
  readonly pages?: number;
}

/** A contract whose entry point runs `code`; `call k` is the k-th hook. */
function contractOf(code: readonly Instruction[], parts: Parts = {}): Uint8Array {
  const hooks = parts.hooks ?? [];
  const imports: WasmModule['imports'] = hooks.map((name, typeIndex) => ({
    module: 'vm_hooks',
    name,
    description: { kind: 'function', typeIndex },
    offset: 0,
  }));
  return encodeModule(
    contractWith({
      types: [...hooks.map(hookType), entryType],
      imports,
      functions: [hooks.length],
      memories: [{ minimum: parts.pages ?? 1, maximum: undefined }],
      exports: [
        { name: 'memory', kind: 'memory', index: 0 },
        { name: 'user_entrypoint', kind: 'function', index: hooks.length },
      ],
      bodies: [body(code, parts.locals)],
      data: [{ offset: [i32(0), op('end')], bytes: parts.data ?? emptyBytes }],
    }),
  );
}

/** `code` so many times, counted in local 1. */
function repeated(times: number, code: readonly Instruction[]): Instruction[] {
  const count = [op('local.get', 1), i32(1), op('i32.add'), op('local.tee', 1), i32(times)];
  return [op('loop', emptyBlock), ...code, ...count, op('i32.lt_u'), op('br_if', 0), op('end')];
}

/** call_contract(32 bytes in, `length` from 96, value at 32, `gas`) with the size to 64; the status stays. */
const callAt = (hook: number, gas = -1n, length = 0): Instruction[] => [
  i32(0),
  i32(96),
  i32(length),
  i32(32),
  op('i64.const', gas),
  i32(64),
  op('call', hook),
];

const word = (value: number): Uint8Array => {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(28, value);
  return bytes;
};
const calls = (address: Uint8Array, value = 0): Uint8Array =>
  concat(address, new Uint8Array(12), word(value));

/** Runs both machines with `gas`, compares all there is to see, and gives what was used. */
function compared(wasm: Uint8Array, gas: bigint, others: readonly Uint8Array[] = []): bigint {
  const scene = new ContractScene();
  const model = new Model();
  const modules = [[contract, wasm] as const, ...others.map((each) => [second, each] as const)];
  for (const [address, bytes] of modules) {
    scene.mustDeploy(address, bytes);
    scene.world.credit(address, wealth);
    model.deploy(address, bytes, wealth);
  }
  const outcome = scene.call(contract, emptyBytes, { gas });
  const expected = model.run(sender, contract, emptyBytes, gas);
  const { status, gasLeft, output } = outcome;
  expect({ status, gasLeft, output: toHex(output) }).toEqual({
    status: expected.status,
    gasLeft: expected.gasLeft,
    output: toHex(expected.output),
  });
  expect(scene.world.logs).toHaveLength(model.state.logs);
  for (const [address] of modules) {
    expect(scene.world.balance(address)).toBe(model.state.balances.get(toHex(address)));
    const slot = toHex(scene.world.storage(address, word(7)));
    expect(slot).toBe(model.state.slots.get(toHex(address) + toHex(word(7))) ?? '0'.repeat(64));
    if (status !== 'success')
      expect([slot, scene.world.balance(address)]).toEqual(['0'.repeat(64), wealth]);
  }
  if (status !== 'success') expect(scene.world.logs).toEqual([]);
  return gas - gasLeft;
}

/** With much gas, with exactly what it needs, one less, and some shares of it. */
function attack(wasm: Uint8Array, gas: bigint, others: readonly Uint8Array[] = []): bigint {
  const used = compared(wasm, gas, others);
  for (const share of [used, used - 1n, used / 2n, used / 3n, (used * 63n) / 64n]) {
    compared(wasm, share, others);
  }
  return used;
}

describe('exact gas of attacks', () => {
  const rich = 100_000_000n;

  it('an endless loop takes all, whatever it has written before', () => {
    const code = [
      i32(0),
      i32(0),
      op('call', 0),
      op('loop', emptyBlock),
      op('br', 0),
      op('end'),
      i32(0),
    ];
    const parts = { hooks: ['storage_cache_bytes32'] as const, data: word(7) };
    expect(compared(contractOf(code, parts), 300_000n)).toBe(300_000n);
  });

  it('a loop of 100,000 turns costs what the table says', () => {
    const wasm = contractOf([...repeated(100_000, []), i32(0)], { locals: one });
    const { operators: cost, chargePoint, functionEntry, functionLocal } = prices;
    const turn = 2 * cost.local + 2 * cost.constant + 2 * cost.simple + cost.branch + chargePoint;
    // Entering and the loop's head; its end; the last constant. Each run pays its charge.
    const frame = functionEntry + 2 * functionLocal + cost.constant + 2 * chargePoint;
    const entry = entryGasOf(wasm);
    const used = compared(wasm, rich);
    expect(used).toBe(BigInt(entry + Math.ceil((100_000 * turn + frame) / 1_000)));
  });

  it('recursion ends at the depth that the words of its frames allow', () => {
    // n == 0 ? 0 : f(n - 1): one local is the parameter, two operands at once.
    const recursion = [
      op('local.get'),
      op('if', valueTypes.i32),
      op('local.get'),
      i32(1),
      op('i32.sub'),
      op('call', 1),
      op('else'),
      i32(0),
      op('end'),
    ];
    const deep = (depth: number): Uint8Array =>
      encodeModule(
        contractWith({
          functions: [0, 0],
          bodies: [
            body([i32(depth), op('call', 1)]),
            body(recursion, [{ count: 99, type: valueTypes.i64 }]),
          ],
        }),
      );
    // 8 words, the meter's local, the operands and two of the meter's, 3 for the parameter.
    const outer = 8 + 1 + (1 + 2) + 3;
    const inner = 8 + (99 + 1) + (2 + 2) + 3;
    const most = Math.floor((limits.stackWordsPerTransactionMax - outer) / inner) - 1;
    expect(attack(deep(most), rich)).toBeLessThan(rich);
    expect(compared(deep(most + 1), rich)).toBe(rich);
  });

  it('memory grows to its cap page by page, and asking beyond costs too', () => {
    const grow = [i32(1), op('memory.grow'), op('drop')];
    const used = attack(contractOf([...repeated(70, grow), i32(0)], { locals: one }), rich);
    expect(used).toBeGreaterThan(70n * BigInt(prices.growPage / 1_000));
    expect(compared(contractOf([i32(-1), op('memory.grow')]), rich)).toBe(rich);
  });

  it.each([0, 1])('4 MiB of data returned with status %i', (status) => {
    const code = [
      i32(63),
      op('memory.grow'),
      op('drop'),
      i32(0),
      i32(2 ** 22),
      op('call', 0),
      i32(status),
    ];
    attack(contractOf(code, { hooks: ['write_result'] }), rich);
  });

  it('64 KiB of revert data, taken by the caller, copied and given on', () => {
    const inner = contractOf([i32(0), i32(65_536), op('call', 0), i32(1)], {
      hooks: ['write_result'],
    });
    const code = [
      ...callAt(0),
      op('drop'),
      i32(65_536),
      i32(0),
      op('call', 1),
      op('call', 2),
      op('drop'),
      i32(65_536),
      op('call', 1),
      op('call', 3),
      i32(1),
    ];
    const hooks = [
      'call_contract',
      'return_data_size',
      'read_return_data',
      'write_result',
    ] as const;
    attack(contractOf(code, { hooks, data: calls(second), pages: 2 }), rich, [inner]);
  });

  it('re-entrancy to the last frame, each writing before it calls', () => {
    const hooks = ['contract_address', 'storage_cache_bytes32', 'call_contract'] as const;
    const data = concat(new Uint8Array(96), word(7));
    const code = [
      i32(0),
      op('call', 0),
      i32(96),
      i32(96),
      op('call', 1),
      ...callAt(2),
      op('drop'),
      i32(0),
    ];
    // 63/64 at each of 128 levels leave a seventh at the bottom.
    attack(contractOf(code, { hooks, data }), 30_000_000n);
    // The deepest write fails for want of gas, and so do some frames above it.
    compared(contractOf(code, { hooks, data }), 400_000n);
  });

  it('two contracts that call each other without end', () => {
    const hooks = ['call_contract', 'emit_log'] as const;
    const code = [...callAt(0), op('drop'), i32(0), i32(64), i32(2), op('call', 1), i32(0)];
    const [ping, pong] = [second, contract].map((each) =>
      contractOf(code, { hooks, data: calls(each) }),
    );
    attack(ping as Uint8Array, 30_000_000n, [pong as Uint8Array]);
  });

  it('a flood of logs', () => {
    const flood = repeated(200, [i32(0), i32(8_192), i32(4), op('call', 0)]);
    attack(contractOf([...flood, i32(0)], { hooks: ['emit_log'], locals: one }), rich);
  });

  it('calls of itself with value, each paid and none moving money', () => {
    const hooks = ['call_contract', 'contract_address'] as const;
    const code = [i32(0), op('call', 1), ...callAt(0, 200_000n), op('drop'), i32(0)];
    attack(contractOf(code, { hooks, data: calls(contract, 5) }), 30_000_000n);
    // More than there is: the call is refused and its stipend comes back.
    attack(contractOf(code, { hooks, data: calls(contract, Number(wealth) + 1) }), rich);
  });

  it('hashes of everything, again and again', () => {
    const hash = repeated(8, [i32(0), i32(65_536), i32(0), op('call', 0)]);
    attack(contractOf([...hash, i32(0)], { hooks: ['native_keccak256'], locals: one }), rich);
  });

  it('copies of everything, again and again', () => {
    const copy = [
      i32(1),
      i32(0),
      i32(65_535),
      op('memory.copy'),
      i32(0),
      i32(1),
      i32(65_536),
      op('memory.fill'),
    ];
    attack(contractOf([...repeated(50, copy), i32(0)], { locals: one }), rich);
  });

  it('a host call that is given a pointer outside, after a write', () => {
    const code = [i32(0), i32(0), op('call', 0), i32(65_505), i32(0), op('call', 0), i32(0)];
    const parts = { hooks: ['storage_cache_bytes32'] as const, data: word(7) };
    expect(compared(contractOf(code, parts), 400_000n)).toBe(400_000n);
  });
});
