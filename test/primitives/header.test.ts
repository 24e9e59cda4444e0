import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import {
  decodeHeader,
  displayId,
  encodeHeader,
  headerId,
  headerSizeBytes,
  isVersionValid,
} from '../../src/primitives/header.ts';
import { DecodeError } from '../../src/primitives/rlp.ts';
import { meetsTarget, workOfBits } from '../../src/primitives/work.ts';
import { anyHeader } from '../support/arbitrary.ts';
import { dataPath } from '../support/data.ts';

/** Bitcoin mainnet: height, header, id as shown. */
const published: readonly (readonly [number, string, string])[] = [
  [
    0,
    '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c',
    '0x000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f',
  ],
  [
    1,
    '010000006fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000982051fd1e4ba744bbbe680e1fee14677ba1a3c3540bf7b1cdb606e857233e0e61bc6649ffff001d01e36299',
    '0x00000000839a8e6886ab5951d76f411475428afc90947ee320161bbf18eb6048',
  ],
];

const file = dataPath('bitcoin-headers-0-2016.bin');

describe('header', () => {
  it.each(published)('of Bitcoin block %i has its id', (_, hex, id) => {
    const header = decodeHeader(fromHex(hex));
    expect(displayId(headerId(header, nobleCrypto))).toBe(id);
    expect(displayId(fromHex(headerId(header, nobleCrypto)))).toBe(id);
    expect(toHex(encodeHeader(header))).toBe(hex);
    expect(header.bits).toBe(0x1d00ffff);
  });

  it.skipIf(file === undefined)(
    'file of Bitcoin heights 0-2016 links, proves its work and adds up to it (skips without data)',
    () => {
      const bytes = readFileSync(file as string);
      expect(bytes.length).toBe(2_017 * headerSizeBytes);
      let previous = '00'.repeat(32);
      let work = 0n;
      for (let height = 0; height <= 2_016; height++) {
        const start = height * headerSizeBytes;
        const raw = new Uint8Array(bytes.subarray(start, start + headerSizeBytes));
        const header = decodeHeader(raw);
        const id = headerId(header, nobleCrypto);
        expect(toHex(header.previous)).toBe(previous);
        expect(meetsTarget(fromHex(id), header.bits)).toBe(true);
        expect(encodeHeader(header)).toEqual(raw);
        previous = id;
        work += workOfBits(header.bits);
      }
      expect(displayId(previous)).toBe(
        '0x00000000a141216a896c54f211301c436e557a8d55900637bbdce14c6c7bddef',
      );
      expect(work).toBe(0x7e107e107e1n);
    },
  );

  it('round trips', () => {
    fc.assert(
      fc.property(anyHeader, (header) => {
        expect(decodeHeader(encodeHeader(header))).toEqual(header);
      }),
    );
  });

  it('reads a view at any offset and keeps no part of it', () => {
    const buffer = fromHex(`ffff${published[1]?.[1]}`);
    const header = decodeHeader(buffer.subarray(2));
    const id = headerId(header, nobleCrypto);
    buffer.fill(0);
    expect(headerId(header, nobleCrypto)).toBe(id);
  });

  it.each([0, 79, 81])('of %i bytes is refused', (length) => {
    expect(() => decodeHeader(new Uint8Array(length))).toThrow(DecodeError);
  });
});

describe('version', () => {
  it.each([
    [0x20000000, true],
    [0x3fffe000, true],
    [0x20002000, true],
    [0x20001000, false],
    [0x00000000, false],
    [0x60000000, false],
    [0xa0000000, false],
    [0x20000001, false],
    [1, false],
  ])('%i is valid: %s', (version, valid) => {
    expect(isVersionValid(version)).toBe(valid);
  });
});
