/** The stored tree against the definition, over sets whose paths share long prefixes. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  proveState,
  type StateChanges,
  stateRoot,
  updateTree,
} from '../../src/ledger/state-tree.ts';
import { fromHex, type Hex, toHex, utf8 } from '../../src/primitives/bytes.ts';
import { nobleCrypto as crypto } from '../../src/primitives/crypto.ts';
import {
  decodeStateProof,
  encodeStateProof,
  hashStateBranch,
  hashStateLeaf,
  type StateProof,
  verifyStateProof,
} from '../../src/primitives/state-proof.ts';
import { MemoryStore, naiveRoot } from './support.ts';

/** Paths that collide in long prefixes, so that splits and collapses cross several pages. */
const clusteredPath = fc
  .tuple(
    fc.constantFrom('00', '80', 'f0', 'ff'),
    fc.constantFrom(0, 1, 2, 17, 30),
    fc.integer({ min: 0, max: 255 }),
  )
  .map(([filler, position, byte]) => {
    const path = fromHex(filler.repeat(32));
    path[position] = byte;
    return toHex(path);
  });
const randomPath = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex);
const path = fc.oneof(clusteredPath, clusteredPath, randomPath);
const value = fc.uint8Array({ minLength: 1, maxLength: 40 });
const leafSet = fc
  .array(fc.tuple(path, value), { maxLength: 60 })
  .map((entries) => new Map<Hex, Uint8Array>(entries));
const batch = fc
  .array(fc.tuple(path, fc.option(value, { nil: undefined, freq: 2 })), { maxLength: 12 })
  .map((entries) => new Map(entries));

function write(store: MemoryStore, changes: StateChanges): Uint8Array {
  const { root, operations } = updateTree(store, changes, crypto);
  store.apply(operations);
  return root;
}

describe('state tree', () => {
  it('has 32 zero bytes as the root of nothing', () => {
    expect(toHex(stateRoot(new MemoryStore(), crypto))).toBe('00'.repeat(32));
  });

  it('has the leaf itself as the root of one leaf', () => {
    const only = fromHex('ab'.repeat(32));
    const root = write(new MemoryStore(), new Map([[toHex(only), utf8('value')]]));
    const preimage = Uint8Array.from([0, ...only, ...crypto.sha256(utf8('value'))]);
    expect(toHex(root)).toBe(toHex(crypto.sha256(preimage)));
  });

  it('hashes an empty half beside a branch, and nothing beside a lone leaf', () => {
    const [left, right] = [fromHex(`80${'00'.repeat(31)}`), fromHex(`c0${'00'.repeat(31)}`)];
    const leaf = (at: Uint8Array) =>
      crypto.sha256(Uint8Array.from([0, ...at, ...crypto.sha256(utf8('x'))]));
    const branch = crypto.sha256(Uint8Array.from([1, ...leaf(left), ...leaf(right)]));
    const root = write(
      new MemoryStore(),
      new Map([left, right].map((at) => [toHex(at), utf8('x')])),
    );
    expect(toHex(root)).toBe(
      toHex(crypto.sha256(Uint8Array.from([1, ...new Uint8Array(32), ...branch]))),
    );
  });

  it('agrees with the definition after every batch of insertions and deletions', () => {
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 12 }), (batches) => {
        const store = new MemoryStore();
        const model = new Map<Hex, Uint8Array>();
        for (const changes of batches) {
          for (const [at, after] of changes) {
            if (after === undefined) model.delete(at);
            else model.set(at, after);
          }
          const root = write(store, changes);
          expect(toHex(root)).toBe(toHex(naiveRoot(model)));
          expect(toHex(stateRoot(store, crypto))).toBe(toHex(root));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('stores the same bytes whatever the history that led to a set', () => {
    fc.assert(
      fc.property(leafSet, leafSet, fc.integer({ min: 1, max: 7 }), (wanted, detour, size) => {
        const direct = new MemoryStore();
        write(direct, wanted);
        const wandering = new MemoryStore();
        write(wandering, detour);
        const entries: [Hex, Uint8Array | undefined][] = [...wanted].reverse();
        for (const at of detour.keys()) if (!wanted.has(at)) entries.push([at, undefined]);
        for (let from = 0; from < entries.length; from += size) {
          write(wandering, new Map(entries.slice(from, from + size)));
        }
        expect(wandering.dump()).toEqual(direct.dump());
      }),
    );
  });
});

describe('state proofs', () => {
  it('prove presence and absence of any path, through their encoding', () => {
    fc.assert(
      fc.property(leafSet, path, (leaves, asked) => {
        const store = new MemoryStore();
        const root = write(store, leaves);
        for (const at of [asked, ...leaves.keys()]) {
          const bytes = encodeStateProof(proveState(store, fromHex(at), crypto));
          const proof = decodeStateProof(bytes);
          const claim = { root, path: fromHex(at), value: leaves.get(at), proof };
          expect(verifyStateProof(claim, crypto)).toBe(true);
          expect(toHex(encodeStateProof(proof))).toBe(toHex(bytes));
        }
      }),
    );
  });

  it('refuse another value, another root, and the opposite claim', () => {
    fc.assert(
      fc.property(leafSet, path, value, (leaves, asked, forged) => {
        const store = new MemoryStore();
        const root = write(store, leaves);
        const truth = leaves.get(asked);
        fc.pre(truth === undefined || toHex(truth) !== toHex(forged));
        const proof = proveState(store, fromHex(asked), crypto);
        const claim = { root, path: fromHex(asked), value: truth, proof };
        expect(verifyStateProof({ ...claim, value: forged }, crypto)).toBe(false);
        if (truth !== undefined) {
          expect(verifyStateProof({ ...claim, value: undefined }, crypto)).toBe(false);
        }
        const otherRoot = root.map((byte, index) => (index === 31 ? byte ^ 1 : byte));
        expect(verifyStateProof({ ...claim, root: otherRoot }, crypto)).toBe(false);
      }),
    );
  });

  it('refuse a leaf in the place of another path, even under a root that commits to it', () => {
    const [low, high] = [fromHex('00'.repeat(32)), fromHex('ff'.repeat(32))];
    const valueHash = crypto.sha256(utf8('x'));
    const lowLeaf = hashStateLeaf(low, valueHash, crypto);
    const highLeaf = hashStateLeaf(high, valueHash, crypto);
    const root = hashStateBranch(highLeaf, lowLeaf, crypto);
    const proof: StateProof = {
      siblings: [lowLeaf],
      end: { kind: 'other', path: high, valueHash },
    };
    expect(verifyStateProof({ root, path: low, value: undefined, proof }, crypto)).toBe(false);
  });

  it('refuse or re-encode any changed byte of an encoding', () => {
    const store = new MemoryStore();
    const leaves = new Map(
      Array.from({ length: 40 }, (_, index) => [
        toHex(crypto.sha256(utf8(`leaf ${index}`))),
        utf8(`value ${index}`),
      ]),
    );
    const root = write(store, leaves);
    const [at, held] = [...leaves][7] as [Hex, Uint8Array];
    const bytes = encodeStateProof(proveState(store, fromHex(at), crypto));
    for (let index = 0; index < bytes.length; index++) {
      const changed = bytes.map((byte, position) => (position === index ? byte ^ 0x41 : byte));
      let proof: StateProof;
      try {
        proof = decodeStateProof(changed);
      } catch {
        continue;
      }
      expect(verifyStateProof({ root, path: fromHex(at), value: held, proof }, crypto)).toBe(false);
    }
  });
});
