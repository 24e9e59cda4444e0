/**
 * Header code on data nobody here made: Bitcoin's first 2,017 headers, their links, work, and the
 * median-of-11 rule of that chain, which this project itself does not use.
 */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkWork, createRules, hashHeader } from '../../../src/consensus/pow/header-rules.ts';
import { pow } from '../../../src/consensus/pow/pow.ts';
import { toHex } from '../../../src/primitives/bytes.ts';
import { nobleCrypto as crypto } from '../../../src/primitives/crypto.ts';
import { decodeHeader, displayId, type Header } from '../../../src/primitives/header.ts';
import { workOfBits } from '../../../src/primitives/work.ts';
import { dataPath } from '../../support/data.ts';
import { easyParameters } from './support.ts';

const path = dataPath('bitcoin-headers-0-2016.bin');
const bitcoinLimit = 0x1d00ffff;

function readHeaders(file: string): Header[] {
  const bytes = new Uint8Array(readFileSync(file));
  return Array.from({ length: bytes.length / 80 }, (_, index) =>
    decodeHeader(bytes.subarray(80 * index, 80 * index + 80)),
  );
}

/** Bitcoin's rule: later than the median of the eleven blocks before. */
function medianOf11(headers: readonly Header[], height: number): number {
  const times = headers.slice(Math.max(0, height - 11), height).map(({ time }) => time);
  return times.sort((left, right) => left - right)[Math.floor(times.length / 2)] as number;
}

describe.skipIf(path === undefined)('Bitcoin headers 0-2016 (skipped without their file)', () => {
  const headers = path === undefined ? [] : readHeaders(path);
  const ids = headers.map((header) => hashHeader(header, crypto));

  it('hash to the published ids and link to each other', () => {
    expect(headers).toHaveLength(2_017);
    expect(displayId(ids[0]?.id ?? '')).toBe(
      '0x000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f',
    );
    expect(displayId(ids[100]?.id ?? '')).toBe(
      '0x000000007bc154e0fa7ea32218a72fe2c1bb9f86cf8c9ebf9a715ed27fdb229a',
    );
    expect(displayId(ids[2016]?.id ?? '')).toBe(
      '0x00000000a141216a896c54f211301c436e557a8d55900637bbdce14c6c7bddef',
    );
    for (let height = 1; height < headers.length; height++) {
      expect(toHex((headers[height] as Header).previous)).toBe(ids[height - 1]?.id);
    }
  });

  it('prove their work, and only their version is not ours', () => {
    const rules = createRules(pow.parseParameters(easyParameters), bitcoinLimit);
    for (const [height, header] of headers.entries()) {
      const { hash } = ids[height] as { hash: Uint8Array };
      expect(checkWork(header, hash, rules)).toBe('version-invalid');
      const spoiled = Uint8Array.from(hash);
      spoiled[31] = 1;
      expect(checkWork(header, spoiled, rules)).toBe('work-missing');
    }
  });

  it('add up to the published work', () => {
    let work = 0n;
    const at: Record<number, bigint> = {};
    for (const [height, { bits }] of headers.entries()) {
      work += workOfBits(bits);
      at[height] = work;
    }
    expect(at[0]).toBe(0x100010001n);
    expect(at[1]).toBe(0x200020002n);
    expect(at[100]).toBe(0x6500650065n);
    expect(at[2016]).toBe(0x7e107e107e1n);
  });

  it('come after the median of eleven before them', () => {
    for (let height = 1; height < headers.length; height++) {
      const { time } = headers[height] as Header;
      expect(time).toBeGreaterThan(medianOf11(headers, height));
    }
  });
});
