/**
 * `dodona oracle watch`: the watching agent in the foreground, as a client of any node, until Ctrl-C.
 * A lock in the data folder keeps a second one of the same account from paying twice.
 */

import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'smol-toml';
import { ActionMetrics } from '../../oracle/action-metrics.ts';
import { AgentFileError } from '../../oracle/agent-file.ts';
import { AssertionClient } from '../../oracle/assertions.ts';
import { OracleClient } from '../../oracle/client.ts';
import type { ContractAddress } from '../../oracle/contracts.ts';
import { formatDecimal } from '../../oracle/decimal.ts';
import { lockBook } from '../../oracle/report-book.ts';
import { parseWatchFile, type WatchPlan } from '../../oracle/watch-file.ts';
import { AssertionWatcher, type WatchNote } from '../../oracle/watcher.ts';
import type { Handler } from '../command-line.ts';
import { metricsPort, openMetrics } from '../metrics-door.ts';
import { UsageError } from '../resolve-settings.ts';
import { followHeads } from './follow.ts';
import { nodeTransport, walletOf } from './node-client.ts';
import { registryOf } from './oracle.ts';

const nowSeconds = (): number => Math.floor(Date.now() / 1000);

function readPlan(file: string, client: OracleClient): WatchPlan {
  const folder = dirname(resolve(file));
  try {
    return parseWatchFile(parse(readFileSync(file, 'utf8')), {
      readFile: (path) => readFileSync(resolve(folder, path), 'utf8'),
      now: nowSeconds,
      client,
    });
  } catch (error) {
    if (error instanceof AgentFileError || error instanceof RangeError) {
      throw new UsageError(`${file}: ${error.message}`);
    }
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}`);
  }
}

function noteLine({ id, action, detail }: WatchNote, dryRun: boolean): string {
  const isSent = action === 'dispute' || action === 'settle' || action === 'claim';
  const said = isSent && dryRun ? `would ${action}` : action;
  return `${id === undefined ? '' : `${id} `}${said}${detail === '' ? '' : `: ${detail}`}\n`;
}

/** Takes the account's lock. @throws BookInUse when another process has it */
async function lock(folder: string, address: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await lockBook(join(folder, address));
}

export const runWatch: Handler = async (invocation, terminal) => {
  const [file = ''] = invocation.words;
  const { values } = invocation.settings;
  const dryRun = invocation.options['dry-run'] === true;
  const port = metricsPort(invocation.options.metrics);
  const transport = await nodeTransport(values);
  const feeds = new OracleClient(transport, { registry: await registryOf(transport) });
  const plan = readPlan(file, feeds);
  const wallet = await walletOf(transport, invocation, terminal);
  if (!dryRun) await lock(join(values.datadir, 'watching'), wallet.address);
  const { oracle } = (await transport.request('oracle_assertions', [])) as {
    readonly oracle: ContractAddress;
  };
  const counted = new ActionMetrics('watcher', wallet.address);
  const watcher = new AssertionWatcher(
    {
      client: new AssertionClient(transport, oracle),
      wallet,
      note: (note) => {
        counted.count(note.action);
        terminal.write(noteLine(note, dryRun));
      },
    },
    { ...plan, dryRun },
  );
  const names = plan.quantities.map(({ name }) => name).join(', ');
  const { bondPerAssertion, bondTotal } = plan.limits;
  const bonds = [bondPerAssertion, bondTotal].map((acorns) => formatDecimal(acorns, 18));
  terminal.write(
    `Watching claims about ${names} as ${wallet.address}: bonds up to ${bonds[0]} OAK, ${bonds[1]} OAK in all\n`,
  );
  const balance = (): Promise<bigint | undefined> => wallet.balance().catch(() => undefined);
  const door =
    port === undefined
      ? undefined
      : await openMetrics(port, async () => counted.metrics(await balance()));
  if (door !== undefined) terminal.write(`Metrics at ${door.url}\n`);
  // The sources are asked by the clock: a block's time may lag behind.
  const onHead = async (height: number): Promise<boolean> => {
    counted.at(height);
    await watcher.onHead(height, nowSeconds());
    return true;
  };
  const write = (text: string): void => terminal.writeError(text);
  await followHeads(transport, onHead, write).finally(() => door?.close());
  return 0;
};
