import { type Hex, maxUint256 } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { describe, expect, it } from 'vitest';
import { fromHex } from '../../src/primitives/bytes.ts';
import { ContractChain } from '../support/contract-chain.ts';
import { account, encodeConstructor, moduleOf } from './artifacts.ts';
import { chainId, vm, woak } from './pool-scene.ts';

const owner = privateKeyToAccount(`0x${'4b'.repeat(32)}`);
const friend = account(0xb0b);
/** A contract that accepts no money. */
const miser = account(0xdead1);

function scene(): ContractChain {
  const chain = new ContractChain(vm, chainId, [woak]);
  chain.deploy(woak.address, moduleOf('WrappedOak'), encodeConstructor('WrappedOak', []));
  chain.deploy(miser, moduleOf('PairFactory'), '0x');
  for (const person of [owner.address, friend, miser]) chain.world.credit(fromHex(person), 1_000n);
  chain.mine();
  return chain;
}

const balance = (chain: ContractChain, person: Hex) =>
  chain.read<bigint>(woak, 'balanceOf', [person]);

describe('WrappedOak', () => {
  it('is as much as was put in, by call or by plain transfer', () => {
    const chain = scene();
    const { events } = chain.mustSend(friend, woak, 'deposit', [], 300n);
    expect(events).toMatchObject([{ name: 'Deposit', args: { account: friend, amount: 300n } }]);
    expect(chain.sendRaw(friend, woak.address, '0x', 50n).status).toBe('success');
    expect(balance(chain, friend)).toBe(350n);
    expect(chain.read(woak, 'totalSupply')).toBe(350n);
    const out = chain.mustSend(friend, woak, 'withdraw', [349n]);
    expect(out.events).toMatchObject([{ name: 'Withdrawal', args: { amount: 349n } }]);
    expect(chain.balance(friend)).toBe(999n);
    expect(chain.send(friend, woak, 'withdraw', [2n]).error).toBe('InsufficientBalance(1,2)');
    expect(chain.sendRaw(friend, woak.address, '0x12345678', 5n).status).toBe('reverted');
    expect(['name', 'symbol', 'decimals'].map((name) => chain.read(woak, name))).toEqual([
      'Wrapped OAK',
      'WOAK',
      18,
    ]);
  });

  it('keeps the money of who cannot receive it', () => {
    const chain = scene();
    chain.mustSend(miser, woak, 'deposit', [], 10n);
    expect(chain.send(miser, woak, 'withdraw', [10n]).error).toBe('TransferFailed()');
    expect(balance(chain, miser)).toBe(10n);
  });

  it('moves by allowance, which shrinks unless it is unlimited', () => {
    const chain = scene();
    chain.mustSend(owner.address, woak, 'deposit', [], 500n);
    const take = (amount: bigint) =>
      chain.send(friend, woak, 'transferFrom', [owner.address, friend, amount]).error;
    expect(take(1n)).toBe('InsufficientAllowance(0,1)');
    chain.mustSend(owner.address, woak, 'approve', [friend, 100n]);
    expect(take(60n)).toBe(undefined);
    expect(take(41n)).toBe('InsufficientAllowance(40,41)');
    chain.mustSend(owner.address, woak, 'approve', [friend, maxUint256]);
    expect(take(440n)).toBe(undefined);
    expect(chain.read(woak, 'allowance', [owner.address, friend])).toBe(maxUint256);
    expect(take(1n)).toBe('InsufficientBalance(0,1)');
    chain.mustSend(friend, woak, 'transferFrom', [friend, owner.address, 500n]);
    chain.mustSend(owner.address, woak, 'transfer', [owner.address, 500n]);
    expect([balance(chain, owner.address), balance(chain, friend)]).toEqual([500n, 0n]);
  });
});

describe('permit', () => {
  const types = {
    Permit: [
      { name: 'owner', type: 'address' },
      { name: 'spender', type: 'address' },
      { name: 'value', type: 'uint256' },
      { name: 'nonce', type: 'uint256' },
      { name: 'deadline', type: 'uint256' },
    ],
  } as const;
  const half = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

  async function signed(nonce: bigint, deadline: bigint, chain = chainId) {
    const signature = await owner.signTypedData({
      domain: {
        name: 'Wrapped OAK',
        version: '1',
        chainId: chain,
        verifyingContract: woak.address,
      },
      types,
      primaryType: 'Permit',
      message: { owner: owner.address, spender: friend, value: 7n, nonce, deadline },
    });
    const r: Hex = `0x${signature.slice(2, 66)}`;
    const s: Hex = `0x${signature.slice(66, 130)}`;
    return [
      owner.address,
      friend,
      7n,
      deadline,
      Number(`0x${signature.slice(130)}`),
      r,
      s,
    ] as const;
  }

  it('allows what a wallet signed, once', async () => {
    const chain = scene();
    const args = await signed(0n, BigInt(chain.time));
    chain.mustSend(account(9), woak, 'permit', args);
    expect(chain.read(woak, 'allowance', [owner.address, friend])).toBe(7n);
    expect(chain.read(woak, 'nonces', [owner.address])).toBe(1n);
    expect(chain.send(account(9), woak, 'permit', args).error).toBe('InvalidSignature()');
    chain.mustSend(account(9), woak, 'permit', await signed(1n, maxUint256));
  });

  it('refuses what is late, foreign, changed or mirrored', async () => {
    const chain = scene();
    const send = (args: readonly unknown[]) => chain.send(friend, woak, 'permit', args).error;
    const time = BigInt(chain.time);
    expect(send(await signed(0n, time - 1n))).toBe(`ExpiredSignature(${time - 1n})`);
    expect(send(await signed(0n, time, 1))).toBe('InvalidSignature()');
    const [from, spender, , deadline, v, r, s] = await signed(0n, time);
    expect(send([from, spender, 8n, deadline, v, r, s])).toBe('InvalidSignature()');
    const order = 2n * half + 1n;
    const mirror = `0x${(order - BigInt(s)).toString(16).padStart(64, '0')}`;
    expect(send([from, spender, 7n, deadline, 55 - v, r, mirror])).toBe('InvalidSignature()');
    const nobody = account(0);
    expect(send([nobody, spender, 7n, deadline, 29, r, s])).toBe('InvalidSignature()');
    expect(send([from, spender, 7n, deadline, v, r, s])).toBe(undefined);
  });
});
