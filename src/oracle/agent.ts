/**
 * The reporter agent: at each new block it commits, reveals, finalizes, settles and claims what is
 * due. Chain and report book are its only memory, so it may be killed at any moment.
 */

import type { Feed, OracleClient, RoundWindows } from './client.ts';
import { commitHash, type RoundPlace, saltOf } from './commitment.ts';
import { ContractRefusal, calldata, oracleAbi } from './contracts.ts';
import { DisputedRounds } from './disputes.ts';
import { observe } from './observation.ts';
import type { ReportBook } from './report-book.ts';
import type { PriceSource } from './sources.ts';
import type { Wallet } from './wallet.ts';

/** States of a report in the contract. */
export const reportStates = { none: 0, committed: 1, revealed: 2, exposed: 3 } as const;
/** States of a round in the contract. */
export const roundStates = {
  none: 0,
  open: 1,
  final: 2,
  void: 3,
  disputed: 4,
  refuted: 5,
} as const;

/** Rounds that can be settled; a disputed one waits for its ruling. */
const overStates: ReadonlySet<number> = new Set([
  roundStates.final,
  roundStates.void,
  roundStates.refuted,
]);

export interface ReportedFeed {
  readonly feed: Feed;
  readonly sources: readonly PriceSource[];
  readonly minimumSources: number;
  readonly strayBps: number;
}

export interface AgentOptions {
  readonly name: string;
  readonly chainId: number;
  readonly feeds: readonly ReportedFeed[];
  /** Blocks to wait before doing what any reporter may do, so that not all do it at once. */
  readonly patienceBlocks: number;
  /** Claims when at least this many acorns wait. */
  readonly claimFrom: bigint;
}

export type AgentNote = {
  readonly reporter: string;
  readonly feed: string;
  readonly round: number;
  readonly action:
    | 'commit'
    | 'reveal'
    | 'finalize'
    | 'resolve'
    | 'settle'
    | 'claim'
    | 'silent'
    | 'failed';
  readonly detail: string;
};

/** Blocks after which an action that left no trace on the chain is tried again. */
const retryBlocks = 4;
/** Blocks for which a sent action is remembered. */
const rememberedBlocks = 64;
/** Above the longest span in which a round is looked at: three periods of 2,000 blocks and more. */
const finishedBlocks = 10_000;
/** Past rounds looked at for reveals, finalization and settlement. */
const roundsBehind = 3;
/** Seats that one settle transaction works through. */
const settleSeats = 64;

interface Head {
  readonly height: number;
  /** Seconds since 1970, for the sources. */
  readonly time: number;
}

export class ReporterAgent {
  readonly #client: OracleClient;
  readonly #wallet: Wallet;
  readonly #book: ReportBook;
  readonly #options: AgentOptions;
  readonly #note: (note: AgentNote) => void;
  /** Height at which an action was last sent, by its name. */
  readonly #sentAt = new Map<string, number>();
  /** Rounds with nothing left to do, and the height at which that was seen. */
  readonly #finished = new Map<string, number>();
  /** Rounds before the jury: they are finished however old they are. */
  readonly #disputes: DisputedRounds;
  /** Height at which a disputed round's next step was first possible, by step and round. */
  readonly #possibleFrom = new Map<string, number>();
  /** The newest head of each feed that is being tended, by feed id. */
  readonly #waiting = new Map<string, Head>();

  constructor(
    parts: {
      readonly client: OracleClient;
      readonly wallet: Wallet;
      readonly book: ReportBook;
      readonly note: (note: AgentNote) => void;
    },
    options: AgentOptions,
  ) {
    this.#client = parts.client;
    this.#disputes = new DisputedRounds(parts.client);
    this.#wallet = parts.wallet;
    this.#book = parts.book;
    this.#note = parts.note;
    this.#options = options;
  }

  get address(): string {
    return this.#wallet.address;
  }

  /** Forgets what was sent long ago: by now it is on the chain or will never be. */
  #forget(height: number): void {
    for (const [action, sent] of this.#sentAt) {
      if (height - sent > rememberedBlocks) this.#sentAt.delete(action);
    }
    for (const heights of [this.#finished, this.#possibleFrom]) {
      for (const [round, seen] of heights) {
        if (height - seen > finishedBlocks) heights.delete(round);
      }
    }
  }

  /** A new head; blocks that come while one is handled are taken together. */
  async onHead(height: number, time: number): Promise<void> {
    this.#forget(height);
    await Promise.all(
      this.#options.feeds.map((reported) => this.#follow(reported, { height, time })),
    );
  }

  /** Feeds go on by themselves: a slow source of one must not cost another its reveal. */
  async #follow(reported: ReportedFeed, head: Head): Promise<void> {
    const { id } = reported.feed;
    const isBusy = this.#waiting.has(id);
    this.#waiting.set(id, head);
    if (isBusy) return;
    try {
      for (let handled: Head | undefined; handled !== this.#waiting.get(id); ) {
        handled = this.#waiting.get(id) as Head;
        await this.#tend(reported, handled);
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
        await this.#reveal(feed, round, height);
      }
      await this.#finishRounds(feed, round, next, height);
    } catch (error) {
      this.#say(feed, round, 'failed', (error as Error).message);
    }
  }

  async #commit(
    { feed, sources, minimumSources, strayBps }: ReportedFeed,
    { round }: RoundWindows,
    height: number,
    time: number,
  ): Promise<void> {
    if (!this.#isDue(`commit ${feed.id} ${round}`, height)) return;
    const report = await this.#ownReport(feed, round);
    if (report !== undefined && report.state !== reportStates.none) return;
    let value = this.#book.get(feed.id, round)?.value;
    if (value === undefined) {
      if (sources.length === 0) return;
      const { observation, left } = await observe(sources, time, { minimumSources, strayBps });
      const silence = left.map(({ source, reason }) => `${source}: ${reason}`).join('; ');
      if (observation === undefined) return this.#say(feed, round, 'silent', silence);
      value = observation.value;
    }
    await this.commitValue(feed, round, value);
    this.#sentAt.set(`commit ${feed.id} ${round}`, height);
    this.#say(feed, round, 'commit', value.toString());
  }

  /** Keeps `value` for `round`; the commitment leaves when the window opens. @throws AlreadyPromised */
  promise(feed: Feed, round: number, value: bigint): Promise<void> {
    return this.#book.promise({ feed: feed.id, round, value });
  }

  /**
   * Promises `value` for `round` and sends the commitment.
   * @throws AlreadyPromised, ContractRefusal, RpcFault
   */
  async commitValue(feed: Feed, round: number, value: bigint): Promise<`0x${string}`> {
    await this.promise(feed, round, value);
    const place = this.#place(feed, round);
    const salt = saltOf(this.#wallet.secret, place);
    const hash = commitHash(place, this.#wallet.address, value, salt);
    return this.#act(feed, 'commit', [feed.id, BigInt(round), hash]);
  }

  async #reveal(feed: Feed, round: number, height: number): Promise<void> {
    const promised = this.#book.get(feed.id, round);
    if (promised === undefined || !this.#isDue(`reveal ${feed.id} ${round}`, height)) return;
    const report = await this.#ownReport(feed, round);
    if (report?.state !== reportStates.committed) return;
    const salt = saltOf(this.#wallet.secret, this.#place(feed, round));
    await this.#act(feed, 'reveal', [feed.id, BigInt(round), promised.value, salt]);
    this.#sentAt.set(`reveal ${feed.id} ${round}`, height);
    this.#say(feed, round, 'reveal', promised.value.toString());
  }

  /** Finalizing and settling is open to all; each reporter waits its turn before it helps. */
  async #finishRounds(feed: Feed, current: number, next: number, height: number): Promise<void> {
    for (let round = Math.max(1, current - roundsBehind); round <= current; round++) {
      const { revealEnd } = await this.#client.windows(feed, round);
      const name = `${feed.id} ${round}`;
      if (next < revealEnd + this.#options.patienceBlocks || this.#finished.has(name)) continue;
      const data = await this.#client.round(feed, round);
      if (data.state === roundStates.disputed) this.#disputes.add(feed, round);
      if (data.state === roundStates.open && this.#isDue(`finalize ${feed.id} ${round}`, height)) {
        await this.#attempt(feed, round, 'finalize', height, [feed.id, BigInt(round)]);
      }
      const isOver = overStates.has(data.state);
      if (data.state === roundStates.none || (isOver && data.unsettled === 0)) {
        this.#finished.set(name, height);
      } else if (isOver && this.#isDue(`settle ${feed.id} ${round}`, height)) {
        await this.#attempt(feed, round, 'settle', height, [feed.id, BigInt(round), settleSeats]);
      }
    }
    await this.#finishDisputes(feed, current - roundsBehind, height);
    const waiting = await this.#client.claimable(feed, this.#wallet.address);
    if (waiting >= this.#options.claimFrom && this.#isDue(`claim ${feed.oracle}`, height)) {
      // Noted first: another feed of the same oracle must not claim the same acorns.
      this.#sentAt.set(`claim ${feed.oracle}`, height);
      await this.#act(feed, 'claim', []);
      this.#say(feed, current, 'claim', waiting.toString());
    }
  }

  /** Carries out rulings, and settles disputed rounds that are older than `oldest`. */
  async #finishDisputes(feed: Feed, oldest: number, height: number): Promise<void> {
    for (const round of await this.#disputes.of(feed, height)) {
      const { state, unsettled } = await this.#client.round(feed, round);
      const isOver = overStates.has(state);
      if (state === roundStates.disputed) {
        const isRuled = await this.#disputes.isRuled(feed, round, height);
        if (isRuled && this.#isOurTurn('resolve', feed, round, height)) {
          await this.#attempt(feed, round, 'resolve', height, [feed.id, BigInt(round)]);
        }
      } else if (isOver && unsettled === 0) {
        this.#disputes.done(feed, round);
      } else if (isOver && round < oldest && this.#isOurTurn('settle', feed, round, height)) {
        await this.#attempt(feed, round, 'settle', height, [feed.id, BigInt(round), settleSeats]);
      }
    }
  }

  /** Whether a step of a disputed round was possible for long enough that others had their turn. */
  #isOurTurn(step: 'resolve' | 'settle', feed: Feed, round: number, height: number): boolean {
    const name = `${step} ${feed.id} ${round}`;
    const from = this.#possibleFrom.get(name) ?? height;
    this.#possibleFrom.set(name, from);
    return height - from >= this.#options.patienceBlocks && this.#isDue(name, height);
  }

  /** What others may do as well: being too early or too late is no trouble. */
  async #attempt(
    feed: Feed,
    round: number,
    action: 'finalize' | 'resolve' | 'settle',
    height: number,
    parameters: readonly unknown[],
  ): Promise<void> {
    this.#sentAt.set(`${action} ${feed.id} ${round}`, height);
    try {
      await this.#act(feed, action === 'resolve' ? 'resolveDispute' : action, parameters);
      this.#say(feed, round, action, '');
    } catch (error) {
      if (!(error instanceof ContractRefusal)) throw error;
    }
  }

  #place(feed: Feed, round: number): RoundPlace {
    return { chainId: this.#options.chainId, oracle: feed.oracle, feed: feed.id, round };
  }

  #act(feed: Feed, name: string, parameters: readonly unknown[]): Promise<`0x${string}`> {
    return this.#wallet.send({ to: feed.oracle, data: calldata(oracleAbi, name, parameters) });
  }

  async #ownReport(
    feed: Feed,
    round: number,
  ): Promise<Awaited<ReturnType<OracleClient['report']>> | undefined> {
    const { seated, seat } = await this.#client.seatOf(feed, this.#wallet.address);
    if (!seated) return undefined;
    const report = await this.#client.report(feed, round, seat);
    const isOwn = report.reporter.toLowerCase() === this.#wallet.address.toLowerCase();
    return isOwn ? report : undefined;
  }

  #isDue(action: string, height: number): boolean {
    const sent = this.#sentAt.get(action);
    return sent === undefined || height - sent >= retryBlocks;
  }

  #say(feed: Feed, round: number, action: AgentNote['action'], detail: string): void {
    this.#note({ reporter: this.#options.name, feed: feed.name, round, action, detail });
  }
}
