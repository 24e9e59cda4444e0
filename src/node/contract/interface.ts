/**
 * Turns a contract's `interface.abi` (human-readable ABI, one signature a line) into AssemblyScript:
 * selectors, errors and event topics as constants, and the entry points that decode and dispatch.
 */

import type { Abi, AbiFunction, AbiParameter } from 'viem';
import { parseAbi, toEventSelector, toFunctionSelector } from 'viem/utils';

/** Parses the text of an `interface.abi`. @throws viem's error naming the line that is wrong. */
export function parseInterface(text: string): Abi {
  const signatures = text
    .split('\n')
    .map((line) => line.replace(/\/\/.*$/, '').trim())
    .filter((line) => line !== '');
  return parseAbi(signatures as readonly string[] as readonly ['function f()']) as Abi;
}

/** Bytes that a type takes in place; undefined for a dynamic one, tuples with dynamic members too. */
function staticLength(parameter: AbiParameter): number | undefined {
  const { type } = parameter;
  if (type === 'string' || type === 'bytes' || type.endsWith('[]')) return undefined;
  if (type !== 'tuple') return 32;
  let total = 0;
  for (const member of (parameter as { components: readonly AbiParameter[] }).components) {
    const length = staticLength(member);
    if (length === undefined) return undefined;
    total += length;
  }
  return total;
}

function elementOf(parameter: AbiParameter): AbiParameter {
  return { ...parameter, type: parameter.type.slice(0, -2) };
}

/** The expression that reads one argument, and the bytes it takes in the head. */
function decode(parameter: AbiParameter, position: number): { code: string; length: number } {
  const { type } = parameter;
  const length = staticLength(parameter) ?? 32;
  if (type === 'string' || type === 'bytes') return { code: `argumentBytes(${position})`, length };
  if (type.endsWith('[]')) {
    const item = staticLength(elementOf(parameter)) ?? 32;
    return { code: `argumentList(${position}, ${item})`, length };
  }
  if (type === 'tuple') {
    if (staticLength(parameter) === undefined) {
      throw new Error(`${parameter.name}: tuples with dynamic members have no decoder`);
    }
    return { code: `argumentPointer(${position})`, length };
  }
  if (type === 'address') return { code: `argumentAddress(${position})`, length };
  const bits = Number(/^uint(\d+)$/.exec(type)?.[1] ?? (type === 'bool' ? 1 : 256));
  if (bits <= 64) return { code: `argumentUnsigned(${position}, ${bits})`, length };
  if (bits <= 128) return { code: `argumentWide(${position}, ${bits})`, length };
  if (!['uint256', 'int256', 'bytes32'].includes(type)) {
    throw new Error(`${parameter.name}: arguments of type ${type} have no decoder`);
  }
  return { code: `argument(${position})`, length };
}

function decodeAll(inputs: readonly AbiParameter[]): { codes: string; length: number } {
  const codes: string[] = [];
  let length = 0;
  for (const parameter of inputs) {
    const decoded = decode(parameter, length);
    codes.push(decoded.code);
    length += decoded.length;
  }
  return { codes: codes.join(', '), length };
}

function dispatchCase(abiFunction: AbiFunction): string {
  const { codes, length } = decodeAll(abiFunction.inputs);
  const call = `contract.${abiFunction.name}(${codes})`;
  const single = abiFunction.outputs.length === 1 ? abiFunction.outputs[0]?.type : undefined;
  const scalar = single !== undefined && !/\[\]$|^(tuple|string|bytes)$/.test(single);
  const narrow = scalar && /^(uint(8|16|32|64)|bool)$/.test(single);
  const body = scalar ? `returns(1).${narrow ? 'number' : 'word'}(${call});` : `${call};`;
  const guard = abiFunction.stateMutability === 'payable' ? '' : ' refuseValue();';
  return `    case ${toFunctionSelector(abiFunction)}: {${guard} expectArguments(${length}); ${body} break; }`;
}

function constants(space: string, type: string, entries: readonly (readonly [string, string])[]) {
  const lines = entries.map(([name, value]) => `  export const ${name}: ${type} = ${value};`);
  return `export namespace ${space} {\n${lines.join('\n')}\n}\n`;
}

/** Selectors, error selectors and event topics of `abi`. */
export function interfaceModule(abi: Abi): string {
  const functions = abi.filter((item) => item.type === 'function');
  const errors = abi.filter((item) => item.type === 'error');
  const events = abi.filter((item) => item.type === 'event');
  const bytes = (hex: string) => hex.slice(2).replace(/../g, '0x$&,').slice(0, -1);
  return [
    constants(
      'selectors',
      'u32',
      functions.map((item) => [item.name, toFunctionSelector(item)]),
    ),
    constants(
      'errors',
      'u32',
      errors.map((item) => [item.name, toFunctionSelector({ ...item, type: 'function' } as never)]),
    ),
    constants(
      'events',
      'usize',
      events.map((item) => [item.name, `memory.data<u8>([${bytes(toEventSelector(item))}])`]),
    ),
  ].join('');
}

/** The entry points: decode by type, refuse value where it is not payable, dispatch by selector. */
export function entryModule(abi: Abi): string {
  const functions = abi.filter((item) => item.type === 'function');
  const selectors = functions.map((item) => toFunctionSelector(item));
  if (new Set(selectors).size !== selectors.length) throw new Error('two functions, one selector');
  const receives = abi.some((item) => item.type === 'receive');
  const construction = abi.find((item) => item.type === 'constructor');
  const lines = [
    `import * as contract from "./contract";`,
    `import { argument, argumentAddress, argumentBytes, argumentList, argumentPointer,`,
    `  argumentUnsigned, argumentWide, expectArguments, openCalldata, refuseValue, selector } from "../sdk/calldata";`,
    `import { returns, sendResult } from "../sdk/output";`,
    `import { fail } from "../sdk/revert";`,
    `export function user_entrypoint(length: i32): i32 {`,
    `  openCalldata(length, 4);`,
    `  if (length < 4) {`,
    `    ${receives ? 'if (length == 0) contract.receive(); else fail(0);' : 'fail(0);'}`,
    `  } else switch (selector()) {`,
    ...functions.map(dispatchCase),
    `    default: fail(0);`,
    `  }`,
    `  sendResult();`,
    `  return 0;`,
    `}`,
  ];
  if (construction) {
    const { codes, length } = decodeAll(construction.inputs);
    lines.push(
      `export function user_constructor(length: i32): i32 {`,
      `  openCalldata(length, 0);`,
      `  expectArguments(${length});`,
      `  contract.construct(${codes});`,
      `  return 0;`,
      `}`,
    );
  }
  return `${lines.join('\n')}\n`;
}
