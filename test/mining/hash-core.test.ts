/** Each hash core against Bitcoin's headers, against @noble, and against its committed build. */

import { readFileSync } from 'node:fs';
import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generateHashCoreModule } from '../../scripts/build-hash-core.ts';
import {
  createHashCore,
  type FoundNonce,
  type HashCoreName,
  versionsAtOnce,
} from '../../src/mining/hash-core.ts';
import { rollVersion } from '../../src/mining/search-space.ts';
import { fromHex } from '../../src/primitives/bytes.ts';
import { decodeHeader } from '../../src/primitives/header.ts';
import { hashToNumber, targetOfBits } from '../../src/primitives/work.ts';
import { dataPath } from '../support/data.ts';

const genesisHeader = fromHex(
  `01000000${'00'.repeat(32)}3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c`,
);
const genesisNonce = 2_083_236_893;
const genesisTarget = targetOfBits(0x1d00ffff) as bigint;
const allOnes = 2n ** 256n - 1n;

function hashOf(header: Uint8Array, version: number, nonce: number): bigint {
  const bytes = header.slice();
  const view = new DataView(bytes.buffer);
  view.setUint32(0, version, true);
  view.setUint32(76, nonce, true);
  return hashToNumber(sha256(sha256(bytes)));
}

/** The first hit, one hash after the other: by nonce, then by the order of the versions. */
function searchSlowly(
  header: Uint8Array,
  versions: readonly number[],
  target: bigint,
  start: number,
  count: number,
): FoundNonce | undefined {
  for (let nonce = start; nonce < start + count; nonce++) {
    for (const version of versions) {
      if (hashOf(header, version, nonce) <= target) return { version, nonce };
    }
  }
  return undefined;
}

/** This version in place `index` of sixteen that differ. */
function versionsAround(version: number, index: number): readonly number[] {
  return Array.from({ length: versionsAtOnce }, (_, place) => rollVersion(version, place ^ index));
}

const names: readonly HashCoreName[] = ['simd', 'scalar', 'noble'];
const headers = fc.uint8Array({ minLength: 80, maxLength: 80 });
const version = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const sixteen = fc.array(version, { minLength: versionsAtOnce, maxLength: versionsAtOnce });
const bitcoinHeaders = dataPath('bitcoin-headers-0-2016.bin');

describe.each(names)('hash core %s', (name) => {
  const core = createHashCore(name);

  it('finds the nonce of Bitcoin block 0 in every lane and every version', () => {
    const found = { version: 1, nonce: genesisNonce };
    for (let index = 0; index < versionsAtOnce; index++) {
      core.prepare(genesisHeader, versionsAround(1, index), genesisTarget);
      for (const before of [0, 1, 2, 3, 4, 17]) {
        expect(core.search(genesisNonce - before, before + 5)).toEqual(found);
        expect(core.search(genesisNonce - before, before)).toBeUndefined();
        expect(core.search(genesisNonce - before, before + 1)).toEqual(found);
      }
      expect(core.search(genesisNonce + 1, 8)).toBeUndefined();
    }
  });

  it.skipIf(!bitcoinHeaders)('confirms Bitcoin headers 0 to 2016 (needs the data folder)', () => {
    const file = readFileSync(bitcoinHeaders as string);
    expect(file.length).toBe(2017 * 80);
    for (let height = 0; height < 2017; height++) {
      const bytes = new Uint8Array(file.subarray(80 * height, 80 * height + 80));
      const { version, nonce, bits } = decodeHeader(bytes);
      const versions = versionsAround(version, height % versionsAtOnce);
      core.prepare(bytes, versions, targetOfBits(bits) as bigint);
      expect(core.search(nonce, 1)).toEqual({ version, nonce });
    }
  });

  it('compares all 256 bits: the lowest hash itself wins, one less does not', () => {
    fc.assert(
      fc.property(
        headers,
        sixteen,
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        (header, versions, nonce) => {
          const hashes = versions.map((version) => hashOf(header, version, nonce));
          const lowest = hashes.reduce((low, hash) => (hash < low ? hash : low));
          const version = versions[hashes.indexOf(lowest)];
          core.prepare(header, versions, lowest);
          expect(core.search(nonce, 1)).toEqual({ version, nonce });
          core.prepare(header, versions, lowest - 1n);
          expect(core.search(nonce, 1)).toBeUndefined();
        },
      ),
    );
  });

  it('finds the same first hit as a plain loop, for easy targets and odd lengths', () => {
    fc.assert(
      fc.property(
        headers,
        sixteen,
        fc.integer({ min: 0, max: 2 ** 32 - 21 }),
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 0, max: 9 }),
        (header, versions, start, count, shift) => {
          const target = allOnes >> BigInt(shift);
          core.prepare(header, versions, target);
          const expected = searchSlowly(header, versions, target, start, count);
          expect(core.search(start, count)).toEqual(expected);
        },
      ),
    );
  });

  it('works at both ends of the nonce space and with the extreme targets', () => {
    const versions = versionsAround(1, 0);
    core.prepare(genesisHeader, versions, allOnes);
    expect(core.search(2 ** 32 - 1, 1)).toEqual({ version: 1, nonce: 2 ** 32 - 1 });
    expect(core.search(0, 0)).toBeUndefined();
    core.prepare(genesisHeader, versions, 0n);
    expect(core.search(2 ** 32 - 50, 50)).toBeUndefined();
  });

  it('refuses sizes that are wrong', () => {
    const versions = versionsAround(1, 0);
    expect(() => core.prepare(new Uint8Array(79), versions, 1n)).toThrow(RangeError);
    expect(() => core.prepare(genesisHeader, versions.slice(1), 1n)).toThrow(RangeError);
    expect(() => core.prepare(genesisHeader, versions, 2n ** 256n)).toThrow(RangeError);
    expect(() => core.search(2 ** 32 - 1, 2)).toThrow(RangeError);
    expect(() => core.search(0, 2 ** 27 + 1)).toThrow(RangeError);
  });
});

describe('the built core', () => {
  it('is what the committed sources compile to', async () => {
    const committed = new URL('../../src/mining/hash-core.generated.ts', import.meta.url);
    expect(await generateHashCoreModule()).toBe(readFileSync(committed, 'utf8'));
  });

  it('is chosen by what the host can run', () => {
    expect(createHashCore('auto').name).toBe('simd');
  });
});
