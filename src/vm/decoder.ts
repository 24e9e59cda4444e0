/**
 * Bytes -> module: strict on form (section order, exact ends, known bytes), silent on meaning.
 * WebAssembly 1.0, section 5.5. Custom sections and DataCount are dropped.
 */

import { equalBytes } from '../primitives/bytes.ts';
import { ByteReader, ModuleError, type SectionName } from './binary.ts';
import { readExpression } from './instructions.ts';
import {
  type DataSegment,
  type ElementSegment,
  type Export,
  type ExternalKind,
  type FunctionBody,
  type FunctionType,
  type Global,
  type GlobalType,
  type Import,
  type ImportDescription,
  importsOf,
  type SizeLimits,
  type WasmModule,
} from './module.ts';
import { valueTypes } from './opcodes.ts';

const header = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);
const externalKinds: readonly ExternalKind[] = ['function', 'table', 'memory', 'global'];
const sectionNames: readonly SectionName[] = [
  'custom',
  'type',
  'import',
  'function',
  'table',
  'memory',
  'global',
  'export',
  'start',
  'element',
  'code',
  'data',
  'data count',
];
/** DataCount (12) stands between element and code. */
const sectionOrder = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 10];

/** A function may declare this many locals at most, whatever the policy: V8's own limit. */
const localsMax = 50_000;

function readValueType(reader: ByteReader): number {
  const type = reader.u8('value type');
  if (type >= valueTypes.f64 && type <= valueTypes.i32) return type;
  if (type === 0x7b || type === 0x70 || type === 0x6f) {
    reader.refuse(
      `value type 0x${type.toString(16)} is a vector or reference: ` +
        'compile for the MVP without SIMD and reference types',
      reader.offset - 1,
    );
  }
  return reader.fail(`0x${type.toString(16)} is no value type`, reader.offset - 1);
}

function readFunctionType(reader: ByteReader): FunctionType {
  if (reader.u8('function type') !== 0x60) reader.fail('type is no function type');
  return {
    parameters: reader.vector('parameters', () => readValueType(reader)),
    results: reader.vector('results', () => readValueType(reader)),
  };
}

function readLimits(reader: ByteReader): SizeLimits {
  const flags = reader.u8('limits');
  if (flags > 1) reader.fail('limits flags must be 0 or 1: no shared or 64-bit memory');
  const minimum = reader.u32('minimum');
  return { minimum, maximum: flags === 1 ? reader.u32('maximum') : undefined };
}

function readTable(reader: ByteReader): SizeLimits {
  if (reader.u8('element type') !== 0x70) reader.fail('table must hold functions');
  return readLimits(reader);
}

function readGlobalType(reader: ByteReader): GlobalType {
  const type = readValueType(reader);
  const mutability = reader.u8('mutability');
  if (mutability > 1) reader.fail('mutability must be 0 or 1');
  return { type, isMutable: mutability === 1 };
}

function refuseTags(reader: ByteReader): never {
  return reader.refuse(
    'tag belongs to exception handling: compile without exceptions',
    reader.offset - 1,
  );
}

function readKind(reader: ByteReader): ExternalKind {
  const code = reader.u8('external kind');
  if (code === 4) refuseTags(reader);
  return externalKinds[code] ?? reader.fail('external kind is unknown', reader.offset - 1);
}

function readImportDescription(reader: ByteReader): ImportDescription {
  const kind = readKind(reader);
  switch (kind) {
    case 'function':
      return { kind, typeIndex: reader.u32('type index') };
    case 'table':
      return { kind, limits: readTable(reader) };
    case 'memory':
      return { kind, limits: readLimits(reader) };
    case 'global':
      return { kind, type: readGlobalType(reader) };
  }
}

function readImport(reader: ByteReader): Import {
  const offset = reader.offset;
  const module = reader.name('module name of an import');
  const name = reader.name('name of an import');
  return { module, name, description: readImportDescription(reader), offset };
}

function readGlobal(reader: ByteReader): Global {
  return { type: readGlobalType(reader), initial: readExpression(reader) };
}

function readExport(reader: ByteReader): Export {
  return {
    name: reader.name('name of an export'),
    kind: readKind(reader),
    index: reader.u32('index'),
  };
}

function readSegmentFlags(reader: ByteReader): void {
  const offset = reader.offset;
  const flags = reader.u32('kind of segment');
  if (flags === 0) return;
  reader.refuse(
    `a segment of kind ${flags} (bulk memory or reference types): only active segments are ` +
      'accepted, without an index of memory or table',
    offset,
  );
}

function readElement(reader: ByteReader): ElementSegment {
  readSegmentFlags(reader);
  const offset = readExpression(reader);
  return { offset, functions: reader.vector('functions', () => reader.u32('function index')) };
}

function readData(reader: ByteReader): DataSegment {
  readSegmentFlags(reader);
  const offset = readExpression(reader);
  return { offset, bytes: reader.take(reader.u32('length of data'), 'data') };
}

function readBody(outer: ByteReader, functionIndex: number): FunctionBody {
  const named = outer.within({ section: 'code', functionIndex });
  const sizeBytes = named.u32('size of a function body');
  const reader = named.inner(sizeBytes, 'function body');
  outer.offset = reader.end;
  const offset = reader.offset;
  let total = 0;
  const locals = reader.vector('local groups', () => {
    const count = reader.u32('number of locals');
    total += count;
    if (total > localsMax) reader.fail(`too many locals: ${total}, at most ${localsMax}`);
    return { count, type: readValueType(reader) };
  });
  const instructions = readExpression(reader);
  if (!reader.done) reader.fail('bytes after the end of a function body');
  return { locals, instructions, offset, sizeBytes };
}

type Sections = { -readonly [Name in keyof WasmModule]: WasmModule[Name] } & {
  /** DataCount says only what the data section must agree with. */
  dataCount: number | undefined;
};

function readSection(id: number, reader: ByteReader, module: Sections): void {
  switch (id) {
    case 1:
      module.types = reader.vector('types', () => readFunctionType(reader));
      return;
    case 2:
      module.imports = reader.vector('imports', () => readImport(reader));
      return;
    case 3:
      module.functions = reader.vector('functions', () => reader.u32('type index'));
      return;
    case 4:
      module.tables = reader.vector('tables', () => readTable(reader));
      return;
    case 5:
      module.memories = reader.vector('memories', () => readLimits(reader));
      return;
    case 6:
      module.globals = reader.vector('globals', () => readGlobal(reader));
      return;
    case 7:
      module.exports = reader.vector('exports', () => readExport(reader));
      return;
    case 8:
      module.start = reader.u32('start function');
      return;
    case 9:
      module.elements = reader.vector('element segments', () => readElement(reader));
      return;
    case 10: {
      const imported = importsOf(module, 'function').length;
      module.bodies = reader.vector('function bodies', (index) =>
        readBody(reader, imported + index),
      );
      return;
    }
    case 11:
      module.data = reader.vector('data segments', () => readData(reader));
      return;
    default:
      module.dataCount = reader.u32('data count');
  }
}

function emptySections(): Sections {
  return {
    types: [],
    imports: [],
    functions: [],
    tables: [],
    memories: [],
    globals: [],
    exports: [],
    start: undefined,
    elements: [],
    bodies: [],
    data: [],
    dataCount: undefined,
  };
}

/** Sections that repeat the length of others must agree with them. */
function checkCounts({ functions, bodies, data, dataCount }: Sections, reader: ByteReader): void {
  if (functions.length !== bodies.length) {
    const message = `${functions.length} functions are declared, ${bodies.length} defined`;
    reader.within({ section: 'code' }).fail(message);
  }
  if (dataCount !== undefined && dataCount !== data.length) {
    const message = `${dataCount} data segments are announced, ${data.length} follow`;
    reader.within({ section: 'data' }).fail(message);
  }
}

/**
 * The module that `bytes` encode. Data segments are views into `bytes`.
 * @throws ModuleError naming section, offset and what is wrong.
 */
export function decodeModule(bytes: Uint8Array): WasmModule {
  if (bytes.length < 8 || !equalBytes(bytes.subarray(0, 8), header)) {
    throw new ModuleError(
      'malformed',
      { section: undefined, offset: 0 },
      'no WebAssembly module of version 1: bytes 0-7 differ',
    );
  }
  const sections = emptySections();
  const reader = new ByteReader(bytes, 8, bytes.length, { section: undefined });
  const sectionOffsets: Partial<Record<SectionName, number>> = {};
  let lastOrder = 0;
  while (!reader.done) {
    const id = reader.u8('section id');
    const order = sectionOrder[id];
    if (id === 13) refuseTags(reader);
    if (order === undefined) return reader.fail(`unknown section ${id}`, reader.offset - 1);
    const name = sectionNames[id] as SectionName;
    const named = reader.within({ section: name });
    const section = named.inner(named.u32('size of the section'), 'the section');
    reader.offset = section.end;
    if (id === 0) {
      section.name('name of a custom section');
      continue;
    }
    if (order <= lastOrder) section.fail('it is out of order or twice');
    lastOrder = order;
    sectionOffsets[name] = section.offset;
    readSection(id, section, sections);
    if (!section.done) section.fail('bytes after its end');
  }
  const { dataCount, ...module } = sections;
  checkCounts(sections, reader);
  return { ...module, sectionOffsets };
}
