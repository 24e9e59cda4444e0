/** MemberRegistry: quorums of the members of now, epochs, expiry, and a model that agrees with it. */

import fc from 'fast-check';
import { encodeAbiParameters, type Hex, keccak256, padHex } from 'viem';
import { beforeEach, describe, expect, it } from 'vitest';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { quorumOf } from '../../src/primitives/seal.ts';
import { createVm } from '../../src/vm/vm.ts';
import { ContractChain } from '../support/contract-chain.ts';
import { account, encodeConstructor, moduleOf, targetOf } from './artifacts.ts';

const registry = targetOf('MemberRegistry');
const vm = createVm({ crypto: nobleCrypto });
const window = 10n;
const zero = account(0);
const noKey = padHex('0x', { size: 32 });

const keyOf = (number: number): Hex => padHex(`0x${number.toString(16)}`, { size: 32 });

function createChain(members: number, changes: { keys?: Hex[]; accounts?: Hex[] } = {}) {
  const chain = new ContractChain(vm, 1337, [registry]);
  const numbers = Array.from({ length: members }, (_, index) => index + 1);
  const values = [changes.keys ?? numbers.map(keyOf), changes.accounts ?? numbers.map(account)];
  const data = encodeConstructor('MemberRegistry', [...values, window]);
  chain.deploy(registry.address, moduleOf('MemberRegistry'), data);
  chain.mine();
  return chain;
}

const listOf = (chain: ContractChain) => {
  const [keys, accounts] = chain.read<readonly [readonly Hex[], readonly Hex[]]>(
    registry,
    'members',
  );
  return keys.map((key, index) => `${Number(key)} ${Number(accounts[index])}`);
};

describe('MemberRegistry', () => {
  let chain: ContractChain;
  const send = (from: number, name: string, args: readonly unknown[]) =>
    chain.send(account(from), registry, name, args);

  beforeEach(() => {
    chain = createChain(4);
  });

  it('begins with the members of the genesis file', () => {
    expect(listOf(chain)).toEqual(['1 1', '2 2', '3 3', '4 4']);
    expect(chain.read(registry, 'quorum')).toBe(3n);
    expect(chain.read(registry, 'isMember', [account(4)])).toBe(true);
    expect(chain.read(registry, 'isMember', [account(5)])).toBe(false);
    expect(chain.read(registry, 'window')).toBe(window);
  });

  it.each([
    [{ keys: [], accounts: [] }],
    [{ keys: [keyOf(1)], accounts: [account(1), account(2)] }],
    [{ keys: [keyOf(1), keyOf(1)], accounts: [account(1), account(2)] }],
    [{ keys: [keyOf(1), keyOf(2)], accounts: [account(1), account(1)] }],
    [{ keys: [noKey], accounts: [account(1)] }],
    [{ keys: [keyOf(1)], accounts: [zero] }],
  ])('refuses to begin with %j', (changes) => {
    expect(() => createChain(1, changes)).toThrow('reverted');
  });

  it('adds at the quorum, not before, and counts nobody twice', () => {
    const change = [keyOf(9), account(9)];
    expect(send(1, 'add', change).value).toBe(false);
    expect(send(1, 'add', change).error).toBe('AlreadyApproved()');
    expect(send(2, 'add', change).value).toBe(false);
    expect(listOf(chain)).toHaveLength(4);
    const made = send(3, 'add', change);
    expect(made.value).toBe(true);
    expect(made.events.map(({ name }) => name)).toEqual(['Approved', 'Changed']);
    expect(listOf(chain)).toEqual(['1 1', '2 2', '3 3', '4 4', '9 9']);
    expect(chain.read(registry, 'epoch')).toBe(1n);
    expect(chain.read(registry, 'quorum')).toBe(4n);
  });

  it('removes by moving the last member, and rotates in place', () => {
    for (const member of [1, 2, 3]) send(member, 'remove', [account(2)]);
    expect(listOf(chain)).toEqual(['1 1', '4 4', '3 3']);
    for (const member of [1, 4]) send(member, 'rotate', [account(1), keyOf(8), account(1)]);
    expect(listOf(chain)).toEqual(['8 1', '4 4', '3 3']);
    for (const member of [3, 4]) send(member, 'rotate', [account(3), keyOf(3), account(7)]);
    expect(listOf(chain)).toEqual(['8 1', '4 4', '3 7']);
  });

  it('forgets approvals with every change: former members and other sets never count', () => {
    send(2, 'add', [keyOf(9), account(9)]);
    send(3, 'add', [keyOf(9), account(9)]);
    for (const member of [1, 3, 4]) send(member, 'remove', [account(2)]);
    expect(send(3, 'add', [keyOf(9), account(9)]).value).toBe(false);
    expect(send(2, 'add', [keyOf(9), account(9)]).error).toBe('OnlyMember()');
    expect(send(1, 'add', [keyOf(9), account(9)]).value).toBe(true);
  });

  it('forgets what found no quorum in its window', () => {
    const change = [keyOf(9), account(9)];
    send(1, 'add', change);
    send(2, 'add', change);
    chain.mine(Number(window));
    expect(send(1, 'add', change).error).toBe('AlreadyApproved()');
    chain.mine();
    expect(send(3, 'add', change).value).toBe(false);
    const id = chain.read<Hex>(registry, 'changeId', [1, zero, keyOf(9), account(9)]);
    expect(chain.read(registry, 'changeOf', [id])).toEqual([1n, BigInt(chain.height) + window]);
  });

  it('names changes so that anyone can compute the id', () => {
    const types = ['uint64', 'uint8', 'address', 'bytes32', 'address'].map((type) => ({ type }));
    const data = encodeAbiParameters(types, [0n, 3, account(1), keyOf(5), account(6)]);
    const id = chain.read(registry, 'changeId', [3, account(1), keyOf(5), account(6)]);
    expect(id).toBe(keccak256(data));
  });

  it.each([
    [9, 'add', [keyOf(9), account(9)], 'OnlyMember()'],
    [9, 'remove', [account(1)], 'OnlyMember()'],
    [9, 'rotate', [account(9), keyOf(9), account(9)], 'OnlyMember()'],
    [1, 'add', [keyOf(4), account(9)], 'KeyInUse()'],
    [1, 'add', [keyOf(9), account(4)], 'AccountInUse()'],
    [1, 'add', [noKey, account(9)], 'ZeroMember()'],
    [1, 'add', [keyOf(9), zero], 'ZeroMember()'],
    [1, 'remove', [account(9)], 'UnknownMember()'],
    [1, 'rotate', [account(9), keyOf(9), account(9)], 'UnknownMember()'],
    [1, 'rotate', [account(2), keyOf(3), account(2)], 'KeyInUse()'],
    [1, 'rotate', [account(2), keyOf(2), account(3)], 'AccountInUse()'],
  ])('member %i may not %s %j', (from, name, args, error) => {
    expect(send(from, name, args).error).toBe(error);
  });

  it('is decided by the only member alone, and keeps the last one', () => {
    chain = createChain(1);
    expect(send(1, 'remove', [account(1)]).error).toBe('LastMember()');
    expect(send(1, 'add', [keyOf(2), account(2)]).value).toBe(true);
    expect(send(1, 'remove', [account(2)]).value).toBe(false);
    expect(send(2, 'remove', [account(2)]).value).toBe(true);
    expect(listOf(chain)).toEqual(['1 1']);
  });

  it('holds 64 members and no more, within the gas of a block', () => {
    chain = createChain(64);
    expect(listOf(chain)).toHaveLength(64);
    expect(send(1, 'add', [keyOf(99), account(99)]).error).toBe('TooManyMembers()');
    let dearest = 0n;
    for (let member = 1; member <= quorumOf(64); member++) {
      const { gasUsed } = send(member, 'rotate', [account(64), keyOf(99), account(99)]);
      if (gasUsed > dearest) dearest = gasUsed;
    }
    expect(listOf(chain)[63]).toBe('99 99');
    expect(dearest).toBeLessThan(1_000_000n);
  });

  it('agrees with a model over random calls', () => {
    const call = fc.record({
      from: fc.integer({ min: 1, max: 6 }),
      name: fc.constantFrom('add', 'remove', 'rotate'),
      one: fc.integer({ min: 1, max: 6 }),
      other: fc.integer({ min: 1, max: 6 }),
    });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 60 }), (calls) => {
        chain = createChain(3);
        let members = [1, 2, 3].map((number) => ({ key: number, account: number }));
        const open = new Map<string, Set<number>>();
        for (const { from, name, one, other } of calls) {
          const isAdd = name === 'add';
          const target = members.find((member) => member.account === one);
          const rest = members.filter((member) => isAdd || member !== target);
          const next = isAdd ? one : other;
          const isFree = rest.every((member) => member.key !== other && member.account !== next);
          const id = `${name} ${one} ${name === 'remove' ? '' : other}`;
          const isValid =
            members.some((member) => member.account === from) &&
            (isAdd || target !== undefined) &&
            (name === 'remove' ? members.length > 1 : isFree) &&
            !open.get(id)?.has(from);
          const args = {
            add: [keyOf(other), account(one)],
            remove: [account(one)],
            rotate: [account(one), keyOf(other), account(other)],
          }[name] as readonly unknown[];
          const { error, value } = send(from, name, args);
          expect(error === undefined, `${id} by ${from}: ${error}`).toBe(isValid);
          if (!isValid) continue;
          const votes = (open.get(id) ?? new Set()).add(from);
          open.set(id, votes);
          expect(value).toBe(votes.size >= quorumOf(members.length));
          if (!value) continue;
          open.clear();
          const at = members.indexOf(target as (typeof members)[number]);
          if (isAdd) members.push({ key: other, account: one });
          else if (name === 'rotate') members[at] = { key: other, account: other };
          else {
            const last = members.at(-1) as (typeof members)[number];
            members = members.with(at, last).slice(0, -1);
          }
          expect(listOf(chain)).toEqual(members.map((each) => `${each.key} ${each.account}`));
        }
      }),
      { numRuns: 40 },
    );
  });
});
