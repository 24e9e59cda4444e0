/**
 * Code that no cache holds: nobody has it prepared without paying, and the price follows from the
 * module's shape, whatever a node has seen before.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { emptyBytes } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { shapeOf } from '../../src/vm/contract.ts';
import { decodeModule } from '../../src/vm/decoder.ts';
import { gasTable } from '../../src/vm/gas-table.ts';
import { hookModule, hookType } from '../../src/vm/hook-signatures.ts';
import { createVm } from '../../src/vm/vm.ts';
import { addressOf, ContractScene } from '../support/contract-scene.ts';
import { entryGasOf, touchGasOf } from '../support/entry-gas.ts';
import { entryBytes, entryType, op } from '../support/module-builder.ts';

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

describe('a contract that declares no memory pages', () => {
  it('has one all the same, and pays for it: empty memories would be collected too late', () => {
    const size = [op('memory.size'), op('i32.const', 1), op('i32.ne')];
    const answers = (pages: number): Uint8Array =>
      entryBytes(size, { memories: [{ minimum: pages, maximum: pages }] });
    const used = [0, 1].map((pages) => {
      const wasm = answers(pages);
      const { status, gasLeft } = coldScene(wasm).call(contract, emptyBytes);
      expect(status).toBe('success');
      return gasLeft;
    });
    expect(used[0]).toBe(used[1]);
  });
});

describe('a look at code', () => {
  const looked = addressOf(0xc1);
  const readerOf = (name: 'account_code' | 'account_code_size', times: number): Uint8Array => {
    const parameters = name === 'account_code' ? [640, 0, 32, 700] : [640];
    const look = [...parameters.map((each) => op('i32.const', each)), op('call', 0), op('drop')];
    return entryBytes([...Array.from({ length: times }, () => look).flat(), op('i32.const', 0)], {
      types: [entryType, hookType(name)],
      imports: [
        {
          module: hookModule,
          name,
          description: { kind: 'function', typeIndex: 1 },
          offset: 0,
        },
      ],
      exports: [
        { name: 'memory', kind: 'memory', index: 0 },
        { name: 'user_entrypoint', kind: 'function', index: 1 },
      ],
      data: [{ offset: [op('i32.const', 640), op('end')], bytes: looked }],
    });
  };
  /** Gas of looking `times` times at a code of `sizeBytes`. */
  const gasOf = (name: 'account_code' | 'account_code_size', times: number, sizeBytes: number) => {
    const scene = coldScene(readerOf(name, times));
    scene.block = { ...scene.block, isGenesisCode: () => true };
    scene.world.setCode(looked, new Uint8Array(sizeBytes));
    const { status, gasLeft } = scene.call(contract, emptyBytes, { gas: 1_000_000n });
    expect(status).toBe('success');
    return 1_000_000 - Number(gasLeft);
  };
  const { accountCold, accountWarm, codeRead, codeReadWord } = table.gas;

  it.each(['account_code', 'account_code_size'] as const)(
    'pays with %s for reading it from the disk, once in a transaction',
    (name) => {
      const [none, one, two] = [0, 1, 2].map((times) => gasOf(name, times, 3_200)) as [
        number,
        number,
        number,
      ];
      const [first, second] = [one - none, two - one];
      expect(Math.abs(first - second - (codeRead + accountCold - accountWarm))).toBeLessThan(2);
      expect(gasOf(name, 1, 0) - gasOf(name, 0, 0)).toBeLessThan(first - codeRead + 1);
    },
  );

  it('pays with account_code for each word of the code, whatever part of it is copied', () => {
    const difference = gasOf('account_code', 1, 131_072) - gasOf('account_code', 1, 32);
    expect(difference).toBe(codeReadWord * (4_096 - 1));
    expect(gasOf('account_code_size', 1, 131_072)).toBe(gasOf('account_code_size', 1, 32));
  });
});
