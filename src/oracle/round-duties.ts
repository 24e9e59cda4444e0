/**
 * What any reporter may do for a feed's past rounds: finalize, carry out rulings, settle, and claim
 * what is its own. Each waits its turn, so that not all of them send the same.
 */

import type { AgentHand } from './agent-hand.ts';
import type { Feed, OracleClient } from './client.ts';
import { ContractRefusal, calldata, oracleAbi } from './contracts.ts';
import { DisputedRounds } from './disputes.ts';
import { roundStates } from './states.ts';

/** Rounds that can be settled; a disputed one waits for its ruling. */
const overStates: ReadonlySet<number> = new Set([
  roundStates.final,
  roundStates.void,
  roundStates.refuted,
]);

/** Above the longest span in which a round is looked at: three periods of 2,000 blocks and more. */
const finishedBlocks = 10_000;
/** Past rounds looked at for reveals, finalization and settlement. */
export const roundsBehind = 3;
/** Seats that one settle transaction works through. */
const settleSeats = 64;

export class RoundDuties {
  readonly #client: OracleClient;
  readonly #hand: AgentHand;
  readonly #terms: { readonly patienceBlocks: number; readonly claimFrom: bigint };
  readonly #disputes: DisputedRounds;
  /** Rounds with nothing left to do, and the height at which that was seen. */
  readonly #finished = new Map<string, number>();
  /** Height from which a step of a disputed round was seen to be possible, by its name. */
  readonly #possibleFrom = new Map<string, number>();

  constructor(
    client: OracleClient,
    hand: AgentHand,
    terms: { readonly patienceBlocks: number; readonly claimFrom: bigint },
  ) {
    this.#client = client;
    this.#hand = hand;
    this.#terms = terms;
    this.#disputes = new DisputedRounds(client);
  }

  /** Forgets rounds that lie far behind. */
  forget(height: number): void {
    for (const known of [this.#finished, this.#possibleFrom]) {
      for (const [name, seen] of known) {
        if (height - seen > finishedBlocks) known.delete(name);
      }
    }
  }

  /** Does what is due for the rounds up to `current`. */
  async finish(feed: Feed, current: number, height: number): Promise<void> {
    const { patienceBlocks } = this.#terms;
    for (let round = Math.max(1, current - roundsBehind); round <= current; round++) {
      const { revealEnd } = await this.#client.windows(feed, round);
      const name = `${feed.id} ${round}`;
      if (height + 1 < revealEnd + patienceBlocks || this.#finished.has(name)) continue;
      const data = await this.#client.round(feed, round);
      if (data.state === roundStates.disputed) this.#disputes.add(feed, round);
      if (data.state === roundStates.open && this.#hand.isDue(`finalize ${name}`)) {
        await this.#attempt(feed, round, 'finalize', [feed.id, BigInt(round)]);
      }
      const isOver = overStates.has(data.state);
      if (data.state === roundStates.none || (isOver && data.unsettled === 0)) {
        this.#finished.set(name, height);
      } else if (isOver && this.#hand.isDue(`settle ${name}`)) {
        await this.#attempt(feed, round, 'settle', [feed.id, BigInt(round), settleSeats]);
      }
    }
    await this.#finishDisputes(feed, current - roundsBehind, height);
    await this.#claim(feed, current);
  }

  async #claim(feed: Feed, current: number): Promise<void> {
    const waiting = await this.#client.claimable(feed, this.#hand.wallet.address);
    const name = `claim ${feed.oracle}`;
    if (waiting < this.#terms.claimFrom || !this.#hand.isDue(name)) return;
    // Noted first: another feed of the same oracle must not claim the same acorns.
    this.#hand.done(name);
    await this.#act(feed, 'claim', []);
    this.#hand.say(feed, current, 'claim', waiting.toString());
  }

  /** Carries out rulings, and settles disputed rounds that are older than `oldest`. */
  async #finishDisputes(feed: Feed, oldest: number, height: number): Promise<void> {
    for (const round of await this.#disputes.of(feed, height)) {
      const { state, unsettled } = await this.#client.round(feed, round);
      const isOver = overStates.has(state);
      if (state === roundStates.disputed) {
        const isRuled = await this.#disputes.isRuled(feed, round, height);
        if (isRuled && this.#isOurTurn('resolve', feed, round, height)) {
          await this.#attempt(feed, round, 'resolve', [feed.id, BigInt(round)]);
        }
      } else if (isOver && unsettled === 0) {
        this.#disputes.done(feed, round);
      } else if (isOver && round < oldest && this.#isOurTurn('settle', feed, round, height)) {
        await this.#attempt(feed, round, 'settle', [feed.id, BigInt(round), settleSeats]);
      }
    }
  }

  /** Whether a step of a disputed round was possible for long enough that others had their turn. */
  #isOurTurn(step: 'resolve' | 'settle', feed: Feed, round: number, height: number): boolean {
    const name = `${step} ${feed.id} ${round}`;
    const from = this.#possibleFrom.get(name) ?? height;
    this.#possibleFrom.set(name, from);
    return height - from >= this.#terms.patienceBlocks && this.#hand.isDue(name);
  }

  /** What others may do as well: being too early or too late is no trouble. */
  async #attempt(
    feed: Feed,
    round: number,
    action: 'finalize' | 'resolve' | 'settle',
    parameters: readonly unknown[],
  ): Promise<void> {
    this.#hand.done(`${action} ${feed.id} ${round}`);
    try {
      await this.#act(feed, action === 'resolve' ? 'resolveDispute' : action, parameters);
      this.#hand.say(feed, round, action, '');
    } catch (error) {
      if (!(error instanceof ContractRefusal)) throw error;
    }
  }

  #act(feed: Feed, name: string, parameters: readonly unknown[]): Promise<void> {
    return this.#hand.send({ to: feed.oracle, data: calldata(oracleAbi, name, parameters) });
  }
}
