/**
 * Creation data: 0xEF 0x57 0x41 0x01 ‖ u32 length, big-endian ‖ wasm ‖ constructor arguments. The
 * header makes a wasm module deployable by tools that append ABI-encoded arguments to a bytecode.
 */

import { concat, equalBytes } from '../primitives/bytes.ts';
import type { ModuleRefusal } from './binary.ts';

const magic = Uint8Array.of(0xef, 0x57, 0x41, 0x01);
const wasmMagic = Uint8Array.of(0x00, 0x61, 0x73, 0x6d);

export interface Creation {
  readonly wasm: Uint8Array;
  readonly constructorArguments: Uint8Array;
}

/** What deploys `wasm` with `constructorArguments`: the `bytecode` of an artifact has none. */
export function encodeCreation(
  wasm: Uint8Array,
  constructorArguments: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, wasm.length);
  return concat(magic, length, wasm, constructorArguments);
}

/** The parts of creation data (views into it), or why it is none. */
export function decodeCreation(data: Uint8Array): Creation | ModuleRefusal {
  if (equalBytes(data.subarray(0, 4), wasmMagic)) {
    return {
      code: 'creation-data',
      message: 'this is a bare WebAssembly module: put 0xEF574101 and its u32 length before it',
    };
  }
  if (data.length < 8 || !equalBytes(data.subarray(0, 4), magic)) {
    return {
      code: 'creation-data',
      message: 'this is EVM bytecode; build with dodona contract build',
    };
  }
  const length = new DataView(data.buffer, data.byteOffset, data.byteLength).getUint32(4);
  if (length > data.length - 8) {
    return {
      code: 'creation-data',
      message: `creation data announces ${length} bytes of module, ${data.length - 8} follow`,
    };
  }
  return { wasm: data.subarray(8, 8 + length), constructorArguments: data.subarray(8 + length) };
}
