/** Wrong majorities: a round before a jury, what its ruling costs whom, and what the feed answers. */

import type { Hex } from 'viem';
import { describe, expect, it } from 'vitest';
import { bigintFromBytes, fromHex } from '../../src/primitives/bytes.ts';
import { ForkingChain } from '../support/forking-chain.ts';
import { account } from './artifacts.ts';
import { shortTerms } from './jury-scene.ts';
import {
  type Configuration,
  hunter,
  jury,
  OracleScene,
  oracle,
  reportersOf,
  ruleAlone,
  stakes,
  stranger,
  weightUnit,
} from './oracle-scene.ts';

const fee = 3n * shortTerms.feePerJuror;
const cost = 2n * fee;
const juror = account(0xc1);
const honest = 10_000n;
const lie = 14_000n;
const RIGHT = 1;
const FALSE = 2;
const FINAL = 2;
const DISPUTED = 4;
const REFUTED = 5;

/** Five reporters of equal stake, half of it locked in a round, and one juror with much stake. */
function makeScene(changes: Partial<Configuration> = {}, withJury = true): OracleScene {
  const stake = 1_000_000n * weightUnit;
  return new OracleScene(
    reportersOf([20n, 20n, 20n, 20n, 20n]),
    { bondBps: 5_000, disputeBlocks: 10, ...changes },
    ['BTC/USD'],
    withJury ? [{ address: juror, stake }] : [{ address: juror, stake: 2n * shortTerms.minStake }],
  );
}

/** A round in which three of five agree on a lie; the other two tell the price. */
function lieTogether(scene: OracleScene, round: bigint): void {
  scene.report(round, [lie, lie, lie, honest, honest]);
  scene.finalize(round);
}

const dispute = (scene: OracleScene, round: bigint, value = cost, from: Hex = hunter) =>
  scene.chain.send(from, oracle, 'disputeRound', [scene.feed, round], value);

const resolve = (scene: OracleScene, round: bigint) =>
  scene.chain.send(stranger, oracle, 'resolveDispute', [scene.feed, round]);

const stakeOf = (scene: OracleScene, index: number): bigint =>
  scene.chain.read(stakes, 'stakeOf', [scene.reporter(index)]);

const published = (scene: OracleScene): bigint =>
  bigintFromBytes(scene.chain.world.storage(fromHex(oracle.address), fromHex(scene.feed)));

const settleAll = (scene: OracleScene, round: bigint) =>
  scene.chain.mustSend(stranger, oracle, 'settle', [scene.feed, round, 64]);

describe('a refuted round', () => {
  it('costs the whole lock of those in the false band and nobody else', () => {
    const scene = makeScene();
    lieTogether(scene, 1n);
    const question = dispute(scene, 1n).value as bigint;
    expect(scene.round(1n).state).toBe(DISPUTED);
    expect(scene.latest()[1]).toBe(lie); // it stands until it is refuted
    ruleAlone(scene, question, FALSE);
    scene.chain.mine(6);
    const pool = scene.round(1n).left as bigint;
    expect(resolve(scene, 1n)).toMatchObject({ error: undefined, value: REFUTED });
    const { events } = settleAll(scene, 1n);
    const bond = 10n * weightUnit;
    expect([0, 1, 2, 3, 4].map((index) => stakeOf(scene, index))).toEqual([
      10n * weightUnit,
      10n * weightUnit,
      10n * weightUnit,
      20n * weightUnit,
      20n * weightUnit,
    ]);
    const penalties = events.filter(({ name }) => name === 'Penalized');
    expect(penalties.map(({ args }) => [args.reason, args.amount, args.burned])).toEqual(
      [1, 2, 3].map(() => [4, bond, bond / 2n]),
    );
    // Bond, what the pool gives of the fee, and a quarter of each slash.
    expect(scene.claimable(hunter)).toBe(fee + (pool < fee ? pool : fee) + (3n * bond) / 4n);
    expect(scene.claimable(scene.reporter(3))).toBe(0n);
  });

  it('is no answer: the feed says again what it said before, and says so', () => {
    const scene = makeScene();
    scene.report(1n, [honest, honest, honest, honest, honest]);
    scene.finalize(1n);
    const [, , , updatedAt] = scene.latest();
    const word = published(scene);
    lieTogether(scene, 2n);
    expect(scene.latest().slice(0, 2)).toEqual([2n, lie]);
    ruleAlone(scene, dispute(scene, 2n).value as bigint, FALSE);
    scene.chain.mine(6);
    resolve(scene, 2n);
    // roundId never falls; answeredInRound tells that the answer is an older one.
    expect(scene.latest()).toEqual([2n, honest, expect.any(BigInt), updatedAt, 1n]);
    expect(scene.chain.read(oracle, 'getRoundData', [scene.feed, 2n])).toEqual([
      2n,
      0n,
      0n,
      0n,
      0n,
    ]);
    expect(published(scene)).toBe(word);
  });

  it('leaves no answer when there was none before, and skips others that were refuted', () => {
    const scene = makeScene({ disputeBlocks: 400 });
    lieTogether(scene, 1n);
    const first = dispute(scene, 1n).value as bigint;
    lieTogether(scene, 2n);
    const second = dispute(scene, 2n).value as bigint;
    ruleAlone(scene, first, FALSE);
    scene.chain.mine(6);
    expect(resolve(scene, 1n).value).toBe(REFUTED);
    expect(scene.latest()[1]).toBe(lie); // of round 2, still disputed
    // The second jury was asked at the same time and let its windows pass: it draws again.
    expect(scene.chain.read<readonly bigint[]>(oracle, 'disputeOf', [scene.feed, 2n])[0]).toBe(
      second,
    );
  });
});

describe('an upheld round', () => {
  it('pays its reporters as ever, and the bond goes to the pot', () => {
    const scene = makeScene();
    scene.report(1n, [honest, honest, honest, honest, honest]);
    scene.finalize(1n);
    const question = dispute(scene, 1n).value as bigint;
    ruleAlone(scene, question, RIGHT);
    scene.chain.mine(6);
    const pot = scene.chain.read<bigint>(oracle, 'potOf', [scene.feed]);
    expect(resolve(scene, 1n).value).toBe(FINAL);
    expect(scene.chain.read<bigint>(oracle, 'potOf', [scene.feed])).toBe(pot + fee);
    settleAll(scene, 1n);
    expect(scene.claimable(scene.reporter(0))).toBeGreaterThan(0n);
    expect(scene.claimable(hunter)).toBe(0n);
    expect(dispute(scene, 1n).error).toBe('AlreadyDisputed()');
  });

  it('by INVALID too, but then the bond returns', () => {
    const scene = makeScene();
    lieTogether(scene, 1n);
    ruleAlone(scene, dispute(scene, 1n).value as bigint, 0);
    scene.chain.mine(6);
    expect(resolve(scene, 1n).value).toBe(FINAL);
    expect(scene.claimable(hunter)).toBe(fee);
  });
});

describe('the way to the jury', () => {
  it('is open from finalize to the end of the dispute window, for the exact cost', () => {
    const scene = makeScene();
    scene.goTo(1n, 0);
    expect(dispute(scene, 1n).error).toBe('NoRound()');
    lieTogether(scene, 1n);
    expect(scene.chain.read(oracle, 'disputeCost', [])).toBe(cost);
    expect(dispute(scene, 1n, cost - 1n).error).toBe(`WrongValue(${cost - 1n},${cost})`);
    expect(dispute(scene, 1n, cost + 1n).error).toBe(`WrongValue(${cost + 1n},${cost})`);
    const { finalBlock } = scene.round(1n);
    scene.chain.mineTo((finalBlock as bigint) + 9n);
    const undo = scene.chain.snapshot();
    expect(dispute(scene, 1n).error).toBe(undefined);
    undo();
    expect(dispute(scene, 1n).error).toBe(`DisputeClosed(${(finalBlock as bigint) + 10n})`);
    expect(scene.chain.read(oracle, 'disputeOf', [scene.feed, 1n])).toEqual([
      0n,
      '0x0000000000000000000000000000000000000000',
      0n,
    ]);
  });

  it('is refused while too little juror stake is enrolled, and nothing is taken', () => {
    const scene = makeScene({}, false);
    lieTogether(scene, 1n);
    expect(dispute(scene, 1n).error).toMatch(/^NoJury\(/);
    expect(scene.round(1n).state).toBe(FINAL);
  });

  it('keeps settlement and exits waiting until the ruling is buried under a seal', () => {
    const scene = makeScene();
    lieTogether(scene, 1n);
    const question = dispute(scene, 1n).value as bigint;
    scene.chain.mine(20);
    const settle = () => scene.chain.send(stranger, oracle, 'settle', [scene.feed, 1n, 64]).error;
    expect(settle()).toBe('DisputePending()');
    expect(resolve(scene, 1n).error).toBe('NotRuled(0)');
    ruleAlone(scene, question, FALSE);
    const [, , finalBlock] = scene.chain.read<[number, number, bigint]>(jury, 'outcomeOf', [
      question,
    ]);
    scene.chain.mineTo(finalBlock + 5n);
    expect(resolve(scene, 1n).error).toBe(`NotRuled(${finalBlock + 6n})`);
    scene.chain.mineTo(finalBlock + 6n);
    expect(resolve(scene, 1n).value).toBe(REFUTED);
    expect(resolve(scene, 1n).error).toBe('NotDisputed()');
    expect(settle()).toBe(undefined);
  });

  it('gives everything back when no jury comes together', () => {
    const scene = makeScene();
    lieTogether(scene, 1n);
    const question = dispute(scene, 1n).value as bigint;
    const { chain } = scene;
    // Jurors are drawn and stay silent, until the question is given up.
    for (let turn = 0; turn < 60; turn++) {
      const [status] = chain.read<[number]>(jury, 'outcomeOf', [question]);
      if (status === 9) break;
      if (status <= 2) chain.send(stranger, jury, 'draw', [question, 100]);
      if (status === 6) chain.send(stranger, jury, 'tally', [question]);
      chain.mine(4);
    }
    expect(chain.read<[number]>(jury, 'outcomeOf', [question])[0]).toBe(9);
    chain.mine(6);
    expect(resolve(scene, 1n).value).toBe(FINAL);
    expect(scene.claimable(hunter)).toBe(cost);
    chain.mustSend(hunter, oracle, 'claim');
  });
});

describe('reorganisations', () => {
  it.each([1, 2, 3, 4, 5, 6, 7])(
    'of depth %d: a dispute in a lost tail can be sent again',
    (depth) => {
      const scene = makeScene({ disputeBlocks: 16 });
      const fork = new ForkingChain(scene.chain);
      lieTogether(scene, 1n);
      scene.chain.mine(depth);
      expect(dispute(scene, 1n).error).toBe(undefined);
      scene.chain.mine(depth);
      expect(scene.round(1n).state).toBe(DISPUTED);
      fork.reorganise(depth);
      expect(scene.round(1n).state).toBe(FINAL);
      const settle = scene.chain.send(stranger, oracle, 'settle', [scene.feed, 1n, 64]).error;
      expect(settle).toMatch(/^NotSettleable/);
      expect(dispute(scene, 1n).error).toBe(undefined);
    },
  );
});
