/**
 * A devnet whose blocks come when a test asks, and wallets on it that try what contracts refuse:
 * by name in a call and in an estimate, and without a trace when it is sent all the same.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  createWalletClient,
  defineChain,
  type Hex,
  http,
  parseGwei,
} from 'viem';
import { type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts';
import { expect } from 'vitest';
import { devnet, type NetworkDescription } from '../../scripts/genesis-networks.ts';
import { demonstrationAccounts, testAccounts } from '../../src/node/accounts.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { addresses } from '../contracts/artifacts.ts';
import type { Target } from '../support/contract-chain.ts';
import { fastDevnet, writeNetwork } from '../support/network-files.ts';
import { NodeProcess } from '../support/process.ts';

export interface Call {
  readonly by: PrivateKeyAccount;
  readonly to: Target;
  readonly name: string;
  readonly args: readonly unknown[];
  readonly money?: bigint;
}
export type Refused = Call & { readonly error: string };

/** A view that no refused call may change. */
type View = readonly [to: Target, name: string, args: readonly unknown[]];

const signer = ({ privateKey }: { readonly privateKey: Uint8Array }): PrivateKeyAccount =>
  privateKeyToAccount(`0x${toHex(privateKey)}`);
export const reporters = demonstrationAccounts().map(signer);
export const reporter = (index: number): PrivateKeyAccount => reporters[index] as PrivateKeyAccount;
export const [stranger, rival] = testAccounts().map(signer) as [
  PrivateKeyAccount,
  PrivateKeyAccount,
];

/** Calls of one contract. */
export const on = (to: Target) => (by: PrivateKeyAccount, name: string, args: readonly unknown[]) =>
  ({ by, to, name, args }) satisfies Call;

const contractCall = ({ by, to, name, args, money = 0n }: Call) => ({
  account: by,
  ...{ address: to.address, abi: to.abi, functionName: name, args, value: money },
});

/** The contract's error that viem finds behind a failure. */
function errorName(failure: unknown): string | undefined {
  const found = (failure as BaseError).walk?.((e) => e instanceof ContractFunctionRevertedError);
  return (found as ContractFunctionRevertedError | undefined)?.data?.errorName;
}

function clientsOf(url: string) {
  const chain = defineChain({
    id: devnet.chainId,
    name: 'testnet',
    nativeCurrency: { name: 'OAK', symbol: 'OAK', decimals: 18 },
    rpcUrls: { default: { http: [url] } },
    contracts: { multicall3: { address: addresses.Multicall3 as Hex } },
  });
  const transport = http(undefined, { retryCount: 0 });
  return {
    client: createPublicClient({ chain, transport, cacheTime: 0 }),
    wallet: createWalletClient({ chain, transport }),
  };
}

export class RefusalScene {
  readonly #node: NodeProcess;
  readonly #folder: string;
  readonly #clients: ReturnType<typeof clientsOf>;
  readonly #views: View[] = [];
  readonly #holders: readonly Hex[];

  private constructor(node: NodeProcess, folder: string, holders: readonly Hex[]) {
    this.#node = node;
    this.#folder = folder;
    this.#clients = clientsOf(node.url);
    this.#holders = holders;
  }

  /** @param holders contracts whose money no refused call may change */
  static async start(
    changes: Partial<NetworkDescription>,
    holders: readonly Target[],
  ): Promise<RefusalScene> {
    const folder = mkdtempSync(join(tmpdir(), 'dodona-refusals-'));
    const pace = { intervalMs: 60_000, transactionMs: 60_000 };
    const genesis = writeNetwork(folder, fastDevnet(pace, changes));
    const node = await NodeProcess.start({ genesis, datadir: join(folder, 'node'), mine: false });
    const addressesOf = holders.map(({ address }) => address);
    return new RefusalScene(node, folder, addressesOf);
  }

  async stop(): Promise<void> {
    await this.#node.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** From now on these views must stay as they are when something is refused. */
  keep(...views: readonly View[]): void {
    this.#views.push(...views);
  }

  read<Result>(to: Target, functionName: string, args: readonly unknown[] = []): Promise<Result> {
    const { address, abi } = to;
    const call = { address, abi, functionName, args };
    return this.#clients.client.readContract(call) as Promise<Result>;
  }

  /** Deploys the contract of an artifact in a block of its own; returns its address. */
  async deploy(
    by: PrivateKeyAccount,
    artifact: Pick<Target, 'abi'> & { readonly bytecode: Hex },
    args: readonly unknown[],
  ): Promise<Hex> {
    const { client, wallet } = this.#clients;
    const { abi, bytecode } = artifact;
    const hash = await wallet.deployContract({ account: by, abi, bytecode, args });
    await this.#node.rpc('evm_mine');
    return (await client.getTransactionReceipt({ hash })).contractAddress as Hex;
  }

  /** Sends all of them in one block; whether each succeeded. */
  async #send(calls: readonly Call[]): Promise<readonly string[]> {
    const { client, wallet } = this.#clients;
    const hashes: Hex[] = [];
    const fees = { maxFeePerGas: parseGwei('100'), maxPriorityFeePerGas: parseGwei('1') };
    for (const call of calls) {
      hashes.push(await wallet.writeContract({ ...contractCall(call), ...fees, gas: 2_000_000n }));
    }
    await this.#node.rpc('evm_mine');
    const receipts = await Promise.all(
      hashes.map((hash) => client.getTransactionReceipt({ hash })),
    );
    return receipts.map(({ status }) => status);
  }

  /** All of them succeed, in one block. */
  async succeed(calls: readonly Call[]): Promise<void> {
    expect(await this.#send(calls)).toEqual(calls.map(() => 'success'));
  }

  /** Everything that a refused call could have changed. */
  async #books(): Promise<unknown> {
    const { client } = this.#clients;
    const contracts = this.#views.map(([{ address, abi }, functionName, args]) => ({
      ...{ address, abi, functionName, args },
    }));
    const answers = await client.multicall({ contracts, batchSize: 0, allowFailure: false });
    const balances = this.#holders.map((address) => client.getBalance({ address }));
    return [...answers, ...(await Promise.all(balances))];
  }

  /** Each is refused by name in a call and in an estimate; sent all the same, they change nothing. */
  async refuse(refused: readonly Refused[]): Promise<void> {
    const { client } = this.#clients;
    const before = await this.#books();
    for (const call of refused) {
      const request = contractCall(call);
      const asked = await client.simulateContract(request).catch(errorName);
      const estimated = await client.estimateContractGas(request).catch(errorName);
      expect([call.name, asked, estimated]).toEqual([call.name, call.error, call.error]);
    }
    expect(await this.#send(refused)).toEqual(refused.map(() => 'reverted'));
    expect(await this.#books()).toEqual(before);
  }

  /** Height of the next block. */
  async next(): Promise<number> {
    return (await this.#node.head()).number + 1;
  }

  /** Mines until the next block is `height`. */
  async mineTo(height: number): Promise<void> {
    while ((await this.next()) < height) await this.#node.rpc('evm_mine');
  }
}
