/** Each check fails on the smallest history that breaks its rule, and on nothing else. */

import { describe, expect, it } from 'vitest';
import type { HeadChange } from '../../src/consensus/host.ts';
import type { HeaderEntry } from '../../src/primitives/block.ts';
import { fromHex, toHex } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { baseVersion, encodeHeader } from '../../src/primitives/header.ts';
import { meetsTarget, workOfBits } from '../../src/primitives/work.ts';
import { type CheckerOptions, Checkers } from '../../src/simulation/checkers.ts';

const easyBits = 0x207fffff;
const hardBits = 0x200fffff;

/** A child with real work; `salt` tells siblings apart. */
function child(parent: HeaderEntry, salt: number, bits = easyBits, time = 0): HeaderEntry {
  for (let nonce = 0; ; nonce++) {
    const header = {
      version: baseVersion,
      previous: fromHex(parent.id),
      commitment: new Uint8Array(32).fill(salt),
      time: time === 0 ? parent.header.time + 1 : time,
      bits,
      nonce,
    };
    const hash = nobleCrypto.sha256d(encodeHeader(header));
    if (!meetsTarget(hash, bits)) continue;
    const work = parent.work + workOfBits(bits);
    return { id: toHex(hash), header, height: parent.height + 1, work };
  }
}

const genesisHeader = {
  version: baseVersion,
  previous: new Uint8Array(32),
  commitment: new Uint8Array(32),
  time: 1_000,
  bits: easyBits,
  nonce: 0,
};
const genesis: HeaderEntry = {
  id: toHex(nobleCrypto.sha256d(encodeHeader(genesisHeader))),
  header: genesisHeader,
  height: 0,
  work: 0n,
};
const a1 = child(genesis, 1);
const a2 = child(a1, 1);
const a3 = child(a2, 1);
const b1 = child(genesis, 2);
const b2 = child(b1, 2);
const b3 = child(b2, 2);
const all = new Map([genesis, a1, a2, a3, b1, b2, b3].map((entry) => [entry.id, entry]));

function change(reverted: HeaderEntry[], applied: HeaderEntry[], head?: HeaderEntry): HeadChange {
  return { reverted, applied, head: head ?? (applied.at(-1) as HeaderEntry) };
}

function checkers(options: Partial<CheckerOptions> = {}): Checkers {
  const made = new Checkers(
    { finality: 'probabilistic', depthMax: 2, genesis, ...options },
    nobleCrypto,
  );
  for (const node of ['x', 'y']) made.started(node, genesis, (id) => all.get(id));
  return made;
}

describe('checkers', () => {
  it('accept extensions and reorganisations to more work', () => {
    const made = checkers();
    made.headChanged('x', change([], [a1, a2]));
    made.headChanged('x', change([a2, a1], [b1, b2, b3]));
    expect(made.chainOf('x')).toEqual([genesis, b1, b2, b3]);
    expect([made.reorganisations, made.deepestReorganisation, made.blocksSeen]).toEqual([1, 2, 5]);
  });

  it('count a short branch with more work as progress', () => {
    const hard = child(genesis, 3, hardBits);
    const made = checkers();
    made.headChanged('x', change([], [a1, a2]));
    made.headChanged('x', change([a2, a1], [hard]));
    expect(made.chainOf('x')).toEqual([genesis, hard]);
  });

  it('refuse a longer branch with less work: fork choice is not by height', () => {
    const hard = child(genesis, 3, hardBits);
    const made = checkers();
    made.headChanged('x', change([], [hard]));
    expect(() => made.headChanged('x', change([hard], [a1, a2, a3]))).toThrow('most work');
  });

  it('refuse a reorganisation that is deeper than can be explained', () => {
    const made = checkers({ depthMax: 1 });
    made.headChanged('x', change([], [a1, a2]));
    expect(() => made.headChanged('x', change([a2, a1], [b1, b2, b3]))).toThrow('common prefix');
  });

  it('refuse what does not fit together', () => {
    expect(() => checkers().headChanged('x', change([], [a2]))).toThrow('apply order');
    expect(() => checkers().headChanged('x', change([a1], [b1]))).toThrow('revert order');
    expect(() => checkers().headChanged('x', change([], [a1], b1))).toThrow('head:');
  });

  it('refuse headers that break their own facts', () => {
    const lazy = { ...a1, header: { ...a1.header, bits: 0x1d00ffff } };
    const lazyId = toHex(nobleCrypto.sha256d(encodeHeader(lazy.header)));
    const extend = (entry: HeaderEntry) => () => checkers().headChanged('x', change([], [entry]));
    expect(extend({ ...lazy, id: lazyId })).toThrow('proof of work');
    expect(extend(lazy)).toThrow('block id');
    expect(extend({ ...a1, work: 7n })).toThrow('cumulative work');
    expect(extend(child(genesis, 4, easyBits, 999))).toThrow('time');
  });

  it('demand that a restart brings back what was told, or more', () => {
    const made = checkers();
    made.headChanged('x', change([], [a1, a2]));
    expect(() => made.started('x', a1, (id) => all.get(id))).toThrow('durable head');
    const again = checkers();
    again.headChanged('x', change([], [a1]));
    again.started('x', a3, (id) => all.get(id));
    expect(again.chainOf('x')).toEqual([genesis, a1, a2, a3]);
    expect(() => again.started('y', b3, () => undefined)).toThrow('stored chain');
  });

  it('allow honest nodes to call each other slow, not guilty', () => {
    const made = checkers();
    made.reported('x', 'y', 'stalled');
    expect(() => made.reported('x', 'y', 'invalid-block')).toThrow('honest peers');
    made.alarmed('x', 'deep-reorganisation', '101 blocks');
    expect(() => made.alarmed('x', 'block-refused', 'wrong-state-root')).toThrow('alarm');
  });

  it('hold immediate finality to one block a height and no undoing', () => {
    const made = checkers({ finality: 'immediate' });
    made.headChanged('x', change([], [a1, a2]));
    expect(() => made.headChanged('y', change([], [b1]))).toThrow('agreement');
    expect(() => made.headChanged('x', change([a2, a1], [a1, a2, a3]))).toThrow('finality');
  });
});
