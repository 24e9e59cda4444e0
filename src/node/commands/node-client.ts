/** What commands that talk to a running node share: its address, its token, its chain. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { httpTransport, type Transport } from '../../oracle/transport.ts';
import { Wallet } from '../../oracle/wallet.ts';
import { toHex } from '../../primitives/bytes.ts';
import { parseAddress } from '../../primitives/keys.ts';
import { type Account, demonstrationAccounts, testAccounts } from '../accounts.ts';
import type { Invocation, Terminal } from '../command-line.ts';
import { listKeystores, openKeystore } from '../keystore.ts';
import { UsageError } from '../resolve-settings.ts';
import type { Settings } from '../settings.ts';
import { askPassword, keysDirectory } from './account.ts';

/** The bearer token, when the node keeps its data on this machine. */
async function readToken(settings: Settings): Promise<string | undefined> {
  try {
    return (await readFile(join(settings.datadir, 'rpc.token'), 'utf8')).trim();
  } catch {
    return undefined;
  }
}

/** JSON-RPC of the node that the settings point to. */
export async function nodeTransport(settings: Settings): Promise<Transport> {
  const url = `http://${settings['rpc.host']}:${settings['rpc.port']}`;
  return httpTransport(url, await readToken(settings));
}

async function isDevelopment(transport: Transport): Promise<boolean> {
  const accounts = (await transport.request('eth_accounts', []).catch(() => [])) as unknown[];
  return accounts.length > 0;
}

/** A key of the key folder, decrypted. */
async function storedKey(
  address: Uint8Array | undefined,
  invocation: Invocation,
  terminal: Terminal,
): Promise<Uint8Array | undefined> {
  const stored = await listKeystores(keysDirectory(invocation.settings.values));
  const found = stored.find(
    (entry) => address === undefined || toHex(entry.address) === toHex(address),
  );
  if (found === undefined) return undefined;
  const folder = keysDirectory(invocation.settings.values);
  return openKeystore(folder, found.address, await askPassword(invocation, terminal));
}

/**
 * The wallet of `--from`: a key of the key folder, or on development networks a test account.
 * @throws UsageError when there is no such key
 */
export async function walletOf(
  transport: Transport,
  invocation: Invocation,
  terminal: Terminal,
): Promise<Wallet> {
  const { from } = invocation.options;
  const address = typeof from === 'string' ? parseFrom(from) : undefined;
  const chainId = Number(await transport.request('eth_chainId', []));
  if (await isDevelopment(transport)) {
    const known: readonly Account[] = [...testAccounts(), ...demonstrationAccounts()];
    const account =
      address === undefined
        ? known[0]
        : known.find((entry) => toHex(entry.address) === toHex(address));
    if (account !== undefined) return new Wallet(transport, account.privateKey, chainId);
  }
  const key = await storedKey(address, invocation, terminal);
  if (key === undefined) {
    throw new UsageError(
      `no key for ${from ?? 'sending'}: make one with 'dodona account new' or import one`,
    );
  }
  return new Wallet(transport, key, chainId);
}

function parseFrom(text: string): Uint8Array {
  try {
    return parseAddress(text);
  } catch (error) {
    throw new UsageError(`--from: ${(error as Error).message}`);
  }
}
