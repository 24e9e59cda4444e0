/** Typed reads of feeds, values and rounds: what `oracle_*` methods and the agent are built on. */

import { type ContractAddress, oracleAbi, registryAbi, stakeAbi, view } from './contracts.ts';
import { RpcFault, type Transport } from './transport.ts';

export interface OracleAddresses {
  readonly registry: ContractAddress;
}

/** Kinds by their number in the registry, from 1. */
const kindNames = ['commit-reveal', 'twap', 'signed'] as const;
export type FeedKind = (typeof kindNames)[number];

export interface Feed {
  readonly id: `0x${string}`;
  readonly name: string;
  readonly kind: FeedKind;
  readonly oracle: ContractAddress;
  readonly proxy: ContractAddress;
  readonly decimals: number;
  readonly heartbeatSeconds: number;
  readonly deviationBps: number;
  readonly listed: boolean;
}

export interface RoundWindows {
  readonly round: number;
  readonly commitStart: number;
  readonly commitEnd: number;
  readonly revealStart: number;
  readonly revealEnd: number;
}

interface Schedule {
  /** Blocks from one round to the next. */
  readonly period: number;
  readonly first: Omit<RoundWindows, 'round'>;
}

/** `Round` of the contract, as viem decodes it. */
export interface RoundData {
  readonly state: number;
  readonly reports: number;
  /** Time of the first commitment, in seconds since 1970. */
  readonly openedTime: bigint;
  readonly finalBlock: bigint;
  readonly committed: bigint;
  readonly revealed: bigint;
  readonly unsettled: number;
  readonly pool: bigint;
  readonly value: bigint;
  readonly q1: bigint;
  readonly q3: bigint;
}

export interface SeatReport {
  readonly reporter: ContractAddress;
  readonly bond: bigint;
  readonly state: number;
  /** Of the commitment; zero after the reveal. */
  readonly hash: `0x${string}`;
  readonly value: bigint;
  readonly weight: bigint;
}

/** A feed that does not exist. */
export class UnknownFeed extends Error {
  readonly code = 'unknown-feed';
  constructor(feed: string, known: readonly string[]) {
    super(`no feed "${feed}": use ${known.join(', ') || 'a network that has feeds'}`);
    this.name = 'UnknownFeed';
  }
}

/** What was asked of a feed has no meaning for feeds of its kind. */
export class WrongKind extends Error {
  readonly code = 'WrongKind';
  constructor(feed: Feed) {
    super(`${feed.name} is a ${feed.kind} feed, which has no rounds of reports: use oracle_read`);
    this.name = 'WrongKind';
  }
}

/** @throws WrongKind for a feed that is not answered in rounds of commitments and reveals */
export function requireRounds(feed: Feed): void {
  if (feed.kind !== 'commit-reveal') throw new WrongKind(feed);
}

const blockTag = (height: number | 'latest'): string =>
  height === 'latest' ? height : `0x${height.toString(16)}`;

/** Feeds never change once they exist, so they are read once and looked for again when missing. */
export class OracleClient {
  readonly transport: Transport;
  readonly #addresses: OracleAddresses;
  #feeds: readonly Feed[] = [];
  readonly #schedules = new Map<string, Schedule>();

  constructor(transport: Transport, addresses: OracleAddresses) {
    this.transport = transport;
    this.#addresses = addresses;
  }

  async feeds(): Promise<readonly Feed[]> {
    const { registry } = this.#addresses;
    const count = Number(await view<bigint>(this.transport, registry, registryAbi, 'feedCount'));
    const feeds = [...this.#feeds];
    for (let index = feeds.length; index < count; index++) feeds.push(await this.#feedAt(index));
    this.#feeds = feeds;
    return feeds;
  }

  async #feedAt(index: number): Promise<Feed> {
    const { registry } = this.#addresses;
    const ask = <Result>(name: string, parameters: readonly unknown[]): Promise<Result> =>
      view<Result>(this.transport, registry, registryAbi, name, parameters);
    const id = await ask<`0x${string}`>('feedAt', [BigInt(index)]);
    const [kind, oracle, proxy, , decimals, heartbeat, deviation, listed, name] = await ask<
      [number, ContractAddress, ContractAddress, string, number, number, number, boolean, string]
    >('feedOf', [id]);
    return {
      id,
      name,
      kind: kindNames[kind - 1] ?? 'commit-reveal',
      oracle,
      proxy,
      decimals,
      heartbeatSeconds: heartbeat,
      deviationBps: deviation,
      listed,
    };
  }

  /** A feed by name or `0x` id. @throws UnknownFeed naming those that exist */
  async feed(nameOrId: string): Promise<Feed> {
    const wanted = nameOrId.toLowerCase();
    const match = (feeds: readonly Feed[]): Feed | undefined =>
      feeds.find(({ id, name, listed }) => id === wanted || (listed && name === nameOrId));
    const found = match(this.#feeds) ?? match(await this.feeds());
    if (found === undefined)
      throw new UnknownFeed(
        nameOrId,
        this.#feeds.map(({ name }) => name),
      );
    return found;
  }

  /** The newest block. */
  async head(): Promise<{ readonly height: number; readonly time: number }> {
    return this.block('latest');
  }

  /** Height and time of a block. @throws RpcFault when the chain is not that long */
  async block(
    height: number | 'latest',
  ): Promise<{ readonly height: number; readonly time: number }> {
    const tag = blockTag(height);
    const block = (await this.transport.request('eth_getBlockByNumber', [tag, false])) as {
      number: string;
      timestamp: string;
    } | null;
    if (block === null) throw new RpcFault(-32000, `there is no block ${height}`);
    return { height: Number(block.number), time: Number(block.timestamp) };
  }

  /** What the feed's face says, of any kind, after block `height`. */
  async status(
    feed: Feed,
    height: number | 'latest' = 'latest',
  ): Promise<{
    readonly state: number;
    readonly value: bigint;
    readonly confidence: bigint;
    readonly updatedAt: number;
    readonly updatedHeight: number;
    readonly reports: number;
  }> {
    const [state, value, confidence, updatedAt, updatedBlock, reports] = await this.#ask<
      [number, bigint, bigint, bigint, bigint, number, number, number]
    >(feed, 'status', [feed.id], height);
    return {
      state,
      value,
      confidence,
      updatedAt: Number(updatedAt),
      updatedHeight: Number(updatedBlock),
      reports,
    };
  }

  /** Number of the latest round with a value; 0 before the first. */
  async latestRound(feed: Feed, height: number | 'latest' = 'latest'): Promise<bigint> {
    const [roundId] = await this.#ask<[bigint, bigint, bigint, bigint, bigint]>(
      feed,
      'latestRoundData',
      [feed.id],
      height,
    );
    return roundId;
  }

  /**
   * The read that consumers' contracts should make.
   * @throws ContractRefusal why there is no answer to rely on
   */
  async strictRead(feed: Feed, maxAgeSeconds: bigint, height: number): Promise<void> {
    await this.#ask(feed, 'getPriceNoOlderThan', [feed.id, maxAgeSeconds], height);
  }

  /** The round that the next block belongs to. */
  async currentRound(feed: Feed): Promise<number> {
    return Number(await this.#ask<bigint>(feed, 'currentRound', [feed.id]));
  }

  /** Windows of a round: they follow from those of round 1 and the period, which never change. */
  async windows(feed: Feed, round: number): Promise<RoundWindows> {
    let schedule = this.#schedules.get(feed.id);
    if (schedule === undefined) {
      schedule = await this.#readSchedule(feed);
      this.#schedules.set(feed.id, schedule);
    }
    const shift = (round - 1) * schedule.period;
    const { commitStart, commitEnd, revealStart, revealEnd } = schedule.first;
    return {
      round,
      commitStart: commitStart + shift,
      commitEnd: commitEnd + shift,
      revealStart: revealStart + shift,
      revealEnd: revealEnd + shift,
    };
  }

  async #readSchedule(feed: Feed): Promise<Schedule> {
    const [{ period }, windows] = await Promise.all([
      this.configuration(feed),
      this.#ask<[bigint, bigint, bigint, bigint]>(feed, 'windows', [feed.id, 1n]),
    ]);
    const [commitStart, commitEnd, revealStart, revealEnd] = windows.map(Number) as [
      number,
      number,
      number,
      number,
    ];
    return { period, first: { commitStart, commitEnd, revealStart, revealEnd } };
  }

  round(feed: Feed, round: number): Promise<RoundData> {
    return this.#ask<RoundData>(feed, 'getRound', [feed.id, BigInt(round)]);
  }

  seats(feed: Feed, round: number): Promise<readonly ContractAddress[]> {
    return this.#ask<readonly ContractAddress[]>(feed, 'seatsOf', [feed.id, BigInt(round)]);
  }

  async report(feed: Feed, round: number, seat: number): Promise<SeatReport> {
    const [reporter, bond, state, hash, value, weight] = await this.#ask<
      [ContractAddress, bigint, number, `0x${string}`, bigint, bigint]
    >(feed, 'getReport', [feed.id, BigInt(round), seat]);
    return { reporter, bond, state, hash, value, weight };
  }

  async seatOf(
    feed: Feed,
    reporter: ContractAddress,
  ): Promise<{ readonly seated: boolean; readonly seat: number; readonly fromRound: number }> {
    const [seated, seat, fromRound] = await this.#ask<[boolean, number, bigint]>(feed, 'seatOf', [
      feed.id,
      reporter,
    ]);
    return { seated, seat, fromRound: Number(fromRound) };
  }

  configuration(feed: Feed): Promise<{
    readonly period: number;
    readonly bondBps: number;
    readonly noRevealSlashBps: number;
    readonly minStake: bigint;
  }> {
    return this.#ask(feed, 'configuration', [feed.id]);
  }

  claimable(feed: Feed, account: ContractAddress): Promise<bigint> {
    return this.#ask<bigint>(feed, 'claimable', [account]);
  }

  /** Active stake in acorns. */
  async stakeOf(feed: Feed, account: ContractAddress): Promise<bigint> {
    const registry = await this.stakeRegistry(feed);
    return view<bigint>(this.transport, registry, stakeAbi, 'stakeOf', [account]);
  }

  async stakeRegistry(feed: Feed): Promise<ContractAddress> {
    const [stakeRegistry] = await this.#ask<[ContractAddress, ContractAddress, ContractAddress]>(
      feed,
      'parts',
      [],
    );
    return stakeRegistry;
  }

  #ask<Result>(
    feed: Feed,
    name: string,
    parameters: readonly unknown[],
    height: number | 'latest' = 'latest',
  ): Promise<Result> {
    const tag = blockTag(height);
    return view<Result>(this.transport, feed.oracle, oracleAbi, name, parameters, tag);
  }
}
