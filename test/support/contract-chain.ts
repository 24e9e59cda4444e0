/**
 * A chain of contract calls without consensus: blocks are counted, each call is one transaction, and
 * results, errors and events are decoded by their ABI as a wallet would do it.
 */

import {
  type Abi,
  decodeErrorResult,
  decodeEventLog,
  decodeFunctionResult,
  encodeFunctionData,
  type Hex,
} from 'viem';
import { bigintToBytes, fromHex, toHex } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import type { Log } from '../../src/primitives/receipt.ts';
import { encodeCreation } from '../../src/vm/creation.ts';
import type { BlockContext, Message, Outcome, Vm } from '../../src/vm/world.ts';
import { MemoryWorld } from './memory-world.ts';

export interface Target {
  readonly address: Hex;
  readonly abi: Abi;
}

export interface Event {
  readonly address: string;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

export interface Result {
  /** Decoded return value; undefined after a failure. */
  readonly value: unknown;
  /** `Name(argument,...)` of a custom error, `Panic(17)`, `revert` for empty data, `trap: hint`. */
  readonly error: string | undefined;
  readonly events: readonly Event[];
  /** Gas of the outermost frame, without the intrinsic gas of a transaction. */
  readonly gasUsed: bigint;
}

const blockGas = 30_000_000n;
const zeroAddress = new Uint8Array(20);
const reader: Hex = '0x00000000000000000000000000000000000000e0';

export class ContractChain {
  readonly world = new MemoryWorld();
  readonly spacing = 15;
  height = 0;
  time = 1_700_000_000;
  readonly #vm: Vm;
  readonly #chainId: number;
  readonly #targets: Target[];
  readonly #checks: ((touched: boolean) => void)[] = [];
  readonly #listeners: ((logs: readonly Log[]) => void)[] = [];
  #touched = false;
  /** First blocks of the branches that make up this chain; ids of blocks differ from branch to branch. */
  #branches: readonly number[] = [0];

  /** `targets` are the contracts whose errors and events are decoded wherever they appear. */
  constructor(vm: Vm, chainId: number, targets: readonly Target[]) {
    this.#vm = vm;
    this.#chainId = chainId;
    this.#targets = [...targets];
  }

  /** Decodes errors and events of one more contract. */
  know(target: Target): void {
    this.#targets.push(target);
  }

  /** Creates a contract at a given address, as block zero does. @throws Error when it fails. */
  deploy(address: Hex, module: Uint8Array, constructorArguments: Hex): void {
    const { status, output, hint } = this.#run({
      sender: zeroAddress,
      to: undefined,
      created: fromHex(address),
      value: 0n,
      input: encodeCreation(module, fromHex(constructorArguments)),
      gas: 10n ** 15n,
    });
    if (status !== 'success') throw new Error(`${status} 0x${toHex(output)} ${hint ?? ''}`);
  }

  /** Runs `check` at the end of every block; `touched` when a transaction succeeded in it. */
  atEndOfBlock(check: (touched: boolean) => void): void {
    this.#checks.push(check);
  }

  mine(blocks = 1): void {
    for (let count = 0; count < blocks; count++) {
      for (const check of this.#checks) check(this.#touched);
      this.#touched = false;
      this.height++;
      this.time += this.spacing;
    }
  }

  /**
   * Keeps the chain as it is at the end of this block; the returned function goes back and opens the
   * next block, of another branch.
   */
  snapshot(): () => void {
    const height = this.height + 1;
    const time = this.time + this.spacing;
    const restore = this.world.snapshot();
    return () => {
      restore();
      this.#touched = false;
      this.height = height;
      this.time = time;
      this.#branches = [...this.#branches, height];
    };
  }

  /** Mines until the next call is in block `height`. */
  mineTo(height: bigint | number): void {
    const blocks = Number(height) - this.height;
    if (blocks < 0) throw new RangeError(`already in block ${this.height}, not ${height}`);
    this.mine(blocks);
  }

  /** One transaction; a failure changes nothing and is reported, not thrown. */
  send(from: Hex, target: Target, name: string, args: readonly unknown[] = [], value = 0n): Result {
    return this.#call(from, target, name, args, value, false);
  }

  /** One transaction that must succeed. */
  mustSend(
    from: Hex,
    target: Target,
    name: string,
    args: readonly unknown[] = [],
    value = 0n,
  ): Result {
    const result = this.send(from, target, name, args, value);
    if (result.error !== undefined) throw new Error(`${name}: ${result.error}`);
    return result;
  }

  /** A read as `eth_call` does it. @throws Error with the contract's error. */
  read<Value>(target: Target, name: string, args: readonly unknown[] = []): Value {
    const result = this.#call(reader, target, name, args, 0n, true);
    if (result.error !== undefined) throw new Error(result.error);
    return result.value as Value;
  }

  /** Calls with raw data. */
  sendRaw(from: Hex, to: Hex, input: Hex, value = 0n, gas = blockGas): Outcome {
    const message = { sender: fromHex(from), to: fromHex(to), value, input: fromHex(input) };
    return this.#run({ ...message, gas });
  }

  /** The same without lasting effect, as `eth_estimateGas` does it. */
  tryRaw(from: Hex, to: Hex, input: Hex, value = 0n): Outcome {
    const message = { sender: fromHex(from), to: fromHex(to), value, input: fromHex(input) };
    const outcome = this.#run({ ...message, gas: blockGas }, false);
    this.world.revertTo(0);
    return outcome;
  }

  /** Hands the events of every lasting call to `listener`. */
  onLogs(listener: (logs: readonly Log[]) => void): void {
    this.#listeners.push(listener);
  }

  balance(address: Hex): bigint {
    return this.world.balance(fromHex(address));
  }

  #call(
    from: Hex,
    target: Target,
    name: string,
    args: readonly unknown[],
    value: bigint,
    isStatic: boolean,
  ): Result {
    const { abi } = target;
    const outcome = this.#run({
      sender: fromHex(from),
      to: fromHex(target.address),
      value,
      input: fromHex(encodeFunctionData({ abi, functionName: name, args })),
      gas: blockGas,
      isStatic,
    });
    const data: Hex = `0x${toHex(outcome.output)}`;
    const succeeded = outcome.status === 'success';
    return {
      value: succeeded ? decodeFunctionResult({ abi, functionName: name, data }) : undefined,
      error: succeeded ? undefined : this.#errorText(abi, data, outcome),
      events: succeeded ? this.world.logs.map((log) => this.#event(log)) : [],
      gasUsed: blockGas - outcome.gasLeft,
    };
  }

  #run(message: Message, isLasting = true): Outcome {
    const block: BlockContext = {
      height: this.height,
      time: this.time,
      beneficiary: zeroAddress,
      gasLimit: Number(blockGas),
      baseFeePerGas: 1n,
      chainId: this.#chainId,
      gasTable: 1,
      blockId: (height) => this.blockId(height),
      // What these scenes deploy belongs to genesis.
      isGenesisCode: () => true,
    };
    this.world.beginTransaction();
    const context = { origin: message.sender, gasPrice: 1n };
    const outcome = this.#vm.run(this.world, block, context, message);
    if (isLasting && outcome.status === 'success' && message.isStatic !== true) {
      this.#touched = true;
      for (const listener of this.#listeners) listener(this.world.logs);
    }
    return outcome;
  }

  /** Id of a block; those of another branch differ, also at the same height. */
  blockId(height: number): Uint8Array {
    const branch = this.#branches.findLastIndex((first) => first <= height);
    const seed = [...bigintToBytes(BigInt(branch), 8), ...bigintToBytes(BigInt(height), 8)];
    return nobleCrypto.keccak256(Uint8Array.from(seed));
  }

  #errorText(abi: Abi, data: Hex, outcome: Outcome): string {
    if (outcome.status === 'failed') return `trap: ${outcome.hint ?? ''}`;
    if (data === '0x') return 'revert';
    for (const candidate of [abi, ...this.#targets.map((target) => target.abi)]) {
      try {
        const { errorName, args } = decodeErrorResult({ abi: candidate, data });
        return `${errorName}(${(args ?? []).join(',')})`;
      } catch {
        // an error of another contract: the next ABI may know it
      }
    }
    return `unknown error ${data}`;
  }

  #event(log: Log): Event {
    const address = `0x${toHex(log.address)}`;
    const target = this.#targets.find((known) => known.address.toLowerCase() === address);
    if (target === undefined) throw new Error(`no ABI is known for the event of ${address}`);
    const topics = log.topics.map((topic): Hex => `0x${toHex(topic)}`) as [Hex, ...Hex[]];
    const event = decodeEventLog({ abi: target.abi, topics, data: `0x${toHex(log.data)}` });
    return { address, name: String(event.eventName), args: { ...(event.args as object) } };
  }
}
