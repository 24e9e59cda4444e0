/** Genesis files for tests: the devnet's contracts and money, at another pace. */

import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildGenesisFile } from '../../scripts/build-genesis.ts';
import { devnet, type NetworkDescription } from '../../scripts/genesis-networks.ts';

const genesisFolder = fileURLToPath(new URL('../../genesis/', import.meta.url));

/** The devnet with a block every `intervalMs`, or `transactionMs` after a transaction. */
export function fastDevnet(
  pace: { readonly intervalMs: number; readonly transactionMs: number },
  changes: Partial<NetworkDescription> = {},
): NetworkDescription {
  return { ...devnet, name: 'testnet', parameters: { ...devnet.parameters, pace }, ...changes };
}

/** Writes the genesis file of `network` with the modules it names; returns its path. */
export function writeNetwork(folder: string, network: NetworkDescription): string {
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(genesisFolder)) {
    if (file.endsWith('.wasm')) copyFileSync(join(genesisFolder, file), join(folder, file));
  }
  const path = join(folder, `${network.name}.json`);
  writeFileSync(path, buildGenesisFile(network));
  return path;
}
