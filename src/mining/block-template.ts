/**
 * getblocktemplate and submitblock (BIP22, BIP23) as miners of Bitcoin speak them. The coinbase
 * "transaction" is the record, used as it is; the transaction list is always empty, because miners
 * would fold what it lists into the commitment. Nothing may change the time.
 */

import { concat, equalBytes, fromHex, reverseBytes, toHex } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import {
  decodeHeader,
  type Header,
  headerSizeBytes,
  isVersionValid,
} from '../primitives/header.ts';
import { limits } from '../primitives/limits.ts';
import { recordSizeBytes } from '../primitives/record.ts';
import type { MiningAccounts, ShareOutcome } from './accounting.ts';
import type { SealOutcome, TemplateDesk } from './desk.ts';
import {
  extranonceSizeBytes,
  recordPrefixSizeBytes,
  type Solution,
  type Template,
} from './template.ts';

/** A request that cannot be answered with a template; the text says why and what to do. */
export class TemplateError extends Error {
  readonly code = 'NO_TEMPLATE';
}

interface Poll {
  isNews(): boolean;
  end(): void;
}

/** Answers to `submitblock`; null is BIP22's word for accepted. */
const reasons: { readonly [Outcome in SealOutcome]: string | null } = {
  accepted: null,
  duplicate: 'duplicate',
  late: 'stale-work',
  rejected: 'rejected',
  unknown: 'unknown-work',
};

/** How refusals are counted; others are `rejected`. */
const outcomes: { readonly [reason: string]: ShareOutcome } = {
  'unknown-work': 'stale',
  'stale-work': 'stale',
  'stale-prevblk': 'stale',
  duplicate: 'duplicate',
  'high-hash': 'low-difficulty',
  'time-invalid': 'wrong-time',
  'bad-version': 'wrong-version',
};

/** Names a template for longpolls: its parent, then itself. */
function pollId(template: Template): string {
  return `${toHex(template.header.previous)}${template.id}`;
}

function templateJson(template: Template, extranonce1: Uint8Array): Record<string, unknown> {
  const { header, recordPrefix, height, target } = template;
  const extranonce = new Uint8Array(extranonceSizeBytes);
  extranonce.set(extranonce1);
  return {
    capabilities: ['coinbasetxn', 'longpoll', 'workid'],
    version: header.version,
    rules: [],
    vbavailable: {},
    vbrequired: 0,
    previousblockhash: toHex(reverseBytes(header.previous)),
    transactions: [],
    coinbasetxn: { data: toHex(concat(recordPrefix, extranonce)), depends: [], fee: 0, sigops: 0 },
    coinbaseaux: {},
    workid: template.id,
    longpollid: pollId(template),
    target: target.toString(16).padStart(64, '0'),
    curtime: header.time,
    mintime: header.time,
    maxtime: header.time,
    mutable: ['submit/coinbase'],
    noncerange: '00000000ffffffff',
    bits: header.bits.toString(16).padStart(8, '0'),
    height,
    expires: Math.floor(limits.templateIdleMs / 1_000),
  };
}

/** A submitted block: header, perhaps a count of one, and the record. */
interface Submission {
  readonly header: Header;
  readonly record: Uint8Array;
}

function parseSubmission(text: string): Submission | undefined {
  // The length first: the expression takes a second for the 5 MB that a request may hold.
  if (text.length > 1_024 || !/^([0-9a-fA-F]{2})*$/.test(text)) return undefined;
  const bytes = fromHex(text);
  const hasCount = bytes.length === headerSizeBytes + 1 + recordSizeBytes;
  if (!hasCount && bytes.length !== headerSizeBytes + recordSizeBytes) return undefined;
  if (hasCount && bytes[headerSizeBytes] !== 1) return undefined;
  return {
    header: decodeHeader(bytes.slice(0, headerSizeBytes)),
    record: bytes.slice(bytes.length - recordSizeBytes),
  };
}

export class BlockTemplates {
  readonly #desk: TemplateDesk;
  readonly #crypto: Crypto;
  readonly #accounts: MiningAccounts;
  readonly #waiting = new Set<Poll>();
  readonly #endListening: () => void;
  #release: (() => void) | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(desk: TemplateDesk, accounts: MiningAccounts, crypto: Crypto) {
    this.#desk = desk;
    this.#accounts = accounts;
    this.#crypto = crypto;
    this.#endListening = desk.listen({
      template: () => {
        for (const { isNews, end } of this.#waiting) if (isNews()) end();
      },
    });
  }

  /**
   * A template with an extranonce of its own. With the id of a known one this waits for another
   * (longpoll), at most 25 s: then the present one is as good as new.
   * @throws TemplateError when there is none, or too many wait already
   */
  async template(knownId: string | undefined): Promise<Record<string, unknown>> {
    this.#keepDemand();
    const isNews = (): boolean => {
      const { current } = this.#desk;
      return current !== undefined && pollId(current) !== knownId;
    };
    if (!isNews()) await this.#wait(isNews);
    const { current } = this.#desk;
    if (current === undefined) {
      throw new TemplateError(
        'no template: the node is catching up, or miner_status says why it is paused',
      );
    }
    return templateJson(current, this.#desk.nextExtranonce());
  }

  /** Takes a block; null when it was accepted, else the reason in the words of BIP22. */
  async submit(text: string): Promise<string | null> {
    this.#keepDemand();
    const reason = await this.#take(text);
    this.#accounts.share(reason === null ? 'accepted' : (outcomes[reason] ?? 'rejected'));
    return reason;
  }

  async #take(text: string): Promise<string | null> {
    const submission = parseSubmission(text);
    if (submission === undefined) return 'rejected: header, 01 and 208 bytes of record are needed';
    const { header, record } = submission;
    const template = this.#desk.byRecord(record.subarray(0, recordPrefixSizeBytes));
    if (template === undefined) return 'unknown-work';
    const solution: Solution = {
      extranonce: record.slice(recordPrefixSizeBytes),
      version: header.version,
      nonce: header.nonce,
    };
    const fault = this.#fault(template, header, record, solution);
    if (fault !== undefined) return fault;
    const worker = { door: 'getblocktemplate', name: 'getblocktemplate' } as const;
    const outcome = await this.#desk.submit(template, solution, worker);
    return reasons[outcome];
  }

  /** Lets everyone who waits have an answer and asks for no more templates. */
  stop(): void {
    clearTimeout(this.#idle);
    this.#endListening();
    this.#release?.();
    for (const { end } of this.#waiting) end();
  }

  #fault(
    template: Template,
    header: Header,
    record: Uint8Array,
    solution: Solution,
  ): string | undefined {
    if (!equalBytes(header.previous, template.header.previous)) return 'bad-prevblk';
    if (this.#desk.isStale(template)) return 'stale-prevblk';
    if (!equalBytes(header.commitment, this.#crypto.sha256d(record))) return 'bad-txnmrklroot';
    if (header.time !== template.header.time) return 'time-invalid';
    if (header.bits !== template.header.bits) return 'bad-diffbits';
    if (!isVersionValid(header.version)) return 'bad-version';
    return this.#desk.check(template, solution).isBlock ? undefined : 'high-hash';
  }

  /** Templates are made while somebody asks for them, and two minutes longer. */
  #keepDemand(): void {
    this.#release ??= this.#desk.want();
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      this.#release?.();
      this.#release = undefined;
    }, limits.templateIdleMs);
    this.#idle.unref();
  }

  /** Until `isNews` or the longest time of a poll. */
  #wait(isNews: () => boolean): Promise<void> {
    if (this.#waiting.size >= limits.templatePollsMax) {
      throw new TemplateError(`${limits.templatePollsMax} requests wait for templates: ask later`);
    }
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(poll);
        resolve();
      };
      const poll: Poll = { isNews, end };
      const timer = setTimeout(end, limits.templatePollMs);
      this.#waiting.add(poll);
    });
  }
}
