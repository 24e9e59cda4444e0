/**
 * The genesis oracle contracts on a chain of their own, with reporters, a subsidy in every block and
 * a check of all books after each of them.
 */

import { type Hex, keccak256, padHex, toHex } from 'viem';
import { expect } from 'vitest';
import { fromHex } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { createVm } from '../../src/vm/vm.ts';
import { ContractChain, type Result } from '../support/contract-chain.ts';
import { account, encodeConstructor, moduleOf, targetOf } from './artifacts.ts';
import { shortTerms, hashOf as voteHashOf, saltOf as voteSaltOf } from './jury-scene.ts';

export const stakes = targetOf('StakeRegistry');
export const registry = targetOf('OracleRegistry');
export const fund = targetOf('OracleFund');
export const oracle = targetOf('CommitRevealOracle');
export const jury = targetOf('SchellingOracle');

export const chainId = 1337;
export const deadAddress: Hex = '0x000000000000000000000000000000000000dEaD';
export const collector = account(0x1c0);
export const hunter = account(0x1c1);
export const stranger = account(0x1c2);
export const weightUnit = 10n ** 12n;
export const oak = 10n ** 18n;

/** Windows of the production networks; round k begins at 1 + 60 * (k - 1). */
export const baseConfiguration = {
  decimals: 8,
  heartbeat: 3_600,
  deviationBps: 50,
  period: 60,
  commitBlocks: 20,
  sealBlocks: 6,
  revealBlocks: 20,
  disputeBlocks: 6,
  seats: 5,
  minReports: 3,
  minWeightBps: 5_000,
  weightCapBps: 10_000,
  bondBps: 1_000,
  bandBps: 50,
  primarySharePpm: 400_000,
  outlierBps: 500,
  outlierSlashBps: 100,
  noRevealSlashBps: 200,
  earlyRevealSlashBps: 5_000,
  minStake: weightUnit,
  minTotalStake: 0n,
  rewardPerRound: 1_010_104n,
};

/** It holds only compiled modules, so all scenes share it. */
const vm = createVm({ crypto: nobleCrypto });

export type Configuration = typeof baseConfiguration;

export interface Reporter {
  readonly address: Hex;
  readonly stake: bigint;
}

/** Reporters 0x…b1, 0x…b2 … with the given weights. */
export function reportersOf(weights: readonly bigint[]): Reporter[] {
  return weights.map((weight, index) => ({
    address: account(0xb1 + index),
    stake: weight * weightUnit,
  }));
}

/** A salt above 2^128 for one reporter and round. */
export function saltOf(reporter: Hex, round: bigint): Hex {
  return keccak256(`${reporter}${round.toString(16).padStart(16, '0')}` as Hex);
}

export function hashOf(
  feed: Hex,
  round: bigint,
  reporter: Hex,
  value: bigint,
  salt: Hex,
  overrides: { readonly chainId?: bigint; readonly contract?: Hex } = {},
): Hex {
  const word = (number: bigint) => toHex(BigInt.asUintN(256, number), { size: 32 }).slice(2);
  const left = (hex: Hex) => padHex(hex, { size: 32 }).slice(2).toLowerCase();
  return keccak256(
    `${keccak256(toHex('ORACLE_COMMIT_V1'))}${word(overrides.chainId ?? BigInt(chainId))}${left(
      overrides.contract ?? oracle.address,
    )}${left(feed)}${word(round)}${left(reporter)}${word(value)}${left(salt)}`,
  );
}

export class OracleScene {
  readonly chain: ContractChain;
  readonly feed: Hex;
  readonly feeds: readonly Hex[];
  readonly reporters: readonly Reporter[];
  readonly jurors: readonly Reporter[];
  readonly subsidy = 800_000_000_000_000_000n;
  /** What the fund got besides the subsidy: premiums, and what juries left over. */
  protected donated = 0n;

  constructor(
    reporters: readonly Reporter[],
    changes: Partial<Configuration> = {},
    names: readonly string[] = ['BTC/USD'],
    jurors: readonly Reporter[] = [],
  ) {
    this.jurors = jurors;
    this.reporters = reporters;
    this.feeds = names.map((name) => keccak256(toHex(name)));
    this.feed = this.feeds[0] as Hex;
    this.chain = new ContractChain(vm, chainId, [oracle, stakes, registry, fund, jury]);
    this.#construct(names, { ...baseConfiguration, ...changes });
    for (const person of [...reporters.map(({ address }) => address), stranger, hunter]) {
      this.chain.world.credit(fromHex(person), 100n * oak);
    }
    this.chain.atEndOfBlock((touched) => {
      this.chain.world.credit(fromHex(fund.address), this.subsidy);
      if (touched) this.checkBooks();
    });
    this.chain.mine();
  }

  #construct(names: readonly string[], configuration: Configuration): void {
    const { chain, reporters } = this;
    const people = reporters.map(({ address }) => address);
    const stakers = [...reporters, ...this.jurors];
    const staked = stakers.map(({ address }) => address);
    const amounts = stakers.map(({ stake }) => stake);
    const total = amounts.reduce((sum, stake) => sum + stake, 0n);
    chain.world.credit(fromHex(stakes.address), total);
    const deploy = (name: string, address: Hex, values: readonly unknown[]) =>
      chain.deploy(address, moduleOf(name), encodeConstructor(name, values));
    deploy('StakeRegistry', stakes.address, [
      [oracle.address, jury.address],
      100n,
      staked,
      amounts,
    ]);
    deploy('OracleRegistry', registry.address, [[oracle.address]]);
    deploy('OracleFund', fund.address, [
      names.map(() => oracle.address),
      this.feeds,
      names.map((_, index) => index + 1),
    ]);
    if (this.jurors.length > 0) {
      deploy('SchellingOracle', jury.address, [
        stakes.address,
        fund.address,
        shortTerms,
        this.jurors.map(({ address }) => address),
        this.jurors.map(({ stake }) => stake),
      ]);
    }
    deploy('CommitRevealOracle', oracle.address, [
      stakes.address,
      registry.address,
      fund.address,
      jury.address,
      people,
      names,
      names.map(() => configuration),
    ]);
  }

  commit(reporter: Hex, round: bigint, value: bigint, salt = saltOf(reporter, round)): Result {
    const hash = hashOf(this.feed, round, reporter, value, salt);
    return this.chain.send(reporter, oracle, 'commit', [this.feed, round, hash]);
  }

  reveal(reporter: Hex, round: bigint, value: bigint, salt = saltOf(reporter, round)): Result {
    return this.chain.send(reporter, oracle, 'reveal', [this.feed, round, value, salt]);
  }

  /** First block of a phase of `round`: 0 commit, 20 seal, 26 reveal, 46 idle in base windows. */
  goTo(round: bigint, offset: number): void {
    this.chain.mineTo(1 + 60 * (Number(round) - 1) + offset);
  }

  /** Reporters commit and reveal `values` in order; undefined commits but stays silent. */
  report(round: bigint, values: readonly (bigint | undefined)[]): void {
    this.goTo(round, 0);
    for (const [index, value] of values.entries()) {
      expect(this.commit(this.reporter(index), round, value ?? 1n).error).toBe(undefined);
    }
    this.goTo(round, 26);
    for (const [index, value] of values.entries()) {
      if (value === undefined) continue;
      expect(this.reveal(this.reporter(index), round, value).error).toBe(undefined);
    }
    this.goTo(round, 46);
  }

  finalize(round: bigint): Result {
    return this.chain.mustSend(collector, oracle, 'finalize', [this.feed, round]);
  }

  /** Waits for the dispute window and settles everything. */
  settle(round: bigint): Result {
    this.chain.mine(6);
    return this.chain.mustSend(stranger, oracle, 'settle', [this.feed, round, 64]);
  }

  reporter(index: number): Hex {
    return (this.reporters[index] as Reporter).address;
  }

  round(round: bigint): Record<string, bigint | number> {
    return this.chain.read(oracle, 'getRound', [this.feed, round]);
  }

  claimable(person: Hex): bigint {
    return this.chain.read(oracle, 'claimable', [person]);
  }

  latest(): readonly bigint[] {
    return this.chain.read(oracle, 'latestRoundData', [this.feed]);
  }

  people(): Hex[] {
    const staked = [...this.reporters, ...this.jurors].map(({ address }) => address);
    return [...staked, collector, hunter, stranger];
  }

  /** Every acorn is where the contracts say it is. */
  checkBooks(): void {
    this.#checkStakes();
    this.#checkOracle();
    const { chain } = this;
    const burned = chain.read<bigint>(stakes, 'burned') + chain.read<bigint>(registry, 'burned');
    expect(chain.balance(deadAddress)).toBe(burned);
    const paid = this.feeds.map(
      (feed) => chain.read<readonly bigint[]>(fund, 'shareOf', [feed])[2],
    );
    const totalPaid = chain.read<bigint>(fund, 'totalPaid');
    expect(paid.reduce<bigint>((sum, amount) => sum + (amount as bigint), 0n)).toBe(totalPaid);
    const received = this.subsidy * BigInt(chain.height + 1) + this.donated;
    expect(chain.balance(fund.address) + totalPaid).toBe(received);
  }

  #checkStakes(): void {
    let total = 0n;
    for (const person of this.people()) {
      const [active, exiting, , locked] = this.chain.read<[bigint, bigint, bigint, bigint]>(
        stakes,
        'accountOf',
        [person],
      );
      expect(locked).toBeLessThanOrEqual(active + exiting);
      total += active + exiting;
    }
    expect(this.chain.read(stakes, 'totalStaked')).toBe(total);
    expect(this.chain.balance(stakes.address)).toBe(total);
  }

  #checkOracle(): void {
    let owed = 0n;
    for (const feed of this.feeds) {
      owed += this.chain.read<bigint>(oracle, 'potOf', [feed]);
      const current = this.chain.read<bigint>(oracle, 'currentRound', [feed]);
      for (let round = 1n; round <= current; round++) {
        const { left } = this.chain.read<{ left: bigint }>(oracle, 'getRound', [feed, round]);
        const [, , bond] = this.chain.read<[bigint, Hex, bigint]>(oracle, 'disputeOf', [
          feed,
          round,
        ]);
        owed += left + bond;
      }
    }
    for (const person of this.people()) owed += this.claimable(person);
    expect(this.chain.balance(oracle.address)).toBe(owed);
  }
}

/** A jury of one juror, 0x…c1, votes `outcome` with its three seats, and nobody appeals. */
export function ruleAlone(scene: OracleScene, question: bigint, outcome: number): void {
  const { chain } = scene;
  const juror = account(0xc1);
  const round = () =>
    chain.read<Record<'startBlock' | 'revealStart' | 'revealEnd', bigint>>(jury, 'getRound', [
      question,
      0,
    ]);
  const seeded = round().startBlock + BigInt(shortTerms.seedBlocks) + 1n;
  if (seeded > chain.height) chain.mineTo(seeded);
  chain.mustSend(stranger, jury, 'draw', [question, 100]);
  const seats = [0, 1, 2];
  const salt = voteSaltOf(question, 0, 0);
  const hash = voteHashOf(question, 0, juror, outcome, salt);
  chain.mustSend(juror, jury, 'commitVote', [question, seats, hash]);
  chain.mineTo(round().revealStart);
  chain.mustSend(juror, jury, 'revealVote', [question, seats, outcome, salt]);
  chain.mineTo(round().revealEnd);
  chain.mustSend(stranger, jury, 'tally', [question]);
  chain.mine(shortTerms.appealBlocks + shortTerms.sealBlocks);
  chain.mustSend(stranger, jury, 'execute', [question, 100]);
}
