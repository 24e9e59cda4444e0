/**
 * One random life of the oracles that share a stake: reporters, jurors, appellants and passers-by,
 * honest and hostile, act in any order over many blocks. From a seed; the books are checked at the
 * end of every block in which something happened. Then everything is driven to its end.
 */

import type { Hex } from 'viem';
import { expect } from 'vitest';
import { fromHex } from '../../src/primitives/bytes.ts';
import type { Target } from '../support/contract-chain.ts';
import { type Pick, pickerFrom, pickOf } from '../support/pick.ts';
import { account } from './artifacts.ts';
import { JuryCrowd, jurySeat } from './jury-crowd.ts';
import {
  collector,
  deadAddress,
  fund,
  hashOf,
  hunter,
  jury,
  OracleScene,
  oak,
  oracle,
  registry,
  reportersOf,
  saltOf,
  stakes,
  stranger,
  weightUnit,
} from './oracle-scene.ts';

const configuration = {
  period: 24,
  commitBlocks: 6,
  sealBlocks: 2,
  revealBlocks: 6,
  disputeBlocks: 12,
  weightCapBps: 4_000,
  rewardPerRound: 10n ** 17n,
};
const FINAL = 2;
const VOID = 3;
const DISPUTED = 4;
const REFUTED = 5;
const states = ['none', 'open', 'final', 'void', 'disputed', 'refuted'];

interface Windows {
  readonly commit: number;
  readonly seal: number;
  readonly reveal: number;
  readonly end: number;
}

/** The same check in every block of every life; holds the jury to its books too. */
class LifeScene extends OracleScene {
  readonly questions: bigint[] = [];

  /** Starts to check that all acorns together are what they were, and the jury's books. */
  begin(): void {
    const wealth = this.#sum() - this.subsidy * BigInt(this.chain.height);
    this.chain.atEndOfBlock((touched) => {
      if (!touched) return;
      expect(this.#sum()).toBe(wealth + this.subsidy * BigInt(this.chain.height + 1));
      this.#checkJury();
    });
  }

  sweep(): void {
    const { value } = this.chain.send(stranger, jury, 'sweep');
    this.donated += (value as bigint | undefined) ?? 0n;
  }

  #sum(): bigint {
    const parts = [fund, oracle, stakes, registry, jury].map(({ address }) => address);
    return [...this.people(), ...parts, deadAddress].reduce(
      (sum, person) => sum + this.chain.balance(person),
      0n,
    );
  }

  #checkJury(): void {
    let owed = 0n;
    for (const id of this.questions) {
      owed += this.chain.read<{ held: bigint }>(jury, 'getQuestion', [id]).held;
    }
    for (const person of [...this.people(), fund.address, oracle.address]) {
      owed += this.chain.read<bigint>(jury, 'claimable', [person]);
    }
    expect(this.chain.balance(jury.address)).toBe(owed);
  }
}

export class OracleLife {
  readonly scene: LifeScene;
  /** How often each event was seen; rounds by how they ended, penalties by reason. */
  readonly seen = new Map<string, number>();
  accepted = 0;
  refused = 0;
  readonly #pick: Pick;
  readonly #crowd: JuryCrowd;
  /** What each reporter committed, by feed, round and reporter. */
  readonly #committed = new Map<string, bigint>();

  constructor(seed: number) {
    this.#pick = pickerFrom(seed);
    const jurors = [20n, 17n, 14n, 25n].map((seats, index) => ({
      address: account(0xc1 + index),
      stake: seats * jurySeat,
    }));
    const weights = [20n, 30n, 25n, 22n, 40n];
    this.scene = new LifeScene(reportersOf(weights), configuration, ['BTC/USD', 'ETH/USD'], jurors);
    for (const { address } of jurors) this.scene.chain.world.credit(fromHex(address), oak);
    this.scene.begin();
    this.#crowd = new JuryCrowd(this.scene.chain, jurors, this.#pick, (...call) =>
      this.send(...call),
    );
  }

  /** `blocks` blocks of anything at any time. */
  live(blocks: number): void {
    for (let count = 0; count < blocks; count++) {
      for (const feed of this.scene.feeds) this.#attend(feed);
      for (const id of this.scene.questions) this.#crowd.serve(id);
      for (let turns = this.#pick(4); turns > 0; turns--) this.#anything();
      this.scene.chain.mine();
    }
  }

  /** Any refusal is fine, but the contract must know why. */
  send(
    from: Hex,
    target: Target,
    name: string,
    args: readonly unknown[] = [],
    value = 0n,
  ): unknown {
    const result = this.scene.chain.send(from, target, name, args, value);
    if (result.error === undefined) this.accepted++;
    else {
      this.refused++;
      expect(result.error, name).toMatch(/^(?!Panic|unknown|trap|revert)\w+\(.*\)$/);
    }
    for (const { name: event, args: facts } of result.events) {
      this.#count(event === 'Penalized' ? `Penalized ${facts.reason}` : event);
    }
    return result.value;
  }

  #count(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1);
  }

  #chance(percent: number): boolean {
    return this.#pick(100) < percent;
  }

  #windows(feed: Hex, round: bigint): Windows {
    const [commit, seal, reveal, end] = this.scene.chain
      .read<readonly bigint[]>(oracle, 'windows', [feed, round])
      .map(Number);
    return { commit, seal, reveal, end } as Windows;
  }

  /** What the feed's present round and its last ones wait for, more or less done. */
  #attend(feed: Hex): void {
    const { chain } = this.scene;
    const round = chain.read<bigint>(oracle, 'currentRound', [feed]);
    const { seal, reveal, end } = this.#windows(feed, round);
    if (chain.height < seal) this.#commitSome(feed, round);
    else if (chain.height >= reveal && chain.height < end) this.#revealSome(feed, round);
    for (let back = 0n; back < 4n && back < round; back++) this.#advance(feed, round - back, 30);
  }

  /** In one round of five most reporters agree on a lie. */
  #valueOf(feed: Hex, round: bigint, index: number): bigint {
    const mood = Number(BigInt(feed) % 7n) + Number(round);
    if (mood % 5 === 0 && index < 3) return 14_000n;
    if (mood % 7 === 3 && index === 4) return 11_000n;
    return 10_000n + BigInt(this.#pick(40));
  }

  #commitSome(feed: Hex, round: bigint): void {
    const holders = this.scene.chain.read<readonly Hex[]>(oracle, 'seatsOf', [feed, round]);
    for (const [index, reporter] of holders.entries()) {
      if (!this.#chance(35)) continue;
      const value = this.#valueOf(feed, round, index);
      const hash = hashOf(feed, round, reporter, value, this.#salt(feed, round, reporter));
      const key = `${feed} ${round} ${reporter}`;
      const before = this.accepted;
      this.send(reporter, oracle, 'commit', [feed, round, hash]);
      if (this.accepted > before) this.#committed.set(key, value);
      if (this.#chance(3)) this.#expose(feed, round, reporter);
    }
  }

  #salt(feed: Hex, round: bigint, reporter: Hex): Hex {
    return saltOf(`${reporter}${feed.slice(2)}`, round);
  }

  #report(feed: Hex, round: bigint, reporter: Hex): readonly [bigint, Hex] {
    const value = this.#committed.get(`${feed} ${round} ${reporter}`) ?? 1n;
    return [value, this.#salt(feed, round, reporter)];
  }

  #expose(feed: Hex, round: bigint, reporter: Hex): void {
    const [value, salt] = this.#report(feed, round, reporter);
    this.send(hunter, oracle, 'proveEarlyReveal', [feed, round, reporter, value, salt]);
  }

  #revealSome(feed: Hex, round: bigint): void {
    const holders = this.scene.chain.read<readonly Hex[]>(oracle, 'seatsOf', [feed, round]);
    for (const reporter of holders) {
      if (!this.#chance(40)) continue;
      const [value, salt] = this.#report(feed, round, reporter);
      this.send(reporter, oracle, 'reveal', [feed, round, value, salt]);
    }
  }

  /** What a round waits for after its reveals, with some probability; returns its state. */
  #advance(feed: Hex, round: bigint, percent: number): number {
    const { state, unsettled, value } = this.scene.chain.read<{
      state: number;
      unsettled: number;
      value: bigint;
    }>(oracle, 'getRound', [feed, round]);
    if (!this.#chance(percent)) return state;
    const about = [feed, round];
    if (state === 1) this.send(collector, oracle, 'finalize', about);
    if (state === FINAL && (value > 12_000n || this.#chance(4)) && percent < 100) {
      this.#dispute(feed, round);
    }
    if (state === DISPUTED) this.send(stranger, oracle, 'resolveDispute', about);
    if ([FINAL, VOID, REFUTED].includes(state) && unsettled > 0) {
      this.send(stranger, oracle, 'settle', [...about, percent < 100 ? this.#pick(5) : 64]);
    }
    return state;
  }

  #dispute(feed: Hex, round: bigint): void {
    const cost = this.scene.chain.read<bigint>(oracle, 'disputeCost');
    const value = cost + (this.#chance(5) ? 1n : 0n);
    const from = pickOf(this.#pick, [hunter, stranger, this.scene.reporter(0)]);
    const question = this.send(from, oracle, 'disputeRound', [feed, round], value);
    if (typeof question === 'bigint') this.scene.questions.push(question);
  }

  /** One act of somebody, sensible or not. */
  #anything(): void {
    const pick = this.#pick;
    const { scene } = this;
    const person = pickOf(pick, scene.people());
    const feed = pickOf(pick, scene.feeds);
    const now = scene.chain.read<bigint>(oracle, 'currentRound', [feed]);
    const round = BigInt(Math.max(0, Number(now) + 1 - pick(4)));
    const amount = weightUnit * BigInt(pick(60));
    const acts: (() => unknown)[] = [
      () => this.send(person, stakes, 'requestExit', [amount / 4n]),
      () => this.send(person, stakes, 'withdraw'),
      () => this.send(pickOf(pick, [stranger, hunter]), stakes, 'deposit', [], amount),
      () => this.#chance(20) && this.send(person, oracle, 'takeSeat', [feed]),
      () => this.send(stranger, oracle, 'takeSeat', [feed]),
      () => this.send(person, oracle, 'claim'),
      () => this.send(person, jury, 'claim'),
      () => this.send(stranger, oracle, 'fund', [feed], amount),
      () => this.send(person, fund, 'collect', [feed]),
      () => this.send(person, oracle, 'finalize', [feed, round]),
      () => this.send(person, oracle, 'settle', [feed, round, pick(70)]),
      () => this.send(person, oracle, 'resolveDispute', [feed, round]),
      () => this.send(person, oracle, 'commit', [feed, round, saltOf(person, round)]),
      () => this.#expose(feed, round, scene.reporter(pick(5))),
      () => this.send(person, oracle, 'reveal', [feed, round, 1n, saltOf(person, round)]),
      () => this.send(person, stakes, 'slash', [saltOf(person, round), 1n, 1]),
      () => this.#crowd.trouble(scene.questions, amount),
      () => scene.sweep(),
    ];
    pickOf(pick, acts)();
  }

  /** Only passers-by act, and owners who want their money: nothing may be left behind. */
  end(): void {
    const { chain, feeds } = this.scene;
    const rounds = feeds.flatMap((feed) => {
      const now = chain.read<bigint>(oracle, 'currentRound', [feed]);
      return Array.from({ length: Number(now) }, (_, index) => [feed, BigInt(index + 1)] as const);
    });
    const isOver = (): boolean =>
      rounds.every(([feed, round]) => this.#isSettled(feed, round)) &&
      this.scene.questions.every((id) => this.#crowd.isExecuted(id));
    for (let blocks = 0; !isOver(); blocks++) {
      expect(blocks, 'something is stuck').toBeLessThan(1_500);
      for (const [feed, round] of rounds) this.#advance(feed, round, 100);
      for (const id of this.scene.questions) this.#crowd.pass(id);
      chain.mine();
    }
    for (const [feed, round] of rounds) {
      const { state, left } = chain.read<{ state: number; left: bigint }>(oracle, 'getRound', [
        feed,
        round,
      ]);
      expect(left).toBe(0n);
      expect([1, DISPUTED]).not.toContain(state);
      this.#count(`round ${states[state]}`);
    }
    this.#leave();
  }

  #isSettled(feed: Hex, round: bigint): boolean {
    const { state, unsettled } = this.scene.chain.read<{ state: number; unsettled: number }>(
      oracle,
      'getRound',
      [feed, round],
    );
    return state === 0 || (state !== 1 && state !== DISPUTED && unsettled === 0);
  }

  /** Everybody takes what is theirs; pots alone remain, for coming rounds. */
  #leave(): void {
    const { scene } = this;
    const { chain } = scene;
    this.#crowd.disband();
    scene.sweep();
    for (const person of scene.people()) {
      for (const target of [oracle, jury]) {
        if (chain.read<bigint>(target, 'claimable', [person]) === 0n) continue;
        chain.mustSend(person, target, 'claim');
      }
      const active = chain.read<bigint>(stakes, 'stakeOf', [person]);
      if (active > 0n) chain.mustSend(person, stakes, 'requestExit', [active]);
    }
    chain.mine(100);
    for (const person of scene.people()) {
      const [, exiting] = chain.read<readonly bigint[]>(stakes, 'accountOf', [person]);
      if ((exiting as bigint) > 0n) chain.mustSend(person, stakes, 'withdraw');
    }
    chain.mine();
    expect(chain.balance(jury.address)).toBe(0n);
    expect(chain.balance(stakes.address)).toBe(0n);
    const pots = scene.feeds.map((feed) => chain.read<bigint>(oracle, 'potOf', [feed]));
    expect(chain.balance(oracle.address)).toBe(pots.reduce((sum, pot) => sum + pot, 0n));
  }
}
