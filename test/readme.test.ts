/**
 * Every console block of the README is run, in order, on a fresh devnet, and its output compared
 * line by line. Ids, times, rates and amounts count as placeholders; a line with … stands for any
 * number of lines, a … at a line's end for the rest of it.
 */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freeBasePort } from './support/consortium.ts';
import { until } from './support/process.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');

interface Step {
  readonly command: string;
  readonly output: readonly string[];
}

const steps: readonly Step[] = [...readme.matchAll(/```console\n([\s\S]*?)```/g)].flatMap(
  ([, block = '']) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const [command = '', ...output] = part.trimEnd().split('\n');
        return { command, output };
      }),
);

/** What may differ from run to run becomes a placeholder. */
function shape(line: string): string {
  return line
    .replace(/12D3Koo\w+/g, '<peer>')
    .replace(/(data\s+)\S+/, '$1<folder>')
    .replace(/0x[0-9a-fA-F]+(…[0-9a-f]{4})?|\b[0-9a-f]{64}\b/g, '<hex>')
    .replace(/\d+(\.\d+)?/g, '<n>')
    .replace(/<n> [kMGT]?H\/s/g, '<n> H/s')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Whether `actual` begins as `expected` says; the index of the first line that does not. */
function mismatch(expected: readonly string[], actual: readonly string[]): string | undefined {
  let at = 0;
  let skipping = false;
  for (const line of expected) {
    if (line.trim() === '…') {
      skipping = true;
      continue;
    }
    const prefix = line.endsWith('…') ? shape(line.slice(0, -1)) : undefined;
    const fits = (text: string): boolean =>
      prefix === undefined ? shape(text) === shape(line) : shape(text).startsWith(prefix);
    const found = actual.findIndex((text, index) => index >= at && fits(text));
    if (found < 0 || (!skipping && found !== at)) return `${line}\n  got ${actual[at]}`;
    at = found + 1;
    skipping = false;
  }
  return undefined;
}

/** Ends a member that the tour has not ended because a step before failed. */
function endMember(pidFile: string): void {
  try {
    process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
  } catch {
    // It has ended, as it should.
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

describe('the README', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dodona-readme-'));
  /** The commands write here what they write, and find the program where the README has it. */
  const workplace = join(folder, 'workplace');
  let environment: NodeJS.ProcessEnv;
  /** The consortium of the tour has its own settings in files. */
  let settingsFree: NodeJS.ProcessEnv;
  let consortiumPort: number;
  let node: ChildProcess;
  let printed = '';

  const run = (command: string): Promise<string> => {
    const here = command
      .replaceAll('127.0.0.1:8545', `127.0.0.1:${environment.DODONA_RPC_PORT}`)
      .replace('consortium init', `consortium init --base-port ${consortiumPort}`);
    const env = command.includes('office') ? settingsFree : environment;
    return new Promise((resolve, reject) => {
      execFile('sh', ['-c', here], { cwd: workplace, env }, (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`${command}\n${stderr}`));
      });
    });
  };

  beforeAll(async () => {
    mkdirSync(workplace);
    symlinkSync(join(root, 'dist'), join(workplace, 'dist'));
    environment = {
      ...process.env,
      DODONA_DATADIR: join(folder, 'data'),
      DODONA_RPC_PORT: String(await freePort()),
      DODONA_P2P_PORT: '0',
      DODONA_P2P_MDNS: 'false',
      DODONA_STRATUM_PORT: '0',
      DODONA_MINE_THREADS: '1',
      DODONA_LOG_LEVEL: 'error',
    };
    const isOurs = (name: string): boolean => name.startsWith('DODONA_');
    const others = Object.entries(process.env).filter(([name]) => !isOurs(name));
    settingsFree = Object.fromEntries(others);
    consortiumPort = await freeBasePort(4);
    node = spawn(process.execPath, ['dist/main.js', 'start'], { cwd: root, env: environment });
    node.stdout?.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
    await until('the first answer', () => (/round 1 settle/.test(printed) ? true : undefined));
  });

  afterAll(async () => {
    const ended = new Promise((resolve) => node.once('exit', resolve));
    node.kill('SIGINT');
    await ended;
    for (const member of [0, 1, 2, 3]) endMember(join(workplace, `office/member-${member}/pid`));
    rmSync(folder, { recursive: true, force: true });
  });

  it('has commands to try', () => {
    expect(steps.length).toBeGreaterThan(8);
  });

  it.each(steps.map((step) => [step.command, step] as const))('%s', async (command, { output }) => {
    let actual: readonly string[] = [];
    let wrong: string | undefined = 'not run';
    // Rounds move on by themselves: what is shown may need another block or two.
    for (let attempt = 0; attempt < 10 && wrong !== undefined; attempt++) {
      if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, 2_000));
      const once = /join|submit|send|contract|consortium|oracle assert |dispute-assertion/.test(
        command,
      );
      const text =
        command === 'node dist/main.js start'
          ? printed
          : await run(command).catch((error: Error) => {
              if (once || attempt === 9) throw error;
              return error.message;
            });
      actual = text.split('\n');
      wrong = mismatch(output, actual);
      if (once) break;
    }
    expect(wrong, actual.join('\n')).toBeUndefined();
  });
});
