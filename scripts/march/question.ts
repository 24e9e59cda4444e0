/**
 * Did USDC trade below 0.90 USD before 12 March? One account asserts that it did, another denies the
 * crucial minute, an agent that watches disputes the denial, and a drawn jury of agents decides.
 */

import { join } from 'node:path';
import type { Hex } from 'viem';
import { demonstrationAccounts, testAccounts } from '../../src/node/accounts.ts';
import { AssertionClient } from '../../src/oracle/assertions.ts';
import { claimPrice, parseClaim } from '../../src/oracle/claim.ts';
import { tableClaims } from '../../src/oracle/claim-sources.ts';
import { OracleClient } from '../../src/oracle/client.ts';
import { calldata } from '../../src/oracle/contracts.ts';
import { JurorAgent } from '../../src/oracle/juror.ts';
import { JuryClient } from '../../src/oracle/jury.ts';
import { Judge } from '../../src/oracle/jury-judge.ts';
import { parseJuryPolicy } from '../../src/oracle/jury-policy.ts';
import { OpenQuestions } from '../../src/oracle/jury-questions.ts';
import { optimisticAbi } from '../../src/oracle/optimistic-abi.ts';
import { type PriceTable, parsePriceTable } from '../../src/oracle/sources.ts';
import { verdictOf } from '../../src/oracle/verdict.ts';
import { VoteBook } from '../../src/oracle/vote-book.ts';
import { Wallet } from '../../src/oracle/wallet.ts';
import type { WatchedQuantity } from '../../src/oracle/watch-file.ts';
import { AssertionWatcher } from '../../src/oracle/watcher.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { contractAddresses } from '../build-genesis.ts';
import { devnet } from '../genesis-networks.ts';
import type { MarchChain } from './chain.ts';

export const claims = {
  right: 'USDC/USD < 0.90 before 2023-03-12T00:00:00Z',
  wrong: 'USDC/USD >= 0.90 at 2023-03-11T07:50:00Z',
} as const;
type Which = keyof typeof claims;

const oak = 10n ** 18n;
const marginBps = 100;
/** With liveness of 20 blocks and windows of 8, everything is over long before. */
const blocksMax = 150;

/** One thing that somebody did, said by who did it. */
export interface Deed {
  readonly height: number;
  /** Time of the block that has it, seconds since 1970. */
  readonly time: number;
  readonly who: string;
  readonly what: string;
}

/** A claim's phase from one time to another. */
export interface Stage {
  readonly claim: Which;
  readonly name: string;
  readonly from: number;
  to: number;
}

export interface QuestionStory {
  readonly deeds: readonly Deed[];
  readonly stages: readonly Stage[];
  readonly bond: bigint;
  readonly states: Readonly<Record<Which, string>>;
  /** Change of each account's money in acorns, fees of transactions included. */
  readonly gains: Readonly<Record<'asserter' | 'denier' | 'watcher', bigint>>;
}

/** What one USDC was worth on Binance.US: the same minute's closes of BTC/USD and BTC/USDC. */
export function impliedDollar(table: PriceTable): PriceTable {
  const dollars = table.columns.get('binanceus_btc_usd') ?? [];
  const coins = table.columns.get('binanceus_btc_usdc') ?? [];
  const rows = table.times.map((time, row) => {
    const isKnown = dollars[row] !== '' && coins[row] !== '';
    return `${time},${isKnown ? (Number(dollars[row]) / Number(coins[row])).toFixed(6) : ''}`;
  });
  return parsePriceTable(['unix_time,usdc_usd', ...rows].join('\n'));
}

class Question {
  readonly deeds: Deed[] = [];
  readonly stages: Stage[] = [];
  readonly #chain: MarchChain;
  readonly #assertions: AssertionClient;
  readonly #jury: JuryClient;
  readonly #quantities: readonly WatchedQuantity[];
  readonly #wallets: Readonly<Record<'asserter' | 'denier' | 'watcher', Wallet>>;
  readonly #watchers: AssertionWatcher[] = [];
  readonly #jurors: JurorAgent[] = [];

  constructor(chain: MarchChain, table: PriceTable) {
    const { transport } = chain;
    this.#chain = chain;
    this.#assertions = new AssertionClient(transport, contractAddresses.OptimisticOracle);
    this.#jury = new JuryClient(transport, contractAddresses.SchellingOracle);
    const source = tableClaims(impliedDollar(table), 'usdc_usd');
    this.#quantities = [{ name: 'USDC/USD', minimumSources: 1, strayBps: 200, sources: [source] }];
    const [, ...accounts] = testAccounts();
    const wallet = (index: number): Wallet =>
      new Wallet(transport, accounts[index]?.privateKey as Uint8Array, devnet.chainId);
    this.#wallets = { asserter: wallet(0), denier: wallet(1), watcher: wallet(2) };
  }

  #say(who: string, what: string): void {
    const { height, nextTime: time } = this.#chain;
    this.deeds.push({ height: height + 1, time, who, what });
  }

  /** Each only settles and claims its own; the watcher alone has sources, so it alone disputes. */
  #watch(who: 'asserter' | 'watcher'): void {
    const told = new Set(['wrong', 'dispute', 'settle', 'claim', 'failed']);
    const limits = {
      bondPerAssertion: 100n * oak,
      bondTotal: 100n * oak,
      claimFrom: 1n,
      marginBps,
      warnBlocks: 0,
      early: 'report',
    } as const;
    const quantities = who === 'watcher' ? this.#quantities : [];
    this.#watchers.push(
      new AssertionWatcher(
        {
          client: this.#assertions,
          wallet: this.#wallets[who],
          note: ({ action, detail }) => {
            if (told.has(action)) this.#say(who, `${action} ${detail}`.trim());
            if (action === 'failed') throw new Error(`${who}: ${detail}`);
          },
        },
        { limits, quantities, dryRun: false },
      ),
    );
  }

  /** The devnet's five jurors look the claims up in the same data. */
  async #seatJurors(folder: string): Promise<void> {
    const { transport } = this.#chain;
    const client = new OracleClient(transport, { registry: contractAddresses.OracleRegistry });
    const answers: { readonly claim: string; readonly outcome: string }[] = [];
    for (const text of Object.values(claims)) {
      const { kind } = await this.#verdict(text);
      answers.push({ claim: text, outcome: kind === 'right' ? 'true' : 'false' });
    }
    const policy = parseJuryPolicy(
      { answer: answers },
      { readFile: () => '', startedAt: this.#chain.nextTime },
    );
    const questions = new OpenQuestions(this.#jury);
    for (const [index, { privateKey }] of demonstrationAccounts().entries()) {
      const name = `juror ${index + 1}`;
      const agent = new JurorAgent(
        {
          jury: this.#jury,
          client,
          questions,
          judge: await Judge.create(client, policy, undefined),
          wallet: new Wallet(transport, privateKey, devnet.chainId),
          book: await VoteBook.open(join(folder, `votes-${index}.json`)),
          note: ({ action, detail }) => {
            if (action === 'failed') throw new Error(`${name}: ${detail}`);
            if (action !== 'claim') this.#say(name, `${action} ${detail}`.trim());
          },
        },
        { name, chainId: devnet.chainId, patienceBlocks: index, claimFrom: 1n },
      );
      this.#jurors.push(agent);
    }
  }

  async #verdict(text: string): ReturnType<typeof verdictOf> {
    const claim = parseClaim(text);
    if (claim === undefined) throw new Error(`"${text}" is no claim of the grammar`);
    return verdictOf(claim, this.#quantities, this.#chain.nextTime, marginBps);
  }

  async #assert(who: 'asserter' | 'denier', text: string, bond: bigint): Promise<void> {
    const wallet = this.#wallets[who];
    const bytes: Hex = `0x${toHex(new TextEncoder().encode(text))}`;
    const data = calldata(optimisticAbi, 'assertTruthWithDefaults', [bytes, wallet.address]);
    await wallet.send({ to: this.#assertions.address, data, value: bond });
    this.#say(who, `asserts "${text}", bond ${claimPrice(bond)} OAK`);
  }

  /** Notes the phase of each claim for the block that comes next; resolves whether all is over. */
  async #observe(ids: Readonly<Record<Which, Hex>>): Promise<boolean> {
    const time = this.#chain.timeOf(this.#chain.height);
    let isOver = true;
    for (const which of Object.keys(ids) as Which[]) {
      const assertion = await this.#assertions.read(ids[which]);
      let name: string = await this.#assertions.phase(assertion, this.#chain.height + 1);
      const isSettled = name === 'true' || name === 'false' || name === 'undecided';
      isOver &&= isSettled;
      if (name === 'jury' && assertion.question !== undefined) {
        name = (await this.#jury.rulingOf(assertion.question)).status;
      }
      const last = this.stages.findLast(({ claim }) => claim === which);
      if (last !== undefined) last.to = time;
      if (last?.name !== name) this.stages.push({ claim: which, name, from: time, to: time });
    }
    return isOver;
  }

  async #balances(): Promise<readonly bigint[]> {
    return Promise.all(
      Object.values(this.#wallets).map(async ({ address }) =>
        BigInt(await this.#chain.node.rpc<string>('eth_getBalance', address, 'latest')),
      ),
    );
  }

  async run(folder: string, others: () => Promise<void>): Promise<QuestionStory> {
    const chain = this.#chain;
    const before = await this.#balances();
    const bond = await this.#assertions.minimumBond();
    await this.#seatJurors(folder);
    this.#watch('asserter');
    this.#watch('watcher');
    await this.#assert('asserter', claims.right, bond);
    await this.#assert('denier', claims.wrong, bond);
    await others();
    await chain.mine();
    const made = await this.#assertions.made(chain.height, chain.height);
    const idOf = (text: string): Hex => {
      const bytes = `0x${toHex(new TextEncoder().encode(text))}`;
      const found = made.find(({ arguments: { claim } }) => claim === bytes);
      if (found === undefined) throw new Error(`nobody asserted "${text}"`);
      return found.arguments.id;
    };
    const ids = { right: idOf(claims.right), wrong: idOf(claims.wrong) };
    const last = chain.height + blocksMax;
    while (!(await this.#observe(ids))) {
      if (chain.height > last) throw new Error(`not over after ${blocksMax} blocks`);
      await this.#block(others);
    }
    // What is owed is claimed in the block after.
    for (let block = 0; block < 6; block++) await this.#block(others);
    const after = await this.#balances();
    const gain = (index: number): bigint => (after[index] as bigint) - (before[index] as bigint);
    const stateOf = async (which: Which): Promise<string> =>
      (await this.#assertions.read(ids[which])).state;
    return {
      deeds: this.deeds,
      stages: this.stages,
      bond,
      states: { right: await stateOf('right'), wrong: await stateOf('wrong') },
      gains: { asserter: gain(0), denier: gain(1), watcher: gain(2) },
    };
  }

  /** One after the other where accounts are shared: a nonce must not be taken twice. */
  async #block(others: () => Promise<void>): Promise<void> {
    const { height, nextTime } = this.#chain;
    await others();
    for (const watcher of this.#watchers) await watcher.onHead(height, nextTime);
    for (const juror of this.#jurors) await juror.onHead(height);
    await this.#chain.mine();
  }
}

/**
 * Asserts, disputes, votes and settles from the next block on; `others` does before each block what
 * the rest of the chain's accounts want in it. Vote books lie in `folder`.
 * @throws Error when it does not come to an end
 */
export function decideQuestion(
  chain: MarchChain,
  table: PriceTable,
  folder: string,
  others: () => Promise<void>,
): Promise<QuestionStory> {
  return new Question(chain, table).run(folder, others);
}
