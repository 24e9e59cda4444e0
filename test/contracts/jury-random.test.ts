/**
 * Honest and hostile jurors, askers and appellants in any order. Whatever they do, every acorn is
 * accounted for after each block, every question ends, and everybody gets all that is owed.
 */

import fc from 'fast-check';
import type { Hex } from 'viem';
import { describe, expect, it } from 'vitest';
import {
  anyone,
  asker,
  fund,
  hashOf,
  hunter,
  JuryScene,
  jury,
  rich,
  rival,
  saltOf,
  shortTerms,
  stakes,
  status,
} from './jury-scene.ts';

/** What happens, to whom, and a number that decides the details. */
type Step = readonly [action: number, target: number, detail: number];

const seat = (shortTerms.minStake * 12n) / 10n;
const amounts = [12n, 3n, 7n, 1n, 10n, 5n].map((seats) => seats * seat);

/** Acts on a scene as the steps say, and remembers what everybody committed. */
class Crowd {
  readonly scene = new JuryScene(
    amounts,
    { ...shortTerms, rollsMax: 2, appealsMax: 2, jurorsMax: 15, floor: 15n * seat },
    2n * seat,
  );
  readonly seen = new Set<string>();
  readonly #committed = new Map<string, number>();

  /** Any refusal is fine, but the contract must know why. */
  send(from: Hex, name: string, args: readonly unknown[], value = 0n): void {
    const { error, events } = this.scene.send(from, name, args, value);
    if (error !== undefined) expect(error).toMatch(/^(?!Panic)\w+\(.*\)$/);
    for (const event of events) this.seen.add(event.name);
  }

  act([action, target, detail]: Step): void {
    const { scene } = this;
    const juror = scene.jurors[target % scene.jurors.length]?.address as Hex;
    const people = [juror, asker, rich, rival, hunter];
    if (action === 0) this.#ask(detail);
    else if (action === 1) this.send(juror, 'enroll', [seat * BigInt(detail % 3)]);
    else if (action === 2) this.send(juror, 'leave', [(seat * BigInt(detail)) / 4n]);
    else if (action === 3) this.send(juror, 'unlock', []);
    else if (action === 4) this.send(people[detail % 5] as Hex, 'claim', []);
    else this.serve(scene.ids[target % scene.ids.length], detail);
    scene.chain.mine(detail % 3);
  }

  #ask(detail: number): void {
    const [active, floor] = this.scene.chain.read<[bigint, bigint]>(jury, 'juryStake');
    if (active < floor || this.scene.ids.length >= 5) return;
    const openBlock = detail % 3 === 0 ? this.scene.chain.height + (detail % 7) : 0;
    this.scene.ask(3 + (detail % 3), 2, openBlock);
  }

  /** Does what a question waits for; `detail` says how well, undefined only what anyone would. */
  serve(id: bigint | undefined, detail?: number): void {
    if (id === undefined) return;
    const [now] = this.scene.outcome(id);
    if (now === status.drawing) this.send(anyone, 'draw', [id, (detail ?? 999) + 1]);
    if (now === status.tally) this.send(anyone, 'tally', [id]);
    if (now >= status.ruled) this.send(anyone, 'execute', [id, (detail ?? 999) + 1]);
    if (detail === undefined) return;
    if (now === status.commit || now === status.reveal) this.#vote(id, now, detail);
    if (now === status.seal && detail % 2 === 0) this.#expose(id, detail);
    if (now === status.appeal) this.#appeal(id, detail);
  }

  #vote(id: bigint, now: number, detail: number): void {
    const round = this.scene.question(id).rounds - 1;
    for (let voteId = 0; voteId < this.scene.round(id, round).filled; voteId++) {
      const key = `${id} ${round} ${voteId}`;
      const [juror, state] = this.scene.vote(id, voteId, round);
      const salt = saltOf(id, round, voteId);
      if (now === status.commit) {
        if (state !== 1 || (voteId + detail) % 5 === 0) continue;
        const outcome = (voteId * detail) % 7 < 4 ? 1 : (voteId + detail) % 4;
        this.#committed.set(key, outcome);
        this.send(juror, 'commitVote', [id, [voteId], hashOf(id, round, juror, outcome, salt)]);
      } else if (state === 2 && (voteId + detail) % 6 !== 0) {
        this.send(juror, 'revealVote', [id, [voteId], this.#committed.get(key), salt]);
      }
    }
  }

  #expose(id: bigint, detail: number): void {
    const round = this.scene.question(id).rounds - 1;
    const voteId = detail % this.scene.round(id, round).seats;
    const outcome = this.#committed.get(`${id} ${round} ${voteId}`) ?? 1;
    const [juror] = this.scene.vote(id, voteId, round);
    const proof = [id, [voteId], juror, outcome, saltOf(id, round, voteId)];
    this.send(hunter, 'proveEarlyReveal', proof);
  }

  #appeal(id: bigint, detail: number): void {
    const outcome = detail % 3;
    const cost = this.scene.chain.read<bigint>(jury, 'appealCost', [id, outcome]);
    this.send(outcome === 1 ? rich : rival, 'fundAppeal', [id, outcome], cost);
  }

  /** Nobody but passers-by does anything any more: still everything ends. */
  end(): void {
    const { scene } = this;
    const open = () => scene.ids.filter((id) => !scene.question(id).executed);
    for (let blocks = 0; blocks < 2_000 && open().length > 0; blocks++) {
      for (const id of open()) this.serve(id);
      scene.chain.mine();
    }
    expect(open()).toEqual([]);
    for (const id of scene.ids) expect(scene.question(id).held).toBe(0n);
    for (const person of scene.people()) {
      if (person !== fund.address && scene.claimable(person) > 0n) {
        scene.mustSend(person, 'claim', []);
      }
    }
    if (scene.claimable(fund.address) > 0n) scene.mustSend(anyone, 'sweep', []);
    expect(scene.chain.balance(jury.address)).toBe(0n);
  }

  /** Nothing is left behind that nobody can have. */
  settleAccounts(): void {
    const { scene } = this;
    for (const { address } of scene.jurors) {
      const { enrolled } = scene.juror(address);
      if (enrolled > 0n) scene.mustSend(address, 'leave', [enrolled]);
    }
    scene.chain.mine(20);
    for (const { address } of scene.jurors) {
      if (scene.juror(address).leaving > 0n) scene.mustSend(address, 'unlock', []);
      const [active, exiting, , locked] = scene.chain.read<bigint[]>(stakes, 'accountOf', [
        address,
      ]);
      expect([exiting, locked]).toEqual([0n, 0n]);
      if (active === 0n) continue;
      scene.chain.mustSend(address, stakes, 'requestExit', [active]);
    }
    scene.chain.mine(10);
    expect(scene.chain.read(jury, 'juryStake')).toEqual([0n, scene.terms.floor]);
  }
}

const step: fc.Arbitrary<Step> = fc.tuple(
  fc.oneof({ weight: 1, arbitrary: fc.nat(4) }, { weight: 4, arbitrary: fc.constant(5) }),
  fc.nat(29),
  fc.nat(29),
);

describe('any order of events', () => {
  it('keeps the books, ends every question and pays everybody', () => {
    const seen = new Set<string>();
    const property = fc.property(fc.array(step, { minLength: 120, maxLength: 200 }), (steps) => {
      const crowd = new Crowd();
      for (let count = 0; count < 3; count++) crowd.act([0, 0, count]);
      for (const item of steps) crowd.act(item);
      crowd.end();
      crowd.settleAccounts();
      for (const name of crowd.seen) seen.add(name);
    });
    fc.assert(property, { seed: 7, numRuns: 3 });
    expect([...seen]).toEqual(
      expect.arrayContaining([
        'AppealFunded',
        'DrawFailed',
        'Executed',
        'JurorShift',
        'Ruled',
        'Slashed',
        'Voided',
        'VoteExposed',
      ]),
    );
  });
});
