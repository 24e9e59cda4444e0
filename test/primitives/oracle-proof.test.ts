import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bigintToBytes, concat, concatAll } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { encodeHeader } from '../../src/primitives/header.ts';
import { type OracleProof, verifyOracleProof } from '../../src/primitives/oracle-proof.ts';
import { encodeRecord } from '../../src/primitives/record.ts';
import {
  encodeStateProof,
  hashStateBranch,
  hashStateLeaf,
  pathBit,
} from '../../src/primitives/state-proof.ts';
import { hashToNumber, targetOfBits, workOfBits } from '../../src/primitives/work.ts';

const { sha256, sha256d } = nobleCrypto;
const easyBits = 0x207fffff;
const trusted = sha256(Uint8Array.of(1));
const oracle = new Uint8Array(20).fill(0xa1);
const feed = sha256(Uint8Array.of(2));

function answerWord(value: bigint, updatedAt: number, flags: number): Uint8Array {
  const high = (BigInt(flags) << 40n) | BigInt(updatedAt);
  return bigintToBytes((high << 192n) | BigInt.asUintN(192, value), 32);
}

function mine(previous: Uint8Array, commitment: Uint8Array, time: number): Uint8Array {
  for (let nonce = 0; ; nonce++) {
    const header = { version: 0x20000000, previous, commitment, time, bits: easyBits, nonce };
    const raw = encodeHeader(header);
    if (hashToNumber(sha256d(raw)) <= (targetOfBits(easyBits) as bigint)) return raw;
  }
}

/** A tree of two leaves, a record on it, and a chain of `above + 2` headers, made by hand. */
function makeProof(word: Uint8Array, above = 3): OracleProof {
  const path = sha256(concat(Uint8Array.of(1), oracle, feed));
  const sibling = hashStateLeaf(sha256(path), sha256(path), nobleCrypto);
  const leaf = hashStateLeaf(path, sha256(word), nobleCrypto);
  const pair = pathBit(path, 0) === 0 ? ([leaf, sibling] as const) : ([sibling, leaf] as const);
  const record = encodeRecord({
    height: 42,
    stateRoot: hashStateBranch(...pair, nobleCrypto),
    transactionsRoot: sha256(new Uint8Array()),
    receiptsRoot: sha256(new Uint8Array()),
    beneficiary: new Uint8Array(20),
    gasLimit: 30_000_000,
    gasUsed: 0,
    baseFeePerGas: 7n,
    extraData: new Uint8Array(32),
    extranonce: new Uint8Array(16),
  });
  const headers: Uint8Array[] = [];
  let previous = trusted;
  for (let index = 0; index < above + 2; index++) {
    const commitment = index === 1 ? sha256d(record) : sha256(Uint8Array.of(index));
    headers.push(mine(previous, commitment, 1_000 + index));
    previous = sha256d(headers.at(-1) as Uint8Array);
  }
  return {
    headers: concatAll(headers),
    index: 1,
    record,
    oracle,
    feed,
    word,
    stateProof: encodeStateProof({ siblings: [sibling], end: { kind: 'leaf' } }),
  };
}

const verify = (proof: OracleProof) => verifyOracleProof(proof, trusted, nobleCrypto);

describe('proof of an oracle answer', () => {
  it('shows value, times and the work behind it', () => {
    const answer = verify(makeProof(answerWord(6_451_494_400_000n, 1_767_225_700, 0)));
    expect(answer).toEqual({
      value: 6_451_494_400_000n,
      updatedAt: 1_767_225_700,
      isBootstrap: false,
      height: 42,
      time: 1_001,
      confirmations: 3,
      work: 5n * workOfBits(easyBits),
      workAbove: 3n * workOfBits(easyBits),
    });
  });

  it('reads the whole range of values and the bootstrap flag', () => {
    const range = { min: -(2n ** 191n) + 1n, max: 2n ** 191n - 1n };
    fc.assert(
      fc.property(fc.bigInt(range), fc.boolean(), (value, isBootstrap) => {
        const proof = makeProof(answerWord(value, 1, isBootstrap ? 1 : 0), 0);
        expect(verify(proof)).toMatchObject({ value, isBootstrap, confirmations: 0 });
      }),
      { numRuns: 50 },
    );
  });

  it('refuses every single changed bit', () => {
    const proof = makeProof(answerWord(5n, 9, 0), 1);
    const members = ['headers', 'record', 'oracle', 'feed', 'word', 'stateProof'] as const;
    fc.assert(
      fc.property(fc.constantFrom(...members), fc.nat(), fc.nat(7), (member, place, bit) => {
        const bytes = proof[member].slice();
        const index = place % bytes.length;
        bytes[index] = (bytes[index] as number) ^ (1 << bit);
        const changed = verify({ ...proof, [member]: bytes });
        // Another nonce of the last header may meet this easy target too: it is a proof of its own.
        const isLastHeader = member === 'headers' && index >= bytes.length - 80;
        if (isLastHeader && !('code' in changed)) expect(changed).toMatchObject({ value: 5n });
        else expect(changed).toHaveProperty('code');
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    [
      'another trusted block',
      { headers: makeProof(answerWord(1n, 1, 0)).headers.slice(80) },
      'broken-chain',
    ],
    ['no headers', { headers: new Uint8Array() }, 'bad-length'],
    ['half a header', { headers: new Uint8Array(120) }, 'bad-length'],
    ['an index beyond them', { index: 5 }, 'bad-length'],
    ['a fraction', { index: 0.5 }, 'bad-length'],
    ['the record of another header', { index: 0 }, 'bad-record'],
    ['another feed', { feed: sha256(feed) }, 'bad-state-proof'],
    ['a short address', { oracle: oracle.slice(1) }, 'bad-length'],
    ['an empty state proof', { stateProof: new Uint8Array() }, 'bad-state-proof'],
  ])('refuses %s', (_name, change, code) => {
    expect(verify({ ...makeProof(answerWord(1n, 1, 0)), ...change })).toMatchObject({ code });
  });

  it('refuses work that was not done and a word without an answer', () => {
    const proof = makeProof(answerWord(1n, 1, 0));
    const headers = proof.headers.slice();
    new DataView(headers.buffer).setUint32(72, 0x1d00ffff, true);
    expect(verify({ ...proof, headers })).toMatchObject({ code: 'no-work' });
    expect(verify(makeProof(answerWord(1n, 0, 0)))).toMatchObject({ code: 'no-value' });
  });
});
