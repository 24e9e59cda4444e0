import { concat, type Hex, keccak256, padHex } from 'viem';
import { beforeEach, describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { createVm } from '../../src/vm/vm.ts';
import { ContractChain } from '../support/contract-chain.ts';
import { account, encodeConstructor, moduleOf, targetOf } from './artifacts.ts';

const stakes = targetOf('StakeRegistry');
const oracle = account(0xa1);
const alice = account(0xb1);
const bob = account(0xb2);
const dead: Hex = '0x000000000000000000000000000000000000dEaD';
const key: Hex = `0x${'11'.repeat(32)}`;
const otherKey: Hex = `0x${'22'.repeat(32)}`;

describe('StakeRegistry', () => {
  let chain: ContractChain;

  beforeEach(() => {
    chain = new ContractChain(createVm({ crypto: nobleCrypto }), 1337, [stakes]);
    chain.world.credit(fromHex(stakes.address), 1_000n);
    chain.world.credit(fromHex(alice), 10n ** 30n);
    const values = [[oracle], 10n, [bob], [1_000n]];
    chain.deploy(
      stakes.address,
      moduleOf('StakeRegistry'),
      encodeConstructor('StakeRegistry', values),
    );
    chain.mine();
  });

  const accountOf = (person: Hex) => chain.read<readonly bigint[]>(stakes, 'accountOf', [person]);

  it('credits genesis stakes only from a balance that is there', () => {
    const poor = new ContractChain(createVm({ crypto: nobleCrypto }), 1337, [stakes]);
    const values = [[oracle], 10n, [bob], [1_000n]];
    const data = encodeConstructor('StakeRegistry', values);
    expect(() => poor.deploy(stakes.address, moduleOf('StakeRegistry'), data)).toThrow('reverted');
    expect(chain.read(stakes, 'stakeAt', [bob, 0n])).toBe(1_000n);
  });

  it('remembers active stake at the end of every block', () => {
    const history: bigint[] = [0n];
    for (let block = 1; block <= 20; block++) {
      if (block % 3 === 0) chain.mustSend(alice, stakes, 'deposit', [], BigInt(block));
      if (block % 6 === 0) chain.mustSend(alice, stakes, 'deposit', [], 100n);
      if (block === 15) chain.mustSend(alice, stakes, 'requestExit', [7n]);
      history.push(chain.read<bigint>(stakes, 'stakeOf', [alice]));
      chain.mine();
    }
    for (const [block, stake] of history.entries()) {
      expect(chain.read(stakes, 'stakeAt', [alice, BigInt(block)])).toBe(stake);
    }
    expect(chain.read(stakes, 'stakesAt', [[alice, bob], 20n])).toEqual([history[20], 1_000n]);
    expect(() => chain.read(stakes, 'stakeAt', [alice, 21n])).toThrow('FutureBlock()');
    expect(() => chain.read(stakes, 'stakesAt', [[alice], 21n])).toThrow('FutureBlock()');
  });

  it('lets stake leave after the delay, and not before', () => {
    expect(chain.send(bob, stakes, 'withdraw').error).toBe('NothingToWithdraw()');
    expect(chain.send(bob, stakes, 'requestExit', [1_001n]).error).toBe('StakeTooLow(1000,1001)');
    chain.mustSend(bob, stakes, 'requestExit', [600n]);
    expect(chain.send(bob, stakes, 'withdraw').error).toBe('ExitPending(11)');
    chain.mine(9);
    expect(chain.send(bob, stakes, 'withdraw').error).toBe('ExitPending(11)');
    chain.mine();
    const { value, events } = chain.mustSend(bob, stakes, 'withdraw');
    expect(value).toBe(600n);
    expect(events).toEqual([
      { address: stakes.address, name: 'Withdrawn', args: { account: bob, amount: 600n } },
    ]);
    expect(chain.balance(bob)).toBe(600n);
    expect(accountOf(bob)).toEqual([400n, 0n, 11n, 0n]);
  });

  it('locks for oracles alone, each key once, never more than there is', () => {
    expect(chain.send(alice, stakes, 'lock', [bob, key, 5n]).error).toBe('OnlyOracle()');
    expect(chain.send(alice, stakes, 'release', [key, 0n, 1]).error).toBe('OnlyOracle()');
    chain.mustSend(oracle, stakes, 'lock', [bob, key, 700n]);
    expect(chain.send(oracle, stakes, 'lock', [bob, key, 1n]).error).toBe('KeyInUse()');
    expect(chain.send(oracle, stakes, 'lock', [bob, otherKey, 301n]).error).toBe(
      'StakeTooLow(300,301)',
    );
    chain.mustSend(bob, stakes, 'requestExit', [1_000n]);
    chain.mustSend(oracle, stakes, 'lock', [bob, otherKey, 300n]);
    chain.mine(10);
    expect(chain.send(bob, stakes, 'withdraw').error).toBe('StakeLocked(1000)');
    chain.mustSend(oracle, stakes, 'release', [key, 0n, 0]);
    expect(chain.mustSend(bob, stakes, 'withdraw').value).toBe(700n);
  });

  it('slashes what one lock holds and no more, half of it burned', () => {
    chain.mustSend(oracle, stakes, 'lock', [bob, key, 101n]);
    chain.mustSend(oracle, stakes, 'lock', [bob, otherKey, 500n]);
    expect(chain.send(oracle, stakes, 'slash', [key, 102n, 1]).error).toBe('StakeTooLow(101,102)');
    expect(chain.mustSend(oracle, stakes, 'slash', [key, 51n, 3]).value).toBe(25n);
    expect([chain.balance(dead), chain.balance(oracle)]).toEqual([26n, 25n]);
    expect(chain.read(stakes, 'burned')).toBe(26n);
    expect(chain.read(stakes, 'lockOf', [oracle, key])).toEqual([bob, 50n]);
    expect(accountOf(bob)).toEqual([949n, 0n, 0n, 550n]);
    expect(chain.send(oracle, stakes, 'release', [key, 51n, 1]).error).toBe('StakeTooLow(50,51)');
    chain.mustSend(oracle, stakes, 'release', [key, 50n, 1]);
    expect(accountOf(bob)).toEqual([899n, 0n, 0n, 500n]);
    expect(chain.balance(stakes.address)).toBe(899n);
    expect(chain.send(oracle, stakes, 'release', [key, 0n, 1]).error).toBe('UnknownLock()');
  });

  it('takes from exiting stake first', () => {
    chain.mustSend(oracle, stakes, 'lock', [bob, key, 500n]);
    chain.mustSend(bob, stakes, 'requestExit', [300n]);
    chain.mustSend(oracle, stakes, 'release', [key, 400n, 1]);
    expect(accountOf(bob).slice(0, 2)).toEqual([600n, 0n]);
  });

  it('refuses stakes whose weight would not fit 56 bits', () => {
    const most = 2n ** 56n * 10n ** 12n - 1n;
    expect(chain.send(alice, stakes, 'deposit', [], most + 1n).error).toBe('StakeTooLarge()');
    chain.mustSend(alice, stakes, 'deposit', [], most);
    expect(chain.send(alice, stakes, 'deposit').error).toBe('ZeroAmount()');
  });

  it('is laid out in storage as Solidity would', () => {
    const word = (slot: Hex) =>
      toHex(chain.world.storage(fromHex(stakes.address), fromHex(padHex(slot, { size: 32 }))));
    const number = (value: bigint) => value.toString(16).padStart(64, '0');
    expect(word('0x04')).toBe(number(1_000n)); // totalStaked
    expect(word('0x06')).toBe(number(10n)); // exitDelay
    chain.mustSend(bob, stakes, 'requestExit', [1n]);
    const slot = keccak256(concat([padHex(bob, { size: 32 }), padHex('0x00', { size: 32 })]));
    expect(word(slot)).toBe(number((1n << 128n) + 999n)); // {uint128 active; uint128 exiting}
  });
});
