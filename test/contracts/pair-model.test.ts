/** Random lives of a pair against the model; and what each entry point costs. */

import fc from 'fast-check';
import { type Hex, parseSignature } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { describe, expect, it } from 'vitest';
import type { Target } from '../support/contract-chain.ts';
import { holdToBounds } from './gas-bounds.ts';
import { PairModel } from './pair-model.ts';
import {
  factory,
  gold,
  guardedTerms,
  PoolScene,
  pair,
  provider,
  stranger,
  token0,
  token1,
  trader,
  twap,
  unit,
  woak,
} from './pool-scene.ts';

const zero: Hex = '0x0000000000000000000000000000000000000000';
const holders = [provider, trader, stranger, pair.address, zero];

type Action =
  | { readonly kind: 'swap'; readonly amount: bigint; readonly isToken0: boolean }
  | { readonly kind: 'mint'; readonly amount0: bigint; readonly amount1: bigint }
  | { readonly kind: 'burn'; readonly part: bigint }
  | { readonly kind: 'donate'; readonly amount0: bigint; readonly amount1: bigint }
  | { readonly kind: 'skim'; readonly amount0: bigint; readonly amount1: bigint }
  | { readonly kind: 'poke' }
  | { readonly kind: 'grow'; readonly places: number }
  | { readonly kind: 'pass'; readonly seconds: number; readonly blocks: number }
  | { readonly kind: 'look'; readonly part: number };

const amount = fc.bigInt({ min: 1_000n, max: 200n * unit });
const amounts = { amount0: amount, amount1: amount };
const kind = <Kind extends Action['kind']>(name: Kind) => fc.constant(name);
const action: fc.Arbitrary<Action> = fc.oneof(
  { arbitrary: fc.record({ kind: kind('swap'), amount, isToken0: fc.boolean() }), weight: 4 },
  fc.record({ kind: kind('mint'), ...amounts }),
  fc.record({ kind: kind('burn'), part: fc.bigInt({ min: 1n, max: 90n }) }),
  fc.record({ kind: kind('donate'), ...amounts }),
  fc.record({ kind: kind('skim'), ...amounts }),
  fc.record({ kind: kind('poke') }),
  fc.record({ kind: kind('grow'), places: fc.integer({ min: 1, max: 6 }) }),
  {
    arbitrary: fc.record({
      kind: kind('pass'),
      seconds: fc.integer({ min: 0, max: 300 }),
      blocks: fc.integer({ min: 1, max: 3 }),
    }),
    weight: 4,
  },
  {
    arbitrary: fc.record({ kind: kind('look'), part: fc.integer({ min: 0, max: 100 }) }),
    weight: 2,
  },
);

/** The pair of the chain and the model of it, step by step. */
class Life {
  readonly scene = new PoolScene();
  readonly model = new PairModel();

  constructor(reserve0: bigint, reserve1: bigint) {
    this.scene.setReserves(reserve0, reserve1);
    this.model.mint(reserve0, reserve1);
    this.scene.chain.atEndOfBlock((touched) => {
      if (touched) this.checkBooks();
    });
  }

  run(step: Action): void {
    const { scene, model } = this;
    const { chain } = scene;
    const before = { product: model.product, supply: model.supply };
    switch (step.kind) {
      case 'swap':
        this.#swap(step.amount, step.isToken0);
        break;
      case 'mint': {
        this.#give(step.amount0, step.amount1);
        const { value, error } = chain.send(provider, pair, 'mint', [trader]);
        expect([undefined, 'InsufficientLiquidityMinted()']).toContain(error);
        if (error === undefined) expect(model.mint(step.amount0, step.amount1)).toBe(value);
        else chain.mustSend(stranger, pair, 'skim', [stranger]);
        break;
      }
      case 'burn': {
        const shares = (scene.balance(pair, provider) * step.part) / 100n;
        chain.mustSend(provider, pair, 'transfer', [pair.address, shares]);
        const { value, error } = chain.send(provider, pair, 'burn', [stranger]);
        if (error === undefined) {
          expect(value).toEqual(model.burn(shares));
        } else {
          expect(error).toBe('InsufficientLiquidityBurned()');
          chain.mustSend(pair.address, pair, 'transfer', [provider, shares]);
        }
        break;
      }
      case 'donate':
        this.#give(step.amount0, step.amount1);
        chain.mustSend(stranger, pair, 'sync');
        model.donate(step.amount0, step.amount1);
        break;
      case 'skim':
        this.#give(step.amount0, step.amount1);
        chain.mustSend(stranger, pair, 'skim', [stranger]);
        break;
      case 'poke':
        chain.mustSend(stranger, pair, 'poke');
        break;
      case 'grow':
        scene.grow(step.places);
        break;
      case 'pass':
        for (let block = 0; block < step.blocks; block++) {
          scene.pass(step.seconds);
          model.pass(step.seconds);
        }
        break;
      case 'look':
        this.#look(step.part);
        break;
    }
    // a share never buys less than before
    const isKept = model.product * before.supply ** 2n >= before.product * model.supply ** 2n;
    expect(isKept).toBe(true);
  }

  #give(amount0: bigint, amount1: bigint): void {
    this.scene.give(token0, pair.address, amount0);
    this.scene.give(token1, pair.address, amount1);
  }

  /** One acorn more than the formula gives is refused. */
  #swap(amount: bigint, isToken0: boolean): void {
    const { scene, model } = this;
    const out = model.quote(amount, isToken0);
    const outs = (want: bigint) => (isToken0 ? [0n, want] : [want, 0n]);
    const swap = (want: bigint) =>
      scene.chain.send(trader, pair, 'swap', [...outs(want), trader, '0x']).error;
    scene.give(isToken0 ? token0 : token1, pair.address, amount);
    expect(['K()', 'InsufficientLiquidity()']).toContain(swap(out + 1n));
    if (out === 0n) {
      scene.chain.mustSend(stranger, pair, 'skim', [stranger]);
      return;
    }
    const before = model.product;
    expect(swap(out)).toBe(undefined);
    model.swap(amount, isToken0);
    expect(model.product).toBeGreaterThanOrEqual(before);
  }

  /** Sums at a moment of the kept past, and the mean over blocks, are the model's. */
  #look(part: number): void {
    const { chain } = this.scene;
    const [seconds, blocks] = chain.read<[bigint, bigint]>(pair, 'history');
    const ago = (seconds * BigInt(part)) / 100n;
    const [ticks, price0, price1] = chain.read<bigint[][]>(pair, 'observe', [[Number(ago)]]);
    const sums = this.model.sumsAt(this.model.age - ago);
    expect([ticks?.[0], price0?.[0], price1?.[0]]).toEqual([
      sums.ticks,
      BigInt.asUintN(256, sums.price0),
      BigInt.asUintN(256, sums.price1),
    ]);
    const count = Math.floor((Number(blocks) * part) / 100);
    const sumsOfBlocks = chain.read<readonly unknown[]>(pair, 'blockSpan', [count]);
    expect(sumsOfBlocks.slice(0, 3)).toEqual([...this.model.blockSums(count), false]);
  }

  checkState(): void {
    const { scene, model } = this;
    expect(scene.reserves().slice(0, 2)).toEqual([model.reserve0, model.reserve1]);
    expect(scene.chain.read(pair, 'totalSupply')).toBe(model.supply);
    const shares = holders.map((holder) => scene.balance(pair, holder));
    expect(shares.reduce((sum, each) => sum + each, 0n)).toBe(model.supply);
  }

  /** Every wrapped acorn is somebody's, and lies in the contract. */
  checkBooks(): void {
    const { scene } = this;
    for (const token of [woak, gold]) {
      const owned = holders.reduce((sum, holder) => sum + scene.balance(token, holder), 0n);
      expect(scene.chain.balance(token.address)).toBe(owned);
      expect(scene.chain.read(token, 'totalSupply')).toBe(owned);
    }
  }
}

describe('a pair', () => {
  it('lives as its model does', () => {
    const reserve = fc.bigInt({ min: 10_000n, max: 1_000n * unit });
    fc.assert(
      fc.property(
        reserve,
        reserve,
        fc.array(action, { minLength: 10, maxLength: 30 }),
        (reserve0, reserve1, steps) => {
          const life = new Life(reserve0, reserve1);
          for (const step of steps) {
            life.run(step);
            life.checkState();
          }
        },
      ),
      { numRuns: 8 },
    );
  });
});

/** A pair with a busy ring of 12 places, in a block that nobody has touched yet. */
function busy(): { scene: PoolScene; feed: Hex } {
  const scene = new PoolScene();
  scene.setReserves(1_000n * unit, 1_000n * unit);
  const feed = scene.feed({ ...guardedTerms, minWindow: 60, minBlocks: 4 }, 12);
  for (let block = 0; block < 30; block++) {
    scene.pass(15);
    scene.sell(block % 2 === 0 ? token0 : token1, unit);
  }
  scene.pass(15);
  return { scene, feed };
}

type Measure = (world: ReturnType<typeof busy>) => bigint;

const send =
  (from: Hex, target: Target, name: string, args: readonly unknown[] = []): Measure =>
  ({ scene }) =>
    scene.chain.mustSend(from, target, name, args).gasUsed;
const ask =
  (name: string, args: readonly unknown[]): Measure =>
  ({ scene, feed }) =>
    scene.chain.mustSend(stranger, twap, name, [feed, ...args]).gasUsed;

/** A signed allowance of one acorn. */
async function permitting({ scene }: ReturnType<typeof busy>, token: Target): Promise<unknown[]> {
  const owner = privateKeyToAccount(`0x${'4e'.repeat(32)}`);
  const message = {
    owner: owner.address,
    spender: trader,
    value: 1n,
    nonce: 0n,
    deadline: 2n ** 64n,
  };
  const signature = await owner.signTypedData({
    domain: {
      ...{ name: scene.chain.read<string>(token, 'name'), version: '1', chainId: 1337 },
      verifyingContract: token.address,
    },
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
    message,
  });
  const { r, s, v } = parseSignature(signature);
  return [owner.address, trader, 1n, message.deadline, Number(v), r, s];
}

/** What each row of GAS.md measures, by contract. */
const costs: Readonly<Record<string, Readonly<Record<string, Measure>>>> = {
  WrappedOak: {
    deposit: ({ scene }) => scene.chain.mustSend(stranger, woak, 'deposit', [], 1n).gasUsed,
    transfer: send(trader, woak, 'transfer', [stranger, 1n]),
    approve: send(trader, woak, 'approve', [stranger, 5n]),
    transferFrom: send(stranger, woak, 'transferFrom', [trader, provider, 1n]),
    withdraw: send(trader, woak, 'withdraw', [1n]),
  },
  PairFactory: { createPair: send(stranger, factory, 'createPair', [woak.address, trader]) },
  AmmPair: {
    mint: (world) => {
      for (const token of [token0, token1]) world.scene.give(token, pair.address, unit);
      return send(provider, pair, 'mint', [provider])(world);
    },
    transfer: send(provider, pair, 'transfer', [stranger, 10n]),
    approve: send(stranger, pair, 'approve', [trader, 5n]),
    transferFrom: send(trader, pair, 'transferFrom', [stranger, trader, 1n]),
    burn: (world) => {
      send(provider, pair, 'transfer', [pair.address, unit])(world);
      return send(provider, pair, 'burn', [provider])(world);
    },
    swap: ({ scene }) => scene.sell(token0, unit).gasUsed,
    'swap, later in its block': ({ scene }) => {
      scene.sell(token0, unit);
      return scene.sell(token0, unit).gasUsed;
    },
    skim: send(stranger, pair, 'skim', [trader]),
    sync: send(stranger, pair, 'sync'),
    poke: send(stranger, pair, 'poke'),
    'increaseObservationCardinalityNext, one place': send(
      stranger,
      pair,
      'increaseObservationCardinalityNext',
      [13],
    ),
  },
  TwapOracle: {
    poke: ask('poke', []),
    createFeed: ({ scene }) =>
      scene.chain.mustSend(trader, twap, 'createFeed', [pair.address, 60, 1], 10n * unit).gasUsed,
    createFeedWith: ({ scene }) => {
      const args = ['x'.repeat(31), guardedTerms, 1];
      return scene.chain.mustSend(trader, twap, 'createFeedWith', args, 10n * unit).gasUsed;
    },
    'increaseCardinality, one place': ask('increaseCardinality', [14]),
    'observe, two moments': ask('observe', [[140, 0]]),
    'consult, ten observations': ask('consult', [140, unit, true]),
    consultTick: ask('consultTick', [140]),
    consultBlocks: ask('consultBlocks', [9, unit, true]),
  },
};

describe('gas', () => {
  it('of each entry point stays within its bound', async () => {
    const world = busy();
    const permits: Readonly<Record<string, Target>> = { WrappedOak: woak, AmmPair: pair };
    for (const [contract, measures] of Object.entries(costs)) {
      const used = new Map<string, bigint>();
      for (const [entry, measure] of Object.entries(measures)) {
        used.set(entry, measure(world));
        world.scene.pass(15);
      }
      const token = permits[contract];
      if (token !== undefined) {
        used.set('permit', send(stranger, token, 'permit', await permitting(world, token))(world));
      }
      holdToBounds(contract, used);
    }
  });
});
