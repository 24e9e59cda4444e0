/**
 * The oracle as JSON-RPC offers it: feeds, readings, rounds, and reports made with the node's own
 * key or prepared for any wallet. Faults are returned with a code, never thrown for input's sake.
 */

import { randomBytes } from 'node:crypto';
import { fromHex } from '../primitives/bytes.ts';
import { checksumAddress } from '../primitives/keys.ts';
import type { ReporterAgent } from './agent.ts';
import {
  type Feed,
  type OracleClient,
  type RoundData,
  type RoundWindows,
  requireRounds,
  UnknownFeed,
  WrongKind,
} from './client.ts';
import { commitHash } from './commitment.ts';
import { type ContractAddress, ContractRefusal, calldata, oracleAbi } from './contracts.ts';
import { type QuestionFacts, questionFacts } from './jury-service.ts';
import { type FeedReading, ReadingRefused, readFeed } from './reading.ts';
import { AlreadyPromised, BookInUse } from './report-book.ts';
import { reportStates, roundStates } from './states.ts';
import { RpcFault } from './transport.ts';

export interface OracleFault {
  readonly code: string;
  readonly message: string;
}

export interface FeedFacts {
  readonly feed: Uint8Array;
  readonly name: string;
  readonly kind: Feed['kind'];
  readonly decimals: number;
  readonly proxy: Uint8Array;
  readonly oracle: Uint8Array;
  readonly heartbeatSeconds: number;
  readonly deviationBps: number;
  readonly listed: boolean;
}

export type Reading = { readonly feed: FeedFacts } & FeedReading;

export interface RoundFacts {
  readonly feed: FeedFacts;
  readonly round: number;
  readonly phase:
    | 'waiting'
    | 'commit'
    | 'seal'
    | 'reveal'
    | 'finalize'
    | 'dispute'
    | 'settle'
    | 'settled'
    | 'void'
    | 'refuted';
  readonly commitFrom: number;
  readonly sealFrom: number;
  readonly revealFrom: number;
  readonly revealUntil: number;
  readonly seats: readonly {
    readonly reporter: Uint8Array;
    readonly bond: bigint;
    readonly state: 'idle' | 'committed' | 'revealed' | 'missed' | 'exposed';
    readonly value: bigint | undefined;
  }[];
  readonly pool: bigint;
  readonly value: bigint | undefined;
}

export interface Report {
  readonly feed: string;
  readonly value: bigint;
  readonly round: number | undefined;
  readonly reporter: Uint8Array | undefined;
}

interface Schedule {
  readonly round: number;
  /** First height that takes the commitment. */
  readonly commitFrom: number;
  readonly revealFrom: number;
  readonly revealUntil: number;
  readonly penaltyIfMissed: bigint;
}

/** Where a round stands, seen from the block that comes next. */
interface Progress {
  readonly round: number;
  readonly next: number;
  readonly windows: RoundWindows;
  readonly data: RoundData;
  readonly phase: RoundFacts['phase'];
}

/** Without a transaction yet, the node commits by itself at `commitFrom`. */
export type Submitted = Schedule & { readonly commitTransaction: Uint8Array | undefined };
export interface Unsigned {
  readonly to: Uint8Array;
  readonly data: Uint8Array;
  readonly value: bigint;
}
export type Prepared = Schedule & {
  readonly salt: Uint8Array;
  readonly commit: Unsigned;
  readonly reveal: Unsigned;
};

/** The agent that signs for an address; for undefined, the node's own reporter. */
export type AgentFinder = (reporter: string | undefined) => Promise<ReporterAgent | undefined>;

const bpsWhole = 10_000n;
/** How many rounds ahead of the running one a report may be given. */
const roundsAhead = 8;

const factsOf = (feed: Feed): FeedFacts => ({
  feed: fromHex(feed.id),
  name: feed.name,
  kind: feed.kind,
  decimals: feed.decimals,
  proxy: fromHex(feed.proxy),
  oracle: fromHex(feed.oracle),
  heartbeatSeconds: feed.heartbeatSeconds,
  deviationBps: feed.deviationBps,
  listed: feed.listed,
});

/** The fault behind an error of the oracle's own rules; anything else is passed on. */
function faultOf(error: unknown): OracleFault {
  const known =
    error instanceof UnknownFeed ||
    error instanceof WrongKind ||
    error instanceof ReadingRefused ||
    error instanceof ContractRefusal ||
    error instanceof AlreadyPromised ||
    error instanceof BookInUse;
  if (known) return { code: error.code, message: error.message };
  if (error instanceof RpcFault) return { code: 'refused', message: error.message };
  throw error;
}

async function guarded<Result>(run: () => Promise<Result>): Promise<Result | OracleFault> {
  try {
    return await run();
  } catch (error) {
    return faultOf(error);
  }
}

export class OracleDesk {
  readonly #client: OracleClient;
  readonly #chainId: number;
  readonly #agentOf: AgentFinder;

  constructor(client: OracleClient, chainId: number, agentOf: AgentFinder) {
    this.#client = client;
    this.#chainId = chainId;
    this.#agentOf = agentOf;
  }

  async feeds(): Promise<readonly FeedFacts[]> {
    return (await this.#client.feeds()).map(factsOf);
  }

  /**
   * @param maxAgeSeconds an older value is the fault `Stale`
   * @param confirmations blocks that must stand on the one whose state is read
   */
  read(
    name: string,
    maxAgeSeconds: number | undefined,
    confirmations = 0,
  ): Promise<Reading | OracleFault> {
    return guarded(async () => {
      const feed = await this.#client.feed(name);
      const reading = await readFeed(this.#client, feed, { maxAgeSeconds, confirmations });
      return { feed: factsOf(feed), ...reading };
    });
  }

  /** Number and phase of the round that the next block belongs to, without its seats. */
  async phase(
    feed: Feed,
  ): Promise<{ readonly round: number; readonly phase: RoundFacts['phase'] }> {
    const { round, phase } = await this.#progress(feed, undefined);
    return { round, phase };
  }

  async #progress(feed: Feed, number: number | undefined): Promise<Progress> {
    const round = number ?? Math.max(1, await this.#client.currentRound(feed));
    if (round < 1) throw new RpcFault(-32602, `no round ${round}: rounds count from 1`);
    const [windows, data, head] = await Promise.all([
      this.#client.windows(feed, round),
      this.#client.round(feed, round),
      this.#client.head(),
    ]);
    const next = head.height + 1;
    return { round, next, windows, data, phase: phaseOf(next, windows, data) };
  }

  async #roundFeed(name: string): Promise<Feed> {
    const feed = await this.#client.feed(name);
    requireRounds(feed);
    return feed;
  }

  /** @param number undefined means the round that the next block belongs to */
  round(name: string, number: number | undefined): Promise<RoundFacts | OracleFault> {
    return guarded(async () => {
      const feed = await this.#roundFeed(name);
      const { round, next, windows, data, phase } = await this.#progress(feed, number);
      const holders = await this.#client.seats(feed, round);
      const reports = await Promise.all(
        holders.map((_, seat) => this.#client.report(feed, round, seat)),
      );
      const seats = holders.flatMap((holder, seat) => {
        const report = reports[seat];
        if (report === undefined || /^0x0+$/.test(holder)) return [];
        const isMissed = report.state === reportStates.committed && next >= windows.revealEnd;
        const names = ['idle', 'committed', 'revealed', 'exposed'] as const;
        return {
          reporter: fromHex(holder),
          bond: report.bond,
          state: isMissed ? ('missed' as const) : (names[report.state] ?? 'idle'),
          value: report.state === reportStates.revealed ? report.value : undefined,
        };
      });
      return {
        feed: factsOf(feed),
        round,
        phase,
        commitFrom: windows.commitStart,
        sealFrom: windows.commitEnd,
        revealFrom: windows.revealStart,
        revealUntil: windows.revealEnd,
        seats,
        pool: data.pool,
        value: hasValue(data.state) ? data.value : undefined,
      };
    });
  }

  /** A question before the jury, by its id. */
  question(id: bigint): Promise<QuestionFacts | OracleFault> {
    return guarded(() => questionFacts(this.#client, id));
  }

  /** Promises and commits now; the node reveals by itself when the window opens. */
  submitReport(report: Report): Promise<Submitted | OracleFault> {
    return guarded(async () => {
      const feed = await this.#roundFeed(report.feed);
      const wanted = report.reporter === undefined ? undefined : checksumAddress(report.reporter);
      const agent = await this.#agentOf(wanted);
      if (agent === undefined) {
        const message = `this node has no key for ${wanted ?? 'a reporter'}: use oracle_prepareReport and sign it yourself`;
        return { code: 'no-key', message };
      }
      const { next, ...schedule } = await this.#schedule(
        feed,
        report.round,
        agent.address as ContractAddress,
      );
      if (next < schedule.commitFrom) {
        await agent.promise(feed, schedule.round, report.value);
        return { ...schedule, commitTransaction: undefined };
      }
      const hash = await agent.commitValue(feed, schedule.round, report.value);
      return { ...schedule, commitTransaction: fromHex(hash) };
    });
  }

  /** Both transactions of a report for a wallet elsewhere. Keep the salt: the reveal needs it. */
  prepareReport(report: Report): Promise<Prepared | OracleFault> {
    return guarded(async () => {
      const feed = await this.#roundFeed(report.feed);
      if (report.reporter === undefined) {
        return { code: 'no-reporter', message: 'name the address that will sign, as "reporter"' };
      }
      const reporter = checksumAddress(report.reporter) as ContractAddress;
      const { next: _, ...schedule } = await this.#schedule(feed, report.round, reporter);
      const salt = `0x${randomBytes(32).toString('hex')}` as const;
      const round = BigInt(schedule.round);
      const place = {
        chainId: this.#chainId,
        oracle: feed.oracle,
        feed: feed.id,
        round: schedule.round,
      };
      const hash = commitHash(place, reporter, report.value, salt);
      const unsigned = (name: string, parameters: readonly unknown[]): Unsigned => ({
        to: fromHex(feed.oracle),
        data: fromHex(calldata(oracleAbi, name, parameters)),
        value: 0n,
      });
      return {
        ...schedule,
        salt: fromHex(salt),
        commit: unsigned('commit', [feed.id, round, hash]),
        reveal: unsigned('reveal', [feed.id, round, report.value, salt]),
      };
    });
  }

  /** The round of a report: the wanted one, else the first that still takes this reporter's commit. */
  async #schedule(
    feed: Feed,
    wanted: number | undefined,
    reporter: ContractAddress,
  ): Promise<Schedule & { readonly next: number }> {
    const next = (await this.#client.head()).height + 1;
    const { seated, fromRound } = await this.#client.seatOf(feed, reporter);
    if (!seated) throw new ContractRefusal('NotReporter', [reporter]);
    const current = Math.max(1, await this.#client.currentRound(feed));
    let round = wanted ?? Math.max(current, fromRound);
    let windows = await this.#client.windows(feed, round);
    if (wanted === undefined && next >= windows.commitEnd) {
      round += 1;
      windows = await this.#client.windows(feed, round);
    }
    if (round > current + roundsAhead) {
      const message = `round ${round} is too far ahead: at most ${current + roundsAhead} now`;
      throw new RpcFault(-32000, message);
    }
    if (next >= windows.commitEnd) {
      const message = `commits of ${feed.name} round ${round} closed before height ${windows.commitEnd}; the next block is ${next}`;
      throw new RpcFault(-32000, message);
    }
    const penaltyIfMissed = await this.#penalty(feed, reporter);
    return {
      next,
      round,
      commitFrom: windows.commitStart,
      revealFrom: windows.revealStart,
      revealUntil: windows.revealEnd,
      penaltyIfMissed,
    };
  }

  /** What the bond of a commit loses when its reveal does not come, rounded up as the contract does. */
  async #penalty(feed: Feed, reporter: ContractAddress): Promise<bigint> {
    const [configuration, stake] = await Promise.all([
      this.#client.configuration(feed),
      this.#client.stakeOf(feed, reporter),
    ]);
    const bond = ceilDivide(stake * BigInt(configuration.bondBps), bpsWhole);
    return ceilDivide(bond * BigInt(configuration.noRevealSlashBps), bpsWhole);
  }
}

function ceilDivide(value: bigint, divisor: bigint): bigint {
  return (value + divisor - 1n) / divisor;
}

/** A disputed value stands until it is refuted. */
function hasValue(state: number): boolean {
  return state === roundStates.final || state === roundStates.disputed;
}

function phaseOf(
  next: number,
  windows: RoundWindows,
  data: Pick<RoundData, 'state' | 'unsettled'>,
): RoundFacts['phase'] {
  if (next < windows.commitStart) return 'waiting';
  if (next < windows.commitEnd) return 'commit';
  if (next < windows.revealStart) return 'seal';
  if (next < windows.revealEnd) return 'reveal';
  if (data.state === roundStates.void || data.state === roundStates.none) return 'void';
  if (data.state === roundStates.open) return 'finalize';
  if (data.state === roundStates.disputed) return 'dispute';
  if (data.unsettled > 0) return 'settle';
  return data.state === roundStates.refuted ? 'refuted' : 'settled';
}
