/**
 * Every console block of the README is run, in order, on a fresh devnet, and its output compared
 * line by line. Ids, times, rates and amounts count as placeholders; a line with … stands for any
 * number of lines, a … at a line's end for the rest of it.
 */

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freeBasePort } from './support/consortium.ts';
import { NodeProcess, until } from './support/process.ts';

const execute = promisify(execFile);
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
  return (
    line
      .replace(/12D3Koo\w+/g, '<peer>')
      .replace(/(data\s+)\S+/, '$1<folder>')
      .replace(/0x[0-9a-fA-F]+(…[0-9a-f]{4})?|\b[0-9a-f]{64}\b/g, '<hex>')
      .replace(/\d+(\.\d+)?/g, '<n>')
      .replace(/<n> [kMGT]?H\/s/g, '<n> H/s')
      .replace(/\s+/g, ' ')
      .trim()
      // Whether a reporter was in time with its report is a matter of the machine's speed.
      .replace(/^<hex> \w+( <n>)?$/, '<hex> <report>')
  );
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

/** Commands that are done once, unless they fail: then they have changed nothing. */
const changing = /join|submit|send|enroll|dispute|assert |settle|claim|contract|consortium/;
/** Rounds move on by themselves: what is shown may need another block or two, or thirty. */
const patienceMs = 300_000;

describe('the README', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dodona-readme-'));
  /** The commands write here what they write, and find the program where the README has it. */
  const workplace = join(folder, 'workplace');
  const datadir = join(folder, 'data');
  let environment: NodeJS.ProcessEnv;
  /** The consortium of the tour has its own settings in files. */
  let settingsFree: NodeJS.ProcessEnv;
  let consortiumPort: number;
  let node: NodeProcess;
  /** The round of the answer that was read last. */
  let round = '1';

  const run = async (command: string): Promise<string> => {
    if (command === 'node dist/main.js start') return node.output;
    const here = command
      .replaceAll('127.0.0.1:8545', new URL(node.url).host)
      .replace('oracle round BTC/USD 1', `oracle round BTC/USD ${round}`)
      .replace('consortium init', `consortium init --base-port ${consortiumPort}`);
    const env = command.includes('office') ? settingsFree : environment;
    const { stdout } = await execute('sh', ['-c', here], { cwd: workplace, env });
    round = /^ {2}round +(\d+), \d+ reports$/m.exec(stdout)?.[1] ?? round;
    return stdout;
  };

  beforeAll(async () => {
    mkdirSync(workplace);
    symlinkSync(join(root, 'dist'), join(workplace, 'dist'));
    const settings = {
      DODONA_DATADIR: datadir,
      DODONA_RPC_PORT: '0',
      DODONA_P2P_PORT: '0',
      DODONA_P2P_MDNS: 'false',
      DODONA_STRATUM_PORT: '0',
      DODONA_MINE_THREADS: '1',
      DODONA_LOG_LEVEL: 'error',
    };
    // Colours, which some machines force, are no part of the texts.
    const { FORCE_COLOR: _, ...plain } = process.env;
    const isOurs = (name: string): boolean => name.startsWith('DODONA_');
    settingsFree = Object.fromEntries(Object.entries(plain).filter(([name]) => !isOurs(name)));
    consortiumPort = await freeBasePort(4);
    node = await NodeProcess.launch([], datadir, settings);
    environment = { ...plain, ...settings, DODONA_RPC_PORT: new URL(node.url).port };
    const answered = /BTC\/USD [\d.]+ · round \d+ settle/;
    await until('the first answer', () => answered.test(node.output) || undefined);
  });

  afterAll(async () => {
    await node?.stop();
    for (const member of [0, 1, 2, 3]) endMember(join(workplace, `office/member-${member}/pid`));
    // What was killed may write for another moment.
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  });

  it('has commands to try', () => {
    expect(steps.length).toBeGreaterThan(8);
  });

  it.each(steps.map((step) => [step.command, step] as const))('%s', async (command, { output }) => {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const seen = await run(command).catch((error: Error) => error);
      const text = seen instanceof Error ? seen.message : seen;
      const wrong = seen instanceof Error ? text : mismatch(output, text.split('\n'));
      if (wrong === undefined) return;
      const isFinal = !(seen instanceof Error) && changing.test(command);
      if (isFinal || Date.now() > deadline) expect.fail(`${wrong}\n\n${text}`);
      await setTimeout(1_000);
    }
  });
});
