/** What a command is, and the options and settings that several of them share. */

import type { SettingName } from './settings.ts';

export interface Command {
  readonly name: string;
  /** What follows the name, as help shows it. */
  readonly takes: string;
  readonly purpose: string;
  /** Words after the name: fewest and most. */
  readonly words: readonly [number, number];
  readonly examples: readonly string[];
  /** Options of this command alone: name -> placeholder (empty for a switch) and help. */
  readonly options: Readonly<Record<string, readonly [placeholder: string, help: string]>>;
  readonly settings: readonly SettingName[];
}

export const whereDataIs: readonly SettingName[] = [
  'config',
  'network',
  'genesis',
  'datadir',
  'instance',
];
export const whereNodeIs: readonly SettingName[] = [...whereDataIs, 'rpc.host', 'rpc.port'];

export const passwordFile = ['FILE', 'first line is the password; asked for when absent'] as const;
export const from = [
  'ADDRESS',
  'account that signs: a test account or one of the key folder',
] as const;
export const json = ['', 'print JSON alone'] as const;
export const signing = { from, 'password-file': passwordFile };
