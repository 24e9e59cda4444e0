/** The functions and classes that stand behind `@event`, `@error` and `@contract` declarations. */

import { decodeText, encodeText, wordsText } from './codec-text.ts';
import type { Named, ResultClasses } from './result-text.ts';
import { type Result, type Signature, selectorOf, signatureOf, topicOf } from './signature.ts';
import { faultAt, hasDecorator, type Located, nodeKind } from './syntax.ts';

const topicsMax = 3;

function parameterList(parameters: readonly Named[]): string {
  return parameters.map(({ name, type }) => `${name}: ${type.text}`).join(', ');
}

const encoded = (parameters: readonly Named[]) =>
  parameters.map(({ name, type }) => ({ code: name, type }));

/** A function that emits the event. */
export function eventText(signature: Signature): string {
  const { name, parameters, located } = signature;
  const topics = parameters.filter(({ indexed }) => indexed);
  const data = encoded(parameters.filter(({ indexed }) => !indexed));
  if (topics.length > topicsMax) {
    const message = `${name}: at most ${topicsMax} parameters are indexed`;
    throw faultAt(located.source, located.declaration.range, message);
  }
  const bytes = topicOf(signature).slice(2).replace(/../g, '0x$&,').slice(0, -1);
  return [
    `export function ${name}(${parameterList(parameters)}): void {`,
    `  const $log = kit.open(${1 + topics.length} + ${wordsText(data)}, 0);`,
    `  $log.raw(memory.data<u8>([${bytes}]));`,
    ...topics.map((topic) => `  $log.word(kit.toWord<${topic.type.text}>(${topic.name}));`),
    `  ${encodeText('$log', data)}`,
    `  kit.emit($log, ${1 + topics.length});`,
    '}',
  ].join('\n');
}

/** A function that reverts with the error. */
export function errorText(signature: Signature): string {
  const { name, parameters } = signature;
  const values = encoded(parameters);
  return [
    `export function ${name}(${parameterList(parameters)}): void {`,
    `  const $data = kit.open(${wordsText(values)}, 4);`,
    `  store<u32>($data.start, bswap<u32>(${selectorOf(signature)}));`,
    `  ${encodeText('$data', values)}`,
    '  kit.revertBytes($data.start, $data.length);',
    '}',
  ].join('\n');
}

/** The expression for what a call returned. */
function answerText({ text, values }: Result): string {
  const codes = values.map(({ type }, index) => decodeText(type, 'returned', index));
  return values[0]?.name === '' ? `${codes[0]}` : `${text}.of(${codes.join(', ')})`;
}

function methodText(signature: Signature): string {
  const { name, parameters, result, located } = signature;
  const { declaration } = located;
  const isView = hasDecorator(declaration, 'view');
  const values = encoded(parameters);
  const value = hasDecorator(declaration, 'payable') ? '$acorns' : 'kit.u256(0)';
  const extra =
    value === '$acorns' ? [...(values.length > 0 ? [', '] : []), '$acorns: kit.U256'] : [];
  return [
    `  ${name}(${parameterList(parameters)}${extra.join('')}): ${result?.text ?? 'void'} {`,
    `  const $data = kit.input(${selectorOf(signature)}, ${wordsText(values)});`,
    `  ${encodeText('$data', values)}`,
    // An account without code answers every call with success and nothing.
    ...(result === undefined ? ['  kit.requireCode(changetype<kit.U256>(this));'] : []),
    isView
      ? '  kit.view(changetype<kit.U256>(this), $data);'
      : `  kit.call(changetype<kit.U256>(this), $data, ${value});`,
    ...(result === undefined ? [] : [`  return ${answerText(result)};`]),
    '  }',
  ].join('\n');
}

/** A class whose methods call the contract at an address; failures are handed on. */
export function contractText({ source, declaration }: Located, classes: ResultClasses): string {
  const methods = (declaration.members ?? []).map((member) => {
    if (member.kind !== nodeKind.methodDeclaration) {
      throw faultAt(source, member.range, `${member.name.text}: a contract has methods alone`);
    }
    return methodText(signatureOf({ source, declaration: member }, classes));
  });
  const name = declaration.name.text;
  return [
    '@unmanaged @final',
    `export class ${name} {`,
    `  static at(account: Address): ${name} { return changetype<${name}>(account); }`,
    ...methods,
    '}',
  ].join('\n');
}
