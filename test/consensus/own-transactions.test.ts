/** When a node's own transactions are announced, and when they are not. */

import { describe, expect, it } from 'vitest';
import { OwnTransactions } from '../../src/consensus/own-transactions.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { limits } from '../../src/primitives/limits.ts';

const one = { raw: Uint8Array.of(1), hash: new Uint8Array(32).fill(1) };
const two = { raw: Uint8Array.of(2), hash: new Uint8Array(32).fill(2) };

function desk() {
  const said: number[][] = [];
  const pauses: number[] = [];
  const waiting = new Set([toHex(one.hash), toHex(two.hash)]);
  const own = new OwnTransactions(
    {
      broadcastTransactions: (raw) => void said.push(raw.map((bytes) => bytes[0] as number)),
      setTimer: (_, afterMs) => void pauses.push(afterMs),
    },
    (hash) => waiting.has(hash),
  );
  return { own, said, pauses, waiting };
}

describe('own transactions', () => {
  it('are gossiped at once and again until they are mined', () => {
    const { own, said, pauses, waiting } = desk();
    own.announce([one, two], false);
    waiting.delete(toHex(two.hash));
    own.announceAgain();
    waiting.clear();
    own.announceAgain();
    expect(said).toEqual([[1, 2], [1]]);
    expect(pauses).toEqual([limits.rebroadcastMs, limits.rebroadcastMs]);
  });

  it('that the protocol forwards are gossiped only when they still wait after two pauses', () => {
    const { own, said, pauses, waiting } = desk();
    own.announce([one], true);
    own.announceAgain();
    own.announce([two], true);
    expect(said).toEqual([]);
    own.announceAgain();
    expect(said).toEqual([[1]]);
    waiting.delete(toHex(one.hash));
    own.announceAgain();
    expect(said).toEqual([[1], [2]]);
    expect(pauses.slice(0, 3)).toEqual(new Array(3).fill(limits.forwardedPauseMs));
  });
});
