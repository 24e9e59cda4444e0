/**
 * SchellingOracle with its stake registry on a chain of its own: jurors, whole rounds in one call, and
 * a check of all books after each block in which something happened.
 */

import { type Hex, keccak256, padHex, toHex } from 'viem';
import { expect } from 'vitest';
import { fromHex } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { createVm } from '../../src/vm/vm.ts';
import { ContractChain, type Result } from '../support/contract-chain.ts';
import { account, encodeConstructor, moduleOf, targetOf } from './artifacts.ts';

export const jury = targetOf('SchellingOracle');
export const stakes = targetOf('StakeRegistry');
export const fund = targetOf('OracleFund');

export const asker = account(0xa5);
export const rich = account(0xa6);
export const rival = account(0xa7);
export const hunter = account(0xa8);
export const anyone = account(0xa9);
export const oak = 10n ** 18n;
export const weightUnit = 10n ** 12n;
const deadAddress: Hex = '0x000000000000000000000000000000000000dEaD';
const chainId = 1337;

export const INVALID = 0;
export const TOO_EARLY = 255;
export const status = {
  unknown: 0,
  open: 1,
  drawing: 2,
  commit: 3,
  seal: 4,
  reveal: 5,
  tally: 6,
  appeal: 7,
  ruled: 8,
  void: 9,
} as const;

/** Windows of the production networks, in blocks. */
export const baseTerms = {
  commitBlocks: 480,
  sealBlocks: 6,
  revealBlocks: 480,
  appealBlocks: 480,
  seedBlocks: 12,
  stakeDelay: 64,
  jurorsMax: 31,
  rollsMax: 4,
  appealsMax: 4,
  quorumBps: 5_000,
  incoherentBps: 10_000,
  absentBps: 12_000,
  alphaBps: 10_000,
  minStake: 1_000n * weightUnit,
  feePerJuror: 30n * weightUnit,
  floor: 31n * 1_200n * weightUnit,
};

/** The same order of phases in 32 blocks, for long random runs. */
export const shortTerms = {
  ...baseTerms,
  commitBlocks: 6,
  sealBlocks: 6,
  revealBlocks: 6,
  appealBlocks: 8,
  seedBlocks: 2,
  stakeDelay: 4,
};

export type Terms = typeof baseTerms;

interface QuestionFacts {
  readonly rounds: number;
  readonly instance: number;
  readonly ruling: number;
  readonly tied: boolean;
  readonly executed: boolean;
  readonly held: bigint;
  readonly talliedBlock: bigint;
  readonly finalBlock: bigint;
  readonly reopenedAs: bigint;
}

interface RoundFacts {
  readonly seats: number;
  readonly filled: number;
  readonly tries: number;
  readonly startBlock: bigint;
  readonly drawnBlock: bigint;
  readonly commitEnd: bigint;
  readonly revealStart: bigint;
  readonly revealEnd: bigint;
  readonly coherent: number;
}

/** Compiled modules alone are kept in it, so all scenes share one. */
const vm = createVm({ crypto: nobleCrypto });

/** A salt above 2^128 for one vote. */
export function saltOf(id: bigint, round: number, voteId: number): Hex {
  return keccak256(toHex(`${id} ${round} ${voteId}`));
}

export function hashOf(id: bigint, round: number, juror: Hex, outcome: number, salt: Hex): Hex {
  const word = (number: bigint | number) => toHex(BigInt(number), { size: 32 }).slice(2);
  const left = (hex: Hex) => padHex(hex, { size: 32 }).slice(2).toLowerCase();
  return keccak256(
    `${keccak256(toHex('JURY_COMMIT_V1'))}${word(chainId)}${left(jury.address)}${word(id)}${word(
      round,
    )}${left(juror)}${word(outcome)}${left(salt)}`,
  );
}

/** Jurors 0x…c1, 0x…c2 … with the given enrolments. */
export function jurorsOf(amounts: readonly bigint[]): { address: Hex; amount: bigint }[] {
  return amounts.map((amount, index) => ({ address: account(0xc1 + index), amount }));
}

export class JuryScene {
  readonly chain: ContractChain;
  readonly terms: Terms;
  readonly jurors: readonly { readonly address: Hex; readonly amount: bigint }[];
  readonly ids: bigint[] = [];

  /** `spare` acorns of every juror's stake are not enrolled. */
  constructor(amounts: readonly bigint[], changes: Partial<Terms> = {}, spare = 0n) {
    this.terms = { ...baseTerms, ...changes };
    this.jurors = jurorsOf(amounts);
    this.chain = new ContractChain(vm, chainId, [jury, stakes, fund]);
    const { chain, jurors } = this;
    const people = jurors.map(({ address }) => address);
    const total = jurors.reduce((sum, { amount }) => sum + amount + spare, 0n);
    chain.world.credit(fromHex(stakes.address), total);
    const deploy = (name: string, address: Hex, values: readonly unknown[]) =>
      chain.deploy(address, moduleOf(name), encodeConstructor(name, values));
    const staked = jurors.map(({ amount }) => amount + spare);
    deploy('StakeRegistry', stakes.address, [[jury.address], 10n, people, staked]);
    deploy('OracleFund', fund.address, [[], [], []]);
    deploy('SchellingOracle', jury.address, [
      stakes.address,
      fund.address,
      this.terms,
      people,
      jurors.map(({ amount }) => amount),
    ]);
    for (const person of [asker, rich, rival, hunter]) {
      chain.world.credit(fromHex(person), 10n ** 9n * oak);
    }
    chain.atEndOfBlock((touched) => {
      if (touched) this.checkBooks();
    });
    chain.mine(this.terms.stakeDelay + 1);
  }

  ask(jurors = 3, outcomes = 2, openBlock: bigint | number = 0): bigint {
    const args = [keccak256(toHex('who won?')), outcomes, openBlock, jurors, toHex('who won?')];
    const fee = this.terms.feePerJuror * BigInt(jurors);
    const id = this.chain.mustSend(asker, jury, 'ask', args, fee).value as bigint;
    this.ids.push(id);
    return id;
  }

  question(id: bigint): QuestionFacts {
    return this.chain.read(jury, 'getQuestion', [id]);
  }

  round(id: bigint, index = this.question(id).rounds - 1): RoundFacts {
    return this.chain.read(jury, 'getRound', [id, index]);
  }

  /** Juror, state (1 drawn, 2 committed, 3 revealed, 4 exposed) and outcome of a seat. */
  vote(id: bigint, voteId: number, index?: number): readonly [Hex, number, number, Hex] {
    const round = index ?? this.question(id).rounds - 1;
    return this.chain.read(jury, 'getVote', [id, round, voteId]);
  }

  /** Status, outcome and final block. */
  outcome(id: bigint): readonly [number, number, bigint] {
    return this.chain.read(jury, 'outcomeOf', [id]);
  }

  send(from: Hex, name: string, args: readonly unknown[], value = 0n): Result {
    return this.chain.send(from, jury, name, args, value);
  }

  mustSend(from: Hex, name: string, args: readonly unknown[], value = 0n): Result {
    return this.chain.mustSend(from, jury, name, args, value);
  }

  /** Waits for the seed and draws the whole jury. */
  draw(id: bigint): Result {
    const { startBlock } = this.round(id);
    this.chain.mineTo(startBlock + BigInt(this.terms.seedBlocks) + 1n);
    return this.mustSend(anyone, 'draw', [id, 1_000]);
  }

  commit(id: bigint, voteId: number, outcome: number): Result {
    const round = this.question(id).rounds - 1;
    const [juror] = this.vote(id, voteId, round);
    const hash = hashOf(id, round, juror, outcome, saltOf(id, round, voteId));
    return this.send(juror, 'commitVote', [id, [voteId], hash]);
  }

  reveal(id: bigint, voteId: number, outcome: number): Result {
    const round = this.question(id).rounds - 1;
    const [juror] = this.vote(id, voteId, round);
    return this.send(juror, 'revealVote', [id, [voteId], outcome, saltOf(id, round, voteId)]);
  }

  /** One round from draw to tally; seat i votes `votes[i]`, undefined commits and stays silent. */
  hold(id: bigint, votes: readonly (number | undefined)[]): Result {
    this.draw(id);
    return this.answer(id, votes);
  }

  /** A drawn round, from commit to tally. */
  answer(id: bigint, votes: readonly (number | undefined)[]): Result {
    for (const [voteId, outcome] of votes.entries()) {
      expect(this.commit(id, voteId, outcome ?? 1).error).toBe(undefined);
    }
    const { revealStart, revealEnd } = this.round(id);
    this.chain.mineTo(revealStart);
    for (const [voteId, outcome] of votes.entries()) {
      if (outcome === undefined) continue;
      expect(this.reveal(id, voteId, outcome).error).toBe(undefined);
    }
    this.chain.mineTo(revealEnd);
    return this.mustSend(anyone, 'tally', [id]);
  }

  /** Waits until a ruling nobody appeals is final and executes it. */
  finish(id: bigint): Result {
    this.pass(id);
    return this.mustSend(anyone, 'execute', [id, 1_000]);
  }

  /** Waits until a ruling nobody appeals is final. */
  pass(id: bigint): void {
    const { talliedBlock, instance } = this.question(id);
    const window = instance < this.terms.appealsMax ? this.terms.appealBlocks : 0;
    this.chain.mineTo(Number(talliedBlock) + window + this.terms.sealBlocks);
  }

  claimable(person: Hex): bigint {
    return this.chain.read(jury, 'claimable', [person]);
  }

  /** Active stake in the registry. */
  stakeOf(person: Hex): bigint {
    return this.chain.read(stakes, 'stakeOf', [person]);
  }

  juror(person: Hex): Record<'enrolled' | 'leaving' | 'reserved' | 'leavingUntil', bigint> {
    return this.chain.read(jury, 'jurorOf', [person]);
  }

  people(): Hex[] {
    const jurors = this.jurors.map(({ address }) => address);
    return [...new Set([...jurors, asker, rich, rival, hunter, anyone, fund.address])];
  }

  /** Every acorn is where the contracts say it is. */
  checkBooks(): void {
    const { chain } = this;
    let owed = 0n;
    for (const id of this.ids) owed += this.question(id).held;
    for (const person of this.people()) owed += this.claimable(person);
    expect(chain.balance(jury.address)).toBe(owed);
    let total = 0n;
    for (const person of this.people()) {
      const [active, exiting, , locked] = chain.read<[bigint, bigint, bigint, bigint]>(
        stakes,
        'accountOf',
        [person],
      );
      const { enrolled, leaving, reserved } = this.juror(person);
      expect(locked).toBe(enrolled + leaving);
      expect(reserved).toBeLessThanOrEqual(locked);
      total += active + exiting;
    }
    expect(chain.balance(stakes.address)).toBe(total);
    expect(chain.balance(deadAddress)).toBe(chain.read(stakes, 'burned'));
  }
}
