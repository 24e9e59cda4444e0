/**
 * The questions that are not over, found in the jury's events: the chain is the only memory. One
 * reader serves all jurors of a process.
 */

import { decodeAbiParameters, keccak256 } from 'viem/utils';
import type { Feed } from './client.ts';
import { type AskedQuestion, type JuryClient, questionBlocks } from './jury.ts';

/** Blocks read again at each head: a reorganisation may have brought a question late. */
const overlapBlocks = 12;

export class OpenQuestions {
  readonly #jury: JuryClient;
  readonly #open = new Map<bigint, AskedQuestion>();
  readonly #over = new Set<bigint>();
  #readUntil: number | undefined;
  #reading: { readonly height: number; readonly done: Promise<void> } | undefined;

  constructor(jury: JuryClient) {
    this.#jury = jury;
  }

  /** Questions of the chain up to `height` that were not dropped, oldest first. */
  async at(height: number): Promise<readonly AskedQuestion[]> {
    if (this.#reading?.height !== height) {
      this.#reading = { height, done: this.#read(height) };
    }
    await this.#reading.done;
    return [...this.#open.values()];
  }

  async #read(height: number): Promise<void> {
    const lookBack =
      this.#readUntil === undefined
        ? height - questionBlocks(await this.#jury.terms())
        : Math.min(this.#readUntil, height) - overlapBlocks;
    for (const asked of await this.#jury.asked(Math.max(0, lookBack), height)) {
      if (!this.#over.has(asked.id)) this.#open.set(asked.id, asked);
    }
    this.#readUntil = height;
  }

  /** Nothing is left to do for a question. */
  close(id: bigint): void {
    this.#open.delete(id);
    this.#over.add(id);
  }

  /** A reorganisation took the question away; it may be asked again. */
  forget(id: bigint): void {
    this.#open.delete(id);
  }
}

/** A round of a feed before the jury: outcome 1 says that its value is right, 2 that it is false. */
export interface DisputedRound {
  readonly feed: Feed;
  readonly round: number;
  readonly value: bigint;
}

const contentWords = [
  { type: 'address' },
  { type: 'bytes32' },
  { type: 'uint64' },
  { type: 'int256' },
] as const;

/** What a question of a feed's own oracle is about; undefined for any other question. */
export function disputedRound(
  asked: AskedQuestion,
  feeds: readonly Feed[],
): DisputedRound | undefined {
  const isContent = asked.data.length === 2 + 64 * contentWords.length;
  if (!isContent || keccak256(asked.data) !== asked.questionHash) return undefined;
  const asker = asked.asker.toLowerCase();
  const candidates = feeds.filter(({ oracle }) => oracle.toLowerCase() === asker);
  if (candidates.length === 0) return undefined;
  const [oracle, id, round, value] = decodeAbiParameters(contentWords, asked.data);
  const feed = candidates.find((candidate) => candidate.id === id);
  if (feed === undefined || oracle.toLowerCase() !== asker) return undefined;
  return { feed, round: Number(round), value };
}
