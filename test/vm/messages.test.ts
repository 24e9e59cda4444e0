/**
 * Calls and creations between contracts: who acts, what is undone, what it costs.
 */

import { getContractAddress, getCreate2Address } from 'viem';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  bigintFromBytes,
  bigintToBytes,
  concat,
  emptyBytes,
  toHex,
  utf8,
} from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { limits } from '../../src/primitives/limits.ts';
import { encodeCreation } from '../../src/vm/creation.ts';
import { addressOf, ContractScene, sender } from '../support/contract-scene.ts';
import { compilePuppet, puppet } from '../support/puppet.ts';

const alice = addressOf(0xa1);
const bob = addressOf(0xb0);
const carol = addressOf(0xca);
const word = (value: bigint): string => toHex(bigintToBytes(value, 32));

let wasm: Uint8Array;
let scene: ContractScene;

beforeAll(async () => {
  wasm = await compilePuppet();
});

function setScene(): void {
  scene = new ContractScene();
  for (const address of [alice, bob, carol]) scene.mustDeploy(address, wasm);
}

describe('calls', () => {
  it('return data and status', () => {
    setScene();
    const output = scene.mustCall(alice, puppet.call(bob, puppet.echo(utf8('hello'))));
    expect(output).toEqual(concat(Uint8Array.of(0), utf8('hello')));
    const refused = scene.mustCall(alice, puppet.call(bob, puppet.revert(utf8('no'))));
    expect(refused).toEqual(concat(Uint8Array.of(1), utf8('no')));
    const trapped = scene.mustCall(alice, puppet.call(bob, puppet.abort()));
    expect(trapped).toEqual(Uint8Array.of(1));
  });

  it('act in their own storage, delegate calls in that of the caller', () => {
    setScene();
    scene.mustCall(alice, puppet.call(bob, puppet.store(1n, 11n)));
    expect([scene.slot(alice, 1), scene.slot(bob, 1)]).toEqual([0, 11]);
    scene.mustCall(alice, puppet.delegateCall(bob, puppet.store(1n, 12n)));
    expect([scene.slot(alice, 1), scene.slot(bob, 1)]).toEqual([12, 11]);
  });

  it('tell the callee who calls, and keep sender and value in a delegate call', () => {
    setScene();
    const environment = puppet.environment();
    const facts = (output: Uint8Array) => ({
      address: toHex(output.subarray(13, 33)),
      sender: toHex(output.subarray(45, 65)),
      value: bigintFromBytes(output.subarray(65, 97)),
    });
    const called = scene.mustCall(alice, puppet.call(bob, environment, { value: 3n }), {
      value: 9n,
    });
    expect(facts(called)).toEqual({ address: toHex(bob), sender: toHex(alice), value: 3n });
    const delegated = scene.mustCall(alice, puppet.delegateCall(bob, environment), { value: 9n });
    expect(facts(delegated)).toEqual({ address: toHex(alice), sender: toHex(sender), value: 9n });
  });

  it('undo everything below a revert and keep what stands above it', () => {
    setScene();
    const inner = puppet.batch(
      puppet.store(2n, 22n),
      puppet.log(0, utf8('gone')),
      puppet.transientStore(1n, 5n),
      puppet.call(carol, puppet.store(3n, 33n), { value: 1n }),
      puppet.revert(),
    );
    scene.mustCall(
      alice,
      puppet.batch(
        puppet.store(1n, 11n),
        puppet.log(0, utf8('kept')),
        puppet.call(bob, inner, { value: 4n }),
      ),
      { value: 10n },
    );
    expect([scene.slot(alice, 1), scene.slot(bob, 2), scene.slot(carol, 3)]).toEqual([11, 0, 0]);
    expect(scene.world.logs.map((log) => log.data)).toEqual([utf8('kept')]);
    expect([alice, bob, carol].map((each) => scene.world.balance(each))).toEqual([10n, 0n, 0n]);
  });

  it('undo a reverted or failed transaction as a whole', () => {
    setScene();
    for (const end of [puppet.revert(utf8('why')), puppet.abort()]) {
      const outcome = scene.call(alice, puppet.batch(puppet.store(1n, 1n), end), { value: 5n });
      expect(outcome.status).toBe(end[0] === 8 ? 'reverted' : 'failed');
      expect(outcome.output).toEqual(end[0] === 8 ? utf8('why') : emptyBytes);
      expect(scene.slot(alice, 1)).toBe(0);
      expect(scene.world.balance(alice)).toBe(0n);
      expect(scene.world.logs).toEqual([]);
    }
  });

  it('keep the rest of the gas after a revert and none after a trap', () => {
    setScene();
    const reverted = scene.call(alice, puppet.revert());
    expect(reverted.gasLeft).toBeGreaterThan(9_900_000n);
    const failed = scene.call(alice, puppet.abort());
    expect(failed.gasLeft).toBe(0n);
  });

  it('can come back, and say so', () => {
    setScene();
    const flag = (output: Uint8Array): bigint => bigintFromBytes(output.subarray(-8));
    const environment = puppet.environment();
    expect(flag(scene.mustCall(alice, environment))).toBe(0n);
    const back = puppet.call(bob, puppet.call(alice, environment));
    expect(flag(scene.mustCall(alice, back))).toBe(1n);
    // A delegate frame is the same contract at work, not a second entry.
    expect(flag(scene.mustCall(alice, puppet.delegateCall(bob, environment)))).toBe(0n);
    // Frames that are closed do not count.
    const twice = puppet.batch(puppet.call(bob, environment), puppet.call(bob, environment));
    expect(flag(scene.mustCall(alice, twice))).toBe(0n);
  });

  it('see storage that a re-entered frame wrote', () => {
    setScene();
    const again = puppet.call(bob, puppet.call(alice, puppet.store(1n, 42n)));
    const output = scene.mustCall(
      alice,
      puppet.batch(puppet.store(1n, 1n), again, puppet.load(1n)),
    );
    expect(toHex(output.subarray(-32))).toBe(word(42n));
  });

  it('move value, fail without it, and give the stipend back', () => {
    setScene();
    const nobody = addressOf(0x77);
    scene.mustCall(alice, puppet.call(nobody, emptyBytes, { value: 6n }), { value: 6n });
    expect(scene.world.balance(nobody)).toBe(6n);
    const output = scene.mustCall(alice, puppet.call(nobody, emptyBytes, { value: 6n }));
    expect(output).toEqual(Uint8Array.of(1));
  });

  it('to nobody succeed with empty data', () => {
    setScene();
    expect(scene.mustCall(alice, puppet.call(addressOf(0x77)))).toEqual(Uint8Array.of(0));
  });

  it('with value and no gas enter a contract, which can read and log but not write', () => {
    setScene();
    const pay = (data: Uint8Array) =>
      scene.mustCall(alice, puppet.call(bob, data, { value: 1n, gas: 0n }), { value: 1n })[0];
    // The first use of its code in the transaction was paid by alice's own frame.
    expect(pay(puppet.echo(emptyBytes))).toBe(0);
    expect(pay(puppet.log(0, emptyBytes))).toBe(0);
    expect(pay(puppet.store(1n, 1n))).toBe(1);
  });
});

describe('static calls', () => {
  it('trap on each kind of write, at any depth below', () => {
    setScene();
    const writes: Record<string, Uint8Array> = {
      storage: puppet.store(1n, 1n),
      transient: puppet.transientStore(1n, 1n),
      log: puppet.log(0, emptyBytes),
      create: puppet.create(encodeCreation(wasm)),
      create2: puppet.create2(encodeCreation(wasm), new Uint8Array(32)),
      value: puppet.call(carol, emptyBytes, { value: 1n }),
    };
    for (const [name, write] of Object.entries(writes)) {
      const direct = scene.mustCall(alice, puppet.staticCall(bob, write), { gas: 20_000_000n });
      expect(direct[0], name).toBe(1);
      const deeper = puppet.batch(puppet.call(carol, puppet.batch(write)));
      const output = scene.mustCall(alice, puppet.staticCall(bob, deeper), { gas: 20_000_000n });
      expect([...output.subarray(0, 2)], name).toEqual([0, 1]);
    }
  });

  it('may read, and a static context can come from outside', () => {
    setScene();
    const reads = puppet.batch(puppet.load(1n), puppet.transientLoad(1n), puppet.account(alice));
    expect(scene.mustCall(alice, puppet.staticCall(bob, reads))[0]).toBe(0);
    expect(scene.call(alice, puppet.store(1n, 1n), { isStatic: true }).status).toBe('failed');
    expect(scene.call(alice, puppet.load(1n), { isStatic: true }).status).toBe('success');
  });
});

describe('gas between frames', () => {
  it('keeps a 64th from a callee that wants everything (EIP-150)', () => {
    setScene();
    const outcome = scene.call(alice, puppet.call(bob, puppet.loop()), { gas: 6_400_000n });
    expect(outcome.status).toBe('success');
    expect(outcome.output).toEqual(Uint8Array.of(1));
    // 6.4 M less entry and account access; the callee burnt 63/64 of what was left.
    expect(outcome.gasLeft).toBeLessThan(100_000n);
    expect(outcome.gasLeft).toBeGreaterThan(97_000n);
  });

  it('forwards what was asked for, and gives the rest back', () => {
    setScene();
    const asked = puppet.call(bob, puppet.gasLeft(), { gas: 50_000n });
    const output = scene.mustCall(alice, asked);
    const seen = bigintFromBytes(output.subarray(1));
    expect(seen).toBeLessThan(50_000n);
    expect(seen).toBeGreaterThan(43_000n);
    const burnt = scene.call(alice, puppet.call(bob, puppet.loop(), { gas: 50_000n }));
    const kept = scene.call(alice, puppet.call(bob, puppet.echo(emptyBytes), { gas: 50_000n }));
    expect(kept.gasLeft - burnt.gasLeft).toBeGreaterThan(43_000n);
    expect(kept.gasLeft - burnt.gasLeft).toBeLessThan(50_000n);
  });

  it('refuses the frame after the deepest one', () => {
    setScene();
    // Each level adds 60 bytes of header; the innermost answers its remaining gas.
    let input = puppet.gasLeft();
    for (let depth = 1; depth < limits.callDepthMax; depth++) input = puppet.call(alice, input);
    const deepest = scene.mustCall(alice, input, { gas: 10n ** 12n });
    expect(deepest.length).toBe(limits.callDepthMax - 1 + 8);
    expect([...deepest.subarray(0, limits.callDepthMax - 1)].every((byte) => byte === 0)).toBe(
      true,
    );
    const tooDeep = scene.mustCall(alice, puppet.call(alice, input), { gas: 10n ** 12n });
    expect(tooDeep[limits.callDepthMax - 1]).toBe(1);
    expect(tooDeep.length).toBe(limits.callDepthMax);
  });
});

describe('creations', () => {
  const hex = (bytes: Uint8Array): `0x${string}` => `0x${toHex(bytes)}`;
  const rich = { gas: 30_000_000n };

  it('put contracts where Ethereum would', () => {
    setScene();
    const data = encodeCreation(wasm);
    const nonce = scene.world.nonce(alice);
    expect(nonce).toBe(1n);
    const first = scene.mustCall(alice, puppet.create(data), rich);
    const expected = getContractAddress({ from: hex(alice), nonce });
    expect(hex(first)).toBe(expected.toLowerCase());
    expect(scene.world.nonce(alice)).toBe(2n);
    const salt = new Uint8Array(32).fill(7);
    const second = scene.mustCall(alice, puppet.create2(data, salt), rich);
    const expected2 = getCreate2Address({ from: hex(alice), salt: hex(salt), bytecode: hex(data) });
    expect(hex(second)).toBe(expected2.toLowerCase());
    for (const address of [first, second]) {
      expect(scene.world.code(address)).toEqual(wasm);
      expect(scene.world.nonce(address)).toBe(1n);
      expect(scene.mustCall(address, puppet.echo(utf8('alive')))).toEqual(utf8('alive'));
    }
  });

  it('run the constructor with value, sender and arguments', () => {
    setScene();
    const data = encodeCreation(wasm, puppet.store(9n, 99n));
    const address = scene.mustCall(alice, puppet.create(data, 5n), { ...rich, value: 5n });
    expect(scene.slot(address, 9)).toBe(99);
    expect(scene.world.balance(address)).toBe(5n);
  });

  it('give the zero address, the data and no state when the constructor reverts', () => {
    setScene();
    const refusal = puppet.batch(puppet.store(1n, 1n), puppet.revert(utf8('refused')));
    const output = scene.mustCall(alice, puppet.create(encodeCreation(wasm, refusal)), rich);
    expect(output).toEqual(concat(new Uint8Array(20), utf8('refused')));
    expect(scene.world.nonce(alice)).toBe(2n);
    const address = getContractAddress({ from: hex(alice), nonce: 1n });
    expect(scene.world.exists(new Uint8Array(Buffer.from(address.slice(2), 'hex')))).toBe(false);
  });

  it('refuse an address in use and use up the gas of the creation', () => {
    setScene();
    const command = puppet.create2(encodeCreation(wasm), new Uint8Array(32));
    scene.mustCall(alice, command, rich);
    const outcome = scene.call(alice, command, rich);
    expect(outcome.output).toEqual(new Uint8Array(20));
    expect(outcome.gasLeft).toBeLessThan(rich.gas / 64n);
    const direct = scene.deploy(alice, wasm);
    expect(direct).toMatchObject({ status: 'failed', hint: 'the address is already in use' });
  });

  it('accept an address that already has money', () => {
    setScene();
    scene.world.credit(addressOf(0x99), 3n);
    scene.mustDeploy(addressOf(0x99), wasm, emptyBytes, { value: 2n });
    expect(scene.world.balance(addressOf(0x99))).toBe(5n);
  });

  it('fail without a frame when the balance is too low, and leave the nonce', () => {
    setScene();
    const output = scene.mustCall(alice, puppet.create(encodeCreation(wasm), 1n), rich);
    expect(output).toEqual(new Uint8Array(20));
    expect(scene.world.nonce(alice)).toBe(1n);
  });

  it('cost 64 gas a byte of module and the frame, to the last unit', () => {
    setScene();
    const { gasLeft } = scene.deploy(addressOf(0x99), wasm, emptyBytes, rich);
    const used = rich.gas - gasLeft;
    expect(used).toBeGreaterThan(64n * BigInt(wasm.length));
    expect(used).toBeLessThan(64n * BigInt(wasm.length) + 8_000n);
    const exact = scene.deploy(addressOf(0x98), wasm, emptyBytes, { gas: used });
    expect(exact).toMatchObject({ status: 'success', gasLeft: 0n });
    const short = scene.deploy(addressOf(0x97), wasm, emptyBytes, { gas: used - 1n });
    expect(short).toMatchObject({ status: 'failed', gasLeft: 0n });
    expect(scene.world.exists(addressOf(0x97))).toBe(false);
  });

  it('refuse what is no module, with the reason', () => {
    setScene();
    const cases: readonly (readonly [Uint8Array, string])[] = [
      [Uint8Array.of(0x60, 0x80, 0x60, 0x40, 0x52), 'this is EVM bytecode'],
      [wasm, 'bare WebAssembly module'],
      [encodeCreation(wasm).subarray(0, -1), 'announces'],
      [encodeCreation(wasm.subarray(0, -1)), 'malformed'],
    ];
    for (const [input, reason] of cases) {
      const outcome = scene.send({ to: undefined, created: addressOf(0x99), input });
      expect(outcome).toMatchObject({ status: 'failed', gasLeft: 0n });
      expect(outcome.hint).toContain(reason);
    }
  });

  it('see their own code while they construct', () => {
    setScene();
    const ask = puppet.account(addressOf(0x99));
    const revertWith = puppet.batch(ask, puppet.store(1n, 1n));
    scene.mustDeploy(addressOf(0x99), wasm, revertWith);
    const output = scene.mustCall(alice, ask);
    expect(toHex(output.subarray(32, 64))).toBe(toHex(nobleCrypto.keccak256(wasm)));
    expect(bigintFromBytes(output.subarray(64, 72))).toBe(BigInt(wasm.length));
    expect(output.subarray(72)).toEqual(wasm.subarray(0, 8));
  });
});
