/**
 * Runs a project's tests with Node's own runner, in a process where `dodona/harness` is known, and
 * gathers what the methods cost.
 */

import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { BuildError } from './compiler.ts';
import { type GasRow, type GasUse, gasReportFile, gasRows } from './gas-report.ts';

const harness = new URL(
  `./harness.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`,
  import.meta.url,
);

/** A module, as an address, that teaches the process where the harness is. */
function preload(): string {
  const hook = `export async function resolve(name, context, next) {
    return name === 'dodona/harness' ? { url: '${harness.href}', shortCircuit: true } : next(name, context);
  }`;
  const address = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
  return address(
    `import { register } from 'node:module'; register(${JSON.stringify(address(hook))});`,
  );
}

function testFiles(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.test\.m?js$/.test(file) && !file.includes('node_modules'))
    .map((file) => join(folder, file))
    .sort();
  if (files.length === 0) throw new BuildError(`${folder} has no tests: name them *.test.js`);
  return files;
}

/** Resolves with the exit code of the runner, whose output goes to this terminal. */
function runNode(files: readonly string[], report: string): Promise<number> {
  const child = spawn(
    process.execPath,
    ['--import', preload(), '--test', '--test-reporter=spec', ...files],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, [gasReportFile]: report },
    },
  );
  return new Promise((done, failed) => {
    child.once('error', failed);
    child.once('exit', (code) => done(code ?? 1));
  });
}

/**
 * Runs every *.test.js below `folder`.
 * @throws BuildError when there is none
 */
export async function runTests(
  folder: string,
): Promise<{ readonly exitCode: number; readonly gas: readonly GasRow[] }> {
  const files = testFiles(resolve(folder));
  const scratch = await mkdtemp(join(tmpdir(), 'dodona-gas-'));
  try {
    const report = join(scratch, 'gas.jsonl');
    const exitCode = await runNode(files, report);
    const lines = (await readFile(report, 'utf8').catch(() => '')).split('\n').filter(Boolean);
    return { exitCode, gas: gasRows(lines.map((line) => JSON.parse(line) as GasUse)) };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
