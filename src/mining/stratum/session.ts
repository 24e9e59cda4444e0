/**
 * One miner's conversation, without its socket: lines in, lines out. Subscribing and authorising
 * come in any order; jobs follow when both are done. Every share is answered with its reason.
 */

import { equalBytes } from '../../primitives/bytes.ts';
import { versionRollingMask } from '../../primitives/header.ts';
import { limits } from '../../primitives/limits.ts';
import type { ShareOutcome } from '../accounting.ts';
import type { TemplateDesk, Worker } from '../desk.ts';
import { difficultyOfTarget, targetOfDifficulty } from '../difficulty.ts';
import { extranonceSizeBytes, type Solution, type Template } from '../template.ts';
import {
  errorLine,
  hexNumber,
  isAnswer,
  notification,
  notifyLine,
  parseHexBytes,
  parseHexNumber,
  parseRequest,
  type RequestId,
  resultLine,
  type StratumCode,
  type StratumRequest,
  stratumCodes,
} from './messages.ts';
import { VariableDifficulty } from './variable-difficulty.ts';

const extranonce1SizeBytes = 8;
const extranonce2SizeBytes = extranonceSizeBytes - extranonce1SizeBytes;

export interface SessionParts {
  readonly desk: TemplateDesk;
  /** Job ids, never the same twice: miners ignore a job whose id they have seen. */
  nextJob(): string;
  /** What authorising says about who is paid. */
  readonly payout: string;
  /** Monotonic milliseconds. */
  now(): number;
  send(line: string): void;
  /** Counts a share. */
  share(outcome: ShareOutcome): void;
  /** A share that is a block. */
  block(template: Template, solution: Solution, worker: Worker): void;
  /** The miner subscribed and authorised: it needs templates from now on. */
  ready(): void;
}

interface Job {
  readonly template: Template;
  readonly difficulty: number;
  /** Shares seen, as the bytes that they chose. */
  readonly seen: Set<string>;
}

/** A refused share: the code and text for the miner, the name for the counters. */
interface Refusal {
  readonly code: StratumCode;
  readonly text: string;
  readonly outcome: ShareOutcome;
}

/** Names end on terminals and pages: what these would act on instead of showing it becomes `?`. */
function shownName(user: string): string {
  return user.slice(0, limits.stratumNameSizeMax).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
}

const refusal = (code: StratumCode, outcome: ShareOutcome, text: string): Refusal => ({
  code,
  outcome,
  text,
});

export class StratumSession {
  readonly #parts: SessionParts;
  readonly #extranonce1: Uint8Array;
  readonly #jobs = new Map<string, Job>();
  #difficulty: VariableDifficulty;
  #isSubscribed = false;
  #user: string | undefined;
  #versionMask = 0;
  #malformed = 0;
  #notifiedAt = Number.NEGATIVE_INFINITY;
  #lastTemplate: Template | undefined;
  /** The last job was the first on its parent. */
  #isEarly = false;
  #toldDifficulty = 0;
  #accepted = 0;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#extranonce1 = parts.desk.nextExtranonce();
    this.#difficulty = new VariableDifficulty(parts.now());
  }

  get isReady(): boolean {
    return this.#isSubscribed && this.#user !== undefined;
  }

  /** Subscribed or authorised: it speaks our language. */
  get hasGreeted(): boolean {
    return this.#isSubscribed || this.#user !== undefined;
  }

  /** Too many lines that are no Stratum. */
  get isHopeless(): boolean {
    return this.#malformed > limits.stratumMalformedLinesMax;
  }

  get worker(): { name: string; hashesPerSecond: number; difficulty: number; accepted: number } {
    return {
      name: this.#user ?? '',
      hashesPerSecond: this.#difficulty.hashesPerSecond,
      difficulty: this.#difficulty.current,
      accepted: this.#accepted,
    };
  }

  /** Answers one line. */
  receive(line: string): void {
    const request = parseRequest(line);
    if (request !== undefined) this.#answer(request);
    else if (!isAnswer(line)) {
      this.#malformed += 1;
      const text = 'not understood: send one JSON object a line with "method" and "params"';
      this.#parts.send(errorLine(null, stratumCodes.other, text));
    }
  }

  /**
   * Passes a template on at once when its parent is new, and so the one after it, which holds the
   * transactions that the first was too early for. Later ones wait for a `tick`.
   */
  offer(template: Template, isNewHead: boolean): void {
    if (!this.isReady) return;
    const last = this.#lastTemplate;
    if (last === undefined || isNewHead) {
      this.#notify(template);
      this.#isEarly = true;
    } else if (this.#isEarly) {
      this.#isEarly = false;
      if (!equalBytes(template.recordPrefix, last.recordPrefix)) this.#notify(template);
    }
  }

  /** Once a second: difficulty, templates that waited, and a job before the miner falls asleep. */
  tick(): void {
    const { desk, now } = this.#parts;
    const template = desk.current;
    if (!this.isReady || template === undefined) return;
    const isOther = template !== this.#lastTemplate;
    const age = now() - this.#notifiedAt;
    if (this.#adjust(template)) return;
    const isDue = isOther && age >= limits.stratumRefreshMs;
    if (isDue || age >= limits.stratumNotifyMsMax) this.#notify(template);
  }

  #answer({ id, method, params }: StratumRequest): void {
    const { send } = this.#parts;
    switch (method) {
      case 'mining.subscribe':
        this.#subscribe(id);
        break;
      case 'mining.authorize':
        this.#authorize(id, params);
        break;
      case 'mining.configure':
        this.#configure(id, params);
        break;
      case 'mining.submit':
        this.#submit(id, params);
        break;
      case 'mining.suggest_difficulty':
        this.#suggest(id, params[0]);
        break;
      case 'mining.extranonce.subscribe':
        send(resultLine(id, true));
        break;
      case 'mining.get_transactions':
        // A job's coinbase is all that it commits to.
        send(resultLine(id, []));
        break;
      default:
        send(errorLine(id, stratumCodes.other, `unknown method ${method.slice(0, 64)}`));
    }
  }

  #subscribe(id: RequestId): void {
    const name = Buffer.from(this.#extranonce1).toString('hex');
    const subscriptions = [
      ['mining.set_difficulty', name],
      ['mining.notify', name],
    ];
    this.#parts.send(resultLine(id, [subscriptions, name, extranonce2SizeBytes]));
    this.#isSubscribed = true;
    this.#begin();
  }

  /** Any name is taken, and only shown: who is paid is part of the state that the header proves. */
  #authorize(id: RequestId, params: readonly unknown[]): void {
    const [user] = params;
    if (typeof user !== 'string') {
      const text = 'send ["user", "password"]: any name will do';
      this.#parts.send(errorLine(id, stratumCodes.unauthorized, text, false));
      return;
    }
    this.#user = shownName(user);
    this.#parts.send(resultLine(id, true));
    this.#parts.send(notification('client.show_message', [this.#parts.payout]));
    this.#begin();
  }

  #begin(): void {
    if (!this.isReady || this.#lastTemplate !== undefined) return;
    this.#parts.ready();
    const template = this.#parts.desk.current;
    if (template !== undefined && this.#lastTemplate === undefined) this.#notify(template);
  }

  /** BIP310: every extension that was named gets a value. */
  #configure(id: RequestId, params: readonly unknown[]): void {
    const [extensions, values] = params;
    const named = Array.isArray(extensions) ? extensions : [];
    const given = (values ?? {}) as Readonly<Record<string, unknown>>;
    const answer: Record<string, unknown> = {};
    for (const name of named) if (typeof name === 'string') answer[name] = false;
    if (named.includes('version-rolling')) {
      const asked = parseHexNumber(given['version-rolling.mask'] ?? 'ffffffff') ?? 0;
      this.#versionMask = (asked & versionRollingMask) >>> 0;
      answer['version-rolling'] = true;
      answer['version-rolling.mask'] = hexNumber(this.#versionMask);
    }
    if (named.includes('subscribe-extranonce')) answer['subscribe-extranonce'] = true;
    this.#parts.send(resultLine(id, answer));
  }

  #suggest(id: RequestId, difficulty: unknown): void {
    const { now, send } = this.#parts;
    if (typeof difficulty !== 'number' || !(difficulty > 0) || difficulty > 2 ** 60) {
      send(errorLine(id, stratumCodes.other, 'send a positive difficulty'));
      return;
    }
    this.#difficulty = new VariableDifficulty(now(), difficulty);
    send(resultLine(id, true));
    const template = this.#lastTemplate;
    if (template === undefined) return;
    this.#difficulty.begin(difficultyOfTarget(template.target));
    this.#notify(template);
  }

  #adjust(template: Template): boolean {
    const changed = this.#difficulty.adjust(this.#parts.now(), difficultyOfTarget(template.target));
    if (changed) this.#notify(template);
    return changed;
  }

  /** The difficulty always goes before the job that it is for. */
  #notify(template: Template): void {
    const { nextJob, now, send } = this.#parts;
    if (this.#lastTemplate === undefined) {
      this.#difficulty.begin(difficultyOfTarget(template.target));
    }
    const difficulty = this.#difficulty.current;
    if (this.#toldDifficulty !== difficulty) {
      send(notification('mining.set_difficulty', [difficulty]));
      this.#toldDifficulty = difficulty;
    }
    const isClean = this.#dropStale();
    const job = nextJob();
    this.#jobs.set(job, { template, difficulty, seen: new Set() });
    send(notifyLine(job, template, isClean));
    this.#lastTemplate = template;
    this.#notifiedAt = now();
  }

  /** Forgets jobs that can win nothing any more; whether none was left. */
  #dropStale(): boolean {
    for (const [name, { template }] of this.#jobs) {
      if (this.#parts.desk.isStale(template)) this.#jobs.delete(name);
    }
    const isClean = this.#jobs.size === 0;
    for (const name of this.#jobs.keys()) {
      if (this.#jobs.size < limits.stratumJobsPerConnection) break;
      this.#jobs.delete(name);
    }
    return isClean;
  }

  #submit(id: RequestId, params: readonly unknown[]): void {
    const fault = this.#judge(params);
    const { send, share } = this.#parts;
    if (fault === undefined) {
      share('accepted');
      send(resultLine(id, true));
      this.#accepted += 1;
      this.#difficulty.share();
      const template = this.#parts.desk.current;
      if (template !== undefined) this.#adjust(template);
      return;
    }
    share(fault.outcome);
    send(errorLine(id, fault.code, fault.text, false));
  }

  /** Why a share is refused; a good one that is a block is handed in. */
  #judge(params: readonly unknown[]): Refusal | undefined {
    const { other, jobNotFound, duplicate, lowDifficulty } = stratumCodes;
    if (!this.#isSubscribed) {
      return refusal(stratumCodes.notSubscribed, 'not-subscribed', 'subscribe first');
    }
    if (this.#user === undefined) {
      return refusal(stratumCodes.unauthorized, 'unauthorized', 'authorize first');
    }
    const [, name, , time] = params;
    const job = typeof name === 'string' ? this.#jobs.get(name) : undefined;
    if (job === undefined) return refusal(jobNotFound, 'stale', 'job not found: it is too old');
    const { template, difficulty, seen } = job;
    if (this.#parts.desk.isStale(template)) {
      return refusal(jobNotFound, 'stale', 'stale: the chain has another head');
    }
    const solution = this.#solutionOf(template, params);
    if ('code' in solution) return solution;
    if (parseHexNumber(time) !== template.header.time) {
      return refusal(other, 'wrong-time', 'time is fixed by the job');
    }
    const key = `${params[2]} ${solution.version} ${solution.nonce}`.toLowerCase();
    if (seen.has(key)) return refusal(duplicate, 'duplicate', 'duplicate share');
    const { hash, isBlock } = this.#parts.desk.check(template, solution);
    // A difficulty that fell since the job was sent counts at once: some miners apply it so.
    const bound = targetOfDifficulty(Math.min(difficulty, this.#difficulty.current));
    if (hash > bound && !isBlock) {
      return refusal(lowDifficulty, 'low-difficulty', 'low difficulty share');
    }
    if (seen.size >= limits.stratumSharesPerJobMax) {
      return refusal(other, 'rejected', 'too many shares for one job');
    }
    seen.add(key);
    if (isBlock) {
      this.#parts.block(template, solution, { door: 'stratum', name: this.#user });
    }
    return undefined;
  }

  /** What the miner chose, or what is wrong with how it says so. */
  #solutionOf(template: Template, params: readonly unknown[]): Solution | Refusal {
    const { other } = stratumCodes;
    const [, , second, time, nonceText, bitsText] = params;
    const extranonce2 = parseHexBytes(second, extranonce2SizeBytes);
    const nonce = parseHexNumber(nonceText);
    if (extranonce2 === undefined) {
      const text = `extranonce2 needs ${2 * extranonce2SizeBytes} hexadecimal digits`;
      return refusal(other, 'malformed', text);
    }
    if (nonce === undefined || parseHexNumber(time) === undefined) {
      return refusal(other, 'malformed', 'time and nonce need 8 hexadecimal digits each');
    }
    const bits = bitsText === undefined || bitsText === null ? 0 : parseHexNumber(bitsText);
    if (bits === undefined || (bits & ~this.#versionMask) !== 0) {
      const text = `version bits outside of the mask ${hexNumber(this.#versionMask)}`;
      return refusal(other, 'wrong-version', text);
    }
    const extranonce = new Uint8Array(extranonceSizeBytes);
    extranonce.set(this.#extranonce1);
    extranonce.set(extranonce2, extranonce1SizeBytes);
    // The job's version has zeros under the mask, so bits and "rolled xor job" read the same.
    const version = ((template.header.version & ~this.#versionMask) | bits) >>> 0;
    return { extranonce, version, nonce };
  }
}
