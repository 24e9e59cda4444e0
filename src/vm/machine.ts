/**
 * Messages: which account is called, what that costs, what is undone. Calls and creations of all
 * depths come through here, so that depth, gas and checkpoints have one owner (EIP-150, EIP-161).
 */

import { emptyBytes, equalBytes, isZero, toHex } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { limits } from '../primitives/limits.ts';
import { blockIdAnswer, blockIdPrice, blockIdsAddress } from './block-ids.ts';
import { type Contract, ContractCache, prepareContract, shapeOf, touchGas } from './contract.ts';
import { decodeCreation } from './creation.ts';
import {
  type CallRequest,
  type CreateRequest,
  type Execution,
  Frame,
  type FrameFacts,
  type HookContext,
  type SharedBudget,
} from './frame.ts';
import type { GasTable } from './gas-table.ts';
import { exitSignal, Guest, trapSignal } from './guest.ts';
import { type Imports, importsFor, makeHooks } from './hooks.ts';
import { IdleGuests } from './idle-guests.ts';
import { Keccak } from './keccak.ts';
import { contractExports } from './policy.ts';
import { precompileAt } from './precompiles.ts';
import { LocalFault, type Outcome } from './world.ts';

type EntryName = typeof contractExports.entrypoint | typeof contractExports.construct;

function failed(hint: string): Outcome {
  return { status: 'failed', output: emptyBytes, gasLeft: 0n, hint };
}

function reverted(gasLeft: bigint, hint: string): Outcome {
  return { status: 'reverted', output: emptyBytes, gasLeft, hint };
}

function noMemory(gasLeft: bigint): Outcome {
  const max = limits.memoryPagesPerTransactionMax;
  return reverted(gasLeft, `the open calls would have more than ${max} memory pages together`);
}

function succeeded(gasLeft: bigint, output: Uint8Array = emptyBytes): Outcome {
  return { status: 'success', output, gasLeft };
}

export class Machine implements HookContext {
  readonly crypto: Crypto;
  readonly emptyCodeHash: Uint8Array;
  readonly keccak = new Keccak();
  private readonly hooks = makeHooks(this);
  private readonly idle = new IdleGuests();
  private readonly cache: ContractCache;
  private readonly imports = new WeakMap<Contract, Imports>();
  private current: Frame | undefined;

  constructor(crypto: Crypto, pinnedCode: readonly Uint8Array[]) {
    this.crypto = { ...crypto, keccak256: (data) => this.keccak.digest(data) };
    this.cache = new ContractCache(pinnedCode, (contract) => this.idle.forget(contract));
    this.emptyCodeHash = crypto.keccak256(emptyBytes);
  }

  get frame(): Frame {
    if (this.current === undefined) throw new Error('a hook ran outside of a frame');
    return this.current;
  }

  /** Calls an account. A failed or reverted call has undone all it wrote. */
  call(request: CallRequest): Outcome {
    const { world } = request.execution;
    const { callStipend } = request.execution.table.gas;
    const moves = !request.isDelegate && request.value > 0n;
    const unspent = request.gas + (request.hasStipend ? BigInt(callStipend) : 0n);
    if (request.depth >= limits.callDepthMax) {
      return reverted(unspent, `calls are nested deeper than ${limits.callDepthMax}`);
    }
    if (moves && world.balance(request.sender) < request.value) {
      return reverted(unspent, 'the balance is below the value of the call');
    }
    const checkpoint = world.checkpoint();
    if (moves) world.transfer(request.sender, request.address, request.value);
    const outcome = this.dispatch(request, unspent);
    if (outcome.status !== 'success') world.revertTo(checkpoint);
    return outcome;
  }

  /** Finds what stands behind the code address: precompile, block ids, contract or nothing. */
  private dispatch(request: CallRequest, gas: bigint): Outcome {
    const { execution, codeAddress, input } = request;
    const precompile = precompileAt(codeAddress);
    if (precompile !== undefined) {
      const left = gas - BigInt(precompile.price(input, execution.table.precompiles));
      if (left < 0n) return failed('out of gas in a precompiled contract');
      return succeeded(left, precompile.run(input, this.crypto));
    }
    if (equalBytes(codeAddress, blockIdsAddress)) {
      const left = gas - BigInt(blockIdPrice(input, execution));
      if (left < 0n) return failed('out of gas reading a block id');
      const id = blockIdAnswer(input, execution);
      return id === undefined ? reverted(left, 'no such block id') : succeeded(left, id);
    }
    const codeHash = execution.world.codeHash(codeAddress);
    if (isZero(codeHash) || equalBytes(codeHash, this.emptyCodeHash)) return succeeded(gas);
    return this.callContract(request, codeHash, gas);
  }

  private callContract(request: CallRequest, codeHash: Uint8Array, unspent: bigint): Outcome {
    const { gas: prices } = request.execution.table;
    const stipendMax = request.hasStipend ? prices.callValue : 0;
    const touched = this.touch(request, codeHash, request.gas + BigInt(stipendMax));
    if (touched === undefined) return failed('out of gas: the first use of a contract costs more');
    const { contract, cost } = touched;
    if (contract.initialPages > request.shared.memoryPages) {
      return noMemory(unspent > BigInt(cost) ? unspent - BigInt(cost) : 0n);
    }
    const entry = contract.entryGas + cost;
    // A stipend covers entering the frame, but never more than the value call has paid for.
    const stipend = request.hasStipend ? Math.min(prices.callStipend + entry, prices.callValue) : 0;
    const gas = request.gas + BigInt(stipend - entry);
    if (gas < 0n) return failed(`out of gas: entering the contract costs ${entry}`);
    return this.run(contract, request, contractExports.entrypoint, {
      gas,
      shared: request.shared,
    });
  }

  /**
   * The contract, and what its first use in the transaction costs. Nothing is done that `gas` does not
   * pay for: else calls with no gas at all would have cold modules compiled for the price of an address.
   */
  private touch(
    { execution, codeAddress }: CallRequest,
    codeHash: Uint8Array,
    gas: bigint,
  ): { readonly contract: Contract; readonly cost: number } | undefined {
    const { world, block, table } = execution;
    const isFree = block.isGenesisCode(codeHash) || !world.touchCode(codeHash, 'run');
    const cached = this.cache.get(codeHash, table);
    if (isFree) return { contract: cached ?? this.load(execution, codeAddress, codeHash), cost: 0 };
    // This much pays for reading the code, whose shape tells the rest.
    if (gas < BigInt(table.gas.codeTouch)) return undefined;
    const cost = cached?.touchGas ?? touchGas(shapeOf(world.code(codeAddress)), table);
    if (gas < BigInt(cost)) return undefined;
    return { contract: cached ?? this.load(execution, codeAddress, codeHash), cost };
  }

  /**
   * Creates the contract of a message. The caller has raised the sender's nonce.
   * @returns output only when the constructor reverted.
   */
  create(request: CreateRequest): Outcome {
    const { world } = request.execution;
    const { address } = request;
    if (request.value > 0n && world.balance(request.sender) < request.value) {
      return reverted(request.gas, 'the balance is below the value of the creation');
    }
    const { emptyCodeHash } = this;
    const codeHash = world.codeHash(address);
    const hasCode = !isZero(codeHash) && !equalBytes(codeHash, emptyCodeHash);
    if (world.nonce(address) > 0n || hasCode) return failed('the address is already in use');
    const checkpoint = world.checkpoint();
    world.setNonce(address, 1n);
    if (request.value > 0n) world.transfer(request.sender, address, request.value);
    const outcome = this.deploy(request);
    if (outcome.status !== 'success') world.revertTo(checkpoint);
    return outcome;
  }

  /** Checks, pays, stores and constructs. */
  private deploy(request: CreateRequest): Outcome {
    const { execution } = request;
    const { world, table } = execution;
    const creation = decodeCreation(request.input);
    if ('code' in creation) return failed(creation.message);
    const { wasm, constructorArguments } = creation;
    let gas = request.gas - BigInt(table.gas.codeByte * wasm.length);
    if (gas < 0n)
      return failed(`out of gas: ${wasm.length} bytes of code cost ${table.gas.codeByte} each`);
    const codeHash = this.crypto.keccak256(wasm);
    // What is in the cache was accepted before: factories deploy the same module again and again.
    const contract = this.cache.get(codeHash, table) ?? prepareContract(wasm, table);
    if ('code' in contract) return failed(`${contract.code}: ${contract.message}`);
    this.cache.set(codeHash, table, contract);
    world.setCode(request.address, wasm.slice());
    world.touchCode(codeHash, 'run');
    if (!contract.hasConstructor && constructorArguments.length === 0) return succeeded(gas);
    if (contract.initialPages > request.shared.memoryPages) return noMemory(gas);
    gas -= BigInt(contract.entryGas);
    if (gas < 0n) return failed(`out of gas: entering the contract costs ${contract.entryGas}`);
    const facts: FrameFacts = {
      execution,
      address: request.address,
      sender: request.sender,
      value: request.value,
      input: constructorArguments.slice(),
      isStatic: false,
      isDelegate: false,
      depth: request.depth,
    };
    const name = contract.hasConstructor ? contractExports.construct : contractExports.entrypoint;
    return this.run(contract, facts, name, { gas, shared: request.shared });
  }

  /** Compiles the code of an account. */
  private load(execution: Execution, address: Uint8Array, codeHash: Uint8Array): Contract {
    const contract = prepareContract(execution.world.code(address), execution.table);
    if ('code' in contract) {
      // Only creation stores code, and it checks first: the database or this release is wrong.
      throw new LocalFault(`stored code of ${toHex(address)} is refused: ${contract.message}`);
    }
    this.cache.set(codeHash, execution.table, contract);
    return contract;
  }

  private instantiate(contract: Contract, table: GasTable): Guest {
    let imports = this.imports.get(contract);
    if (imports === undefined) {
      imports = importsFor(contract.hooks, this.hooks);
      this.imports.set(contract, imports);
    }
    try {
      return new Guest(new WebAssembly.Instance(contract.module, imports).exports, table);
    } catch (error) {
      throw new LocalFault('the engine could not make an instance', error);
    }
  }

  /** Runs one frame in an instance like new and settles it, whatever happens inside. */
  private run(
    contract: Contract,
    facts: FrameFacts,
    entryName: EntryName,
    budget: { readonly gas: bigint; readonly shared: SharedBudget },
  ): Outcome {
    const { table } = facts.execution;
    const guest = this.idle.take(contract) ?? this.instantiate(contract, table);
    const { stackWords, memoryPages } = budget.shared;
    guest.open(budget.gas, { stackWords, memoryPages: memoryPages - contract.initialPages });
    const outer = this.current;
    const frame = new Frame(facts, guest, outer);
    this.current = frame;
    let outcome: Outcome;
    try {
      const entry = guest.exports[entryName] as (length: number) => number;
      outcome = settled(frame, entry(facts.input.length));
    } catch (error) {
      outcome = error === exitSignal ? settled(frame, frame.exitStatus) : trapped(frame, error);
    } finally {
      this.current = outer;
    }
    this.idle.give(contract, guest);
    return outcome;
  }
}

function settled(frame: Frame, status: number): Outcome {
  const { result: output, guest } = frame;
  const gasLeft = guest.gasLeft;
  if (status === 0) return { status: 'success', output, gasLeft };
  return { status: 'reverted', output, gasLeft, hint: `the contract returned status ${status}` };
}

/** All traps are one kind; what is not a trap is a fault of this machine. */
function trapped(frame: Frame, error: unknown): Outcome {
  if (error === trapSignal) return failed(frame.guest.trapHint ?? 'trap in a host function');
  if (error instanceof LocalFault) throw error;
  if (!(error instanceof WebAssembly.RuntimeError)) {
    throw new LocalFault('the engine failed inside a contract', error);
  }
  if (frame.guest.isFaulty) throw new LocalFault('the engine has no memory for a contract');
  return failed(
    `trap (${error.message}): out of gas, stack exhausted or the contract aborted; all gas of the call is used`,
  );
}
