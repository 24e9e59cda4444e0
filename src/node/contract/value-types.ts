/** The types that signatures and storage may name: their ABI names, widths and how words hold them. */

import { faultAt, type Source, type TypeSyntax } from './syntax.ts';

export interface ValueType {
  /** As the contract writes it. */
  readonly text: string;
  readonly abi: string;
  readonly form: 'word' | 'bytes' | 'list';
  /** Bits that a storage word gives it; 256 for all that is not packed. */
  readonly bits: number;
  /** Of a list. */
  readonly item?: ValueType;
}

const word = (text: string, abi: string, bits: number): ValueType => ({
  text,
  abi,
  form: 'word',
  bits,
});

const types: ReadonlyMap<string, ValueType> = new Map(
  [
    word('U256', 'uint256', 256),
    word('Int256', 'int256', 256),
    word('Bytes32', 'bytes32', 256),
    word('Address', 'address', 160),
    word('bool', 'bool', 8),
    word('u8', 'uint8', 8),
    word('u16', 'uint16', 16),
    word('u32', 'uint32', 32),
    word('u64', 'uint64', 64),
    { text: 'Text', abi: 'string', form: 'bytes', bits: 256 } as const,
    { text: 'Bytes', abi: 'bytes', form: 'bytes', bits: 256 } as const,
  ].map((type) => [type.text, type]),
);

const remedies: ReadonlyMap<string, string> = new Map([
  ['string', 'use Text'],
  ['i32', 'use u32 or Int256'],
  ['i64', 'use u64 or Int256'],
  ['Array', 'use List'],
  ['StaticArray', 'use List'],
  ['boolean', 'use bool'],
]);

/** Name of a plain type; undefined for functions, tuples and qualified names. */
export function typeName(type: TypeSyntax): string | undefined {
  return type.name === undefined || type.name.next ? undefined : type.name.identifier.text;
}

function unsupported(source: Source, type: TypeSyntax, place: string) {
  const name = typeName(type) ?? 'this';
  const known = [...types.keys()].join(', ');
  const remedy =
    remedies.get(name) ?? `known are ${known} and List<…>; several results are a @result class`;
  return faultAt(source, type.range, `${place}: type ${name} has no ABI form: ${remedy}`);
}

/** A type that needs nothing but its name: no list, no mapping, no struct. */
export function plainType(type: TypeSyntax): ValueType | undefined {
  return type.isNullable ? undefined : types.get(typeName(type) ?? '');
}

/**
 * The type of an argument, a result or an event's member.
 * @throws BuildError naming the place, the type and its line
 */
export function valueType(source: Source, type: TypeSyntax, place: string): ValueType {
  const plain = plainType(type);
  if (plain !== undefined) return plain;
  const [inner] = type.typeArguments ?? [];
  if (typeName(type) !== 'List' || inner === undefined) throw unsupported(source, type, place);
  const item = plainType(inner);
  if (item?.form !== 'word') throw unsupported(source, inner, place);
  return { text: `List<${item.text}>`, abi: `${item.abi}[]`, form: 'list', bits: 256, item };
}
