/** The file that viem, ethers and Hardhat deploy from: `hh-sol-artifact-1`. */

import type { Abi, Hex } from 'viem';
import { toHex } from '../../primitives/bytes.ts';
import { encodeCreation } from '../../vm/creation.ts';

export interface Artifact {
  readonly _format: 'hh-sol-artifact-1';
  readonly contractName: string;
  readonly sourceName: string;
  readonly abi: Abi;
  /** Creation data without constructor arguments. */
  readonly bytecode: Hex;
  /** The module. */
  readonly deployedBytecode: Hex;
  readonly linkReferences: Readonly<Record<string, never>>;
  readonly deployedLinkReferences: Readonly<Record<string, never>>;
}

export interface CompiledContract {
  readonly name: string;
  /** Path of its source, as the artifact shows it. */
  readonly sourceName: string;
  readonly abi: Abi;
  readonly wasm: Uint8Array;
}

export function artifactOf({ name, sourceName, abi, wasm }: CompiledContract): Artifact {
  return {
    _format: 'hh-sol-artifact-1',
    contractName: name,
    sourceName,
    abi,
    bytecode: `0x${toHex(encodeCreation(wasm))}`,
    deployedBytecode: `0x${toHex(wasm)}`,
    linkReferences: {},
    deployedLinkReferences: {},
  };
}

export function artifactText(artifact: Artifact): string {
  return `${JSON.stringify(artifact, null, 2)}\n`;
}

/** An artifact from a file's text. @throws Error that says what `path` is not. */
export function parseArtifact(path: string, text: string): Artifact {
  let value: Partial<Artifact> | null;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${path} is no JSON: give the artifact that 'dodona contract build' wrote`, {
      cause: error,
    });
  }
  if (!Array.isArray(value?.abi) || !/^0x([0-9a-f]{2})*$/i.test(value.bytecode ?? '')) {
    throw new Error(`${path} is no artifact: abi or bytecode is missing`);
  }
  if (!value.bytecode?.toLowerCase().startsWith('0xef574101')) {
    throw new Error(`${path} holds EVM bytecode: build the contract with 'dodona contract build'`);
  }
  return value as Artifact;
}
