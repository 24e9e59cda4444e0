/**
 * The reporter agent: at each new block it commits, reveals, finalizes, settles and claims what is
 * due. Chain and report book are its only memory, so it may be killed at any moment.
 */

import type { Metric } from '../primitives/metrics.ts';
import { AgentHand, type AgentNote } from './agent-hand.ts';
import type { Feed, OracleClient, RoundWindows, SeatReport } from './client.ts';
import { commitHash, type RoundPlace, saltOf } from './commitment.ts';
import { calldata, oracleAbi } from './contracts.ts';
import { needOf } from './due.ts';
import { keep } from './keeper.ts';
import { observe } from './observation.ts';
import type { ReportBook } from './report-book.ts';
import { RoundDuties, roundsBehind } from './round-duties.ts';
import type { PriceSource } from './sources.ts';
import { reportStates } from './states.ts';
import type { Outgoing, Wallet } from './wallet.ts';

/** When an agent reports: in every round, or only when the value grows old or the market moves. */
export type ReportsWhen = 'every-round' | 'due';

export interface ReportedFeed {
  readonly feed: Feed;
  readonly sources: readonly PriceSource[];
  readonly minimumSources: number;
  readonly strayBps: number;
  /** Every round when absent. */
  readonly when?: ReportsWhen;
}

export interface AgentOptions {
  readonly name: string;
  readonly chainId: number;
  readonly feeds: readonly ReportedFeed[];
  /** TWAP feeds whose pairs are poked before their heartbeat ends. */
  readonly kept?: readonly Feed[];
  /** Blocks to wait before doing what any reporter may do, so that not all do it at once. */
  readonly patienceBlocks: number;
  /** Claims when at least this many acorns wait. */
  readonly claimFrom: bigint;
}

export interface AgentParts {
  readonly client: OracleClient;
  readonly wallet: Wallet;
  /** Undefined in a dry run alone, which promises nothing. */
  readonly book: ReportBook | undefined;
  readonly note: (note: AgentNote) => void;
}

interface Head {
  readonly height: number;
  /** Seconds since 1970, for the sources. */
  readonly time: number;
}

export class ReporterAgent {
  readonly #client: OracleClient;
  readonly #wallet: Wallet;
  readonly #book: ReportBook | undefined;
  readonly #options: AgentOptions;
  readonly #hand: AgentHand;
  readonly #duties: RoundDuties;
  /** The newest head of each feed that is being tended, by feed id. */
  readonly #waiting = new Map<string, Head>();
  /** Feeds that another copy reports for, by id. */
  readonly #stopped = new Map<string, Feed>();
  /** The last round of each feed whose reveal was looked for afterwards, by feed id. */
  readonly #reviewed = new Map<string, number>();
  /** Why nothing was committed so far in the running round, by feed id. */
  readonly #silence = new Map<string, { readonly round: number; readonly reason: string }>();

  constructor(parts: AgentParts, options: AgentOptions) {
    this.#client = parts.client;
    this.#wallet = parts.wallet;
    this.#book = parts.book;
    this.#options = options;
    const isDry = parts.book === undefined;
    this.#hand = new AgentHand(parts, { reporter: options.name, isDry });
    this.#duties = new RoundDuties(parts.client, this.#hand, options);
  }

  get address(): string {
    return this.#wallet.address;
  }

  /** What it did so far, and the money that is left for fees. */
  async metrics(): Promise<readonly Metric[]> {
    const stopped = [...this.#stopped.values()].map(({ name }) => name);
    const balance = await this.#wallet.balance().catch(() => undefined);
    return this.#hand.metrics.metrics(stopped, balance);
  }

  /** A new head; blocks that come while one is handled are taken together. */
  async onHead(height: number, time: number): Promise<void> {
    this.#hand.at(height, time);
    this.#duties.forget(height);
    const { feeds, kept = [] } = this.#options;
    await this.#renew(height);
    await Promise.all([
      ...feeds.map((reported) =>
        this.#follow(reported.feed, { height, time }, (head) => this.#tend(reported, head)),
      ),
      ...kept.map((feed) => this.#follow(feed, { height, time }, () => this.#keep(feed))),
    ]);
  }

  /** Feeds go on by themselves: a slow source of one must not cost another its reveal. */
  async #follow({ id }: Feed, head: Head, tend: (head: Head) => Promise<void>): Promise<void> {
    const isBusy = this.#waiting.has(id);
    this.#waiting.set(id, head);
    if (isBusy) return;
    try {
      for (let handled: Head | undefined; handled !== this.#waiting.get(id); ) {
        handled = this.#waiting.get(id) as Head;
        await tend(handled);
      }
    } finally {
      this.#waiting.delete(id);
    }
  }

  /** Whether a reveal is still owed: stopping now would cost the no-reveal penalty. */
  async owesReveal(height: number): Promise<boolean> {
    for (const { feed } of this.#options.feeds) {
      const round = await this.#client.currentRound(feed);
      const windows = round === 0 ? undefined : await this.#client.windows(feed, round);
      if (windows === undefined || height >= windows.revealEnd) continue;
      const report = await this.#ownReport(feed, round);
      if (report?.state === reportStates.committed) return true;
    }
    return false;
  }

  /** Pays more for transactions that no block takes. */
  async #renew(height: number): Promise<void> {
    if (this.#hand.isDry) return;
    try {
      const replaced = await this.#wallet.renew(height);
      if (replaced !== undefined) this.#hand.say(undefined, 0, 'replace', replaced);
    } catch (error) {
      this.#hand.say(undefined, 0, 'failed', (error as Error).message);
    }
  }

  /** Does what is due; what fails is said and tried again at a later head. */
  async #tend(reported: ReportedFeed, { height, time }: Head): Promise<void> {
    const { feed } = reported;
    let round = 0;
    try {
      round = await this.#client.currentRound(feed);
      if (round === 0) return;
      const windows = await this.#client.windows(feed, round);
      // What is sent now is mined in the next block at the earliest.
      const next = height + 1;
      if (next >= windows.commitStart && next < windows.commitEnd) {
        await this.#commit(reported, windows, height, time);
      }
      if (next >= windows.revealStart && next < windows.revealEnd) {
        await this.#reveal(feed, round);
      }
      await this.#review(feed, round, windows, next);
      await this.#duties.finish(feed, round, height);
    } catch (error) {
      this.#hand.say(feed, round, 'failed', (error as Error).message);
    }
  }

  async #commit(
    reported: ReportedFeed,
    { round }: RoundWindows,
    height: number,
    time: number,
  ): Promise<void> {
    const { feed, when = 'every-round' } = reported;
    const name = `commit ${feed.id} ${round}`;
    if (this.#stopped.has(feed.id) || !this.#hand.isDue(name)) return;
    const promised = this.#book?.get(feed.id, round)?.value;
    if (promised === undefined && reported.sources.length === 0) return;
    if ((await this.#seatIn(feed, round)) < 0) return this.#rest(feed, round, 'no seat in it');
    const report = await this.#ownReport(feed, round);
    if (this.#isForeign(feed, round, report)) return this.#stop(feed, round);
    if (report !== undefined && report.state !== reportStates.none) return;
    const value = promised ?? (await this.#observe(reported, round, time));
    if (value === undefined) return;
    if (promised === undefined && when === 'due') {
      const { isDue, reason } = await needOf(this.#client, feed, { round, height }, value);
      if (!isDue) return this.#rest(feed, round, reason);
    }
    if (this.#hand.isDry) await this.#hand.send(this.#commitment(feed, round, value));
    else await this.commitValue(feed, round, value);
    this.#silence.delete(feed.id);
    this.#hand.done(name);
    this.#hand.say(feed, round, 'commit', value.toString());
  }

  /** Says once a round why it is left out. */
  #rest(feed: Feed, round: number, reason: string): void {
    if (this.#hand.isNew(`rest ${feed.id} ${round}`)) this.#hand.say(feed, round, 'rest', reason);
  }

  /** The value of the agent's own sources, or undefined with the reason kept. */
  async #observe(
    { feed, sources, minimumSources, strayBps }: ReportedFeed,
    round: number,
    time: number,
  ): Promise<bigint | undefined> {
    const { observation, left } = await observe(sources, time, { minimumSources, strayBps });
    if (observation !== undefined) return observation.value;
    const reason = left.map((entry) => `${entry.source}: ${entry.reason}`).join('; ');
    this.#silence.set(feed.id, { round, reason });
    return undefined;
  }

  /** Keeps `value` for `round`; the commitment leaves when the window opens. @throws AlreadyPromised */
  async promise(feed: Feed, round: number, value: bigint): Promise<void> {
    await this.#book?.promise({ feed: feed.id, round, value });
  }

  /**
   * Promises `value` for `round` and sends the commitment.
   * @throws AlreadyPromised, ContractRefusal, RpcFault
   */
  async commitValue(feed: Feed, round: number, value: bigint): Promise<`0x${string}`> {
    await this.promise(feed, round, value);
    return this.#wallet.send(this.#commitment(feed, round, value));
  }

  async #reveal(feed: Feed, round: number): Promise<void> {
    const promised = this.#book?.get(feed.id, round);
    const name = `reveal ${feed.id} ${round}`;
    if (promised === undefined || !this.#hand.isDue(name)) return;
    const report = await this.#ownReport(feed, round);
    if (report?.state !== reportStates.committed) return;
    if (this.#isForeign(feed, round, report)) return this.#stop(feed, round);
    const salt = saltOf(this.#wallet.secret, this.#place(feed, round));
    const parameters = [feed.id, BigInt(round), promised.value, salt];
    await this.#hand.send({ to: feed.oracle, data: calldata(oracleAbi, 'reveal', parameters) });
    this.#hand.done(name);
    this.#hand.say(feed, round, 'reveal', promised.value.toString());
  }

  /** Tells of rounds that went by in silence, and of promised reveals that did not come. */
  async #review(feed: Feed, current: number, windows: RoundWindows, next: number): Promise<void> {
    const silence = this.#silence.get(feed.id);
    if (silence !== undefined && (silence.round < current || next >= windows.commitEnd)) {
      this.#silence.delete(feed.id);
      this.#hand.say(feed, silence.round, 'silent', silence.reason);
    }
    const oldest = Math.max(current - roundsBehind, (this.#reviewed.get(feed.id) ?? 0) + 1);
    for (const { round } of this.#book?.of(feed.id) ?? []) {
      if (round < oldest || round > current) continue;
      const { revealEnd } = await this.#client.windows(feed, round);
      if (next < revealEnd) continue;
      this.#reviewed.set(feed.id, round);
      const report = await this.#ownReport(feed, round);
      if (report?.state !== reportStates.committed) continue;
      this.#hand.say(
        feed,
        round,
        'missed',
        'the reveal did not come in time and costs its penalty',
      );
    }
  }

  /** Whether the chain shows a report of this account that is not the one in the book. */
  #isForeign(feed: Feed, round: number, report: SeatReport | undefined): boolean {
    if (report === undefined || this.#book === undefined) return false;
    const promised = this.#book.get(feed.id, round);
    const { committed, revealed } = reportStates;
    if (report.state === revealed) return promised?.value !== report.value;
    if (report.state !== committed) return false;
    return promised === undefined || this.#hashOf(feed, round, promised.value) !== report.hash;
  }

  #stop(feed: Feed, round: number): void {
    if (this.#stopped.has(feed.id)) return;
    this.#stopped.set(feed.id, feed);
    const reason = `${this.address} has a commitment on the chain that is not in this report book: another copy reports for it. No more commitments from here; start again when the other one has stopped`;
    this.#hand.say(feed, round, 'stopped', reason);
  }

  async #keep(feed: Feed): Promise<void> {
    await keep(this.#client, this.#hand, feed).catch((error: unknown) =>
      this.#hand.say(feed, 0, 'failed', (error as Error).message),
    );
  }

  #place(feed: Feed, round: number): RoundPlace {
    return { chainId: this.#options.chainId, oracle: feed.oracle, feed: feed.id, round };
  }

  #hashOf(feed: Feed, round: number, value: bigint): `0x${string}` {
    const place = this.#place(feed, round);
    const salt = saltOf(this.#wallet.secret, place);
    return commitHash(place, this.#wallet.address, value, salt);
  }

  #commitment(feed: Feed, round: number, value: bigint): Outgoing {
    const parameters = [feed.id, BigInt(round), this.#hashOf(feed, round, value)];
    return { to: feed.oracle, data: calldata(oracleAbi, 'commit', parameters) };
  }

  /** The account's seat in `round`, or -1: a seat counts from the round after it was taken. */
  async #seatIn(feed: Feed, round: number): Promise<number> {
    const holders = await this.#client.seats(feed, round);
    const own = this.#wallet.address.toLowerCase();
    return holders.findIndex((holder) => holder.toLowerCase() === own);
  }

  async #ownReport(feed: Feed, round: number): Promise<SeatReport | undefined> {
    const seat = await this.#seatIn(feed, round);
    if (seat < 0) return undefined;
    const report = await this.#client.report(feed, round, seat);
    const isOwn = report.reporter.toLowerCase() === this.#wallet.address.toLowerCase();
    return isOwn ? report : undefined;
  }
}
