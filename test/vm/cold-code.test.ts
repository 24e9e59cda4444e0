/**
 * Code that no cache holds: nobody has it prepared without paying, and the price follows from the
 * module's shape, whatever a node has seen before.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { emptyBytes } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { limits } from '../../src/primitives/limits.ts';
import { type Contract, prepareContract, shapeOf } from '../../src/vm/contract.ts';
import { decodeModule } from '../../src/vm/decoder.ts';
import { encodeModule } from '../../src/vm/encoder.ts';
import { gasTable } from '../../src/vm/gas-table.ts';
import { Guest } from '../../src/vm/guest.ts';
import { IdleGuests } from '../../src/vm/idle-guests.ts';
import { createVm } from '../../src/vm/vm.ts';
import { addressOf, ContractScene } from '../support/contract-scene.ts';
import { entryGasOf, touchGasOf } from '../support/entry-gas.ts';
import { contractWith, entryBytes, op } from '../support/module-builder.ts';

const contract = addressOf(0xc0);
const table = gasTable(1);

/** A scene whose machine has never seen the code of `contract`. */
function coldScene(wasm: Uint8Array): ContractScene {
  const scene = new ContractScene(createVm({ crypto: nobleCrypto }));
  scene.world.setNonce(contract, 1n);
  scene.world.setCode(contract, wasm);
  return scene;
}

/** Modules that the engine compiles while `run` runs. */
function compilations(run: () => void): number {
  const spy = vi.spyOn(WebAssembly, 'Module');
  try {
    run();
    return spy.mock.calls.length;
  } finally {
    spy.mockRestore();
  }
}

describe('cold code', () => {
  const answers = (value: number): Uint8Array =>
    entryBytes([op('i32.const', value), op('drop'), op('i32.const', 0)]);

  it('is not prepared for a call that cannot pay for it', () => {
    const wasm = answers(1);
    const scene = coldScene(wasm);
    const touch = BigInt(touchGasOf(wasm));
    for (const gas of [0n, BigInt(table.gas.codeTouch), touch - 1n]) {
      const count = compilations(() => {
        expect(scene.call(contract, emptyBytes, { gas })).toMatchObject({
          status: 'failed',
          gasLeft: 0n,
        });
      });
      expect(count).toBe(0);
    }
    expect(compilations(() => scene.call(contract, emptyBytes, { gas: touch }))).toBe(1);
  });

  it('costs the same when it is cold and when a cache has it', () => {
    const wasm = answers(2);
    const scene = coldScene(wasm);
    const least = BigInt(entryGasOf(wasm) + 1);
    const cold = scene.call(contract, emptyBytes, { gas: least });
    const warm = scene.call(contract, emptyBytes, { gas: least });
    expect(cold).toEqual(warm);
    expect(cold).toMatchObject({ status: 'success', gasLeft: 0n });
  });

  it('is free at first use when genesis names it', () => {
    const wasm = answers(3);
    const scene = coldScene(wasm);
    scene.block = { ...scene.block, isGenesisCode: () => true };
    const least = BigInt(table.gas.frame + table.gas.framePage + 1);
    expect(scene.call(contract, emptyBytes, { gas: least }).status).toBe('success');
  });

  it('tells its shape by the heads of its sections', () => {
    const folder = new URL('../../genesis/', import.meta.url);
    const files = readdirSync(folder).filter((name) => name.endsWith('.wasm'));
    expect(files.length).toBeGreaterThan(5);
    for (const name of files) {
      const wasm = new Uint8Array(readFileSync(new URL(name, folder)));
      const { functions, imports } = decodeModule(wasm);
      expect(shapeOf(wasm), name).toEqual({
        sizeBytes: wasm.length,
        functions: functions.length,
        imports: imports.length,
      });
    }
  });
});

describe('idle instances without memory', () => {
  it('are bounded too: each has its place in the address space', () => {
    const wasm = encodeModule(contractWith({ memories: [{ minimum: 0, maximum: undefined }] }));
    const prepared = prepareContract(wasm, table) as Contract;
    const idle = new IdleGuests();
    const guest = new Guest(new WebAssembly.Instance(prepared.module).exports, table);
    for (let count = 0; count < 2 * limits.idleMemoryPagesMax; count++) idle.give(prepared, guest);
    let kept = 0;
    while (idle.take(prepared) !== undefined) kept += 1;
    expect(kept).toBe(limits.idleMemoryPagesMax);
  });
});
