/**
 * The genesis file: what a network agrees on before its first block. Its canonical hash
 * (RFC 8785 JSON without `id`, SHA-256) is in the genesis record and in every protocol id,
 * so that networks cannot mix.
 */

import { bigintFromBytes, emptyBytes, fromHex, toHex, utf8 } from './bytes.ts';
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
  /** The contract whose list of members says who may vote on the next block of a consortium. */
  readonly governance?: Uint8Array;
  readonly allocations: readonly { readonly address: Uint8Array; readonly balance: bigint }[];
  readonly contracts: readonly GenesisContract[];
  /**
   * Keccak-256 of every module that belongs to the network: those of its contracts, and those which these
   * carry inside and deploy. Nodes keep them compiled for ever.
   */
  readonly codeHashes: readonly Uint8Array[];
  /** Height -> version of the gas table, ascending, first at 0. */
  readonly forks: readonly { readonly height: number; readonly gasTable: number }[];
  readonly bootstrap: readonly string[];
  /** A development network: fixed test accounts, `eth_sendTransaction`, no peers needed to mine. */
  readonly development: boolean;
  /** SHA-256 of the canonical form, 32 bytes: the network's identity. */
  readonly hash: Uint8Array;
}

/**
 * RFC 8785 for the values that a genesis file holds: strings, safe integers, booleans, null, lists,
 * objects. Members are sorted by UTF-16 code units, which is what `<` compares.
 * @throws RangeError on another number, and on half a surrogate pair, which has no UTF-8 form.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, member]) => `${quote(name)}:${canonicalJson(member)}`);
    return `{${members.join(',')}}`;
  }
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new RangeError(`genesis numbers are integers below 2^53, not ${value}: write it as text`);
  }
  return JSON.stringify(value);
}

function quote(text: string): string {
  if (/\p{Surrogate}/u.test(text)) {
    throw new RangeError(`genesis text ${JSON.stringify(text)} has half a surrogate pair`);
  }
  return JSON.stringify(text);
}

/** A genesis file that cannot be used; the message names the key and the remedy. */
export class GenesisError extends Error {
  readonly code = 'genesis-invalid';
  constructor(message: string) {
    super(message);
    this.name = 'GenesisError';
  }
}

type Json = Readonly<Record<string, unknown>>;

/** One object of the file with its path, so that every message names the whole key. */
interface Section {
  readonly path: string;
  readonly members: Json;
}

function fail(path: string, problem: string): never {
  throw new GenesisError(`${path} ${problem}`);
}

/** `value` as an object whose keys are all in `known`. */
function section(value: unknown, path: string, known: readonly string[]): Section {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    fail(path, 'must be a JSON object');
  }
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) {
      fail(`${path}.${name}`, `is unknown: remove it (known here: ${known.join(', ')})`);
    }
  }
  return { path, members: value as Json };
}

/** An own member: a missing `constructor` must not read as Object.prototype's. */
function own({ members }: Section, name: string): unknown {
  return Object.hasOwn(members, name) ? members[name] : undefined;
}

function text(from: Section, name: string): string {
  const value = own(from, name);
  if (typeof value !== 'string' || value === '') fail(`${from.path}.${name}`, 'must be a text');
  return value;
}

function flag(from: Section, name: string): boolean {
  const value = own(from, name) ?? false;
  if (typeof value !== 'boolean') fail(`${from.path}.${name}`, 'must be true or false');
  return value;
}

function integer(from: Section, name: string, max: number): number {
  const value = own(from, name);
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > max) {
    fail(
      `${from.path}.${name}`,
      `is ${JSON.stringify(value)}: an integer from 0 to ${max} is needed`,
    );
  }
  return value;
}

function amount(from: Section, name: string): bigint {
  const value = own(from, name);
  if (typeof value !== 'string' || !/^[0-9]{1,40}$/.test(value)) {
    fail(`${from.path}.${name}`, 'must be a decimal number of acorns as text');
  }
  return BigInt(value);
}

function hexValue(value: unknown, path: string, length?: number): Uint8Array {
  if (typeof value !== 'string' || !/^0x([0-9a-fA-F]{2})*$/.test(value)) {
    fail(path, 'must be 0x and whole bytes of hexadecimal digits');
  }
  const bytes = fromHex(value);
  if (length !== undefined && bytes.length !== length) {
    fail(path, `has ${bytes.length} bytes, ${length} are needed`);
  }
  return bytes;
}

function hexBytes(from: Section, name: string, length?: number): Uint8Array {
  return hexValue(own(from, name), `${from.path}.${name}`, length);
}

function address(value: unknown, path: string): Uint8Array {
  try {
    return parseAddress(String(value));
  } catch (error) {
    fail(path, (error as Error).message);
  }
}

function list(from: Section, name: string): readonly unknown[] {
  const value = own(from, name);
  if (!Array.isArray(value)) fail(`${from.path}.${name}`, 'must be a list');
  return value;
}

function parseAllocations(from: Section): Genesis['allocations'] {
  const path = `${from.path}.allocations`;
  const balances = own(from, 'allocations');
  const names = typeof balances === 'object' && balances !== null ? Object.keys(balances) : [];
  const entries = section(balances, path, names);
  const seen = new Set<string>();
  let total = 0n;
  const allocations = names.map((name) => {
    const account = address(name, path);
    if (seen.has(toHex(account))) fail(`${path}.${name}`, 'stands there twice: merge the amounts');
    seen.add(toHex(account));
    const balance = amount(entries, name);
    total += balance;
    return { address: account, balance };
  });
  if (total >= 1n << 120n) fail(path, 'sum to 2^120 acorns or more: balances could overflow');
  return allocations;
}

function parseForks(from: Section): Genesis['forks'] {
  const path = `${from.path}.forks`;
  const forks = list(from, 'forks').map((value, index) => {
    const fork = section(value, `${path}[${index}]`, ['height', 'gasTable']);
    return {
      height: integer(fork, 'height', Number.MAX_SAFE_INTEGER),
      gasTable: integer(fork, 'gasTable', 255),
    };
  });
  if (forks[0]?.height !== 0) fail(path, 'must begin at height 0');
  forks.reduce((previous, fork) => {
    if (fork.height <= previous.height) fail(path, `must ascend: ${fork.height} does not`);
    return fork;
  });
  return forks;
}

function parseContract(value: unknown, path: string): GenesisContract {
  const contract = section(value, path, ['name', 'address', 'wasm', 'codeHash', 'constructor']);
  return {
    name: text(contract, 'name'),
    address: address(own(contract, 'address'), `${path}.address`),
    wasm: text(contract, 'wasm'),
    codeHash: hexBytes(contract, 'codeHash', 32),
    constructorArguments:
      own(contract, 'constructor') === undefined ? emptyBytes : hexBytes(contract, 'constructor'),
  };
}

/** Modules that the contracts of the file deploy: a list of hashes, which may be missing. */
function parseDeployedCode(from: Section): Uint8Array[] {
  if (own(from, 'deployedCode') === undefined) return [];
  return list(from, 'deployedCode').map((value, index) =>
    hexValue(value, `${from.path}.deployedCode[${index}]`, 32),
  );
}

function parseConsensus(from: Section): Genesis['consensus'] {
  const keys = ['protocol', 'parameters'];
  const consensus = section(own(from, 'consensus'), `${from.path}.consensus`, keys);
  return { protocol: text(consensus, 'protocol'), parameters: own(consensus, 'parameters') ?? {} };
}

function parseBootstrap(from: Section): Genesis['bootstrap'] {
  return list(from, 'bootstrap').map((value, index) => {
    if (typeof value !== 'string') fail(`${from.path}.bootstrap[${index}]`, 'must be a multiaddr');
    return value;
  });
}

function hashOf(identity: Json, crypto: Crypto): Uint8Array {
  try {
    return crypto.sha256(utf8(canonicalJson(identity)));
  } catch (error) {
    throw new GenesisError((error as Error).message);
  }
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
  'deployedCode',
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
  const genesis = section(json, 'genesis', knownKeys);
  const { id, ...identity } = genesis.members;
  const bits = bigintFromBytes(hexBytes(genesis, 'bits', 4));
  const governance = own(genesis, 'governance');
  const contracts = list(genesis, 'contracts').map((value, index) =>
    parseContract(value, `genesis.contracts[${index}]`),
  );
  return {
    name: text(genesis, 'name'),
    chainId: integer(genesis, 'chainId', limits.chainIdMax),
    expectedId: id === undefined ? undefined : `0x${toHex(hexBytes(genesis, 'id', 32))}`,
    time: integer(genesis, 'time', 0xffffffff),
    bits: Number(bits),
    gasLimit: integer(genesis, 'gasLimit', 1_000_000_000),
    consensus: parseConsensus(genesis),
    reward: amount(genesis, 'reward'),
    oracleFund: address(own(genesis, 'oracleFund'), 'genesis.oracleFund'),
    ...(governance === undefined ? {} : { governance: address(governance, 'genesis.governance') }),
    allocations: parseAllocations(genesis),
    contracts,
    codeHashes: [...contracts.map(({ codeHash }) => codeHash), ...parseDeployedCode(genesis)],
    forks: parseForks(genesis),
    bootstrap: parseBootstrap(genesis),
    development: flag(genesis, 'development'),
    hash: hashOf(identity, crypto),
  };
}
