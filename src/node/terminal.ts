/** The terminal that a command talks to: the process's own streams, and questions without echo. */

import { readFileSync } from 'node:fs';
import { availableParallelism, homedir } from 'node:os';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { Terminal } from './command-line.ts';
import { UsageError } from './resolve-settings.ts';
import type { Surroundings } from './settings.ts';

/** Asks on stderr, so that stdout stays clean for what the command prints. */
function askSecret(question: string): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new UsageError('there is no terminal to ask for a password: give --password-file FILE');
  }
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  return new Promise((resolve, reject) => {
    lines.once('SIGINT', () => {
      process.stderr.write('\n');
      lines.close();
      reject(new UsageError('interrupted: nothing was changed'));
    });
    lines.question('', (answer) => {
      process.stderr.write('\n');
      lines.close();
      resolve(answer);
    });
  });
}

export const processTerminal: Terminal = {
  write: (text) => void process.stdout.write(text),
  writeError: (text) => void process.stderr.write(text),
  askSecret,
};

/** What the defaults of settings depend on, of this process. */
export function processSurroundings(): Surroundings {
  return {
    environment: process.env,
    cores: availableParallelism(),
    homeDirectory: homedir(),
    readFile: (path) => readFileSync(path, 'utf8'),
  };
}
