/**
 * What it costs to enter a contract for the first time in a transaction, from the table and the module as
 * the decoder sees it.
 */

import { decodeModule } from '../../src/vm/decoder.ts';
import { gasTable } from '../../src/vm/gas-table.ts';

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

/** The same and the frame of a contract with one page and no data. */
export function entryGasOf(wasm: Uint8Array): number {
  const { frame, framePage } = gasTable(1).gas;
  return frame + framePage + touchGasOf(wasm);
}
