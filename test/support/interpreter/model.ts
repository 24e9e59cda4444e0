/**
 * A second contract machine, for the gas of hostile contracts: the reference interpreter runs the code,
 * and messages and hooks are written again from the rules (EIP-150, 2200, 2929, 1153 and the gas table),
 * on maps that are copied at every call. It knows the hooks that attacks need.
 */

import { type Hex, isZero, toHex } from '../../../src/primitives/bytes.ts';
import { nobleCrypto as crypto } from '../../../src/primitives/crypto.ts';
import { limits } from '../../../src/primitives/limits.ts';
import { decodeModule } from '../../../src/vm/decoder.ts';
import { gasTable } from '../../../src/vm/gas-table.ts';
import { type HookName, hookInk } from '../../../src/vm/hook-signatures.ts';
import type { WasmModule } from '../../../src/vm/module.ts';
import { contractForm } from '../../../src/vm/policy.ts';
import { validateWasm } from '../../../src/vm/validator.ts';
import { frameGasOf } from '../entry-gas.ts';
import { Trap, type Value } from './arithmetic.ts';
import { Interpreter } from './interpreter.ts';

const table = gasTable(1);
const { gas: prices, ink: inkPrices } = table;

/** The frame ended by exit_early. */
class Exit extends Error {
  readonly status: number;
  constructor(status: number) {
    super('exit');
    this.status = status;
  }
}

interface State {
  readonly balances: Map<Hex, bigint>;
  readonly slots: Map<Hex, Hex>;
  readonly warm: Set<Hex>;
  logs: number;
}

interface Shared {
  readonly stackWords: number;
  readonly pages: number;
}

interface Call {
  readonly sender: Hex;
  readonly to: Hex;
  readonly value: bigint;
  readonly input: Uint8Array;
  readonly gas: bigint;
  readonly depth: number;
  readonly isStatic: boolean;
  readonly hasStipend: boolean;
  readonly shared: Shared;
}

export interface ModelOutcome {
  readonly status: 'success' | 'reverted' | 'failed';
  readonly gasLeft: bigint;
  readonly output: Uint8Array;
}

interface Code {
  readonly module: WasmModule;
  readonly heights: readonly number[];
  readonly sizeBytes: number;
  readonly hash: Hex;
}

const none = new Uint8Array(0);
const number = (value: Value | undefined): number => Number(value) >>> 0;
const bigint = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes)}`);

/** One transaction's view of a few contracts. */
export class Model {
  private readonly codes = new Map<Hex, Code>();
  state: State = { balances: new Map(), slots: new Map(), warm: new Set(), logs: 0 };

  deploy(address: Uint8Array, wasm: Uint8Array, balance = 0n): void {
    const module = contractForm(decodeModule(wasm));
    const heights = validateWasm(module);
    const hash = toHex(crypto.keccak256(wasm));
    this.codes.set(toHex(address), { module, heights, sizeBytes: wasm.length, hash });
    this.state.balances.set(toHex(address), balance);
  }

  /** The message of a transaction. */
  run(sender: Uint8Array, to: Uint8Array, input: Uint8Array, gas: bigint): ModelOutcome {
    this.state.warm.add(toHex(sender)).add(toHex(to));
    return this.call({
      sender: toHex(sender),
      to: toHex(to),
      value: 0n,
      input,
      gas,
      depth: 0,
      isStatic: false,
      hasStipend: false,
      shared: {
        stackWords: limits.stackWordsPerTransactionMax,
        pages: limits.memoryPagesPerTransactionMax,
      },
    });
  }

  /** Any call, at any depth; what it did is undone unless it succeeds. */
  call(call: Call): ModelOutcome {
    const { state } = this;
    const stipend = call.hasStipend ? prices.callStipend : 0;
    const refusal: ModelOutcome = {
      status: 'reverted',
      gasLeft: call.gas + BigInt(stipend),
      output: none,
    };
    if (call.depth >= limits.callDepthMax) return refusal;
    if ((state.balances.get(call.sender) ?? 0n) < call.value) return refusal;
    const before: State = {
      balances: new Map(state.balances),
      slots: new Map(state.slots),
      warm: new Set(state.warm),
      logs: state.logs,
    };
    this.move(call.sender, call.to, call.value);
    const code = this.codes.get(call.to);
    const outcome =
      code === undefined
        ? { status: 'success' as const, gasLeft: refusal.gasLeft, output: none }
        : this.enter(code, call, refusal);
    if (outcome.status !== 'success') this.state = before;
    return outcome;
  }

  private move(from: Hex, to: Hex, amount: bigint): void {
    const { balances } = this.state;
    if (amount === 0n) return;
    balances.set(from, (balances.get(from) ?? 0n) - amount);
    balances.set(to, (balances.get(to) ?? 0n) + amount);
  }

  private enter(code: Code, call: Call, refusal: ModelOutcome): ModelOutcome {
    const pages = code.module.memories[0]?.minimum ?? 0;
    const isFirst = !this.state.warm.has(`code ${code.hash}`);
    this.state.warm.add(`code ${code.hash}`);
    const touch = isFirst
      ? prices.codeTouch +
        prices.codeTouchByte * code.sizeBytes +
        prices.codeTouchFunction * code.module.functions.length +
        prices.codeTouchImport * code.module.imports.length
      : 0;
    const entry = touch + frameGasOf(code.module);
    if (call.gas + BigInt(call.hasStipend ? prices.callValue : 0) < BigInt(touch)) {
      return { status: 'failed', gasLeft: 0n, output: none };
    }
    if (pages > call.shared.pages) {
      const left = refusal.gasLeft - BigInt(touch);
      return { ...refusal, gasLeft: left > 0n ? left : 0n };
    }
    const stipend = call.hasStipend ? Math.min(prices.callStipend + entry, prices.callValue) : 0;
    const gas = call.gas + BigInt(stipend - entry);
    if (gas < 0n) return { status: 'failed', gasLeft: 0n, output: none };
    return this.interpret(code, call, gas, pages);
  }

  private interpret(code: Code, call: Call, gas: bigint, pages: number): ModelOutcome {
    const frame = new ModelFrame(this, call);
    const names = code.module.imports.map((entry) => entry.name as HookName);
    const interpreter = new Interpreter(code.module, {
      table,
      ink: gas * 1_000n,
      stackWords: call.shared.stackWords,
      pages: call.shared.pages - pages,
      memoryPagesMax: limits.wasmMemoryPagesMax,
      operandHeights: code.heights,
      imports: names.map(
        (name) =>
          (...values) =>
            frame.hook(name, values),
      ),
      importInk: names.map((name) => hookInk(name, inkPrices)),
    });
    frame.interpreter = interpreter;
    let status = 0;
    try {
      status = Number(interpreter.call('user_entrypoint', [call.input.length])[0]);
    } catch (error) {
      if (error instanceof Trap) return { status: 'failed', gasLeft: 0n, output: none };
      if (!(error instanceof Exit)) throw error;
      status = error.status;
    }
    return {
      status: status === 0 ? 'success' : 'reverted',
      gasLeft: interpreter.ink / 1_000n,
      output: frame.result,
    };
  }
}

class ModelFrame {
  interpreter: Interpreter | undefined;
  result: Uint8Array = none;
  private returned: Uint8Array = none;
  private readonly model: Model;
  private readonly call: Call;

  constructor(model: Model, call: Call) {
    this.model = model;
    this.call = call;
  }

  private get guest(): Interpreter {
    if (this.interpreter === undefined) throw new Error('no interpreter yet');
    return this.interpreter;
  }

  private take(ink: number): void {
    this.guest.ink -= BigInt(ink);
    if (this.guest.ink < 0n) throw new Trap('out of gas');
  }

  private takeGas(gas: number): void {
    this.take(gas * table.inkPerGas);
  }

  private bytes(pointer: number, length: number): Uint8Array {
    if (pointer + length > this.guest.memory.length) throw new Trap('pointer');
    return this.guest.memory.subarray(pointer, pointer + length);
  }

  private read(pointer: number, length: number): Uint8Array {
    this.take(length * inkPrices.hostByte);
    return this.bytes(pointer, length).slice();
  }

  private write(pointer: number, bytes: Uint8Array): void {
    this.take(bytes.length * inkPrices.hostByte);
    this.bytes(pointer, bytes.length).set(bytes);
  }

  private isCold(key: Hex): boolean {
    const { warm } = this.model.state;
    const isCold = !warm.has(key);
    warm.add(key);
    return isCold;
  }

  hook(name: HookName, values: readonly Value[]): Value | undefined {
    const [a, b, c] = values.map(number) as [number, number, number];
    switch (name) {
      case 'read_args':
        this.write(a, this.call.input);
        return undefined;
      case 'write_result':
        this.result = this.read(a, b);
        return undefined;
      case 'exit_early':
        throw new Exit(a);
      case 'contract_address':
        this.bytes(a, 20).set(Buffer.from(this.call.to, 'hex'));
        return undefined;
      case 'emit_log':
        this.log(a, b, c);
        return undefined;
      case 'storage_cache_bytes32':
        this.store(a, b);
        return undefined;
      case 'native_keccak256':
        this.take(inkPrices.keccakBlock * (Math.floor(b / 136) + 1));
        this.bytes(c, 32).set(crypto.keccak256(this.read(a, b)));
        return undefined;
      case 'return_data_size':
        return this.returned.length;
      case 'read_return_data': {
        const part = this.returned.subarray(b, b + c);
        this.write(a, part);
        return part.length;
      }
      case 'call_contract':
        return this.open(values, a, b, c);
      default:
        throw new Error(`the model has no ${name}`);
    }
  }

  private log(pointer: number, length: number, topics: number): void {
    const data = length - 32 * topics;
    if (this.call.isStatic || topics > 4 || data < 0) throw new Trap('log');
    this.takeGas(prices.log + prices.logTopic * topics + prices.logByte * data);
    this.read(pointer, length);
    this.model.state.logs += 1;
  }

  private store(keyPointer: number, valuePointer: number): void {
    if (this.call.isStatic) throw new Trap('static');
    if (this.guest.ink / 1_000n <= BigInt(prices.slotSentry)) throw new Trap('sentry');
    const key = this.call.to + toHex(this.bytes(keyPointer, 32));
    const value = toHex(this.bytes(valuePointer, 32));
    // Before the transaction all slots are zero.
    const zero = '0'.repeat(64);
    const current = this.model.state.slots.get(key) ?? zero;
    if (this.isCold(key)) this.takeGas(prices.slotCold);
    this.takeGas(value === current || current !== zero ? prices.slotWarm : prices.slotSet);
    this.model.state.slots.set(key, value);
  }

  /** call_contract(address, data, length, value, gas, length target) -> status */
  private open(values: readonly Value[], address: number, data: number, length: number): number {
    const to = toHex(this.bytes(address, 20));
    const word = this.bytes(number(values[3]), 32);
    const value = isZero(word) ? 0n : bigint(word);
    if (this.call.isStatic && value > 0n) throw new Trap('static');
    this.takeGas(this.isCold(to) ? prices.accountCold : prices.accountWarm);
    if (value > 0n) this.takeGas(prices.callValue);
    const input = this.read(data, length);
    const available = this.guest.ink / 1_000n;
    const asked = BigInt.asUintN(64, values[4] as bigint);
    const most = available - available / 64n;
    const gas = asked < most ? asked : most;
    this.guest.ink -= gas * 1_000n;
    const outcome = this.model.call({
      sender: this.call.to,
      to,
      value,
      input,
      gas,
      depth: this.call.depth + 1,
      isStatic: this.call.isStatic,
      hasStipend: value > 0n,
      shared: { stackWords: this.guest.stackWords, pages: this.guest.pages },
    });
    this.guest.ink += outcome.gasLeft * 1_000n;
    this.returned = outcome.output;
    const size = new Uint8Array(4);
    new DataView(size.buffer).setUint32(0, outcome.output.length, true);
    this.bytes(number(values[5]), 4).set(size);
    return outcome.status === 'success' ? 0 : 1;
  }
}
