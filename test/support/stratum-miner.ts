/**
 * A Stratum v1 miner written from the protocol's text alone: it shares no code with the server. Its
 * byte orders are those of cpuminer: the parent comes word-swapped, numbers as big-endian digits.
 */

import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';

export interface Job {
  readonly id: string;
  readonly previous: string;
  readonly coinbase1: string;
  readonly coinbase2: string;
  readonly branch: readonly string[];
  readonly version: string;
  readonly bits: string;
  readonly time: string;
  readonly clean: boolean;
  /** Share target of the difficulty set before this job. */
  readonly target: bigint;
}

export interface Share {
  readonly extranonce2: string;
  readonly nonce: string;
}

export interface Reply {
  readonly result: unknown;
  readonly error: readonly [number, string, null] | null;
}

const sha256d = (data: Uint8Array): Buffer =>
  createHash('sha256').update(createHash('sha256').update(data).digest()).digest();

/** A hash as the number that targets bound: its bytes are the least significant first. */
export function hashNumber(hash: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(hash).reverse().toString('hex')}`);
}

/** The 80 header bytes of a share. */
export function headerOf(
  job: Job,
  extranonce1: string,
  share: Share,
  version = job.version,
): Buffer {
  const coinbase = Buffer.from(
    job.coinbase1 + extranonce1 + share.extranonce2 + job.coinbase2,
    'hex',
  );
  let root = sha256d(coinbase);
  for (const hash of job.branch) root = sha256d(Buffer.concat([root, Buffer.from(hash, 'hex')]));
  const number = (digits: string): Buffer => Buffer.from(digits, 'hex').reverse();
  const previous = Buffer.from(job.previous, 'hex').swap32();
  return Buffer.concat([
    number(version),
    previous,
    root,
    number(job.time),
    number(job.bits),
    number(share.nonce),
  ]);
}

export class StratumMiner {
  extranonce1 = '';
  extranonce2Size = 0;
  readonly jobs: Job[] = [];
  readonly methods: string[] = [];
  isClosed = false;
  readonly #socket: Socket;
  readonly #replies: ((reply: Reply) => void)[] = [];
  #wake: () => void = () => undefined;
  #target = 0xffffn << 208n;

  private constructor(socket: Socket) {
    this.#socket = socket;
    let rest = '';
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() as string;
      for (const line of lines) this.#receive(JSON.parse(line));
      this.#wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
      for (const reply of this.#replies.splice(0)) reply({ result: undefined, error: null });
      this.#wake();
    });
  }

  static open(port: number): Promise<StratumMiner> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(new StratumMiner(socket)));
      socket.once('error', reject);
    });
  }

  write(line: string): void {
    this.#socket.write(line);
  }

  /** Sends a request; answers come in order, because cpuminer's submits all have the same id. */
  request(method: string, params: readonly unknown[]): Promise<Reply> {
    this.#socket.write(`${JSON.stringify({ id: 4, method, params })}\n`);
    return new Promise((resolve) => this.#replies.push(resolve));
  }

  async login(user = 'worker'): Promise<void> {
    const { result } = await this.request('mining.subscribe', ['test/1']);
    const [, extranonce1, size] = result as [unknown, string, number];
    this.extranonce1 = extranonce1;
    this.extranonce2Size = size;
    await this.request('mining.authorize', [user, 'x']);
  }

  /** The newest job, as soon as one satisfies `isWanted`. */
  async job(isWanted: (job: Job) => boolean = () => true): Promise<Job> {
    for (;;) {
      const job = this.jobs.at(-1);
      if (job !== undefined && isWanted(job)) return job;
      if (this.isClosed) throw new Error('the server hung up');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Tries nonces until the hash is at most `target`. */
  mine(job: Job, target = job.target, extranonce2 = '00'.repeat(this.extranonce2Size)): Share {
    const header = headerOf(job, this.extranonce1, { extranonce2, nonce: '00000000' });
    for (let nonce = 0; ; nonce++) {
      header.writeUInt32LE(nonce, 76);
      if (hashNumber(sha256d(header)) <= target) {
        return { extranonce2, nonce: nonce.toString(16).padStart(8, '0') };
      }
    }
  }

  submit(job: Job, share: Share, ...more: readonly string[]): Promise<Reply> {
    const { extranonce2, nonce } = share;
    return this.request('mining.submit', ['worker', job.id, extranonce2, job.time, nonce, ...more]);
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(message: { method?: string; params: unknown[] } & Reply): void {
    if (message.method === undefined) {
      this.#replies.shift()?.(message);
      return;
    }
    this.methods.push(message.method);
    const [first] = message.params;
    if (message.method === 'mining.set_difficulty') {
      const difficulty = first as number;
      this.#target = ((0xffffn << 208n) << 64n) / BigInt(Math.floor(difficulty * 2 ** 64));
    }
    if (message.method !== 'mining.notify') return;
    const [id, previous, coinbase1, coinbase2, branch, version, bits, time, clean] =
      message.params as [string, string, string, string, string[], string, string, string, boolean];
    const target = this.#target;
    this.jobs.push({
      id,
      previous,
      coinbase1,
      coinbase2,
      branch,
      version,
      bits,
      time,
      clean,
      target,
    });
  }
}
