import { getAddress, type Hex, maxUint256 } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { describe, expect, it } from 'vitest';
import { account } from './artifacts.ts';
import {
  chainId,
  factory,
  PoolScene,
  pair,
  pairAddress,
  provider,
  stranger,
  token0,
  token1,
  trader,
  unit,
  woak,
} from './pool-scene.ts';

const zero = account(0);

function fail(scene: PoolScene, name: string, args: readonly unknown[] = []): string | undefined {
  return scene.chain.send(trader, pair, name, args).error;
}

/** Events without those of the tokens. */
function pairEvents(result: ReturnType<PoolScene['sell']>) {
  return result.events.filter(({ address }) => address === pair.address.toLowerCase());
}

describe('PairFactory', () => {
  it('creates one pair for two tokens, where CREATE2 says', () => {
    const { chain } = new PoolScene();
    for (const [a, b] of [
      [token0, token1],
      [token1, token0],
    ] as const) {
      expect(chain.read(factory, 'getPair', [a.address, b.address])).toBe(pair.address);
      const again = chain.send(stranger, factory, 'createPair', [a.address, b.address]);
      expect(again.error).toBe('PairExists()');
    }
    expect(['factory', 'token0', 'token1'].map((name) => chain.read(pair, name))).toEqual([
      getAddress(factory.address),
      getAddress(token0.address),
      getAddress(token1.address),
    ]);
    const other = account(0xa1);
    const { events, value } = chain.mustSend(stranger, factory, 'createPair', [
      woak.address,
      other,
    ]);
    expect(value).toBe(pairAddress(...([woak.address, other].sort() as [Hex, Hex])));
    expect(events[0]?.args).toMatchObject({ pair: value, count: 2n });
    expect(chain.read(factory, 'allPairs', [1n])).toBe(value);
    expect(chain.read(factory, 'allPairsLength')).toBe(2n);
    expect(() => chain.read(factory, 'allPairs', [2n])).toThrow('UnknownPair()');
    const create = (a: Hex, b: Hex) => chain.send(stranger, factory, 'createPair', [a, b]).error;
    expect(create(other, other)).toBe('IdenticalAddresses()');
    expect(create(other, zero)).toBe('ZeroAddress()');
  });
});

/** The most that `amount` buys with the fee of 0.3 %: constant product, rounded down. */
function bought(amount: bigint, reserveIn: bigint, reserveOut: bigint): bigint {
  const charged = amount * 997n;
  return (charged * reserveOut) / (reserveIn * 1_000n + charged);
}

// The numbers of Uniswap/v2-core test/UniswapV2Pair.spec.ts at commit 00873c4.
describe('AmmPair, with the published numbers of Uniswap v2', () => {
  it('mint', () => {
    const scene = new PoolScene();
    scene.give(token0, pair.address, unit);
    scene.give(token1, pair.address, 4n * unit);
    const result = scene.chain.mustSend(provider, pair, 'mint', [trader]);
    expect(result.value).toBe(2n * unit - 1_000n);
    expect(pairEvents(result).map(({ name, args }) => [name, ...Object.values(args)])).toEqual([
      ['Transfer', zero, zero, 1_000n],
      ['Transfer', zero, trader, 2n * unit - 1_000n],
      ['Sync', unit, 4n * unit],
      ['Mint', provider, unit, 4n * unit],
    ]);
    expect(scene.chain.read(pair, 'totalSupply')).toBe(2n * unit);
    expect(scene.balance(pair, trader)).toBe(2n * unit - 1_000n);
    expect(scene.reserves().slice(0, 2)).toEqual([unit, 4n * unit]);
  });

  it.each([
    [1, 5, 10, 1662497915624478906n],
    [1, 10, 5, 453305446940074565n],
    [2, 5, 10, 2851015155847869602n],
    [2, 10, 5, 831248957812239453n],
    [1, 10, 10, 906610893880149131n],
    [1, 100, 100, 987158034397061298n],
    [1, 1000, 1000, 996006981039903216n],
  ])('swap %i into %i / %i gives exactly what was computed', (amount, reserve0, reserve1, out) => {
    const scene = new PoolScene();
    const reserves = [BigInt(reserve0) * unit, BigInt(reserve1) * unit] as const;
    expect(bought(BigInt(amount) * unit, ...reserves)).toBe(out);
    scene.setReserves(...reserves);
    scene.give(token0, pair.address, BigInt(amount) * unit);
    expect(fail(scene, 'swap', [0n, out + 1n, trader, '0x'])).toBe('K()');
    expect(fail(scene, 'swap', [0n, out, trader, '0x'])).toBe(undefined);
  });

  it.each([
    [997000000000000000n, 5, 10, 1n],
    [997000000000000000n, 10, 5, 1n],
    [997000000000000000n, 5, 5, 1n],
    [1n, 5, 5, 1003009027081243732n],
  ])('swap with the fee in the token that is taken (%i)', (out, reserve0, reserve1, amount) => {
    const scene = new PoolScene();
    scene.setReserves(BigInt(reserve0) * unit, BigInt(reserve1) * unit);
    scene.give(token0, pair.address, amount === 1n ? unit : amount);
    // what is paid back in kind pays the fee alone
    const paid = amount === 1n ? unit : amount;
    expect(paid - (amount === 1n ? out : unit)).toBe((paid * 3n + 999n) / 1_000n);
    const [taken, one] = amount === 1n ? [out, out + 1n] : [unit, unit + 1n];
    expect(fail(scene, 'swap', [one, 0n, trader, '0x'])).toBe('K()');
    expect(fail(scene, 'swap', [taken, 0n, trader, '0x'])).toBe(undefined);
  });

  it('swap tells everything', () => {
    const scene = new PoolScene();
    scene.setReserves(5n * unit, 10n * unit);
    scene.give(token0, pair.address, unit);
    const out = 1662497915624478906n;
    const result = scene.chain.mustSend(trader, pair, 'swap', [0n, out, stranger, '0x']);
    expect(pairEvents(result)).toMatchObject([
      { name: 'Sync', args: { reserve0: 6n * unit, reserve1: 10n * unit - out } },
      {
        name: 'Swap',
        args: {
          sender: trader,
          amount0In: unit,
          amount1In: 0n,
          amount0Out: 0n,
          amount1Out: out,
          to: stranger,
        },
      },
    ]);
    expect(scene.balance(token1, stranger)).toBe(out);
  });

  it('burn', () => {
    const scene = new PoolScene();
    scene.setReserves(3n * unit, 3n * unit);
    const shares = 3n * unit - 1_000n;
    scene.chain.mustSend(provider, pair, 'transfer', [pair.address, shares]);
    const result = scene.chain.mustSend(provider, pair, 'burn', [stranger]);
    expect(result.value).toEqual([shares, shares]);
    expect(pairEvents(result).map(({ name, args }) => [name, ...Object.values(args)])).toEqual([
      ['Transfer', pair.address, zero, shares],
      ['Sync', 1_000n, 1_000n],
      ['Burn', provider, stranger, shares, shares],
    ]);
    expect(scene.chain.read(pair, 'totalSupply')).toBe(1_000n);
    expect(scene.balance(token0, stranger)).toBe(shares);
  });
});

describe('AmmPair refuses', () => {
  it('what would cost its owners', () => {
    const scene = new PoolScene();
    expect(fail(scene, 'swap', [1n, 0n, trader, '0x'])).toBe('InsufficientLiquidity()');
    scene.give(token0, pair.address, 1_000n);
    scene.give(token1, pair.address, 1_000n);
    expect(fail(scene, 'mint', [trader])).toBe('InsufficientLiquidityMinted()');
    expect(fail(scene, 'burn', [trader])).toBe('Panic(18)');
    scene.setReserves(unit, unit);
    expect(fail(scene, 'mint', [trader])).toBe('InsufficientLiquidityMinted()');
    expect(fail(scene, 'burn', [trader])).toBe('InsufficientLiquidityBurned()');
    expect(fail(scene, 'swap', [0n, 0n, trader, '0x'])).toBe('InsufficientOutputAmount()');
    expect(fail(scene, 'swap', [1n, 0n, trader, '0x'])).toBe('InsufficientInputAmount()');
    expect(fail(scene, 'swap', [unit, 0n, trader, '0x'])).toBe('InsufficientLiquidity()');
    expect(fail(scene, 'swap', [1n, 0n, token0.address, '0x'])).toBe('InvalidRecipient()');
    scene.give(token0, pair.address, 2n ** 112n - unit);
    expect(fail(scene, 'sync')).toBe('Overflow()');
    expect(fail(scene, 'skim', [stranger])).toBe(undefined);
    expect(scene.balance(token0, stranger)).toBe(2n ** 112n - unit);
    expect(scene.chain.sendRaw(trader, pair.address, '0x', 1n).status).toBe('reverted');
  });

  it('a payment in more than it holds of a token', () => {
    const scene = new PoolScene();
    scene.setReserves(unit, unit);
    scene.give(token0, pair.address, unit);
    scene.chain.mustSend(pair.address, token1, 'transfer', [stranger, unit]);
    expect(fail(scene, 'swap', [0n, unit / 4n, trader, '0x'])).toBe('TransferFailed()');
  });
});

describe('shares', () => {
  it('move by permit', async () => {
    const scene = new PoolScene();
    const { chain } = scene;
    const owner = privateKeyToAccount(`0x${'4b'.repeat(32)}`);
    scene.setReserves(unit, unit);
    chain.mustSend(provider, pair, 'transfer', [owner.address, 9n]);
    const signature = await owner.signTypedData({
      domain: { name: 'Dodona LP', version: '1', chainId, verifyingContract: pair.address },
      types: {
        Permit: [
          { name: 'owner', type: 'address' },
          { name: 'spender', type: 'address' },
          { name: 'value', type: 'uint256' },
          { name: 'nonce', type: 'uint256' },
          { name: 'deadline', type: 'uint256' },
        ],
      },
      primaryType: 'Permit',
      message: {
        owner: owner.address,
        spender: trader,
        value: 5n,
        nonce: 0n,
        deadline: maxUint256,
      },
    });
    const [r, s] = [`0x${signature.slice(2, 66)}`, `0x${signature.slice(66, 130)}`];
    const v = Number(`0x${signature.slice(130)}`);
    chain.mustSend(stranger, pair, 'permit', [owner.address, trader, 5n, maxUint256, v, r, s]);
    chain.mustSend(trader, pair, 'transferFrom', [owner.address, trader, 5n]);
    expect([scene.balance(pair, owner.address), scene.balance(pair, trader)]).toEqual([4n, 5n]);
    expect(fail(scene, 'transferFrom', [owner.address, trader, 1n])).toBe(
      'InsufficientAllowance(0,1)',
    );
    expect([chain.read(pair, 'name'), chain.read(pair, 'symbol')]).toEqual(['Dodona LP', 'DLP']);
  });
});
