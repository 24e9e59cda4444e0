/** Anvil, the rival that installs from npm: where it lies, how it is started, how it is asked. */

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { until } from '../../test/support/process.ts';

export interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** Sends a batch of JSON-RPC requests. */
export async function post(url: string, body: string): Promise<readonly Answer[]> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  return (await response.json()) as readonly Answer[];
}

/** Path of the program, or undefined where its optional package is not installed. */
export function findAnvil(): string | undefined {
  try {
    const manifest = createRequire(import.meta.url).resolve(
      '@foundry-rs/anvil-linux-amd64/package.json',
    );
    const program = join(dirname(manifest), 'bin', 'anvil');
    return existsSync(program) ? program : undefined;
  } catch {
    return undefined;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}

export interface Anvil {
  readonly url: string;
  readonly child: ChildProcess;
}

/** Starts it on a free port and waits until it answers. The caller kills `child`. */
export async function startAnvil(program: string, flags: readonly string[]): Promise<Anvil> {
  const port = await freePort();
  // Without pruning, automine keeps the state of every block: 23 GB after minutes.
  const shared = ['--silent', '--prune-history', '16', '--port', String(port)];
  const child = spawn(program, [...shared, ...flags], { stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}`;
  const ask = JSON.stringify([{ jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] }]);
  await until('anvil', () => {
    if (child.exitCode !== null) throw new Error(`anvil refuses ${flags.join(' ')}`);
    return post(url, ask).catch(() => undefined);
  });
  return { url, child };
}
