/** `dodona account new|list|import`: keys in the data folder, encrypted as geth encrypts them. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { fromHex } from '../../primitives/bytes.ts';
import { addressOfPrivateKey, checksumAddress } from '../../primitives/keys.ts';
import type { Invocation, Terminal } from '../command-line.ts';
import {
  decryptKey,
  encryptKey,
  KeystoreError,
  listKeystores,
  type ScryptCost,
  standardCost,
  writeKeystore,
} from '../keystore.ts';
import { UsageError } from '../resolve-settings.ts';
import type { Settings } from '../settings.ts';

/** Folder of the key files of a node. */
export function keysDirectory(settings: Pick<Settings, 'datadir'>): string {
  return join(settings.datadir, 'keys');
}

/** The password of an existing key: from --password-file, else asked for once. */
export async function askPassword(invocation: Invocation, terminal: Terminal): Promise<string> {
  const file = invocation.options['password-file'];
  if (typeof file !== 'string') return terminal.askSecret('Password: ');
  try {
    return (await readFile(file, 'utf8')).split(/\r?\n/, 1)[0] as string;
  } catch (error) {
    throw new UsageError(`password file ${file} cannot be read`, error);
  }
}

/** A password for a new key, typed twice when it is typed. */
async function choosePassword(invocation: Invocation, terminal: Terminal): Promise<string> {
  const password = await askPassword(invocation, terminal);
  if (password === '') throw new UsageError('the password is empty: anybody could use the key');
  if (invocation.options['password-file'] !== undefined) return password;
  if ((await terminal.askSecret('Again: ')) !== password) {
    throw new UsageError('the two passwords differ: nothing was written');
  }
  return password;
}

/** The account commands, with the cost of encryption as their one parameter. */
export function accountCommands(cost: ScryptCost = standardCost) {
  const store = async (
    privateKey: Uint8Array,
    password: string,
    { settings }: Invocation,
    terminal: Terminal,
  ): Promise<number> => {
    const file = await encryptKey(privateKey, password, cost);
    const path = await writeKeystore(keysDirectory(settings.values), file, new Date());
    terminal.write(`${checksumAddress(addressOfPrivateKey(privateKey))}\n`);
    terminal.writeError(`Key file ${path}\nKeep it and its password: nobody can restore them.\n`);
    return 0;
  };

  const create = async (invocation: Invocation, terminal: Terminal): Promise<number> => {
    const password = await choosePassword(invocation, terminal);
    return store(secp256k1.utils.randomSecretKey(), password, invocation, terminal);
  };

  const list = async ({ settings, options }: Invocation, terminal: Terminal): Promise<number> => {
    const stored = await listKeystores(keysDirectory(settings.values));
    const accounts = stored.map(({ address, path }) => ({
      address: checksumAddress(address),
      path,
    }));
    if (options.json) terminal.write(`${JSON.stringify(accounts)}\n`);
    else for (const { address, path } of accounts) terminal.write(`${address}  ${path}\n`);
    if (accounts.length === 0) {
      const folder = keysDirectory(settings.values);
      terminal.writeError(`No accounts in ${folder}: make one with 'dodona account new'.\n`);
    }
    return 0;
  };

  const take = async (invocation: Invocation, terminal: Terminal): Promise<number> => {
    const path = invocation.words[0] as string;
    let text: string;
    try {
      text = (await readFile(path, 'utf8')).trim();
    } catch (error) {
      throw new UsageError(`${path} cannot be read`, error);
    }
    if (/^(0x)?[0-9a-fA-F]{64}$/.test(text)) {
      const password = await choosePassword(invocation, terminal);
      return store(fromHex(text), password, invocation, terminal);
    }
    const password = await askPassword(invocation, terminal);
    return store(
      await decryptKey(parseKeyFile(path, text), password),
      password,
      invocation,
      terminal,
    );
  };

  return { create, list, take };
}

function parseKeyFile(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const problem = `${path} is neither a key file (JSON) nor 64 hexadecimal digits`;
    throw new KeystoreError('keystore-invalid', problem, error);
  }
}
