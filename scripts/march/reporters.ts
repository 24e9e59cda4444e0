/**
 * Four reporters that each replay one market, and a fifth that says 60 % more than the first. They
 * report the same values to two feeds that differ in one parameter: how far from the answer is a lie.
 */

import { join } from 'node:path';
import { type Hex, type Log, parseEventLogs } from 'viem';
import { demonstrationAccounts } from '../../src/node/accounts.ts';
import { ReporterAgent } from '../../src/oracle/agent.ts';
import { type Feed, OracleClient } from '../../src/oracle/client.ts';
import { oracleAbi } from '../../src/oracle/contracts.ts';
import { ReportBook } from '../../src/oracle/report-book.ts';
import { type PriceSource, type PriceTable, replaySource } from '../../src/oracle/sources.ts';
import type { Transport } from '../../src/oracle/transport.ts';
import { Wallet } from '../../src/oracle/wallet.ts';
import { checksumAddress } from '../../src/primitives/keys.ts';
import { devnet, type GenesisFeed } from '../genesis-networks.ts';

/** A round of five blocks: commit, seal, reveal, and two to finalize and settle. */
const windows = { period: 5, commitBlocks: 1, sealBlocks: 1, revealBlocks: 1, disputeBlocks: 1 };

export const blocksPerRound = windows.period;

/** The same feed with two bounds on what counts as a lie. */
export const bounds = [
  { feed: 'BTC/USDx', outlierBps: 2_000 },
  { feed: 'BTC/USDx-500', outlierBps: 500 },
] as const;

export const liar = 'liar';

const decimals = 8;
const registry = '0x0d0d000000000000000000000000000000000002';
/** Kraken has minutes without a trade: its last price counts so long. */
const priceMaxAgeSeconds = 900;

export function feedsOfBounds(): readonly GenesisFeed[] {
  const usual = devnet.feeds.find(({ name }) => name === 'BTC/USDx') as GenesisFeed;
  return bounds.map(({ feed, outlierBps }) => ({
    ...usual,
    name: feed,
    configuration: { ...usual.configuration, ...windows, outlierBps },
  }));
}

export function marketSource(table: PriceTable, column: string): PriceSource {
  const options = { table, column, decimals, maxAgeSeconds: priceMaxAgeSeconds };
  return replaySource({ ...options, clock: (time) => time });
}

function lying(honest: PriceSource): PriceSource {
  return { name: 'liar +60 %', read: async (time) => ((await honest.read(time)) * 160n) / 100n };
}

interface Reporter {
  readonly name: string;
  readonly address: Hex;
  readonly agent: ReporterAgent;
}

/** What the events of one round say, by name of reporter. Prices in USD, amounts in acorns. */
export interface RoundStory {
  readonly round: number;
  readonly reports: ReadonlyMap<string, number>;
  readonly answer: number | undefined;
  readonly rewards: ReadonlyMap<string, bigint>;
  readonly penalties: ReadonlyMap<string, bigint>;
}

/** Blocks of one `eth_getLogs`. */
const blocksAtOnce = 250;

const dollars = (value: bigint): number => Number(value) / 10 ** decimals;

function add(amounts: Map<string, bigint>, name: string, amount: bigint): void {
  amounts.set(name, (amounts.get(name) ?? 0n) + amount);
}

export class Reporters {
  readonly all: readonly Reporter[];
  readonly feeds: readonly Feed[];
  readonly client: OracleClient;

  private constructor(all: readonly Reporter[], feeds: readonly Feed[], client: OracleClient) {
    this.all = all;
    this.feeds = feeds;
    this.client = client;
  }

  /** The agents of the devnet's five staked accounts; their books lie in `folder`. */
  static async start(transport: Transport, table: PriceTable, folder: string): Promise<Reporters> {
    const client = new OracleClient(transport, { registry });
    const feeds = await Promise.all(bounds.map(({ feed }) => client.feed(feed)));
    const markets = [...table.columns.keys()];
    const sources = markets.map((column) => marketSource(table, column));
    sources.push(lying(sources[0] as PriceSource));
    const all: Reporter[] = [];
    for (const [index, { privateKey, address }] of demonstrationAccounts().entries()) {
      const name = markets[index] ?? liar;
      const own = [sources[index] as PriceSource];
      const agent = new ReporterAgent(
        {
          client,
          wallet: new Wallet(transport, privateKey, devnet.chainId),
          book: await ReportBook.open(join(folder, `${name}.json`)),
          note: ({ action, detail, feed, round }) => {
            if (action !== 'failed') return;
            throw new Error(`${name}, ${feed} round ${round}: ${detail}`);
          },
        },
        {
          name,
          chainId: devnet.chainId,
          feeds: feeds.map((feed) => ({ feed, sources: own, minimumSources: 1, strayBps: 200 })),
          patienceBlocks: index,
          claimFrom: 10n ** 18n,
        },
      );
      all.push({ name, address: checksumAddress(address) as Hex, agent });
    }
    return new Reporters(all, feeds, client);
  }

  /** Everybody does what it wants to have in the block after `height`, whose time is `time`. */
  async onHead(height: number, time: number): Promise<void> {
    await Promise.all(this.all.map(({ agent }) => agent.onHead(height, time)));
  }

  /** The rounds of a feed up to `height`, from the first. */
  async stories(feed: Feed, height: number): Promise<readonly RoundStory[]> {
    const stories: (RoundStory & {
      readonly reports: Map<string, number>;
      answer: number | undefined;
      readonly rewards: Map<string, bigint>;
      readonly penalties: Map<string, bigint>;
    })[] = [];
    const at = (round: number) => {
      for (let next = stories.length + 1; next <= round; next++) {
        const maps = { reports: new Map(), rewards: new Map(), penalties: new Map() };
        stories.push({ round: next, answer: undefined, ...maps });
      }
      return stories[round - 1] as (typeof stories)[number];
    };
    const logs = await this.#logs(feed, height);
    for (const { eventName, args } of parseEventLogs({ abi: oracleAbi, logs: [...logs] })) {
      const story = at(Number(args.round));
      if (eventName === 'Revealed') {
        story.reports.set(this.#nameOf(args.reporter), dollars(args.value));
      } else if (eventName === 'RoundFinalized') story.answer = dollars(args.value);
      else if (eventName === 'Rewarded') {
        add(story.rewards, this.#nameOf(args.account), args.amount);
      } else if (eventName === 'Penalized') {
        add(story.penalties, this.#nameOf(args.reporter), args.amount);
      }
    }
    return stories;
  }

  /** The oracle's logs with this feed as first topic. */
  async #logs(feed: Feed, height: number): Promise<readonly Log[]> {
    const logs: Log[] = [];
    for (let from = 0; from <= height; from += blocksAtOnce) {
      const to = Math.min(height, from + blocksAtOnce - 1);
      const range = { fromBlock: `0x${from.toString(16)}`, toBlock: `0x${to.toString(16)}` };
      const filter = { address: feed.oracle, topics: [null, feed.id], ...range };
      logs.push(...((await this.client.transport.request('eth_getLogs', [filter])) as Log[]));
    }
    return logs;
  }

  #nameOf(address: Hex): string {
    const own = address.toLowerCase();
    return this.all.find((reporter) => reporter.address.toLowerCase() === own)?.name ?? address;
  }
}

/** Sums of rewards or penalties over rounds, by name of reporter. */
export function totals(
  stories: readonly RoundStory[],
  kind: 'rewards' | 'penalties',
): ReadonlyMap<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const story of stories) {
    for (const [name, amount] of story[kind]) add(sums, name, amount);
  }
  return sums;
}
