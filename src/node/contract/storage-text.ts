/**
 * `@storage` classes in Solidity's layout. Static members are the contract's own variables from slot
 * 0, instance members those of a struct; each becomes an accessor that reads and writes storage.
 */

import {
  type Declaration,
  faultAt,
  flag,
  type Located,
  nodeKind,
  type TypeSyntax,
} from './syntax.ts';
import { plainType, typeName, type ValueType } from './value-types.ts';

/** Slots that each `@storage` struct takes, by name. */
export type Structs = ReadonlyMap<string, number>;

interface Place {
  readonly member: Declaration;
  readonly type: TypeSyntax;
  readonly plain: ValueType | undefined;
  readonly slot: number;
  /** Bits from the low end of the word. */
  readonly shift: number;
}

function storedText(located: Located, type: TypeSyntax, structs: Structs): string {
  const plain = plainType(type);
  if (plain !== undefined) return plain.text;
  const name = typeName(type) ?? 'this';
  const [first, second] = type.typeArguments ?? [];
  if (structs.has(name)) return name;
  if (name === 'Mapping' && first !== undefined && second !== undefined) {
    const key = plainType(first);
    if (key?.form === 'word')
      return `Mapping<${key.text}, ${storedText(located, second, structs)}>`;
    const { source, declaration } = located;
    const message = `${declaration.name.text}: keys of type ${typeName(first)} are not supported`;
    throw faultAt(source, first.range, message);
  }
  if (name === 'Items' && first !== undefined) {
    const item = plainType(first);
    if (item === undefined || item.bits > 128)
      return `Items<${storedText(located, first, structs)}>`;
  }
  const { source, declaration } = located;
  const shown = first === undefined ? name : `${name}<${typeName(first)}>`;
  const message = `${declaration.name.text}: type ${shown} cannot be stored`;
  throw faultAt(source, type.range, message);
}

/** Slots a member takes when it is not packed. */
function slotsOf(type: TypeSyntax, structs: Structs): number {
  return structs.get(typeName(type) ?? '') ?? 1;
}

/** Where each member lies, and how many slots there are. */
export function layout(
  located: Located,
  structs: Structs,
): { readonly places: readonly Place[]; readonly slots: number } {
  const places: Place[] = [];
  let slot = 0;
  let shift = 0;
  for (const member of located.declaration.members ?? []) {
    const { type } = member;
    if (member.kind !== nodeKind.fieldDeclaration || !type) {
      throw faultAt(
        located.source,
        member.range,
        `${member.name.text}: members are typed variables`,
      );
    }
    if (member.initializer) {
      const message = `${member.name.text}: storage begins at zero; set it in the constructor`;
      throw faultAt(located.source, member.range, message);
    }
    const plain = plainType(type);
    const bits = plain?.bits ?? 256;
    if (shift > 0 && shift + bits > 256) {
      slot += 1;
      shift = 0;
    }
    places.push({ member, type, plain, slot, shift });
    if (bits === 256) slot += slotsOf(type, structs);
    else shift += bits;
  }
  return { places, slots: slot + (shift > 0 ? 1 : 0) };
}

function accessor(located: Located, place: Place, isStatic: boolean, structs: Structs): string {
  const { member, plain, slot, shift } = place;
  const name = member.name.text;
  const text = storedText(located, place.type, structs);
  const at = isStatic ? `kit.u256(${slot})` : `kit.offset(changetype<kit.U256>(this), ${slot})`;
  const prefix = isStatic ? 'static ' : '';
  const get = (body: string) => `  ${prefix}get ${name}(): ${text} { return ${body}; }`;
  const set = (body: string) => `  ${prefix}set ${name}(next: ${text}) { ${body}; }`;
  if (plain === undefined) return get(`changetype<${text}>(${at})`);
  if (plain.form === 'bytes') {
    return [get(`kit.readBytes(${at})`), set(`kit.writeBytes(${at}, next)`)].join('\n');
  }
  const field = `${at}, ${shift}, ${plain.bits}`;
  const read = plain.bits === 256 ? `kit.read(${at})` : `kit.readField(${field})`;
  const word = `kit.toWord<${text}>(next)`;
  const write = plain.bits === 256 ? `kit.write(${at}, next)` : `kit.writeField(${field}, ${word})`;
  return [get(`kit.fromWord<${text}>(${read})`), set(write)].join('\n');
}

/** Whether the class holds the contract's own variables. */
export function isContractStorage({ source, declaration }: Located): boolean {
  const members = declaration.members ?? [];
  const count = members.filter((member) => (member.flags & flag.static) !== 0).length;
  if (count > 0 && count < members.length) {
    const message = `${declaration.name.text}: members are all static (the contract's) or none is (a struct)`;
    throw faultAt(source, declaration.range, message);
  }
  return count > 0;
}

/** The class with accessors in place of its members. */
export function storageText(located: Located, structs: Structs): string {
  const isStatic = isContractStorage(located);
  const { places, slots } = layout(located, structs);
  return [
    '@unmanaged @final',
    `export class ${located.declaration.name.text} {`,
    ...places.map((place) => accessor(located, place, isStatic, structs)),
    `  slotCount(): u64 { return ${slots}; }`,
    '}',
  ].join('\n');
}
