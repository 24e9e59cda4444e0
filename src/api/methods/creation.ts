/** Recognises creation data of this chain, so that EVM bytecode is refused by name and early. */

import { equalBytes } from '../../primitives/bytes.ts';
import { RpcError } from '../errors.ts';

/** First four bytes of every creation: 0xEF 'W' 'A' and version 1. */
const creationMagic = Uint8Array.of(0xef, 0x57, 0x41, 0x01);

/** @throws RpcError for a creation (`to` undefined) whose data lacks the prefix. */
export function checkCreation(to: Uint8Array | undefined, data: Uint8Array): void {
  if (to !== undefined || equalBytes(data.subarray(0, 4), creationMagic)) return;
  throw new RpcError(
    'server',
    data.length === 0
      ? 'contract creation without any data provided: send the bytecode of the artifact, or set "to"'
      : 'this is EVM bytecode; build with dodona contract build',
    { code: 'not-wasm' },
  );
}
