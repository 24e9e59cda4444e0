/** Whole networks from one seed: good ones hold every check, planted faults are caught. */

import { describe, expect, it } from 'vitest';
import type { StateMachine } from '../../src/consensus/host.ts';
import type { Effect, Event } from '../../src/consensus/protocol.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { keys } from '../../src/primitives/store.ts';
import type { SimulatedChain } from '../../src/simulation/chain.ts';
import { createLedgerChain } from '../../src/simulation/ledger-chain.ts';
import {
  commandOf,
  parseSimulation,
  runSimulation,
  simulateCommand,
} from '../../src/simulation/simulate.ts';
import { runWorld, type SimulationReport, type WorldOptions } from '../../src/simulation/world.ts';

type Chain = SimulatedChain<unknown>;

const good = createLedgerChain('pow', nobleCrypto);

/** A variant of the chain whose protocol's steps are edited. */
function withStep(
  edit: (event: Event<unknown>, effects: readonly Effect<unknown>[]) => readonly Effect<unknown>[],
): Chain {
  const { protocol } = good;
  const step: Chain['protocol']['step'] = (state, event) =>
    edit(event, protocol.step(state, event));
  return { ...good, protocol: { ...protocol, step } };
}

function withMachine(change: (machine: StateMachine) => Partial<StateMachine>): Chain {
  return {
    ...good,
    createMachine: (reader) => {
      const machine = good.createMachine(reader);
      const changed = change(machine);
      return new Proxy(machine, {
        get: (target, name) => {
          const value = changed[name as keyof StateMachine] ?? Reflect.get(target, name);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    },
  };
}

describe('simulated proof of work', () => {
  const seeds = [1, 2, 3];
  const reports = new Map<number, SimulationReport>();

  it.each(seeds)('holds every check with seed %i', (seed) => {
    const options = { protocol: 'pow', seed, nodes: 5, minutes: 8 };
    const report = runSimulation(options, nobleCrypto);
    reports.set(seed, report);
    expect(report.failure, commandOf(options)).toBeUndefined();
    expect(report.height).toBeGreaterThan(5);
    expect(report.transactionsMined).toBeGreaterThan(0);
  });

  it('met power failures, lost writes, partitions and reorganisations in these runs', () => {
    const sum = (read: (report: SimulationReport) => number): number =>
      [...reports.values()].reduce((total, report) => total + read(report), 0);
    expect(sum((report) => report.crashes)).toBeGreaterThan(0);
    expect(sum((report) => report.partitions)).toBeGreaterThan(0);
    expect(sum((report) => report.lostBatches)).toBeGreaterThan(0);
    expect(sum((report) => report.reorganisations)).toBeGreaterThan(0);
  });

  it('takes the same course twice, and another one from another seed', () => {
    const run = (seed: number) => runWorld({ seed, nodes: 3, minutes: 3 }, good, nobleCrypto);
    const first = run(11);
    expect(run(11)).toEqual(first);
    expect(run(12).digest).not.toBe(first.digest);
  });

  it('holds among liars: two Byzantine nodes of seven', () => {
    let convictions = 0;
    for (const seed of [1, 2]) {
      const options = { protocol: 'pow', seed, nodes: 7, byzantine: 2, minutes: 6 };
      const report = runSimulation(options, nobleCrypto);
      expect(report.failure, commandOf(options)).toBeUndefined();
      convictions += report.convictions;
    }
    // Whether a liar meets an honest node before the end is a matter of the seed.
    expect(convictions).toBeGreaterThan(0);
  });

  it('runs with a single node', () => {
    const report = runWorld({ seed: 1, nodes: 1, minutes: 5 }, good, nobleCrypto);
    expect(report.failure).toBeUndefined();
  });
});

describe('canaries', () => {
  /** The checks that failed in the first seeds. */
  function failures(
    chain: Chain,
    seeds: number,
    options: Partial<WorldOptions> = {},
  ): (string | undefined)[] {
    return Array.from({ length: seeds }, (_, index) => {
      const world = { seed: index + 1, nodes: 5, minutes: 8, ...options };
      return runWorld(world, chain, nobleCrypto).failure?.check;
    });
  }

  it('catches disks that promise what they have not kept', () => {
    expect(failures(good, 3, { lyingDisks: true })).toContain('durable head');
  });

  it('catches a state machine that makes money', () => {
    const stateLetter = keys.state(new Uint8Array(32))[0];
    const minting = withMachine((machine) => ({
      execute: (block, parent, entry) => {
        const result = machine.execute(block, parent, entry);
        if (!result.ok || entry.height !== 6) return result;
        const [first, second] = result.operations.filter(
          ({ key, value }) => key[0] === stateLetter && value !== undefined,
        );
        if (!first || !second) return result;
        const operations = [...result.operations, { ...first, value: second.value }];
        return { ...result, operations };
      },
    }));
    const found = failures(minting, 2);
    expect(found.every((check) => check !== undefined)).toBe(true);
  });

  it('catches a protocol that never fetches what it missed', () => {
    const silent = withStep((_event, effects) => effects.filter(({ kind }) => kind !== 'request'));
    expect(failures(silent, 1, { nodes: 3, minutes: 2 })).toEqual(['liveness']);
  });

  it('catches a protocol that forgets to store bodies', () => {
    const body = keys.body('')[0];
    const forgetful = withStep((_event, effects) =>
      effects.map((effect) =>
        effect.kind === 'record'
          ? { ...effect, operations: effect.operations.filter(({ key }) => key[0] !== body) }
          : effect,
      ),
    );
    expect(failures(forgetful, 1)).toEqual(['exception']);
  });

  it('reads the flags of the command line, and names what is wrong with them', () => {
    const defaults = { protocol: 'pow', seed: 1, nodes: 7, byzantine: 0, minutes: 30 };
    expect(parseSimulation({})).toEqual(defaults);
    expect(parseSimulation({ seed: '9', byzantine: '2', minutes: '1' })).toEqual({
      ...defaults,
      seed: 9,
      byzantine: 2,
      minutes: 1,
    });
    expect(() => parseSimulation({ nodes: '0' })).toThrow('--nodes is 0');
    expect(() => parseSimulation({ seed: 'x' })).toThrow('--seed is x');
    expect(() => parseSimulation({ minutes: true })).toThrow('--minutes is true');
    expect(() => parseSimulation({ nodes: '3', byzantine: '3' })).toThrow('fewer than all');
  });

  it('prints the command that repeats a failure, and answers 1', () => {
    const lines: string[] = [];
    const options = { protocol: 'pow', seed: 7, nodes: 2, minutes: 2 };
    expect(simulateCommand(options, nobleCrypto, (line) => lines.push(line))).toBe(0);
    expect(lines.at(-1)).toBe('all checks hold');
    expect(commandOf(options)).toBe(
      'dodona simulate --protocol pow --seed 7 --nodes 2 --byzantine 0 --minutes 2',
    );
    expect(() => runSimulation({ ...options, protocol: 'none' }, nobleCrypto)).toThrow(
      'protocol "none" is unknown',
    );
  });
});
