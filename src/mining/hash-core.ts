/**
 * The nonce search for one header in sixteen versions, which can share a part of the work: three
 * cores with one interface and the same answers. Four lanes of WebAssembly SIMD, one lane of plain
 * WebAssembly, and @noble where WebAssembly is unwanted.
 */

import { sha256 } from '@noble/hashes/sha2.js';
import { headerSizeBytes } from '../primitives/header.ts';
import { hashToNumber } from '../primitives/work.ts';
import { scalarCoreBase64, simdCoreBase64 } from './hash-core.generated.ts';

export type HashCoreName = 'simd' | 'scalar' | 'noble';
/** A core by name, or `auto`: the fastest that this host can run. */
export type HashCoreChoice = 'auto' | HashCoreName;

export interface FoundNonce {
  readonly version: number;
  readonly nonce: number;
}

export interface HashCore {
  readonly name: HashCoreName;
  /**
   * Takes over a header (80 bytes, its version and nonce are ignored), the versions to try, as many
   * as `versionsAtOnce`, and the target (hash <= target wins).
   * @throws RangeError when any has the wrong size.
   */
  prepare(header: Uint8Array, versions: readonly number[], target: bigint): void;
  /**
   * Tries `count` nonces from `start` on, each with all versions; no wrap beyond 2^32 - 1. Answers
   * the first nonce that meets the target, and the first version with which it does.
   */
  search(start: number, count: number): FoundNonce | undefined;
}

/** Hashes per nonce. What they share is then one part in a hundred of the work. */
export const versionsAtOnce = 16;

/** Largest `count` of one search: the cores answer with nonce and version in 31 bits. */
export const searchCountMax = 2 ** 27;

interface CoreExports {
  readonly memory: WebAssembly.Memory;
  readonly headerAddress: { readonly value: number };
  readonly targetAddress: { readonly value: number };
  readonly versionsAddress: { readonly value: number };
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

function checkWork(header: Uint8Array, versions: readonly number[]): void {
  if (header.length !== headerSizeBytes) {
    throw new RangeError(`header has ${header.length} bytes, ${headerSizeBytes} are needed`);
  }
  if (versions.length !== versionsAtOnce) {
    throw new RangeError(`there are ${versions.length} versions, ${versionsAtOnce} are needed`);
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
  const versions = new Uint32Array(core.memory.buffer, core.versionsAddress.value, versionsAtOnce);
  return {
    name,
    prepare: (header, newVersions, target) => {
      checkWork(header, newVersions);
      memory.set(header, core.headerAddress.value);
      memory.set(targetBytes(target), core.targetAddress.value);
      versions.set(newVersions);
      core.prepare();
    },
    search: (start, count) => {
      checkRange(start, count);
      const hit = core.search(start, count);
      if (hit < 0) return undefined;
      const nonce = start + Math.floor(hit / versionsAtOnce);
      return { version: versions[hit % versionsAtOnce] as number, nonce };
    },
  };
}

function createNobleCore(): HashCore {
  const header = new Uint8Array(headerSizeBytes);
  const view = new DataView(header.buffer);
  let versions: readonly number[] = [];
  let target = 0n;
  return {
    name: 'noble',
    prepare: (newHeader, newVersions, newTarget) => {
      checkWork(newHeader, newVersions);
      targetBytes(newTarget);
      header.set(newHeader);
      versions = [...newVersions];
      target = newTarget;
    },
    search: (start, count) => {
      checkRange(start, count);
      for (let nonce = start; nonce < start + count; nonce++) {
        view.setUint32(76, nonce, true);
        for (const version of versions) {
          view.setUint32(0, version, true);
          if (hashToNumber(sha256(sha256(header))) <= target) return { version, nonce };
        }
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
