/** Whole consortia from one seed: sound ones hold every check, planted faults are caught. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pbft } from '../../src/consensus/pbft/pbft.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { keys } from '../../src/primitives/store.ts';
import {
  type ConsortiumOptions,
  createConsortiumChain,
} from '../../src/simulation/consortium-chain.ts';
import { commandOf, parseSimulation, runSimulation } from '../../src/simulation/simulate.ts';
import type { Weather } from '../../src/simulation/weather.ts';
import { runWorld } from '../../src/simulation/world.ts';

const registry = readFileSync(new URL('../../genesis/member-registry.wasm', import.meta.url));

/** No faults but those named. */
const calm = { loss: 0, duplication: 0, intervalMs: 1e12, delayMsMin: 5, delayMsMean: 20 };

describe('simulated consortia', () => {
  it.each([
    [1, 1, 0],
    [2, 2, 0],
    [3, 3, 0],
    [4, 4, 1],
    [5, 7, 2],
    [6, 10, 3],
  ])(
    'hold every check with seed %i: %i members, %i of them Byzantine',
    (seed, nodes, byzantine) => {
      const options = { protocol: 'pbft', seed, nodes, byzantine, minutes: 1 };
      const report = runSimulation(options, nobleCrypto);
      expect(report.failure, commandOf(options)).toBeUndefined();
      expect(report.height).toBeGreaterThan(2);
      expect(report.reorganisations).toBe(0);
    },
  );

  it.each([
    [11, 1, 0],
    [50, 2, 0],
    [17, 8, 2],
  ])(
    'hold every check with seed %i while members change: %i at first, %i of them Byzantine',
    (seed, nodes, byzantine) => {
      const options = { protocol: 'pbft', seed, nodes, byzantine, minutes: 1 };
      const report = runSimulation(options, nobleCrypto, registry);
      expect(report.failure, commandOf(options)).toBeUndefined();
      expect(report.memberChanges).toBeGreaterThan(0);
      expect(report.height).toBeGreaterThan(2);
    },
  );

  it.each([
    [0, 15],
    [1, 5],
  ])(
    'go on while a fifth of all messages is lost, with %i of four Byzantine',
    (byzantine, heightMin) => {
      const { chain, crypto } = createConsortiumChain({ members: 4 }, nobleCrypto);
      const options = { nodes: 4, byzantine, minutes: 1, weather: { ...calm, loss: 0.2 } };
      const heights = [1, 2].map((seed) => {
        const report = runWorld({ ...options, seed }, chain, crypto);
        expect(report.failure).toBeUndefined();
        return report.height;
      });
      // Without loss there are about sixty: what is lost is said again after a second.
      expect(Math.min(...heights)).toBeGreaterThan(heightMin);
    },
  );

  it('bear every message twice and out of order', () => {
    const { chain, crypto } = createConsortiumChain({ members: 4 }, nobleCrypto);
    const weather = { ...calm, duplication: 1, delayMsMin: 1, delayMsMean: 150 };
    const report = runWorld({ seed: 1, nodes: 4, minutes: 1, weather }, chain, crypto);
    expect(report.failure).toBeUndefined();
    expect(report.height).toBeGreaterThan(20);
  });

  it('make progress within forty seconds of healing: five views at the longest patience of 8 s', () => {
    for (const seed of [21, 23, 26]) {
      const options = { protocol: 'pbft', seed, nodes: 4, byzantine: 1, minutes: 1 };
      const report = runSimulation(options, nobleCrypto);
      expect(report.failure, commandOf(options)).toBeUndefined();
      expect(report.healingMs).toBeLessThan(40_000);
    }
  });

  it('take the same course twice', () => {
    const options = { protocol: 'pbft', seed: 3, nodes: 4, byzantine: 0, minutes: 1 };
    const first = runSimulation(options, nobleCrypto);
    expect(runSimulation(options, nobleCrypto)).toEqual(first);
    expect(first.crashes + first.partitions).toBeGreaterThan(0);
    expect(first.transactionsMined).toBeGreaterThan(0);
  });

  it('are not asked to bear more liars than they can', () => {
    const options = parseSimulation({ protocol: 'pbft', nodes: '4', byzantine: '2' });
    expect(() => runSimulation(options, nobleCrypto)).toThrow('4 members tolerate 1');
  });
});

describe('canaries', () => {
  function failures(
    options: ConsortiumOptions,
    seeds: readonly number[],
    minutes: number,
    weather: Partial<Weather> = {},
  ): (string | undefined)[] {
    const { chain, crypto } = createConsortiumChain(options, nobleCrypto);
    return seeds.map(
      (seed) =>
        runWorld({ seed, nodes: options.members, minutes, weather }, chain, crypto).failure?.check,
    );
  }

  /** The first seed from `from` on whose run breaks `check`. */
  function firstToBreak(
    check: string,
    options: ConsortiumOptions,
    from: number,
  ): number | undefined {
    const seeds = Array.from({ length: 50 }, (_, index) => from + index);
    return seeds.find((seed) => failures(options, [seed], 1).includes(check));
  }

  const letter = keys.protocol(new Uint8Array(0))[0];

  it('catch members that send before they record', () => {
    const step: typeof pbft.step = (state, event) =>
      pbft
        .step(state, event)
        .map((effect) =>
          effect.kind === 'record'
            ? { ...effect, operations: effect.operations.filter(({ key }) => key[0] !== letter) }
            : effect,
        );
    const protocol = { ...pbft, step } as NonNullable<ConsortiumOptions['protocol']>;
    expect(failures({ members: 4, protocol }, [1, 2], 2)).toContain('double vote');
  });

  it('catch a quorum of 2f + 1 among six', () => {
    const step: typeof pbft.step = (state, event) => {
      state.committee = { ...state.committee, quorum: 2 * state.committee.faults + 1 };
      return pbft.step(state, event);
    };
    const protocol = { ...pbft, step } as NonNullable<ConsortiumOptions['protocol']>;
    expect(firstToBreak('agreement', { members: 6, protocol }, 12)).toBeDefined();
  });

  it('catch view changes that leave out what was prepared', () => {
    /** COMMITs of the first view reach the last member alone, and nobody asks it for blocks. */
    const isHeard = (effect: ReturnType<typeof pbft.step>[number]): boolean =>
      effect.kind === 'send'
        ? effect.message.kind !== 'commit' || effect.message.view > 0 || effect.peer === 'node-3'
        : effect.kind !== 'request' || effect.peer !== 'node-3';
    const run = (isForgetful: boolean): string | undefined => {
      const step: typeof pbft.step = (state, event) => {
        const forget = (): void => {
          if (isForgetful) state.promises.prepared = undefined;
        };
        forget();
        const effects = pbft.step(state, event).filter(isHeard);
        forget();
        return effects;
      };
      const protocol = { ...pbft, step } as NonNullable<ConsortiumOptions['protocol']>;
      return failures({ members: 4, protocol }, [1], 1, calm)[0];
    };
    expect(run(true)).toBe('agreement');
    expect(run(false)).toBeUndefined();
  });

  it('catch members that never fetch what they missed', () => {
    const step: typeof pbft.step = (state, event) =>
      pbft.step(state, event).filter(({ kind }) => kind !== 'request');
    const protocol = { ...pbft, step } as NonNullable<ConsortiumOptions['protocol']>;
    expect(failures({ members: 4, protocol }, [1, 2], 1)).toContain('liveness');
  });
});
