/**
 * 11 March 2023, 06:00-09:00 UTC, when USDC was off its peg: four markets of BTC, taken as one
 * price, differ by 6 to 15 %. Four reporters replay them and a fifth lies by +60 %, through the
 * JSON-RPC of a real node. Bounds of 2,000 and of 500 bps punish different reporters.
 */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeEventLog, type Hex } from 'viem';
import { describe, expect, it } from 'vitest';
import { devnet } from '../../scripts/genesis-networks.ts';
import { demonstrationAccounts, testAccounts } from '../../src/node/accounts.ts';
import { ReporterAgent } from '../../src/oracle/agent.ts';
import { type Feed, OracleClient } from '../../src/oracle/client.ts';
import { oracleAbi, stakeAbi, view } from '../../src/oracle/contracts.ts';
import { formatDecimal } from '../../src/oracle/decimal.ts';
import { ReportBook } from '../../src/oracle/report-book.ts';
import { type PriceSource, parsePriceTable, replaySource } from '../../src/oracle/sources.ts';
import { httpTransport } from '../../src/oracle/transport.ts';
import { Wallet } from '../../src/oracle/wallet.ts';
import { checksumAddress } from '../../src/primitives/keys.ts';
import { dataPath } from '../support/data.ts';
import { fastDevnet, writeNetwork } from '../support/network-files.ts';
import { NodeProcess } from '../support/process.ts';

const data = dataPath('btc-march-2023.csv');
const firstMoment = Date.UTC(2023, 2, 11, 6) / 1000;
const rounds = 12;
const secondsPerRound = 15 * 60;
const decimals = 8;
const reward = 8n * 10n ** 18n;
const registry = '0x0d0d000000000000000000000000000000000002';
const stakeRegistry = '0x0d0d000000000000000000000000000000000001';
const beneficiary = '0x00000000000000000000000000000000000000aa';

const windows = { period: 9, commitBlocks: 2, sealBlocks: 1, revealBlocks: 2, disputeBlocks: 1 };

function lying(honest: PriceSource): PriceSource {
  return { name: 'liar +60 %', read: async (time) => ((await honest.read(time)) * 160n) / 100n };
}

interface Reporter {
  readonly name: string;
  readonly address: string;
  readonly agent: ReporterAgent;
}

interface RoundStory {
  readonly reports: ReadonlyMap<string, bigint>;
  readonly answer: bigint | undefined;
  readonly rewarded: ReadonlySet<string>;
  readonly slashed: ReadonlySet<string>;
}

class Scene {
  readonly node: NodeProcess;
  readonly reporters: readonly Reporter[];
  readonly feed: Feed;
  readonly client: OracleClient;

  constructor(node: NodeProcess, reporters: readonly Reporter[], feed: Feed, client: OracleClient) {
    this.node = node;
    this.reporters = reporters;
    this.feed = feed;
    this.client = client;
  }

  static async start(folder: string, outlierBps: number): Promise<Scene> {
    const feeds = devnet.feeds
      .filter(({ name }) => name === 'BTC/USDx')
      .map((feed) => ({
        ...feed,
        configuration: { ...feed.configuration, ...windows, outlierBps },
      }));
    const network = fastDevnet({ intervalMs: 60_000, transactionMs: 60_000 }, { feeds });
    const genesis = writeNetwork(folder, network);
    const node = await NodeProcess.start({ genesis, datadir: join(folder, 'node'), mine: false });
    const transport = httpTransport(node.url);
    const client = new OracleClient(transport, { registry });
    const feed = await client.feed('BTC/USDx');
    const table = parsePriceTable(readFileSync(data as string, 'utf8'));
    const markets = [...table.columns.keys()];
    const sources = markets.map((column) =>
      replaySource({ table, column, decimals, maxAgeSeconds: 900, clock: (time) => time }),
    );
    sources.push(lying(sources[0] as PriceSource));
    const reporters: Reporter[] = [];
    for (const [index, { privateKey, address }] of demonstrationAccounts().entries()) {
      const name = markets[index] ?? 'liar';
      const book = await ReportBook.open(join(folder, `${name}.json`));
      const wallet = new Wallet(transport, privateKey, devnet.chainId);
      const reported = {
        feed,
        sources: [sources[index] as PriceSource],
        minimumSources: 1,
        strayBps: 200,
      };
      const agent = new ReporterAgent(
        {
          client,
          wallet,
          book,
          note: ({ action, detail }) => {
            if (action === 'failed') throw new Error(`${name}: ${detail}`);
          },
        },
        { name, chainId: devnet.chainId, feeds: [reported], patienceBlocks: index, claimFrom: 1n },
      );
      reporters.push({ name, address: checksumAddress(address), agent });
    }
    return new Scene(node, reporters, feed, client);
  }

  /** One block, after every reporter has done what it wants to have in it. */
  async block(moment: number): Promise<void> {
    const { number } = await this.node.head();
    for (const { agent } of this.reporters) await agent.onHead(number, moment);
    await this.node.rpc('evm_mine');
  }

  async story(round: number): Promise<RoundStory> {
    const logs = await this.node.rpc<{ data: Hex; topics: [Hex, ...Hex[]] }[]>('eth_getLogs', {
      address: this.feed.oracle,
      fromBlock: '0x0',
    });
    const story = {
      reports: new Map<string, bigint>(),
      answer: undefined as bigint | undefined,
      rewarded: new Set<string>(),
      slashed: new Set<string>(),
    };
    const nameOf = (address: string): string =>
      this.reporters.find((reporter) => reporter.address === address)?.name ?? address;
    for (const log of logs) {
      const event = (() => {
        try {
          return decodeEventLog({ abi: oracleAbi, ...log });
        } catch {
          return undefined;
        }
      })();
      if (event === undefined || Number(event.args.round) !== round) continue;
      if (event.eventName === 'Revealed') {
        story.reports.set(nameOf(event.args.reporter), event.args.value);
      } else if (event.eventName === 'RoundFinalized') story.answer = event.args.value;
      else if (event.eventName === 'Rewarded') story.rewarded.add(nameOf(event.args.account));
      else if (event.eventName === 'Penalized') story.slashed.add(nameOf(event.args.reporter));
    }
    return story;
  }

  async balance(address: string): Promise<bigint> {
    return BigInt(await this.node.rpc<string>('eth_getBalance', address, 'latest'));
  }

  /** What a reporter owns: money, active and locked stake, what waits to be claimed. */
  async wealth(address: string): Promise<bigint> {
    const { transport } = this.client;
    const [active] = await view<[bigint, bigint, bigint, bigint]>(
      transport,
      stakeRegistry,
      stakeAbi,
      'accountOf',
      [address],
    );
    const claimable = await this.client.claimable(this.feed, address as Hex);
    return (await this.balance(address)) + active + claimable;
  }

  /** All acorns there are, and all there should be: allocations + subsidies - burned base fees. */
  async books(): Promise<{ readonly held: bigint; readonly expected: bigint }> {
    const known = [
      ...testAccounts().map(({ address }) => checksumAddress(address)),
      ...this.reporters.map(({ address }) => address),
      ...[1, 2, 3, 4].map((index) => `0x0d0d00000000000000000000000000000000000${index}`),
      '0x000000000000000000000000000000000000dead',
      beneficiary,
    ];
    let held = 0n;
    for (const address of known) held += await this.balance(address);
    const { number } = await this.node.head();
    const stakes = devnet.reporters.reduce((sum, { stake }) => sum + stake, 0n);
    let expected = devnet.allocations.reduce((sum, { balance }) => sum + balance, stakes);
    for (let height = 1; height <= number; height++) {
      const block = (await this.node.block(height)) as unknown as Record<string, string>;
      expected += reward - BigInt(block.gasUsed as string) * BigInt(block.baseFeePerGas as string);
    }
    return { held, expected };
  }
}

function table(story: RoundStory, round: number, reporters: readonly Reporter[]): string {
  const price = (value: bigint | undefined): string =>
    value === undefined ? '-' : Number(formatDecimal(value, decimals)).toFixed(2);
  const cells = reporters.map(({ name }) => {
    const mark = `${story.rewarded.has(name) ? '+' : ''}${story.slashed.has(name) ? '!' : ''}`;
    return `${price(story.reports.get(name))}${mark}`.padStart(12);
  });
  return `${String(round).padStart(5)} ${cells.join(' ')} ${price(story.answer).padStart(12)}`;
}

async function replay(outlierBps: number): Promise<{
  readonly stories: readonly RoundStory[];
  readonly scene: Scene;
  readonly gains: ReadonlyMap<string, bigint>;
}> {
  const folder = mkdtempSync(join(tmpdir(), 'dodona-march-'));
  const scene = await Scene.start(folder, outlierBps);
  try {
    const before = new Map<string, bigint>();
    for (const { name, address } of scene.reporters) before.set(name, await scene.wealth(address));
    for (let height = 1; height <= (rounds + 1) * windows.period; height++) {
      const round = Math.min(rounds - 1, Math.floor((height - 1) / windows.period));
      await scene.block(firstMoment + round * secondsPerRound);
    }
    const stories: RoundStory[] = [];
    const names = scene.reporters.map(({ name }) => name.replace('binanceus_', '').padStart(12));
    const lines = [`outlier bound ${outlierBps} bps`, `round ${names.join(' ')}       answer`];
    for (let round = 1; round <= rounds; round++) {
      const story = await scene.story(round);
      stories.push(story);
      lines.push(table(story, round, scene.reporters));
    }
    const gains = new Map<string, bigint>();
    for (const { name, address } of scene.reporters) {
      gains.set(name, (await scene.wealth(address)) - (before.get(name) as bigint));
    }
    const earned = [...gains].map(([name, gain]) => `${name} ${formatDecimal(gain, 18)}`);
    console.log([...lines, '+ rewarded, ! slashed', `OAK: ${earned.join(', ')}`, ''].join('\n'));
    const { held, expected } = await scene.books();
    expect(held).toBe(expected);
    return { stories, scene, gains };
  } finally {
    await scene.node.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('the USDC depeg of March 2023 on BTC/USDx', () => {
  it.skipIf(data === undefined)(
    'at 2,000 bps punishes the liar alone',
    async () => {
      const { stories, gains } = await replay(2_000);
      for (const { reports, answer, slashed, rewarded } of stories) {
        const honest = [...reports].filter(([name]) => name !== 'liar').map(([, value]) => value);
        expect(honest).toHaveLength(4);
        const sorted = honest.sort((left, right) => Number(left - right));
        expect(answer).toBeGreaterThanOrEqual(sorted[0] as bigint);
        expect(answer).toBeLessThanOrEqual(sorted[3] as bigint);
        expect([...slashed]).toEqual(['liar']);
        expect(rewarded.has('liar')).toBe(false);
      }
      // The first round opens with an empty pot: block subsidies have yet to fill it.
      for (const { rewarded } of stories.slice(1)) expect(rewarded.size).toBeGreaterThan(0);
      expect(gains.get('liar')).toBeLessThan(0n);
    },
    120_000,
  );

  it.skipIf(data === undefined)(
    'at 500 bps punishes honest markets too, which is why the bound is wide',
    async () => {
      const { stories, gains } = await replay(500);
      const punished = new Set(stories.flatMap(({ slashed }) => [...slashed]));
      expect(punished.has('liar')).toBe(true);
      expect([...punished].filter((name) => name !== 'liar').length).toBeGreaterThan(0);
      for (const { reports, answer } of stories) {
        const honest = [...reports].filter(([name]) => name !== 'liar').map(([, value]) => value);
        expect(honest.some((value) => (answer as bigint) <= value)).toBe(true);
        expect(honest.some((value) => (answer as bigint) >= value)).toBe(true);
      }
      expect(gains.get('liar')).toBeLessThan(0n);
    },
    120_000,
  );
});
