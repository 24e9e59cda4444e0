/** Arguments of contract calls as words of a command line, read by their ABI types. */

import type { AbiParameter } from 'viem';
import { UsageError } from '../resolve-settings.ts';

function scalar({ type }: AbiParameter, value: unknown, place: string): unknown {
  const text = String(value);
  if (/^u?int/.test(type)) {
    if (!/^-?(\d+|0x[0-9a-fA-F]+)$/.test(text)) {
      throw new UsageError(`${place}: "${text}" is no integer (${type})`);
    }
    return BigInt(text);
  }
  if (type === 'bool') {
    if (text !== 'true' && text !== 'false') {
      throw new UsageError(`${place}: "${text}" is neither true nor false`);
    }
    return text === 'true';
  }
  if (type === 'string') return text;
  if (!/^0x([0-9a-fA-F]{2})*$/.test(text)) {
    throw new UsageError(`${place}: "${text}" is no hexadecimal with 0x (${type})`);
  }
  return text;
}

function value(parameter: AbiParameter, given: unknown, place: string): unknown {
  const [, item] = /^(.*)\[\d*\]$/.exec(parameter.type) ?? [];
  if (item !== undefined) {
    if (!Array.isArray(given)) {
      throw new UsageError(
        `${place}: a list in JSON is needed, as in ["1","2"] (${parameter.type})`,
      );
    }
    return given.map((one, index) =>
      value({ ...parameter, type: item }, one, `${place}[${index}]`),
    );
  }
  if (parameter.type !== 'tuple') return scalar(parameter, given, place);
  const { components } = parameter as { components: readonly AbiParameter[] };
  if (!Array.isArray(given) || given.length !== components.length) {
    throw new UsageError(`${place}: a list of ${components.length} members in JSON is needed`);
  }
  return components.map((one, index) => value(one, given[index], `${place}.${one.name ?? index}`));
}

/**
 * The values of `words` for `parameters`; lists and tuples are JSON, their numbers best as strings.
 * @throws UsageError naming the parameter, its type and the word
 */
export function parseArguments(
  parameters: readonly AbiParameter[],
  words: readonly string[],
): unknown[] {
  if (words.length !== parameters.length) {
    const shown = parameters.map(({ name, type }) => `${type} ${name ?? ''}`.trim()).join(', ');
    throw new UsageError(
      `${words.length} arguments are given, ${parameters.length} needed: (${shown})`,
    );
  }
  return parameters.map((parameter, index) => {
    const word = words[index] as string;
    const place = parameter.name || `argument ${index + 1}`;
    if (!/\]$|^tuple$/.test(parameter.type)) return value(parameter, word, place);
    let parsed: unknown;
    try {
      parsed = JSON.parse(word);
    } catch {
      throw new UsageError(`${place}: "${word}" is no JSON (${parameter.type})`);
    }
    return value(parameter, parsed, place);
  });
}
