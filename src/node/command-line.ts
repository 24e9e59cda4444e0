/**
 * From the words of a command line to a command with its settings, and from its end to an exit
 * code: 0 done, 1 failed, 2 used wrongly. Errors are one line on stderr: what, value, remedy.
 */

import { parseArgs } from 'node:util';
import type { Command } from './command.ts';
import { commands } from './commands.ts';
import { commandHelp, generalHelp } from './help.ts';
import { didYouMean } from './nearest.ts';
import { type ResolvedSettings, resolveSettings, UsageError } from './resolve-settings.ts';
import { type SettingName, type Surroundings, settingsTable } from './settings.ts';

/** Where a command talks to its user. */
export interface Terminal {
  write(text: string): void;
  writeError(text: string): void;
  /** Asks without echo. @throws UsageError when there is nobody to ask. */
  askSecret(question: string): Promise<string>;
}

/** A command as it was asked for. */
export interface Invocation {
  readonly command: Command;
  readonly words: readonly string[];
  /** Options of the command itself; a switch is `true`. */
  readonly options: Readonly<Record<string, string | true | undefined>>;
  readonly settings: ResolvedSettings;
}

/** Does what a command says; resolves with the exit code. */
export type Handler = (invocation: Invocation, terminal: Terminal) => Promise<number>;

/** What was asked for: a text to print, or a command to run. */
export type Parsed =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'run'; readonly invocation: Invocation };

function findCommand(argv: readonly string[]): Command | undefined {
  return commands.find(({ name }) => name.split(' ').every((word, index) => argv[index] === word));
}

/** Commands of one word's family: `account` has new, list and import. */
function familyOf(word: string): readonly Command[] {
  return commands.filter(({ name }) => name.startsWith(`${word} `));
}

/** The usage error for words that begin no command. */
function unknownCommand([first = '', second]: readonly string[]): UsageError {
  const family = familyOf(first).map(({ name }) => name);
  if (family.length > 0 && (second === undefined || second.startsWith('-'))) {
    return new UsageError(`${first} needs one of: ${family.join(', ')}`);
  }
  const asked = family.length > 0 ? `${first} ${second}` : first;
  const firstWords = commands.map(({ name }) => name.split(' ')[0] as string);
  const meant = didYouMean(asked, family.length > 0 ? family : firstWords);
  return new UsageError(`${asked} is no command${meant || ": run 'dodona --help' for the list"}`);
}

interface Flags {
  readonly words: readonly string[];
  readonly options: Record<string, string | true>;
  readonly settings: Map<SettingName, string>;
  readonly help: boolean;
}

const isSwitch = (command: Command, name: string): boolean =>
  name === 'help' ||
  command.options[name]?.[0] === '' ||
  (name in settingsTable && settingsTable[name as SettingName].placeholder === undefined);

type ParseOptions = Record<string, { type: 'string' | 'boolean'; short?: string }>;

function readFlags(command: Command, argv: readonly string[]): Flags {
  const names = [...Object.keys(command.options), ...command.settings, 'help'];
  const options: ParseOptions = {};
  for (const name of names) {
    options[name] = { type: isSwitch(command, name) ? 'boolean' : 'string' };
  }
  const { tokens } = parseArgs({
    args: [...argv],
    options: { ...options, help: { type: 'boolean', short: 'h' } },
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const flags = { words: [] as string[], options: {} as Flags['options'], help: false };
  const settings: Flags['settings'] = new Map();
  for (const token of tokens) {
    if (token.kind === 'positional') flags.words.push(token.value);
    if (token.kind !== 'option') continue;
    const negated = token.name.startsWith('no-') && names.includes(token.name.slice(3));
    const name = negated ? token.name.slice(3) : token.name;
    if (!names.includes(name)) {
      const meant = didYouMean(
        `--${name}`,
        names.map((known) => `--${known}`),
      );
      throw new UsageError(`${token.rawName} is no flag of ${command.name}${meant}`);
    }
    const given = switchOrValue(command, name, negated, token);
    if (name === 'help') flags.help = true;
    else if (name in settingsTable) settings.set(name as SettingName, String(given));
    else flags.options[name] = given;
  }
  return { ...flags, settings };
}

/** The value that a flag gives. `--mine=false` is as good as `--no-mine`. */
function switchOrValue(
  command: Command,
  name: string,
  negated: boolean,
  token: { readonly value?: string | undefined; readonly inlineValue?: boolean | undefined },
): string | true {
  const { value } = token;
  if (isSwitch(command, name)) {
    if (name in settingsTable) return negated ? 'false' : (value ?? 'true');
    if (negated) throw new UsageError(`--no-${name} has no meaning: leave it out`);
    if (value !== undefined) throw new UsageError(`--${name} takes no value`);
    return true;
  }
  if (negated) throw new UsageError(`--no-${name} has no meaning: --${name} takes a value`);
  if (value === undefined || (value.startsWith('-') && token.inlineValue !== true)) {
    throw new UsageError(`--${name} needs a value`);
  }
  return value;
}

function checkWords(command: Command, words: readonly string[]): void {
  const [fewest, most] = command.words;
  if (words.length >= fewest && words.length <= most) return;
  const usage = `dodona ${command.name}${command.takes === '' ? '' : ` ${command.takes}`}`;
  const surplus = words.length > most ? `"${words[most]}" is too much` : 'something is missing';
  throw new UsageError(`${surplus}; usage: ${usage}`);
}

const helpFlags = ['--help', '-h'];

/** `help start` and `--version` as the commands they stand for. */
function expand(argv: readonly string[]): readonly string[] {
  const [first, ...rest] = argv;
  if (first === undefined) return ['--help'];
  if (first === 'help') return [...rest, '--help'];
  return first === '--version' ? ['version', ...rest] : argv;
}

/**
 * What `argv` (without node and script) asks for.
 * @throws UsageError naming the word, flag, variable or key that is wrong.
 */
export function parseCommandLine(argv: readonly string[], surroundings: Surroundings): Parsed {
  const words = expand(argv);
  const [first = ''] = words;
  if (helpFlags.includes(first)) return { kind: 'text', text: generalHelp(commands) };
  const command = findCommand(words);
  if (command === undefined) {
    const family = familyOf(first);
    if (family.length === 0 || !helpFlags.includes(words[1] ?? '')) throw unknownCommand(words);
    return { kind: 'text', text: generalHelp(family) };
  }
  const flags = readFlags(command, words.slice(command.name.split(' ').length));
  if (flags.help) return { kind: 'text', text: commandHelp(command) };
  checkWords(command, flags.words);
  const settings = resolveSettings(flags.settings, surroundings);
  return {
    kind: 'run',
    invocation: { command, words: flags.words, options: flags.options, settings },
  };
}

/** Error text for a person: the message, and the stack only where one is needed to repair. */
function describe(error: unknown, debug: boolean): string {
  if (!(error instanceof Error)) return String(error);
  return debug ? (error.stack ?? error.message) : error.message;
}

/**
 * Runs a command line to its exit code.
 * @param handlers by command name; a command without one is a defect of the caller.
 */
export async function runCommandLine(
  argv: readonly string[],
  surroundings: Surroundings,
  terminal: Terminal,
  handlers: Readonly<Record<string, Handler>>,
): Promise<number> {
  let debug = false;
  try {
    const parsed = parseCommandLine(argv, surroundings);
    if (parsed.kind === 'text') {
      terminal.write(parsed.text);
      return 0;
    }
    const { invocation } = parsed;
    debug = ['debug', 'trace'].includes(invocation.settings.values['log.level']);
    const handler = handlers[invocation.command.name];
    if (handler === undefined) throw new Error(`${invocation.command.name} has no handler`);
    return await handler(invocation, terminal);
  } catch (error) {
    terminal.writeError(`dodona: ${describe(error, debug)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}
