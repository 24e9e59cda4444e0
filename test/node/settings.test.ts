import { parse as parseToml } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { configText } from '../../src/node/commands/config.ts';
import { didYouMean, editDistance, nearest } from '../../src/node/nearest.ts';
import { resolveSettings, UsageError } from '../../src/node/resolve-settings.ts';
import {
  environmentName,
  fileKey,
  type SettingName,
  type Surroundings,
  settingNames,
} from '../../src/node/settings.ts';

function surroundings(
  environment: Record<string, string> = {},
  files: Record<string, string> = {},
): Surroundings {
  return {
    environment,
    cores: 4,
    homeDirectory: '/users/ada',
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) throw new Error('ENOENT');
      return text;
    },
  };
}

const resolve = (
  flags: Partial<Record<SettingName, string>>,
  environment?: Record<string, string>,
  file?: string,
) =>
  resolveSettings(
    new Map(
      Object.entries({ ...flags, ...(file === undefined ? {} : { config: 'c.toml' }) }),
    ) as Map<SettingName, string>,
    surroundings(environment, file === undefined ? {} : { 'c.toml': file }),
  );

describe('defaults', () => {
  it('start a devnet that mines with all cores but one, on loopback', () => {
    const { values, origins } = resolve({});
    expect(values).toMatchObject({
      network: 'devnet',
      datadir: '/users/ada/.local/share/dodona/devnet',
      mine: true,
      demo: true,
      'mine.threads': 3,
      'rpc.host': '127.0.0.1',
      'rpc.port': 8545,
      'p2p.port': 30_333,
      'stratum.port': 3_333,
    });
    expect(new Set(Object.values(origins))).toEqual(new Set(['default']));
  });

  it('do not mine and do not demonstrate on mainnet or another genesis', () => {
    expect(resolve({ network: 'mainnet' }).values).toMatchObject({ mine: false, demo: false });
    expect(resolve({ genesis: 'nets/mine.json' }).values).toMatchObject({
      mine: false,
      demo: false,
      datadir: '/users/ada/.local/share/dodona/mine',
    });
  });

  it('keep data where XDG says', () => {
    const { values } = resolve({ network: 'mainnet' }, { XDG_DATA_HOME: '/data' });
    expect(values.datadir).toBe('/data/dodona/mainnet');
  });

  it('mine with one thread on one core', () => {
    const one = resolveSettings(new Map(), { ...surroundings(), cores: 1 });
    expect(one.values['mine.threads']).toBe(1);
  });
});

describe('precedence', () => {
  const file = '[rpc]\nport = 1000\nhost = "10.0.0.1"\n[mine]\nenabled = false\n';

  it('is default < file < environment < flag, and each origin is known', () => {
    const { values, origins } = resolve({ 'rpc.port': '3000' }, { DODONA_RPC_PORT: '2000' }, file);
    expect(values['rpc.port']).toBe(3000);
    expect(origins['rpc.port']).toBe('flag');
    expect(origins['rpc.host']).toBe('file');
    expect(values.mine).toBe(false);
    const environment = resolve({}, { DODONA_RPC_PORT: '2000' }, file);
    expect(environment.values['rpc.port']).toBe(2000);
    expect(environment.origins['rpc.port']).toBe('environment');
    expect(resolve({}, {}, file).values['rpc.port']).toBe(1000);
    expect(resolve({}, { DODONA_RPC_PORT: '' }, file).values['rpc.port']).toBe(1000);
  });

  it('takes the settings file from the environment too', () => {
    const given = surroundings({ DODONA_CONFIG: 'c.toml' }, { 'c.toml': file });
    expect(resolveSettings(new Map(), given).values['rpc.port']).toBe(1000);
  });

  it('counts paths in a file from its folder, so that both can be moved together', () => {
    const text = 'genesis = "nets/a.json"\ndatadir = "/data/a"\n';
    const at = 'members/1/config.toml';
    const { values } = resolveSettings(new Map([['config', at]]), surroundings({}, { [at]: text }));
    expect(values).toMatchObject({ genesis: 'members/1/nets/a.json', datadir: '/data/a' });
    const flags = new Map<SettingName, string>([
      ['config', at],
      ['genesis', 'b.json'],
    ]);
    const given = surroundings({}, { [at]: text });
    expect(resolveSettings(flags, given).values.genesis).toBe('b.json');
  });

  it('lets the stronger of network and genesis win, and refuses equals', () => {
    const { values } = resolve({ network: 'mainnet' }, {}, 'genesis = "mine.json"\n');
    expect(values).toMatchObject({ network: 'mainnet', genesis: undefined });
    expect(resolve({ genesis: 'a.json' }, { DODONA_NETWORK: 'mainnet' }).values.genesis).toBe(
      'a.json',
    );
    expect(() => resolve({ genesis: 'a.json', network: 'devnet' })).toThrow(
      '--network and --genesis exclude each other: give one',
    );
  });
});

describe('instance', () => {
  it('is added to every port and appended to the data folder; port 0 stays any', () => {
    const { values } = resolve({ instance: '2', 'p2p.port': '0', datadir: '/data/node' });
    expect(values).toMatchObject({
      datadir: '/data/node-2',
      'rpc.port': 8547,
      'p2p.port': 0,
      'stratum.port': 3_335,
    });
    expect(() => resolve({ instance: '9', 'rpc.port': '65530' })).toThrow('is above 65535');
  });
});

describe('whatever is wrong is named as it was spelt', () => {
  it.each<
    [Partial<Record<SettingName, string>>, Record<string, string>, string | undefined, string]
  >([
    [{ 'rpc.port': '70000' }, {}, undefined, '--rpc.port is "70000": an integer from 0 to 65535'],
    [{ 'rpc.port': '80x' }, {}, undefined, '--rpc.port is "80x"'],
    [{ 'mine.threads': '0' }, {}, undefined, 'an integer from 1 to 256 is needed'],
    [{ network: 'testnet' }, {}, undefined, 'one of devnet, mainnet is needed'],
    [{ 'log.level': 'loud' }, {}, undefined, 'one of fatal, error, warn, info, debug, trace'],
    [{ 'mine.beneficiary': '0x12' }, {}, undefined, '40 hexadecimal digits are needed'],
    [{ bootnodes: '10.0.0.1:30333' }, {}, undefined, 'multiaddrs such as /ip4/'],
    [{ network: 'mainnet', demo: 'true' }, {}, undefined, 'run on devnet, not on mainnet'],
    [{ network: 'mainnet', mine: 'true' }, {}, undefined, 'needs --mine.beneficiary ADDRESS'],
    [{}, { DODONA_MINE: 'yes' }, undefined, 'DODONA_MINE is "yes": true or false is needed'],
    [{}, { DODONA_RPC_PROT: '1' }, undefined, 'did you mean DODONA_RPC_PORT?'],
    [{}, {}, '[rpc]\nprot = 1\n', 'c.toml: rpc.prot is unknown: did you mean rpc.port?'],
    [{}, {}, '[zzz]\nqqq = 1\n', 'c.toml: zzz.qqq is unknown'],
    [{}, {}, '[rpc]\nport = 1.5\n', 'c.toml: rpc.port is "1.5"'],
    [{}, {}, '[rpc]\nport = [1]\n', 'c.toml: rpc.port must be a text'],
    [{}, {}, 'config = "other.toml"\n', 'config is unknown'],
    [{}, {}, 'rpc = {', 'c.toml is no TOML'],
    [{ config: 'none.toml' }, {}, undefined, 'none.toml cannot be read'],
  ])('%j %j %j', (flags, environment, file, message) => {
    const attempt = () => resolve(flags, environment, file);
    expect(attempt).toThrow(UsageError);
    expect(attempt).toThrow(message);
  });

  it('but other uses of the prefix are left alone', () => {
    expect(() => resolve({}, { DODONA_TEST_DATA: '/data' })).not.toThrow();
    expect(() => resolve({}, { DODONA_REQUIRE_DATA: '1' })).not.toThrow();
  });
});

describe('spellings', () => {
  it('are unique in each of the three forms', () => {
    expect(new Set(settingNames.map(environmentName)).size).toBe(settingNames.length);
    expect(new Set(settingNames.map(fileKey)).size).toBe(settingNames.length);
    expect(environmentName('rpc.allowed-hosts')).toBe('DODONA_RPC_ALLOWED_HOSTS');
  });

  it('of lists are commas in flags and lists in files', () => {
    const [a, b] = ['/ip4/10.0.0.1/tcp/1/p2p/A', '/dns4/x/tcp/2/p2p/B'];
    expect(resolve({ bootnodes: `${a}, ${b}` }).values.bootnodes).toEqual([a, b]);
    const file = `[p2p]\nbootnodes = ["${a}", "${b}"]\n`;
    expect(resolve({}, {}, file).values.bootnodes).toEqual([a, b]);
  });

  it('of the effective settings read back as a settings file', () => {
    const first = resolve({
      'rpc.port': '9000',
      bootnodes: '/ip4/1.2.3.4/tcp/1/p2p/A',
      instance: '3',
    });
    const text = configText(first);
    expect(() => parseToml(text)).not.toThrow();
    const again = resolve({}, {}, text);
    expect({ ...again.values, config: undefined }).toEqual({
      ...first.values,
      instance: 0,
    });
    expect(text).toContain('# --rpc.port');
  });
});

describe('nearest name', () => {
  it.each([
    ['', '', 0],
    ['port', 'prot', 1],
    ['port', 'ports', 1],
    ['kitten', 'sitting', 3],
    ['abc', '', 3],
  ])('%s and %s are %i apart', (left, right, distance) => {
    expect(editDistance(left, right)).toBe(distance);
    expect(editDistance(right, left)).toBe(distance);
  });

  it('is none when all are far', () => {
    expect(nearest('zzzzzz', ['port', 'host'])).toBeUndefined();
    expect(didYouMean('hots', ['port', 'host'])).toBe(': did you mean host?');
  });
});
