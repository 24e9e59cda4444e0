/**
 * The file that tells a watching agent what it may spend and what it knows, as a parsed TOML value:
 *
 *   bond_per_assertion = "12"      # OAK; a higher bond is not met
 *   bond_total = "60"              # OAK; bonds in open disputes, and those lost
 *   margin_bps = 50                # this near to the threshold nothing is disputed (default 50)
 *   warn_blocks = 10               # say so when a window closes in so many blocks (default 10)
 *   early = "report"               # or "dispute": claims about a time that has not come
 *   claim_from = "0.1"             # OAK; take what is owed from here on (default 0.1)
 *
 *   [[quantity]]
 *   name = "BTC/USD"               # as claims name it
 *   minimum_sources = 2            # with fewer, nothing is known (default 1)
 *   stray_bps = 200                # leave out a source this far from the others (default 200)
 *   [[quantity.source]]
 *   csv = "prices.csv"             # a table whose first column has seconds since 1970
 *   column = "kraken"
 *   [[quantity.source]]
 *   url = "https://...?time={time}"
 *   path = "data.price"
 *   [[quantity.source]]
 *   feed = "BTC/USD"               # a feed of this chain
 */

import { limits } from '../primitives/limits.ts';
import {
  AgentFileError,
  defaultStrayBps,
  integer,
  known,
  type Table,
  tables,
  text,
} from './agent-file.ts';
import { type ClaimSource, feedClaims, httpClaims, tableClaims } from './claim-sources.ts';
import type { OracleClient } from './client.ts';
import { parseAmount } from './decimal.ts';
import { parsePriceTable } from './sources.ts';

export interface WatchLimits {
  /** Acorns. */
  readonly bondPerAssertion: bigint;
  readonly bondTotal: bigint;
  readonly claimFrom: bigint;
  readonly marginBps: number;
  readonly warnBlocks: number;
  readonly early: 'report' | 'dispute';
}

export interface WatchedQuantity {
  readonly name: string;
  readonly minimumSources: number;
  readonly strayBps: number;
  readonly sources: readonly ClaimSource[];
}

export interface WatchPlan {
  readonly limits: WatchLimits;
  readonly quantities: readonly WatchedQuantity[];
}

export interface WatchSurroundings {
  /** Text of a file named in the watch file. */
  readFile(path: string): string;
  /** Seconds since 1970. */
  now(): number;
  /** Feeds of the chain that is watched. */
  readonly client: OracleClient;
}

const defaultMarginBps = 50;
const defaultWarnBlocks = 10;
const defaultClaimFrom = '0.1';
const oakDecimals = 18;

function amount(table: Table, key: string, fallback?: string): bigint {
  const value = table[key] ?? fallback;
  if (typeof value !== 'string') {
    throw new AgentFileError(`${key} must be an amount of OAK as text, such as "12"`);
  }
  try {
    const acorns = parseAmount(value, oakDecimals);
    if (acorns < 0n) throw new RangeError(`${value} is below 0`);
    return acorns;
  } catch (error) {
    throw new AgentFileError(`${key}: ${(error as Error).message}`);
  }
}

function parseLimits(root: Table): WatchLimits {
  const early = root.early ?? 'report';
  if (early !== 'report' && early !== 'dispute') {
    throw new AgentFileError(`early: "${String(early)}" is unknown: use report or dispute`);
  }
  return {
    bondPerAssertion: amount(root, 'bond_per_assertion'),
    bondTotal: amount(root, 'bond_total'),
    claimFrom: amount(root, 'claim_from', defaultClaimFrom),
    marginBps: integer(root, 'margin_bps', 'watch file', defaultMarginBps),
    warnBlocks: integer(root, 'warn_blocks', 'watch file', defaultWarnBlocks),
    early,
  };
}

function parseSource(table: Table, where: string, surroundings: WatchSurroundings): ClaimSource {
  const { client, now, readFile } = surroundings;
  if (table.feed !== undefined) {
    known(table, where, ['feed']);
    return feedClaims(client, text(table, 'feed', where));
  }
  if (table.url !== undefined) {
    known(table, where, ['url', 'path']);
    const url = text(table, 'url', where);
    if (!/^https?:\/\//.test(url)) throw new AgentFileError(`${where}: url must be http or https`);
    return httpClaims({ url, path: text(table, 'path', where), now });
  }
  known(table, where, ['csv', 'column']);
  const prices = parsePriceTable(readFile(text(table, 'csv', where)));
  return tableClaims(prices, text(table, 'column', where));
}

/**
 * Reads a parsed watch file.
 * @throws AgentFileError naming what is missing, unknown or of the wrong kind; RangeError naming
 *   what a table lacks
 */
export function parseWatchFile(json: unknown, surroundings: WatchSurroundings): WatchPlan {
  const root = (json ?? {}) as Table;
  known(root, 'watch file', [
    ...['bond_per_assertion', 'bond_total', 'claim_from'],
    ...['margin_bps', 'warn_blocks', 'early', 'quantity'],
  ]);
  const names = new Set<string>();
  const quantities = tables(root.quantity, 'quantity').map((table) => {
    const name = text(table, 'name', 'quantity');
    if (names.has(name)) throw new AgentFileError(`${name}: there is one quantity of each name`);
    names.add(name);
    known(table, name, ['name', 'minimum_sources', 'stray_bps', 'source']);
    const sources = tables(table.source, 'quantity.source').map((source, index) =>
      parseSource(source, `${name}, source ${index + 1}`, surroundings),
    );
    if (sources.length > limits.sourcesPerFeedMax) {
      throw new AgentFileError(`${name}: at most ${limits.sourcesPerFeedMax} sources`);
    }
    const minimumSources = integer(table, 'minimum_sources', name, 1);
    if (minimumSources < 1 || minimumSources > sources.length) {
      throw new AgentFileError(`${name}: minimum_sources must be 1 to ${sources.length}`);
    }
    return {
      name,
      minimumSources,
      strayBps: integer(table, 'stray_bps', name, defaultStrayBps),
      sources,
    };
  });
  return { limits: parseLimits(root), quantities };
}
