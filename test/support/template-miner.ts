/**
 * A getblocktemplate miner written from BIP22 and BIP23 alone, speaking as cpuminer does: JSON-RPC
 * without a version, Basic authentication, the coinbase taken as it is.
 */

import { createHash } from 'node:crypto';

export interface BlockTemplate {
  readonly version: number;
  readonly previousblockhash: string;
  readonly transactions: readonly { readonly data: string }[];
  readonly coinbasetxn: { readonly data: string };
  readonly target: string;
  readonly curtime: number;
  readonly bits: string;
  readonly height: number;
  readonly workid: string;
  readonly longpollid: string;
  readonly mutable: readonly string[];
}

const sha256d = (data: Uint8Array): Buffer =>
  createHash('sha256').update(createHash('sha256').update(data).digest()).digest();

export class TemplateMiner {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** The `result` of a call. @throws Error with the answer's error */
  async call<Result>(method: string, params: readonly unknown[]): Promise<Result> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Basic ${Buffer.from('any:password').toString('base64')}`,
      },
      body: JSON.stringify({ method, params, id: 0 }),
    });
    const { result, error } = (await response.json()) as { result: Result; error: unknown };
    if (error !== null) throw new Error(`${method}: ${JSON.stringify(error)}`);
    return result;
  }

  template(longpollid?: string): Promise<BlockTemplate> {
    const capabilities = ['coinbasetxn', 'coinbasevalue', 'longpoll', 'workid'];
    return this.call('getblocktemplate', [{ capabilities, rules: ['segwit'], longpollid }]);
  }

  /** A header that meets the target of `template`; `change` may spoil it. */
  mine(template: BlockTemplate, change: { readonly time?: number } = {}): Buffer {
    const header = Buffer.alloc(80);
    header.writeUInt32LE(template.version, 0);
    Buffer.from(template.previousblockhash, 'hex').reverse().copy(header, 4);
    sha256d(Buffer.from(template.coinbasetxn.data, 'hex')).copy(header, 36);
    header.writeUInt32LE(change.time ?? template.curtime, 68);
    header.writeUInt32LE(Number.parseInt(template.bits, 16), 72);
    const target = BigInt(`0x${template.target}`);
    for (let nonce = 0; ; nonce++) {
      header.writeUInt32LE(nonce, 76);
      const hash = Buffer.from(sha256d(header)).reverse().toString('hex');
      if (BigInt(`0x${hash}`) <= target) return header;
    }
  }

  /** The id of a header as it is shown. */
  idOf(header: Uint8Array): string {
    return `0x${Buffer.from(sha256d(header)).reverse().toString('hex')}`;
  }

  /** Hands in header, a count of one where `isWhole`, and the coinbase. */
  submit(template: BlockTemplate, header: Buffer, isWhole: boolean): Promise<string | null> {
    const { data } = template.coinbasetxn;
    const block = `${header.toString('hex')}${isWhole ? '01' : ''}${data}`;
    return this.call('submitblock', [block, { workid: template.workid }]);
  }
}
