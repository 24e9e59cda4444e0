/**
 * Private keys at rest: Web3 Secret Storage version 3, as geth, MetaMask and ethers read it.
 * AES-128-CTR under a key from scrypt (or PBKDF2 in files of others), checked by a Keccak-256 MAC.
 */

import {
  createCipheriv,
  createDecipheriv,
  pbkdf2,
  randomBytes,
  randomUUID,
  scrypt,
} from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { scryptAsync as scryptOfNoble } from '@noble/hashes/scrypt.js';
import { concat, equalBytes, fromHex, toHex } from '../primitives/bytes.ts';
import { nobleCrypto } from '../primitives/crypto.ts';
import { addressOfPrivateKey } from '../primitives/keys.ts';

/** Cost of scrypt: 128 * n * r bytes of memory. */
export interface ScryptCost {
  readonly n: number;
  readonly r: number;
  readonly p: number;
}

/** What geth writes: 256 MiB and about a second for each guess. */
export const standardCost: ScryptCost = { n: 262_144, r: 8, p: 1 };

/** A file may ask for no more than this, or opening it would exhaust the machine. */
const memoryBytesMax = 1024 * 1024 * 1024;
const parallelMax = 64;
const iterationsMax = 10_000_000;

export type KeystoreFault = 'wrong-password' | 'keystore-invalid' | 'keystore-missing';

/** A key file that cannot be used; the message names what and the remedy, never a secret. */
export class KeystoreError extends Error {
  readonly code: KeystoreFault;
  constructor(code: KeystoreFault, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'KeystoreError';
    this.code = code;
  }
}

/** The JSON of a key file. */
export interface KeystoreFile {
  readonly version: 3;
  readonly id: string;
  /** Twenty bytes in hexadecimal without `0x`. */
  readonly address: string;
  readonly crypto: {
    readonly cipher: 'aes-128-ctr';
    readonly cipherparams: { readonly iv: string };
    readonly ciphertext: string;
    readonly kdf: 'scrypt';
    readonly kdfparams: ScryptCost & { readonly dklen: 32; readonly salt: string };
    readonly mac: string;
  };
}

const scryptOfNode = promisify<string, Uint8Array, number, object, Buffer>(scrypt);
const pbkdf2Async = promisify(pbkdf2);

function deriveScrypt(
  password: string,
  salt: Uint8Array,
  { n, r, p }: ScryptCost,
): Promise<Uint8Array> {
  const text = password.normalize('NFKC');
  const memoryBytes = 128 * r * (n + p + 2);
  // OpenSSL holds to n < 2^(16 r) of RFC 7914; the definition's own vector has n = 2^18, r = 1.
  if (n >= 2 ** (16 * r))
    return scryptOfNoble(text, salt, { N: n, r, p, dkLen: 32, maxmem: memoryBytes });
  return scryptOfNode(text, salt, 32, { N: n, r, p, maxmem: memoryBytes + 1024 * 1024 });
}

function macOf(derived: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  return nobleCrypto.keccak256(concat(derived.subarray(16, 32), ciphertext));
}

/** Encrypts a 32-byte private key. A lower `cost` is for tests alone. */
export async function encryptKey(
  privateKey: Uint8Array,
  password: string,
  cost: ScryptCost = standardCost,
): Promise<KeystoreFile> {
  const salt = randomBytes(32);
  const iv = randomBytes(16);
  const derived = await deriveScrypt(password, salt, cost);
  const cipher = createCipheriv('aes-128-ctr', derived.subarray(0, 16), iv);
  const ciphertext = concat(cipher.update(privateKey), cipher.final());
  return {
    version: 3,
    id: randomUUID(),
    address: toHex(addressOfPrivateKey(privateKey)),
    crypto: {
      cipher: 'aes-128-ctr',
      cipherparams: { iv: toHex(iv) },
      ciphertext: toHex(ciphertext),
      kdf: 'scrypt',
      kdfparams: { dklen: 32, ...cost, salt: toHex(salt) },
      mac: toHex(macOf(derived, ciphertext)),
    },
  };
}

type Json = Readonly<Record<string, unknown>>;

function invalid(problem: string): never {
  throw new KeystoreError('keystore-invalid', `key file: ${problem}`);
}

function section(from: Json, name: string): Json {
  // Some old wallets write "Crypto"; the definition calls it "crypto".
  const key = Object.keys(from).find((candidate) => candidate.toLowerCase() === name) ?? name;
  const value = from[key];
  if (typeof value !== 'object' || value === null) invalid(`${name} is missing`);
  return value as Json;
}

function hexOf(from: Json, name: string, length?: number): Uint8Array {
  const value = from[name];
  if (typeof value !== 'string' || !/^(0x)?([0-9a-fA-F]{2})*$/.test(value)) {
    invalid(`${name} is no hexadecimal text`);
  }
  const bytes = fromHex(value);
  if (length !== undefined && bytes.length !== length) {
    invalid(`${name} has ${bytes.length} bytes, ${length} are needed`);
  }
  return bytes;
}

function integerOf(from: Json, name: string, max: number): number {
  const value = from[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1 || value > max) {
    invalid(`${name} is ${String(value)}, an integer from 1 to ${max} is needed`);
  }
  return value;
}

async function deriveKey(crypto: Json, password: string): Promise<Uint8Array> {
  const parameters = section(crypto, 'kdfparams');
  const salt = hexOf(parameters, 'salt');
  if (parameters.dklen !== 32) invalid(`dklen is ${String(parameters.dklen)}, 32 is needed`);
  if (crypto.kdf === 'pbkdf2') {
    if (parameters.prf !== 'hmac-sha256') invalid(`prf ${String(parameters.prf)} is not supported`);
    const iterations = integerOf(parameters, 'c', iterationsMax);
    return pbkdf2Async(password.normalize('NFKC'), salt, iterations, 32, 'sha256');
  }
  if (crypto.kdf !== 'scrypt') invalid(`kdf ${String(crypto.kdf)} is neither scrypt nor pbkdf2`);
  const r = integerOf(parameters, 'r', 1_024);
  const n = integerOf(parameters, 'n', memoryBytesMax / (128 * r));
  if (n < 2 || Math.log2(n) % 1 !== 0) invalid(`n is ${n}, a power of two is needed`);
  return deriveScrypt(password, salt, { n, r, p: integerOf(parameters, 'p', parallelMax) });
}

/**
 * The 32-byte private key in the parsed JSON of a key file.
 * @throws KeystoreError `wrong-password`, or `keystore-invalid` naming the key that is wrong.
 */
export async function decryptKey(file: unknown, password: string): Promise<Uint8Array> {
  if (typeof file !== 'object' || file === null) invalid('no JSON object');
  const { version } = file as Json;
  if (version !== 3) invalid(`version ${String(version)} is not supported, 3 is needed`);
  const crypto = section(file as Json, 'crypto');
  if (crypto.cipher !== 'aes-128-ctr') invalid(`cipher ${String(crypto.cipher)} is not supported`);
  const ciphertext = hexOf(crypto, 'ciphertext', 32);
  const iv = hexOf(section(crypto, 'cipherparams'), 'iv', 16);
  const mac = hexOf(crypto, 'mac', 32);
  const derived = await deriveKey(crypto, password);
  if (!equalBytes(macOf(derived, ciphertext), mac)) {
    throw new KeystoreError('wrong-password', 'wrong password (or a damaged key file)');
  }
  const decipher = createDecipheriv('aes-128-ctr', derived.subarray(0, 16), iv);
  return concat(decipher.update(ciphertext), decipher.final());
}

/** A key file in a folder. */
export interface StoredKey {
  /** 20 bytes. */
  readonly address: Uint8Array;
  readonly path: string;
}

/**
 * Writes a key file that only its owner can read, named as geth names it.
 * @throws KeystoreError when the folder already has this account.
 */
export async function writeKeystore(
  directory: string,
  file: KeystoreFile,
  now: Date,
): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const present = await findKeystore(directory, fromHex(file.address));
  if (present !== undefined) {
    throw new KeystoreError('keystore-invalid', `account is already there: ${present.path}`);
  }
  const time = now.toISOString().replaceAll(':', '-').replace('Z', '000000Z');
  const path = join(directory, `UTC--${time}--${file.address}`);
  await writeFile(path, `${JSON.stringify(file)}\n`, { mode: 0o600, flag: 'wx' });
  return path;
}

/** Key files of a folder by name, which is by age; none when there is no folder. */
export async function listKeystores(directory: string): Promise<readonly StoredKey[]> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return names.sort().flatMap((name) => {
    const address = /^UTC--.+--([0-9a-f]{40})$/.exec(name)?.[1];
    return address === undefined
      ? []
      : [{ address: fromHex(address), path: join(directory, name) }];
  });
}

/** The key file of an account, if the folder has one. */
export async function findKeystore(
  directory: string,
  address: Uint8Array,
): Promise<StoredKey | undefined> {
  return (await listKeystores(directory)).find((key) => equalBytes(key.address, address));
}

/**
 * Opens an account's key.
 * @throws KeystoreError when there is none, the password is wrong or the file is not its own.
 */
export async function openKeystore(
  directory: string,
  address: Uint8Array,
  password: string,
): Promise<Uint8Array> {
  const found = await findKeystore(directory, address);
  if (found === undefined) {
    const problem = `no key of 0x${toHex(address)} in ${directory}: import it, or make a new account`;
    throw new KeystoreError('keystore-missing', problem);
  }
  let file: unknown;
  try {
    file = JSON.parse(await readFile(found.path, 'utf8'));
  } catch (error) {
    throw new KeystoreError('keystore-invalid', `${found.path} is no JSON`, error);
  }
  const privateKey = await decryptKey(file, password);
  if (!equalBytes(addressOfPrivateKey(privateKey), address)) {
    throw new KeystoreError('keystore-invalid', `${found.path} holds the key of another account`);
  }
  return privateKey;
}
