/** Whole nodes as separate processes, driven as an operator would: flags, JSON-RPC, signals. */

import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
/** Only a hang lasts so long, whatever the machine. */
const waitDeadlineMs = 300_000;

export interface ProcessOptions {
  readonly genesis: string;
  readonly datadir: string;
  readonly bootnodes?: readonly string[];
  readonly mine: boolean;
  readonly flags?: readonly string[];
  /** Added to this process's own. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Head {
  readonly number: number;
  readonly hash: string;
  readonly stateRoot: string;
}

/** Resolves as soon as `look` gives something. @throws Error with `what` after five minutes */
export async function until<Value>(
  what: string,
  look: () => Promise<Value | undefined> | Value | undefined,
): Promise<Value> {
  const deadline = Date.now() + waitDeadlineMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export class NodeProcess {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #datadir: string;
  readonly #output: () => string;

  private constructor(child: ChildProcess, url: string, datadir: string, output: () => string) {
    this.#child = child;
    this.url = url;
    this.#datadir = datadir;
    this.#output = output;
  }

  /** Starts a node of its own settings and resolves when its banner names the JSON-RPC address. */
  static start(options: ProcessOptions): Promise<NodeProcess> {
    const { genesis, datadir, bootnodes = [], mine, flags = [], environment } = options;
    const common = [
      ...['--genesis', genesis, '--datadir', datadir],
      ...['--rpc.port', '0', '--p2p.port', '0', '--p2p.host', '127.0.0.1', '--no-demo'],
      ...['--no-p2p.mdns', '--stratum.port', '0', '--log.level', 'warn'],
      ...[mine ? '--mine' : '--no-mine', '--mine.threads', '1'],
      ...['--mine.beneficiary', '0x00000000000000000000000000000000000000aa'],
      ...(bootnodes.length === 0 ? [] : ['--bootnodes', bootnodes.join(',')]),
    ];
    return NodeProcess.launch([...common, ...flags], datadir, environment);
  }

  /** Starts a node with these flags alone; its token lies in `datadir`. */
  static launch(
    flags: readonly string[],
    datadir: string,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<NodeProcess> {
    const child = spawn(process.execPath, [entry, 'start', ...flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    let output = '';
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        reject(new Error(`waited in vain for the banner:\n${output}`));
      }, waitDeadlineMs);
      const read = (chunk: Buffer): void => {
        output += chunk.toString();
        const url = /JSON-RPC\s+(http:\S+)/.exec(output)?.[1];
        if (url === undefined || !output.includes('Ctrl-C')) return;
        clearTimeout(timer);
        resolve(new NodeProcess(child, url, datadir, () => output));
      };
      child.stdout?.on('data', read);
      child.stderr?.on('data', read);
      child.once('exit', (code) => {
        clearTimeout(timer);
        reject(new Error(`the node ended with ${code}:\n${output}`));
      });
    });
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** Everything it has printed. */
  get output(): string {
    return this.#output();
  }

  /** Calls with the node's own token. @throws Error with code and message of the answer */
  async rpc<Result>(method: string, ...params: readonly unknown[]): Promise<Result> {
    const token = readFileSync(join(this.#datadir, 'rpc.token'), 'utf8').trim();
    const response = await fetch(this.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    });
    const { result, error } = (await response.json()) as {
      result: Result;
      error?: { code: number; message: string };
    };
    if (error !== undefined) throw new Error(`${method}: ${error.code} ${error.message}`);
    return result;
  }

  async head(): Promise<Head> {
    return this.block('latest') as Promise<Head>;
  }

  /** The block at a height or tag of the applied chain, if there is one. */
  async block(at: number | string): Promise<Head | undefined> {
    const tag = typeof at === 'number' ? `0x${at.toString(16)}` : at;
    const found = await this.rpc<{ number: string; hash: string; stateRoot: string } | null>(
      'eth_getBlockByNumber',
      tag,
      false,
    );
    return found === null ? undefined : { ...found, number: Number(found.number) };
  }

  async address(): Promise<string> {
    const { self } = await this.rpc<{ self: { addresses: string[] } }>('dodona_peers');
    return self.addresses.find((address) => address.includes('127.0.0.1')) as string;
  }

  async peerIds(): Promise<readonly string[]> {
    const { peers } = await this.rpc<{ peers: { id: string }[] }>('dodona_peers');
    return peers.map(({ id }) => id);
  }

  /** Ends it as an operator does; resolves with the exit code. */
  stop(): Promise<number | null> {
    return this.#end('SIGINT');
  }

  /** Ends it as a power cut does. */
  kill(): Promise<number | null> {
    return this.#end('SIGKILL');
  }

  #end(signal: 'SIGINT' | 'SIGKILL'): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
      return Promise.resolve(this.#child.exitCode);
    }
    return new Promise((resolve) => {
      this.#child.once('exit', (code) => resolve(code));
      this.#child.kill(signal);
    });
  }
}
