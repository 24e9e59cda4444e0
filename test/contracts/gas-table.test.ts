/**
 * What the reporters' side of a full feed costs at worst: 64 seats, everybody reports another value.
 * A whole round takes less than a tenth of the gas of the blocks it is spread over.
 */

import { concat, type Hex, keccak256, toHex } from 'viem';
import { describe, expect, it } from 'vitest';
import { fromHex } from '../../src/primitives/bytes.ts';
import type { Target } from '../support/contract-chain.ts';
import { account } from './artifacts.ts';
import { holdToBounds } from './gas-bounds.ts';
import { shortTerms } from './jury-scene.ts';
import {
  baseConfiguration,
  collector,
  fund,
  hashOf,
  hunter,
  OracleScene,
  oak,
  oracle,
  registry,
  reportersOf,
  ruleAlone,
  saltOf,
  stakes,
  stranger,
  weightUnit,
} from './oracle-scene.ts';

const intrinsic = 21_000n;
const tenth = 3_000_000n;
const sum = (amounts: readonly bigint[]) => amounts.reduce((total, each) => total + each, 0n);

const names = new Map([
  [oracle, 'CommitRevealOracle'],
  [stakes, 'StakeRegistry'],
  [fund, 'OracleFund'],
  [registry, 'OracleRegistry'],
]);

/** The dearest call of each entry point, by contract. */
class Costs {
  readonly worst = new Map<string, Map<string, bigint>>();
  readonly #scene: OracleScene;

  constructor(scene: OracleScene) {
    this.#scene = scene;
  }

  spend(from: Hex, target: Target, name: string, args: readonly unknown[] = [], value = 0n) {
    const result = this.#scene.chain.mustSend(from, target, name, args, value);
    this.note(target, name, result.gasUsed);
    return result;
  }

  note(target: Target, entry: string, gas: bigint): void {
    const contract = names.get(target) as string;
    const costs = this.worst.get(contract) ?? new Map<string, bigint>();
    this.worst.set(contract, costs);
    if (gas > (costs.get(entry) ?? 0n)) costs.set(entry, gas);
  }
}

/** The slot of a round's word: mapping(bytes32 => mapping(uint64 => Round)) at slot 4. */
function roundWord(feed: Hex, round: bigint, word: bigint): Uint8Array {
  const pair = (first: Hex, second: Hex) => keccak256(concat([first, second]));
  const place = pair(pad(round), pair(feed, pad(4n)));
  return fromHex(pad(BigInt(place) + word));
}

const pad = (number: bigint): Hex => toHex(number, { size: 32 });

/** Makes rounds `from` to `to` refuted ones that each answered after the one before; the first after round 1. */
function refute({ chain, feed }: OracleScene, from: bigint, to: bigint): void {
  const address = fromHex(oracle.address);
  const marks = pad(5n << 192n); // state 5 after three masks of 64 bits
  for (let round = from; round <= to; round++) {
    chain.world.setStorage(address, roundWord(feed, round, 1n), fromHex(marks));
    const previous = round === from ? 1n : round - 1n;
    const bands = fromHex(pad(previous << 128n)); // after two sums of 64 bits
    chain.world.setStorage(address, roundWord(feed, round, 5n), bands);
  }
}

describe('a full feed', () => {
  it('C19: a whole round of 64 takes less than a tenth of its blocks', () => {
    const scene = new OracleScene(
      reportersOf(Array.from({ length: 64 }, (_, index) => 20n + BigInt(index))),
      { ...baseConfiguration, seats: 64, weightCapBps: 2_000, disputeBlocks: 40 },
    );
    const costs = new Costs(scene);
    const { chain, feed } = scene;
    const value = (index: number) => BigInt(10_000 + ((index * 37) % 64));
    const people = [...scene.reporters.keys()].map((index) => ({
      person: scene.reporter(index),
      index,
    }));
    scene.goTo(1n, 0);
    const commits = people.map(({ person, index }) => {
      const hash = hashOf(feed, 1n, person, value(index), saltOf(person, 1n));
      return costs.spend(person, oracle, 'commit', [feed, 1n, hash]).gasUsed;
    });
    const proof = [feed, 1n, scene.reporter(63), value(63), saltOf(scene.reporter(63), 1n)];
    costs.spend(hunter, oracle, 'proveEarlyReveal', proof);
    scene.goTo(1n, 26);
    const reveals = people.slice(0, 63).map(({ person, index }) => {
      const args = [feed, 1n, value(index), saltOf(person, 1n)];
      return costs.spend(person, oracle, 'reveal', args).gasUsed;
    });
    scene.goTo(1n, 46);
    const finalize = costs.spend(collector, oracle, 'finalize', [feed, 1n]).gasUsed;
    chain.mine(40);
    const settled: bigint[] = [];
    for (let left = 64; left > 0; ) {
      const result = costs.spend(stranger, oracle, 'settle', [feed, 1n, 16]);
      left = result.value as number;
      settled.push(result.gasUsed);
    }
    const perBlock = (all: readonly bigint[], blocks: bigint) =>
      (sum(all) + intrinsic * BigInt(all.length)) / blocks;
    expect(perBlock(commits, BigInt(baseConfiguration.commitBlocks))).toBeLessThan(tenth);
    expect(perBlock(reveals, BigInt(baseConfiguration.revealBlocks))).toBeLessThan(tenth);
    expect(finalize + intrinsic).toBeLessThan(tenth);
    for (const batch of settled) expect(batch + intrinsic).toBeLessThan(tenth);
    costs.spend(scene.reporter(20), oracle, 'claim');
    costs.spend(stranger, oracle, 'fund', [feed], 5n);
    costs.spend(stranger, fund, 'collect', [feed]);
    costs.spend(stranger, stakes, 'deposit', [], 100n * weightUnit);
    chain.mine();
    costs.spend(stranger, oracle, 'takeSeat', [feed]);
    costs.spend(stranger, stakes, 'requestExit', [50n * weightUnit]);
    chain.mine(100);
    costs.spend(stranger, stakes, 'withdraw');
    const configuration = { ...baseConfiguration, seats: 64, rewardPerRound: oak };
    const created = ['x'.repeat(31), configuration];
    costs.spend(stranger, oracle, 'createFeed', created, 10n * oak);
    // What only oracles may call, as an oracle.
    const key = `0x${'5a'.repeat(32)}`;
    const locked = scene.reporter(0);
    costs.spend(oracle.address, stakes, 'lock', [locked, key, 100n]);
    costs.spend(oracle.address, stakes, 'slash', [key, 51n, 1]);
    costs.spend(oracle.address, stakes, 'release', [key, 49n, 1]);
    const named = [stranger, 1, 'y'.repeat(31), feed, 8, 60, 50];
    costs.spend(oracle.address, registry, 'register', named, 10n * oak);
    dispute(costs);
    for (const [name, worst] of costs.worst) holdToBounds(name, worst);
  });
});

/** To the jury and back, past as many refuted rounds as the search for an answer goes. */
function dispute(costs: Costs): void {
  const stake = 1_000_000n * weightUnit;
  const scene = new OracleScene(
    reportersOf([20n, 20n, 20n, 20n, 20n]),
    { bondBps: 5_000, disputeBlocks: 10 },
    ['BTC/USD'],
    [{ address: account(0xc1), stake }],
  );
  const { chain, feed } = scene;
  scene.report(1n, [5n, 5n, 5n, 5n, 5n]);
  scene.finalize(1n);
  scene.report(300n, [9n, 9n, 9n, 5n, 5n]);
  scene.finalize(300n);
  const disputed = chain.mustSend(
    hunter,
    oracle,
    'disputeRound',
    [feed, 300n],
    6n * shortTerms.feePerJuror,
  );
  costs.note(oracle, 'disputeRound', disputed.gasUsed);
  ruleAlone(scene, disputed.value as bigint, 2);
  chain.mine(6);
  refute(scene, 43n, 299n);
  const bands = fromHex(pad(299n << 128n));
  chain.world.setStorage(fromHex(oracle.address), roundWord(feed, 300n, 5n), bands);
  const resolved = chain.mustSend(stranger, oracle, 'resolveDispute', [feed, 300n]);
  costs.note(oracle, 'resolveDispute, past 256 refuted rounds', resolved.gasUsed);
  expect(scene.latest()).toEqual([300n, 0n, 0n, 0n, 0n]); // 257 back there would be an answer
}
