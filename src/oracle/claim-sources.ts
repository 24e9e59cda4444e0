/**
 * Where a watching agent looks prices of the past up: a CSV table, a service that takes a time in
 * its URL, another feed of the same chain. All of them scale by 10^18.
 */

import { limits } from '../primitives/limits.ts';
import { type Claim, claimDecimals, decidingSide } from './claim.ts';
import type { OracleClient } from './client.ts';
import { aggregatorAbi, type ContractAddress, ContractRefusal, view } from './contracts.ts';
import { formatDecimal, parseDecimal } from './decimal.ts';
import { httpSource, type PriceTable, replaySource, SourceError } from './sources.ts';

export interface ClaimSource {
  /** As shown to the operator. */
  readonly name: string;
  /** The price that decides the claim. @throws SourceError when this source cannot know it */
  read(claim: Claim): Promise<bigint>;
}

/** A trade older than this says nothing about a time. */
const priceMaxAgeSeconds = 900;
/** A service that knows the present alone is asked about times this near to it. */
const presentSeconds = 60;

/** The lesser or the greater of two prices, as the claim needs it. */
function deciding(claim: Claim, left: bigint | undefined, right: bigint): bigint {
  if (left === undefined) return right;
  const isLeast = decidingSide(claim) === 'least';
  return left < right === isLeast ? left : right;
}

/** A column of a table whose times are real ones. */
export function tableClaims(table: PriceTable, column: string): ClaimSource {
  const source = replaySource({
    table,
    column,
    decimals: claimDecimals,
    maxAgeSeconds: priceMaxAgeSeconds,
    clock: (time) => time,
  });
  const cells = table.columns.get(column) ?? [];
  return {
    name: source.name,
    async read(claim) {
      // Also for a span: the table must reach as far as the claim speaks.
      const last = await source.read(claim.time);
      if (claim.when === 'at') return last;
      let found: bigint | undefined;
      for (const [row, time] of table.times.entries()) {
        if (time >= claim.time) break;
        const cell = cells[row] as string;
        if (cell !== '') found = deciding(claim, found, parseDecimal(cell, claimDecimals));
      }
      if (found !== undefined) return found;
      throw new SourceError('source-silent', `${source.name} has no trade before the time`);
    },
  };
}

/** `{time}` in the URL stands for the asked second since 1970; without it, the present is all. */
export function httpClaims(options: {
  readonly url: string;
  readonly path: string;
  /** Seconds since 1970. */
  readonly now: () => number;
}): ClaimSource {
  const { url, path, now } = options;
  const name = `${url} ${path}`;
  const knowsPast = url.includes('{time}');
  return {
    name,
    async read({ when, time }) {
      if (when !== 'at') {
        throw new SourceError('source-silent', `${name} tells prices of single times alone`);
      }
      if (!knowsPast && Math.abs(now() - time) > presentSeconds) {
        throw new SourceError('source-silent', `${name} has no {time}: it tells the present alone`);
      }
      const asked = url.replaceAll('{time}', String(time));
      return httpSource({ url: asked, path, decimals: claimDecimals }).read(time);
    },
  };
}

interface PastAnswer {
  readonly value: bigint;
  readonly updatedAt: number;
}

/**
 * Another feed through its AggregatorV3 proxy: answers of its last rounds, voids left out. What is
 * further back than those is not known.
 */
export function feedClaims(client: OracleClient, feedName: string): ClaimSource {
  const name = `feed ${feedName}`;
  const silent = (reason: string): SourceError =>
    new SourceError('source-silent', `${name} ${reason}`);
  return {
    name,
    async read(claim) {
      const { proxy, decimals, heartbeatSeconds } = await client.feed(feedName);
      const scaled = (value: bigint): bigint =>
        parseDecimal(formatDecimal(value, decimals), claimDecimals);
      let found: bigint | undefined;
      let isLatest = true;
      for await (const { value, updatedAt } of answersOf(client, proxy, silent)) {
        if (isLatest && updatedAt + heartbeatSeconds < claim.time) {
          throw silent('was not updated since');
        }
        isLatest = false;
        if (claim.when === 'at' && updatedAt <= claim.time) {
          if (updatedAt + heartbeatSeconds >= claim.time) return scaled(value);
          throw silent('had no answer then');
        }
        if (claim.when === 'before' && updatedAt < claim.time) {
          found = deciding(claim, found, scaled(value));
        }
      }
      if (found === undefined) throw silent('had no answer then');
      return found;
    },
  };
}

/** Answers from the newest to the first round. @throws SourceError after so many rounds. */
async function* answersOf(
  { transport }: OracleClient,
  proxy: ContractAddress,
  silent: (reason: string) => SourceError,
): AsyncGenerator<PastAnswer> {
  type Round = readonly [bigint, bigint, bigint, bigint, bigint];
  const ask = (name: string, parameters: readonly unknown[]): Promise<Round | undefined> =>
    view<Round>(transport, proxy, aggregatorAbi, name, parameters).catch((error: unknown) => {
      if (error instanceof ContractRefusal) return undefined; // no round has a value yet
      throw silent(`cannot be read: ${(error as Error).message}`);
    });
  const latest = await ask('latestRoundData', []);
  if (latest === undefined) throw silent('has no answer');
  const [last] = latest;
  for (let back = 0n; back < last; back++) {
    if (back >= limits.claimRoundsMax) {
      throw silent(`is searched ${limits.claimRoundsMax} rounds back and no further`);
    }
    const round = back === 0n ? latest : await ask('getRoundData', [last - back]);
    const updatedAt = Number(round?.[3] ?? 0n);
    // a void or refuted round has none
    if (round !== undefined && updatedAt > 0) yield { value: round[1], updatedAt };
  }
}
