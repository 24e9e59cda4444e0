/** ABI entries from declarations: functions, events, errors, with the types as they are written. */

import type { AbiEvent, AbiFunction } from 'viem';
import { toEventSelector, toFunctionSelector } from 'viem/utils';
import type { Named, ResultClasses } from './result-text.ts';
import { faultAt, hasDecorator, type Located, type TypeSyntax } from './syntax.ts';
import { typeName, valueType } from './value-types.ts';

export interface Parameter extends Named {
  readonly indexed: boolean;
}

export interface Result {
  /** The type as the contract writes it. */
  readonly text: string;
  /** The members of a `@result` class, or the one value. */
  readonly values: readonly Named[];
}

/** A function, event, error or method with its types resolved. */
export interface Signature {
  readonly located: Located;
  readonly name: string;
  readonly parameters: readonly Parameter[];
  /** Undefined for `void`. */
  readonly result: Result | undefined;
}

function resultOf({ source, declaration }: Located, type: TypeSyntax, classes: ResultClasses) {
  const text = typeName(type) ?? '';
  if (text === 'void') return undefined;
  const values = type.isNullable ? undefined : classes.get(text);
  if (values !== undefined) return { text, values };
  const single = valueType(source, type, `result of ${declaration.name.text}`);
  return { text: single.text, values: [{ name: '', type: single }] };
}

/** @throws BuildError naming the parameter or result whose type has no ABI form */
export function signatureOf(located: Located, classes: ResultClasses = new Map()): Signature {
  const { source, declaration } = located;
  const name = declaration.name.text;
  const syntax = declaration.signature;
  if (syntax === undefined) {
    throw faultAt(source, declaration.range, `${name}: only functions have this decorator`);
  }
  const parameters = syntax.parameters.map((parameter): Parameter => {
    const place = `${name}(${parameter.name.text})`;
    if (parameter.initializer) {
      throw faultAt(source, parameter.type.range, `${place}: calls have no default values`);
    }
    const [inner] = parameter.type.typeArguments ?? [];
    const indexed = typeName(parameter.type) === 'Indexed' && inner !== undefined;
    if (indexed && !hasDecorator(declaration, 'event')) {
      throw faultAt(source, parameter.type.range, `${place}: only events have indexed parameters`);
    }
    const type = valueType(source, indexed ? inner : parameter.type, place);
    if (indexed && type.form !== 'word') {
      throw faultAt(source, parameter.type.range, `${place}: ${type.text} cannot be indexed`);
    }
    return { name: parameter.name.text, type, indexed };
  });
  const result = resultOf(located, syntax.returnType, classes);
  return { located, name, parameters, result };
}

export const abiParameters = (values: readonly Named[]) =>
  values.map(({ name, type }) => ({ name, type: type.abi }));

/** The four bytes that choose a function or an error, as `0x…`. */
export function selectorOf(signature: Signature): string {
  const entry: AbiFunction = {
    type: 'function',
    name: signature.name,
    stateMutability: 'nonpayable',
    inputs: abiParameters(signature.parameters),
    outputs: [],
  };
  return toFunctionSelector(entry);
}

export function eventEntry(signature: Signature): AbiEvent {
  const inputs = signature.parameters.map(({ name, type, indexed }) => ({
    name,
    type: type.abi,
    indexed,
  }));
  return { type: 'event', name: signature.name, inputs };
}

export function topicOf(signature: Signature): string {
  return toEventSelector(eventEntry(signature));
}
