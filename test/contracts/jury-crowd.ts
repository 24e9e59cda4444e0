/** Jurors and appellants of a random life: they serve, more or less, and make trouble. */

import type { Hex } from 'viem';
import type { ContractChain, Target } from '../support/contract-chain.ts';
import { type Pick, pickOf } from '../support/pick.ts';
import { hashOf, saltOf, shortTerms, status } from './jury-scene.ts';
import { hunter, jury, stranger } from './oracle-scene.ts';

/** What one seat reserves of its juror's stake. */
export const jurySeat = (shortTerms.minStake * 12n) / 10n;

type Send = (
  from: Hex,
  target: Target,
  name: string,
  args?: readonly unknown[],
  value?: bigint,
) => unknown;

export class JuryCrowd {
  readonly #chain: ContractChain;
  readonly #jurors: readonly { readonly address: Hex }[];
  readonly #pick: Pick;
  readonly #send: Send;
  /** What was committed, by question, round and vote. */
  readonly #committed = new Map<string, number>();

  constructor(
    chain: ContractChain,
    jurors: readonly { readonly address: Hex }[],
    pick: Pick,
    send: Send,
  ) {
    this.#chain = chain;
    this.#jurors = jurors;
    this.#pick = pick;
    this.#send = send;
  }

  #status(id: bigint): number {
    return this.#chain.read<readonly [number]>(jury, 'outcomeOf', [id])[0];
  }

  isExecuted(id: bigint): boolean {
    return this.#chain.read<{ executed: boolean }>(jury, 'getQuestion', [id]).executed;
  }

  /** What anybody may do for a question. */
  pass(id: bigint, steps = 1_000): void {
    const now = this.#status(id);
    if (now === status.drawing) this.#send(stranger, jury, 'draw', [id, steps]);
    if (now === status.tally) this.#send(stranger, jury, 'tally', [id]);
    if (now >= status.ruled && !this.isExecuted(id)) {
      this.#send(stranger, jury, 'execute', [id, steps]);
    }
  }

  /** What a question waits for, sometimes by those whose duty it is. */
  serve(id: bigint): void {
    const pick = this.#pick;
    const now = this.#status(id);
    if (now === status.commit || now === status.reveal) this.#vote(id, now);
    else if (now === status.appeal) {
      if (pick(12) === 0) this.#appeal(id);
    } else if (pick(3) === 0) this.pass(id, 1 + pick(12));
  }

  #round(id: bigint): { readonly round: number; readonly filled: number } {
    const { rounds } = this.#chain.read<{ rounds: number }>(jury, 'getQuestion', [id]);
    const round = rounds - 1;
    return { round, ...this.#chain.read<{ filled: number }>(jury, 'getRound', [id, round]) };
  }

  /** Every third question is judged wrongly by most, every fifth hardly at all; some votes are for anything. */
  #vote(id: bigint, now: number): void {
    const pick = this.#pick;
    const { round, filled } = this.#round(id);
    const zeal = id % 5n === 1n ? 5 : 40;
    for (let voteId = 0; voteId < filled; voteId++) {
      if (pick(100) >= zeal) continue;
      const [juror, state] = this.#chain.read<readonly [Hex, number]>(jury, 'getVote', [
        id,
        round,
        voteId,
      ]);
      const key = `${id} ${round} ${voteId}`;
      const salt = saltOf(id, round, voteId);
      if (now === status.commit) {
        const outcome = pick(10) === 0 ? pick(4) : id % 3n === 0n ? 1 : 2;
        this.#committed.set(key, outcome);
        const hash = hashOf(id, round, juror, outcome, salt);
        this.#send(juror, jury, 'commitVote', [id, [voteId], hash]);
        if (pick(30) === 0) {
          this.#send(hunter, jury, 'proveEarlyReveal', [id, [voteId], juror, outcome, salt]);
        }
      } else if (state === 2) {
        const outcome = this.#committed.get(key) ?? 1;
        this.#send(juror, jury, 'revealVote', [id, [voteId], outcome, salt]);
      }
    }
  }

  #appeal(id: bigint): void {
    const outcome = this.#pick(3);
    const cost = this.#chain.read<bigint>(jury, 'appealCost', [id, outcome]);
    const from = pickOf(this.#pick, [hunter, stranger]);
    this.#send(from, jury, 'fundAppeal', [id, outcome], cost - (this.#pick(10) === 0 ? 1n : 0n));
  }

  /** One senseless or hostile act. */
  trouble(questions: readonly bigint[], amount: bigint): void {
    const pick = this.#pick;
    const { address } = pickOf(pick, this.#jurors);
    const id = questions.length === 0 ? 1n : pickOf(pick, questions);
    const seats = jurySeat * BigInt(pick(3));
    const acts: (() => unknown)[] = [
      () => this.#send(address, jury, 'leave', [seats + amount]),
      () => this.#send(address, jury, 'enroll', [seats]),
      () => this.#send(address, jury, 'unlock'),
      () => this.#send(address, jury, 'tally', [id]),
      () => this.#send(address, jury, 'execute', [id, pick(9)]),
      () => this.#send(address, jury, 'draw', [id, pick(9)]),
      () => this.#send(address, jury, 'commitVote', [id, [pick(9)], saltOf(id, 0, 0)]),
      () => this.#send(address, jury, 'revealVote', [id, [pick(9)], pick(4), saltOf(id, 0, 0)]),
      () => this.#send(address, jury, 'fundAppeal', [id, pick(3)], amount),
    ];
    pickOf(pick, acts)();
  }

  /** All jurors leave and unlock what they have. */
  disband(): void {
    const enrolled = (person: Hex) =>
      this.#chain.read<{ enrolled: bigint; leaving: bigint }>(jury, 'jurorOf', [person]);
    for (const { address } of this.#jurors) {
      const amount = enrolled(address).enrolled;
      if (amount > 0n) this.#chain.mustSend(address, jury, 'leave', [amount]);
    }
    this.#chain.mine(shortTerms.stakeDelay + shortTerms.seedBlocks + shortTerms.commitBlocks);
    for (const { address } of this.#jurors) {
      if (enrolled(address).leaving > 0n) this.#chain.mustSend(address, jury, 'unlock');
    }
  }
}
