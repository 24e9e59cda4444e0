/** ABI entries from declarations: functions, events, errors, with the types as they are written. */

import type { AbiEvent, AbiFunction } from 'viem';
import { toEventSelector, toFunctionSelector } from 'viem/utils';
import { faultAt, hasDecorator, type Located } from './syntax.ts';
import { typeName, type ValueType, valueType } from './value-types.ts';

export interface Parameter {
  readonly name: string;
  readonly type: ValueType;
  readonly indexed: boolean;
}

/** A function, event, error or method with its types resolved. */
export interface Signature {
  readonly located: Located;
  readonly name: string;
  readonly parameters: readonly Parameter[];
  /** Undefined for `void`. */
  readonly result: ValueType | undefined;
}

/** @throws BuildError naming the parameter whose type has no ABI form */
export function signatureOf(located: Located): Signature {
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
  const { returnType } = syntax;
  const isVoid = typeName(returnType) === 'void';
  const result = isVoid ? undefined : valueType(source, returnType, `result of ${name}`);
  return { located, name, parameters, result };
}

export const abiParameters = (signature: Signature) =>
  signature.parameters.map(({ name, type }) => ({ name, type: type.abi }));

/** The four bytes that choose a function or an error, as `0x…`. */
export function selectorOf(signature: Signature): string {
  const entry: AbiFunction = {
    type: 'function',
    name: signature.name,
    stateMutability: 'nonpayable',
    inputs: abiParameters(signature),
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
