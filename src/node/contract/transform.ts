/**
 * The compiler's transform for contracts: declarations with decorators become code. Storage classes,
 * events, errors and foreign contracts move into one generated module; entry points into another.
 */

import { posix } from 'node:path';
import type { Abi } from 'viem';
import { BuildError, type CompilerHooks } from './compiler.ts';
import { dispatchText, entryAbi, isEntry, readEntries } from './dispatch.ts';
import { contractText, errorText, eventText } from './parts-text.ts';
import { type ResultClasses, resultClasses, resultText } from './result-text.ts';
import { abiParameters, eventEntry, signatureOf } from './signature.ts';
import { isContractStorage, layout, storageText } from './storage-text.ts';
import { faultAt, flag, hasDecorator, type Located, type Parser, type Source } from './syntax.ts';

const partsModule = 'generated-parts';
const entryModule = 'generated-entry';

const header = [
  'import * as kit from "dodona/kit";',
  'import { Items, Mapping } from "dodona/mapping";',
  'import { Address, Bytes, Bytes32, Int256, List, Text } from "dodona/types";',
  'import { U256 } from "dodona/u256";',
  '',
].join('\n');

/** The decorated declarations of a contract, by what they become. */
interface Declarations {
  readonly storage: readonly Located[];
  readonly events: readonly Located[];
  readonly errors: readonly Located[];
  readonly contracts: readonly Located[];
  readonly results: readonly Located[];
  readonly entries: readonly Located[];
}

function collect(sources: readonly Source[]): Declarations {
  const all = sources.flatMap((source) =>
    source.statements.map((declaration): Located => ({ source, declaration })),
  );
  const having = (name: string) => all.filter(({ declaration }) => hasDecorator(declaration, name));
  return {
    storage: having('storage'),
    events: having('event'),
    errors: having('error'),
    contracts: having('contract'),
    results: having('result'),
    entries: all.filter(isEntry),
  };
}

function refuseTwins(located: readonly Located[]): void {
  const names = new Set<string>();
  for (const { source, declaration } of located) {
    const name = declaration.name.text;
    if (names.has(name)) throw faultAt(source, declaration.range, `${name} is declared twice`);
    names.add(name);
  }
}

/** Slot counts of the structs; as many rounds as there are structs settle those within others. */
function structsOf(storage: readonly Located[]): ReadonlyMap<string, number> {
  const structs = storage.filter((located) => !isContractStorage(located));
  const sizes = new Map(structs.map(({ declaration }) => [declaration.name.text, 1]));
  for (let round = 0; round < structs.length; round++) {
    for (const located of structs) {
      sizes.set(located.declaration.name.text, layout(located, sizes).slots);
    }
  }
  return sizes;
}

function partsText(declarations: Declarations, classes: ResultClasses): string {
  const { storage, events, errors, contracts } = declarations;
  const structs = structsOf(storage);
  const [, second] = storage.filter(isContractStorage);
  if (second !== undefined) {
    const message = `${second.declaration.name.text}: a contract has one class of static members`;
    throw faultAt(second.source, second.declaration.range, message);
  }
  return [
    header,
    ...storage.map((located) => storageText(located, structs)),
    ...events.map((located) => eventText(signatureOf(located))),
    ...errors.map((located) => errorText(signatureOf(located))),
    ...[...classes].map(([name, members]) => resultText(name, members)),
    ...contracts.map((located) => contractText(located, classes)),
  ].join('\n');
}

/** Takes the declarations out of their files and imports what was generated for them. */
function replaceDeclarations(parser: Parser, moved: readonly Located[]): void {
  for (const source of new Set(moved.map((located) => located.source))) {
    const own = moved.filter((located) => located.source === source);
    const folder = posix.dirname(source.normalizedPath);
    const path = posix.relative(folder, partsModule);
    const names = own.map(({ declaration }) => declaration.name.text).join(', ');
    const exported = own
      .filter(({ declaration }) => (declaration.flags & flag.export) !== 0)
      .map(({ declaration }) => declaration.name.text);
    const from = `"${path.startsWith('.') ? path : `./${path}`}"`;
    const lines = [`import { ${names} } from ${from};`];
    if (exported.length > 0) lines.push(`export { ${exported.join(', ')} } from ${from};`);
    const snippet = source.normalizedPath.replace(/\.ts$/, '-imports.ts');
    parser.parseFile(lines.join('\n'), snippet, false);
    const added = parser.sources.find(({ normalizedPath }) => normalizedPath === snippet);
    const kept = source.statements.filter((statement) =>
      own.every(({ declaration }) => declaration !== statement),
    );
    source.statements = [...(added?.statements ?? []), ...kept];
    if (added !== undefined) added.statements = [];
  }
}

function entryText(sources: readonly Source[], declarations: Declarations, classes: ResultClasses) {
  const modules = sources.filter((source) =>
    declarations.entries.some((located) => located.source === source),
  );
  const entries = readEntries(
    declarations.entries,
    (located) => `module${modules.indexOf(located.source)}`,
    classes,
  );
  const imports = modules.map((source, index) => {
    const path = source.normalizedPath.replace(/\.ts$/, '');
    return `import * as module${index} from "./${path}";\n`;
  });
  return { text: `${header}${imports.join('')}${dispatchText(entries)}`, entries };
}

/** A compiled module as the hooks get it: the part of Binaryen's that is asked. */
interface BinaryModule {
  getFunction(name: string): number;
}

function refuseRuntime(module: BinaryModule): void {
  if (module.getFunction('~lib/rt/stub/__alloc') === 0) return;
  throw new BuildError(
    'the contract uses managed memory: avoid new, array literals, closures and joined strings; ' +
      'use newList, text("…"), @storage and @result classes',
  );
}

/** Hooks for one compilation; `abi` is complete when they have run. */
export function contractTransform(): { readonly hooks: CompilerHooks; readonly abi: () => Abi } {
  let abi: Abi = [];
  const afterParse = (parser: Parser): void => {
    const sources = parser.sources.filter(
      ({ normalizedPath }) => !normalizedPath.startsWith('~lib/'),
    );
    const declarations = collect(sources);
    const { storage, events, errors, contracts, results } = declarations;
    if (declarations.entries.length === 0) {
      throw new BuildError('the contract has no function with @view, @call or @payable');
    }
    const moved = [...storage, ...events, ...errors, ...contracts, ...results];
    refuseTwins(moved);
    const classes = resultClasses(results);
    const { text, entries } = entryText(sources, declarations, classes);
    const parts = partsText(declarations, classes);
    parser.parseFile(parts, `${partsModule}.ts`, false);
    replaceDeclarations(parser, moved);
    parser.parseFile(text, `${entryModule}.ts`, true);
    abi = [
      ...entryAbi(entries),
      ...events.map((located) => eventEntry(signatureOf(located))),
      ...errors
        .map((located) => signatureOf(located))
        .map((signature) => ({
          type: 'error' as const,
          name: signature.name,
          inputs: abiParameters(signature.parameters),
        })),
    ];
  };
  const hooks: CompilerHooks = {
    afterParse: (parser) => afterParse(parser as Parser),
    afterCompile: (module) => refuseRuntime(module as BinaryModule),
  };
  return { hooks, abi: () => abi };
}
