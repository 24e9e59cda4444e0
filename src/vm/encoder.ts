/**
 * Module -> bytes, in the one canonical form: sections in order, empty ones left out, every
 * integer as short as it can be. This, not what was uploaded, is what the engine compiles.
 */

import { utf8 } from '../primitives/bytes.ts';
import { ByteWriter } from './binary.ts';
import { writeInstruction } from './instructions.ts';
import type {
  ExternalKind,
  FunctionBody,
  FunctionType,
  GlobalType,
  Import,
  Instruction,
  SizeLimits,
  WasmModule,
} from './module.ts';

const kindCodes: Readonly<Record<ExternalKind, number>> = {
  function: 0,
  table: 1,
  memory: 2,
  global: 3,
};

function writeVector<Item>(
  writer: ByteWriter,
  items: readonly Item[],
  write: (item: Item) => void,
): void {
  writer.u32(items.length);
  for (const item of items) write(item);
}

function writeType(writer: ByteWriter, type: FunctionType): void {
  writer.u8(0x60);
  writer.block(Uint8Array.from(type.parameters));
  writer.block(Uint8Array.from(type.results));
}

function writeLimits(writer: ByteWriter, limits: SizeLimits): void {
  writer.u8(limits.maximum === undefined ? 0 : 1);
  writer.u32(limits.minimum);
  if (limits.maximum !== undefined) writer.u32(limits.maximum);
}

function writeTable(writer: ByteWriter, limits: SizeLimits): void {
  writer.u8(0x70);
  writeLimits(writer, limits);
}

function writeGlobalType(writer: ByteWriter, type: GlobalType): void {
  writer.u8(type.type);
  writer.u8(type.isMutable ? 1 : 0);
}

function writeExpression(writer: ByteWriter, instructions: readonly Instruction[]): void {
  for (const instruction of instructions) writeInstruction(writer, instruction);
}

function writeImport(writer: ByteWriter, entry: Import): void {
  writer.block(utf8(entry.module));
  writer.block(utf8(entry.name));
  const { description } = entry;
  writer.u8(kindCodes[description.kind]);
  if (description.kind === 'function') writer.u32(description.typeIndex);
  else if (description.kind === 'table') writeTable(writer, description.limits);
  else if (description.kind === 'memory') writeLimits(writer, description.limits);
  else writeGlobalType(writer, description.type);
}

/** `scratch` is empty before and after: one buffer serves all bodies. */
function writeBody(writer: ByteWriter, body: FunctionBody, scratch: ByteWriter): void {
  writeVector(scratch, body.locals, (group) => {
    scratch.u32(group.count);
    scratch.u8(group.type);
  });
  writeExpression(scratch, body.instructions);
  writer.block(scratch.written);
  scratch.clear();
}

/** The canonical bytes of `module`. Decoding them gives an equal module, apart from offsets. */
export function encodeModule(module: WasmModule): Uint8Array {
  const writer = new ByteWriter();
  // One buffer serves all sections: most have a few bytes, and a module of a hundred bytes has ten.
  const inner = new ByteWriter();
  writer.bytes(Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00));

  function section<Item>(
    id: number,
    items: readonly Item[],
    write: (writer: ByteWriter, item: Item) => void,
  ): void {
    if (items.length === 0) return;
    writeVector(inner, items, (item) => write(inner, item));
    endSection(id);
  }

  function endSection(id: number): void {
    writer.u8(id);
    writer.block(inner.written);
    inner.clear();
  }

  section(1, module.types, writeType);
  section(2, module.imports, writeImport);
  section(3, module.functions, (_, typeIndex) => inner.u32(typeIndex));
  section(4, module.tables, writeTable);
  section(5, module.memories, writeLimits);
  section(6, module.globals, (_, global) => {
    writeGlobalType(inner, global.type);
    writeExpression(inner, global.initial);
  });
  section(7, module.exports, (_, entry) => {
    inner.block(utf8(entry.name));
    inner.u8(kindCodes[entry.kind]);
    inner.u32(entry.index);
  });
  if (module.start !== undefined) {
    inner.u32(module.start);
    endSection(8);
  }
  section(9, module.elements, (_, segment) => {
    inner.u32(0);
    writeExpression(inner, segment.offset);
    writeVector(inner, segment.functions, (index) => inner.u32(index));
  });
  const scratch = new ByteWriter();
  section(10, module.bodies, (_, body) => writeBody(inner, body, scratch));
  section(11, module.data, (_, segment) => {
    inner.u32(0);
    writeExpression(inner, segment.offset);
    inner.block(segment.bytes);
  });
  return writer.finish();
}
