/**
 * The file that tells a reporter agent what to report from where, as a parsed TOML value:
 *
 *   [[feed]]
 *   name = "BTC/USD"
 *   minimum_sources = 2            # say nothing with fewer (default 1)
 *   stray_bps = 200                # leave out a source this far from the others (default 200)
 *   when = "due"                   # only when the value ages or the market moves ("every-round")
 *   [[feed.source]]
 *   url = "https://..."            # HTTP JSON, with the path of the number in it
 *   path = "data.price"
 *   [[feed.source]]
 *   csv = "prices.csv"             # replay of a column, from `start` at the agent's start
 *   column = "kraken"
 *   start = 1678514400
 *   speed = 60
 *   [[feed]]
 *   name = "OAK/GOLD"              # a TWAP feed: its pair is poked before the heartbeat ends
 *   keeper = true
 */

import type { ReportsWhen } from './agent.ts';
import { httpSource, type PriceSource, parsePriceTable, replaySource } from './sources.ts';

/** A file that cannot be used; the message names the feed and the key. */
export class AgentFileError extends Error {
  readonly code = 'agent-file';
  constructor(message: string) {
    super(message);
    this.name = 'AgentFileError';
  }
}

export interface FeedPlan {
  readonly name: string;
  readonly minimumSources: number;
  readonly strayBps: number;
  readonly when: ReportsWhen;
  /** A TWAP feed to keep alive; it has no sources. */
  readonly isKept: boolean;
  readonly sources: (decimals: number) => readonly PriceSource[];
}

export interface AgentSurroundings {
  /** Text of a file named in the agent file. */
  readFile(path: string): string;
  /** Seconds since 1970 at the agent's start. */
  readonly startedAt: number;
}

export type Table = Record<string, unknown>;

/** A replayed trade older than this is silence. */
export const replayMaxAgeSeconds = 900;
export const defaultStrayBps = 200;

export function known(table: Table, where: string, keys: readonly string[]): void {
  const unknown = Object.keys(table).find((key) => !keys.includes(key));
  if (unknown !== undefined) {
    throw new AgentFileError(`${where}: "${unknown}" is unknown: use ${keys.join(', ')}`);
  }
}

export function text(table: Table, key: string, where: string): string {
  const value = table[key];
  if (typeof value !== 'string' || value === '') {
    throw new AgentFileError(`${where}: ${key} must be a text`);
  }
  return value;
}

export function integer(
  table: Table,
  key: string,
  where: string,
  fallback: number | undefined,
): number {
  const value = table[key] ?? fallback;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new AgentFileError(`${where}: ${key} must be a whole number`);
  }
  return value;
}

export function tables(value: unknown, where: string): readonly Table[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw new AgentFileError(`${where} is missing: add at least one [[${where}]]`);
  }
  return value as Table[];
}

type SourceMaker = (decimals: number) => PriceSource;

function planSource(table: Table, where: string, surroundings: AgentSurroundings): SourceMaker {
  if (table.url !== undefined) {
    known(table, where, ['url', 'path']);
    const url = text(table, 'url', where);
    const path = text(table, 'path', where);
    if (!/^https?:\/\//.test(url)) throw new AgentFileError(`${where}: url must be http or https`);
    return (decimals) => httpSource({ url, path, decimals });
  }
  known(table, where, ['csv', 'column', 'start', 'speed']);
  const prices = parsePriceTable(surroundings.readFile(text(table, 'csv', where)));
  const column = text(table, 'column', where);
  const start = integer(table, 'start', where, prices.times[0]);
  const speed = integer(table, 'speed', where, 1);
  const clock = (time: number): number => start + (time - surroundings.startedAt) * speed;
  const maxAgeSeconds = replayMaxAgeSeconds;
  return (decimals) => replaySource({ table: prices, column, decimals, maxAgeSeconds, clock });
}

function reportsWhen(value: unknown, where: string): ReportsWhen {
  if (value === 'every-round' || value === 'due') return value;
  throw new AgentFileError(`${where}: when must be "every-round" or "due"`);
}

function planKeeper(table: Table, name: string): FeedPlan {
  known(table, name, ['name', 'keeper']);
  if (table.keeper !== true) throw new AgentFileError(`${name}: keeper must be true or left out`);
  const nothing = { minimumSources: 0, strayBps: 0, sources: () => [] };
  return { name, ...nothing, when: 'every-round', isKept: true };
}

/**
 * Reads a parsed agent file.
 * @throws AgentFileError naming what is missing, unknown or of the wrong kind
 */
export function parseAgentFile(
  json: unknown,
  surroundings: AgentSurroundings,
): readonly FeedPlan[] {
  const root = (json ?? {}) as Table;
  known(root, 'agent file', ['feed']);
  return tables(root.feed, 'feed').map((table) => {
    const name = text(table, 'name', 'feed');
    if (table.keeper !== undefined) return planKeeper(table, name);
    known(table, name, ['name', 'minimum_sources', 'stray_bps', 'when', 'source']);
    const makers = tables(table.source, 'feed.source').map((source, index) =>
      planSource(source, `${name}, source ${index + 1}`, surroundings),
    );
    const minimumSources = integer(table, 'minimum_sources', name, 1);
    if (minimumSources < 1 || minimumSources > makers.length) {
      throw new AgentFileError(`${name}: minimum_sources must be 1 to ${makers.length}`);
    }
    return {
      name,
      minimumSources,
      strayBps: integer(table, 'stray_bps', name, defaultStrayBps),
      when: reportsWhen(table.when ?? 'every-round', name),
      isKept: false,
      sources: (decimals) => makers.map((make) => make(decimals)),
    };
  });
}
