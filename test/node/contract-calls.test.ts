/** What a contract of the kit believes of others, and what it does with lists that are too long. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hex } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestChain, type TestContract } from '../../src/node/contract/harness.ts';

const folder = mkdtempSync(join(tmpdir(), 'dodona-calls-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Parameters have the names that generated code would choose for its own variables. */
const caller = `
import { Address, Bytes, List, newList, Text, U256, u256 } from "dodona";
@event declare function Told(log: Text, tail: Bytes, data: Bytes): void;
@error declare function Refused(data: Bytes, tail: U256): void;
@contract declare class Narrow { @view word(data: U256): u8; }
@contract declare class Flag { @view word(data: U256): bool; }
@contract declare class Account { @view word(tail: U256): Address; }
@contract declare class Silent {
  keep(data: Bytes): void;
  @payable pay(acorns: Bytes): void;
  count(data: Bytes, tail: Text): u64;
}
@view export function word(result: U256): U256 { return result; }
@call export function keep(out: Bytes): void {}
@payable export function pay(out: Bytes): void {}
@view export function narrow(at: Address, value: U256): u8 { return Narrow.at(at).word(value); }
@view export function flag(at: Address, value: U256): bool { return Flag.at(at).word(value); }
@view export function account(at: Address, value: U256): Address { return Account.at(at).word(value); }
@call export function send(at: Address, data: Bytes): void { Silent.at(at).keep(data); }
@payable export function give(at: Address, data: Bytes): void { Silent.at(at).pay(data, u256(7)); }
@call export function count(at: Address, data: Bytes): u64 { return Silent.at(at).count(data, data); }
@call export function tell(data: Bytes, tail: Text, log: Bytes): void { Told(tail, log, data); }
@view export function refuse(data: Bytes, tail: U256): void { Refused(data, tail); }
@view export function filled(length: u32, index: u32): List<u64> {
  const list = newList<u64>(length);
  list.set(index, 5);
  return list;
}
@view export function item(list: List<u16>, index: u32): u16 { return list.at(index); }
`;

describe('a contract that calls others', () => {
  const chain = new TestChain();
  const nobody: Hex = `0x${'77'.repeat(20)}`;
  let contract: TestContract;
  let at: Hex;
  beforeAll(async () => {
    const file = join(folder, 'caller.ts');
    writeFileSync(file, caller);
    contract = await chain.deploy(file);
    at = contract.address;
  });

  it('takes results that their type can hold, and reverts on all others', () => {
    expect(contract.call('narrow', [at, 255n])).toBe(255);
    expect(contract.call('flag', [at, 1n])).toBe(true);
    expect(contract.call('account', [at, BigInt(nobody)])).toBe(nobody);
    for (const [method, wrong] of [
      ['narrow', 256n],
      ['narrow', 2n ** 64n],
      ['flag', 2n],
      ['flag', 2n ** 255n + 1n],
      ['account', 2n ** 160n],
    ] as const) {
      expect(() => contract.call(method, [at, wrong])).toThrow('without a reason');
    }
  });

  it('does not take an account without code for a contract', () => {
    contract.send('send', [at, '0x01']);
    expect(() => contract.send('send', [nobody, '0x01'])).toThrow('without a reason');
    contract.send('give', [at, '0x01'], { value: 7n });
    expect(() => contract.send('give', [nobody, '0x01'], { value: 7n })).toThrow(
      'without a reason',
    );
    expect(() => contract.send('count', [nobody, '0x01'])).toThrow('without a reason');
    expect(chain.balance(nobody)).toBe(0n);
  });

  it('may name parameters as it likes', () => {
    const { events } = contract.send('tell', ['0x01', 'two', '0x0303']);
    expect(events[0]?.args).toEqual({ log: 'two', tail: '0x0303', data: '0x01' });
    expect(() => contract.call('refuse', ['0x0102', 9n])).toThrow('Refused(0x0102, 9)');
  });

  it('panics beyond the end of a list, and for one that no memory holds', () => {
    expect(contract.call('filled', [3, 2])).toEqual([0n, 0n, 5n]);
    expect(() => contract.call('filled', [3, 3])).toThrow('Panic(50)');
    expect(() => contract.call('item', [[1, 2], 2])).toThrow('Panic(50)');
    for (const length of [2 ** 17 + 1, 2 ** 27, 2 ** 27 + 1, 2 ** 32 - 1]) {
      expect(() => contract.call('filled', [length, 2 ** 27 - 1])).toThrow('Panic(65)');
    }
  });
});
