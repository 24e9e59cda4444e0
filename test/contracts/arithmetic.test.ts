import fc from 'fast-check';
import { encodeFunctionData, type Hex } from 'viem';
import { beforeAll, describe, expect, it } from 'vitest';
import { compileContract } from '../../scripts/build-contracts.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { createVm } from '../../src/vm/vm.ts';
import { ContractChain, type Target } from '../support/contract-chain.ts';
import { account } from './artifacts.ts';

const top = 2n ** 256n;
const panicOverflow = 'Panic(17)';
const panicDivision = 'Panic(18)';

/** Words with many zero and full limbs, where carries and quotient estimates go wrong. */
const word = fc.oneof(
  fc.bigInt({ min: 0n, max: top - 1n }),
  fc.bigInt({ min: 0n, max: 2n ** 64n }),
  fc
    .array(fc.constantFrom(0n, 1n, 2n ** 31n, 2n ** 32n - 1n, 0x7fffffffn), {
      minLength: 8,
      maxLength: 8,
    })
    .map((limbs) => limbs.reduce((number, limb) => (number << 32n) | limb, 0n)),
);
const pair = fc.tuple(word, word);

/** 64-bit limbs whose sums, products and quotient estimates are at their limits. */
const edgeLimbs: readonly bigint[] = [
  ...[0n, 0n, 1n, 2n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 32n + 1n, 2n ** 63n - 1n, 2n ** 63n],
  ...[2n ** 63n + 1n, 2n ** 64n - 2n, 2n ** 64n - 1n, 0x8000000080000000n, 0x7fffffff80000001n],
];

type Row = readonly [bigint, bigint, bigint];

/** Rows of three words of edge limbs, some of them multiples of each other or nearly; always the same. */
function edgeRows(count: number): readonly Row[] {
  let state = 1n;
  const draw = (bound: number): number => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & (2n ** 64n - 1n);
    return Number((state >> 33n) % BigInt(bound));
  };
  const wordOf = (size: number): bigint => {
    let number = 0n;
    for (let limb = 0; limb < size; limb++) {
      number = (number << 64n) | (edgeLimbs[draw(edgeLimbs.length)] as bigint);
    }
    return number;
  };
  return Array.from({ length: count }, (_, index): Row => {
    const [left, right, divisor] = [wordOf(1 + draw(4)), wordOf(1 + draw(4)), wordOf(1 + draw(4))];
    if (index % 4 !== 0) return [left, right, divisor];
    // a quotient of full digits: one less than a multiple of the divisor
    const multiple = (right * divisor - 1n) % top;
    return [multiple < 0n ? 0n : multiple, right, right];
  });
}

function root(value: bigint): bigint {
  let low = 0n;
  for (let bit = 2n ** 127n; bit > 0n; bit >>= 1n) {
    if ((low + bit) ** 2n <= value) low += bit;
  }
  return low;
}

/** By the number that the probe gives them: the result, and for which rows there is one. */
const operations: Readonly<
  Record<number, readonly [(...row: Row) => bigint, (...row: Row) => boolean]>
> = {
  1: [(a, b) => a * b, (a, b) => a * b < top],
  2: [(a) => a * a, (a) => a * a < top],
  3: [(a, b) => a / b, (_, b) => b !== 0n],
  4: [(a, b) => a % b, (_, b) => b !== 0n],
  5: [(a, b, c) => (a * b) / c, (a, b, c) => c !== 0n && (a * b) / c < top],
  6: [(a, b, c) => (a * b) % c, (_, __, c) => c !== 0n],
  7: [(a) => root(a), () => true],
  8: [(a, b) => a + b, (a, b) => a + b < top],
  9: [(a, b) => a - b, (a, b) => a >= b],
};

let chain: ContractChain;
let probe: Target;

beforeAll(async () => {
  const { abi, wasm } = await compileContract('probe', 'Probe');
  probe = { address: account(0x99), abi };
  chain = new ContractChain(createVm({ crypto: nobleCrypto }), 1337, [probe]);
  chain.deploy(probe.address, wasm, '0x');
});

function ask(name: string, ...args: readonly unknown[]): unknown {
  const { value, error } = chain.send(account(1), probe, name, args);
  return error ?? value;
}

function agrees(name: string, expected: (left: bigint, right: bigint) => bigint | string): void {
  fc.assert(
    fc.property(pair, ([left, right]) => {
      expect(ask(name, left, right)).toBe(expected(left, right));
    }),
    { numRuns: 300 },
  );
}

describe('256-bit arithmetic agrees with BigInt', () => {
  it('adds', () => agrees('add', (a, b) => (a + b < top ? a + b : panicOverflow)));
  it('subtracts', () => agrees('subtract', (a, b) => (a >= b ? a - b : panicOverflow)));
  it('multiplies', () => agrees('multiply', (a, b) => (a * b < top ? a * b : panicOverflow)));
  it('divides', () => agrees('divide', (a, b) => (b === 0n ? panicDivision : a / b)));
  it('takes remainders', () => agrees('modulo', (a, b) => (b === 0n ? panicDivision : a % b)));
  it('divides upwards', () =>
    agrees('quotientUp', (a, b) => (b === 0n ? panicDivision : (a + b - 1n) / b)));

  it('multiplies factors whose product just fits or just does not', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: top - 1n }), (left) => {
        const most = (top - 1n) / left;
        expect(ask('multiply', left, most)).toBe(left * most);
        if (most < top - 1n) expect(ask('multiply', left, most + 1n)).toBe(panicOverflow);
      }),
      { numRuns: 100 },
    );
  });

  it('corrects a quotient digit that was estimated too large', () => {
    // Knuth's rare step D6: the add-back happens about twice in 2^32 random digits
    const cases: readonly (readonly [bigint, bigint])[] = [
      [0x7fffffff_80000000_00000000_00000000n, 0x80000000_00000000_00000001n],
      [0x80000000_0000fffe_00000000n, 0x80000000_0000ffffn],
      [0x00008000_00000000_00000000_00000003n, 0x00002000_00000000_00000001n],
      [top - 1n, 0xffffffff_ffffffff_ffffffffn],
    ];
    for (const [left, right] of cases) {
      expect(ask('divide', left, right)).toBe(left / right);
      expect(ask('modulo', left, right)).toBe(left % right);
    }
  });

  it('agrees on thousands of rows of edge values', () => {
    const rows = edgeRows(2_000);
    for (const [operation, [expected, isDefined]] of Object.entries(operations)) {
      const defined = rows.filter((row) => isDefined(...row));
      expect(defined.length, `rows of operation ${operation}`).toBeGreaterThan(400);
      for (let start = 0; start < defined.length; start += 500) {
        const part = defined.slice(start, start + 500);
        const columns = [0, 1, 2].map((column) => part.map((row) => row[column]));
        const results = ask('batch', Number(operation), ...columns) as readonly bigint[];
        const wrong = part.find((row, index) => results[index] !== expected(...row));
        expect(wrong, `operation ${operation}`).toBeUndefined();
        expect(results.length).toBe(part.length);
      }
    }
  });

  it('refuses products, quotients and remainders that do not exist', () => {
    const one = (operation: number, ...row: readonly bigint[]) =>
      ask('batch', operation, ...row.map((value) => [value]));
    expect(one(2, 2n ** 128n, 0n, 0n)).toBe(panicOverflow);
    expect(one(2, 2n ** 128n - 1n, 0n, 0n)).toEqual([(2n ** 128n - 1n) ** 2n]);
    expect(one(5, top - 1n, top - 1n, top - 2n)).toBe(panicOverflow);
    expect(one(5, top - 1n, top - 1n, top - 1n)).toEqual([top - 1n]);
    expect(one(5, 2n ** 255n, 2n, 1n)).toBe(panicOverflow);
    expect(one(5, 0n, 0n, 0n)).toBe(panicDivision);
    expect(one(6, 3n, 5n, 0n)).toBe(panicDivision);
    expect(one(6, top - 1n, top - 1n, 1n)).toEqual([0n]);
    expect(one(7, top - 1n, 0n, 0n)).toEqual([2n ** 128n - 1n]);
    expect(one(7, 0n, 0n, 0n)).toEqual([0n]);
  });

  it('compares', () => {
    const signed = (value: bigint) => BigInt.asIntN(256, value);
    fc.assert(
      fc.property(
        fc.oneof(
          pair,
          word.map((value) => [value, value] as const),
        ),
        ([a, b]) => {
          const expected = [a < b, a <= b, a === b, signed(a) < signed(b)];
          expect(ask('compare', a, b)).toEqual(expected);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('measures signed values', () => {
    const signedWord = word.map((value) => BigInt.asIntN(256, value));
    fc.assert(
      fc.property(signedWord, signedWord, word, (a, b, c) => {
        expect(ask('absolute', a)).toBe(a < 0n ? -a : a);
        expect(ask('gap', a, b)).toBe(a < b ? b - a : a - b);
        expect(ask('halve', c)).toBe(c / 2n);
      }),
      { numRuns: 100 },
    );
  });
});

describe('calldata', () => {
  const echo = (overrides: (data: string) => string): { status: string; output: Uint8Array } => {
    const args = ['Dodona', 7, account(5), true];
    const data = encodeFunctionData({ abi: probe.abi, functionName: 'echo', args });
    return chain.sendRaw(account(1), probe.address, overrides(data) as Hex);
  };
  /** Replaces 32-byte argument `index`. */
  const withWord = (index: number, value: bigint) => (data: string) => {
    const start = 10 + 64 * index;
    return data.slice(0, start) + value.toString(16).padStart(64, '0') + data.slice(start + 64);
  };

  it('carries strings of any length both ways', () => {
    for (const text of ['', 'x', 'y'.repeat(31), 'z'.repeat(32), 'δρῦς'.repeat(100)]) {
      expect(ask('echo', text, 255, account(5), false)).toBe(text);
    }
    expect(echo((data) => data).status).toBe('success');
  });

  it.each([
    ['a small integer out of range', withWord(1, 256n)],
    ['an address with high bytes', withWord(2, 2n ** 160n)],
    ['a truth value of 2', withWord(3, 2n)],
    ['an offset beyond the data', withWord(0, 1_000n)],
    ['an offset of 2^32 and more', withWord(0, 2n ** 32n + 128n)],
    ['a length beyond the data', withWord(4, 33n)],
    ['a length of 2^32 - 1', withWord(4, 2n ** 32n - 1n)],
    ['a missing argument', (data: string) => data.slice(0, 10 + 64 * 3)],
    ['an unknown selector', (data: string) => `0xdeadbeef${data.slice(10)}`],
    ['a part of a selector', () => '0xdeadbe'],
    ['nothing', () => '0x'],
  ])('is refused with %s', (_, change) => {
    const { status, output } = echo(change);
    expect([status, output.length]).toEqual(['reverted', 0]);
  });
});

describe('aggregation', () => {
  const consensus = (reports: readonly (readonly [bigint, bigint])[]) =>
    ask(
      'consensus',
      reports.map(([value]) => value),
      reports.map(([, weight]) => weight),
    );
  const upTo = (count: number, weight: (value: number) => number) =>
    Array.from({ length: count }, (_, index) => [BigInt(index + 1), BigInt(weight(index + 1))]) as [
      bigint,
      bigint,
    ][];

  it('C10 (published): gives Flare’s medians and quartiles', () => {
    expect(
      consensus([
        [250n, 4n],
        [200n, 2n],
        [100n, 1n],
        [150n, 3n],
        [300n, 1n],
      ]),
    ).toEqual([200n, 150n, 250n]);
    expect(consensus(upTo(100, (value) => value))).toEqual([71n, 50n, 87n]);
    expect(consensus(upTo(99, () => 9))).toEqual([50n, 25n, 75n]);
    expect(consensus(upTo(100, () => 10))).toEqual([50n, 26n, 75n]);
  });

  it('C10 (published): the middle of an even count is a mean, rounded down', () => {
    const middle = (values: readonly bigint[]) =>
      (consensus(values.map((value) => [value, 1n])) as bigint[])[0];
    expect(middle([2n, 4n])).toBe(3n);
    expect(middle([3n, 4n])).toBe(3n);
    expect(middle([-3n, -4n])).toBe(-4n);
    expect(middle([-4n, 3n])).toBe(-1n);
  });

  it('does not depend on the order of reports', () => {
    const report = fc.tuple(
      fc.bigInt({ min: -(2n ** 191n) + 1n, max: 2n ** 191n - 1n }),
      fc.bigInt({ min: 1n, max: 2n ** 56n - 1n }),
    );
    fc.assert(
      fc.property(fc.array(report, { minLength: 1, maxLength: 64 }), (reports) => {
        const [value, q1, q3] = consensus(reports) as [bigint, bigint, bigint];
        expect(consensus([...reports].reverse())).toEqual([value, q1, q3]);
        const total = reports.reduce((sum, [, weight]) => sum + weight, 0n);
        const below = (limit: bigint) =>
          reports.reduce((sum, [number, weight]) => sum + (number < limit ? weight : 0n), 0n);
        expect(2n * below(value)).toBeLessThanOrEqual(total);
        expect(2n * (total - below(value + 1n))).toBeLessThanOrEqual(total);
        expect(q1 <= value && value <= q3).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('caps weights so that nobody has more than the cap of what remains', () => {
    const weight = fc.bigInt({ min: 1n, max: 2n ** 56n - 1n });
    const weights = fc.array(weight, { minLength: 1, maxLength: 64 });
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 10_000 }), (list, capBps) => {
        const cap = ask('cap', list, capBps) as bigint;
        const count = BigInt(list.length);
        const bps = [BigInt(capBps), (10_000n + count - 1n) / count].reduce((a, b) =>
          a > b ? a : b,
        );
        const cut = list.map((value) => (value < cap ? value : cap));
        const total = cut.reduce((sum, value) => sum + value, 0n);
        expect(cap * 10_000n).toBeLessThanOrEqual(bps * total);
        // and not lower than needed: one unit more for the cut ones would break it
        const cuts = BigInt(list.filter((value) => value > cap).length);
        if (cuts > 0n) {
          expect((cap + 1n) * 10_000n).toBeGreaterThan(bps * (total + cuts));
        }
      }),
      { numRuns: 100 },
    );
  });
});
