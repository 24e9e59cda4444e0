/**
 * C20: the attack scenarios of Flare's FTSO-Scaling (A2 to F3: extreme values, reports that do not
 * match or come late, malformed calldata, many commitments, wrong senders). Theirs accepts a reveal
 * sent by somebody else; ours refuses it.
 */

import { encodeFunctionData, type Hex, toHex } from 'viem';
import { describe, expect, it } from 'vitest';
import { hashOf, OracleScene, oracle, reportersOf, saltOf, stranger } from './oracle-scene.ts';

const honest = [10_000n, 10_001n, 10_002n, 10_003n];
const extreme = 2n ** 191n - 1n;
const attacker = 4;

type Attack = (world: OracleScene, from: Hex) => void;

function call(world: OracleScene, name: string, args: readonly unknown[]): Hex {
  return encodeFunctionData({ abi: oracle.abi, functionName: name, args: [world.feed, ...args] });
}

/** Sends calldata that no client makes; it must be refused. */
function malform(world: OracleScene, from: Hex, input: Hex): void {
  const before = world.chain.world.fingerprint();
  expect(world.chain.sendRaw(from, oracle.address, input).status).not.toBe('success');
  expect(world.chain.world.fingerprint()).toBe(before);
}

function malformAll(world: OracleScene, from: Hex, whole: Hex): void {
  const bytes = (whole.length - 2) / 2;
  for (const length of [0, 3, 4, 35, bytes - 32, bytes - 1]) {
    malform(world, from, whole.slice(0, 2 + 2 * length) as Hex);
  }
  malform(world, from, `0xdeadbeef${whole.slice(10)}`);
  // a round of more than 64 bits is another one modulo 2^64
  malform(world, from, `${whole.slice(0, 74)}${'ff'.repeat(24)}${whole.slice(122)}` as Hex);
}

/** What the attacker does in the commit and in the reveal window. */
const attacks: Record<string, { readonly commit: Attack; readonly reveal: Attack }> = {
  'the largest value': {
    commit: (world, from) => world.commit(from, 1n, extreme),
    reveal: (world, from) => expect(world.reveal(from, 1n, extreme).error).toBe(undefined),
  },
  'the smallest value': {
    commit: (world, from) => world.commit(from, 1n, -extreme),
    reveal: (world, from) => expect(world.reveal(from, 1n, -extreme).error).toBe(undefined),
  },
  'a value beyond the range': {
    commit: (world, from) => world.commit(from, 1n, -(2n ** 255n)),
    reveal: (world, from) =>
      expect(world.reveal(from, 1n, -(2n ** 255n)).error).toBe('ValueOutOfRange()'),
  },
  'another value or salt than committed': {
    commit: (world, from) => world.commit(from, 1n, 10_000n),
    reveal: (world, from) => {
      expect(world.reveal(from, 1n, 10_001n).error).toBe('CommitMismatch()');
      const other = saltOf(stranger, 1n);
      expect(world.reveal(from, 1n, 10_000n, other).error).toBe('CommitMismatch()');
    },
  },
  'a reveal without a commitment': {
    commit: () => {},
    reveal: (world, from) => expect(world.reveal(from, 1n, 10_000n).error).toBe('NoCommit()'),
  },
  'no commitment at all, late': {
    commit: (world, from) => {
      const nothing = [world.feed, 1n, toHex(0n, { size: 32 })];
      expect(world.chain.send(from, oracle, 'commit', nothing).error).toBe('CommitMismatch()');
    },
    reveal: (world, from) => {
      const hash = hashOf(world.feed, 1n, from, 10_000n, saltOf(from, 1n));
      const late = [world.feed, 1n, hash];
      expect(world.chain.send(from, oracle, 'commit', late).error).toBe('WrongPhase(3,1)');
    },
  },
  'many commitments': {
    commit: (world, from) => {
      for (let value = 0n; value < 9n; value++) {
        expect(world.commit(from, 1n, 10_000n + value).error).toBe(undefined);
      }
    },
    reveal: (world, from) => {
      for (let value = 0n; value < 8n; value++) {
        expect(world.reveal(from, 1n, 10_000n + value).error).toBe('CommitMismatch()');
      }
      expect(world.reveal(from, 1n, 10_008n).error).toBe(undefined);
    },
  },
  'reports of others under their own name': {
    commit: (world, from) => world.commit(from, 1n, 10_000n),
    reveal: (world, from) => {
      const victim = world.reporter(0);
      const salt = saltOf(victim, 1n);
      expect(world.reveal(from, 1n, honest[0] as bigint, salt).error).toBe('CommitMismatch()');
      expect(world.reveal(stranger, 1n, honest[0] as bigint, salt).error).toBe('NoCommit()');
    },
  },
  'malformed calldata': {
    commit: (world, from) => {
      world.commit(from, 1n, 10_000n);
      malformAll(world, from, call(world, 'commit', [1n, saltOf(from, 1n)]));
    },
    reveal: (world, from) =>
      malformAll(world, from, call(world, 'reveal', [1n, 10_000n, saltOf(from, 1n)])),
  },
};

/** One round with one attack in it, to its settlement. */
function suffer({ commit, reveal }: (typeof attacks)[string]): OracleScene {
  const world = new OracleScene(reportersOf([20n, 20n, 20n, 20n, 20n]));
  const from = world.reporter(attacker);
  world.goTo(1n, 0);
  for (const [index, value] of honest.entries()) world.commit(world.reporter(index), 1n, value);
  commit(world, from);
  world.goTo(1n, 26);
  reveal(world, from);
  for (const [index, value] of honest.entries()) {
    expect(world.reveal(world.reporter(index), 1n, value).error).toBe(undefined);
  }
  world.goTo(1n, 46);
  expect(world.reveal(from, 1n, 10_000n).error).toBe('WrongPhase(0,3)');
  world.finalize(1n);
  world.settle(1n);
  world.chain.mine();
  return world;
}

describe('attacks on a round', () => {
  it.each(Object.entries(attacks))('C20: %s', (_name, attack) => {
    const [one, other] = [suffer(attack), suffer(attack)];
    const value = one.latest()[1] as bigint;
    expect(value).toBeGreaterThanOrEqual(10_001n);
    expect(value).toBeLessThanOrEqual(10_002n);
    for (const index of honest.keys()) {
      expect(one.claimable(one.reporter(index))).toBeGreaterThan(0n);
    }
    expect(other.chain.world.fingerprint()).toBe(one.chain.world.fingerprint());
  });
});
