/**
 * What the host functions answer and what the state costs: EIP-2200 and EIP-2929 without refunds,
 * EIP-1153, logs, 256-bit arithmetic, and the facts of call, transaction and block.
 */

import fc from 'fast-check';
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
import { blockIdsAddress } from '../../src/vm/block-ids.ts';
import { addressOf, ContractScene, sender } from '../support/contract-scene.ts';
import { testBlock } from '../support/memory-world.ts';
import { compilePuppet, puppet } from '../support/puppet.ts';

const alice = addressOf(0xa1);
const gas = 10_000_000n;
let wasm: Uint8Array;
let scene: ContractScene;

beforeAll(async () => {
  wasm = await compilePuppet();
});

function setScene(): void {
  scene = new ContractScene();
  scene.mustDeploy(alice, wasm);
}

function used(...commands: Uint8Array[]): bigint {
  return gas - scene.call(alice, puppet.batch(...commands), { gas }).gasLeft;
}

/** Gas of the last command beyond that of a twin which does the same work with other prices. */
function difference(commands: Uint8Array[], twin: Uint8Array[]): number {
  const first = used(...commands);
  scene.world.revertTo(0);
  const second = used(...twin);
  scene.world.revertTo(0);
  return Number(first - second);
}

/** Two runs floor ink separately. */
function expectGas(actual: number, expected: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1);
}

describe('storage', () => {
  it('costs 2,100 cold and 100 warm to read', () => {
    setScene();
    expectGas(
      difference([puppet.load(1n), puppet.load(2n)], [puppet.load(1n), puppet.load(1n)]),
      2_000,
    );
  });

  it('costs what EIP-2200 and EIP-2929 say to write, without refunds', () => {
    setScene();
    scene.mustCall(alice, puppet.store(7n, 70n));
    // [value before the transaction, writes of it, gas of the last write after a warm read]
    const cases: readonly (readonly [bigint, readonly bigint[], number])[] = [
      [0n, [0n], 100],
      [0n, [1n], 20_000],
      [0n, [1n, 0n], 100],
      [0n, [1n, 2n], 100],
      [70n, [70n], 100],
      [70n, [71n], 2_900],
      [70n, [0n], 2_900],
      [70n, [71n, 70n], 100],
      [70n, [0n, 71n], 100],
    ];
    for (const [original, writes, price] of cases) {
      const key = original === 0n ? 8n : 7n;
      const before = [
        puppet.load(key),
        ...writes.slice(0, -1).map((value) => puppet.store(key, value)),
      ];
      const last = puppet.store(key, writes.at(-1) as bigint);
      // The twin reads a slot of another number warm and cold: both hooks cost the same ink.
      const actual = difference([...before, last], [...before, puppet.transientStore(key, 1n)]);
      expectGas(actual, price - 100);
    }
  });

  it('adds the cold price to a write that comes first', () => {
    setScene();
    expectGas(difference([puppet.store(1n, 1n)], [puppet.transientStore(1n, 1n)]), 22_000);
  });

  it('is not written with 2,300 gas or less left', () => {
    setScene();
    const write = puppet.batch(puppet.load(1n), puppet.store(1n, 0n));
    const need = used(puppet.load(1n), puppet.store(1n, 0n));
    // Enough for the work, but not for the sentry.
    expect(scene.call(alice, write, { gas: need + 2_000n }).status).toBe('failed');
    expect(scene.call(alice, write, { gas: need + 2_400n }).status).toBe('success');
  });

  it('is kept in transient form for one transaction, and undone by a revert', () => {
    setScene();
    const output = scene.mustCall(
      alice,
      puppet.batch(
        puppet.transientStore(1n, 5n),
        puppet.call(alice, puppet.batch(puppet.transientStore(1n, 6n), puppet.revert())),
        puppet.transientLoad(1n),
      ),
    );
    expect(bigintFromBytes(output.subarray(-32))).toBe(5n);
    expect(bigintFromBytes(scene.mustCall(alice, puppet.transientLoad(1n)))).toBe(0n);
  });
});

describe('accounts', () => {
  it('cost 2,600 cold and 100 warm; sender, miner, precompiles are warm from the start', () => {
    setScene();
    const cold = puppet.call(addressOf(0x11));
    expectGas(difference([cold, puppet.call(addressOf(0x12))], [cold, cold]), 2_500);
    for (const warm of [sender, testBlock.beneficiary]) {
      expectGas(difference([cold], [puppet.call(warm)]), 2_500);
    }
    // The identity of nothing costs 15 itself.
    expectGas(difference([cold], [puppet.call(bigintToBytes(4n, 20))]), 2_500 - 15);
    const blockId = (to: Uint8Array) => puppet.staticCall(to, bigintToBytes(9_999n, 32));
    // The block id itself costs a cold slot.
    expectGas(difference([blockId(addressOf(0x11))], [blockId(blockIdsAddress)]), 2_500 - 2_100);
  });

  it('cost 9,000 to pay and 25,000 more to bring to life', () => {
    setScene();
    scene.world.credit(alice, 10n);
    scene.world.credit(addressOf(0x22), 1n);
    scene.world.beginTransaction();
    const pay = (to: Uint8Array, value: bigint) => puppet.call(to, emptyBytes, { value });
    // The stipend of 2,300 comes back unused.
    const known = difference([pay(addressOf(0x22), 1n)], [pay(addressOf(0x22), 0n)]);
    expectGas(known, 9_000 - 2_300);
    const unknown = difference([pay(addressOf(0x23), 1n)], [pay(addressOf(0x23), 0n)]);
    expectGas(unknown, 9_000 - 2_300 + 25_000);
  });

  it('tell balance, code, size and hash', () => {
    setScene();
    scene.world.credit(addressOf(0x22), 77n);
    const known = scene.mustCall(alice, puppet.account(addressOf(0x22)));
    expect(bigintFromBytes(known.subarray(0, 32))).toBe(77n);
    expect(known.subarray(32, 64)).toEqual(nobleCrypto.keccak256(emptyBytes));
    expect(known.length).toBe(72);
    const absent = scene.mustCall(alice, puppet.account(addressOf(0x23)));
    expect(absent).toEqual(new Uint8Array(72));
    expect(scene.mustCall(alice, puppet.account(alice)).subarray(72)).toEqual(wasm.subarray(0, 8));
  });
});

describe('logs', () => {
  it('carry address, topics and data', () => {
    setScene();
    const topics = [1n, 2n, 3n, 4n].map((value) => bigintToBytes(value, 32));
    scene.mustCall(alice, puppet.log(4, concat(...topics, utf8('data'))));
    expect(scene.world.logs).toEqual([{ address: alice, topics, data: utf8('data') }]);
  });

  it('cost 375, 375 a topic and 8 a byte', () => {
    setScene();
    const log = (topics: number, size: number) => puppet.log(topics, new Uint8Array(size));
    expectGas(difference([log(1, 64)], [log(0, 64)]), 375 - 8 * 32);
    // Beyond the price of the state, each byte is copied: in and out of the call, and to the log.
    const more = difference([log(0, 1_032)], [log(0, 32)]);
    expect(more).toBeGreaterThan(8_000);
    expect(more).toBeLessThan(8_100);
  });

  it('trap on a fifth topic and on topics that are not there', () => {
    setScene();
    expect(scene.call(alice, puppet.log(5, new Uint8Array(160))).status).toBe('failed');
    expect(scene.call(alice, puppet.log(1, new Uint8Array(31))).status).toBe('failed');
  });
});

describe('environment', () => {
  it('is that of call, transaction and block', () => {
    setScene();
    const output = scene.mustCall(alice, puppet.environment(), { value: 5n });
    const words = Array.from({ length: 13 }, (_, index) =>
      bigintFromBytes(output.subarray(32 * index, 32 * index + 32)),
    );
    expect(words).toEqual([
      bigintFromBytes(alice),
      bigintFromBytes(sender),
      5n,
      bigintFromBytes(sender),
      7n,
      testBlock.baseFeePerGas,
      bigintFromBytes(testBlock.beneficiary),
      10_000n,
      1_800_000_000n,
      30_000_000n,
      1_337n,
      1_000n,
      0n,
    ]);
  });

  it('leaves early with status and result', () => {
    setScene();
    expect(scene.call(alice, puppet.exit(0, utf8('fine')))).toMatchObject({
      status: 'success',
      output: utf8('fine'),
    });
    expect(scene.call(alice, puppet.exit(9, utf8('bad')))).toMatchObject({
      status: 'reverted',
      output: utf8('bad'),
    });
  });
});

describe('256-bit arithmetic', () => {
  const modulus = 1n << 256n;
  const word = fc.oneof(
    fc.bigInt({ min: 0n, max: modulus - 1n }),
    fc.bigInt({ min: 0n, max: 5n }),
    fc.constant(modulus - 1n),
  );

  function power(base: bigint, exponent: bigint): bigint {
    let result = 1n;
    for (let bit = 255n; bit >= 0n; bit--) {
      result = (result * result) % modulus;
      if ((exponent >> bit) & 1n) result = (result * base) % modulus;
    }
    return result;
  }

  it('agrees with BigInt, gives 0 for division by 0, and wraps powers', () => {
    setScene();
    const ask = (...parameters: Parameters<typeof puppet.math>): bigint =>
      bigintFromBytes(scene.mustCall(alice, puppet.math(...parameters)));
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        expect(ask('div', a, b)).toBe(b === 0n ? 0n : a / b);
        expect(ask('mod', a, b)).toBe(b === 0n ? 0n : a % b);
        expect(ask('pow', a, b)).toBe(power(a, b));
        expect(ask('addMod', a, b, c)).toBe(c === 0n ? 0n : (a + b) % c);
        expect(ask('mulMod', a, b, c)).toBe(c === 0n ? 0n : (a * b) % c);
      }),
      { numRuns: 50 },
    );
  });

  it('hashes', () => {
    setScene();
    const output = scene.mustCall(alice, puppet.math('keccak', 1n, 2n));
    const image = concat(bigintToBytes(1n, 32), bigintToBytes(2n, 32));
    expect(toHex(output)).toBe(toHex(nobleCrypto.keccak256(image)));
  });
});

describe('block ids (EIP-2935)', () => {
  const ask = (number: bigint) => puppet.staticCall(blockIdsAddress, bigintToBytes(number, 32));

  it('answer for the last 8,191 blocks and revert elsewhere', () => {
    setScene();
    // The rule is the machine's: it does not ask for others.
    scene.block = { ...scene.block, blockId: (height) => bigintToBytes(BigInt(height), 32) };
    for (const [number, status] of [
      [9_999n, 0],
      [10_000n - 8_191n, 0],
      [10_000n, 1],
      [10_000n - 8_192n, 1],
      [2n ** 255n, 1],
    ] as const) {
      const output = scene.mustCall(alice, ask(number));
      expect(output[0]).toBe(status);
      expect(bigintFromBytes(output.subarray(1))).toBe(status === 0 ? number : 0n);
    }
    for (const length of [0, 2, 31, 33, 64]) {
      const input = new Uint8Array(length);
      input.set([0x27, 0x0f].slice(0, length), Math.max(0, Math.min(length, 32) - 2));
      const output = scene.mustCall(alice, puppet.staticCall(blockIdsAddress, input));
      expect(output).toEqual(Uint8Array.of(1));
    }
  });

  it('cost one slot, cold or warm', () => {
    setScene();
    for (const other of [9_998n, 9_999n - 256n, 9_999n - 8_190n]) {
      expectGas(difference([ask(9_999n), ask(other)], [ask(9_999n), ask(9_999n)]), 2_000);
    }
  });

  it('have no code', () => {
    setScene();
    const output = scene.mustCall(alice, puppet.account(blockIdsAddress));
    expect(bigintFromBytes(output.subarray(64, 72))).toBe(0n);
  });
});
