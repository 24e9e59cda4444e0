/**
 * A contract of the kit against its twin in Solidity, on @ethereumjs/evm: the same calldata, sound or
 * damaged, gives the same results, reverts, logs and storage.
 */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { type AbiFunction, encodeFunctionData } from 'viem';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildContract } from '../../src/node/contract/project.ts';
import { concat, fromHex, type Hex, toHex } from '../../src/primitives/bytes.ts';
import { addressOf, ContractScene, sender } from '../support/contract-scene.ts';
import { type Answer, compileSolidity, SolidityContract } from '../support/solidity.ts';

const folder = fileURLToPath(new URL('../../native/contracts/twin/', import.meta.url));
const address = addressOf(0xc0);

let functions: readonly AbiFunction[];
let scene: ContractScene;
let twin: SolidityContract;
/** Slots that ours ever wrote. */
const written = new Set<Hex>();

beforeAll(async () => {
  const artifact = await buildContract(folder);
  functions = artifact.abi.filter((item) => item.type === 'function');
  scene = new ContractScene();
  const input = fromHex(artifact.bytecode);
  const outcome = scene.send({ to: undefined, created: address, input });
  if (outcome.status !== 'success') throw new Error(outcome.hint);
  const { world } = scene;
  const set = world.setStorage.bind(world);
  world.setStorage = (account, slot, value) => {
    written.add(toHex(slot));
    set(account, slot, value);
  };
  const code = compileSolidity(readFileSync(`${folder}Twin.sol`, 'utf8'), 'Twin', false);
  twin = await SolidityContract.deploy(code, sender, address);
});

function ask(data: Uint8Array): Answer {
  const { status, output } = scene.call(address, data, { gas: 10n ** 9n });
  // A trap would take all gas, where Solidity reverts.
  expect(status).not.toBe('failed');
  const isSuccess = status === 'success';
  const logs = isSuccess ? scene.world.logs : [];
  return {
    isSuccess,
    output: toHex(output),
    logs: logs.map((log) => ({ topics: log.topics.map(toHex), data: toHex(log.data) })),
  };
}

/** Solidity's Panic(0x41): a length beyond all memory, where ours reverts as for any that is wrong. */
const panicMemory = `4e487b71${'41'.padStart(64, '0')}`;

async function expectSame(data: Uint8Array): Promise<Answer> {
  const [own, other] = [ask(data), await twin.call(data)];
  const expected = other.output === panicMemory ? { ...other, output: '' } : other;
  expect(own, `calldata ${toHex(data)}`).toEqual(expected);
  return own;
}

function encode(name: string, args: readonly unknown[]): Uint8Array {
  return fromHex(encodeFunctionData({ abi: functions, functionName: name, args }));
}

const bytesText = fc.uint8Array({ maxLength: 70 }).map((bytes) => `0x${toHex(bytes)}`);
const uint = (bits: number) => fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n });
const account = fc.uint8Array({ minLength: 20, maxLength: 20 }).map((bytes) => `0x${toHex(bytes)}`);
const values: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  bool: fc.boolean(),
  uint8: uint(8).map(Number),
  uint16: uint(16).map(Number),
  uint32: fc.nat(3),
  uint64: uint(64),
  uint256: uint(256),
  int256: uint(256).map((value) => value - 2n ** 255n),
  bytes32: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => `0x${toHex(bytes)}`),
  address: account,
  string: fc.string({ unit: 'grapheme', maxLength: 40 }),
  bytes: bytesText,
};

function arbitraryOf(type: string): fc.Arbitrary<unknown> {
  const item = type.endsWith('[]') ? values[type.slice(0, -2)] : undefined;
  return item === undefined
    ? (values[type] as fc.Arbitrary<unknown>)
    : fc.array(item, { maxLength: 4 });
}

/** One function with sound arguments, as calldata. */
const sound = (): fc.Arbitrary<Uint8Array> =>
  fc
    .constantFrom(...functions)
    .chain(({ name, inputs }) =>
      fc.tuple(...inputs.map(({ type }) => arbitraryOf(type))).map((args) => encode(name, args)),
    );

const edges = [0n, 1n, 2n, 31n, 32n, 33n, 64n, 2n ** 8n, 2n ** 16n, 2n ** 32n - 32n, 2n ** 32n];
const powers = [2n ** 63n, 2n ** 64n - 1n, 2n ** 64n, 2n ** 160n, 2n ** 255n, 2n ** 256n - 1n];
const edge = fc.constantFrom(...edges, ...powers, 2n ** 251n, 2n ** 59n, 2n ** 256n - 32n);

interface Wound {
  readonly kind: 'word' | 'byte' | 'cut' | 'more';
  readonly at: number;
  readonly word: bigint;
}

const wound: fc.Arbitrary<Wound> = fc.record({
  kind: fc.constantFrom('word', 'word', 'word', 'byte', 'cut', 'more'),
  at: fc.nat(),
  word: edge,
});

/** The calldata with a word replaced, a byte changed, its end missing or longer. */
function damaged(data: Uint8Array, { kind, at, word }: Wound): Uint8Array {
  const wordCount = Math.floor((data.length - 4) / 32);
  if (kind === 'cut') return data.subarray(0, 4 + (at % (data.length - 3)));
  if (kind === 'more') return concat(data, new Uint8Array(at % 40).fill(0xff));
  const copy = data.slice();
  if (kind === 'byte') copy[at % copy.length] = Number(word & 0xffn);
  else if (wordCount > 0) {
    copy.set(fromHex(word.toString(16).padStart(64, '0')), 4 + 32 * (at % wordCount));
  }
  return copy;
}

describe('a contract of the kit and its twin in Solidity', () => {
  it('answer sound calldata alike', async () => {
    for (const { name, inputs } of functions) {
      const args = fc.tuple(...inputs.map(({ type }) => arbitraryOf(type)));
      for (const each of fc.sample(args, { numRuns: 4, seed: 5 })) {
        await expectSame(encode(name, each));
      }
    }
  });

  it('answer damaged calldata alike', async () => {
    const all = fc.tuple(sound(), fc.array(wound, { minLength: 1, maxLength: 2 }));
    let refused = 0;
    for (const [data, wounds] of fc.sample(all, { numRuns: 700, seed: 7 })) {
      const { isSuccess } = await expectSame(wounds.reduce(damaged, data));
      if (!isSuccess) refused += 1;
    }
    // Neither all of them are refused, nor few.
    expect(refused).toBeGreaterThan(150);
    expect(refused).toBeLessThan(650);
  });

  it('read the results of others alike', async () => {
    // Behind an offset and a length: two offsets and an address, then whatever they point to.
    const often = <T>(arbitrary: fc.Arbitrary<T>) => ({ arbitrary, weight: 9 });
    const inside = fc.integer({ min: 5, max: 9 }).map((index) => BigInt(32 * index));
    const offset = fc.oneof(often(inside), edge);
    const word = fc.oneof(often(fc.bigInt(0n, 2n)), edge);
    const words = fc
      .tuple(fc.tuple(offset, offset, uint(160)), fc.array(word, { minLength: 5, maxLength: 9 }))
      .map((parts) => parts.flat());
    let refused = 0;
    for (const each of fc.sample(words, { numRuns: 200, seed: 11 })) {
      const { isSuccess } = await expectSame(encode('askDisguised', [each]));
      if (!isSuccess) refused += 1;
    }
    expect(refused).toBeGreaterThan(40);
    expect(refused).toBeLessThan(160);
  });

  it('leave the same words in the same slots', async () => {
    const slots = new Set([...written, ...twin.written]);
    expect(slots.size).toBeGreaterThan(100);
    for (const slot of slots) {
      expect(`${slot} ${toHex(scene.world.storage(address, fromHex(slot)))}`).toBe(
        `${slot} ${await twin.slot(slot)}`,
      );
    }
  });
});
