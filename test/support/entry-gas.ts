/**
 * What it costs to enter a contract for the first time in a transaction, from the table and the module as
 * the decoder sees it.
 */

import { decodeModule } from '../../src/vm/decoder.ts';
import { gasTable } from '../../src/vm/gas-table.ts';
import type { WasmModule } from '../../src/vm/module.ts';

/** Gas of the first use of `wasm` in a transaction. */
export function touchGasOf(wasm: Uint8Array): number {
  const { codeTouch, codeTouchByte, codeTouchFunction, codeTouchImport } = gasTable(1).gas;
  const { functions, imports } = decodeModule(wasm);
  return (
    codeTouch +
    codeTouchByte * wasm.length +
    codeTouchFunction * functions.length +
    codeTouchImport * imports.length
  );
}

/** Gas of entering a frame of `module`, which has its pages, bytes, parts and elements set up. */
export function frameGasOf({ memories, data, globals, elements, tables }: WasmModule): number {
  const { frame, framePage, frameDataBytesPerGas, framePart, frameElement } = gasTable(1).gas;
  const bytes = data.reduce((sum, segment) => sum + segment.bytes.length, 0);
  const placed = elements.reduce((sum, segment) => sum + segment.functions.length, 0);
  return (
    frame +
    framePage * Math.max(1, memories[0]?.minimum ?? 0) +
    Math.ceil(bytes / frameDataBytesPerGas) +
    framePart * (globals.length + data.length + elements.length) +
    frameElement * ((tables[0]?.minimum ?? 0) + placed)
  );
}

/** The first use and the frame. */
export function entryGasOf(wasm: Uint8Array): number {
  return touchGasOf(wasm) + frameGasOf(decodeModule(wasm));
}
