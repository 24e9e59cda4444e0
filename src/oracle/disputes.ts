/**
 * Rounds that were taken to the jury: they stay unsettled, and their bonds locked, until a ruling
 * that may come thousands of blocks later. The chain is the memory: they are found in its events.
 */

import type { Feed, OracleClient } from './client.ts';
import { type ContractAddress, oracleAbi, view } from './contracts.ts';
import { findJury, type JuryClient, questionBlocks } from './jury.ts';
import { readEvents } from './logs.ts';

/** Disputes are looked for again after so many blocks. */
const rereadBlocks = 64;

/** What a round's dispute is: the question, who pays for it and the bond in acorns. */
export interface Dispute {
  readonly question: bigint;
  readonly disputer: ContractAddress;
  readonly bond: bigint;
}

/** Question 0 and no disputer for a round that nobody disputed. */
export async function disputeOf(client: OracleClient, feed: Feed, round: number): Promise<Dispute> {
  const [question, disputer, bond] = await view<[bigint, ContractAddress, bigint]>(
    client.transport,
    feed.oracle,
    oracleAbi,
    'disputeOf',
    [feed.id, BigInt(round)],
  );
  return { question, disputer, bond };
}

/** Fee of the jury and a bond of the same size, in acorns. */
export function disputeCost(client: OracleClient, feed: Feed): Promise<bigint> {
  return view<bigint>(client.transport, feed.oracle, oracleAbi, 'disputeCost');
}

export class DisputedRounds {
  readonly #client: OracleClient;
  readonly #rounds = new Map<string, Set<number>>();
  readonly #readUntil = new Map<string, number>();
  /** Set once it is known whether there is a jury. */
  #court: { readonly jury: JuryClient | undefined } | undefined;

  constructor(client: OracleClient) {
    this.#client = client;
  }

  /** Disputed rounds of `feed` that nobody has called done, oldest first. */
  async of(feed: Feed, height: number): Promise<readonly number[]> {
    await this.#read(feed, height);
    return [...this.#of(feed)].sort((left, right) => left - right);
  }

  /** A round was seen before the jury. */
  add(feed: Feed, round: number): void {
    this.#of(feed).add(round);
  }

  /** Nothing is left to do for a round. */
  done(feed: Feed, round: number): void {
    this.#of(feed).delete(round);
  }

  /** Whether the block after `height` takes `resolveDispute`. */
  async isRuled(feed: Feed, round: number, height: number): Promise<boolean> {
    const jury = await this.#findJury();
    const { question } = await disputeOf(this.#client, feed, round);
    if (jury === undefined || question === 0n) return false;
    const { status, finalBlock } = await jury.rulingOf(question);
    if (status !== 'ruled' && status !== 'void') return false;
    const { commitEnd, revealStart } = await this.#client.windows(feed, round);
    // The feed waits as long as its own seal lasts, so that no reorganisation takes this back.
    return height + 1 >= finalBlock + revealStart - commitEnd;
  }

  async #findJury(): Promise<JuryClient | undefined> {
    this.#court ??= { jury: await findJury(this.#client) };
    return this.#court.jury;
  }

  #of(feed: Feed): Set<number> {
    const rounds = this.#rounds.get(feed.id) ?? new Set<number>();
    this.#rounds.set(feed.id, rounds);
    return rounds;
  }

  async #read(feed: Feed, height: number): Promise<void> {
    const known = this.#readUntil.get(feed.id);
    if (known !== undefined && height - known < rereadBlocks) return;
    const terms = await (await this.#findJury())?.terms();
    if (terms === undefined) return;
    // Half as much again as is new, so that a reorganisation hides nothing.
    const lookBack = known === undefined ? questionBlocks(terms) : (height - known) * 1.5;
    const events = await readEvents<{ readonly round: bigint }>(this.#client.transport, {
      address: feed.oracle,
      abi: oracleAbi,
      event: 'RoundDisputed',
      match: { feed: feed.id },
      from: Math.max(0, Math.floor(height - lookBack)),
      to: height,
    });
    for (const event of events) this.add(feed, Number(event.arguments.round));
    this.#readUntil.set(feed.id, height);
  }
}
