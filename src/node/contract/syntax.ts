/**
 * The part of the compiler's syntax tree that contracts are read from. The kinds and flags are those
 * of assemblyscript 0.28; its own declarations are constant enumerations, which leave no values.
 */

import { BuildError } from './compiler.ts';

export const nodeKind = {
  import: 43,
  classDeclaration: 52,
  fieldDeclaration: 55,
  functionDeclaration: 56,
  methodDeclaration: 59,
} as const;

export const flag = { export: 2, static: 32 } as const;

interface Range {
  readonly start: number;
}

export interface TypeSyntax {
  readonly range: Range;
  readonly isNullable: boolean;
  /** Absent for function and tuple types. */
  readonly name?: { readonly identifier: { readonly text: string }; readonly next: unknown };
  readonly typeArguments?: readonly TypeSyntax[] | null;
}

export interface ParameterSyntax {
  readonly name: { readonly text: string };
  readonly type: TypeSyntax;
  readonly initializer: unknown;
}

export interface Declaration {
  readonly kind: number;
  readonly range: Range;
  readonly flags: number;
  readonly name: { readonly text: string };
  readonly decorators: readonly { readonly name: { readonly text?: string } }[] | null;
  /** Of functions and methods. */
  readonly signature?: {
    readonly parameters: readonly ParameterSyntax[];
    readonly returnType: TypeSyntax;
  };
  /** Of classes. */
  readonly members?: readonly Declaration[];
  readonly extendsType?: unknown;
  /** Of fields. */
  readonly type?: TypeSyntax | null;
  readonly initializer?: unknown;
}

export interface Source {
  /** Path from the base directory, with extension; the library's begin with `~lib/`. */
  readonly normalizedPath: string;
  readonly text: string;
  statements: Declaration[];
}

/** The compiler's parser. */
export interface Parser {
  readonly sources: readonly Source[];
  parseFile(text: string, path: string, isEntry: boolean): void;
}

/** A declaration and the file that it stands in. */
export interface Located {
  readonly source: Source;
  readonly declaration: Declaration;
}

/** A fault of the contract's text: file, line and what is wrong. */
export function faultAt(source: Source, range: Range, message: string): BuildError {
  const line = source.text.slice(0, range.start).split('\n').length;
  return new BuildError(`${source.normalizedPath}:${line}: ${message}`);
}

export function hasDecorator(declaration: Declaration, name: string): boolean {
  return (declaration.decorators ?? []).some((decorator) => decorator.name.text === name);
}
