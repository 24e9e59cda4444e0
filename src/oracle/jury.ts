/** Typed reads of the jury: its terms, questions, rounds and seats, and how a juror stands. */

import type { OracleClient } from './client.ts';
import { type ContractAddress, oracleAbi, view } from './contracts.ts';
import { juryAbi } from './jury-abi.ts';
import { readEvents } from './logs.ts';
import type { Transport } from './transport.ts';

/** What a question waits for, by its number in the contract. */
export const questionStatuses = [
  'unknown',
  'waiting',
  'drawing',
  'commit',
  'seal',
  'reveal',
  'tally',
  'appeal',
  'ruled',
  'void',
] as const;
export type QuestionStatus = (typeof questionStatuses)[number];

export const seatStates = ['none', 'drawn', 'committed', 'revealed', 'exposed'] as const;
export type SeatState = (typeof seatStates)[number];

export interface JuryTerms {
  readonly commitBlocks: number;
  readonly sealBlocks: number;
  readonly revealBlocks: number;
  readonly appealBlocks: number;
  readonly seedBlocks: number;
  readonly stakeDelay: number;
  readonly jurorsMax: number;
  readonly rollsMax: number;
  readonly appealsMax: number;
  readonly incoherentBps: number;
  readonly absentBps: number;
  readonly alphaBps: number;
  /** Amounts in acorns. */
  readonly minStake: bigint;
  readonly feePerJuror: bigint;
  readonly floor: bigint;
}

/** A question as it was asked; what it is about is in `content`, which only the event keeps. */
export interface AskedQuestion {
  readonly id: bigint;
  readonly asker: ContractAddress;
  readonly questionHash: `0x${string}`;
  /** Highest outcome of its own; 0 is INVALID. */
  readonly outcomes: number;
  readonly openBlock: bigint;
  readonly jurors: number;
  readonly data: `0x${string}`;
}

export interface Question {
  readonly asker: ContractAddress;
  readonly questionHash: `0x${string}`;
  readonly outcomes: number;
  readonly tooEarly: boolean;
  readonly jurors: number;
  readonly askBlock: bigint;
  readonly openBlock: bigint;
  readonly instance: number;
  readonly rounds: number;
  readonly ruling: number;
  readonly talliedBlock: bigint;
  readonly finalBlock: bigint;
  readonly executed: boolean;
  /** Acorns held for it: fees, appeals and penalties that nobody was credited yet. */
  readonly held: bigint;
}

export interface JuryRound {
  readonly instance: number;
  readonly seats: number;
  readonly filled: number;
  readonly startBlock: bigint;
  /** 0 until the jury is drawn, as are the windows. */
  readonly drawnBlock: bigint;
  readonly commitEnd: bigint;
  readonly revealStart: bigint;
  readonly revealEnd: bigint;
  readonly decided: boolean;
  readonly winner: number;
  readonly pot: bigint;
  readonly fee: bigint;
}

export interface JurySeat {
  readonly seat: number;
  readonly juror: ContractAddress;
  readonly state: SeatState;
  /** Meaningful once revealed. */
  readonly outcome: number;
  readonly hash: `0x${string}`;
}

export interface Juror {
  readonly enrolled: bigint;
  readonly leaving: bigint;
  readonly leavingUntil: bigint;
  readonly reserved: bigint;
}

export interface Ruling {
  readonly status: QuestionStatus;
  readonly outcome: number;
  /** First height in which a ruling or its absence is final; 0 before. */
  readonly finalBlock: number;
}

export class JuryClient {
  readonly transport: Transport;
  readonly address: ContractAddress;
  #terms: JuryTerms | undefined;

  constructor(transport: Transport, address: ContractAddress) {
    this.transport = transport;
    this.address = address;
  }

  /** Fixed at genesis, so they are read once. */
  async terms(): Promise<JuryTerms> {
    this.#terms ??= await this.#ask<JuryTerms>('terms', []);
    return this.#terms;
  }

  /** As the next block would see it. */
  async rulingOf(id: bigint): Promise<Ruling> {
    const [status, outcome, finalBlock] = await this.#ask<[number, number, bigint]>('outcomeOf', [
      id,
    ]);
    return {
      status: questionStatuses[status] ?? 'unknown',
      outcome,
      finalBlock: Number(finalBlock),
    };
  }

  /** @throws ContractRefusal UnknownQuestion */
  question(id: bigint): Promise<Question> {
    return this.#ask<Question>('getQuestion', [id]);
  }

  round(id: bigint, round: number): Promise<JuryRound> {
    return this.#ask<JuryRound>('getRound', [id, round]);
  }

  /** The seats of a round that are drawn so far. */
  async seats(id: bigint, round: number, filled: number): Promise<readonly JurySeat[]> {
    return Promise.all(
      Array.from({ length: filled }, async (_, seat) => {
        const [juror, state, outcome, hash] = await this.#ask<
          [ContractAddress, number, number, `0x${string}`]
        >('getVote', [id, round, seat]);
        return { seat, juror, state: seatStates[state] ?? 'none', outcome, hash };
      }),
    );
  }

  juror(account: ContractAddress): Promise<Juror> {
    return this.#ask<Juror>('jurorOf', [account]);
  }

  /** Juror stake that a question asked now would draw from, and below which none is taken. */
  async stake(): Promise<{ readonly active: bigint; readonly floor: bigint }> {
    const [active, floor] = await this.#ask<[bigint, bigint]>('juryStake', []);
    return { active, floor };
  }

  claimable(account: ContractAddress): Promise<bigint> {
    return this.#ask<bigint>('claimable', [account]);
  }

  /** What that side of an appeal costs, in acorns. */
  appealCost(id: bigint, outcome: number): Promise<bigint> {
    return this.#ask<bigint>('appealCost', [id, outcome]);
  }

  /** Questions asked from height `from` to `to`, oldest first; with `id` that one alone. */
  async asked(from: number, to: number, id?: bigint): Promise<readonly AskedQuestion[]> {
    const match = id === undefined ? {} : { id };
    const query = { address: this.address, abi: juryAbi, event: 'Asked', match, from, to };
    const events = await readEvents<AskedQuestion>(this.transport, query);
    return events.map((event) => event.arguments);
  }

  #ask<Result>(name: string, parameters: readonly unknown[]): Promise<Result> {
    return view<Result>(this.transport, this.address, juryAbi, name, parameters);
  }
}

/** What one vote can cost, rounded up as the contract does: for a wrong one and for none. */
export function penaltiesOf(terms: JuryTerms): { readonly wrong: bigint; readonly absent: bigint } {
  const lock = (terms.minStake * BigInt(terms.alphaBps)) / 10_000n;
  const part = (bps: number): bigint => (lock * BigInt(bps) + 9_999n) / 10_000n;
  return { wrong: part(terms.incoherentBps), absent: part(terms.absentBps) };
}

/**
 * Blocks from a question to its end when every jury is rolled and every appeal is funded, with a
 * commit window more for each round, because draws and tallies wait for somebody to send them.
 */
export function questionBlocks(terms: JuryTerms): number {
  const { commitBlocks, sealBlocks, revealBlocks, appealBlocks, seedBlocks } = terms;
  const round = seedBlocks + 2 * commitBlocks + sealBlocks + revealBlocks;
  const instance = round * (terms.rollsMax + 1) + appealBlocks + sealBlocks;
  return instance * (terms.appealsMax + 1);
}

/**
 * The jury that the network's commit-reveal feeds dispute before; undefined without such feeds, and
 * where the genesis file has no contract at its address.
 */
export async function findJury(client: OracleClient): Promise<JuryClient | undefined> {
  const feed = (await client.feeds()).find(({ kind }) => kind === 'commit-reveal');
  if (feed === undefined) return undefined;
  const { transport } = client;
  const parts = await view<readonly ContractAddress[]>(transport, feed.oracle, oracleAbi, 'parts');
  const address = parts[3] as ContractAddress;
  const code = await transport.request('eth_getCode', [address, 'latest']);
  return code === '0x' ? undefined : new JuryClient(transport, address);
}
