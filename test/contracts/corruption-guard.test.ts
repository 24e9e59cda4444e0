import fc from 'fast-check';
import { type Hex, keccak256, toHex } from 'viem';
import { describe, expect, it } from 'vitest';
import { fromHex } from '../../src/primitives/bytes.ts';
import { account, encodeConstructor, moduleOf, targetOf } from './artifacts.ts';
import { holdToBounds } from './gas-bounds.ts';
import {
  type Configuration,
  fund,
  hunter,
  OracleScene,
  oracle,
  type Reporter,
  registry,
  reportersOf,
  ruleAlone,
  stranger,
  weightUnit,
} from './oracle-scene.ts';

const guard = targetOf('CorruptionGuard');
const premiumPpm = 10n;
const lender = account(0xd1);
const market = account(0xd2);
const epoch = 480;

function premiumOf(amount: bigint, epochs: number): bigint {
  return (amount * BigInt(epochs) * premiumPpm + 999_999n) / 1_000_000n;
}

class GuardScene extends OracleScene {
  constructor(
    weights: readonly bigint[],
    changes: Partial<Configuration> = {},
    names: readonly string[] = ['BTC/USD'],
    jurors: readonly Reporter[] = [],
  ) {
    super(reportersOf(weights), { heartbeat: 10_000_000, ...changes }, names, jurors);
    const values = [registry.address, fund.address, Number(premiumPpm)];
    this.chain.know(guard);
    this.chain.deploy(
      guard.address,
      moduleOf('CorruptionGuard'),
      encodeConstructor('CorruptionGuard', values),
    );
    for (const person of [lender, market]) this.chain.world.credit(fromHex(person), 10n ** 27n);
  }

  /** One final round of the first feed in which everybody reports the same. */
  agree(round = 1n): void {
    this.report(round, Array(this.reporters.length).fill(100n));
    this.finalize(round);
  }

  register(from: Hex, amount: bigint, epochs = 1, feed = this.feed): string | undefined {
    const premium = premiumOf(amount, epochs);
    const { error } = this.chain.send(from, guard, 'register', [feed, amount, epochs], premium);
    if (error === undefined) this.donated += premium;
    return error;
  }

  security(feed = this.feed): readonly bigint[] {
    return this.chain.read(guard, 'securityOf', [feed]);
  }

  isSecure(): boolean {
    return this.chain.read(guard, 'isSecure', [this.feed]);
  }

  /** The guard keeps nothing: premiums are the fund's. */
  override checkBooks(): void {
    expect(this.chain.balance(guard.address)).toBe(0n);
    super.checkBooks();
  }
}

/** Takes a round to the jury. @returns the question */
function disputed(scene: GuardScene, round: bigint): bigint {
  const cost = scene.chain.read<bigint>(oracle, 'disputeCost');
  const args = [scene.feed, round];
  return scene.chain.mustSend(hunter, oracle, 'disputeRound', args, cost).value as bigint;
}

/** The only juror finds the value false, and the oracle carries it out. */
function refuted(scene: GuardScene, round: bigint, question: bigint): void {
  ruleAlone(scene, question, 2);
  scene.chain.mine(6);
  scene.chain.mustSend(stranger, oracle, 'resolveDispute', [scene.feed, round]);
}

describe('the cost of corruption', () => {
  it('is the bonds of the smallest majority (vector: 1,000,000, 500,001, 333,334)', () => {
    const { chain } = new GuardScene([20n, 20n, 20n]);
    const cost = chain.read<bigint>(guard, 'costOfCorruption', [1_000_000n, 1_000_000n]);
    expect(cost).toBe(500_001n);
    expect(chain.read(guard, 'limitOf', [cost])).toBe(333_334n);
    expect(chain.read(guard, 'costOfCorruption', [5n, 0n])).toBe(0n);
  });

  it('never allows exposure whose one and a half exceeds it, and refuses no less', () => {
    const { chain } = new GuardScene([20n, 20n, 20n]);
    const amount = fc.bigInt({ min: 0n, max: 2n ** 128n });
    const weight = fc.bigInt({ min: 1n, max: 2n ** 62n });
    fc.assert(
      fc.property(amount, weight, (slashable, total) => {
        const cost = chain.read<bigint>(guard, 'costOfCorruption', [slashable, total]);
        expect(cost).toBe((slashable * (total / 2n + 1n)) / total);
        const limit = chain.read<bigint>(guard, 'limitOf', [cost]);
        expect(limit * 15_000n).toBeLessThanOrEqual(cost * 10_000n);
        expect((limit + 1n) * 15_000n).toBeGreaterThan(cost * 10_000n);
      }),
      { numRuns: 30 },
    );
  });

  it('counts bonds of those who reported, and nothing of a feed without a fresh value', () => {
    const scene = new GuardScene([40n, 30n, 30n], { bondBps: 1_000, heartbeat: 900 });
    expect(scene.security()).toEqual([0n, 0n, 0n, 0n, 0n]);
    expect(scene.register(lender, 1n)).toBe('Insecure(1,0)');
    scene.report(1n, [100n, 100n, undefined]);
    scene.finalize(1n); // two reports of three: void
    expect(scene.security()[3]).toBe(0n);
    scene.agree(2n);
    const slashable = 10n * weightUnit; // a tenth of the stake
    const cost = (slashable * 51n) / 100n;
    expect(scene.security()).toEqual([100n, slashable, cost, (cost * 2n) / 3n, 0n]);
    scene.chain.mine(60);
    expect(scene.security().slice(0, 4)).toEqual([0n, 0n, 0n, 0n]);
  });

  it('counts weight as the feed caps it', () => {
    const scene = new GuardScene([970n, 10n, 10n, 10n], { weightCapBps: 4_000, bondBps: 10_000 });
    scene.agree();
    // cut to 20 = 40 % of 20 + 30: of 1,000 only 50 decide, and a majority of those is cheap
    expect(scene.security().slice(0, 2)).toEqual([50n, 50n * weightUnit]);
    const few = new GuardScene([970n, 10n, 10n], { weightCapBps: 1_000, bondBps: 10_000 });
    few.agree();
    // three cannot each have a tenth: an equal cap of 33.34 % leaves 10 each; 10 / 0.3334, rounded down
    expect(few.security()[0]).toBe(29n);
  });

  it('is nothing from the refutation of the newest value to the next: those bonds are gone', () => {
    const stake = 100_000n * weightUnit;
    const scene = new GuardScene(
      [20n, 20n, 20n, 20n, 20n],
      { bondBps: 5_000, disputeBlocks: 10 },
      ['BTC/USD'],
      [{ address: account(0xc1), stake }],
    );
    scene.agree(1n);
    const secured = scene.security();
    expect(secured[1]).toBe(50n * weightUnit);
    scene.report(2n, [200n, 200n, 200n, 100n, 100n]);
    scene.finalize(2n);
    const question = disputed(scene, 2n);
    expect(scene.security()).toEqual(secured); // under dispute every bond is still locked
    refuted(scene, 2n, question);
    expect(scene.latest()).toMatchObject([2n, 100n, expect.any(BigInt), expect.any(BigInt), 1n]);
    expect(scene.security()).toEqual([0n, 0n, 0n, 0n, 0n]);
    expect(scene.register(lender, 1n)).toBe('Insecure(1,0)');
    for (const round of [1n, 2n]) {
      scene.chain.mustSend(stranger, oracle, 'settle', [scene.feed, round, 64]);
    }
    const next = scene.chain.read<bigint>(oracle, 'currentRound', [scene.feed]) + 1n;
    scene.agree(next);
    // three of five lost half of their stake: 10 + 10 + 10 + 20 + 20 are left, half of it bonds
    expect(scene.security().slice(0, 2)).toEqual([70n, 35n * weightUnit]);
  });

  it('is nothing for feeds that no stake stands behind', () => {
    const scene = new GuardScene([20n, 20n, 20n]);
    const unknown = keccak256('0x01');
    expect(() => scene.security(unknown)).toThrow('UnknownFeed()');
    expect(scene.register(lender, 1n, 1, unknown)).toBe('UnknownFeed()');
  });
});

describe('exposure', () => {
  const names = ['BTC/USD', 'ETH/USD'];

  function secured(): { scene: GuardScene; limit: bigint } {
    const scene = new GuardScene([40n, 30n, 30n], { bondBps: 1_000 }, names);
    scene.agree();
    return { scene, limit: scene.security()[3] as bigint };
  }

  it('fills the room to the acorn and no further', () => {
    const { scene, limit } = secured();
    expect(scene.register(lender, limit + 1n)).toBe(`Insecure(${limit + 1n},${limit})`);
    expect(scene.register(lender, limit - 5n)).toBe(undefined);
    expect(scene.register(market, 6n)).toBe(`Insecure(${limit + 1n},${limit})`);
    expect(scene.register(market, 5n)).toBe(undefined);
    expect(scene.security()[4]).toBe(limit);
    expect(scene.isSecure()).toBe(true);
    scene.chain.mine();
  });

  it('adds up over all feeds that share the stake', () => {
    const { scene, limit } = secured();
    const other = keccak256(toHex('ETH/USD'));
    expect(scene.register(lender, limit)).toBe(undefined);
    // the other feed has no value yet, but what rests on it would rest on the same stake
    expect(scene.register(market, 1n, 1, other)).toBe(`Insecure(${limit + 1n},0)`);
    expect(scene.security(other)[4]).toBe(limit);
  });

  it('is replaced by the same consumer, withdrawn by nobody else', () => {
    const { scene, limit } = secured();
    const { chain } = scene;
    for (const amount of [limit, limit - 3n, 7n]) {
      expect(scene.register(lender, amount)).toBe(undefined);
      expect(scene.security()[4]).toBe(amount);
    }
    const foreign = chain.send(market, guard, 'withdraw', [scene.feed]);
    expect(foreign.error).toBe('NothingRegistered()');
    chain.mustSend(lender, guard, 'withdraw', [scene.feed]);
    expect(scene.security()[4]).toBe(0n);
    expect(chain.read(guard, 'exposureOf', [lender, scene.feed])).toEqual([0n, 0n]);
  });

  it('ends by itself', () => {
    const { scene } = secured();
    const { chain, feed } = scene;
    expect(scene.register(lender, 5n, 1)).toBe(undefined);
    expect(scene.register(market, 7n, 2)).toBe(undefined);
    expect(chain.read(guard, 'exposureOf', [lender, feed])).toEqual([5n, BigInt(epoch)]);
    chain.mineTo(epoch - 1);
    expect(scene.security()[4]).toBe(12n);
    chain.mine();
    expect(scene.security()[4]).toBe(7n);
    expect(chain.read(guard, 'exposureOf', [lender, feed])).toEqual([0n, 0n]);
    chain.mineTo(2 * epoch);
    expect(scene.security()[4]).toBe(0n);
  });

  it('gates no read: a feed whose stake fell answers as before', () => {
    const { scene, limit } = secured();
    const { chain, feed } = scene;
    expect(scene.register(lender, limit, 84)).toBe(undefined);
    const weaker = [100n, 100n, 100n];
    scene.reporters.slice(0, 1).forEach(({ address }) => {
      chain.mustSend(address, targetOf('StakeRegistry'), 'requestExit', [20n * weightUnit]);
    });
    scene.report(2n, weaker);
    scene.finalize(2n);
    expect(scene.security()[3]).toBeLessThan(limit);
    expect(scene.isSecure()).toBe(false);
    expect(scene.latest().slice(0, 2)).toEqual([2n, 100n]);
    const strict = chain.read<readonly bigint[]>(
      targetOf('CommitRevealOracle'),
      'getPriceNoOlderThan',
      [feed, 100_000n],
    );
    expect(strict[0]).toBe(100n);
    expect(scene.register(market, 1n)).toContain('Insecure(');
    chain.mustSend(lender, guard, 'withdraw', [feed]);
    expect(scene.isSecure()).toBe(true);
  });

  it('costs a premium, which is the fund’s', () => {
    const { scene } = secured();
    const { chain, feed } = scene;
    const before = chain.balance(fund.address);
    const amount = 1_000_001n;
    const premium = chain.read<bigint>(guard, 'premiumOf', [amount, 3]);
    expect(premium).toBe(31n); // 30.00003 rounded up
    const send = (value: bigint) =>
      chain.send(lender, guard, 'register', [feed, amount, 3], value).error;
    expect(send(30n)).toBe('WrongValue(30,31)');
    expect(send(32n)).toBe('WrongValue(32,31)');
    expect(scene.register(lender, amount, 3)).toBe(undefined);
    expect(chain.balance(fund.address) - before).toBe(31n);
    expect(scene.register(lender, 0n)).toBe('ZeroAmount()');
    expect(scene.register(lender, 1n, 0)).toBe('BadPeriod(84)');
    expect(scene.register(lender, 1n, 85)).toBe('BadPeriod(84)');
    expect(scene.register(lender, 2n ** 96n)).toBe('TooLarge()');
  });

  it('agrees with a list, whatever is registered, withdrawn and waited for', () => {
    const { scene, limit } = secured();
    const { chain, feed } = scene;
    const entries = new Map<Hex, { readonly amount: bigint; readonly end: number }>();
    const live = () =>
      [...entries.values()].reduce(
        (sum, { amount, end }) => sum + (end >= Math.floor(chain.height / epoch) ? amount : 0n),
        0n,
      );
    const step = fc.record({
      who: fc.constantFrom(lender, market, stranger),
      amount: fc.bigInt({ min: 1n, max: limit / 2n }),
      epochs: fc.integer({ min: 1, max: 5 }),
      wait: fc.constantFrom(0, 0, 100, 500, 2_000),
      leave: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
        for (const { who, amount, epochs, wait, leave } of steps) {
          chain.height += wait; // the clock stands still: the feed stays fresh
          const now = Math.floor(chain.height / epoch);
          if (leave) {
            const { error } = chain.send(who, guard, 'withdraw', [feed]);
            if (error === undefined) entries.delete(who);
          } else if (scene.register(who, amount, epochs) === undefined) {
            entries.set(who, { amount, end: now + epochs - 1 });
          }
          expect(scene.security()[4]).toBe(live());
          expect(live()).toBeLessThanOrEqual(limit);
        }
      }),
      { numRuns: 15 },
    );
  });

  it('costs bounded gas, also after the longest pause', () => {
    const { scene } = secured();
    const { chain, feed } = scene;
    const amount = 1_000n;
    const register = () =>
      chain.mustSend(lender, guard, 'register', [feed, amount, 84], premiumOf(amount, 84)).gasUsed;
    const used = new Map([['register', register()]]);
    chain.height += 84 * epoch;
    used.set('register, after the longest pause', register());
    const spend = (name: string, args: readonly unknown[]) =>
      used.set(name, chain.mustSend(lender, guard, name, args).gasUsed);
    spend('withdraw', [feed]);
    spend('setBondFloor', [1n]);
    holdToBounds('CorruptionGuard', used);
  });
});

describe('floors of bonds', () => {
  it('are what each consumer says', () => {
    const { chain } = new GuardScene([20n, 20n, 20n]);
    expect(chain.read(guard, 'bondFloorOf', [market])).toBe(0n);
    const { events } = chain.mustSend(market, guard, 'setBondFloor', [77n]);
    expect(events).toHaveLength(1);
    expect(chain.read(guard, 'bondFloorOf', [market])).toBe(77n);
    expect(chain.read(guard, 'bondFloorOf', [lender])).toBe(0n);
  });
});
