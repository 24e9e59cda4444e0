/**
 * `dodona config`: the effective settings and where each comes from, as a settings file that can
 * be saved and given back with --config.
 */

import type { Invocation, Terminal } from '../command-line.ts';
import type { Origin, ResolvedSettings } from '../resolve-settings.ts';
import { environmentName, fileKey, type SettingName, settingNames } from '../settings.ts';

function tomlOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(tomlOf).join(', ')}]`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

function originText(name: SettingName, origin: Origin, { values }: ResolvedSettings): string {
  if (origin === 'environment') return environmentName(name);
  if (origin === 'flag') return `--${name}`;
  return origin === 'file' ? (values.config as string) : 'default';
}

function settingLine(name: SettingName, key: string, settings: ResolvedSettings): string {
  const value = settings.values[name];
  const origin = originText(name, settings.origins[name], settings);
  if (value === undefined) return `# ${key} is not set`;
  const line = `${key} = ${tomlOf(value)}`.padEnd(40);
  // Ports and folder below are already shifted: set again, the instance would shift them twice.
  return name === 'instance' && value !== 0
    ? `# ${line} # ${origin}, applied`
    : `${line} # ${origin}`;
}

/** The settings as TOML, keys without a section first, as TOML wants it. */
export function configText(settings: ResolvedSettings): string {
  const sections = new Map<string, string[]>([['', []]]);
  for (const name of settingNames) {
    if (name === 'config') continue;
    const [key, section = ''] = fileKey(name).split('.').reverse() as [string, string?];
    const lines = sections.get(section) ?? [];
    lines.push(settingLine(name, key, settings));
    sections.set(section, lines);
  }
  const blocks = [...sections].map(([section, lines]) => {
    return [...(section === '' ? [] : [`[${section}]`]), ...lines].join('\n');
  });
  return `${blocks.join('\n\n')}\n`;
}

/** JSON: name -> value and origin. */
function configJson({ values, origins }: ResolvedSettings): string {
  const entries = settingNames.map((name) => {
    return [name, { value: values[name] ?? null, origin: origins[name] }] as const;
  });
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
}

export async function runConfig(invocation: Invocation, terminal: Terminal): Promise<number> {
  const { options, settings } = invocation;
  terminal.write(options.json ? configJson(settings) : configText(settings));
  return 0;
}
