/** One day of March 2023 on one node: two feeds with a bound each, a traded pair, a question. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testAccounts } from '../../src/node/accounts.ts';
import type { PriceTable } from '../../src/oracle/sources.ts';
import { devnet } from '../genesis-networks.ts';
import { books } from './books.ts';
import { MarchChain } from './chain.ts';
import { type PairSample, TradedPair } from './pair.ts';
import { decideQuestion, type QuestionStory } from './question.ts';
import {
  blocksPerRound,
  bounds,
  feedsOfBounds,
  marketSource,
  Reporters,
  type RoundStory,
} from './reporters.ts';
import { Sender } from './sender.ts';

const secondsPerBlock = 60;
/** The midnight that ends 11 March, UTC: the time that the question speaks of. */
const end = Date.UTC(2023, 2, 12) / 1000;
/** Before the day: the pair opens and its mean gets its thirty minutes. */
const warmUpBlocks = 45;

/** Somebody buys for one block, when the market is calm. */
const pumpAt = Date.UTC(2023, 2, 11, 20) / 1000;
const pumpPercent = 20;

export interface Pump {
  readonly time: number;
  readonly percent: number;
  /** USDC; what is lost when the BTC are worth the market's price. */
  readonly paid: number;
  readonly lost: number;
}

export interface DayRound extends RoundStory {
  /** Time of the block with the commitments, seconds since 1970. */
  readonly time: number;
}

export interface Day {
  readonly start: number;
  readonly end: number;
  readonly feeds: readonly {
    readonly name: string;
    readonly outlierBps: number;
    /** Rounds that commit within the day. */
    readonly rounds: readonly DayRound[];
  }[];
  readonly samples: readonly PairSample[];
  readonly pump: Pump | undefined;
  readonly question: QuestionStory;
  readonly blocks: number;
  readonly transactions: number;
  /** What the replay took. */
  readonly seconds: number;
}

async function transactionsOf({ node, height }: MarchChain): Promise<number> {
  let sum = 0;
  for (let at = 1; at <= height; at++) {
    const block = (await node.block(at)) as unknown as { readonly transactions: string[] };
    sum += block.transactions.length;
  }
  return sum;
}

/** Height of the block in which a round commits. */
const commitHeight = (round: number): number => 1 + (round - 1) * blocksPerRound;

/** Replays the last `hours` before that midnight, and what follows on it. @throws Error when anybody fails or an acorn is missing */
export async function replayDay(
  table: PriceTable,
  hours: number,
  say: (line: string) => void,
): Promise<Day> {
  const began = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'dodona-march-'));
  const start = end - hours * 3_600;
  const pace = { start: start - warmUpBlocks * secondsPerBlock, secondsPerBlock };
  const chain = await MarchChain.launch(folder, pace, { feeds: feedsOfBounds() });
  try {
    const reporters = await Reporters.start(chain.transport, table, folder);
    const [trader] = testAccounts();
    const pair = await TradedPair.open({
      chain,
      sender: new Sender(chain.transport, devnet.chainId, trader.privateKey),
      market: marketSource(table, 'kraken_btc_usdc'),
    });
    let pump: Pump | undefined;
    while (chain.timeOf(chain.height) < end) {
      const time = chain.nextTime;
      await reporters.onHead(chain.height, time);
      if (time !== pumpAt) await pair.trade();
      else pump = { time, percent: pumpPercent, ...(await pair.pump(pumpPercent)) };
      await chain.mine();
      await pair.sample();
      if (time % 3_600 === 0) {
        const passed = Math.round((performance.now() - began) / 1_000);
        say(`${new Date(time * 1_000).toISOString()}  height ${chain.height}, ${passed} s`);
      }
    }
    const question = await decideQuestion(chain, table, folder, async () => {
      await reporters.onHead(chain.height, chain.nextTime);
      await pair.trade();
    });
    say(`the question is decided at height ${chain.height}`);
    const feeds = await Promise.all(
      reporters.feeds.map(async (feed, index) => {
        const stories = await reporters.stories(feed, chain.height);
        const rounds = stories
          .map((story) => ({ ...story, time: chain.timeOf(commitHeight(story.round)) }))
          .filter(({ time }) => time >= start && time < end);
        return { name: feed.name, outlierBps: bounds[index]?.outlierBps as number, rounds };
      }),
    );
    const { held, expected } = await books(chain.node);
    if (held !== expected) throw new Error(`there are ${held} acorns instead of ${expected}`);
    return {
      start,
      end,
      feeds,
      samples: pair.samples.filter(({ time }) => time >= start && time <= end),
      pump,
      question,
      blocks: chain.height,
      transactions: await transactionsOf(chain),
      seconds: (performance.now() - began) / 1_000,
    };
  } finally {
    await chain.node.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}
