import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  type Hex,
  hexToBigInt,
  keccak256,
  pad,
  stringToHex,
  toFunctionSelector,
  toHex,
} from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseArguments } from '../../src/node/contract/arguments.ts';
import { TestChain, type TestContract } from '../../src/node/contract/harness.ts';
import { buildContract } from '../../src/node/contract/project.ts';

const folder = mkdtempSync(join(tmpdir(), 'dodona-kit-'));
afterAll(() => rmSync(folder, { recursive: true }));

function written(name: string, text: string): string {
  const file = join(folder, `${name}.ts`);
  writeFileSync(file, text);
  return file;
}

const probe = `
import {
  Address, Bytes, Indexed, Items, List, Mapping, mulDiv, mulMod, newList, require, squareRoot, Text, U256,
} from "dodona";
@storage class Point { flag: bool; x: u64; owner: Address; y: U256; label: Text; }
@storage class All {
  static small: u8;
  static flag: bool;
  static wide: u64;
  static owner: Address;
  static whole: U256;
  static label: Text;
  static numbers: Items<U256>;
  static points: Items<Point>;
  static byKey: Mapping<u64, Point>;
  static last: u32;
}
@event declare function Told(who: Indexed<Address>, text: Text, flag: bool, list: List<u64>): void;
@error declare function Refused(code: u64, why: Text): void;
@call export function fill(owner: Address, label: Text): void {
  All.small = 7;
  All.flag = true;
  All.wide = 0x1122334455667788;
  All.owner = owner;
  All.label = label;
  All.numbers.push(owner);
  All.points.grow();
  const point = All.points.grow();
  point.flag = true;
  point.x = 9;
  point.owner = owner;
  point.y = owner;
  point.label = label;
  All.byKey.get(5).x = 77;
  All.last = 3;
}
@call export function clear(): void { All.wide = 0; }
@call export function popped(): U256 { return All.numbers.pop(); }
@view export function labelOf(index: u64): Text { return All.points.get(index).label; }
@view export function flags(): bool { return All.flag && All.points.get(1).flag; }
@call export function relabel(label: Text): void { All.label = label; }
@view export function label(): Text { return All.label; }
@view export function echo(data: Bytes): Bytes { return data; }
@view export function doubled(list: List<u64>): List<u64> {
  const result = newList<u64>(list.length);
  for (let index: u32 = 0; index < list.length; index++) result.set(index, list.at(index) * 2);
  return result;
}
@view export function second(list: List<Address>): Address { return list.at(1); }
@view export function not(flag: bool): bool { return !flag; }
@call export function tell(who: Address, text: Text, list: List<u64>): void { Told(who, text, true, list); }
@view export function fail(why: Text): void { Refused(42, why); }
@view export function insist(yes: bool): void { require(yes, "höchstens 10 €, 𝔡!"); }
@view export function quotient(a: U256, b: U256, c: U256): U256 { return mulDiv(a, b, c); }
@view export function rest(a: U256, b: U256, c: U256): U256 { return mulMod(a, b, c); }
@view export function root(a: U256): U256 { return squareRoot(a); }
`;

describe('a contract of all types', () => {
  const chain = new TestChain();
  const owner = chain.accounts[0] as Hex;
  let contract: TestContract;
  beforeAll(async () => {
    contract = await chain.deploy(written('probe', probe));
  });

  const slot = (number: bigint): Hex => chain.storage(contract, number);
  const hashed = (...words: bigint[]): bigint =>
    hexToBigInt(keccak256(`0x${words.map((word) => toHex(word, { size: 32 }).slice(2)).join('')}`));
  const long = 'more than thirty-one bytes of text, so that it leaves its slot';

  it('stores as Solidity does', () => {
    contract.send('fill', [owner, long]);
    const account = owner.slice(2).toLowerCase();
    // uint8, bool, uint64 share slot 0 with nobody else: 8 + 8 + 64 + 160 = 240 bits fit, so the address is there too
    expect(slot(0n)).toBe(`0x0000${account}${'1122334455667788'}${'01'}${'07'}`);
    expect(slot(1n)).toBe(toHex(0n, { size: 32 }));
    expect(slot(2n)).toBe(toHex(BigInt(long.length * 2 + 1), { size: 32 }));
    expect(slot(hashed(2n))).toBe(stringToHex(long.slice(0, 32)));
    expect(slot(3n)).toBe(toHex(1n, { size: 32 }));
    expect(slot(hashed(3n))).toBe(pad(owner).toLowerCase());
    expect(slot(4n)).toBe(toHex(2n, { size: 32 }));
    // Point takes 3 slots: {bool, uint64, address}, uint256, string
    expect(slot(hashed(4n) + 3n)).toBe(`0x000000${account}${'0000000000000009'}${'01'}`);
    expect(slot(hashed(4n) + 4n)).toBe(pad(owner).toLowerCase());
    expect(slot(hashed(4n) + 5n)).toBe(toHex(BigInt(long.length * 2 + 1), { size: 32 }));
    expect(slot(hashed(5n, 5n))).toBe(toHex(77n << 8n, { size: 32 }));
    expect(slot(6n)).toBe(toHex(3n, { size: 32 }));
    expect(contract.call('flags')).toBe(true);
    expect(contract.call('labelOf', [1n])).toBe(long);
    contract.send('clear');
    expect(slot(0n)).toBe(`0x0000${account}${'0000000000000000'}${'01'}${'07'}`);
  });

  it('keeps short and long strings, and leaves nothing behind', () => {
    for (const text of [long, 'x'.repeat(31), 'y'.repeat(32), '', 'short', 'z'.repeat(97)]) {
      contract.send('relabel', [text]);
      expect(contract.call('label')).toBe(text);
    }
    contract.send('relabel', ['short']);
    expect(slot(2n)).toBe(`${pad(stringToHex('short'), { dir: 'right', size: 31 })}0a`);
    for (let index = 0n; index < 4n; index++) {
      expect(slot(hashed(2n) + index)).toBe(toHex(0n, { size: 32 }));
    }
  });

  it('pops what it pushed, then panics', () => {
    expect(contract.send('popped').value).toBe(BigInt(owner));
    expect(() => contract.send('popped')).toThrow('Panic(49)');
  });

  it('decodes and encodes every form', () => {
    expect(contract.call('echo', ['0x0102'])).toBe('0x0102');
    expect(contract.call('echo', ['0x'])).toBe('0x');
    expect(contract.call('doubled', [[1n, 2n, 3n]])).toEqual([2n, 4n, 6n]);
    expect(contract.call('not', [false])).toBe(true);
    expect(contract.call('second', [[owner, chain.accounts[1]]])).toBe(chain.accounts[1]);
    const { events } = contract.send('tell', [owner, 'a text', [1n, 2n]]);
    expect(events.map(({ name, args }) => ({ name, args }))).toEqual([
      { name: 'Told', args: { who: owner, text: 'a text', flag: true, list: [1n, 2n] } },
    ]);
  });

  it('refuses what is no value of its type', () => {
    const word = (value: bigint) => toHex(value, { size: 32 }).slice(2);
    const ask = (signature: string, ...words: bigint[]) =>
      chain.raw(contract, `${toFunctionSelector(signature)}${words.map(word).join('')}`);
    expect(ask('not(bool)', 1n)).toBe(`0x${word(0n)}`);
    expect(() => ask('not(bool)', 2n)).toThrow('without a reason');
    expect(() => ask('not(bool)')).toThrow('without a reason');
    expect(() => ask('labelOf(uint64)', 2n ** 64n)).toThrow('without a reason');
    expect(() => ask('second(address[])', 32n, 2n, 1n, 2n ** 160n)).toThrow('without a reason');
    expect(() => ask('doubled(uint64[])', 32n, 1n, 2n ** 64n)).toThrow('without a reason');
    expect(() => ask('doubled(uint64[])', 32n, 2n, 1n)).toThrow('without a reason');
    expect(() => ask('unknown()')).toThrow('without a reason');
  });

  it('refuses in its own words', () => {
    expect(() => contract.call('fail', ['no luck'])).toThrow('Refused(42, no luck)');
    expect(() => contract.call('insist', [false])).toThrow('höchstens 10 €, 𝔡!');
    contract.call('insist', [true]);
  });

  it('undoes what fails and keeps what a call would change', () => {
    const before = chain.balance(owner);
    expect(() => contract.send('clear', [], { value: 1n })).toThrow('without a reason');
    expect(chain.balance(owner)).toBe(before);
    contract.call('relabel', ['unseen']);
    expect(contract.call('label')).toBe('short');
  });

  it('multiplies and divides exactly over 512 bits', () => {
    const word = fc.oneof(
      fc.bigInt(0n, 2n ** 256n - 1n),
      fc.bigInt(0n, 2n ** 64n),
      fc.constant(2n ** 256n - 1n),
    );
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        if (c === 0n) {
          expect(() => contract.call('rest', [a, b, c])).toThrow('Panic(18)');
          return;
        }
        expect(contract.call('rest', [a, b, c])).toBe((a * b) % c);
        const quotient = (a * b) / c;
        if (quotient < 2n ** 256n) expect(contract.call('quotient', [a, b, c])).toBe(quotient);
        else expect(() => contract.call('quotient', [a, b, c])).toThrow('Panic(17)');
      }),
      { numRuns: 150 },
    );
  });

  it('takes square roots, rounded down', () => {
    const check = (value: bigint) => {
      const root = contract.call('root', [value]) as bigint;
      expect(root * root <= value && (root + 1n) * (root + 1n) > value, `${value}`).toBe(true);
    };
    for (const value of [
      0n,
      1n,
      2n,
      3n,
      4n,
      2n ** 256n - 1n,
      2n ** 255n,
      (2n ** 128n - 1n) ** 2n,
    ]) {
      check(value);
    }
    fc.assert(fc.property(fc.bigInt(0n, 2n ** 256n - 1n), check), { numRuns: 100 });
  });
});

describe('the transform', () => {
  const view = (text: string) => `import { U256, Text, Address } from "dodona";\n${text}\n`;
  it.each([
    [
      'a type',
      '\n@view export function f(a: string): U256 { return a; }',
      ':3: f(a): type string has no ABI form: use Text',
    ],
    [
      'a result',
      '@view export function f(): f32 { return 1; }',
      ':2: result of f: type f32 has no ABI form',
    ],
    [
      'a hidden entry',
      '@view function f(): bool { return true; }',
      ':2: f: a function with a decorator is exported',
    ],
    [
      'two functions of one selector',
      '@call export function transfer(a: Address, b: U256): void {}\n@call export function func_2093253501(a: Bytes): void {}',
      ':3: func_2093253501: its selector 0xa9059cbb is that of transfer',
    ],
    [
      'a second constructor',
      '@constructor export function a(): void {}\n@constructor export function b(): void {}',
      ':3: b: a second @constructor',
    ],
    [
      'a payable view',
      '@view @payable export function a(): void {}',
      ':2: a: a view takes no value',
    ],
    [
      'initial values',
      '@storage class S { static a: u64 = 1 }\n@view export function a(): void {}',
      ':2: a: storage begins at zero',
    ],
    [
      'unknown members',
      '@storage class S { static a: Map<u64, u64> }\n@view export function a(): void {}',
      ':2: S: type Map<u64> cannot be stored',
    ],
    [
      'two states',
      '@storage class S { static a: u64 }\n@storage class T { static a: u64 }\n@view export function a(): void {}',
      ':3: T: a contract has one class of static members',
    ],
    [
      'an indexed text',
      '@event declare function E(a: Indexed<Text>): void;\n@view export function a(): void {}',
      ':2: E(a): Text cannot be indexed',
    ],
    [
      'a result without members',
      '@result class R {}\n@view export function a(): void {}',
      ':2: R: a @result class has members',
    ],
    [
      'methods of a result',
      '@result class R {\n  a: U256;\n  b(): void {}\n}\n@view export function a(): void {}',
      ':4: R.b: members of a @result class are typed variables and no more',
    ],
    [
      'initial values of a result',
      '@result class R { a: u64 = 1 }\n@view export function a(): void {}',
      ':2: R.a: members of a @result class are typed variables and no more',
    ],
    [
      'results within results',
      '@result class R { a: u64 }\n@result class T {\n  r: R;\n}\n@view export function a(): void {}',
      ':4: T.r: type R has no ABI form',
    ],
    [
      'two members of one name in a result',
      '@result class R { a: u64; a: u8 }\n@view export function a(): void {}',
      ':2: R: two members have one name',
    ],
    [
      'a result that extends a class',
      'class B {}\n@result class R extends B { a: u64 }\n@view export function a(): void {}',
      ':3: R: @result is for a class that extends none',
    ],
    [
      'a result that is a function',
      '@result declare function R(a: u64): void;\n@view export function a(): void {}',
      ':2: R: @result is for a class that extends none',
    ],
    [
      'a result as an argument',
      '@result class R { a: u64 }\n@view export function f(r: R): void {}',
      ':3: f(r): type R has no ABI form',
    ],
    [
      'a result that may be null',
      '@result class R { a: u64 }\n@view export function f(): R | null { return null; }',
      ':3: result of f: type R has no ABI form',
    ],
    [
      'a result that is stored',
      '@result class R { a: u64 }\n@storage class S { static r: R }\n@view export function f(): void {}',
      ':3: S: type R cannot be stored',
    ],
    [
      'nothing to call',
      'export function a(): void {}',
      'no function with @view, @call or @payable',
    ],
    [
      'managed memory',
      '@view export function a(n: u32): u32 { return new Array<u32>(n).length; }',
      'managed memory',
    ],
  ])('refuses %s by name and line', async (_what, text, message) => {
    await expect(buildContract(written('refused', view(text)))).rejects.toThrow(message);
  });

  it('refuses a variable that is computed when the module starts', async () => {
    const text =
      'import { u256, U256 } from "dodona";\nconst fee = u256(3);\n@view export function a(): U256 { return fee; }\n';
    await expect(buildContract(written('started', text))).rejects.toThrow(
      'computed when the module starts',
    );
  });
});

describe('arguments of the command line', () => {
  const parameters = [
    { name: 'to', type: 'address' },
    { name: 'amount', type: 'uint256' },
    { name: 'list', type: 'uint64[]' },
    { name: 'yes', type: 'bool' },
  ];
  it('follow the ABI', () => {
    const to = `0x${'11'.repeat(20)}`;
    expect(parseArguments(parameters, [to, '12', '["1",2]', 'true'])).toEqual([
      to,
      12n,
      [1n, 2n],
      true,
    ]);
  });
  it.each([
    [['0x1', '1', '[]', 'true'], 'to: "0x1" is no hexadecimal'],
    [['0x11', '1.5', '[]', 'true'], 'amount: "1.5" is no integer (uint256)'],
    [['0x11', '1', '7', 'true'], 'list: a list in JSON is needed'],
    [['0x11', '1', '[', 'true'], 'list: "[" is no JSON'],
    [['0x11', '1', '[]', 'yes'], 'yes: "yes" is neither true nor false'],
    [['0x11'], '1 arguments are given, 4 needed: (address to, uint256 amount'],
  ])('%j is refused', (words, message) => {
    expect(() => parseArguments(parameters, words)).toThrow(message);
  });
});
