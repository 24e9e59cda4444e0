/**
 * The entry points of a contract and its ABI, from functions with `@view`, `@call`, `@payable`,
 * `@constructor` and `@receive`.
 */

import type { Abi, AbiFunction } from 'viem';
import { decodeText, encodeText, wordsText } from './codec-text.ts';
import type { ResultClasses } from './result-text.ts';
import { abiParameters, type Signature, selectorOf, signatureOf } from './signature.ts';
import { faultAt, flag, hasDecorator, type Located } from './syntax.ts';

const kinds = ['view', 'call', 'payable', 'constructor', 'receive'] as const;

interface Entry {
  readonly signature: Signature;
  /** Namespace of the module that has the function. */
  readonly module: string;
  readonly isPayable: boolean;
}

export interface Entries {
  readonly functions: readonly Entry[];
  readonly construct: Entry | undefined;
  readonly receive: Entry | undefined;
}

export function isEntry({ declaration }: Located): boolean {
  return kinds.some((kind) => hasDecorator(declaration, kind));
}

function entryOf(located: Located, module: string, classes: ResultClasses): Entry {
  const { source, declaration } = located;
  const name = declaration.name.text;
  if ((declaration.flags & flag.export) === 0) {
    throw faultAt(source, declaration.range, `${name}: a function with a decorator is exported`);
  }
  const isPayable = hasDecorator(declaration, 'payable') || hasDecorator(declaration, 'receive');
  if (isPayable && hasDecorator(declaration, 'view')) {
    throw faultAt(source, declaration.range, `${name}: a view takes no value`);
  }
  return { signature: signatureOf(located, classes), module, isPayable };
}

function only(entries: readonly Entry[], kind: string): Entry | undefined {
  const [first, second] = entries.filter((entry) =>
    hasDecorator(entry.signature.located.declaration, kind),
  );
  if (second !== undefined) {
    const { source, declaration } = second.signature.located;
    throw faultAt(source, declaration.range, `${second.signature.name}: a second @${kind}`);
  }
  return first;
}

function refuseClashes(functions: readonly Entry[]): void {
  const seen = new Map<string, string>();
  for (const { signature } of functions) {
    const selector = selectorOf(signature);
    const other = seen.get(selector);
    const { source, declaration } = signature.located;
    if (other !== undefined) {
      const message = `${signature.name}: its selector ${selector} is that of ${other}; rename one`;
      throw faultAt(source, declaration.range, message);
    }
    seen.set(selector, signature.name);
  }
}

/** Sorts the decorated functions; `moduleOf` names the namespace of a source. @throws BuildError */
export function readEntries(
  located: readonly Located[],
  moduleOf: (located: Located) => string,
  classes: ResultClasses,
): Entries {
  const entries = located.map((one) => entryOf(one, moduleOf(one), classes));
  const construct = only(entries, 'constructor');
  const receive = only(entries, 'receive');
  if (receive !== undefined && receive.signature.parameters.length > 0) {
    const { source, declaration } = receive.signature.located;
    throw faultAt(
      source,
      declaration.range,
      `${receive.signature.name}: money comes without arguments`,
    );
  }
  const functions = entries.filter((entry) => entry !== construct && entry !== receive);
  refuseClashes(functions);
  return { functions, construct, receive };
}

function callText({ signature, module, isPayable }: Entry): string {
  const { name, parameters, result } = signature;
  const codes = parameters.map(({ type }, index) => decodeText(type, 'argument', index));
  const call = `${module}.${name}(${codes.join(', ')})`;
  const lines = isPayable ? [] : ['kit.refuseValue();'];
  if (parameters.length > 0) lines.push(`kit.expectArguments(${parameters.length * 32});`);
  if (result === undefined) return [...lines, `${call};`].join('\n  ');
  const values = result.values.map(({ name: member, type }) => ({
    type,
    code: member === '' ? 'result' : `result.${member}`,
  }));
  return [
    ...lines,
    `const result = ${call};`,
    `const out = kit.returns(${wordsText(values)});`,
    encodeText('out', values),
  ].join('\n  ');
}

/** `user_entrypoint` and, where there is one, `user_constructor`. */
export function dispatchText({ functions, construct, receive }: Entries): string {
  const fallback = receive === undefined ? 'kit.fail(0);' : `${callText(receive)}`;
  const cases = functions.map(
    (entry) => `case ${selectorOf(entry.signature)}: {\n  ${callText(entry)}\n  break; }`,
  );
  const lines = [
    'export function user_entrypoint(length: i32): i32 {',
    '  kit.openCalldata(length, 4);',
    `  if (length < 4) { if (length == 0) { ${fallback} } else kit.fail(0); }`,
    '  else switch (kit.selector()) {',
    ...cases,
    '  default: kit.fail(0);',
    '  }',
    '  kit.sendResult();',
    '  return 0;',
    '}',
  ];
  if (construct !== undefined) {
    lines.push(
      'export function user_constructor(length: i32): i32 {',
      '  kit.openCalldata(length, 0);',
      `  ${callText(construct)}`,
      '  return 0;',
      '}',
    );
  }
  return lines.join('\n');
}

function mutability({ signature, isPayable }: Entry): AbiFunction['stateMutability'] {
  if (isPayable) return 'payable';
  return hasDecorator(signature.located.declaration, 'view') ? 'view' : 'nonpayable';
}

/** The ABI of the entry points. */
export function entryAbi({ functions, construct, receive }: Entries): Abi {
  const payable = (entry: Entry) => (entry.isPayable ? 'payable' : 'nonpayable');
  return [
    ...(construct === undefined
      ? []
      : [
          {
            type: 'constructor' as const,
            inputs: abiParameters(construct.signature.parameters),
            stateMutability: payable(construct) as 'payable' | 'nonpayable',
          },
        ]),
    ...functions.map((entry) => ({
      type: 'function' as const,
      name: entry.signature.name,
      inputs: abiParameters(entry.signature.parameters),
      outputs: abiParameters(entry.signature.result?.values ?? []),
      stateMutability: mutability(entry),
    })),
    ...(receive === undefined
      ? []
      : [{ type: 'receive' as const, stateMutability: 'payable' as const }]),
  ];
}
