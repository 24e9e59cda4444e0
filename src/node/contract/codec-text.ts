/** AssemblyScript that decodes arguments from calldata and encodes values into a writer. */

import type { ValueType } from './value-types.ts';

/** `word`, an expression, as a value of the type; a word that the type cannot hold reverts. */
function checkedText({ text, abi, bits }: ValueType, word: string): string {
  if (abi === 'bool') return `kit.unsigned(${word}, 1) != 0`;
  if (abi === 'address') return `kit.address(${word})`;
  return bits === 256 ? word : `<${text}>kit.unsigned(${word}, ${bits})`;
}

/** The expression for value `index` of the arguments, or of what another contract returned. */
export function decodeText(type: ValueType, from: 'argument' | 'returned', index: number): string {
  const { text, form, item } = type;
  // Arguments are counted in bytes, as the SDK has them, what was returned in words.
  const place = from === 'argument' ? index * 32 : index;
  if (form === 'bytes') return `kit.${from}Bytes(${place})`;
  if (item === undefined) return checkedText(type, `kit.${from}(${place})`);
  const bits = item.abi === 'bool' ? 1 : item.bits;
  return `changetype<${text}>(kit.${from}Items(${place}, ${bits}))`;
}

/** A value to encode: its type and the variable that holds it. */
export interface Encoded {
  readonly type: ValueType;
  readonly code: string;
}

const tailWords = ({ type, code }: Encoded): string =>
  type.form === 'bytes' ? `1 + kit.wordsOf(${code}.length)` : `1 + ${code}.length`;

/** Words that the values take, as an expression. */
export function wordsText(values: readonly Encoded[]): string {
  const tails = values.filter(({ type }) => type.form !== 'word').map(tailWords);
  return [String(values.length), ...tails].join(' + ');
}

/**
 * Statements that append the values to `writer`: heads first, then what the heads point to. Variables
 * of generated code begin with `$`, because a contract's parameters may have any name.
 */
export function encodeText(writer: string, values: readonly Encoded[]): string {
  const lines: string[] = [];
  const dynamic = values.filter(({ type }) => type.form !== 'word');
  if (dynamic.length > 0) lines.push(`let $tail: u32 = ${32 * values.length};`);
  for (const value of values) {
    const { type, code } = value;
    if (type.form === 'word') lines.push(`${writer}.word(kit.toWord<${type.text}>(${code}));`);
    else lines.push(`${writer}.number($tail);`, `$tail += (${tailWords(value)}) << 5;`);
  }
  for (const { type, code } of dynamic) {
    lines.push(
      type.form === 'bytes'
        ? `${writer}.bytes(${code}.data, ${code}.length);`
        : `kit.writeList(${writer}, ${code}.data, ${code}.length);`,
    );
  }
  return lines.join('\n  ');
}
