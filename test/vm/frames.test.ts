/**
 * Corners of calls and creations: who pays, who acts and what is left, where two rules meet. Each test
 * stands for a rule that no other test would miss.
 */

import { getContractAddress } from 'viem';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  bigintFromBytes,
  bigintToBytes,
  concat,
  emptyBytes,
  fromHex,
  toHex,
  utf8,
} from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { limits } from '../../src/primitives/limits.ts';
import { encodeCreation } from '../../src/vm/creation.ts';
import { decodeModule } from '../../src/vm/decoder.ts';
import { encodeModule } from '../../src/vm/encoder.ts';
import { gasTable } from '../../src/vm/gas-table.ts';
import { hookType } from '../../src/vm/hook-signatures.ts';
import { createVm } from '../../src/vm/vm.ts';
import { LocalFault } from '../../src/vm/world.ts';
import { addressOf, ContractScene, sender } from '../support/contract-scene.ts';
import { body, contractWith, entryBytes, entryType, op } from '../support/module-builder.ts';
import { compilePuppet, puppet } from '../support/puppet.ts';

const { gas: prices } = gasTable(1);
const alice = addressOf(0xa1);
const bob = addressOf(0xb0);
const nobody = addressOf(0x77);
const identity = new Uint8Array(20);
identity[19] = 4;
const failure = Uint8Array.of(1);

let wasm: Uint8Array;
let scene: ContractScene;
beforeAll(async () => {
  wasm = await compilePuppet();
});
beforeEach(() => {
  scene = new ContractScene();
  for (const address of [alice, bob]) scene.mustDeploy(address, wasm);
});

const millions = 100_000_000n;
/** Gas of a call of alice. */
function used(input: Uint8Array, value = 0n): bigint {
  const outcome = scene.call(alice, input, { gas: millions, value });
  if (outcome.status !== 'success') throw new Error(outcome.hint);
  return millions - outcome.gasLeft;
}

/** A contract that calls the address in its input with one acorn and `gas`, and answers the status. */
function payerWith(gas: bigint): Uint8Array {
  const types = [entryType, hookType('read_args'), hookType('call_contract')];
  const imports = ['read_args', 'call_contract'].map((name, index) => ({
    module: 'vm_hooks',
    name,
    offset: 0,
    description: { kind: 'function' as const, typeIndex: index + 1 },
  }));
  const zero = op('i32.const', 0);
  const code = [
    ...[zero, op('call', 0)],
    // The value: a word that ends with 1.
    ...[op('i32.const', 95), op('i32.const', 1), op('i32.store8')],
    ...[zero, zero, zero, op('i32.const', 64), op('i64.const', gas), op('i32.const', 128)],
    op('call', 1),
  ];
  const exports = contractWith().exports.map((entry) =>
    entry.kind === 'function' ? { ...entry, index: 2 } : entry,
  );
  return encodeModule(contractWith({ types, imports, exports, bodies: [body(code)] }));
}

describe('delegate calls', () => {
  it('carry a value that their sender no longer has', () => {
    const all = scene.world.balance(sender);
    const environment = puppet.environment();
    const output = scene.mustCall(alice, puppet.delegateCall(bob, environment), { value: all });
    expect(output[0]).toBe(0);
    expect(bigintFromBytes(output.subarray(65, 97))).toBe(all);
    expect([sender, alice, bob].map((each) => scene.world.balance(each))).toEqual([0n, all, 0n]);
  });

  it('reach precompiled contracts and block ids, as calls do', () => {
    const data = utf8('as it is');
    for (const call of [puppet.call, puppet.staticCall, puppet.delegateCall]) {
      const output = scene.mustCall(alice, call(identity, data));
      expect(output).toEqual(concat(Uint8Array.of(0), data));
    }
    const blockIds = fromHex('0000f90827f1c53a10cb7a02335b175320002935');
    const height = bigintToBytes(BigInt(scene.block.height - 1), 32);
    const output = scene.mustCall(alice, puppet.delegateCall(blockIds, height));
    expect([output[0], output.length]).toEqual([0, 33]);
  });

  it('stay static, and create in the name of the acting contract', () => {
    const write = puppet.delegateCall(alice, puppet.store(1n, 1n));
    expect([...scene.mustCall(alice, puppet.staticCall(bob, write))]).toEqual([0, 1]);
    const creation = puppet.delegateCall(bob, puppet.create(encodeCreation(wasm)));
    const output = scene.mustCall(alice, creation, { gas: millions });
    const from = `0x${toHex(alice)}` as const;
    const expected = getContractAddress({ from, nonce: 1n }).toLowerCase();
    expect(`0x${toHex(output.subarray(1))}`).toBe(expected);
    expect([alice, bob].map((each) => scene.world.nonce(each))).toEqual([2n, 1n]);
  });

  it('count for the address they act for, not for that of their code', () => {
    const flag = (output: Uint8Array): bigint => bigintFromBytes(output.subarray(-8));
    const environment = puppet.environment();
    const back = puppet.call(bob, puppet.call(alice, puppet.delegateCall(bob, environment)));
    expect(flag(scene.mustCall(alice, back))).toBe(1n);
    const once = puppet.call(bob, puppet.delegateCall(alice, environment));
    expect(flag(scene.mustCall(alice, once))).toBe(0n);
  });
});

describe('a call within a call', () => {
  it('names the sender of the transaction as its origin', () => {
    const output = scene.mustCall(alice, puppet.call(bob, puppet.environment()));
    expect(output.subarray(45, 65)).toEqual(alice);
    expect(output.subarray(109, 129)).toEqual(sender);
  });
});

describe('return data', () => {
  it('is that of the last call or creation, empty after one that never began', () => {
    const echo = puppet.call(bob, puppet.echo(utf8('left')));
    const poor = puppet.call(nobody, emptyBytes, { value: 1n });
    const answer = concat(Uint8Array.of(0), utf8('left'));
    expect(scene.mustCall(alice, puppet.batch(echo, poor))).toEqual(concat(answer, failure));
    const rich = { gas: millions };
    const create = puppet.create(encodeCreation(wasm, puppet.echo(utf8('made'))));
    const made = scene.mustCall(alice, puppet.batch(echo, create), rich);
    expect(made.length).toBe(answer.length + 20);
    const poorer = puppet.create(encodeCreation(wasm), 1n);
    const refused = scene.mustCall(alice, puppet.batch(echo, poorer), rich);
    expect(refused).toEqual(concat(answer, new Uint8Array(20)));
  });

  it('is read from any place, and cut at its end', () => {
    const data = Uint8Array.of(1, 2, 3, 4, 5);
    const types = [
      entryType,
      ...(['read_args', 'static_call_contract', 'read_return_data', 'write_result'] as const).map(
        hookType,
      ),
    ];
    const imports = ['read_args', 'static_call_contract', 'read_return_data', 'write_result'].map(
      (name, index) => ({
        module: 'vm_hooks',
        name,
        offset: 0,
        description: { kind: 'function' as const, typeIndex: index + 1 },
      }),
    );
    // Input: 20 bytes of address, 6 of calldata. The answer is 3 bytes from offset 2 of 9 asked for.
    const code = [
      ...[op('i32.const', 0), op('call', 0)],
      ...[
        op('i32.const', 0),
        op('i32.const', 20),
        op('i32.const', 6),
        op('i64.const', -1n),
        op('i32.const', 64),
        op('call', 1),
      ],
      ...[op('drop'), op('i32.const', 129)],
      ...[op('i32.const', 130), op('i32.const', 2), op('i32.const', 9), op('call', 2)],
      op('i32.store8'),
      ...[op('i32.const', 128), op('i32.const', 14), op('call', 3), op('i32.const', 0)],
    ];
    const exports = contractWith().exports.map((entry) =>
      entry.kind === 'function' ? { ...entry, index: 4 } : entry,
    );
    scene.mustDeploy(
      addressOf(0xc0),
      encodeModule(contractWith({ types, imports, exports, bodies: [body(code)] })),
    );
    const output = scene.mustCall(addressOf(0xc0), concat(bob, puppet.echo(data)));
    expect([...output]).toEqual([0, 3, 3, 4, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });
});

describe('the stipend', () => {
  it('comes back from an account without code, and from a call that never began', () => {
    scene.world.credit(nobody, 1n);
    const free = used(puppet.batch(puppet.call(nobody)), 1n);
    const paid = used(puppet.batch(puppet.call(nobody, emptyBytes, { value: 1n })), 1n);
    expect(paid - free).toBe(BigInt(prices.callValue - prices.callStipend));
    const poor = used(puppet.batch(puppet.call(nobody, emptyBytes, { value: millions })));
    expect(poor - free).toBe(BigInt(prices.callValue - prices.callStipend));
  });

  it('pays for entering a contract, but no more than the value costs', () => {
    const wide = entryBytes([op('i32.const', 0)], {
      memories: [{ minimum: 32, maximum: undefined }],
    });
    const entry = prices.frame + 32 * prices.framePage;
    expect(entry).toBeGreaterThan(prices.callValue);
    scene.block = { ...scene.block, isGenesisCode: () => true };
    scene.mustDeploy(addressOf(0xd0), wide, emptyBytes, { gas: millions });
    const statusWith = (gas: number) => {
      scene.mustDeploy(addressOf(gas & 0xff), payerWith(BigInt(gas)));
      const input = concat(addressOf(0xd0));
      return scene.call(addressOf(gas & 0xff), input, { value: 1n, gas: millions }).status;
    };
    // The body of the callee takes less than one gas, and more than none.
    expect(statusWith(entry - prices.callValue + 1)).toBe('success');
    expect(statusWith(entry - prices.callValue)).toBe('reverted');
    expect(statusWith(0)).toBe('reverted');
  });
});

describe('creations', () => {
  it('are not begun below the deepest frame, nor with the last nonce', () => {
    const creation = puppet.create(encodeCreation(wasm));
    let input = creation;
    for (let depth = 1; depth < limits.callDepthMax; depth++) input = puppet.call(alice, input);
    const output = scene.mustCall(alice, input, { gas: 10n ** 12n });
    expect(output.subarray(limits.callDepthMax - 1)).toEqual(new Uint8Array(20));
    expect(scene.world.nonce(alice)).toBe(1n);
    // EIP-2681: a nonce stays below 2^64 - 1.
    scene.world.setNonce(alice, 2n ** 64n - 2n);
    expect(scene.mustCall(alice, creation, { gas: millions })).toEqual(new Uint8Array(20));
    expect(scene.world.nonce(alice)).toBe(2n ** 64n - 2n);
    scene.world.setNonce(alice, 2n ** 64n - 3n);
    expect(scene.mustCall(alice, creation, { gas: millions })).not.toEqual(new Uint8Array(20));
    expect(scene.world.nonce(alice)).toBe(2n ** 64n - 2n);
  });

  it('cost a word of creation data each, and hashing where the address depends on it', () => {
    const modules = [0, 4_000].map((length) =>
      encodeCreation(wasm, concat(puppet.echo(emptyBytes), new Uint8Array(length))),
    );
    const [short, long] = modules.map((data) => used(puppet.create(data)));
    const [short2, long2] = modules.map((data) => used(puppet.create2(data, new Uint8Array(32))));
    const words = BigInt(prices.createWord * 125);
    const plain = (long as bigint) - (short as bigint);
    const hashed = (long2 as bigint) - (short2 as bigint);
    expect(plain).toBeGreaterThan(words);
    const { keccakBlock } = gasTable(1).ink;
    const blocks = Math.floor(4_000 / 136);
    expect(Number(hashed - plain)).toBeGreaterThanOrEqual(Math.floor((blocks * keccakBlock) / 1e3));
  });

  it('leave the address warm when they fail (EIP-2929)', () => {
    const refusal = puppet.create(encodeCreation(wasm, puppet.revert()));
    const from = `0x${toHex(alice)}` as const;
    const created = fromHex(getContractAddress({ from, nonce: 1n }).slice(2).toLowerCase());
    const warm = used(puppet.batch(refusal, puppet.account(created)));
    scene.world.setNonce(alice, 1n);
    const cold = used(puppet.batch(refusal, puppet.account(nobody)));
    expect(cold - warm).toBe(BigInt(prices.accountCold - prices.accountWarm));
  });

  it('have paid for the first use of their code', () => {
    const other = entryBytes([op('i32.const', 0)]);
    scene.mustDeploy(addressOf(0xd0), other);
    expect(scene.world.touchCode(nobleCrypto.keccak256(other), 'run')).toBe(false);
  });

  it('refuse an address with a nonce and one with code', () => {
    const [withNonce, withCode] = [addressOf(0xd1), addressOf(0xd2)];
    scene.world.setNonce(withNonce, 1n);
    scene.world.setCode(withCode, wasm);
    for (const address of [withNonce, withCode]) {
      expect(scene.deploy(address, wasm)).toMatchObject({ status: 'failed', gasLeft: 0n });
    }
  });
});

describe('an engine that gives less memory than the rules allow', () => {
  it('is a fault of this node, not an answer of -1', () => {
    const RealModule = WebAssembly.Module;
    const spy = vi.spyOn(WebAssembly, 'Module').mockImplementation(function stingy(
      bytes: Uint8Array,
    ) {
      const module = decodeModule(bytes);
      const memories = module.memories.map(({ minimum }) => ({ minimum, maximum: minimum + 1 }));
      return new RealModule(encodeModule({ ...module, memories }));
    } as never);
    try {
      const own = new ContractScene(createVm({ crypto: nobleCrypto }));
      const code = [op('i32.const', 2), op('memory.grow'), op('drop'), op('i32.const', 0)];
      own.mustDeploy(alice, entryBytes(code));
      expect(() => own.call(alice, emptyBytes)).toThrow(LocalFault);
    } finally {
      spy.mockRestore();
    }
  });
});
