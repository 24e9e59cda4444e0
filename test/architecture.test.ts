/**
 * The house rules that no compiler checks: which room may import which, how long a file may be,
 * what pure rooms must not touch, and what never belongs in the repository.
 */

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const worldRooms = ['storage', 'network', 'mining', 'oracle', 'api'];

/** Room -> rooms it may import. `type` before a name allows its types only. */
const table: Record<string, readonly string[]> = {
  primitives: [],
  vm: ['primitives'],
  ledger: ['primitives', 'vm'],
  consensus: ['primitives'],
  storage: ['primitives'],
  network: ['primitives'],
  mining: ['primitives'],
  oracle: ['primitives'],
  api: ['primitives', 'type ledger'],
  simulation: ['primitives', 'vm', 'ledger', 'consensus'],
  node: ['primitives', 'vm', 'ledger', 'consensus', ...worldRooms],
  'main.ts': ['node', 'simulation'],
};

function trackedFiles(pattern: RegExp): string[] {
  // Also where the files belong to somebody else than who runs the tests.
  const words = ['-c', 'safe.directory=*', 'ls-files', '-z'];
  const listed = execFileSync('git', words, { encoding: 'utf8' });
  return listed.split('\0').filter((path) => pattern.test(path));
}

function readTracked(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // tracked, but deleted in the working tree
  }
}

interface Import {
  readonly path: string;
  readonly typeOnly: boolean;
}

/** Relative imports, re-exports and dynamic imports of a formatted source file. */
function importsOf(source: string): Import[] {
  const statements = source.matchAll(/^(?:import|export) (type )?[^;]*?from '(\.[^']+)';$/gm);
  const effects = source.matchAll(/^import '(\.[^']+)';$/gm);
  const dynamic = source.matchAll(/\bimport\(\s*'(\.[^']+)'/g);
  return [
    ...[...statements].map(([, type, path]) => ({
      path: path as string,
      typeOnly: type !== undefined,
    })),
    ...[...effects, ...dynamic].map(([, path]) => ({ path: path as string, typeOnly: false })),
  ];
}

/** Every import of `file` (a path below src/) that the table does not allow. */
function importFaults(file: string, source: string): string[] {
  const room = file.split('/')[1] as string;
  const allowed = table[room];
  if (allowed === undefined) return [`${file}: ${room} is no room of the import table`];
  return importsOf(source).flatMap(({ path, typeOnly }) => {
    const target = join(dirname(file), path).split('/');
    if (target[0] !== 'src') return [];
    const targetRoom = target[1] as string;
    if (targetRoom === room || allowed.includes(targetRoom)) return [];
    if (typeOnly && allowed.includes(`type ${targetRoom}`)) return [];
    return [`${file}: ${room} must not import ${targetRoom} (${path})`];
  });
}

describe('import table', () => {
  it('names the file, the room and the import that break it', () => {
    expect(importFaults('src/ledger/x.ts', "import { a } from '../network/host.ts';\n")).toEqual([
      'src/ledger/x.ts: ledger must not import network (../network/host.ts)',
    ]);
    const multiline = "import {\n  a,\n  b,\n} from '../consensus/protocol.ts';\n";
    expect(importFaults('src/ledger/x.ts', multiline)).toHaveLength(1);
    expect(importFaults('src/vm/x.ts', "const a = await import('../node/a.ts');\n")).toHaveLength(
      1,
    );
    expect(importFaults('src/api/x.ts', "import type { A } from '../ledger/a.ts';\n")).toEqual([]);
    expect(importFaults('src/api/x.ts', "import { a } from '../ledger/a.ts';\n")).toHaveLength(1);
    expect(importFaults('src/consensus/pow/x.ts', "export { a } from '../protocol.ts';\n")).toEqual(
      [],
    );
    expect(importFaults('src/wallet/x.ts', '')).toHaveLength(1);
  });

  it('holds in every source file', () => {
    const files = trackedFiles(/^src\/.*\.ts$/);
    expect(files.length).toBeGreaterThan(10);
    expect(files.flatMap((file) => importFaults(file, readTracked(file)))).toEqual([]);
  });
});

describe('pure rooms', () => {
  const root = mkdtempSync(join(tmpdir(), 'dodona-lint-'));
  afterAll(() => rmSync(root, { recursive: true }));

  /** Line of code -> a part of the diagnostic it must get. */
  const planted: readonly (readonly [string, string])[] = [
    ['export const a = Date.now();', 'noRestrictedGlobals'],
    ['export const a = new Date();', 'noRestrictedGlobals'],
    ['export const a = performance.now();', 'noRestrictedGlobals'],
    ['export const a = Math.random();', 'no randomness'],
    ['export const { random } = Math;', 'Math in full'],
    ['export const a = setTimeout(() => 1, 1);', 'noRestrictedGlobals'],
    ['export const a = process.env.HOME;', 'noRestrictedGlobals'],
    ['export const a = globalThis;', 'noRestrictedGlobals'],
    ['export const a = (x: Buffer) => x;', 'noRestrictedGlobals'],
    ["export { readFileSync } from 'node:fs';", 'noRestrictedImports'],
    ["export const a = await import('node:fs');", 'noRestrictedImports'],
    ["import { a } from '../network/host.ts';\nexport const b = a;", 'noRestrictedImports'],
    ["import fs from 'fs';\nexport const b = fs;", 'useNodejsImportProtocol'],
    ['export const a = async (b: Promise<number>) => (await b) + 1;', 'do not wait'],
    ["export const a = 'a'.localeCompare('b');", 'locales differ'],
  ];

  function lint(room: string): string {
    mkdirSync(join(root, 'scripts'), { recursive: true });
    mkdirSync(join(root, 'src', room), { recursive: true });
    copyFileSync('.biome.json', join(root, '.biome.json'));
    copyFileSync('scripts/pure-rooms.grit', join(root, 'scripts/pure-rooms.grit'));
    planted.forEach(([code], index) => {
      writeFileSync(join(root, 'src', room, `planted${index}.ts`), `${code}\n`);
    });
    const biome = join(process.cwd(), 'node_modules/.bin/biome');
    const options = ['--vcs-enabled=false', '--max-diagnostics=none', '--reporter=concise'];
    try {
      return execFileSync(biome, ['lint', ...options, join('src', room)], {
        cwd: root,
        encoding: 'utf8',
        stdio: 'pipe',
      });
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      return stdout + stderr;
    }
  }

  it.each(['primitives', 'vm', 'ledger', 'consensus'])(
    'the linter catches clocks, randomness and I/O in %s',
    (room) => {
      const output = lint(room).split('\n');
      const missed = planted.filter(
        ([, part], index) =>
          !output.some((line) => line.includes(`planted${index}.ts`) && line.includes(part)),
      );
      expect(missed).toEqual([]);
    },
  );
});

describe('repository', () => {
  const code = trackedFiles(/^(src|test|scripts|native)\/.*\.(ts|tsx)$/);
  const text = trackedFiles(
    /^(?!package-lock\.json$).*\.(ts|tsx|js|json|md|grit|yml|toml|txt|sh)$/,
  );

  it('has no file above 400 lines', () => {
    const long = code
      .map((path) => ({ path, lines: readTracked(path).split('\n').length - 1 }))
      .filter(({ lines }) => lines > 400);
    expect(long).toEqual([]);
  });

  it('opens every source file with a comment that says what it decides', () => {
    const silent = code
      .filter((path) => /^(src|native)\//.test(path))
      .filter((path) => !/^(#!.*\n\s*)?(\/\*\*|\/\/)/.test(readTracked(path) || '//'));
    expect(silent).toEqual([]);
  });

  it('has no default export, no untyped value and no postponed work', () => {
    const forbidden = [
      { word: /^export default\b/m, where: /^src\// },
      { word: /[:<|] ?any\b[^ '`]|\bas any\b/, where: /^(src|scripts)\// },
      { word: /\b(TO[D]O|FI[X]ME|X[X]X)\b/, where: /^/ },
      { word: /@ts-(ignore|nocheck)/, where: /^(src|scripts)\// },
      { word: /\b(describe|it|test)\.only\b/, where: /^test\/(?!architecture)/ },
    ];
    const found = code.flatMap((path) =>
      forbidden
        .filter(({ word, where }) => where.test(path) && word.test(readTracked(path)))
        .map(({ word }) => `${path}: ${word.source}`),
    );
    expect(found).toEqual([]);
  });

  it('knows no machine: no absolute home or work folder, no package registry', () => {
    const machine =
      /(^|[\s"'`=(])\/(work|root|home\/\w+|Users\/\w+)\/|https?:\/\/[^\s"'/]*(registry|npmmirror|artifactory|verdaccio)/m;
    expect(text.filter((path) => machine.test(readTracked(path)))).toEqual([]);
    expect(readFileSync('package-lock.json', 'utf8')).not.toMatch(/"resolved"/);
  });
});
