/**
 * `dodona oracle report`: a reporter agent in the foreground, as a client of any node. It commits,
 * reveals, finalizes, settles and claims until Ctrl-C, and warns when a reveal is still due.
 */

import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'smol-toml';
import { type ReportedFeed, ReporterAgent } from '../../oracle/agent.ts';
import { AgentFileError, type FeedPlan, parseAgentFile } from '../../oracle/agent-file.ts';
import type { AgentNote } from '../../oracle/agent-hand.ts';
import { type Feed, OracleClient, requireRounds } from '../../oracle/client.ts';
import { ReportBook } from '../../oracle/report-book.ts';
import type { Handler } from '../command-line.ts';
import { metricsPort, openMetrics } from '../metrics-door.ts';
import { UsageError } from '../resolve-settings.ts';
import { followHeads } from './follow.ts';
import { nodeTransport, walletOf } from './node-client.ts';
import { registryOf } from './oracle.ts';

const claimFrom = 10n ** 17n;

function readPlans(file: string): ReturnType<typeof parseAgentFile> {
  const folder = dirname(resolve(file));
  try {
    return parseAgentFile(parse(readFileSync(file, 'utf8')), {
      readFile: (path) => readFileSync(resolve(folder, path), 'utf8'),
      startedAt: Math.floor(Date.now() / 1000),
    });
  } catch (error) {
    if (error instanceof AgentFileError || error instanceof RangeError) {
      throw new UsageError(`${file}: ${error.message}`);
    }
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}`);
  }
}

/** What an agent only tells, also in a dry run. */
const told: ReadonlySet<string> = new Set(['rest', 'silent', 'missed', 'stopped', 'failed']);

function noteLine({ feed, round, action, detail, sent }: AgentNote): string {
  const where = feed === '' ? '' : `${feed}${round === 0 ? '' : ` round ${round}`}: `;
  const would = sent || told.has(action) ? '' : 'would ';
  return `${where}${would}${action}${detail === '' ? '' : ` ${detail}`}\n`;
}

export const runReport: Handler = async (invocation, terminal) => {
  const [file = ''] = invocation.words;
  const { values } = invocation.settings;
  const plans = readPlans(file);
  const transport = await nodeTransport(values);
  const wallet = await walletOf(transport, invocation, terminal);
  const client = new OracleClient(transport, { registry: await registryOf(transport) });
  const isDry = invocation.options['dry-run'] === true;
  const port = metricsPort(invocation.options.metrics);
  const feeds = await reportedFeeds(client, wallet.address, plans);
  const kept = await keptFeeds(client, plans);
  const bookFile = join(values.datadir, 'reports', `${wallet.address}.json`);
  const book = isDry ? undefined : await ReportBook.open(bookFile);
  const chainId = Number(await transport.request('eth_chainId', []));
  const agent = new ReporterAgent(
    { client, wallet, book, note: (note) => terminal.write(noteLine(note)) },
    { name: wallet.address, chainId, feeds, kept, patienceBlocks: 0, claimFrom },
  );
  const door = port === undefined ? undefined : await openMetrics(port, () => agent.metrics());
  const names = plans.map(({ name }) => name).join(', ');
  terminal.write(`Reporting ${names} as ${wallet.address}${isDry ? ', sending nothing' : ''}\n`);
  if (door !== undefined) terminal.write(`Metrics at ${door.url}\n`);
  try {
    const onHead = async (height: number): Promise<boolean> => {
      // The sources are asked by the clock: a block's time may lag behind.
      await agent.onHead(height, Math.floor(Date.now() / 1000));
      return true;
    };
    const height = await followHeads(transport, onHead, (text) => terminal.writeError(text));
    if (!isDry && (await agent.owesReveal(height).catch(() => false))) {
      terminal.writeError('A reveal is still due: start again before its window ends.\n');
    }
  } finally {
    await door?.close();
  }
  return 0;
};

/** The feeds to report. @throws UsageError when the account has no seat in one of them */
function reportedFeeds(
  client: OracleClient,
  address: `0x${string}`,
  plans: readonly FeedPlan[],
): Promise<ReportedFeed[]> {
  return Promise.all(
    plans
      .filter(({ isKept }) => !isKept)
      .map(async (plan) => {
        const feed = await client.feed(plan.name);
        requireRounds(feed);
        const { seated } = await client.seatOf(feed, address);
        if (!seated) {
          const remedy = `take one with 'dodona oracle join ${feed.name} AMOUNT'`;
          throw new UsageError(`${address} has no seat in ${feed.name}: ${remedy}`);
        }
        const { minimumSources, strayBps, when } = plan;
        return { feed, sources: plan.sources(feed.decimals), minimumSources, strayBps, when };
      }),
  );
}

/** The feeds to keep alive. @throws UsageError for a feed that nobody can poke */
function keptFeeds(client: OracleClient, plans: readonly FeedPlan[]): Promise<Feed[]> {
  return Promise.all(
    plans
      .filter(({ isKept }) => isKept)
      .map(async ({ name }) => {
        const feed = await client.feed(name);
        if (feed.kind === 'twap') return feed;
        throw new UsageError(`${name} is a ${feed.kind} feed: only TWAP feeds have a keeper`);
      }),
  );
}
