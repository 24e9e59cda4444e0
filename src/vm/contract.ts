/**
 * From uploaded bytes to something that runs: decode, policy, types, metering, canonical bytes,
 * compilation; and the cache of the results, bounded by bytes.
 */

import { type Hex, toHex } from '../primitives/bytes.ts';
import { limits } from '../primitives/limits.ts';
import { ByteReader, ModuleError, type ModuleRefusal } from './binary.ts';
import { decodeCreation } from './creation.ts';
import { decodeModule } from './decoder.ts';
import { encodeModule } from './encoder.ts';
import { type GasTable, gasTable } from './gas-table.ts';
import type { InitialBytes } from './guest.ts';
import { hookInk, type LinkedHook } from './hook-signatures.ts';
import { instrument } from './instrument.ts';
import type { Instruction, WasmModule } from './module.ts';
import { type ContractFacts, checkHeights, checkPolicy, contractForm } from './policy.ts';
import { validateWasm } from './validator.ts';
import { LocalFault } from './world.ts';

/** A compiled, metered module. */
export interface Contract {
  readonly module: WebAssembly.Module;
  /** The hook behind each imported function. */
  readonly hooks: readonly LinkedHook[];
  readonly hasConstructor: boolean;
  readonly initialPages: number;
  /** What the data segments put into memory, in their order. */
  readonly initialBytes: readonly InitialBytes[];
  /** Gas of entering a frame: a fresh instance and all that it starts with. */
  readonly entryGas: number;
  /** Gas of the first use in a transaction. */
  readonly touchGas: number;
  /** Rough memory of the compiled form. */
  readonly sizeBytes: number;
}

interface CheckedModule {
  readonly module: WasmModule;
  readonly facts: ContractFacts;
  readonly operandHeights: readonly number[];
}

/** The chain's whole rule. @throws ModuleError with the refusal. */
function checkModule(wasm: Uint8Array): CheckedModule {
  if (wasm.length > limits.wasmSizeBytesMax) {
    throw new ModuleError(
      'too-large',
      { section: undefined, offset: limits.wasmSizeBytesMax },
      `the module has ${wasm.length} bytes, at most ${limits.wasmSizeBytesMax}: strip names (-g0) or split it`,
    );
  }
  const module = decodeModule(wasm);
  const facts = checkPolicy(module);
  const operandHeights = validateWasm(module);
  checkHeights(operandHeights, module, wasm.length);
  return { module, facts, operandHeights };
}

function meteredBytes(
  { module, facts, operandHeights }: CheckedModule,
  table: GasTable,
): Uint8Array {
  const metered = instrument(contractForm(module), operandHeights, {
    table,
    importInk: facts.hooks.map((hook) => hookInk(hook, table.ink)),
    memoryPagesMax: limits.wasmMemoryPagesMax,
  });
  return encodeModule(metered);
}

function asRefusal(error: unknown): ModuleRefusal {
  if (error instanceof ModuleError) return { code: error.code, message: error.message };
  throw error;
}

/**
 * Whether a module can be deployed: the chain's rule, and then whether this node's engine takes
 * the metered form (policy of pool and templates; the chain's rule never asks the engine).
 * @returns the refusal, or undefined when it is fine.
 */
export function validateModule(wasm: Uint8Array): ModuleRefusal | undefined {
  try {
    const bytes = meteredBytes(checkModule(wasm), gasTable(1));
    if (WebAssembly.validate(bytes)) return undefined;
    return { code: 'engine', message: 'this engine does not accept the metered module: report it' };
  } catch (error) {
    return asRefusal(error);
  }
}

/** `validateModule` for the module in creation data: what stops a creation before any code runs. */
export function checkCreation(data: Uint8Array): ModuleRefusal | undefined {
  const creation = decodeCreation(data);
  return 'code' in creation ? creation : validateModule(creation.wasm);
}

function compile(bytes: Uint8Array): WebAssembly.Module {
  try {
    return new WebAssembly.Module(bytes);
  } catch (error) {
    throw new LocalFault('the engine refused a module that the rules accept', error);
  }
}

function entryGas(facts: ContractFacts, table: GasTable): number {
  const { frame, framePage, frameDataBytesPerGas, framePart, frameElement } = table.gas;
  return (
    frame +
    framePage * facts.initialPages +
    Math.ceil(facts.dataSizeBytes / frameDataBytesPerGas) +
    framePart * facts.parts +
    frameElement * facts.elements
  );
}

/** What the price of a module's first use in a transaction follows from. */
export interface CodeShape {
  readonly sizeBytes: number;
  readonly functions: number;
  readonly imports: number;
}

export function touchGas({ sizeBytes, functions, imports }: CodeShape, table: GasTable): number {
  const { codeTouch, codeTouchByte, codeTouchFunction, codeTouchImport } = table.gas;
  return (
    codeTouch +
    codeTouchByte * sizeBytes +
    codeTouchFunction * functions +
    codeTouchImport * imports
  );
}

/** The shape of a module that was accepted before, from the heads of its sections alone. */
export function shapeOf(wasm: Uint8Array): CodeShape {
  const reader = new ByteReader(wasm, 8, wasm.length, { section: undefined });
  const counts = { functions: 0, imports: 0 };
  while (!reader.done) {
    const id = reader.u8('section id');
    const section = reader.inner(reader.u32('size of the section'), 'the section');
    if (id === 2) counts.imports = section.u32('number of imports');
    else if (id === 3) counts.functions = section.u32('number of functions');
  }
  return { sizeBytes: wasm.length, ...counts };
}

/**
 * Assumed memory of a compiled module: what the engine keeps for the least one (measured by the resident
 * size of 10,000), and for each byte the byte itself, its baseline code and its optimised code.
 */
const compiledBytesFixed = 24 * 1_024;
const compiledBytesPerByte = 8;

/**
 * The contract in `wasm`, ready to run under `table`, or why it is refused.
 * @throws LocalFault when the engine refuses what the rules accept.
 */
export function prepareContract(wasm: Uint8Array, table: GasTable): Contract | ModuleRefusal {
  let checked: CheckedModule;
  try {
    checked = checkModule(wasm);
  } catch (error) {
    return asRefusal(error);
  }
  const { facts } = checked;
  const bytes = meteredBytes(checked, table);
  return {
    module: compile(bytes),
    hooks: facts.hooks,
    hasConstructor: facts.hasConstructor,
    initialPages: facts.initialPages,
    initialBytes: checked.module.data.map(({ offset, bytes }) => ({
      // A constant: policy accepts no other offset.
      offset: (offset[0] as Instruction).immediate >>> 0,
      bytes: bytes.slice(),
    })),
    entryGas: entryGas(facts, table),
    touchGas: touchGas(
      {
        sizeBytes: wasm.length,
        functions: checked.module.functions.length,
        imports: checked.module.imports.length,
      },
      table,
    ),
    sizeBytes: compiledBytesFixed + compiledBytesPerByte * bytes.length,
  };
}

/**
 * Least recently used contracts leave first; pinned ones stay, whatever else is called. What it holds
 * never shows in gas or results.
 */
export class ContractCache {
  private readonly entries = new Map<string, Contract>();
  private readonly pinned: ReadonlySet<Hex>;
  private readonly onDrop: (contract: Contract) => void;
  private sizeBytes = 0;

  /** `pinned`: code hashes. `onDrop` hears of every contract that leaves. */
  constructor(pinned: readonly Uint8Array[], onDrop: (contract: Contract) => void) {
    this.pinned = new Set(pinned.map(toHex));
    this.onDrop = onDrop;
  }

  private static key(codeHash: Hex, table: GasTable): string {
    return `${table.version}/${codeHash}`;
  }

  get(codeHash: Uint8Array, table: GasTable): Contract | undefined {
    const key = ContractCache.key(toHex(codeHash), table);
    const contract = this.entries.get(key);
    if (contract === undefined) return undefined;
    this.entries.delete(key);
    this.entries.set(key, contract);
    return contract;
  }

  set(codeHash: Uint8Array, table: GasTable, contract: Contract): void {
    const hash = toHex(codeHash);
    const key = ContractCache.key(hash, table);
    const previous = this.entries.get(key);
    if (previous === contract) return;
    if (previous !== undefined) this.drop(key, previous);
    this.entries.set(key, contract);
    if (this.pinned.has(hash)) return;
    this.sizeBytes += contract.sizeBytes;
    for (const [oldest, entry] of this.entries) {
      if (this.sizeBytes <= limits.moduleCacheSizeBytesMax || oldest === key) break;
      if (!this.isPinned(oldest)) this.drop(oldest, entry);
    }
  }

  private isPinned(key: string): boolean {
    return this.pinned.has(key.slice(key.indexOf('/') + 1));
  }

  private drop(key: string, contract: Contract): void {
    this.entries.delete(key);
    if (!this.isPinned(key)) this.sizeBytes -= contract.sizeBytes;
    this.onDrop(contract);
  }
}
