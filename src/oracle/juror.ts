/**
 * The juror agent: at each new block it draws, votes, reveals, tallies, executes, resolves disputes
 * and claims what is due. Chain, vote book and key are its only memory, so it may be killed at any
 * moment. It answers a question once, and stops when somebody else votes with its key.
 */

import { limits } from '../primitives/limits.ts';
import { Ballot, ForeignVote, seatsIn } from './ballot.ts';
import type { OracleClient } from './client.ts';
import { type ContractAddress, ContractRefusal, calldata, oracleAbi } from './contracts.ts';
import type { AskedQuestion, JuryClient, Ruling } from './jury.ts';
import { juryAbi } from './jury-abi.ts';
import type { Judge } from './jury-judge.ts';
import type { OpenQuestions } from './jury-questions.ts';
import { roundStates } from './states.ts';
import { questionText, type VoteBook } from './vote-book.ts';
import type { Wallet } from './wallet.ts';

export type JurorAction =
  | 'draw'
  | 'commit'
  | 'reveal'
  | 'tally'
  | 'execute'
  | 'resolve'
  | 'claim'
  | 'replace'
  | 'abstain'
  | 'ruling'
  | 'failed'
  | 'stopped';

export interface JurorNote {
  readonly juror: string;
  /** Id of the question; undefined when it is about no single one. */
  readonly question: string | undefined;
  readonly action: JurorAction;
  readonly detail: string;
  /** False in a dry run: it would have been sent. */
  readonly sent: boolean;
}

export interface JurorParts {
  readonly jury: JuryClient;
  readonly client: OracleClient;
  readonly questions: OpenQuestions;
  readonly judge: Judge;
  readonly wallet: Wallet;
  /** Undefined in a dry run alone, which votes nothing. */
  readonly book: VoteBook | undefined;
  readonly note: (note: JurorNote) => void;
}

export interface JurorOptions {
  readonly name: string;
  readonly chainId: number;
  /** Blocks to wait before doing what anyone may do, so that not all do it at once. */
  readonly patienceBlocks: number;
  /** Claims when at least this many acorns wait. */
  readonly claimFrom: bigint;
}

/** Places tried by one draw, and steps of one execution: both fit a block many times. */
const stepsAtOnce = 64;

export class JurorAgent {
  readonly #parts: JurorParts;
  readonly #options: JurorOptions;
  readonly #ballot: Ballot;
  /** By question: heights at which actions were sent, and at which they were first possible. */
  readonly #heights = new Map<bigint, Map<string, number>>();
  #claimedAt = Number.NEGATIVE_INFINITY;
  #halted: ForeignVote | undefined;
  #newest: number | undefined;

  constructor(parts: JurorParts, options: JurorOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#ballot = new Ballot({ ...parts, chainId: options.chainId });
  }

  get address(): ContractAddress {
    return this.#parts.wallet.address;
  }

  /** Why the agent has stopped for good; undefined while it serves. */
  get halted(): ForeignVote | undefined {
    return this.#halted;
  }

  get #isDryRun(): boolean {
    return this.#parts.book === undefined;
  }

  /** A new head; blocks that come while one is handled are taken together. Never rejects. */
  async onHead(height: number): Promise<void> {
    const isBusy = this.#newest !== undefined;
    this.#newest = height;
    if (isBusy) return;
    try {
      for (let handled: number | undefined; handled !== this.#newest; ) {
        handled = this.#newest;
        await this.#serve(handled);
      }
    } finally {
      this.#newest = undefined;
    }
  }

  /** Whether a reveal is still owed: stopping now would cost the penalty of the absent. */
  async owesReveal(height: number): Promise<boolean> {
    for (const { id } of await this.#parts.questions.at(height)) {
      const { status } = await this.#parts.jury.rulingOf(id);
      if (status !== 'commit' && status !== 'seal' && status !== 'reveal') continue;
      if (seatsIn(await this.#ballot.seats(id), 'committed').length > 0) return true;
    }
    return false;
  }

  async #serve(height: number): Promise<void> {
    await this.#renew(height);
    try {
      for (const asked of await this.#parts.questions.at(height)) {
        if (this.#halted === undefined) await this.#tendSafely(asked, height);
      }
      if (this.#halted === undefined) await this.#claim(height);
    } catch (error) {
      this.#say(undefined, 'failed', (error as Error).message);
    }
  }

  /** Pays more for transactions that no block takes. */
  async #renew(height: number): Promise<void> {
    if (this.#isDryRun) return;
    try {
      const replaced = await this.#parts.wallet.renew(height);
      if (replaced !== undefined) this.#say(undefined, 'replace', replaced);
    } catch (error) {
      this.#say(undefined, 'failed', (error as Error).message);
    }
  }

  /** One question's trouble must not cost another its reveal. */
  async #tendSafely(asked: AskedQuestion, height: number): Promise<void> {
    try {
      await this.#tend(asked, height);
    } catch (error) {
      if (error instanceof ForeignVote) this.#halted = error;
      const action = error instanceof ForeignVote ? 'stopped' : 'failed';
      this.#say(asked.id, action, (error as Error).message);
    }
  }

  async #tend(asked: AskedQuestion, height: number): Promise<void> {
    const { id } = asked;
    const ruling = await this.#parts.jury.rulingOf(id);
    switch (ruling.status) {
      case 'unknown':
        this.#heights.delete(id);
        return this.#parts.questions.forget(id);
      case 'drawing':
        return this.#help(id, 'draw', height, [id, stepsAtOnce]);
      case 'commit':
        return this.#commit(asked, height);
      case 'seal':
        await this.#ballot.promised(id, await this.#ballot.seats(id));
        return;
      case 'reveal':
        return this.#reveal(id, height);
      case 'tally':
        return this.#help(id, 'tally', height, [id]);
      case 'appeal':
        return this.#tellRuling(id, ruling, height);
      case 'ruled':
      case 'void':
        return this.#finish(asked, ruling, height);
      case 'waiting':
        return;
    }
  }

  async #commit(asked: AskedQuestion, height: number): Promise<void> {
    const { id } = asked;
    const own = await this.#ballot.seats(id);
    const { round } = own;
    let outcome = await this.#ballot.promised(id, own);
    const free = seatsIn(own, 'drawn');
    if (free.length === 0 || !this.#isDue(id, `commit ${round}`, height)) return;
    let reason = 'promised before';
    if (outcome === undefined) {
      ({ outcome, reason } = await this.#parts.judge.verdictOn(asked));
    }
    if (outcome === undefined) return this.#abstain(id, round, reason, height);
    if (!this.#isDryRun) await this.#ballot.commit(id, round, free, outcome);
    this.#remember(id, `commit ${round}`, height);
    this.#say(id, 'commit', `outcome ${outcome}: ${reason}`, !this.#isDryRun);
  }

  #abstain(id: bigint, round: number, reason: string, height: number): void {
    if (!this.#isNew(id, `abstain ${round}`, height)) return;
    const remedy = 'answer it in the policy file while commits are open, or it costs a penalty';
    this.#say(id, 'abstain', `${reason}: ${remedy}`, false);
  }

  async #reveal(id: bigint, height: number): Promise<void> {
    const own = await this.#ballot.seats(id);
    const { round } = own;
    const outcome = await this.#ballot.promised(id, own);
    const closed = seatsIn(own, 'committed');
    if (closed.length === 0 || outcome === undefined) return;
    if (!this.#isDue(id, `reveal ${round}`, height)) return;
    if (!this.#isDryRun) await this.#ballot.reveal(id, round, closed, outcome);
    this.#remember(id, `reveal ${round}`, height);
    this.#say(id, 'reveal', `outcome ${outcome}`, !this.#isDryRun);
  }

  /** Appeals are the operator's to pay; the agent says once what the jury said. */
  async #tellRuling(id: bigint, { outcome }: Ruling, height: number): Promise<void> {
    const { question, seats } = await this.#ballot.seats(id);
    if (seats.length === 0 || !this.#isNew(id, `ruling ${question.instance}`, height)) return;
    const own = seats.find(({ state }) => state === 'revealed')?.outcome;
    const vote = own === undefined ? 'this juror did not vote' : `this juror said ${own}`;
    this.#say(id, 'ruling', `the jury says ${outcome}, ${vote}`);
  }

  async #finish(asked: AskedQuestion, ruling: Ruling, height: number): Promise<void> {
    const { jury, client, judge, questions } = this.#parts;
    const { id } = asked;
    const { executed } = await jury.question(id);
    if (!executed) await this.#help(id, 'execute', height, [id, stepsAtOnce]);
    const disputed = await judge.roundOf(asked);
    const isPending =
      disputed !== undefined &&
      (await client.round(disputed.feed, disputed.round)).state === roundStates.disputed;
    if (isPending) {
      const { feed, round } = disputed;
      const { commitEnd, revealStart } = await client.windows(feed, round);
      // The feed waits as long as its own seal lasts, so that no reorganisation takes this back.
      if (height + 1 >= ruling.finalBlock + revealStart - commitEnd) {
        await this.#help(id, 'resolve', height, [feed.id, BigInt(round)], feed.oracle);
      }
    } else if (executed) {
      this.#heights.delete(id);
      questions.close(id);
    }
  }

  /** What anyone may do, in turn: being too early or too late is no trouble. */
  async #help(
    id: bigint,
    action: 'draw' | 'tally' | 'execute' | 'resolve',
    height: number,
    parameters: readonly unknown[],
    oracle?: ContractAddress,
  ): Promise<void> {
    const { rounds } = await this.#parts.jury.question(id);
    const heights = this.#heightsOf(id);
    const seen = heights.get(`seen ${action} ${rounds}`) ?? height;
    heights.set(`seen ${action} ${rounds}`, seen);
    if (height - seen < this.#options.patienceBlocks) return;
    if (!this.#isDue(id, `${action} ${rounds}`, height)) return;
    this.#remember(id, `${action} ${rounds}`, height);
    try {
      if (oracle === undefined) await this.#send(action, parameters);
      else await this.#send('resolveDispute', parameters, oracle);
      this.#say(id, action, '', !this.#isDryRun);
    } catch (error) {
      if (!(error instanceof ContractRefusal)) throw error;
    }
  }

  async #claim(height: number): Promise<void> {
    const waiting = await this.#parts.jury.claimable(this.address);
    if (waiting < this.#options.claimFrom || height - this.#claimedAt < limits.agentRetryBlocks)
      return;
    this.#claimedAt = this.#isDryRun ? Number.POSITIVE_INFINITY : height;
    await this.#send('claim', []);
    this.#say(undefined, 'claim', waiting.toString(), !this.#isDryRun);
  }

  async #send(name: string, parameters: readonly unknown[], oracle?: ContractAddress) {
    if (this.#isDryRun) return;
    const { wallet, jury } = this.#parts;
    const abi = oracle === undefined ? juryAbi : oracleAbi;
    await wallet.send({ to: oracle ?? jury.address, data: calldata(abi, name, parameters) });
  }

  #heightsOf(id: bigint): Map<string, number> {
    const heights = this.#heights.get(id) ?? new Map<string, number>();
    this.#heights.set(id, heights);
    return heights;
  }

  #isDue(id: bigint, action: string, height: number): boolean {
    const sent = this.#heightsOf(id).get(action);
    if (sent === undefined) return true;
    // What waits in the pool is the wallet's to go on with.
    const isLost = height - sent >= limits.agentRetryBlocks && !this.#parts.wallet.hasUnmined;
    return !this.#isDryRun && isLost;
  }

  #remember(id: bigint, action: string, height: number): void {
    this.#heightsOf(id).set(action, height);
  }

  #isNew(id: bigint, event: string, height: number): boolean {
    if (this.#heightsOf(id).has(event)) return false;
    this.#remember(id, event, height);
    return true;
  }

  #say(id: bigint | undefined, action: JurorAction, detail: string, sent = true): void {
    const question = id === undefined ? undefined : questionText(id);
    this.#parts.note({ juror: this.#options.name, question, action, detail, sent });
  }
}
