/**
 * From four sources to one set of settings, each with its origin. Whatever is unknown is an error
 * that names the nearest setting: a misspelt limit that is silently ignored protects nothing.
 */

import { dirname, isAbsolute, join } from 'node:path';
import { parse as parseToml, TomlError } from 'smol-toml';
import { didYouMean, nearest } from './nearest.ts';
import {
  environmentName,
  fileKey,
  type SettingName,
  type Settings,
  type Surroundings,
  settingNames,
  settingsTable,
} from './settings.ts';

/** A setting, flag, key or value that cannot be used. The command line exits with 2. */
export class UsageError extends Error {
  readonly code = 'usage';
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'UsageError';
  }
}

export type Origin = 'default' | 'file' | 'environment' | 'flag';

export interface ResolvedSettings {
  readonly values: Settings;
  readonly origins: Readonly<Record<SettingName, Origin>>;
}

interface Given {
  readonly text: string;
  readonly origin: Exclude<Origin, 'default'>;
  /** As the user spelt it, for error messages. */
  readonly spelling: string;
}
type GivenSettings = Map<SettingName, Given>;

/** Text of a TOML value, so that one check serves flag, environment and file. */
function textOfToml(value: unknown, spelling: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') {
    return String(value);
  }
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) {
    return value.join(',');
  }
  throw new UsageError(`${spelling} must be a text, a number, true, false or a list of texts`);
}

function* entriesOfToml(table: object, prefix = ''): Generator<readonly [string, unknown]> {
  for (const [name, value] of Object.entries(table)) {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    const isSection = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (isSection && !(value instanceof Date)) yield* entriesOfToml(value, key);
    else yield [key, value];
  }
}

function readFile(path: string, surroundings: Surroundings, given: GivenSettings): void {
  const names = new Map(settingNames.map((name) => [fileKey(name), name]));
  names.delete('config');
  let table: object;
  try {
    table = parseToml(surroundings.readFile(path));
  } catch (error) {
    const reason = error instanceof TomlError ? `is no TOML: ${error.message}` : 'cannot be read';
    throw new UsageError(`settings file ${path} ${reason}`, error);
  }
  for (const [key, value] of entriesOfToml(table)) {
    const name = names.get(key);
    if (name === undefined) {
      throw new UsageError(`${path}: ${key} is unknown${didYouMean(key, [...names.keys()])}`);
    }
    const spelling = `${path}: ${key}`;
    const text = textOfToml(value, spelling);
    const isPath = settingsTable[name].isPath === true && text !== '';
    const placed = isPath && !isAbsolute(text) ? join(dirname(path), text) : text;
    given.set(name, { text: placed, origin: 'file', spelling });
  }
}

/** An empty variable counts as unset, as container files often leave it so. */
function readEnvironment({ environment }: Surroundings): GivenSettings {
  const names = new Map(settingNames.map((name) => [environmentName(name), name]));
  const given: GivenSettings = new Map();
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith('DODONA_') || text === undefined || text === '') continue;
    const name = names.get(variable);
    if (name !== undefined) {
      given.set(name, { text, origin: 'environment', spelling: variable });
      continue;
    }
    // Others may use the prefix for their own ends: only a likely misspelling is an error.
    const meant = nearest(
      variable.slice(7),
      [...names.keys()].map((known) => known.slice(7)),
    );
    if (meant !== undefined) {
      throw new UsageError(`${variable} is unknown: did you mean DODONA_${meant}?`);
    }
  }
  return given;
}

function chooseValue<Name extends SettingName>(
  name: Name,
  given: Given | undefined,
  known: Partial<Settings>,
  surroundings: Surroundings,
): Settings[Name] {
  const setting = settingsTable[name];
  if (given === undefined) return setting.fallback(known, surroundings);
  try {
    return setting.parse(given.text);
  } catch (error) {
    const problem = (error as Error).message;
    throw new UsageError(`${given.spelling} is "${given.text}": ${problem}`, error);
  }
}

/** Adds the instance to every port and to the data folder, so that nodes of one machine keep apart. */
function shiftInstance(values: Settings): Settings {
  const { instance } = values;
  if (instance === 0) return values;
  const shift = (name: 'rpc.port' | 'p2p.port' | 'stratum.port'): number => {
    const port = values[name];
    if (port + instance > 65_535) {
      throw new UsageError(`--${name} ${port} plus --instance ${instance} is above 65535`);
    }
    return port === 0 ? 0 : port + instance;
  };
  return {
    ...values,
    datadir: `${values.datadir}-${instance}`,
    'rpc.port': shift('rpc.port'),
    'p2p.port': shift('p2p.port'),
    'stratum.port': shift('stratum.port'),
  };
}

const rank: readonly Origin[] = ['default', 'file', 'environment', 'flag'];

/** A network and a genesis file exclude each other: the stronger origin wins, equals are an error. */
function chooseChain(given: GivenSettings): void {
  const network = given.get('network');
  const genesis = given.get('genesis');
  if (network === undefined || genesis === undefined) return;
  const stronger = rank.indexOf(network.origin) - rank.indexOf(genesis.origin);
  if (stronger === 0) {
    throw new UsageError(
      `${network.spelling} and ${genesis.spelling} exclude each other: give one`,
    );
  }
  given.delete(stronger > 0 ? 'genesis' : 'network');
}

/** What is for test money alone must not meet money: the test accounts' keys are public. */
function checkMainnet(settings: Settings): void {
  if (settings.genesis !== undefined || settings.network === 'devnet') return;
  if (settings.demo) {
    throw new UsageError('demonstration reporters run on devnet, not on mainnet: leave out demo');
  }
  if (settings.mine && settings['mine.beneficiary'] === undefined) {
    throw new UsageError('mining on mainnet needs --mine.beneficiary ADDRESS: who is to be paid?');
  }
}

/**
 * Settings from defaults, file, environment and the texts of flags.
 * @throws UsageError naming what is wrong as the user spelt it.
 */
export function resolveSettings(
  flags: ReadonlyMap<SettingName, string>,
  surroundings: Surroundings,
): ResolvedSettings {
  const outer = readEnvironment(surroundings);
  for (const [name, text] of flags) {
    outer.set(name, { text, origin: 'flag', spelling: `--${name}` });
  }
  const given: GivenSettings = new Map();
  const file = outer.get('config');
  if (file !== undefined) readFile(file.text, surroundings, given);
  for (const [name, value] of outer) given.set(name, value);
  chooseChain(given);

  const values: Record<string, unknown> = {};
  const origins: Record<string, Origin> = {};
  for (const name of settingNames) {
    values[name] = chooseValue(name, given.get(name), values as Partial<Settings>, surroundings);
    origins[name] = given.get(name)?.origin ?? 'default';
  }
  const resolved = values as unknown as Settings;
  checkMainnet(resolved);
  return { values: shiftInstance(resolved), origins: origins as ResolvedSettings['origins'] };
}
