/**
 * pooler's cpuminer 2.5.1 (`minerd -a sha256d`) on the wire: what it sends to the byte, what it
 * checks in what it gets, how it lays words out. Written from how it behaves, none of its code;
 * the HTTP bytes are those that libcurl 7.88.1 makes of its options.
 */

import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';

const userAgent = 'cpuminer/2.5.1';

const sha256d = (data: Uint8Array): Buffer =>
  createHash('sha256').update(createHash('sha256').update(data).digest()).digest();

function fail(text: string): never {
  throw new Error(`cpuminer: ${text}`);
}

/** Hexadecimal digits of exactly `sizeBytes`, as its `jobj_binary` wants them. */
function binary(value: unknown, sizeBytes: number, name: string): Buffer {
  if (typeof value !== 'string') fail(`JSON key '${name}' is not a string`);
  if (value.length !== 2 * sizeBytes || !/^[0-9a-fA-F]*$/.test(value)) fail(`invalid ${name}`);
  return Buffer.from(value, 'hex');
}

function integer(value: unknown, name: string): number {
  return Number.isSafeInteger(value) ? (value as number) : fail(`JSON invalid ${name}`);
}

/** Work as its scanner sees it: header words that are hashed big-endian, target words from low to high. */
interface Work {
  /** Words 0 to 19. */
  readonly data: Uint32Array;
  readonly target: Uint32Array;
}

function headerBytes(data: Uint32Array): Buffer {
  const bytes = Buffer.alloc(80);
  data.forEach((word, index) => {
    bytes.writeUInt32BE(word, 4 * index);
  });
  return bytes;
}

/** Word by word from the highest, as its `fulltest`. */
function meets(hash: Buffer, target: Uint32Array): boolean {
  for (let index = 7; index >= 0; index--) {
    const word = hash.readUInt32LE(4 * index);
    const bound = target[index] as number;
    if (word !== bound) return word < bound;
  }
  return true;
}

/** The bytes of a word in the other order. */
function swapWord(word: number): number {
  return Buffer.from([word, word >>> 8, word >>> 16, word >>> 24]).readUInt32BE();
}

/** Counts word 19 up from 0 until the target is met. */
function scan({ data, target }: Work): void {
  for (let nonce = 0; ; nonce++) {
    data[19] = nonce;
    if (meets(sha256d(headerBytes(data)), target)) return;
  }
}

/** Id of a header as it is shown. */
function idOf(data: Uint32Array): string {
  return `0x${sha256d(headerBytes(data)).reverse().toString('hex')}`;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: string;
  readonly body: string;
}

/** One request as libcurl frames it, on a connection of its own. */
export function curlPost(url: string, userPassword: string, text: string): Promise<HttpAnswer> {
  const { hostname, port } = new URL(url);
  const request = [
    'POST / HTTP/1.1',
    `Host: ${hostname}:${port}`,
    `Authorization: Basic ${Buffer.from(userPassword).toString('base64')}`,
    'Accept-Encoding: deflate, gzip, br, zstd',
    'Transfer-Encoding: chunked',
    'Content-Type: application/json',
    `Content-Length: ${text.length}`,
    `User-Agent: ${userAgent}`,
    'X-Mining-Extensions: midstate',
    '',
    text.length.toString(16),
    text,
    '0',
    '',
    '',
  ].join('\r\n');
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(request));
    let answer = '';
    socket.setEncoding('utf8');
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`the server hung up after: ${answer}`)));
    socket.on('data', (chunk: string) => {
      answer += chunk;
      const [headers = '', body] = answer.split('\r\n\r\n', 2);
      const size = Number(/^content-length: *(\d+)/im.exec(headers)?.[1]);
      if (body === undefined || Buffer.byteLength(body) < size) return;
      resolve({ status: Number(headers.split(' ')[1]), headers, body });
      socket.destroy();
    });
  });
}

interface TemplateWork extends Work {
  /** Transaction count and transactions, as they follow the header in `submitblock`. */
  readonly transactions: string;
  readonly workId: string | undefined;
  readonly longpollId: string | undefined;
}

/** The checks of its `gbt_work_decode`, in its order, for answers that bring a coinbase along. */
function decodeTemplate(answer: unknown): TemplateWork {
  const value = answer as Record<string, unknown>;
  const mutable = Array.isArray(value.mutable) ? value.mutable : [];
  if (mutable.includes('coinbase/append')) fail('would write into a Bitcoin coinbase');
  integer(value.height, 'height');
  const version = integer(value.version, 'version');
  const previous = binary(value.previousblockhash, 32, 'previousblockhash');
  const time = integer(value.curtime, 'curtime');
  const bits = binary(value.bits, 4, 'bits');
  if (!Array.isArray(value.transactions)) fail('JSON invalid transactions');
  if (value.transactions.length > 0) fail('this test knows no transactions');
  const coinbase = (value.coinbasetxn as { data?: unknown } | undefined)?.data;
  if (typeof coinbase !== 'string' || coinbase.length < 120) fail('JSON invalid coinbasetxn');
  const root = sha256d(binary(coinbase, coinbase.length / 2, 'coinbasetxn'));
  const target = binary(value.target, 32, 'target');
  const { workid, longpollid } = value;
  if (workid !== undefined && typeof workid !== 'string') fail('JSON invalid workid');

  const data = new Uint32Array(20);
  data[0] = swapWord(version);
  for (let index = 0; index < 8; index++) {
    data[8 - index] = previous.readUInt32LE(4 * index);
    data[9 + index] = root.readUInt32BE(4 * index);
  }
  data[17] = swapWord(time);
  data[18] = bits.readUInt32LE();
  const words = Uint32Array.from({ length: 8 }, (_, index) => target.readUInt32BE(28 - 4 * index));
  return {
    data,
    target: words,
    transactions: `01${coinbase}`,
    workId: workid,
    longpollId: typeof longpollid === 'string' ? longpollid : undefined,
  };
}

const templateRequest =
  '"capabilities": ["coinbasetxn", "coinbasevalue", "longpoll", "workid"], "rules": ["segwit"]';

/** `minerd -a sha256d -o http://... -u user -p password`. */
export class TemplateCpuminer {
  readonly #url: string;
  work: TemplateWork | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  async getWork(): Promise<void> {
    const text = `{"method": "getblocktemplate", "params": [{${templateRequest}}], "id":0}\r\n`;
    this.work = decodeTemplate(await this.#call(text));
  }

  /** Its second connection, that waits for the next template. */
  async longpoll(): Promise<void> {
    const id = this.work?.longpollId ?? fail('no longpollid: it would poll every 5 s');
    const request = `${templateRequest}, "longpollid": "${id}"`;
    const text = `{"method": "getblocktemplate", "params": [{${request}}], "id":0}\r\n`;
    this.work = decodeTemplate(await this.#call(text));
  }

  /** Mines the work that it has and hands it in: the block's id. @throws Error when it is refused */
  async mine(): Promise<string> {
    const work = this.work ?? fail('no work');
    scan(work);
    const block = `${headerBytes(work.data).toString('hex')}${work.transactions}`;
    const more = work.workId === undefined ? '' : `, {"workid": "${work.workId}"}`;
    const text = `{"method": "submitblock", "params": ["${block}"${more}], "id":1}\r\n`;
    const result = await this.#call(text);
    if (result !== null) fail(`rejected: ${String(result)}`);
    return idOf(work.data);
  }

  /** Its `json_rpc_call`: status below 400, a `result` that is there, an `error` that is null. */
  async #call(text: string): Promise<unknown> {
    const { status, body } = await curlPost(this.#url, 'rig:x', text);
    if (status >= 400) fail(`HTTP request failed: ${status} ${body}`);
    const { result, error } = JSON.parse(body) as { result?: unknown; error?: unknown };
    if (result === undefined || (error !== undefined && error !== null)) {
      fail(`JSON-RPC call failed: ${JSON.stringify(error)}`);
    }
    return result;
  }
}

interface StratumWork extends Work {
  readonly job: string;
  readonly extranonce2: string;
}

interface StratumJob {
  readonly id: string;
  readonly coinbase: readonly [Buffer, Buffer];
  readonly branch: readonly Buffer[];
  readonly words: { readonly version: Buffer; readonly bits: Buffer; readonly time: Buffer };
  readonly previous: Buffer;
  readonly difficulty: number;
}

/** Its `diff_to_target`: 64 bits of the quotient, in the words where they belong. */
function targetWords(difficulty: number): Uint32Array {
  let rest = difficulty;
  let at = 6;
  for (; at > 0 && rest > 1; at--) rest /= 2 ** 32;
  const quotient = BigInt(Math.floor(0xffff_0000 / rest));
  if (quotient >> 64n !== 0n) fail(`difficulty ${difficulty} overflows its 64 bits`);
  const target = new Uint32Array(8);
  target[at] = Number(quotient & 0xffff_ffffn);
  target[at + 1] = Number(quotient >> 32n);
  return target;
}

/** `minerd -a sha256d -o stratum+tcp://... -u user -p password`. */
export class StratumCpuminer {
  readonly #socket: Socket;
  readonly #user: string;
  readonly #lines: string[] = [];
  #wake: () => void = () => undefined;
  #isClosed = false;
  #extranonce1: Buffer = Buffer.alloc(0);
  #extranonce2: Buffer = Buffer.alloc(0);
  #difficulty = 1;
  #job: StratumJob | undefined;
  /** Id of the job that was mined last: the same again is no work for it. */
  #mined: string | undefined;
  sessionId: string | undefined;

  private constructor(socket: Socket, user: string) {
    this.#socket = socket;
    this.#user = user;
    let rest = '';
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() as string;
      this.#lines.push(...lines);
      this.#wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  /** Connects, subscribes and authorises. `session` is that of an earlier connection. */
  static async open(url: string, user: string, session?: string): Promise<StratumCpuminer> {
    const { hostname, port } = new URL(url.replace('stratum+tcp', 'http'));
    const socket = connect(Number(port), hostname);
    const miner = new StratumCpuminer(socket, user);
    const resume = session === undefined ? '' : `, "${session}"`;
    miner.#send(`{"id": 1, "method": "mining.subscribe", "params": ["${userAgent}"${resume}]}`);
    miner.#subscribed(JSON.parse(await miner.#line()));
    miner.#send(`{"id": 2, "method": "mining.authorize", "params": ["${user}", "x"]}`);
    const { result, error } = JSON.parse(await miner.#answer()) as Record<string, unknown>;
    if (result === undefined || result === false || (error !== undefined && error !== null)) {
      fail('Stratum authentication failed');
    }
    return miner;
  }

  /** Mines the next job and submits its share: the header's id, and why it was refused. */
  async mine(): Promise<{ readonly id: string; readonly refused: string | undefined }> {
    while (this.#job === undefined || this.#job.id === this.#mined)
      this.#handle(await this.#line());
    const work = this.#generate(this.#job);
    scan(work);
    const [time, nonce] = [work.data[17], work.data[19]].map((word) =>
      swapWord(word as number)
        .toString(16)
        .padStart(8, '0'),
    );
    this.#send(
      `{"method": "mining.submit", "params": ["${this.#user}", "${work.job}", "${work.extranonce2}", "${time}", "${nonce}"], "id":4}`,
    );
    const { result, error } = JSON.parse(await this.#answer()) as Record<string, unknown>;
    const refused = result === true ? undefined : String((error as unknown[] | null)?.[1]);
    return { id: idOf(work.data), refused };
  }

  close(): void {
    this.#socket.destroy();
  }

  #send(line: string): void {
    this.#socket.write(`${line}\n`);
  }

  async #line(): Promise<string> {
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) return line;
      if (this.#isClosed) fail('Stratum connection interrupted');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The next line that is no method of the server's. */
  async #answer(): Promise<string> {
    for (;;) {
      const line = await this.#line();
      if (!this.#handle(line)) return line;
    }
  }

  #subscribed({ result, error }: { result?: unknown; error?: unknown }): void {
    if (!Array.isArray(result) || (error !== undefined && error !== null)) fail('not subscribed');
    const [subscriptions, extranonce1, size] = result as [unknown, unknown, unknown];
    const named = Array.isArray(subscriptions) ? (subscriptions as unknown[][]) : [];
    const session = named.find(([method]) => method === 'mining.notify')?.[1];
    this.sessionId = typeof session === 'string' ? session : undefined;
    if (typeof extranonce1 !== 'string') fail('Failed to get extranonce1');
    const sizeBytes = integer(size, 'extranonce2_size');
    if (sizeBytes < 1 || sizeBytes > 100) fail('Invalid value of extranonce2_size');
    this.#extranonce1 = binary(extranonce1, extranonce1.length / 2, 'extranonce1');
    this.#extranonce2 = Buffer.alloc(sizeBytes);
  }

  /** Whether the line was a method that it knows and could follow. */
  #handle(line: string): boolean {
    const { id, method, params } = JSON.parse(line) as Record<string, unknown>;
    const list = Array.isArray(params) ? (params as unknown[]) : [];
    if (method === 'mining.notify') this.#notified(list);
    else if (method === 'mining.set_difficulty') this.#difficulty = Number(list[0]) || fail('0');
    else if (method === 'client.get_version') {
      this.#send(JSON.stringify({ id, error: null, result: userAgent }));
    } else return method === 'client.show_message';
    return true;
  }

  #notified(params: readonly unknown[]): void {
    const [id, previous, first, second, branch, version, bits, time] = params;
    if (typeof id !== 'string' || typeof first !== 'string' || typeof second !== 'string') {
      fail('Stratum notify: invalid parameters');
    }
    if (!Array.isArray(branch)) fail('Stratum notify: invalid Merkle branch');
    if (this.#job?.id !== id) this.#extranonce2.fill(0);
    this.#job = {
      id,
      coinbase: [Buffer.from(first, 'hex'), Buffer.from(second, 'hex')],
      branch: branch.map((hash) => binary(hash, 32, 'branch')),
      words: {
        version: binary(version, 4, 'version'),
        bits: binary(bits, 4, 'bits'),
        time: binary(time, 4, 'time'),
      },
      previous: binary(previous, 32, 'previous'),
      difficulty: this.#difficulty,
    };
  }

  /** Its `stratum_gen_work`: the root, then extranonce2 + 1 for the work after, then the words. */
  #generate({ id, coinbase, branch, words, previous, difficulty }: StratumJob): StratumWork {
    const extranonce2 = this.#extranonce2.toString('hex');
    let root = sha256d(
      Buffer.concat([coinbase[0], this.#extranonce1, this.#extranonce2, coinbase[1]]),
    );
    for (const hash of branch) root = sha256d(Buffer.concat([root, hash]));
    for (let at = 0; at < this.#extranonce2.length; at++) {
      this.#extranonce2[at] = ((this.#extranonce2[at] as number) + 1) & 0xff;
      if (this.#extranonce2[at] !== 0) break;
    }
    const data = new Uint32Array(20);
    data[0] = words.version.readUInt32LE();
    for (let index = 0; index < 8; index++) {
      data[1 + index] = previous.readUInt32LE(4 * index);
      data[9 + index] = root.readUInt32BE(4 * index);
    }
    data[17] = words.time.readUInt32LE();
    data[18] = words.bits.readUInt32LE();
    this.#mined = id;
    return { data, target: targetWords(difficulty), job: id, extranonce2 };
  }
}
