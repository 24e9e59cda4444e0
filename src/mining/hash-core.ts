/**
 * The nonce search for one header: three cores with one interface and the same answers. Four lanes
 * of WebAssembly SIMD, one lane of plain WebAssembly, and @noble where WebAssembly is unwanted.
 */

import { sha256 } from '@noble/hashes/sha2.js';
import { headerSizeBytes } from '../primitives/header.ts';
import { hashToNumber } from '../primitives/work.ts';
import { scalarCoreBase64, simdCoreBase64 } from './hash-core.generated.ts';

export type HashCoreName = 'simd' | 'scalar' | 'noble';
/** A core by name, or `auto`: the fastest that this host can run. */
export type HashCoreChoice = 'auto' | HashCoreName;

export interface HashCore {
  readonly name: HashCoreName;
  /**
   * Takes over a header (80 bytes, its nonce is ignored) and the target (hash <= target wins).
   * @throws RangeError when either has the wrong size.
   */
  prepare(header: Uint8Array, target: bigint): void;
  /** The first nonce of `count` from `start` on that meets the target; no wrap beyond 2^32 - 1. */
  search(start: number, count: number): number | undefined;
}

/** Largest `count` of one search: the cores answer with a signed 32-bit offset. */
export const searchCountMax = 2 ** 31 - 1;

interface CoreExports {
  readonly memory: WebAssembly.Memory;
  readonly headerAddress: { readonly value: number };
  readonly targetAddress: { readonly value: number };
  prepare(): void;
  search(start: number, count: number): number;
}

function targetBytes(target: bigint): Uint8Array {
  if (target < 0n || target >> 256n !== 0n) throw new RangeError(`target ${target} is no u256`);
  const bytes = new Uint8Array(32);
  for (let index = 0; index < 32; index++) {
    bytes[index] = Number((target >> BigInt(8 * index)) & 0xffn);
  }
  return bytes;
}

function checkHeader(header: Uint8Array): void {
  if (header.length !== headerSizeBytes) {
    throw new RangeError(`header has ${header.length} bytes, ${headerSizeBytes} are needed`);
  }
}

function checkRange(start: number, count: number): void {
  if (start < 0 || count < 0 || count > searchCountMax || start + count > 2 ** 32) {
    throw new RangeError(`nonces ${start} + ${count} leave 32 bits or exceed ${searchCountMax}`);
  }
}

function createWasmCore(name: HashCoreName, base64: string): HashCore {
  const module = new WebAssembly.Module(Buffer.from(base64, 'base64'));
  const core = new WebAssembly.Instance(module).exports as unknown as CoreExports;
  const memory = new Uint8Array(core.memory.buffer);
  return {
    name,
    prepare: (header, target) => {
      checkHeader(header);
      memory.set(header, core.headerAddress.value);
      memory.set(targetBytes(target), core.targetAddress.value);
      core.prepare();
    },
    search: (start, count) => {
      checkRange(start, count);
      const offset = core.search(start, count);
      return offset < 0 ? undefined : start + offset;
    },
  };
}

function createNobleCore(): HashCore {
  const header = new Uint8Array(headerSizeBytes);
  const view = new DataView(header.buffer);
  let target = 0n;
  return {
    name: 'noble',
    prepare: (newHeader, newTarget) => {
      checkHeader(newHeader);
      targetBytes(newTarget);
      header.set(newHeader);
      target = newTarget;
    },
    search: (start, count) => {
      checkRange(start, count);
      for (let nonce = start; nonce < start + count; nonce++) {
        view.setUint32(76, nonce, true);
        if (hashToNumber(sha256(sha256(header))) <= target) return nonce;
      }
      return undefined;
    },
  };
}

/** The fastest core of this host: a module with vectors validates only where they exist. */
function bestCore(): HashCoreName {
  if (typeof WebAssembly === 'undefined') return 'noble';
  return WebAssembly.validate(Buffer.from(simdCoreBase64, 'base64')) ? 'simd' : 'scalar';
}

/** @throws CompileError when a core is asked for by name that this host cannot run. */
export function createHashCore(choice: HashCoreChoice): HashCore {
  const name = choice === 'auto' ? bestCore() : choice;
  switch (name) {
    case 'simd':
      return createWasmCore(name, simdCoreBase64);
    case 'scalar':
      return createWasmCore(name, scalarCoreBase64);
    case 'noble':
      return createNobleCore();
  }
}
