/**
 * Every setting of the node in one typed table. Flag, environment variable, key of the TOML file,
 * default, help text and check are all derived from a line of it: one name, four spellings.
 * Precedence: default < file < environment < flag.
 */

import { basename, join } from 'node:path';
import { parseAddress } from '../primitives/keys.ts';

/** What defaults may depend on besides the settings before them. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cores: number;
  readonly homeDirectory: string;
  /** @throws with `code` ENOENT and the like. */
  readFile(path: string): string;
}

export interface Settings {
  readonly config: string | undefined;
  readonly network: 'devnet' | 'mainnet';
  readonly genesis: string | undefined;
  readonly datadir: string;
  readonly instance: number;
  readonly demo: boolean;
  readonly 'rpc.host': string;
  readonly 'rpc.port': number;
  readonly 'rpc.allowed-hosts': readonly string[];
  readonly 'p2p.host': string;
  readonly 'p2p.port': number;
  readonly bootnodes: readonly string[];
  readonly 'p2p.mdns': boolean;
  readonly mine: boolean;
  readonly 'mine.threads': number;
  readonly 'mine.core': 'auto' | 'simd' | 'scalar' | 'noble';
  readonly 'mine.beneficiary': string | undefined;
  readonly 'stratum.port': number;
  readonly 'log.level': 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';
  readonly 'log.json': boolean;
}
export type SettingName = keyof Settings;

export const settingGroups = ['Chain', 'JSON-RPC', 'Peers', 'Mining', 'Logging'] as const;

export interface Setting<Value> {
  readonly group: (typeof settingGroups)[number];
  readonly help: string;
  /** Stands for the value in help texts; absent for switches. */
  readonly placeholder?: string;
  /** A path: in a file it counts from the folder of that file, so that both can be moved. */
  readonly isPath?: boolean;
  /** Key in the file, where it is not the flag's name. */
  readonly key?: string;
  readonly fallback: (known: Partial<Settings>, surroundings: Surroundings) => Value;
  /** The default in help texts, where it is no constant. */
  readonly fallbackText?: string;
  /** @throws Error that says what is needed. */
  readonly parse: (text: string) => Value;
}

function parseSwitch(text: string): boolean {
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  throw new Error('true or false is needed');
}

const integerBetween = (min: number, max: number) => (text: string) => {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || value < min || value > max) {
    throw new Error(`an integer from ${min} to ${max} is needed`);
  }
  return value;
};

const port = integerBetween(0, 65_535);

function oneOf<const Choice extends string>(...choices: readonly Choice[]) {
  return (text: string): Choice => {
    const found = choices.find((choice) => choice === text);
    if (found === undefined) throw new Error(`one of ${choices.join(', ')} is needed`);
    return found;
  };
}

function nonEmpty(text: string): string {
  if (text.trim() === '') throw new Error('a text is needed');
  return text;
}

const parseList = (text: string): readonly string[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');

function parseMultiaddrs(text: string): readonly string[] {
  const entries = parseList(text);
  const wrong = entries.find((entry) => !/^\/.+\/p2p\/[^/]+$/.test(entry));
  if (wrong !== undefined) {
    throw new Error(
      `"${wrong}" is none; multiaddrs such as /ip4/10.0.0.1/tcp/30333/p2p/12D3K... are`,
    );
  }
  return entries;
}

function parseBeneficiary(text: string): string | undefined {
  parseAddress(text);
  return text;
}

/** `$XDG_DATA_HOME/dodona/<network>`, else `~/.local/share/dodona/<network>`. */
function dataDirectory(known: Partial<Settings>, { environment, homeDirectory }: Surroundings) {
  const root = environment.XDG_DATA_HOME || join(homeDirectory, '.local', 'share');
  const network =
    known.genesis === undefined ? (known.network as string) : basename(known.genesis, '.json');
  return join(root, 'dodona', network);
}

const onDevnet = (known: Partial<Settings>): boolean =>
  known.genesis === undefined && known.network === 'devnet';

/** In the order of help; a default may look at the settings above it. */
export const settingsTable: { readonly [Name in SettingName]: Setting<Settings[Name]> } = {
  config: {
    group: 'Chain',
    help: 'TOML file with any of these settings',
    placeholder: 'FILE',
    fallback: () => undefined,
    parse: nonEmpty,
  },
  network: {
    group: 'Chain',
    help: 'network to join: devnet or mainnet',
    placeholder: 'NAME',
    fallback: () => 'devnet',
    parse: oneOf('devnet', 'mainnet'),
  },
  genesis: {
    group: 'Chain',
    help: 'genesis file of another network, in place of --network',
    placeholder: 'FILE',
    isPath: true,
    fallback: () => undefined,
    parse: nonEmpty,
  },
  datadir: {
    group: 'Chain',
    help: 'folder with chain, keys and peers',
    placeholder: 'FOLDER',
    isPath: true,
    fallback: dataDirectory,
    fallbackText: '$XDG_DATA_HOME/dodona/<network>, else ~/.local/share/dodona/<network>',
    parse: nonEmpty,
  },
  instance: {
    group: 'Chain',
    help: 'number of this node on the machine: added to every port, appended to the data folder',
    placeholder: 'N',
    fallback: () => 0,
    parse: integerBetween(0, 99),
  },
  demo: {
    group: 'Chain',
    help: 'run five demonstration reporters (development networks only)',
    fallback: onDevnet,
    fallbackText: 'true on devnet',
    parse: parseSwitch,
  },
  'rpc.host': {
    group: 'JSON-RPC',
    help: 'address to listen on; other than loopback, anyone in reach may read',
    placeholder: 'HOST',
    fallback: () => '127.0.0.1',
    parse: nonEmpty,
  },
  'rpc.port': {
    group: 'JSON-RPC',
    help: 'port for HTTP, WebSocket and the explorer (0: any free one)',
    placeholder: 'PORT',
    fallback: () => 8545,
    parse: port,
  },
  'rpc.allowed-hosts': {
    group: 'JSON-RPC',
    help: 'host names accepted besides localhost and the loopback addresses',
    placeholder: 'A,B',
    fallback: () => [],
    parse: parseList,
  },
  'p2p.host': {
    group: 'Peers',
    help: 'address to listen on',
    placeholder: 'HOST',
    fallback: (known) => (onDevnet(known) ? '127.0.0.1' : '0.0.0.0'),
    fallbackText: '0.0.0.0; 127.0.0.1 on devnet',
    parse: nonEmpty,
  },
  'p2p.port': {
    group: 'Peers',
    help: 'port for other nodes (0: any free one)',
    placeholder: 'PORT',
    fallback: () => 30_333,
    parse: port,
  },
  bootnodes: {
    group: 'Peers',
    key: 'p2p.bootnodes',
    help: 'multiaddrs of first peers, besides those of the genesis file',
    placeholder: 'A,B',
    fallback: () => [],
    parse: parseMultiaddrs,
  },
  'p2p.mdns': {
    group: 'Peers',
    help: 'find nodes of this network in the local network',
    // Two people who try the devnet in one office want two chains, not one that swallows the other.
    fallback: (known) => !onDevnet(known),
    fallbackText: 'true except on devnet',
    parse: parseSwitch,
  },
  mine: {
    group: 'Mining',
    key: 'mine.enabled',
    help: 'mine with this machine',
    fallback: onDevnet,
    fallbackText: 'true on devnet',
    parse: parseSwitch,
  },
  'mine.threads': {
    group: 'Mining',
    help: 'threads that search for work',
    placeholder: 'N',
    fallback: (_, { cores }) => Math.max(1, cores - 1),
    fallbackText: 'cores - 1, at least 1',
    parse: integerBetween(1, 256),
  },
  'mine.core': {
    group: 'Mining',
    help: 'hash core: auto, simd, scalar, or noble where WebAssembly is not wanted',
    placeholder: 'NAME',
    fallback: () => 'auto',
    parse: oneOf('auto', 'simd', 'scalar', 'noble'),
  },
  'mine.beneficiary': {
    group: 'Mining',
    help: 'address that receives what is mined',
    placeholder: 'ADDRESS',
    fallback: () => undefined,
    fallbackText: 'the first test account, on devnet',
    parse: parseBeneficiary,
  },
  'stratum.port': {
    group: 'Mining',
    help: 'port for SHA-256d miners on 127.0.0.1 (0: any free one)',
    placeholder: 'PORT',
    fallback: () => 3_333,
    parse: port,
  },
  'log.level': {
    group: 'Logging',
    help: 'fatal, error, warn, info, debug or trace',
    placeholder: 'LEVEL',
    fallback: () => 'info',
    parse: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace'),
  },
  'log.json': {
    group: 'Logging',
    help: 'JSON lines, also on a terminal',
    fallback: () => false,
    parse: parseSwitch,
  },
};

export const settingNames = Object.keys(settingsTable) as readonly SettingName[];

/** `rpc.allowed-hosts` -> `DODONA_RPC_ALLOWED_HOSTS`. */
export function environmentName(name: SettingName): string {
  return `DODONA_${name.toUpperCase().replace(/[.-]/g, '_')}`;
}

/** Key of a setting in the file, `section.key`. */
export function fileKey(name: SettingName): string {
  return settingsTable[name].key ?? name;
}
