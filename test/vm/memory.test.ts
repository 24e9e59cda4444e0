/**
 * Linear memory: bounds, growth, and the one budget of all open frames.
 */

import { describe, expect, it } from 'vitest';
import { emptyBytes } from '../../src/primitives/bytes.ts';
import { encodeModule } from '../../src/vm/encoder.ts';
import { gasTable } from '../../src/vm/gas-table.ts';
import { valueTypes } from '../../src/vm/opcodes.ts';
import { addressOf, ContractScene } from '../support/contract-scene.ts';
import { body, contractWith, entryBytes, op } from '../support/module-builder.ts';
import { compilePuppet, puppet } from '../support/puppet.ts';

const { ink, gas: prices } = gasTable(1);
const contract = addressOf(0xc0);
const zero = op('i32.const', 0);

function sceneWith(wasm: Uint8Array): ContractScene {
  const scene = new ContractScene();
  scene.mustDeploy(contract, wasm);
  return scene;
}

describe('memory', () => {
  it('grows to 64 pages and answers -1 beyond, after the charge', async () => {
    const scene = sceneWith(await compilePuppet());
    const grow = (pages: bigint): number => {
      const output = scene.mustCall(contract, puppet.grow(pages), { gas: 10n ** 9n });
      return new DataView(output.buffer).getInt32(0, true);
    };
    expect(grow(0n)).toBe(2);
    expect(grow(62n)).toBe(2);
    expect(grow(63n)).toBe(-1);
    expect(grow(60_000n)).toBe(-1);
    const used = (pages: bigint): bigint =>
      10n ** 9n - scene.call(contract, puppet.grow(pages), { gas: 10n ** 9n }).gasLeft;
    expect(used(63n) - used(3n)).toBe((60n * BigInt(ink.growPage)) / 1_000n);
    expect(scene.call(contract, puppet.grow(0xffff_ffffn))).toMatchObject({ status: 'failed' });
  });

  it('has one budget for all open frames of a transaction', async () => {
    const scene = sceneWith(await compilePuppet());
    // Each frame holds its 2 pages and 62 more: 16 of them are 1,024.
    const grow = puppet.grow(62n);
    const grown = (depth: number): Uint8Array =>
      depth === 0 ? grow : puppet.batch(grow, puppet.call(contract, grown(depth - 1)));
    const gas = 10n ** 10n;
    /** What memory.grow answered: outermost first, a status byte before each further one. */
    const answers = (depth: number): number[] => {
      const output = scene.mustCall(contract, grown(depth), { gas });
      const view = new DataView(output.buffer, output.byteOffset);
      return Array.from({ length: depth + 1 }, (_, index) => view.getInt32(5 * index, true));
    };
    expect(answers(15)).toEqual(Array(16).fill(2));
    const refusal = scene.call(contract, grown(16), { gas });
    expect(refusal.output.length).toBe(16 * 5);
    expect(refusal.output.at(-1)).toBe(1);
    // What a closed frame held is free again.
    const twice = puppet.batch(puppet.call(contract, grown(12)), puppet.call(contract, grown(12)));
    expect([...scene.mustCall(contract, twice, { gas })].filter((byte) => byte === 255)).toEqual(
      [],
    );
  });

  it('of a frame that would start beyond that budget: the call reverts and keeps its gas', () => {
    const recurse = op('i32.const', 64);
    // call_contract(0.., no data, no value) of the contract itself with all gas; status out.
    const imports = ['contract_address', 'call_contract'].map((name, typeIndex) => ({
      module: 'vm_hooks',
      name,
      description: { kind: 'function' as const, typeIndex },
      offset: 0,
    }));
    const { i32, i64 } = valueTypes;
    const code = [
      zero,
      op('call', 0),
      zero,
      zero,
      zero,
      recurse,
      op('i64.const', -1n),
      op('i32.const', 96),
      op('call', 1),
    ];
    const wasm = encodeModule(
      contractWith({
        types: [
          { parameters: [i32], results: [] },
          { parameters: [i32, i32, i32, i32, i64, i32], results: [i32] },
          { parameters: [i32], results: [i32] },
        ],
        imports,
        functions: [2],
        memories: [{ minimum: 32, maximum: undefined }],
        exports: [
          { name: 'memory', kind: 'memory', index: 0 },
          { name: 'user_entrypoint', kind: 'function', index: 2 },
        ],
        bodies: [body(code)],
      }),
    );
    const scene = sceneWith(wasm);
    // The innermost of 32 frames gets 1 and answers it: every one above sees a revert.
    const outcome = scene.call(contract, emptyBytes, { gas: 10n ** 8n });
    expect(outcome.status).toBe('reverted');
    const entry = prices.frame + 32 * prices.framePage;
    const used = Number(10n ** 8n - outcome.gasLeft);
    expect(used).toBeGreaterThan(32 * entry);
    expect(used).toBeLessThan(33 * entry);
  });

  it('is fresh in every frame', () => {
    const addAndAnswer = [
      zero,
      zero,
      op('i32.load8_u'),
      op('i32.const', 1),
      op('i32.add'),
      op('i32.store8'),
      zero,
      op('i32.load8_u'),
      op('i32.const', 1),
      op('i32.ne'),
    ];
    const scene = sceneWith(entryBytes(addAndAnswer));
    for (let round = 0; round < 3; round++) {
      expect(scene.call(contract, emptyBytes).status).toBe('success');
    }
  });

  it('outside its bounds is a trap, from the guest and from the host', async () => {
    const scene = sceneWith(await compilePuppet());
    for (const pointer of [131_072n, 0xffff_ffffn]) {
      const outcome = scene.call(contract, puppet.readArgumentsAt(pointer));
      expect(outcome).toMatchObject({ status: 'failed', gasLeft: 0n });
      expect(outcome.hint).toContain('outside the memory');
    }
    const load = [op('i32.const', 65_536), op('i32.load8_u')];
    expect(sceneWith(entryBytes(load)).call(contract, emptyBytes).status).toBe('failed');
  });
});
