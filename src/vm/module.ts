/**
 * A WebAssembly module as values, between decoder and encoder. Offsets point into the bytes that
 * were read, so that every refusal can name its place.
 */

import type { Place, SectionName } from './binary.ts';

export interface FunctionType {
  readonly parameters: readonly number[];
  readonly results: readonly number[];
}

export interface SizeLimits {
  readonly minimum: number;
  readonly maximum: number | undefined;
}

export interface GlobalType {
  readonly type: number;
  readonly isMutable: boolean;
}

/**
 * Block types are numbers: a value type, `emptyBlock`, or, for blocks that take operands or give
 * several results, the index of a function type as its complement.
 */
export function blockTypeOfIndex(typeIndex: number): number {
  return ~typeIndex;
}

/** The type index in a block type, if it has one. */
export function typeIndexOfBlock(blockType: number): number | undefined {
  return blockType < 0 ? ~blockType : undefined;
}

/** One operator with its immediate. Instances are shared: never write to one. */
export interface Instruction {
  readonly opcode: number;
  /** Byte offset in the module that was read; 0 in code that we insert. */
  readonly offset: number;
  /** Index, label, block type, alignment exponent or the constant of i32.const. */
  readonly immediate: number;
  /** Constant offset of a load or store. */
  readonly memoryOffset: number;
  /** Constant of i64.const; raw bits of f32.const and f64.const. */
  readonly constant: bigint;
  /** Labels of br_table, the default last. */
  readonly targets: readonly number[];
}

/** What a module may import; the names of a kind are those of the text format. */
export type ImportDescription =
  | { readonly kind: 'function'; readonly typeIndex: number }
  | { readonly kind: 'table'; readonly limits: SizeLimits }
  | { readonly kind: 'memory'; readonly limits: SizeLimits }
  | { readonly kind: 'global'; readonly type: GlobalType };

export interface Import {
  readonly module: string;
  readonly name: string;
  readonly description: ImportDescription;
  readonly offset: number;
}

export interface FunctionBody {
  /** Declared locals, run-length encoded as in the binary form. */
  readonly locals: readonly { readonly count: number; readonly type: number }[];
  /** Ends with `end`. */
  readonly instructions: readonly Instruction[];
  readonly offset: number;
  readonly sizeBytes: number;
}

export interface Global {
  readonly type: GlobalType;
  readonly initial: readonly Instruction[];
}

export type ExternalKind = ImportDescription['kind'];

export interface Export {
  readonly name: string;
  readonly kind: ExternalKind;
  readonly index: number;
}

export interface ElementSegment {
  readonly offset: readonly Instruction[];
  readonly functions: readonly number[];
}

export interface DataSegment {
  readonly offset: readonly Instruction[];
  readonly bytes: Uint8Array;
}

export interface WasmModule {
  readonly types: readonly FunctionType[];
  readonly imports: readonly Import[];
  /** Type index of each function of the module's own. */
  readonly functions: readonly number[];
  readonly tables: readonly SizeLimits[];
  readonly memories: readonly SizeLimits[];
  readonly globals: readonly Global[];
  readonly exports: readonly Export[];
  readonly start: number | undefined;
  readonly elements: readonly ElementSegment[];
  readonly bodies: readonly FunctionBody[];
  readonly data: readonly DataSegment[];
  /** Where the sections of the bytes that were read begin; a module that is made has none. */
  readonly sectionOffsets?: Readonly<Partial<Record<SectionName, number>>>;
}

/** The place of a section as a whole, for refusals. */
export function placeOf(module: WasmModule, section: SectionName): Place {
  return { section, offset: module.sectionOffsets?.[section] };
}

/** The imports of one kind, in index order. */
export function importsOf<Kind extends ExternalKind>(
  module: WasmModule,
  kind: Kind,
): Extract<ImportDescription, { kind: Kind }>[] {
  return module.imports
    .map((entry) => entry.description)
    .filter((entry): entry is Extract<ImportDescription, { kind: Kind }> => entry.kind === kind);
}

const noTargets: readonly number[] = [];

/** An instruction that was not read but made. */
export function instruction(opcode: number, immediate = 0, constant = 0n): Instruction {
  return { opcode, offset: 0, immediate, memoryOffset: 0, constant, targets: noTargets };
}
