/** The laboratory's figures against published ones, closed forms and the contracts themselves. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attackCommand, attacks, runAttack } from '../../src/simulation/attack/attacks.ts';
import { consensusOf, lastRevealer, lazyOutcome } from '../../src/simulation/attack/ballots.ts';
import { bribe, redistribute, sybilHedge } from '../../src/simulation/attack/juries.ts';
import { capitalFor, consecutiveProbability } from '../../src/simulation/attack/manipulation.ts';
import { Pool } from '../../src/simulation/attack/pool.ts';
import { Random } from '../../src/simulation/random.ts';
import { OracleScene, reportersOf, weightUnit } from '../contracts/oracle-scene.ts';
import { PoolScene, token0, token1, unit } from '../contracts/pool-scene.ts';

function figuresOf(name: string): Readonly<Record<string, number>> {
  const attack = attacks.find((entry) => entry.name === name);
  if (attack === undefined) throw new Error(name);
  return runAttack(attack, 1).figures;
}

describe('manipulated prices', () => {
  it('move nothing inside a block, and as published at its end', () => {
    const figures = figuresOf('pump');
    expect(figures.insideOneBlock).toBe(0);
    expect(figures.arithmeticAt7).toBeCloseTo(0.05, 6);
    expect(figures.geometricAt7).toBeCloseTo(0.0163, 3);
  });

  it.each([
    [7, Math.sqrt(7) - 1],
    [13, Math.sqrt(13) - 1],
    [25, Math.sqrt(25) - 1],
  ])('x %d takes R (sqrt(m) - 1) of capital, and the fee', (multiple, share) => {
    const capital = Number(capitalFor(multiple)) / 1e24;
    expect(capital).toBeGreaterThan(share);
    expect(capital).toBeLessThan(share * 1.004);
  });

  it('need the published multiples for +20 %', () => {
    const figures = figuresOf('multi-block');
    const arithmetic = [10, 30, 60, 120].map((window) => figures[`arithmetic ${window} 1`]);
    expect(arithmetic).toEqual([3, 7, 13, 25]);
    expect(figures['geometric 10 3']).toBeCloseTo(1.84, 2);
    expect(figures['geometric 30 2']).toBeCloseTo(15.4, 1);
    expect((figures['geometric 60 1'] as number) / 1e4).toBeCloseTo(5.6, 1);
    expect((figures['geometric 120 3'] as number) / 1e3).toBeCloseTo(1.5, 1);
  });

  it('two blocks in a row: published chances, and seeded mining agrees', () => {
    const published = { 0.05: 0.13, 0.1: 0.42, 0.2: 0.87, 0.3: 0.99 };
    const figures = figuresOf('multi-block');
    for (const [share, chance] of Object.entries(published)) {
      expect(figures[`two in 60 at ${share}`]).toBeCloseTo(chance, 2);
      // Four standard deviations of 4,000 trials.
      const gap = Math.abs((figures[`simulated at ${share}`] as number) - chance);
      expect(gap).toBeLessThan(4 * Math.sqrt((chance * (1 - chance)) / 4_000) + 0.005);
    }
    expect(consecutiveProbability(0.5, 1, 1)).toBe(0.5);
    expect(consecutiveProbability(0.5, 2, 3)).toBe(3 / 8);
  });

  it('false times: seven times without guards, caught by the two means with them', () => {
    expect(figuresOf('timestamps')).toMatchObject({
      unguarded: 7,
      timeAt45: 1.15,
      blockAt45: 1.05,
    });
  });
});

describe('the pool', () => {
  it('trades as the pair contract does, to the last unit', () => {
    const scene = new PoolScene();
    const start = 1_000n * unit;
    scene.setReserves(start, start);
    const pool = new Pool(start, start);
    const random = new Random('pool');
    for (let trade = 0; trade < 12; trade++) {
      const amount = BigInt(random.integer(1, 1_000_000_000)) * 10n ** 11n;
      const isBuy = random.chance(0.5);
      scene.sell(isBuy ? token1 : token0, amount);
      if (isBuy) pool.buy(amount);
      else pool.sell(amount);
      expect([pool.reserve0, pool.reserve1]).toEqual(scene.reserves().slice(0, 2));
    }
  });
});

describe('dishonest ballots', () => {
  it('have the median of the contract', () => {
    const report = fc.record({
      value: fc.bigInt({ min: -1_000n, max: 1_000n }),
      weight: fc.bigInt({ min: 1n, max: 30n }),
    });
    fc.assert(
      fc.property(fc.array(report, { minLength: 3, maxLength: 5 }), (reports) => {
        const scene = new OracleScene(reportersOf(reports.map(({ weight }) => weight)), {
          minWeightBps: 1,
        });
        scene.report(
          1n,
          reports.map(({ value }) => value),
        );
        scene.finalize(1n);
        const { value, q1, q3 } = scene.round(1n);
        expect({ value, q1, q3 }).toEqual(consensusOf(reports));
      }),
      { numRuns: 15 },
    );
  });

  it('the last revealer gets 102 or 101, and silence costs what the contract takes', () => {
    expect(lastRevealer([100n, 101n, 103n], 150n)).toEqual({ reveal: 102n, withhold: 101n });
    const values = [100n, 101n, 103n];
    const play = (own: bigint | undefined) => {
      const scene = new OracleScene(reportersOf([1_000n, 1_000n, 1_000n, 1_000n]), {
        bondBps: 10_000,
      });
      scene.report(1n, [...values, own]);
      scene.finalize(1n);
      const penalized = scene.settle(1n).events.filter(({ name }) => name === 'Penalized');
      return { value: scene.round(1n).value, penalized };
    };
    expect(play(150n).value).toBe(102n);
    const silent = play(undefined);
    expect(silent.value).toBe(101n);
    expect(silent.penalized.map(({ args }) => args.amount)).toEqual([20n * weightUnit]);
    expect(figuresOf('last-revealer').penalty).toBe(20);
  });

  it('the lazy are paid, ignored or slashed as the contract does', () => {
    expect(lazyOutcome(10_000, 10_000)).toBe('paid');
    expect(lazyOutcome(10_000, 10_500)).toBe('nothing');
    expect(lazyOutcome(10_000, 10_600)).toBe('slashed');
    const { calm, moving } = figuresOf('lazy-copying');
    expect(calm).toBeGreaterThan(0.99);
    expect(moving).toBeLessThan(0.05);
  });

  it('a copied commitment earns only where the hash does not name the reporter', () => {
    const { unbound, bound } = figuresOf('mirroring');
    expect(unbound).toBeGreaterThan(0);
    expect(bound).toBe(-20);
  });
});

describe('bought juries', () => {
  it('hedging pays 800 without a burn and costs 1,600 with half burned (published arithmetic)', () => {
    expect(figuresOf('sybil-hedging')).toMatchObject({ unburned: 800, halfBurned: -1_600 });
    const dear = sybilHedge({ wrongBps: 10, absentBps: 12, burnBps: 5_000 });
    expect(dear.hedger).toBeLessThan(-1_600);
    expect(dear.hedger).toBeLessThan(dear.honest);
  });

  it('redistribution without a burn as published for a vote of 32, 64 and 4 million', () => {
    const shares = redistribute(
      [
        { stake: 32_000_000, vote: 'wrong' },
        { stake: 4_000_000, vote: 'absent' },
        { stake: 32_000_000, vote: 'right' },
        { stake: 32_000_000, vote: 'right' },
      ],
      { wrongBps: 16, absentBps: 16, burnBps: 0 },
    );
    expect(shares).toEqual([-51_200, -6_400, 28_800, 28_800]);
  });

  it('a bribe doubles with every appeal', () => {
    expect([3, 7, 15, 31].map((jurors) => bribe(jurors, 1_000, 30))).toEqual([
      2_060, 4_120, 8_240, 16_480,
    ]);
  });
});

describe('censorship', () => {
  it('of twenty blocks by 40 % is one in ninety million', () => {
    const figures = figuresOf('censorship');
    expect(figures.twentyAt40).toBeCloseTo(1.1e-8, 9);
    expect(figures.simulatedTwoAt40).toBeCloseTo(0.16, 1);
  });
});

describe('the laboratory', () => {
  const printed = (name: string, seed: number): string[] => {
    const lines: string[] = [];
    attackCommand(name, seed, (line) => lines.push(line));
    return lines;
  };

  it('prints each attack with a table, a plot and what decides, the same for the same seed', () => {
    for (const { name } of attacks) {
      const lines = printed(name, 5);
      expect(lines[0]).toMatch(new RegExp(`^${name}: `));
      expect(lines.some((line) => line.includes('|#'))).toBe(true);
      expect(lines.some((line) => line.startsWith('  Decides: '))).toBe(true);
      expect(printed(name, 5)).toEqual(lines);
    }
    expect(printed('all', 5).length).toBeGreaterThan(printed('pump', 5).length * 5);
  });

  it('names the attacks when asked for another', () => {
    expect(() => printed('theft', 1)).toThrow('no attack "theft": use all, pump, multi-block');
  });
});
