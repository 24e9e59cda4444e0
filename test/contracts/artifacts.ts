/** The committed contracts and their fixed addresses, as tests use them. */

import { readFileSync } from 'node:fs';
import { type Abi, encodeAbiParameters, getAddress, type Hex } from 'viem';
import { fromHex } from '../../src/primitives/bytes.ts';
import type { Target } from '../support/contract-chain.ts';

export interface Artifact {
  readonly _format: string;
  readonly contractName: string;
  readonly abi: Abi;
  readonly bytecode: Hex;
  readonly deployedBytecode: Hex;
}

const genesisDirectory = new URL('../../genesis/', import.meta.url);

export const addresses = JSON.parse(
  readFileSync(new URL('../../native/contracts/addresses.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, Hex>>;

export function readArtifact(name: string): Artifact {
  return JSON.parse(readFileSync(new URL(`artifacts/${name}.json`, genesisDirectory), 'utf8'));
}

export function moduleOf(name: string): Uint8Array {
  return fromHex(readArtifact(name).deployedBytecode);
}

export function targetOf(name: string): Target {
  return { address: addresses[name] as Hex, abi: readArtifact(name).abi };
}

export function encodeConstructor(name: string, values: readonly unknown[]): Hex {
  const construction = readArtifact(name).abi.find((item) => item.type === 'constructor');
  return encodeAbiParameters(construction?.inputs ?? [], values);
}

/** A checksummed address from a small number. */
export function account(number: number): Hex {
  return getAddress(`0x${number.toString(16).padStart(40, '0')}`);
}
