/**
 * The oracle room inside a node: one desk for JSON-RPC, and the agents that sign with keys this
 * node holds. An agent exists from its first report on; it reveals by itself, also after a restart.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type AgentOptions, ReporterAgent } from '../oracle/agent.ts';
import type { AgentNote } from '../oracle/agent-hand.ts';
import { AssertionDesk } from '../oracle/assertion-desk.ts';
import { AssertionClient } from '../oracle/assertions.ts';
import { OracleClient } from '../oracle/client.ts';
import { JurorAgent, type JurorNote } from '../oracle/juror.ts';
import { findJury, type JuryClient } from '../oracle/jury.ts';
import { Judge } from '../oracle/jury-judge.ts';
import type { FeedRule } from '../oracle/jury-policy.ts';
import { OpenQuestions } from '../oracle/jury-questions.ts';
import { ReportBook } from '../oracle/report-book.ts';
import { OracleDesk } from '../oracle/service.ts';
import type { Transport } from '../oracle/transport.ts';
import { VoteBook } from '../oracle/vote-book.ts';
import { Wallet } from '../oracle/wallet.ts';
import type { Genesis } from '../primitives/genesis.ts';
import { checksumAddress } from '../primitives/keys.ts';
import type { Metric } from '../primitives/metrics.ts';
import type { Account } from './accounts.ts';

/** Strayed by more than this from its sister sources, a price is left out. */
export const strayBps = 200;
/** Claims once this many acorns wait: 0.1 OAK, well above the fee of a claim. */
const claimFrom = 10n ** 17n;

export interface OracleParts {
  readonly transport: Transport;
  readonly genesis: Genesis;
  /** Keys this node signs reports with; the first is its own reporter. */
  readonly accounts: readonly Account[];
  readonly dataDirectory: string;
  note(note: AgentNote | JurorNote): void;
}

/** What an agent is told to report. */
export type Reported = Omit<AgentOptions['feeds'][number], 'strayBps'>;

/** Where the genesis file has the contract of that name. */
function addressOf({ contracts }: Genesis, wanted: string): `0x${string}` | undefined {
  const found = contracts.find(({ name }) => name === wanted);
  return found && (checksumAddress(found.address) as `0x${string}`);
}

export class NodeOracle {
  readonly client: OracleClient;
  readonly desk: OracleDesk;
  /** Undefined where the genesis file has no optimistic oracle. */
  readonly assertions: AssertionDesk | undefined;
  readonly #parts: OracleParts;
  readonly #agents = new Map<string, Promise<ReporterAgent>>();
  readonly #jurors: JurorAgent[] = [];
  /** One for each account: two would take the same nonce. */
  readonly #wallets = new Map<string, Wallet>();
  #court: { readonly jury: JuryClient; readonly questions: OpenQuestions } | undefined;

  private constructor(parts: OracleParts, registry: `0x${string}`) {
    this.#parts = parts;
    this.client = new OracleClient(parts.transport, { registry });
    const optimistic = addressOf(parts.genesis, 'OptimisticOracle');
    this.assertions =
      optimistic && new AssertionDesk(new AssertionClient(parts.transport, optimistic));
    this.desk = new OracleDesk(this.client, parts.genesis.chainId, (reporter) => {
      const account = parts.accounts.find(
        ({ address }) => reporter === undefined || checksumAddress(address) === reporter,
      );
      return account === undefined ? Promise.resolve(undefined) : this.agent(account, []);
    });
  }

  /** Undefined where the genesis file has no oracle registry. */
  static create(parts: OracleParts): NodeOracle | undefined {
    const registry = addressOf(parts.genesis, 'OracleRegistry');
    return registry && new NodeOracle(parts, registry);
  }

  /** The one agent of an account; feeds are those of its first use. */
  agent(account: Account, feeds: readonly Reported[], patienceBlocks = 2): Promise<ReporterAgent> {
    const address = checksumAddress(account.address);
    const known = this.#agents.get(address);
    if (known !== undefined) return known;
    const created = this.#create(account, address, feeds, patienceBlocks);
    this.#agents.set(address, created);
    created.catch(() => this.#agents.delete(address));
    return created;
  }

  async #create(
    account: Account,
    address: string,
    feeds: readonly Reported[],
    patienceBlocks: number,
  ): Promise<ReporterAgent> {
    const { genesis, note } = this.#parts;
    const { chainId } = genesis;
    const book = await ReportBook.open(this.#bookFile(address));
    const all = await this.client.feeds();
    const inRounds = all.filter(({ kind }) => kind === 'commit-reveal');
    const manual = inRounds.map((feed) => ({ feed, sources: [], minimumSources: 1 }));
    const reported = (feeds.length > 0 ? feeds : manual).map((feed) => ({ ...feed, strayBps }));
    return new ReporterAgent(
      { client: this.client, wallet: this.#walletOf(account), book, note },
      { name: address.slice(0, 8), chainId, feeds: reported, patienceBlocks, claimFrom },
    );
  }

  #walletOf(account: Account): Wallet {
    const address = checksumAddress(account.address);
    const { transport, genesis } = this.#parts;
    const wallet =
      this.#wallets.get(address) ?? new Wallet(transport, account.privateKey, genesis.chainId);
    this.#wallets.set(address, wallet);
    return wallet;
  }

  /**
   * Lets an account serve as juror: it judges disputed rounds of `feeds`, and calls INVALID what else
   * is asked. Silent jurors would lose 24 OAK a seat in each of five rounds, until too little stake is
   * left to ask anybody.
   * Does nothing where there is no jury.
   */
  async serveJury(
    account: Account,
    feeds: readonly FeedRule[],
    patienceBlocks: number,
  ): Promise<void> {
    const jury = this.#court?.jury ?? (await findJury(this.client));
    if (jury === undefined) return;
    this.#court ??= { jury, questions: new OpenQuestions(jury) };
    const address = checksumAddress(account.address);
    const { genesis, dataDirectory, note } = this.#parts;
    const policy = { fallback: 'invalid', feeds, answers: [] } as const;
    this.#jurors.push(
      new JurorAgent(
        {
          ...this.#court,
          client: this.client,
          judge: await Judge.create(this.client, policy, undefined),
          wallet: this.#walletOf(account),
          book: await VoteBook.open(join(dataDirectory, 'votes', `${address}.json`)),
          note,
        },
        { name: address.slice(0, 8), chainId: genesis.chainId, patienceBlocks, claimFrom },
      ),
    );
  }

  /**
   * Brings back the agents that have promised something before a restart.
   * @param warn told of books that are damaged or in use elsewhere: their accounts stay silent
   */
  async resume(warn: (problem: string) => void): Promise<void> {
    for (const account of this.#parts.accounts) {
      const file = this.#bookFile(checksumAddress(account.address));
      if (!existsSync(file)) continue;
      await this.agent(account, []).catch((error: unknown) => warn((error as Error).message));
    }
  }

  #bookFile(address: string): string {
    return join(this.#parts.dataDirectory, 'reports', `${address}.json`);
  }

  /** A new head for every agent there is. */
  async onHead(height: number, time: number): Promise<void> {
    await Promise.all([
      ...[...this.#agents.values()].map(async (agent) => (await agent).onHead(height, time)),
      ...this.#jurors.map((juror) => juror.onHead(height)),
    ]);
  }

  /** What all agents of this node did so far. */
  async metrics(): Promise<readonly Metric[]> {
    const agents = await Promise.all(this.#agents.values());
    return (await Promise.all(agents.map((agent) => agent.metrics()))).flat();
  }

  /** Addresses whose reveal is still due: stopping now would cost them. */
  async owing(height: number): Promise<readonly string[]> {
    const owing: string[] = [];
    for (const agent of await Promise.all(this.#agents.values())) {
      if (await agent.owesReveal(height)) owing.push(agent.address);
    }
    for (const juror of this.#jurors) {
      if (await juror.owesReveal(height)) owing.push(juror.address);
    }
    return owing;
  }
}
