/**
 * The genesis file: what a network agrees on before its first block. Its canonical hash
 * (RFC 8785 JSON without `id`, SHA-256) is in the genesis record and in every protocol id,
 * so that networks cannot mix.
 */

import { fromHex, utf8 } from './bytes.ts';
import type { Crypto } from './crypto.ts';
import { parseAddress } from './keys.ts';
import { limits } from './limits.ts';

export interface GenesisContract {
  readonly name: string;
  /** 20 bytes. */
  readonly address: Uint8Array;
  /** File name in the folder of the genesis file. */
  readonly wasm: string;
  /** Keccak-256 of the module's bytes. */
  readonly codeHash: Uint8Array;
  /** ABI-encoded constructor arguments; empty for none. */
  readonly constructorArguments: Uint8Array;
}

export interface Genesis {
  readonly name: string;
  readonly chainId: number;
  /** Display form (`0x`, byte-reversed) of the genesis block's id, when the file names it. */
  readonly expectedId: string | undefined;
  /** Seconds since 1970. */
  readonly time: number;
  readonly bits: number;
  readonly gasLimit: number;
  readonly consensus: { readonly protocol: string; readonly parameters: unknown };
  /** Subsidy of block 1 in acorns; consortia have 0. */
  readonly reward: bigint;
  /** Receives a tenth of the subsidy. */
  readonly oracleFund: Uint8Array;
  readonly allocations: readonly { readonly address: Uint8Array; readonly balance: bigint }[];
  readonly contracts: readonly GenesisContract[];
  /** Height -> version of the gas table, ascending, first at 0. */
  readonly forks: readonly { readonly height: number; readonly gasTable: number }[];
  readonly bootstrap: readonly string[];
  /** A development network: fixed test accounts, `eth_sendTransaction`, no peers needed to mine. */
  readonly development: boolean;
  /** SHA-256 of the canonical form, 32 bytes: the network's identity. */
  readonly hash: Uint8Array;
}

/** RFC 8785 for the values that a genesis file holds: strings, safe integers, booleans, null, lists, objects. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
    return `{${members.join(',')}}`;
  }
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new RangeError(`genesis numbers are integers below 2^53, not ${value}: write it as text`);
  }
  return JSON.stringify(value);
}

/** A genesis file that cannot be used; the message names the key and the remedy. */
export class GenesisError extends Error {
  readonly code = 'genesis-invalid';
  constructor(message: string) {
    super(message);
    this.name = 'GenesisError';
  }
}

type Json = Record<string, unknown>;

function member(
  object: Json,
  name: string,
  type: 'string' | 'number' | 'object' | 'boolean',
): unknown {
  const value = object[name];
  if (typeof value !== type || value === null)
    throw new GenesisError(`genesis.${name} must be a ${type}`);
  return value;
}

function integer(object: Json, name: string, max: number): number {
  const value = member(object, name, 'number') as number;
  if (!Number.isSafeInteger(value) || value < 0 || value > max) {
    throw new GenesisError(`genesis.${name} is ${value}: an integer from 0 to ${max} is needed`);
  }
  return value;
}

function amount(value: unknown, name: string): bigint {
  if (typeof value !== 'string' || !/^[0-9]{1,40}$/.test(value)) {
    throw new GenesisError(`genesis.${name} must be a decimal number of acorns as text`);
  }
  return BigInt(value);
}

function hexBytes(value: unknown, name: string, length?: number): Uint8Array {
  if (typeof value !== 'string' || !value.startsWith('0x'))
    throw new GenesisError(`genesis.${name} must be 0x hex`);
  const bytes = fromHex(value);
  if (length !== undefined && bytes.length !== length) {
    throw new GenesisError(`genesis.${name} has ${bytes.length} bytes, ${length} are needed`);
  }
  return bytes;
}

function address(value: unknown, name: string): Uint8Array {
  try {
    return parseAddress(String(value));
  } catch (error) {
    throw new GenesisError(`genesis.${name}: ${(error as Error).message}`);
  }
}

function list(object: Json, name: string): Json[] {
  const value = object[name];
  if (!Array.isArray(value)) throw new GenesisError(`genesis.${name} must be a list`);
  return value as Json[];
}

const knownKeys = [
  'name',
  'id',
  'chainId',
  'time',
  'bits',
  'gasLimit',
  'consensus',
  'reward',
  'oracleFund',
  'allocations',
  'contracts',
  'forks',
  'bootstrap',
  'development',
  'governance',
];

/**
 * Reads a parsed genesis file.
 * @throws GenesisError naming the key that is missing, unknown or out of range.
 */
export function parseGenesis(json: unknown, crypto: Crypto): Genesis {
  if (typeof json !== 'object' || json === null)
    throw new GenesisError('genesis must be a JSON object');
  const object = json as Json;
  for (const name of Object.keys(object)) {
    if (!knownKeys.includes(name)) throw new GenesisError(`genesis.${name} is unknown: remove it`);
  }
  const { id, ...identity } = object;
  const consensus = member(object, 'consensus', 'object') as Json;
  const allocations = Object.entries(member(object, 'allocations', 'object') as Json).map(
    ([account, balance]) => ({
      address: address(account, 'allocations'),
      balance: amount(balance, `allocations.${account}`),
    }),
  );
  const total = allocations.reduce((sum, entry) => sum + entry.balance, 0n);
  if (total >= 1n << 120n)
    throw new GenesisError('genesis.allocations sum to 2^120 acorns or more');
  const forks = list(object, 'forks').map((fork) => ({
    height: integer(fork, 'height', Number.MAX_SAFE_INTEGER),
    gasTable: integer(fork, 'gasTable', 255),
  }));
  if (forks[0]?.height !== 0) throw new GenesisError('genesis.forks must begin at height 0');
  return {
    name: member(object, 'name', 'string') as string,
    chainId: integer(object, 'chainId', limits.chainIdMax),
    expectedId: id === undefined ? undefined : (member(object, 'id', 'string') as string),
    time: integer(object, 'time', 0xffffffff),
    bits: Number(member(object, 'bits', 'string')),
    gasLimit: integer(object, 'gasLimit', 1_000_000_000),
    consensus: {
      protocol: member(consensus, 'protocol', 'string') as string,
      parameters: consensus.parameters ?? {},
    },
    reward: amount(object.reward, 'reward'),
    oracleFund: address(object.oracleFund, 'oracleFund'),
    allocations,
    contracts: list(object, 'contracts').map((contract) => ({
      name: member(contract, 'name', 'string') as string,
      address: address(contract.address, 'contracts.address'),
      wasm: member(contract, 'wasm', 'string') as string,
      codeHash: hexBytes(contract.codeHash, 'contracts.codeHash', 32),
      constructorArguments: hexBytes(contract.constructor ?? '0x', 'contracts.constructor'),
    })),
    forks,
    bootstrap: list(object, 'bootstrap').map(String),
    development: object.development === true,
    hash: crypto.sha256(utf8(canonicalJson(identity))),
  };
}
