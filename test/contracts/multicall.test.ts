import {
  decodeFunctionResult,
  encodeFunctionData,
  type Hex,
  multicall3Abi,
  toFunctionSelector,
  zeroHash,
} from 'viem';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/primitives/bytes.ts';
import { ContractScene } from '../support/contract-scene.ts';
import { testBlock } from '../support/memory-world.ts';
import { account, moduleOf, readArtifact, targetOf } from './artifacts.ts';

const { address, abi } = targetOf('Multicall3');
const coin = account(0xc0);
const coinAbi = readArtifact('WrappedOak').abi;

function scene(): ContractScene {
  const world = new ContractScene();
  world.mustDeploy(fromHex(address), moduleOf('Multicall3'));
  world.mustDeploy(fromHex(coin), moduleOf('WrappedOak'));
  return world;
}

const coinData = (name: string, args: readonly unknown[] = []): Hex =>
  encodeFunctionData({ abi: coinAbi, functionName: name, args });

/** The decoded answer, or the reason of the revert. */
function ask(world: ContractScene, name: string, args: readonly unknown[], value = 0n): unknown {
  const input = fromHex(encodeFunctionData({ abi, functionName: name, args }));
  const { status, output } = world.send({ to: fromHex(address), input, value });
  const data: Hex = `0x${toHex(output)}`;
  if (status === 'success') return decodeFunctionResult({ abi, functionName: name, data });
  return output.length === 0
    ? status
    : Buffer.from(output).toString('latin1').slice(68).replace(/\0+$/, '');
}

const nameCall = { target: coin, callData: coinData('name') };
const badCall = { target: coin, callData: coinData('withdraw', [1n]) };
const nothing = account(0xe0a);

describe('Multicall3', () => {
  it('has every function of the contract at this address on other chains', () => {
    const functions = (list: typeof abi) =>
      list.filter((item) => item.type === 'function').map((item) => toFunctionSelector(item));
    const own = functions(abi);
    expect(own).toEqual(expect.arrayContaining(functions(multicall3Abi as typeof abi)));
    expect([...own].sort()).toEqual([
      '0x0f28c97d',
      '0x174dea71',
      '0x252dba42',
      '0x27e86d6e',
      '0x3408e470',
      '0x399542e9',
      '0x3e64a696',
      '0x42cbb15c',
      '0x4d2301cc',
      '0x72425d9d',
      '0x82ad56cb',
      '0x86d516e8',
      '0xa8b0574e',
      '0xbce38bd7',
      '0xc3077fa9',
      '0xee82ac5e',
    ]);
  });

  it('aggregate3 is read by viem, failures and all', () => {
    const world = scene();
    const calls = [
      { ...nameCall, allowFailure: true },
      { ...badCall, allowFailure: true },
      { target: nothing, allowFailure: false, callData: '0x1234' as Hex },
      { target: coin, allowFailure: false, callData: coinData('decimals') },
    ];
    const input = fromHex(
      encodeFunctionData({ abi: multicall3Abi, functionName: 'aggregate3', args: [calls] }),
    );
    const { status, output } = world.send({ to: fromHex(address), input, isStatic: true });
    expect(status).toBe('success');
    const results = decodeFunctionResult({
      abi: multicall3Abi,
      functionName: 'aggregate3',
      data: `0x${toHex(output)}`,
    });
    expect(results.map(({ success }) => success)).toEqual([true, false, true, true]);
    const read = (name: string, index: number) =>
      decodeFunctionResult({
        abi: coinAbi,
        functionName: name,
        data: results[index]?.returnData as Hex,
      });
    expect(read('name', 0)).toBe('Wrapped OAK');
    expect(read('decimals', 3)).toBe(18);
    expect(results[1]?.returnData.slice(0, 10)).toBe(
      toFunctionSelector('InsufficientBalance(uint256,uint256)'),
    );
    expect(results[2]?.returnData).toBe('0x');
  });

  it('aggregate3 stops at a failure that is not allowed', () => {
    const calls = [nameCall, { ...badCall, allowFailure: false }];
    const args = [calls.map((call) => ({ allowFailure: true, ...call }))];
    expect(ask(scene(), 'aggregate3', args)).toBe('Multicall3: call failed');
    expect(ask(scene(), 'aggregate3', [[]])).toEqual([]);
  });

  it('aggregate3Value hands out exactly what it got', () => {
    const world = scene();
    const deposit = (value: bigint) => ({
      target: coin,
      allowFailure: false,
      value,
      callData: coinData('deposit'),
    });
    const calls = [deposit(3n), deposit(0n), deposit(4n)];
    const done = ask(world, 'aggregate3Value', [calls], 7n) as { success: boolean }[];
    expect(done.map(({ success }) => success)).toEqual([true, true, true]);
    expect(world.world.balance(fromHex(coin))).toBe(7n);
    expect(ask(world, 'aggregate3Value', [calls], 8n)).toBe('Multicall3: value mismatch');
    expect(ask(world, 'aggregate3Value', [calls], 6n)).toBe('Multicall3: call failed');
    const allowed = [{ ...deposit(9n), allowFailure: true }];
    expect(ask(world, 'aggregate3Value', [allowed], 0n)).toBe('Multicall3: value mismatch');
    expect(world.world.balance(fromHex(coin))).toBe(7n);
  });

  it('keeps the older shapes', () => {
    const world = scene();
    const results = [
      { success: true, returnData: coinAnswer(world, 'name') },
      { success: true, returnData: coinAnswer(world, 'symbol') },
    ];
    const calls = [nameCall, { target: coin, callData: coinData('symbol') }];
    const data = results.map(({ returnData }) => returnData);
    expect(ask(world, 'aggregate', [calls])).toEqual([10_000n, data]);
    expect(ask(world, 'aggregate', [[]])).toEqual([10_000n, []]);
    expect(ask(world, 'tryAggregate', [true, calls])).toEqual(results);
    expect(ask(world, 'tryBlockAndAggregate', [false, calls])).toEqual([
      10_000n,
      zeroHash,
      results,
    ]);
    expect(ask(world, 'blockAndAggregate', [calls])).toEqual([10_000n, zeroHash, results]);
    const failing = [...calls, badCall];
    for (const [name, args] of [
      ['aggregate', [failing]],
      ['tryAggregate', [true, failing]],
      ['blockAndAggregate', [failing]],
    ] as const) {
      expect(ask(world, name, args)).toBe('Multicall3: call failed');
    }
    const tried = ask(world, 'tryAggregate', [false, failing]) as { success: boolean }[];
    expect(tried.map(({ success }) => success)).toEqual([true, true, false]);
  });

  it('knows the block and its ancestors', () => {
    const world = scene();
    const id = (height: bigint) => `0x${height.toString(16).padStart(64, '0')}`;
    expect(ask(world, 'getBlockHash', [9_999n])).toBe(id(9_999n));
    expect(ask(world, 'getBlockHash', [10_000n - 8_191n])).toBe(id(1_809n));
    expect(ask(world, 'getBlockHash', [10_000n - 8_192n])).toBe(zeroHash);
    expect(ask(world, 'getBlockHash', [10_000n])).toBe(zeroHash);
    expect(ask(world, 'getBlockHash', [2n ** 256n - 1n])).toBe(zeroHash);
    expect(ask(world, 'getLastBlockHash', [])).toBe(id(9_999n));
    expect(ask(world, 'getBlockNumber', [])).toBe(10_000n);
    expect(ask(world, 'getCurrentBlockCoinbase', [])).toMatch(/^0xbe/i);
    expect(ask(world, 'getCurrentBlockDifficulty', [])).toBe(0n);
    expect(ask(world, 'getCurrentBlockGasLimit', [])).toBe(BigInt(testBlock.gasLimit));
    expect(ask(world, 'getCurrentBlockTimestamp', [])).toBe(BigInt(testBlock.time));
    expect(ask(world, 'getBasefee', [])).toBe(testBlock.baseFeePerGas);
    expect(ask(world, 'getChainId', [])).toBe(1_337n);
    world.world.credit(fromHex(nothing), 5n);
    expect(ask(world, 'getEthBalance', [nothing])).toBe(5n);
  });

  it.each([
    ['a list beyond the data', 0, 2n ** 31n],
    ['more calls than the data holds', 1, 10n],
    ['a call beyond the data', 2, 2n ** 31n],
    ['a target of more than 160 bits', 3, 2n ** 160n],
    ['a truth value of 2', 4, 2n],
    ['call data beyond the data', 5, 2n ** 32n],
    ['call data that is too long', 6, 33n],
  ])('refuses %s', (_, position, word) => {
    const calls = [{ ...nameCall, allowFailure: true }];
    const data = encodeFunctionData({ abi, functionName: 'aggregate3', args: [calls] });
    // words: place of the list, its length, place of the call, target, flag, place, length, data
    const start = 10 + 64 * position;
    const input = fromHex(
      (data.slice(0, start) + word.toString(16).padStart(64, '0') + data.slice(start + 64)) as Hex,
    );
    const { status, output } = scene().send({ to: fromHex(address), input });
    expect([status, output.length]).toEqual(['reverted', 0]);
  });
});

function coinAnswer(world: ContractScene, name: string): Hex {
  return `0x${toHex(world.send({ to: fromHex(coin), input: fromHex(coinData(name)) }).output)}`;
}
