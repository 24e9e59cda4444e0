/**
 * A contract in C, compiled by clang and linked by wasm-ld, which know nothing of this project: the
 * module runs as it comes, with its stack-pointer global, its table, its custom sections and bulk memory.
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { bigintFromBytes, bigintToBytes, concat, toHex, utf8 } from '../../src/primitives/bytes.ts';
import { decodeModule } from '../../src/vm/decoder.ts';
import { opcodes } from '../../src/vm/opcodes.ts';
import { addressOf, ContractScene, sender } from '../support/contract-scene.ts';

const source = fileURLToPath(new URL('c/ledger.c', import.meta.url));
const contract = addressOf(0xc0);

/** The compiled module, or undefined where clang or wasm-ld for WebAssembly are not installed. */
function compile(): Uint8Array | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'c-contract-'));
  try {
    const output = join(folder, 'ledger.wasm');
    const target = ['--target=wasm32-unknown-unknown', '-mbulk-memory', '-O2', '-g', '-nostdlib'];
    const link = ['-Wl,--no-entry', '-Wl,--stack-first', '-Wl,-z,stack-size=8192'];
    execFileSync('clang', [...target, ...link, source, '-o', output], { stdio: 'pipe' });
    return new Uint8Array(readFileSync(output));
  } catch (error) {
    console.log(`skipped, apt-get install clang lld: ${String(error).split('\n')[0]}`);
    return undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const wasm = compile();
const word = (value: bigint): Uint8Array => bigintToBytes(value, 32);
const transfer = (to: Uint8Array, amount: bigint): Uint8Array =>
  concat(Uint8Array.of(1), to, word(amount));

describe('a contract in C', () => {
  function deployed(): ContractScene {
    const scene = new ContractScene();
    scene.mustDeploy(contract, wasm as Uint8Array, word(1_000n));
    return scene;
  }
  const balance = (scene: ContractScene, owner = sender): bigint =>
    bigintFromBytes(scene.mustCall(contract, Uint8Array.of(0), { sender: owner }));

  it.skipIf(wasm === undefined)('has what real tools produce', () => {
    const module = decodeModule(wasm as Uint8Array);
    expect(module.globals.filter((global) => global.type.isMutable)).toHaveLength(1);
    expect(module.tables).toHaveLength(1);
    expect(toHex(wasm as Uint8Array)).toContain(toHex(utf8('.debug_info')));
    const used = new Set(
      module.bodies.flatMap((each) => each.instructions).map(({ opcode }) => opcode),
    );
    expect(
      [opcodes.memoryCopy, opcodes.memoryFill, opcodes.callIndirect].filter(
        (each) => !used.has(each),
      ),
    ).toEqual([]);
    expect(module.exports).toContainEqual({ name: 'memory', kind: 'memory', index: 0 });
    expect(new Set(module.imports.map((each) => each.module))).toEqual(new Set(['vm_hooks']));
  });

  it.skipIf(wasm === undefined)('is deployed with its constructor and keeps balances', () => {
    const scene = deployed();
    expect(balance(scene)).toBe(1_000n);
    // As it came: neither stripped nor rewritten.
    expect(scene.world.code(contract)).toEqual(wasm);
    scene.mustCall(contract, transfer(addressOf(7), 300n));
    const [log] = scene.world.logs;
    expect([toHex(log?.topics[0] ?? word(0n)).slice(0, 16), log?.data]).toEqual([
      toHex(utf8('Transfer')),
      word(300n),
    ]);
    expect([balance(scene), balance(scene, addressOf(7))]).toEqual([700n, 300n]);
  });

  it.skipIf(wasm === undefined)('reverts with its result, and undoes what it wrote', () => {
    const scene = deployed();
    expect(scene.call(contract, transfer(addressOf(7), 1_001n)).status).toBe('reverted');
    expect(balance(scene)).toBe(1_000n);
    const odd = utf8('nonsense');
    expect(scene.call(contract, odd)).toMatchObject({ status: 'reverted', output: odd });
  });

  it.skipIf(wasm === undefined)('fills and copies memory in bulk', () => {
    const data = utf8('some bytes to copy');
    const output = deployed().mustCall(contract, concat(Uint8Array.of(3), data));
    expect(output).toEqual(concat(new Uint8Array(data.length), data));
  });

  it.skipIf(wasm === undefined)('calls through its table', () => {
    const scene = deployed();
    const calls = [8, 9].map((n) => scene.mustCall(contract, Uint8Array.of(2, n))[31]);
    expect(calls).toEqual([16, 81]);
  });
});
