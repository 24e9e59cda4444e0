/**
 * `@result` classes: several results of one function. The ABI has their members side by side, as
 * Solidity's `returns (…)` has them; in the contract they are one value, made by `of`.
 */

import { type Declaration, faultAt, flag, type Located, nodeKind } from './syntax.ts';
import { type ValueType, valueType } from './value-types.ts';

/** A value with the name that the ABI gives it; a result that stands alone has an empty one. */
export interface Named {
  readonly name: string;
  readonly type: ValueType;
}

/** Members of each `@result` class, by its name. */
export type ResultClasses = ReadonlyMap<string, readonly Named[]>;

function memberOf({ source, declaration }: Located, member: Declaration): Named {
  const name = member.name.text;
  const place = `${declaration.name.text}.${name}`;
  const isPlain = member.kind === nodeKind.fieldDeclaration && !member.initializer;
  if (!isPlain || !member.type || (member.flags & flag.static) !== 0) {
    const message = `${place}: members of a @result class are typed variables and no more`;
    throw faultAt(source, member.range, message);
  }
  return { name, type: valueType(source, member.type, place) };
}

function membersOf(located: Located): readonly Named[] {
  const { source, declaration } = located;
  const name = declaration.name.text;
  if (declaration.kind !== nodeKind.classDeclaration || declaration.extendsType) {
    throw faultAt(source, declaration.range, `${name}: @result is for a class that extends none`);
  }
  const members = (declaration.members ?? []).map((member) => memberOf(located, member));
  if (members.length === 0) {
    throw faultAt(source, declaration.range, `${name}: a @result class has members`);
  }
  const names = new Set(members.map((member) => member.name));
  if (names.size < members.length) {
    throw faultAt(source, declaration.range, `${name}: two members have one name`);
  }
  return members;
}

/** @throws BuildError naming the member that is no result */
export function resultClasses(located: readonly Located[]): ResultClasses {
  return new Map(located.map((one) => [one.declaration.name.text, membersOf(one)]));
}

/** A class of the arena: `new` would take managed memory, and a constructor costs null checks. */
export function resultText(name: string, members: readonly Named[]): string {
  const parameters = members.map((member) => `${member.name}: ${member.type.text}`);
  return [
    '@unmanaged @final',
    `export class ${name} {`,
    ...parameters.map((parameter) => `  ${parameter};`),
    `  static of(${parameters.join(', ')}): ${name} {`,
    `    const $result = changetype<${name}>(kit.allocate(offsetof<${name}>()));`,
    ...members.map((member) => `    $result.${member.name} = ${member.name};`),
    '    return $result;',
    '  }',
    '}',
  ].join('\n');
}
