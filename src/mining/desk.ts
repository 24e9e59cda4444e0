/**
 * The desk between block templates and everybody who searches for them: the built-in miner, Stratum
 * and getblocktemplate. It knows what is current and what is stale, hands out extranonces that never
 * overlap, and checks each solution once. Templates are made only while somebody wants them.
 */

import { randomBytes } from 'node:crypto';
import type { Hex } from '../primitives/bytes.ts';
import { equalBytes, toHex } from '../primitives/bytes.ts';
import type { Crypto } from '../primitives/crypto.ts';
import { encodeHeader, type Header, isVersionValid } from '../primitives/header.ts';
import { limits } from '../primitives/limits.ts';
import { hashToNumber } from '../primitives/work.ts';
import type { MiningAccounts, MiningDoor } from './accounting.ts';
import { type Solution, solvedHeader, type Template } from './template.ts';

/** What became of a block that was handed in; `late` when a sibling had been handed in before. */
export type SealOutcome = 'accepted' | 'duplicate' | 'rejected' | 'unknown' | 'late';

export interface DeskParts {
  readonly crypto: Crypto;
  readonly accounts: MiningAccounts;
  /** Hands a complete block in where the template came from. */
  seal(template: string, solution: Solution): Promise<SealOutcome>;
  /** Somebody wants templates, or nobody any more: see `isWanted`. */
  demand(): void;
  /** Wall milliseconds. */
  now(): number;
}

/** Why a template is new: another parent, or more transactions and a later time. */
export type TemplateChange = 'head' | 'refresh';

export interface DeskListener {
  /** A template to work on. */
  template(template: Template, change: TemplateChange): void;
  /** The chain has a new head: work on any other parent is stale from now on. */
  head?(): void;
}

export interface CheckedSolution {
  /** The hash as a number: what targets are compared with. */
  readonly hash: bigint;
  readonly isBlock: boolean;
}

export interface Worker {
  readonly door: MiningDoor;
  readonly name: string;
}

export class TemplateDesk {
  readonly #parts: DeskParts;
  readonly #templates = new Map<string, Template>();
  readonly #listeners = new Set<DeskListener>();
  /** Begins anywhere in each run, so that two nodes that pay the same address do different work. */
  #extranonce: bigint = BigInt(randomBytes(4).readUInt32BE()) << 32n;
  #head: Hex;
  #current: Template | undefined;
  /** Parent on which a block has been handed in: one child is enough. */
  #sealing: Hex | undefined;
  #wanted = 0;

  constructor(parts: DeskParts, head: Hex) {
    this.#parts = parts;
    this.#head = head;
  }

  /** The template to work on; undefined when there is none for the present head. */
  get current(): Template | undefined {
    const template = this.#current;
    return template !== undefined && this.isStale(template) ? undefined : template;
  }

  get isWanted(): boolean {
    return this.#wanted > 0;
  }

  /** Asks for templates until the answer is called. */
  want(): () => void {
    this.#wanted += 1;
    if (this.#wanted === 1) this.#parts.demand();
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      this.#wanted -= 1;
      if (this.#wanted === 0) this.#parts.demand();
    };
  }

  /** Tells `listener` of every template and head; the answer ends it. */
  listen(listener: DeskListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** A new template, or undefined: there is nothing to search for now. */
  setTemplate(template: Template | undefined): void {
    const before = this.#current;
    this.#current = template;
    this.#sealing = undefined;
    if (template === undefined) return;
    this.#templates.set(template.id, template);
    for (const old of this.#templates.keys()) {
      if (this.#templates.size <= limits.templatesKept) break;
      this.#templates.delete(old);
    }
    const isSame =
      before !== undefined && equalBytes(before.header.previous, template.header.previous);
    const change = isSame ? 'refresh' : 'head';
    for (const listener of this.#listeners) listener.template(template, change);
  }

  setHead(id: Hex): void {
    if (this.#head === id) return;
    this.#head = id;
    for (const listener of this.#listeners) listener.head?.();
  }

  /** Whether another block stands on the template's parent already, or it is too old to be known. */
  isStale(template: Template): boolean {
    return !this.#templates.has(template.id) || toHex(template.header.previous) !== this.#head;
  }

  /** The template whose record begins with these 192 bytes. */
  byRecord(prefix: Uint8Array): Template | undefined {
    for (const template of this.#templates.values()) {
      if (equalBytes(template.recordPrefix, prefix)) return template;
    }
    return undefined;
  }

  /** Eight bytes that nobody else has: the first half of an extranonce. */
  nextExtranonce(): Uint8Array {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, this.#extranonce);
    this.#extranonce += 1n;
    return bytes;
  }

  /** The header to search with this extranonce. */
  header(template: Template, extranonce: Uint8Array): Header {
    const { version, nonce } = template.header;
    return solvedHeader(template, { extranonce, version, nonce }, this.#parts.crypto);
  }

  /** Hashes a solution. Its version must be valid. */
  check(template: Template, solution: Solution): CheckedSolution {
    const { crypto } = this.#parts;
    const header = solvedHeader(template, solution, crypto);
    const hash = hashToNumber(crypto.sha256d(encodeHeader(header)));
    return { hash, isBlock: hash <= template.target && isVersionValid(header.version) };
  }

  /** Hands in a solution that `check` called a block, and books it to `worker`. */
  async submit(template: Template, solution: Solution, worker: Worker): Promise<SealOutcome> {
    const { accounts, crypto } = this.#parts;
    const parent = toHex(template.header.previous);
    if (this.#sealing === parent) return 'late';
    this.#sealing = parent;
    const outcome = await this.#parts.seal(template.id, solution);
    if (outcome !== 'accepted') this.#sealing = undefined;
    else {
      const header = encodeHeader(solvedHeader(template, solution, crypto));
      accounts.found({
        id: toHex(crypto.sha256d(header)),
        height: template.height,
        door: worker.door,
        worker: worker.name,
        time: Math.floor(this.#parts.now() / 1_000),
      });
    }
    return outcome;
  }
}
