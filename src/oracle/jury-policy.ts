/**
 * The file that tells a juror agent how to vote, as a parsed TOML value:
 *
 *   default = "abstain"            # or "invalid", for questions that no rule answers
 *
 *   [[feed]]                       # disputed rounds of this feed: compare with own sources
 *   name = "BTC/USD"
 *   tolerance_bps = 100            # a value further off than this is false
 *   [[feed.source]]                # sources and their options as in a reporter's file
 *   url = "https://..."
 *   path = "data.price"
 *
 *   [[answer]]                     # what the operator has found out by hand
 *   claim = "..."                  # text of an assertion or of a question
 *   outcome = "true"               # false, invalid, too-early or a number
 *   [[answer]]
 *   question = "0x..."             # id of the question, or its hash (an assertion's id)
 *   asker = "0x..."                # only when this contract asks
 *   outcome = 2
 */

import { parseAddress } from '../primitives/keys.ts';
import {
  AgentFileError,
  type AgentSurroundings,
  type FeedPlan,
  parseAgentFile,
} from './agent-file.ts';
import { INVALID, TOO_EARLY } from './vote.ts';

export type FeedRule = Pick<FeedPlan, 'name' | 'minimumSources' | 'strayBps' | 'sources'> & {
  readonly toleranceBps: number;
};

/** Exactly one of `question` and `claim` is there. */
export interface Answer {
  /** 32 bytes: id or hash of the question. */
  readonly question: string | undefined;
  readonly claim: string | undefined;
  /** Lowercase address that must have asked. */
  readonly asker: string | undefined;
  readonly outcome: number;
}

export interface JuryPolicy {
  readonly fallback: 'abstain' | 'invalid';
  readonly feeds: readonly FeedRule[];
  readonly answers: readonly Answer[];
}

type Table = Record<string, unknown>;

const toleranceBpsMax = 10_000;
const feedKeys = ['name', 'tolerance_bps', 'minimum_sources', 'stray_bps', 'source'];
/** Outcomes by name: an assertion is a question with outcomes 1 and 2. */
const outcomeNames: Readonly<Record<string, number>> = {
  true: 1,
  false: 2,
  invalid: INVALID,
  'too-early': TOO_EARLY,
};

/** An outcome as people write it. @throws AgentFileError with what there is */
export function parseOutcome(value: unknown, where: string): number {
  const text = String(value);
  const outcome = outcomeNames[text] ?? (/^\d{1,3}$/.test(text) ? Number(text) : undefined);
  if (outcome === undefined || outcome > TOO_EARLY) {
    const names = Object.keys(outcomeNames).join(', ');
    throw new AgentFileError(`${where}: "${text}" is no outcome: use ${names} or 0 to 255`);
  }
  return outcome;
}

function known(table: Table, where: string, keys: readonly string[]): void {
  const unknown = Object.keys(table).find((key) => !keys.includes(key));
  if (unknown !== undefined) {
    throw new AgentFileError(`${where}: "${unknown}" is unknown: use ${keys.join(', ')}`);
  }
}

function tables(value: unknown, where: string): readonly Table[] {
  if (value === undefined) return [];
  const isTables =
    Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null);
  if (!isTables) throw new AgentFileError(`${where}: write it as [[${where}]]`);
  return value as readonly Table[];
}

function parseAsker(value: unknown, where: string): string | undefined {
  if (value === undefined) return undefined;
  try {
    parseAddress(String(value));
  } catch (error) {
    throw new AgentFileError(`${where}: asker: ${(error as Error).message}`);
  }
  return String(value).toLowerCase();
}

function parseAnswer(table: Table, index: number): Answer {
  const where = `answer ${index + 1}`;
  known(table, where, ['question', 'claim', 'asker', 'outcome']);
  const { question, claim } = table;
  if ((question === undefined) === (claim === undefined)) {
    throw new AgentFileError(`${where}: give either question or claim`);
  }
  if (question !== undefined && !/^0x[0-9a-fA-F]{64}$/.test(String(question))) {
    throw new AgentFileError(`${where}: question must be 0x and 64 hexadecimal digits`);
  }
  if (claim !== undefined && (typeof claim !== 'string' || claim === '')) {
    throw new AgentFileError(`${where}: claim must be a text`);
  }
  return {
    question: question === undefined ? undefined : String(question).toLowerCase(),
    claim: claim as string | undefined,
    asker: parseAsker(table.asker, where),
    outcome: parseOutcome(table.outcome, where),
  };
}

function parseFeeds(feeds: readonly Table[], surroundings: AgentSurroundings): FeedRule[] {
  if (feeds.length === 0) return [];
  for (const feed of feeds) {
    known(feed, `feed ${String(feed.name)}`, feedKeys);
  }
  const plain = feeds.map(({ tolerance_bps: _, ...feed }) => feed);
  return parseAgentFile({ feed: plain }, surroundings).map((plan, index) => {
    const toleranceBps = feeds[index]?.tolerance_bps;
    const isBps = Number.isInteger(toleranceBps) && (toleranceBps as number) > 0;
    if (!isBps || (toleranceBps as number) > toleranceBpsMax) {
      throw new AgentFileError(
        `${plan.name}: tolerance_bps must be a whole number, 1 to ${toleranceBpsMax}`,
      );
    }
    return { ...plan, toleranceBps: toleranceBps as number };
  });
}

/**
 * Reads a parsed policy file.
 * @throws AgentFileError naming what is missing, unknown or of the wrong kind
 */
export function parseJuryPolicy(json: unknown, surroundings: AgentSurroundings): JuryPolicy {
  const root = (json ?? {}) as Table;
  known(root, 'policy file', ['default', 'feed', 'answer']);
  const fallback = root.default ?? 'abstain';
  if (fallback !== 'abstain' && fallback !== 'invalid') {
    throw new AgentFileError(`default: "${String(fallback)}" is unknown: use abstain or invalid`);
  }
  return {
    fallback,
    feeds: parseFeeds(tables(root.feed, 'feed'), surroundings),
    answers: tables(root.answer, 'answer').map(parseAnswer),
  };
}
