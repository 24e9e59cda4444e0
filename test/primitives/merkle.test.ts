import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/primitives/bytes.ts';
import { nobleCrypto as crypto } from '../../src/primitives/crypto.ts';
import { merklePath, merkleRoot, verifyMerklePath } from '../../src/primitives/merkle.ts';
import { anyBytes } from '../support/arbitrary.ts';

/** Certificate Transparency's reference leaves and roots of their first n. */
const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657']
  .concat('606162636465666768696a6b6c6d6e6f')
  .map(fromHex);
const roots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

/** The same project's audit paths: leaf (from 1), tree size, path from the leaf up. */
const paths: readonly (readonly [number, number, readonly string[]])[] = [
  [1, 1, []],
  [
    1,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    6,
    8,
    [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [3, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
  [
    2,
    5,
    [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
];

describe('RFC 6962 tree', () => {
  it.each(roots.map((root, count) => [count, root]))('root of %i leaves', (count, root) => {
    expect(toHex(merkleRoot(leaves.slice(0, Number(count)), crypto))).toBe(root);
  });

  it.each(paths)('path of leaf %i of %i', (leaf, count, path) => {
    expect(merklePath(leaves.slice(0, count), leaf - 1, crypto).map(toHex)).toEqual(path);
  });

  const place = fc
    .array(anyBytes, { minLength: 1, maxLength: 40 })
    .chain((list) => fc.tuple(fc.constant(list), fc.nat({ max: list.length - 1 })));

  it('proves every leaf at its place and at no other', () => {
    fc.assert(
      fc.property(place, ([list, index]) => {
        const root = merkleRoot(list, crypto);
        const path = merklePath(list, index, crypto);
        const proof = { leaf: list[index] as Uint8Array, index, count: list.length, path, root };
        expect(verifyMerklePath(proof, crypto)).toBe(true);
        expect(path.length).toBeLessThanOrEqual(Math.ceil(Math.log2(list.length)));
        expect(verifyMerklePath({ ...proof, index: list.length }, crypto)).toBe(false);
        expect(verifyMerklePath({ ...proof, index: -1 }, crypto)).toBe(false);
        expect(verifyMerklePath({ ...proof, path: [...path, root] }, crypto)).toBe(false);
        expect(verifyMerklePath({ ...proof, leaf: root }, crypto)).toBe(false);
        if (path.length > 0) {
          expect(verifyMerklePath({ ...proof, path: path.slice(1) }, crypto)).toBe(false);
          expect(verifyMerklePath({ ...proof, path: path.slice(0, -1) }, crypto)).toBe(false);
        }
      }),
    );
  });

  it('refuses a proof with any bit changed', () => {
    fc.assert(
      fc.property(place, fc.nat(), ([list, index], position) => {
        const path = merklePath(list, index, crypto).map((hash) => hash.slice());
        if (path.length === 0) return;
        const target = path[position % path.length] as Uint8Array;
        target[position % 32] = (target[position % 32] as number) ^ 1;
        const proof = { leaf: list[index] as Uint8Array, index, count: list.length, path };
        expect(verifyMerklePath({ ...proof, root: merkleRoot(list, crypto) }, crypto)).toBe(false);
      }),
    );
  });

  it('does not pass a node off as a leaf', () => {
    const [left, right] = ['00', '01'].map((hex) => merkleRoot([fromHex(hex)], crypto));
    const node = new Uint8Array([...(left as Uint8Array), ...(right as Uint8Array)]);
    expect(merkleRoot([node], crypto)).not.toEqual(
      merkleRoot([fromHex('00'), fromHex('01')], crypto),
    );
  });

  it('has no leaf outside the list', () => {
    expect(() => merklePath(leaves, 8, crypto)).toThrow(RangeError);
    expect(() => merklePath([], 0, crypto)).toThrow(RangeError);
  });
});
