/**
 * What the reporters' side of a full feed costs at worst: 64 seats, everybody reports another value.
 * The bounds are those of native/contracts/GAS.md (written by
 * `WRITE_GAS=1 npx vitest run test/contracts/gas-table.test.ts`); a whole round takes less than a tenth of the gas of the blocks it is spread over.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import type { Hex } from 'viem';
import { describe, expect, it } from 'vitest';
import type { Target } from '../support/contract-chain.ts';
import {
  baseConfiguration,
  collector,
  fund,
  hashOf,
  hunter,
  OracleScene,
  oracle,
  reportersOf,
  saltOf,
  stakes,
  stranger,
  weightUnit,
} from './oracle-scene.ts';

const intrinsic = 21_000n;
const tenth = 3_000_000n;
const sum = (amounts: readonly bigint[]) => amounts.reduce((total, each) => total + each, 0n);

/** The dearest call of each entry point. */
class Costs {
  readonly worst = new Map<string, bigint>();
  readonly #scene: OracleScene;

  constructor(scene: OracleScene) {
    this.#scene = scene;
  }

  spend(from: Hex, target: Target, name: string, args: readonly unknown[] = [], value = 0n) {
    const result = this.#scene.chain.mustSend(from, target, name, args, value);
    const contract = new Map([
      [oracle, 'CommitRevealOracle'],
      [stakes, 'StakeRegistry'],
      [fund, 'OracleFund'],
    ]).get(target);
    const key = `${contract} | ${name}`;
    const gas = result.gasUsed;
    if (gas > (this.worst.get(key) ?? 0n)) this.worst.set(key, gas);
    return result;
  }

  /** Bounds a tenth above what was seen, in full thousands. */
  table(): string {
    const bound = (gas: bigint) => ((gas * 11n + 9_999n) / 10_000n) * 1_000n;
    const lines = [...this.worst].sort().map(([key, gas]) => `| ${key} | ${bound(gas)} |`);
    return [
      '# Gas of the oracles',
      '',
      'Bounds of each entry point on a feed of 64 seats whose holders all report, without the intrinsic gas of a transaction (21,000',
      'and calldata). A block has 30,000,000. `test/contracts/gas-table.test.ts` holds the contracts to them; the other contracts have',
      'bounds in their own tests (`jury-gas`, `pair-model`, `optimistic-attacks`, `signed-aggregator`, `corruption-guard`).',
      '',
      '| contract | entry point | gas |',
      '|---|---|---|',
      ...lines,
      '',
    ].join('\n');
  }
}

const file = new URL('../../native/contracts/GAS.md', import.meta.url);

/** Bounds of GAS.md by contract and entry point. */
function readBounds(): Map<string, bigint> {
  const rows = readFileSync(file, 'utf8').matchAll(/^\| (\w+ \| \w+) \| (\d+) \|$/gm);
  return new Map([...rows].map(([, key, gas]) => [key as string, BigInt(gas as string)]));
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
    if (process.env.WRITE_GAS === '1') writeFileSync(file, costs.table());
    const bounds = readBounds();
    expect([...bounds.keys()].sort()).toEqual([...costs.worst.keys()].sort());
    for (const [key, gas] of costs.worst)
      expect(gas, key).toBeLessThanOrEqual(bounds.get(key) ?? 0n);
  });
});
