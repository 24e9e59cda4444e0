/** Reporters and juror agents around the real contracts, on a chain that mines when it is told to. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hex } from 'viem';
import { privateKeyToAddress } from 'viem/accounts';
import { onTestFinished } from 'vitest';
import { ReporterAgent } from '../../src/oracle/agent.ts';
import type { AgentNote } from '../../src/oracle/agent-hand.ts';
import { OracleClient } from '../../src/oracle/client.ts';
import { JurorAgent, type JurorNote } from '../../src/oracle/juror.ts';
import { JuryClient } from '../../src/oracle/jury.ts';
import { Judge } from '../../src/oracle/jury-judge.ts';
import { type JuryPolicy, parseJuryPolicy } from '../../src/oracle/jury-policy.ts';
import { OpenQuestions } from '../../src/oracle/jury-questions.ts';
import { ReportBook } from '../../src/oracle/report-book.ts';
import { VoteBook } from '../../src/oracle/vote-book.ts';
import { Wallet } from '../../src/oracle/wallet.ts';
import { fromHex } from '../../src/primitives/bytes.ts';
import {
  chainId,
  jury,
  OracleScene,
  registry,
  reportersOf,
  weightUnit,
} from '../contracts/oracle-scene.ts';
import { ChainTransport } from '../support/chain-transport.ts';

export const keyOf = (index: number): Hex =>
  `0x${(0xc0de00 + index).toString(16).padStart(64, '0')}`;
export const jurorAt = (index: number): Hex => privateKeyToAddress(keyOf(index));

/** Prices as a juror's source has them: minutes from before the chain's first block. */
export function priceCsv(price: string): string {
  return `time,own\n1699999000,${price}\n`;
}

/** Compares BTC/USD with one recorded price, which never grows old. */
export function policyOf(price: string, rest: Record<string, unknown> = {}): JuryPolicy {
  const source = { csv: 'own.csv', column: 'own' };
  return parseJuryPolicy(
    { feed: [{ name: 'BTC/USD', tolerance_bps: 100, source: [source] }], ...rest },
    { readFile: () => priceCsv(price), startedAt: 1_700_000_000 },
  );
}

export class JurorScene {
  readonly scene: OracleScene;
  readonly transport: ChainTransport;
  readonly client: OracleClient;
  readonly jury: JuryClient;
  readonly folder = mkdtempSync(join(tmpdir(), 'dodona-juror-'));
  readonly notes: JurorNote[] = [];
  readonly agents: JurorAgent[] = [];

  /** `jurors` of equal stake; five reporters with half of their stake in each round. */
  constructor(jurors: number) {
    onTestFinished(() => rmSync(this.folder, { recursive: true }));
    const stake = 100_000n * weightUnit;
    this.scene = new OracleScene(
      reportersOf([20n, 20n, 20n, 20n, 20n]),
      { bondBps: 5_000, disputeBlocks: 10 },
      ['BTC/USD'],
      Array.from({ length: jurors }, (_, index) => ({ address: jurorAt(index), stake })),
    );
    this.transport = new ChainTransport(this.scene.chain);
    this.client = new OracleClient(this.transport, { registry: registry.address });
    this.jury = new JuryClient(this.transport, jury.address);
  }

  bookFile(index: number): string {
    return join(this.folder, `${index}.json`);
  }

  /** An agent of juror `index`; without a book it only says what it would do. */
  async agent(
    index: number,
    policy: JuryPolicy,
    options: { readonly dryRun?: boolean; readonly patienceBlocks?: number } = {},
  ): Promise<JurorAgent> {
    const { dryRun = false, patienceBlocks = index } = options;
    const agent = new JurorAgent(
      {
        jury: this.jury,
        client: this.client,
        questions: new OpenQuestions(this.jury),
        judge: await Judge.create(this.client, policy, undefined),
        wallet: new Wallet(this.transport, fromHex(keyOf(index)), chainId),
        book: dryRun ? undefined : await VoteBook.open(this.bookFile(index)),
        note: (note) => this.notes.push(note),
      },
      { name: String(index), chainId, patienceBlocks, claimFrom: 1n },
    );
    this.agents.push(agent);
    return agent;
  }

  /** A reporter agent of BTC/USD that reports nothing and finishes what others began. */
  async reporter(index: number, note: (note: AgentNote) => void): Promise<ReporterAgent> {
    const { client, transport } = this;
    const feed = await client.feed('BTC/USD');
    const wallet = new Wallet(transport, fromHex(keyOf(index)), chainId);
    const book = await ReportBook.open(this.bookFile(index));
    return new ReporterAgent(
      { client, wallet, book, note },
      {
        name: String(index),
        chainId,
        feeds: [{ feed, sources: [], minimumSources: 1, strayBps: 200 }],
        patienceBlocks: 0,
        claimFrom: 10n ** 18n,
      },
    );
  }

  /** Each agent sees each head; then the next block is made. */
  async run(blocks: number, agents: readonly JurorAgent[] = this.agents): Promise<void> {
    for (let block = 0; block < blocks; block++) {
      for (const agent of agents) await agent.onHead(this.transport.head);
      this.transport.mineBlock();
    }
  }

  async runUntil(status: string, id: bigint, agents = this.agents): Promise<void> {
    for (let block = 0; block < 120; block++) {
      if ((await this.jury.rulingOf(id)).status === status) return;
      await this.run(1, agents);
    }
    throw new Error(`120 blocks without ${status}`);
  }

  actions(juror?: number): string[] {
    return this.notes
      .filter((note) => juror === undefined || note.juror === String(juror))
      .map(({ action }) => action);
  }
}
