/**
 * Damaged modules: decoder, policy and validator never throw, and whatever they accept the engine
 * accepts too, in metered form. A disagreement would stop the node (LocalFault), so it counts as a
 * defect of ours.
 */

import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { validateModule } from '../../src/vm/contract.ts';
import { decodeModule } from '../../src/vm/decoder.ts';
import { encodeModule } from '../../src/vm/encoder.ts';
import { compilePuppet } from '../support/puppet.ts';

let wasm: Uint8Array;
beforeAll(async () => {
  wasm = await compilePuppet();
});

interface Damage {
  readonly at: number;
  readonly byte: number;
  readonly kind: 'set' | 'flip' | 'insert' | 'remove';
}

const damage: fc.Arbitrary<Damage> = fc.record({
  at: fc.nat(),
  byte: fc.oneof(
    fc.nat(255),
    fc.constantFrom(0x0b, 0x05, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x40),
  ),
  kind: fc.constantFrom('set', 'flip', 'insert', 'remove'),
});

function damaged(bytes: Uint8Array, wounds: readonly Damage[]): Uint8Array {
  const copy = [...bytes];
  for (const { at, byte, kind } of wounds) {
    const place = 8 + (at % (copy.length - 8));
    if (kind === 'set') copy[place] = byte;
    else if (kind === 'flip') copy[place] = (copy[place] as number) ^ (1 << (byte & 7));
    else if (kind === 'insert') copy.splice(place, 0, byte);
    else copy.splice(place, 1);
  }
  return Uint8Array.from(copy);
}

/** Every refusal begins with its place. */
const place = /^(module|[a-z]+( count)? section)(, function \d+)?, (byte \d+|which is missing): \S/;

describe('damaged modules', () => {
  it('are refused, or run everywhere', () => {
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), (wounds) => {
        const refusal = validateModule(damaged(wasm, wounds));
        expect(refusal?.code).not.toBe('engine');
        if (refusal === undefined) accepted += 1;
        else expect(refusal.message).toMatch(place);
      }),
      { numRuns: 1_500, seed: 7 },
    );
    // Changed constants and operators leave many modules valid: the property was not empty.
    expect(accepted).toBeGreaterThan(50);
  });

  it('are refused at every cut', () => {
    for (let length = 0; length < wasm.length; length++) {
      expect(validateModule(wasm.subarray(0, length)), `${length} bytes`).toBeDefined();
    }
  });
});

describe('re-encoding', () => {
  it('is stable', () => {
    const once = encodeModule(decodeModule(wasm));
    expect(encodeModule(decodeModule(once))).toEqual(once);
  });
});
