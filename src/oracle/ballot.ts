/**
 * The votes of one juror: which seats it holds, what it promised for them, commit and reveal. One
 * outcome for all its seats of a round, written down before it leaves.
 */

import { type ContractAddress, calldata } from './contracts.ts';
import type { JuryClient, JurySeat, Question } from './jury.ts';
import { juryAbi } from './jury-abi.ts';
import { outcomeBehind, type VotePlace, voteHash, voteSalt } from './vote.ts';
import { questionText, type VoteBook } from './vote-book.ts';
import type { Wallet } from './wallet.ts';

/** Another place signs for this juror: going on could show one seat two votes. */
export class ForeignVote extends Error {
  readonly code = 'foreign-vote';
  constructor(question: bigint, juror: string) {
    const remedy = 'find out who else has the key, then start again';
    super(
      `question ${questionText(question)} has a vote of ${juror} that is not in its book: ${remedy}`,
    );
    this.name = 'ForeignVote';
  }
}

export interface OwnSeats {
  readonly question: Question;
  /** The running round, from 0. */
  readonly round: number;
  readonly seats: readonly JurySeat[];
}

/** Numbers of the seats in a state. */
export function seatsIn({ seats }: OwnSeats, wanted: JurySeat['state']): readonly number[] {
  return seats.filter(({ state }) => state === wanted).map(({ seat }) => seat);
}

export class Ballot {
  readonly #jury: JuryClient;
  readonly #wallet: Wallet;
  readonly #book: VoteBook | undefined;
  readonly #chainId: number;

  /** Without a book nothing can be promised: for dry runs. */
  constructor(parts: {
    readonly jury: JuryClient;
    readonly wallet: Wallet;
    readonly book: VoteBook | undefined;
    readonly chainId: number;
  }) {
    this.#jury = parts.jury;
    this.#wallet = parts.wallet;
    this.#book = parts.book;
    this.#chainId = parts.chainId;
  }

  get juror(): ContractAddress {
    return this.#wallet.address;
  }

  /** The juror's seats in the running round. @throws ContractRefusal UnknownQuestion */
  async seats(id: bigint): Promise<OwnSeats> {
    const question = await this.#jury.question(id);
    const round = question.rounds - 1;
    const { filled } = await this.#jury.round(id, round);
    const own = this.juror.toLowerCase();
    const seats = await this.#jury.seats(id, round, filled);
    return { question, round, seats: seats.filter(({ juror }) => juror.toLowerCase() === own) };
  }

  /**
   * What is promised for these seats, by the book or by what the chain shows.
   * @throws ForeignVote for a commitment that this key did not make, or made otherwise
   */
  async promised(id: bigint, { round, seats }: OwnSeats): Promise<number | undefined> {
    const { secret } = this.#wallet;
    const place = this.#place(id, round);
    let outcome = this.#book?.get(id, round);
    for (const { state, hash } of seats) {
      if (state !== 'committed') continue;
      if (outcome === undefined) {
        outcome = outcomeBehind(secret, place, this.juror, hash);
        if (outcome === undefined) throw new ForeignVote(id, this.juror);
        await this.#book?.promise(id, round, outcome);
      }
      const own = voteHash(place, this.juror, outcome, voteSalt(secret, place));
      if (hash !== own) throw new ForeignVote(id, this.juror);
    }
    return outcome;
  }

  /**
   * Promises `outcome` for a round and sends the commitment of these seats.
   * @returns hash of the transaction
   * @throws AlreadyPromised, ContractRefusal, RpcFault
   */
  async commit(
    id: bigint,
    round: number,
    seats: readonly number[],
    outcome: number,
  ): Promise<string> {
    if (this.#book === undefined) throw new Error('a vote needs its book: this is a dry run');
    await this.#book.promise(id, round, outcome);
    const place = this.#place(id, round);
    const hash = voteHash(place, this.juror, outcome, voteSalt(this.#wallet.secret, place));
    return this.#send('commitVote', [id, seats, hash]);
  }

  /** Opens the commitments of these seats. @returns hash of the transaction */
  reveal(id: bigint, round: number, seats: readonly number[], outcome: number): Promise<string> {
    const salt = voteSalt(this.#wallet.secret, this.#place(id, round));
    return this.#send('revealVote', [id, seats, outcome, salt]);
  }

  #place(question: bigint, round: number): VotePlace {
    return { chainId: this.#chainId, jury: this.#jury.address, question, round };
  }

  #send(name: string, parameters: readonly unknown[]): Promise<string> {
    return this.#wallet.send({ to: this.#jury.address, data: calldata(juryAbi, name, parameters) });
  }
}
