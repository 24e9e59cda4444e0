/**
 * The three machines that run the workloads of native/contracts/workloads: ours, metered, on a journal
 * of the ledger; revm inside anvil, by `eth_call`; and @ethereumjs/evm. Each starts a call from the
 * same state and keeps nothing of it.
 */

import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import { createEVM } from '@ethereumjs/evm';
import { Account, createAddressFromString } from '@ethereumjs/util';
import { encodeFunctionData, parseAbi } from 'viem';
import { Journal } from '../../src/ledger/journal.ts';
import { equalBytes, fromHex, type Hex, toHex } from '../../src/primitives/bytes.ts';
import type { Crypto } from '../../src/primitives/crypto.ts';
import { keys, type StoreReader } from '../../src/primitives/store.ts';
import { createVm } from '../../src/vm/vm.ts';
import { testBlock } from '../../test/support/memory-world.ts';
import { type Anvil, post } from './anvil.ts';

export interface Run {
  /** The returned word, as hex without prefix. */
  readonly digest: Hex;
  readonly elapsedMs: number;
  readonly gas: number;
}

export interface VmRival {
  readonly name: string;
  run(input: Uint8Array): Promise<Run>;
}

/** Anvil's first development account, so that all three see the same sender. */
const sender = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266';
const contract = '0xc0dec0dec0dec0dec0dec0dec0dec0dec0dec0de';
const gasMax = 10n ** 12n;

const abi = parseAbi(['function mint(uint256 amount)']);
const mint = fromHex(encodeFunctionData({ abi, args: [1_000_000_000n] }));

/**
 * State in memory, where the rivals have theirs. Keys are a letter and a hash, of which six bytes tell
 * the few entries apart: a map of text would take longer than all else that a slot's first read does.
 */
class HashedStore implements StoreReader {
  readonly #entries = new Map<number, readonly [key: Uint8Array, value: Uint8Array]>();

  #place(key: Uint8Array): number {
    let place = 0;
    for (let index = 1; index < 7; index++) place = 256 * place + (key[index] as number);
    return place;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const entry = this.#entries.get(this.#place(key));
    return entry !== undefined && equalBytes(entry[0], key) ? entry[1] : undefined;
  }

  set(key: Uint8Array, value: Uint8Array): void {
    const place = this.#place(key);
    if (this.#entries.has(place)) throw new Error(`two keys begin like ${toHex(key)}`);
    this.#entries.set(place, [key, value]);
  }
}

/** Ours, in this thread. `creation` is creation data. */
export function ownMachine(creation: Uint8Array, crypto: Crypto): VmRival {
  const vm = createVm({ crypto });
  const store = new HashedStore();
  const address = fromHex(contract);
  const message = { sender: fromHex(sender), value: 0n, gas: gasMax };
  const run = (journal: Journal, input: Uint8Array, to: Uint8Array | undefined) => {
    journal.beginTransaction();
    const created = to === undefined ? { created: address } : {};
    const context = { origin: message.sender, gasPrice: 1n };
    const outcome = vm.run(journal, testBlock, context, { ...message, to, input, ...created });
    if (outcome.status !== 'success') throw new Error(`ours: ${outcome.hint}`);
    return outcome;
  };
  const setUp = new Journal(store, crypto);
  run(setUp, creation, undefined);
  run(setUp, mint, address);
  const { after, codes } = setUp.changes();
  for (const [path, value] of after) if (value) store.set(keys.state(fromHex(path)), value);
  for (const [hash, value] of codes) store.set(keys.code(fromHex(hash)), value);
  return {
    name: 'ours',
    async run(input) {
      const startMs = performance.now();
      const { output, gasLeft } = run(new Journal(store, crypto), input, address);
      const elapsedMs = performance.now() - startMs;
      return { digest: toHex(output), elapsedMs, gas: Number(gasMax - gasLeft) };
    },
  };
}

async function ask<Result>(url: string, method: string, params: readonly unknown[]) {
  const [answer] = await post(url, JSON.stringify([{ jsonrpc: '2.0', id: 1, method, params }]));
  if (answer?.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
  return answer?.result as Result;
}

const quantity = (value: bigint): string => `0x${value.toString(16)}`;

/** Options of an anvil whose calls may use all the gas that a workload needs. */
export const anvilFlags: readonly string[] = [
  ...['--hardfork', 'cancun', '--gas-limit', String(gasMax)],
  '--no-mining',
];

/** revm. The time of an empty call, which is that of HTTP and JSON, is taken off each run. */
export async function revmMachine({ url }: Anvil, code: Uint8Array): Promise<VmRival> {
  await ask(url, 'anvil_setCode', [contract, `0x${toHex(code)}`]);
  const transaction = { from: sender, to: contract, gas: '0x7a120', data: `0x${toHex(mint)}` };
  await ask(url, 'eth_sendTransaction', [transaction]);
  await ask(url, 'anvil_mine', ['0x1']);
  const call = async (data: string) => {
    const request = { from: sender, to: contract, gas: quantity(gasMax), gasPrice: '0x0', data };
    const startMs = performance.now();
    const result = await ask<string>(url, 'eth_call', [request, 'latest']);
    return { result, elapsedMs: performance.now() - startMs };
  };
  const empty = `0x${toHex(encodeRounds('generate', 0))}`;
  let floorMs = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < 50; turn++) {
    floorMs = Math.min(floorMs, (await call(empty)).elapsedMs);
  }
  return {
    name: 'revm',
    async run(input) {
      const { result, elapsedMs } = await call(`0x${toHex(input)}`);
      return { digest: result.slice(2), elapsedMs: Math.max(elapsedMs - floorMs, 0.001), gas: 0 };
    },
  };
}

/** @ethereumjs/evm, in this thread. */
export async function javascriptMachine(code: Uint8Array): Promise<VmRival> {
  const common = new Common({ chain: Mainnet, hardfork: Hardfork.Cancun });
  const evm = await createEVM({ common });
  const [caller, to] = [createAddressFromString(sender), createAddressFromString(contract)];
  await evm.stateManager.putAccount(to, new Account());
  await evm.stateManager.putCode(to, code);
  const call = async (data: Uint8Array) => {
    const { execResult } = await evm.runCall({ caller, to, data, gasLimit: gasMax });
    const { exceptionError, returnValue, executionGasUsed } = execResult;
    if (exceptionError !== undefined) throw new Error(`@ethereumjs/evm: ${exceptionError.error}`);
    return { digest: toHex(returnValue), gas: Number(executionGasUsed) };
  };
  await call(mint);
  return {
    name: '@ethereumjs/evm',
    async run(input) {
      await evm.stateManager.checkpoint();
      const startMs = performance.now();
      const result = await call(input);
      const elapsedMs = performance.now() - startMs;
      await evm.stateManager.revert();
      return { ...result, elapsedMs };
    },
  };
}

/** Calldata of `method(uint64)`. */
export function encodeRounds(method: string, rounds: number): Uint8Array {
  const signature = parseAbi([`function ${method}(uint64 rounds)`] as readonly string[]);
  return fromHex(encodeFunctionData({ abi: signature, args: [BigInt(rounds)] } as never));
}
