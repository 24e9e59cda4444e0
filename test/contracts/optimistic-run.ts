/** Random actions of asserters, disputers, jurors and recipients, and an end to all of them. */

import fc from 'fast-check';
import type { Hex } from 'viem';
import { expect } from 'vitest';
import {
  OptimisticScene,
  optimistic,
  outcomes,
  people,
  recipient,
  settler,
  states,
} from './optimistic-scene.ts';
import { modes } from './stand-in.ts';

export type Action =
  | { readonly kind: 'assert'; readonly callback: boolean; readonly surplus: bigint }
  | { readonly kind: 'dispute' | 'settle' | 'retry'; readonly which: number }
  | { readonly kind: 'rule'; readonly which: number; readonly outcome: keyof typeof outcomes }
  | { readonly kind: 'void'; readonly which: number }
  | { readonly kind: 'mode'; readonly mode: keyof typeof modes }
  | { readonly kind: 'jury'; readonly there: boolean }
  | { readonly kind: 'claim'; readonly who: number }
  | { readonly kind: 'mine'; readonly blocks: number };

const which = fc.nat(7);
export const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({
    kind: fc.constant('assert' as const),
    callback: fc.boolean(),
    surplus: fc.bigInt({ min: 0n, max: 100n }),
  }),
  fc.record({ kind: fc.constantFrom('dispute', 'dispute', 'settle', 'retry'), which }),
  fc.record({
    kind: fc.constant('rule' as const),
    which,
    outcome: fc.constantFrom('invalid', 'true', 'false', 'tooEarly'),
  }),
  fc.record({ kind: fc.constant('void' as const), which }),
  fc.record({
    kind: fc.constant('mode' as const),
    mode: fc.constantFrom('accept', 'revert', 'burn', 'reenter', 'flood'),
  }),
  fc.record({ kind: fc.constant('jury' as const), there: fc.boolean() }),
  fc.record({ kind: fc.constant('claim' as const), who: fc.nat(2) }),
  fc.record({ kind: fc.constant('mine' as const), blocks: fc.integer({ min: 1, max: 25 }) }),
) as fc.Arbitrary<Action>;

/** One random life of the contract: any action at any time, most of which it refuses. */
export class RandomRun {
  readonly world: OptimisticScene;
  /** Assertions whose question the jury has answered: what it said stays. */
  readonly #answered = new Set<Hex>();

  constructor(standIn: Uint8Array, fee: bigint, burnBps: number) {
    this.world = new OptimisticScene(standIn, fee, { burnBps });
    this.world.setRecipient('oracle', BigInt(optimistic.address));
  }

  take(step: Action): void {
    const { world } = this;
    if (step.kind === 'assert') this.#assert(step.callback, step.surplus);
    else if (step.kind === 'mode') world.setRecipient('mode', modes[step.mode]);
    else if (step.kind === 'jury') world.setJury('floor', step.there ? 0n : 1n);
    else if (step.kind === 'claim') world.chain.send(people[step.who] as Hex, optimistic, 'claim');
    else if (step.kind === 'mine') world.chain.mine(step.blocks);
    else this.#touch(step, world.ids[step.which]);
  }

  #touch(step: Exclude<Action, { kind: 'assert' | 'mode' | 'jury' | 'claim' | 'mine' }>, id?: Hex) {
    const { world } = this;
    if (id === undefined) return;
    if (step.kind === 'dispute') world.dispute(id);
    else if (step.kind === 'settle') world.settle(id);
    else if (step.kind === 'retry') world.chain.send(settler, optimistic, 'retryCallback', [id]);
    else if (this.#asks(id)) {
      this.#answer(id, step.kind === 'rule' ? outcomes[step.outcome] : undefined);
    }
  }

  #assert(callback: boolean, surplus: bigint): void {
    const { world } = this;
    if (world.ids.length > 7) return;
    const bond = world.minimumBond() + surplus;
    const nonce = BigInt(world.ids.length);
    world.assert({ bond, nonce, ...(callback ? { callback: recipient.address } : {}) });
  }

  #asks(id: Hex): boolean {
    const { state, question } = this.world.assertion(id);
    return state === states.disputed && question !== 0n && !this.#answered.has(id);
  }

  #answer(id: Hex, outcome: bigint | undefined): void {
    this.#answered.add(id);
    if (outcome === undefined) this.world.void(id);
    else this.world.rule(id, outcome);
  }

  /** Whatever happened before, everything ends and everybody is paid. */
  finish(): void {
    const { world } = this;
    for (const id of world.ids) if (this.#asks(id)) this.#answer(id, outcomes.false);
    world.chain.mine(50);
    for (const id of world.ids) {
      if (world.assertion(id).state <= states.disputed) world.mustSettle(id);
      expect(world.assertion(id).state).toBeGreaterThan(states.disputed);
    }
    world.drain();
    expect(world.chain.balance(optimistic.address)).toBe(0n);
  }
}
