/**
 * `dodona oracle serve`: a juror agent in the foreground, as a client of any node. It draws, votes by
 * its policy file, reveals, tallies, executes, resolves and claims until Ctrl-C.
 */

import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'smol-toml';
import { ActionMetrics } from '../../oracle/action-metrics.ts';
import { AgentFileError } from '../../oracle/agent-file.ts';
import { UnknownFeed } from '../../oracle/client.ts';
import { JurorAgent, type JurorNote } from '../../oracle/juror.ts';
import { Judge } from '../../oracle/jury-judge.ts';
import { type JuryPolicy, parseJuryPolicy } from '../../oracle/jury-policy.ts';
import { OpenQuestions } from '../../oracle/jury-questions.ts';
import { ReportBook } from '../../oracle/report-book.ts';
import { VoteBook } from '../../oracle/vote-book.ts';
import type { Handler } from '../command-line.ts';
import { metricsPort, openMetrics } from '../metrics-door.ts';
import { UsageError } from '../resolve-settings.ts';
import { followHeads } from './follow.ts';
import { courtOf, voteFile } from './jury.ts';
import { nodeTransport, walletOf } from './node-client.ts';

const claimFrom = 10n ** 17n;

/** @throws UsageError naming the file and what is wrong in it */
function readPolicy(file: string): JuryPolicy {
  const folder = dirname(resolve(file));
  try {
    return parseJuryPolicy(parse(readFileSync(file, 'utf8')), {
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

function noteLine({ question, action, detail, sent }: JurorNote): string {
  const about = question === undefined ? '' : `question ${question}: `;
  const isIdle = action === 'abstain' || action === 'stopped' || action === 'failed';
  const would = sent || isIdle ? '' : 'would ';
  return `${about}${would}${action}${detail === '' ? '' : ` ${detail}`}\n`;
}

/** Takes the policy again when its file has changed; one that cannot be read changes nothing. */
class PolicyFile {
  readonly #file: string;
  #changedMs: number;

  constructor(file: string) {
    this.#file = file;
    this.#changedMs = statSync(file).mtimeMs;
  }

  async refresh(judge: Judge, write: (text: string) => void): Promise<void> {
    try {
      const { mtimeMs } = statSync(this.#file);
      if (mtimeMs === this.#changedMs) return;
      this.#changedMs = mtimeMs;
      await judge.adopt(readPolicy(this.#file));
      write(`${this.#file} has changed: the new policy holds\n`);
    } catch (error) {
      write(`${(error as Error).message}\nThe policy from before holds.\n`);
    }
  }
}

export const runServe: Handler = async (invocation, terminal) => {
  const [file = ''] = invocation.words;
  const isDryRun = invocation.options['dry-run'] === true;
  const port = metricsPort(invocation.options.metrics);
  const { values } = invocation.settings;
  const policy = readPolicy(file);
  const { client, jury } = await courtOf(invocation);
  const transport = await nodeTransport(values);
  const wallet = await walletOf(transport, invocation, terminal);
  const { enrolled } = await jury.juror(wallet.address);
  if (enrolled === 0n) {
    const remedy = "enroll with 'dodona oracle enroll AMOUNT', or you are never drawn";
    terminal.writeError(`${wallet.address} is no juror: ${remedy}\n`);
  }
  const { address } = wallet;
  const book = isDryRun ? undefined : await VoteBook.open(voteFile(invocation, address));
  const sightings = isDryRun
    ? undefined
    : await ReportBook.open(join(values.datadir, 'sightings', `${address}.json`));
  const judge = await Judge.create(client, policy, sightings).catch((error: unknown) => {
    const isOfFile = error instanceof UnknownFeed || error instanceof AgentFileError;
    throw isOfFile ? new UsageError(`${file}: ${error.message}`) : error;
  });
  const questions = new OpenQuestions(jury);
  const chainId = Number(await transport.request('eth_chainId', []));
  const counted = new ActionMetrics('juror', address);
  const note = (entry: JurorNote): void => {
    counted.count(entry.action);
    terminal.write(noteLine(entry));
  };
  const agent = new JurorAgent(
    { jury, client, questions, judge, wallet, book, note },
    { name: address, chainId, patienceBlocks: 0, claimFrom },
  );
  terminal.write(`Serving as juror ${address}${isDryRun ? ', sending nothing' : ''}\n`);
  const balance = (): Promise<bigint | undefined> => wallet.balance().catch(() => undefined);
  const door =
    port === undefined
      ? undefined
      : await openMetrics(port, async () => counted.metrics(await balance()));
  if (door !== undefined) terminal.write(`Metrics at ${door.url}\n`);
  const policyFile = new PolicyFile(file);
  const write = (text: string): void => terminal.writeError(text);
  const onHead = async (now: number): Promise<boolean> => {
    counted.at(now);
    await policyFile.refresh(judge, write);
    for (const problem of await judge.watch(now, Math.floor(Date.now() / 1000))) {
      write(`${problem}\n`);
    }
    await agent.onHead(now);
    return agent.halted === undefined;
  };
  const height = await followHeads(transport, onHead, write).finally(() => door?.close());
  if (agent.halted !== undefined) return 1;
  if (!isDryRun && (await agent.owesReveal(height).catch(() => false))) {
    terminal.writeError('A reveal is still due: start again before its window ends.\n');
  }
  return 0;
};
