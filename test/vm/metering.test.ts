/**
 * Gas and stack words: exact to the unit, the same whatever the engine does, and never the
 * engine's own limits.
 */

import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { emptyBytes } from '../../src/primitives/bytes.ts';
import { limits } from '../../src/primitives/limits.ts';
import { encodeModule } from '../../src/vm/encoder.ts';
import { gasTable } from '../../src/vm/gas-table.ts';
import type { Instruction } from '../../src/vm/module.ts';
import { emptyBlock, valueTypes } from '../../src/vm/opcodes.ts';
import { LocalFault } from '../../src/vm/world.ts';
import { addressOf, ContractScene } from '../support/contract-scene.ts';
import { entryGasOf } from '../support/entry-gas.ts';
import { body, contractWith, entryBytes, op } from '../support/module-builder.ts';
import { compilePuppet, puppet } from '../support/puppet.ts';

const { ink } = gasTable(1);
const { operators: cost } = ink;
const contract = addressOf(0xc0);
const zero = op('i32.const', 0);

function sceneWith(wasm: Uint8Array): ContractScene {
  const scene = new ContractScene();
  scene.mustDeploy(contract, wasm);
  return scene;
}

/** Ink that the entry point of `wasm` uses, floored to gas as the frame settles it. */
function inkUsed(wasm: Uint8Array, gas = 1_000_000n): bigint {
  const scene = sceneWith(wasm);
  const outcome = scene.call(contract, emptyBytes, { gas });
  if (outcome.status !== 'success') throw new Error(outcome.hint);
  return (gas - outcome.gasLeft - BigInt(entryGasOf(wasm))) * 1_000n;
}

/** Gas is floored when a frame ends: repeat until ink shows. */
const repeated = 200;
const many = (...instructions: Instruction[]): Instruction[] =>
  Array.from({ length: repeated }, () => instructions).flat();

describe('prices', () => {
  const base = ink.functionEntry + ink.functionLocal + cost.constant + ink.chargePoint;

  it.each<[string, Instruction[], number]>([
    [
      'add',
      [op('local.get'), op('local.get'), op('i32.add'), op('drop')],
      2 * cost.local + cost.simple + cost.constant,
    ],
    [
      'divide',
      [op('i32.const', 7), op('i32.const', 3), op('i32.div_s'), op('drop')],
      3 * cost.constant + cost.divide,
    ],
    [
      'rotate',
      [op('i32.const', 7), op('i32.const', 3), op('i32.rotl'), op('drop')],
      3 * cost.constant + cost.rotate,
    ],
    ['load', [zero, op('i32.load8_u'), op('drop')], 2 * cost.constant + cost.load],
    ['store', [zero, zero, op('i32.store8')], 2 * cost.constant + cost.store],
    ['branch', [op('block', emptyBlock), op('br', 0), op('end')], cost.branch + ink.chargePoint],
    ['if', [op('local.get'), op('if', emptyBlock), op('end')], cost.local + ink.chargePoint],
    [
      'fill',
      [zero, zero, op('i32.const', 100), op('memory.fill')],
      3 * cost.constant + cost.memoryBulk + 100 * ink.bulkByte + ink.chargePoint,
    ],
  ])('%s', (_, instructions, each) => {
    const used = inkUsed(entryBytes([...many(...instructions), zero]));
    // After charge points of their own, the last constant needs another.
    const expected = BigInt(base + repeated * each);
    expect(Number(used - expected)).toBeGreaterThanOrEqual(-1_000);
    expect(Number(used - expected)).toBeLessThanOrEqual(1_000 + ink.chargePoint);
  });
});

describe('out of gas', () => {
  it('comes exactly one unit below what is needed', async () => {
    const wasm = await compilePuppet();
    const scene = sceneWith(wasm);
    const commands = [
      puppet.echo(new Uint8Array(100)),
      puppet.batch(puppet.store(1n, 2n), puppet.log(1, new Uint8Array(64)), puppet.load(3n)),
      puppet.recurse(50n),
      puppet.call(contract, puppet.batch(puppet.store(5n, 6n), puppet.gasLeft())),
      puppet.grow(3n),
      puppet.math('pow', 3n, 1_000n),
    ];
    for (const input of commands) {
      const all = scene.call(contract, input, { gas: 5_000_000n });
      expect(all.status).toBe('success');
      scene.world.revertTo(0);
      let low = 0n;
      let high = 5_000_000n;
      // Enough gas is monotone here: no command asks for a share of what is left.
      while (high - low > 1n) {
        const middle = (low + high) / 2n;
        const { status } = scene.call(contract, input, { gas: middle });
        scene.world.revertTo(0);
        if (status === 'success') high = middle;
        else low = middle;
      }
      const exact = scene.call(contract, input, { gas: high });
      scene.world.revertTo(0);
      expect(exact.status).toBe('success');
      const short = scene.call(contract, input, { gas: high - 1n });
      expect(short).toMatchObject({ status: 'failed', gasLeft: 0n });
      expect(scene.world.logs).toEqual([]);
    }
  });

  it('ends an endless loop, and takes everything', async () => {
    const scene = sceneWith(await compilePuppet());
    const outcome = scene.call(contract, puppet.loop(), { gas: 3_000_000n });
    expect(outcome).toMatchObject({ status: 'failed', gasLeft: 0n });
  });

  it('ends the smallest endless loop', () => {
    const loop = [op('loop', emptyBlock), op('br', 0), op('end'), zero];
    const scene = sceneWith(entryBytes(loop));
    expect(scene.call(contract, emptyBytes)).toMatchObject({ status: 'failed', gasLeft: 0n });
  });

  it('does not depend on what is left over', async () => {
    const scene = sceneWith(await compilePuppet());
    const uses = [200_000n, 5_000_000n, 10n ** 15n].map((gas) => {
      const input = puppet.batch(puppet.load(1n), puppet.recurse(10n));
      return gas - scene.call(contract, input, { gas }).gasLeft;
    });
    expect(new Set(uses).size).toBe(1);
  });

  it('costs the same from a cold and a warm cache', async () => {
    const wasm = await compilePuppet();
    const scene = sceneWith(wasm);
    const fresh = new ContractScene();
    fresh.world.setCode(contract, wasm);
    fresh.world.setNonce(contract, 1n);
    const input = puppet.recurse(5n);
    expect(fresh.call(contract, input).gasLeft).toBe(scene.call(contract, input).gasLeft);
    expect(fresh.call(contract, input).gasLeft).toBe(scene.call(contract, input).gasLeft);
  });
});

describe('stack', () => {
  let wasm: Uint8Array;
  beforeAll(async () => {
    wasm = await compilePuppet();
  });

  it('traps before the engine overflows, at a depth that repeats', () => {
    const scene = sceneWith(wasm);
    const ends = (depth: bigint) => scene.call(contract, puppet.recurse(depth)).status;
    expect(ends(10n ** 9n)).toBe('failed');
    let low = 1n;
    let high = 100_000n;
    while (high - low > 1n) {
      const middle = (low + high) / 2n;
      if (ends(middle) === 'success') low = middle;
      else high = middle;
    }
    expect(low).toBeGreaterThan(1_000n);
    // Every word of the budget stands for 8 bytes: no frame is cheaper than 10 words.
    expect(low).toBeLessThan(BigInt(limits.stackWordsPerTransactionMax) / 10n);
    expect(ends(low)).toBe('success');
    expect(ends(high)).toBe('failed');
  });

  it.each([
    ['thin', 0, 1, 2],
    ['with many locals', 255, 1, 2],
    ['with many parameters', 0, 32, 33],
    ['with many operands', 0, 1, 500],
    ['with many of all', 200, 32, 300],
  ])('traps in frames %s', (_, locals, parameters, height) => {
    const { i64 } = valueTypes;
    const kept = height - parameters;
    const recursion = [
      ...Array.from({ length: kept }, () => op('local.get')),
      ...Array.from({ length: parameters }, (_, index) => op('local.get', index)),
      op('call', 1),
      ...Array.from({ length: kept }, () => op('i64.add')),
    ];
    const start = Array.from({ length: parameters }, () => op('i64.const', 3n));
    const module = contractWith({
      types: [
        { parameters: [valueTypes.i32], results: [valueTypes.i32] },
        { parameters: Array(parameters).fill(i64), results: [i64] },
      ],
      functions: [0, 1],
      bodies: [
        body([...start, op('call', 1), op('drop'), zero]),
        body(recursion, locals === 0 ? [] : [{ count: locals, type: i64 }]),
      ],
    });
    // The engine's own overflow would be a LocalFault, which is thrown.
    const outcome = sceneWith(encodeModule(module)).call(contract, emptyBytes, { gas: 10n ** 10n });
    expect(outcome).toMatchObject({ status: 'failed', gasLeft: 0n });
  });

  it('is one budget for all frames of a transaction', () => {
    const scene = sceneWith(wasm);
    scene.mustDeploy(addressOf(0xc1), wasm);
    const recursion = puppet.recurse(2_000n);
    const status = (outcome: Uint8Array) => outcome[0];
    expect(status(scene.mustCall(contract, puppet.call(addressOf(0xc1), recursion)))).toBe(0);
    // 100 frames deep, the same recursion no longer fits.
    let input = recursion;
    for (let depth = 0; depth < 100; depth++) input = puppet.call(contract, input);
    const output = scene.mustCall(contract, input, { gas: 10n ** 10n });
    expect(output.length).toBe(100);
    expect(output[99]).toBe(1);
  });

  it('is given back by every way out of a function', () => {
    // Branches, returns and falls out of a helper 20,000 times: any leak would end it.
    const { i32 } = valueTypes;
    const module = contractWith({
      functions: [0, 0],
      bodies: [
        body(
          [
            op('loop', emptyBlock),
            op('local.get', 1),
            op('call', 1),
            op('drop'),
            op('local.get', 1),
            op('i32.const', 1),
            op('i32.add'),
            op('local.tee', 1),
            op('i32.const', 20_000),
            op('i32.lt_s'),
            op('br_if', 0),
            op('end'),
            zero,
          ],
          [{ count: 1, type: i32 }],
        ),
        body([
          op('local.get'),
          op('local.get'),
          op('i32.const', 3),
          op('i32.rem_u'),
          op('br_if', 0),
          op('i32.const', 4),
          op('i32.rem_u'),
          op('if', emptyBlock),
          op('i32.const', 9),
          op('return'),
          op('end'),
          op('i32.const', 5),
        ]),
      ],
    });
    const scene = sceneWith(encodeModule(module));
    const outcome = scene.call(contract, emptyBytes, { gas: 10_000_000n });
    expect(outcome.status).toBe('success');
  });
});

describe('faults of the engine', () => {
  it('are thrown, never an outcome', () => {
    const scene = new ContractScene();
    scene.world.setCode(contract, Uint8Array.of(1, 2, 3));
    scene.world.setNonce(contract, 1n);
    expect(() => scene.call(contract, emptyBytes)).toThrow(LocalFault);
  });

  it('include whatever the world throws in the middle of a contract, through all frames', async () => {
    const wasm = await compilePuppet();
    const scene = sceneWith(wasm);
    const { world } = scene;
    world.loadSlot = () => {
      throw new RangeError('disk');
    };
    const before = Error.stackTraceLimit;
    expect(() => scene.call(contract, puppet.call(contract, puppet.load(1n)))).toThrow(LocalFault);
    expect(Error.stackTraceLimit).toBe(before);
  });
});

describe('random code', () => {
  const step = fc.constantFrom<Instruction[]>(
    [op('local.get', 1), op('i32.const', 3), op('i32.add'), op('local.set', 1)],
    [op('local.get', 1), op('if', emptyBlock), op('br', 1), op('end')],
    [op('local.get', 1), op('br_if', 0)],
    [
      op('local.get', 1),
      op('i32.const', 5),
      op('i32.rem_u'),
      op('if', emptyBlock),
      op('i32.const', 1),
      op('local.set', 1),
      op('else'),
      op('local.get', 1),
      op('br_if', 1),
      op('end'),
    ],
    [op('i32.const', 2), op('memory.grow'), op('drop')],
    [op('i32.const', 1), op('return')],
  );

  it('never gains gas from less gas, and fails below its need', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const code = [op('block', emptyBlock), ...steps.flat(), op('end'), zero];
        const scene = sceneWith(entryBytes(code, {}, [{ count: 1, type: valueTypes.i32 }]));
        const gas = 1_000_000n;
        const outcome = scene.call(contract, emptyBytes, { gas });
        const used = gas - outcome.gasLeft;
        expect(scene.call(contract, emptyBytes, { gas: used }).status).toBe(outcome.status);
        expect(scene.call(contract, emptyBytes, { gas: used - 1n }).status).toBe('failed');
      }),
      { numRuns: 60 },
    );
  });
});
