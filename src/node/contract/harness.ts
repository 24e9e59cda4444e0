/**
 * Contracts in tests: the machine, the ledger's rules for gas and money, and a clock that the test
 * turns, without a chain. Every call is one transaction in the present block.
 */

import { appendFileSync } from 'node:fs';
import type { Abi, Hex } from 'viem';
import {
  decodeEventLog,
  decodeFunctionResult,
  encodeDeployData,
  encodeFunctionData,
} from 'viem/utils';
import { intrinsicGas } from '../../ledger/fees.ts';
import { Journal } from '../../ledger/journal.ts';
import { createdAddress, runMessage } from '../../ledger/transactions.ts';
import { fromHex, toHex, u64ToBytes } from '../../primitives/bytes.ts';
import { checksumAddress, parseAddress } from '../../primitives/keys.ts';
import { limits } from '../../primitives/limits.ts';
import type { Log } from '../../primitives/receipt.ts';
import { createVm } from '../../vm/vm.ts';
import type { BlockContext, Outcome } from '../../vm/world.ts';
import { testAccounts } from '../accounts.ts';
import { createNativeCrypto } from '../native-crypto.ts';
import type { Artifact } from './artifact.ts';
import { type GasRow, type GasUse, gasReportFile, gasRows } from './gas-report.ts';
import { buildContract } from './project.ts';
import { ContractRevert, explain } from './revert.ts';

const oak = 10n ** 18n;
const spacingSeconds = 15;
const gasLimit = 30_000_000;

export interface Options {
  /** Who sends; the first account when absent. */
  readonly from?: Hex;
  /** Acorns. */
  readonly value?: bigint;
  /** Most gas it may use, intrinsic gas included. */
  readonly gas?: bigint;
}

/** A log, decoded by the ABI of the contract that wrote it. */
export interface ContractEvent {
  readonly address: Hex;
  /** Undefined when no deployed contract's ABI knows it. */
  readonly name: string | undefined;
  readonly args: Readonly<Record<string, unknown>>;
  readonly topics: readonly Hex[];
  readonly data: Hex;
}

/** What a transaction did. */
export interface Sent {
  /** The method's decoded result. */
  readonly value: unknown;
  readonly events: readonly ContractEvent[];
  readonly gasUsed: bigint;
}

interface Ran {
  readonly outcome: Outcome;
  readonly logs: readonly Log[];
  readonly gasUsed: bigint;
}

const hex = (bytes: Uint8Array): Hex => `0x${toHex(bytes)}`;

/** A contract on a test chain. */
export class TestContract {
  readonly address: Hex;
  readonly name: string;
  readonly abi: Abi;
  readonly #chain: TestChain;

  constructor(chain: TestChain, name: string, abi: Abi, address: Hex) {
    this.#chain = chain;
    this.name = name;
    this.abi = abi;
    this.address = address;
  }

  /** Sends a transaction. @throws ContractRevert when it fails; nothing it wrote stays then */
  send(method: string, args: readonly unknown[] = [], options: Options = {}): Sent {
    return this.#chain.run(this, method, args, options, false);
  }

  /** Asks without leaving a trace. @throws ContractRevert */
  call(method: string, args: readonly unknown[] = [], options: Options = {}): unknown {
    return this.#chain.run(this, method, args, options, true).value;
  }
}

/** A chain of one test: ten funded accounts, blocks and time under the test's control. */
export class TestChain {
  /** Addresses with 10,000 OAK each. */
  readonly accounts: readonly Hex[];
  readonly #crypto = createNativeCrypto();
  readonly #vm = createVm({ crypto: this.#crypto });
  readonly #journal = new Journal({ get: () => undefined }, this.#crypto);
  readonly #contracts = new Map<string, TestContract>();
  readonly #uses: GasUse[] = [];
  #height = 1;
  #time = 1_700_000_000;

  constructor() {
    const known = testAccounts();
    this.accounts = known.map(({ address }) => checksumAddress(address) as Hex);
    for (const { address } of known) this.#journal.credit(address, 10_000n * oak);
  }

  get height(): number {
    return this.#height;
  }

  /** Seconds since 1970, as contracts see it. */
  get time(): number {
    return this.#time;
  }

  /** Moves on by `blocks` blocks of 15 seconds. */
  mine(blocks = 1): void {
    this.#height += blocks;
    this.#time += blocks * spacingSeconds;
  }

  /** Mines one block, `seconds` after the present one. */
  warp(seconds: number): void {
    this.#height += 1;
    this.#time += seconds;
  }

  balance(address: Hex): bigint {
    return this.#journal.balance(parseAddress(address));
  }

  /** The word at a slot of a contract. */
  storage(contract: TestContract, slot: bigint): Hex {
    const key = fromHex(slot.toString(16).padStart(64, '0'));
    return hex(this.#journal.storage(parseAddress(contract.address), key));
  }

  /** Compiles the contract of a file, or of a folder with contract.ts. @throws BuildError */
  static build(path: string): Promise<Artifact> {
    return buildContract(path);
  }

  /**
   * Deploys an artifact, or what a file or folder compiles to.
   * @throws ContractRevert when construction fails, BuildError when it does not compile
   */
  async deploy(
    source: Artifact | string,
    args: readonly unknown[] = [],
    options: Options = {},
  ): Promise<TestContract> {
    const artifact = typeof source === 'string' ? await buildContract(source) : source;
    const { abi, bytecode, contractName: name } = artifact;
    const data = encodeDeployData({ abi, bytecode, args });
    const sender = parseAddress(options.from ?? this.#first());
    const address = createdAddress(sender, this.#journal.nonce(sender), this.#crypto);
    const ran = this.#transact(sender, undefined, fromHex(data), options, false);
    this.#note(name, 'deploy', ran);
    if (ran.outcome.status !== 'success') throw this.#revert(`${name} deploy`, ran);
    const contract = new TestContract(this, name, abi, checksumAddress(address) as Hex);
    this.#contracts.set(contract.address.toLowerCase(), contract);
    return contract;
  }

  /** Moves acorns without calldata, as a wallet does. @throws ContractRevert */
  transfer(to: Hex, value: bigint, options: Options = {}): Sent {
    const sender = parseAddress(options.from ?? this.#first());
    const ran = this.#transact(
      sender,
      parseAddress(to),
      new Uint8Array(0),
      { ...options, value },
      false,
    );
    if (ran.outcome.status !== 'success') throw this.#revert('transfer', ran);
    return {
      value: undefined,
      events: ran.logs.map((log) => this.#event(log)),
      gasUsed: ran.gasUsed,
    };
  }

  /** Asks with raw calldata, without leaving a trace; the raw answer. @throws ContractRevert */
  raw(contract: TestContract, data: Hex, options: Options = {}): Hex {
    const sender = parseAddress(options.from ?? this.#first());
    const ran = this.#transact(
      sender,
      parseAddress(contract.address),
      fromHex(data),
      options,
      true,
    );
    if (ran.outcome.status !== 'success') throw this.#revert(contract.name, ran);
    return hex(ran.outcome.output);
  }

  /** What TestContract's methods do. */
  run(
    contract: TestContract,
    method: string,
    args: readonly unknown[],
    options: Options,
    isTraceless: boolean,
  ): Sent {
    const { abi, address, name } = contract;
    const data = encodeFunctionData({ abi, functionName: method, args });
    const sender = parseAddress(options.from ?? this.#first());
    const ran = this.#transact(sender, parseAddress(address), fromHex(data), options, isTraceless);
    this.#note(name, method, ran);
    if (ran.outcome.status !== 'success') throw this.#revert(`${name}.${method}`, ran);
    const value = decodeFunctionResult({
      abi,
      functionName: method,
      data: hex(ran.outcome.output),
    });
    return { value, events: ran.logs.map((log) => this.#event(log)), gasUsed: ran.gasUsed };
  }

  /** Gas of every method so far, intrinsic gas included. */
  gasReport(): readonly GasRow[] {
    return gasRows(this.#uses);
  }

  #first(): Hex {
    return this.accounts[0] as Hex;
  }

  #transact(
    sender: Uint8Array,
    to: Uint8Array | undefined,
    data: Uint8Array,
    { value = 0n, gas = BigInt(gasLimit) }: Options,
    isTraceless: boolean,
  ): Ran {
    const journal = this.#journal;
    journal.beginTransaction();
    const needed = intrinsicGas({ to, data, accessList: [] });
    if (gas < needed) throw new RangeError(`${gas} gas is below the intrinsic ${needed}`);
    const start = journal.checkpoint();
    const nonce = journal.nonce(sender);
    journal.setNonce(sender, nonce + 1n);
    const afterNonce = journal.checkpoint();
    const fields = { to, data, value, gasLimit: gas, accessList: [], nonce, sender, gasPrice: 1n };
    if (journal.balance(sender) < value) {
      throw new RangeError(`${hex(sender)} has ${journal.balance(sender)} acorns, not ${value}`);
    }
    const outcome = runMessage(journal, this.#block(), fields, {
      vm: this.#vm,
      crypto: this.#crypto,
    });
    const logs = outcome.status === 'success' ? [...journal.logs] : [];
    if (outcome.status !== 'success') journal.revertTo(afterNonce);
    if (isTraceless) journal.revertTo(start);
    return { outcome, logs, gasUsed: gas - outcome.gasLeft };
  }

  #block(): BlockContext {
    return {
      height: this.#height,
      time: this.#time,
      beneficiary: new Uint8Array(20),
      gasLimit,
      baseFeePerGas: 1n,
      chainId: 31_337,
      gasTable: 1,
      isGenesisCode: () => false,
      // Ids of a chain that is not there: SHA-256 of the height, for as far back as a node knows.
      blockId: (height) => {
        const isKnown = height >= 0 && height >= this.#height - limits.blockIdLookback;
        if (!isKnown || height >= this.#height) return undefined;
        return this.#crypto.sha256(u64ToBytes(height));
      },
    };
  }

  #note(contract: string, method: string, { gasUsed }: Ran): void {
    const use = { contract, method, gas: Number(gasUsed) };
    this.#uses.push(use);
    const file = process.env[gasReportFile];
    if (file !== undefined) appendFileSync(file, `${JSON.stringify(use)}\n`);
  }

  #revert(what: string, { outcome, gasUsed }: Ran): ContractRevert {
    const abis = [...this.#contracts.values()].map(({ abi }) => abi);
    return new ContractRevert(what, explain(hex(outcome.output), outcome, abis), gasUsed);
  }

  #event(log: Log): ContractEvent {
    const address = hex(log.address);
    const topics = log.topics.map(hex);
    const data = hex(log.data);
    const contract = this.#contracts.get(address);
    const raw = { address: checksumAddress(log.address) as Hex, topics, data };
    if (contract === undefined) return { ...raw, name: undefined, args: {} };
    try {
      const signature = topics as [Hex, ...Hex[]];
      const event = decodeEventLog({ abi: contract.abi, topics: signature, data });
      return { ...raw, name: String(event.eventName), args: { ...(event.args as object) } };
    } catch {
      return { ...raw, name: undefined, args: {} };
    }
  }
}
