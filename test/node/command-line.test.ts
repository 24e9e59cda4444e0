import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Handler,
  parseCommandLine,
  runCommandLine,
  type Terminal,
} from '../../src/node/command-line.ts';
import { accountCommands } from '../../src/node/commands/account.ts';
import { basicHandlers } from '../../src/node/commands/basic.ts';
import { commands } from '../../src/node/commands.ts';
import { decryptKey } from '../../src/node/keystore.ts';
import { UsageError } from '../../src/node/resolve-settings.ts';
import type { Surroundings } from '../../src/node/settings.ts';
import { toHex } from '../../src/primitives/bytes.ts';

const surroundings: Surroundings = {
  environment: {},
  cores: 4,
  homeDirectory: '/users/ada',
  readFile: () => '',
};

function textOf(...argv: string[]): string {
  const parsed = parseCommandLine(argv, surroundings);
  if (parsed.kind !== 'text') throw new Error('runs');
  return parsed.text;
}

function invocationOf(...argv: string[]) {
  const parsed = parseCommandLine(argv, surroundings);
  if (parsed.kind !== 'run') throw new Error('prints');
  return parsed.invocation;
}

class Script implements Terminal {
  output = '';
  errors = '';
  readonly #answers: string[];
  constructor(...answers: string[]) {
    this.#answers = answers;
  }
  write(text: string): void {
    this.output += text;
  }
  writeError(text: string): void {
    this.errors += text;
  }
  async askSecret(): Promise<string> {
    const answer = this.#answers.shift();
    if (answer === undefined) throw new UsageError('nobody answers');
    return answer;
  }
}

async function run(argv: string[], handlers: Record<string, Handler>, terminal = new Script()) {
  const code = await runCommandLine(argv, surroundings, terminal, handlers);
  return { code, output: terminal.output, errors: terminal.errors };
}

describe('help', () => {
  it('of the program is the golden text, in every way to ask for it', async () => {
    const text = textOf();
    await expect(text).toMatchFileSnapshot('../transcripts/help.txt');
    for (const argv of [['--help'], ['-h'], ['help']]) expect(textOf(...argv)).toBe(text);
  });

  it.each(commands.map(({ name }) => name))('of %s is the golden text', async (name) => {
    const words = name.split(' ');
    const text = textOf(...words, '--help');
    await expect(text).toMatchFileSnapshot(`../transcripts/help-${words.join('-')}.txt`);
    expect(textOf('help', ...words)).toBe(text);
    expect(textOf(...words, '-h')).toBe(text);
  });

  it('of a family lists its members', () => {
    const text = textOf('account', '--help');
    expect(text).toContain('account import FILE');
    expect(text).not.toContain('simulate');
  });

  it('fits the terminal of its examples: no tabs, no trailing blanks', () => {
    for (const { name } of commands) {
      expect(textOf(...name.split(' '), '--help')).not.toMatch(/\t| $/m);
    }
  });
});

describe('examples of help', () => {
  it.each(commands.flatMap(({ name, examples }) => examples.map((example) => [name, example])))(
    'of %s are commands that parse: %s',
    (name, example) => {
      // Assignments before the name are the shell's, quotes too; … stands for digits left out.
      const argv = example
        .replace(/^(\w+=\S+ )*dodona /, '')
        .replace(/0x[0-9a-fA-F]*…/g, '0x70997970C51812dc3A010C7d01b50e0d17dc79C8')
        .replace(/'([^']*)'/g, '$1')
        .split(' ');
      expect(invocationOf(...argv).command.name).toBe(name);
    },
  );
});

describe('parsing', () => {
  it('takes settings, switches, options and words in any order', () => {
    const { command, words, options, settings } = invocationOf(
      ...['send', '--rpc.port=9000', '0xabc', '--json', '1.5', '--from', '0xdef'],
    );
    expect(command.name).toBe('send');
    expect(words).toEqual(['0xabc', '1.5']);
    expect(options).toEqual({ json: true, from: '0xdef' });
    expect(settings.values['rpc.port']).toBe(9000);
    expect(settings.origins['rpc.port']).toBe('flag');
  });

  it('negates switches, and the last of equals wins', () => {
    expect(invocationOf('start', '--no-mine').settings.values.mine).toBe(false);
    expect(invocationOf('start', '--mine=false').settings.values.mine).toBe(false);
    expect(invocationOf('start', '--mine').settings.values.mine).toBe(true);
    expect(invocationOf('start', '--no-mine', '--mine').settings.values.mine).toBe(true);
    const twice = invocationOf('start', '--rpc.port', '1', '--rpc.port', '2');
    expect(twice.settings.values['rpc.port']).toBe(2);
  });

  it('takes words that look like flags after --', () => {
    expect(invocationOf('oracle', 'submit', 'A/B', '--', '-5').words).toEqual(['A/B', '-5']);
  });

  it.each<[string[], string]>([
    [['strat'], 'strat is no command: did you mean start?'],
    [['qqqq'], "qqqq is no command: run 'dodona --help' for the list"],
    [['account'], 'account needs one of: account new, account list, account import'],
    [['account', 'lsit'], 'account lsit is no command: did you mean account list?'],
    [['help', 'strat'], 'strat is no command: did you mean start?'],
    [['start', '--rpc.prot', '1'], '--rpc.prot is no flag of start: did you mean --rpc.port?'],
    [['start', '-p', '1'], '-p is no flag of start'],
    [['version', '--mine'], '--mine is no flag of version'],
    [['start', '--rpc.port'], '--rpc.port needs a value'],
    [['start', '--rpc.port', '--mine'], '--rpc.port needs a value'],
    [['start', '--no-rpc.port'], '--no-rpc.port has no meaning: --rpc.port takes a value'],
    [['config', '--json=yes'], '--json takes no value'],
    [['config', '--no-json'], '--no-json has no meaning: leave it out'],
    [['start', 'devnet'], '"devnet" is too much; usage: dodona start'],
    [['send', '0xabc'], 'something is missing; usage: dodona send TO AMOUNT'],
    [['start', '--mine=perhaps'], '--mine is "perhaps": true or false is needed'],
  ])('of %j says %s', async (argv, message) => {
    const result = await run(argv, {});
    expect(result).toEqual({ code: 2, output: '', errors: `dodona: ${message}\n` });
  });
});

describe('running', () => {
  it('ends with the code of the handler, 1 when it throws, 2 when it was used wrongly', async () => {
    const handlers = (handler: Handler) => ({ version: handler });
    expect(
      (
        await run(
          ['version'],
          handlers(async () => 7),
        )
      ).code,
    ).toBe(7);
    const failed = await run(
      ['--version'],
      handlers(() => Promise.reject(new Error('disk full'))),
    );
    expect(failed).toEqual({ code: 1, output: '', errors: 'dodona: disk full\n' });
    const misused = handlers(() => Promise.reject(new UsageError('no such feed')));
    expect((await run(['version'], misused)).code).toBe(2);
  });

  it('shows the stack only when the log does', async () => {
    const handlers = { start: () => Promise.reject(new Error('disk full')) };
    expect((await run(['start', '--log.level', 'debug'], handlers)).errors).toContain('at ');
  });

  it('prints version and settings', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    expect((await run(['version'], basicHandlers())).output).toContain(`dodona/${version}/`);
    const config = await run(['config', '--rpc.port', '9000', '--json'], basicHandlers());
    expect(JSON.parse(config.output)['rpc.port']).toEqual({ value: 9000, origin: 'flag' });
    expect((await run(['config'], basicHandlers())).output).toContain('[rpc]\nhost = "127.0.0.1"');
  });
});

describe('account commands', () => {
  let folder: string;
  const { create, list, take } = accountCommands({ n: 1_024, r: 8, p: 1 });
  const handlers = { 'account new': create, 'account list': list, 'account import': take };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dodona-accounts-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const key = 'ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
  const at = (name: string) => ['--datadir', join(folder, name)];

  it('make, keep and list a key', async () => {
    const none = await run(['account', 'list', ...at('a')], handlers);
    expect(none).toMatchObject({ code: 0, output: '' });
    expect(none.errors).toContain("make one with 'dodona account new'");
    const made = await run(['account', 'new', ...at('a')], handlers, new Script('pw', 'pw'));
    expect(made.output).toMatch(/^0x[0-9a-fA-F]{40}\n$/);
    const listed = await run(['account', 'list', '--json', ...at('a')], handlers);
    const [{ address, path }] = JSON.parse(listed.output) as [{ address: string; path: string }];
    expect(`${address}\n`).toBe(made.output);
    expect(await decryptKey(JSON.parse(await readFile(path, 'utf8')), 'pw')).toHaveLength(32);
  });

  it('take over a bare key and a key file, and refuse a second copy', async () => {
    const bare = join(folder, 'key.hex');
    const passwordFile = join(folder, 'password.txt');
    await writeFile(bare, `0x${key}\n`);
    await writeFile(passwordFile, 'pw\r\nsecond line');
    const flags = ['--password-file', passwordFile];
    const taken = await run(['account', 'import', bare, ...flags, ...at('b')], handlers);
    expect(taken).toMatchObject({
      code: 0,
      output: '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266\n',
    });
    const again = await run(['account', 'import', bare, ...flags, ...at('b')], handlers);
    expect(again.code).toBe(1);
    expect(again.errors).toContain('already there');
    const path = /Key file (.*)\n/.exec(taken.errors)?.[1] as string;
    const copy = await run(['account', 'import', path, ...at('c')], handlers, new Script('pw'));
    expect(copy.output).toBe(taken.output);
    const copied = /Key file (.*)\n/.exec(copy.errors)?.[1] as string;
    const secret = await decryptKey(JSON.parse(await readFile(copied, 'utf8')), 'pw');
    expect(toHex(secret)).toBe(key);
    const wrong = await run(['account', 'import', path, ...at('d')], handlers, new Script('px'));
    expect(wrong).toMatchObject({
      code: 1,
      errors: 'dodona: wrong password (or a damaged key file)\n',
    });
  });

  it('write nothing for an empty or a misspelt password, a missing or a foreign file', async () => {
    const empty = await run(['account', 'new', ...at('e')], handlers, new Script(''));
    expect(empty.errors).toContain('the password is empty');
    const differ = await run(['account', 'new', ...at('e')], handlers, new Script('a', 'b'));
    expect(differ).toMatchObject({ code: 2, output: '' });
    const missing = await run(['account', 'import', join(folder, 'none'), ...at('e')], handlers);
    expect(missing.errors).toContain('cannot be read');
    await writeFile(join(folder, 'foreign'), 'hello');
    const script = new Script('pw');
    const foreign = await run(
      ['account', 'import', join(folder, 'foreign'), ...at('e')],
      handlers,
      script,
    );
    expect(foreign.errors).toContain('neither a key file (JSON) nor 64 hexadecimal digits');
    expect((await run(['account', 'list', ...at('e')], handlers)).output).toBe('');
  });
});
