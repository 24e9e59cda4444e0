/** Each hash core against Bitcoin's headers, against @noble, and against its committed build. */

import { readFileSync } from 'node:fs';
import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generateHashCoreModule } from '../../scripts/build-hash-core.ts';
import { createHashCore, type HashCoreName } from '../../src/mining/hash-core.ts';
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

function hashOf(header: Uint8Array, nonce: number): bigint {
  const bytes = header.slice();
  new DataView(bytes.buffer).setUint32(76, nonce, true);
  return hashToNumber(sha256(sha256(bytes)));
}

/** The first nonce that meets the target, one hash after the other. */
function searchSlowly(header: Uint8Array, target: bigint, start: number, count: number) {
  for (let nonce = start; nonce < start + count; nonce++) {
    if (hashOf(header, nonce) <= target) return nonce;
  }
  return undefined;
}

const names: readonly HashCoreName[] = ['simd', 'scalar', 'noble'];
const headers = fc.uint8Array({ minLength: 80, maxLength: 80 });
const bitcoinHeaders = dataPath('bitcoin-headers-0-2016.bin');

describe.each(names)('hash core %s', (name) => {
  const core = createHashCore(name);

  it('finds the nonce of Bitcoin block 0 in every lane', () => {
    core.prepare(genesisHeader, genesisTarget);
    for (const before of [0, 1, 2, 3, 4, 1000]) {
      expect(core.search(genesisNonce - before, before + 5)).toBe(genesisNonce);
      expect(core.search(genesisNonce - before, before)).toBeUndefined();
      expect(core.search(genesisNonce - before, before + 1)).toBe(genesisNonce);
    }
    expect(core.search(genesisNonce + 1, 64)).toBeUndefined();
  });

  it.skipIf(!bitcoinHeaders)('confirms Bitcoin headers 0 to 2016 (needs the data folder)', () => {
    const file = readFileSync(bitcoinHeaders as string);
    expect(file.length).toBe(2017 * 80);
    for (let offset = 0; offset < file.length; offset += 80) {
      const bytes = new Uint8Array(file.subarray(offset, offset + 80));
      const header = decodeHeader(bytes);
      core.prepare(bytes, targetOfBits(header.bits) as bigint);
      expect(core.search(header.nonce, 1)).toBe(header.nonce);
    }
  });

  it('compares all 256 bits: the hash itself wins, one less does not', () => {
    fc.assert(
      fc.property(headers, fc.integer({ min: 0, max: 2 ** 32 - 1 }), (header, nonce) => {
        const hash = hashOf(header, nonce);
        core.prepare(header, hash);
        expect(core.search(nonce, 1)).toBe(nonce);
        core.prepare(header, hash - 1n);
        expect(core.search(nonce, 1)).toBeUndefined();
      }),
    );
  });

  it('finds the same first nonce as a plain loop, for easy targets and odd lengths', () => {
    fc.assert(
      fc.property(
        headers,
        fc.integer({ min: 0, max: 2 ** 32 - 101 }),
        fc.integer({ min: 0, max: 100 }),
        fc.integer({ min: 0, max: 9 }),
        (header, start, count, shift) => {
          const target = allOnes >> BigInt(shift);
          core.prepare(header, target);
          expect(core.search(start, count)).toBe(searchSlowly(header, target, start, count));
        },
      ),
    );
  });

  it('works at both ends of the nonce space and with the extreme targets', () => {
    core.prepare(genesisHeader, allOnes);
    expect(core.search(2 ** 32 - 1, 1)).toBe(2 ** 32 - 1);
    expect(core.search(0, 0)).toBeUndefined();
    core.prepare(genesisHeader, 0n);
    expect(core.search(2 ** 32 - 50, 50)).toBeUndefined();
  });

  it('refuses sizes that are wrong', () => {
    expect(() => core.prepare(new Uint8Array(79), 1n)).toThrow(RangeError);
    expect(() => core.prepare(genesisHeader, 2n ** 256n)).toThrow(RangeError);
    expect(() => core.search(2 ** 32 - 1, 2)).toThrow(RangeError);
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
