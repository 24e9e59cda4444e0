/** Help texts, written from the tables of commands and settings. */

import type { Command } from './command.ts';
import {
  environmentName,
  type SettingName,
  type Surroundings,
  settingGroups,
  settingNames,
  settingsTable,
} from './settings.ts';

const indent = '  ';

/** Two columns; the second starts after the widest name. */
function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `${indent}${left.padEnd(width)}${indent}${right}`);
}

const nothing: Surroundings = {
  environment: {},
  cores: 1,
  homeDirectory: '~',
  readFile: () => '',
};

function defaultText(name: SettingName): string {
  const setting = settingsTable[name];
  const value = setting.fallbackText ?? setting.fallback({}, nothing);
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return '';
  return ` [default: ${String(value)}]`;
}

function flagText(name: SettingName): string {
  const { placeholder } = settingsTable[name];
  return placeholder === undefined ? `--${name}, --no-${name}` : `--${name} ${placeholder}`;
}

function settingLines(names: readonly SettingName[]): string[] {
  return settingGroups.flatMap((group) => {
    const members = settingNames.filter(
      (name) => names.includes(name) && settingsTable[name].group === group,
    );
    if (members.length === 0) return [];
    const rows = members.map(
      (name) => [flagText(name), `${settingsTable[name].help}${defaultText(name)}`] as const,
    );
    return ['', group, ...columns(rows)];
  });
}

/** Help of the whole program. */
export function generalHelp(commands: readonly Command[]): string {
  const rows = commands.map(({ name, takes, purpose }) => {
    return [takes === '' ? name : `${name} ${takes}`, purpose] as const;
  });
  return [
    'Usage: dodona COMMAND [flags]',
    '',
    'A proof-of-work chain with WebAssembly contracts and oracles.',
    '',
    'Commands',
    ...columns(rows),
    '',
    'Examples',
    `${indent}dodona start`,
    `${indent}dodona call eth_blockNumber`,
    '',
    "Run 'dodona COMMAND --help' for its flags.",
    '',
  ].join('\n');
}

/** Help of one command. */
export function commandHelp(command: Command): string {
  const { name, takes, purpose, examples, options, settings } = command;
  const optionRows = Object.entries(options).map(([option, [placeholder, help]]) => {
    return [placeholder === '' ? `--${option}` : `--${option} ${placeholder}`, help] as const;
  });
  const spellings =
    settings.length === 0
      ? []
      : [
          '',
          `Each setting is also a variable (${environmentName('rpc.port')}) and a key of the`,
          'settings file ([rpc] port = 8545). Default < file < variable < flag.',
        ];
  return [
    `Usage: dodona ${name}${takes === '' ? '' : ` ${takes}`} [flags]`,
    '',
    purpose,
    '',
    'Examples',
    ...examples.map((example) => `${indent}${example}`),
    ...(optionRows.length === 0 ? [] : ['', 'Options', ...columns(optionRows)]),
    ...settingLines(settings),
    ...spellings,
    '',
  ].join('\n');
}
