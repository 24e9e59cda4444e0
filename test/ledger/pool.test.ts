/** The pool: what it takes, in which words it refuses, in which order it offers. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Account, emptyCodeHash } from '../../src/ledger/account.ts';
import { effectiveTip } from '../../src/ledger/fees.ts';
import { type PoolBounds, type PoolHead, TransactionPool } from '../../src/ledger/pool.ts';
import { toHex } from '../../src/primitives/bytes.ts';
import { nobleCrypto as crypto } from '../../src/primitives/crypto.ts';
import { limits } from '../../src/primitives/limits.ts';
import type { SignedTransaction } from '../../src/primitives/transaction.ts';
import { shortId } from '../../src/primitives/wire.ts';
import { account, chainId, type Fields, oak, TrustingSigner } from './chain.ts';

const gwei = 10n ** 9n;
const head: PoolHead = { height: 10, baseFee: gwei };

/** A pool over accounts that the test changes at will. */
class Bench {
  readonly signer = new TrustingSigner();
  readonly accounts = new Map<string, Account>();
  readonly pool: TransactionPool;

  constructor(bounds: Partial<PoolBounds> = {}) {
    this.pool = new TransactionPool(
      {
        chainId: Number(chainId),
        gasLimit: 30_000_000,
        crypto,
        account: (address) =>
          this.accounts.get(toHex(address)) ?? {
            nonce: 0n,
            balance: 100n * oak,
            codeHash: emptyCodeHash,
          },
      },
      head,
      { ...limits, ...bounds },
    );
  }

  set(index: number, change: Partial<Account>): void {
    const known = { nonce: 0n, balance: 100n * oak, codeHash: emptyCodeHash };
    this.accounts.set(toHex(account(index)), { ...known, ...change });
  }

  add(index: number, nonce: number, fields: Partial<Fields> = {}): SignedTransaction {
    const transaction = this.make(index, nonce, fields);
    const result = this.pool.add(transaction);
    if (!result.ok) throw new Error(`${result.code}: ${result.message}`);
    return transaction;
  }

  /** The words of the refusal, or '' when it was taken. */
  refusal(index: number, nonce: number, fields: Partial<Fields> = {}): string {
    const result = this.pool.add(this.make(index, nonce, fields));
    return result.ok ? '' : result.message;
  }

  make(index: number, nonce: number, fields: Partial<Fields> = {}): SignedTransaction {
    return this.signer.sign({ from: account(index), nonce: BigInt(nonce), ...fields });
  }

  /** Everything that a proposer would take, in order. */
  offered(): SignedTransaction[] {
    const candidates = this.pool.candidates();
    const taken: SignedTransaction[] = [];
    for (let next = candidates.next(); next !== undefined; next = candidates.next()) {
      taken.push(next);
    }
    return taken;
  }
}

const names = (transactions: readonly SignedTransaction[]): string[] =>
  transactions.map(({ sender, nonce }) => `${sender[19]}:${nonce}`);
const fees = (maxFee: bigint, tip: bigint): Partial<Fields> => ({
  maxFeePerGas: maxFee * gwei,
  maxPriorityFeePerGas: tip * gwei,
});

describe('the pool refuses', () => {
  it('what it has: already known', () => {
    const bench = new Bench();
    const transaction = bench.add(1, 0);
    expect(bench.pool.add(transaction)).toMatchObject({ ok: false, code: 'already-known' });
    expect(bench.refusal(1, 0)).toMatch(/^already known/);
  });

  it('a nonce that is used up: nonce too low', () => {
    const bench = new Bench();
    bench.set(1, { nonce: 5n });
    expect(bench.refusal(1, 4)).toBe('nonce too low: next nonce 5, tx nonce 4');
    expect(bench.refusal(1, 5)).toBe('');
  });

  it('a nonce too far ahead', () => {
    const bench = new Bench();
    expect(bench.refusal(1, limits.poolNonceGapMax + 1)).toMatch(/^nonce too high/);
    expect(bench.refusal(1, limits.poolNonceGapMax)).toBe('');
  });

  it('a replacement that does not raise both fees by a tenth', () => {
    const bench = new Bench();
    bench.add(1, 0, fees(10n, 2n));
    const words = /^replacement transaction underpriced/;
    expect(bench.refusal(1, 0, { ...fees(11n, 2n), value: 2n })).toMatch(words);
    expect(bench.refusal(1, 0, { ...fees(10n, 3n), value: 2n })).toMatch(words);
    const almost = { maxFeePerGas: 11n * gwei - 1n, maxPriorityFeePerGas: 3n * gwei };
    expect(bench.refusal(1, 0, almost)).toMatch(words);
    const exact = { maxFeePerGas: 11n * gwei, maxPriorityFeePerGas: (22n * gwei) / 10n };
    expect(bench.refusal(1, 0, exact)).toBe('');
    expect(bench.pool.counts()).toEqual({ pending: 1, queued: 0 });
  });

  it('a sender without the money, counting all that waits', () => {
    const bench = new Bench();
    const cost = 21_000n * 3n * gwei + 1n;
    bench.set(1, { balance: 2n * cost });
    const words = /^insufficient funds for gas \* price \+ value: have \d+ want \d+$/;
    expect(bench.refusal(1, 0, { value: 2n * cost })).toMatch(words);
    bench.add(1, 0);
    bench.add(1, 1);
    expect(bench.refusal(1, 2)).toMatch(words);
  });

  it.each<[RegExp, Partial<Fields>]>([
    [/^intrinsic gas too low: have 20999, want 21000$/, { gasLimit: 20_999n }],
    [/^exceeds block gas limit/, { gasLimit: 30_000_001n }],
    [/^invalid chain id for signer: have 1 want 31337$/, { chainId: 1n }],
    [/^max priority fee per gas higher than max fee per gas/, fees(1n, 2n)],
    [/^only replay-protected \(EIP-155\)/, { type: 0, chainId: undefined }],
    [/^oversized data/, { data: new Uint8Array(limits.transactionSizeBytesMax) }],
  ])('%s', (words, fields) => {
    expect(new Bench().refusal(1, 0, fields)).toMatch(words);
  });

  it('a sender with code (EIP-3607)', () => {
    const bench = new Bench();
    bench.set(1, { codeHash: new Uint8Array(32) });
    expect(bench.refusal(1, 0)).toMatch(/^sender not an eoa/);
  });

  it('more of one sender than its share', () => {
    const bench = new Bench({ poolPerSenderMax: 3 });
    for (const nonce of [0, 1, 2]) bench.add(1, nonce);
    expect(bench.refusal(1, 3)).toMatch(/^txpool is full/);
    expect(bench.refusal(1, 1, fees(30n, 10n))).toBe('');
  });

  it('what pays less than all others when it is full', () => {
    const bench = new Bench({ poolTransactionsMax: 3 });
    for (const index of [1, 2, 3]) bench.add(index, 0, fees(10n, BigInt(index + 1)));
    expect(bench.refusal(4, 0, fees(10n, 1n))).toMatch(/^transaction underpriced/);
    expect(bench.refusal(5, 0, fees(10n, 1n))).toMatch(/^transaction underpriced/);
    expect(bench.refusal(6, 0, fees(10n, 9n))).toBe('');
    expect(bench.refusal(7, 0, fees(10n, 9n))).toBe('');
    expect(names(bench.offered())).not.toContain('1:0');
  });

  it('a gap in the nonces when it is full: txpool is full', () => {
    const bench = new Bench({ poolTransactionsMax: 3 });
    for (const index of [1, 2, 3]) bench.add(index, 0);
    expect(bench.refusal(4, 1, fees(100n, 90n))).toMatch(/^txpool is full/);
    expect(names(bench.offered())).toEqual(['1:0', '2:0', '3:0']);
  });
});

describe('the pool offers', () => {
  it('the best tip first, nonces in order, arrival between equals', () => {
    const bench = new Bench();
    bench.add(1, 0, fees(10n, 1n));
    bench.add(1, 1, fees(10n, 9n));
    bench.add(2, 0, fees(10n, 5n));
    bench.add(3, 0, fees(10n, 5n));
    expect(names(bench.offered())).toEqual(['2:0', '3:0', '1:0', '1:1']);
  });

  it('nothing behind a gap, a missing fee, or a skipped transaction', () => {
    const bench = new Bench();
    bench.add(1, 0);
    bench.add(1, 2);
    bench.add(2, 0, { maxFeePerGas: gwei - 1n, maxPriorityFeePerGas: 0n });
    bench.add(2, 1);
    bench.add(3, 0);
    bench.add(3, 1);
    expect(names(bench.offered())).toEqual(['1:0', '3:0', '3:1']);
    expect(bench.pool.waiting).toBe(3);
    expect(bench.pool.counts()).toEqual({ pending: 5, queued: 1 });
    expect(bench.pool.pendingNonce(account(1))).toBe(1n);
    const candidates = bench.pool.candidates();
    expect(names([candidates.next() as SignedTransaction])).toEqual(['1:0']);
    expect(names([candidates.next() as SignedTransaction])).toEqual(['3:0']);
    candidates.skip();
    expect(candidates.next()).toBe(undefined);
  });

  it('what came first of the next ones of all senders, one after the other', () => {
    const bench = new Bench();
    bench.add(1, 1);
    const second = bench.add(2, 0, { maxPriorityFeePerGas: 1n });
    const third = bench.add(3, 0);
    bench.add(4, 0, { maxFeePerGas: 1n, maxPriorityFeePerGas: 1n });
    bench.add(2, 1);
    const oldest = bench.pool.oldest(-1);
    expect(oldest?.transaction).toEqual(second);
    const next = bench.pool.oldest(oldest?.sequence ?? -1);
    expect(next?.transaction).toEqual(third);
    expect(bench.pool.oldest(next?.sequence ?? -1)).toBeUndefined();
  });

  it('the whole of random pools in the order of the definition', () => {
    const entry = fc.record({
      sender: fc.integer({ min: 1, max: 5 }),
      nonce: fc.integer({ min: 0, max: 5 }),
      tip: fc.bigInt({ min: 0n, max: 4n }),
      maxFee: fc.bigInt({ min: 0n, max: 6n }),
    });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 40 }), (entries) => {
        const bench = new Bench();
        const arrival = new Map<SignedTransaction, number>();
        const kept = new Map<string, SignedTransaction>();
        entries.forEach(({ sender, nonce, tip, maxFee }, index) => {
          const transaction = bench.make(sender, nonce, fees(maxFee, tip));
          if (!bench.pool.add(transaction).ok) return;
          kept.set(`${sender}:${nonce}`, transaction);
          arrival.set(transaction, index);
        });
        const expected: SignedTransaction[] = [];
        const nonces = new Map<number, number>();
        for (;;) {
          const next = [1, 2, 3, 4, 5]
            .map((sender) => kept.get(`${sender}:${nonces.get(sender) ?? 0}`))
            .filter((each) => each !== undefined)
            .filter((each) => each.maxFeePerGas >= head.baseFee)
            .sort((left, right) => {
              const tips = effectiveTip(right, head.baseFee) - effectiveTip(left, head.baseFee);
              if (tips !== 0n) return tips < 0n ? -1 : 1;
              return (arrival.get(left) as number) - (arrival.get(right) as number);
            })[0];
          if (next === undefined) break;
          expected.push(next);
          nonces.set(next.sender[19] as number, Number(next.nonce) + 1);
        }
        expect(names(bench.offered())).toEqual(names(expected));
        expect(bench.pool.waiting).toBe(expected.length);
        const { pending, queued } = bench.pool.content();
        expect(bench.pool.counts()).toEqual({ pending: pending.length, queued: queued.length });
        expect(pending.length + queued.length).toBe(kept.size);
      }),
    );
  });
});

describe('when the head moves', () => {
  it('the included leave and the reverted return', () => {
    const bench = new Bench();
    const [first, second] = [bench.add(1, 0), bench.add(1, 1)];
    bench.set(1, { nonce: 1n });
    bench.pool.headChanged({ applied: [first], reverted: [] }, head);
    expect(names(bench.offered())).toEqual(['1:1']);
    bench.set(1, { nonce: 0n });
    bench.pool.headChanged({ applied: [], reverted: [first] }, head);
    expect(bench.offered()).toEqual([first, second]);
  });

  it('a long reverted chain returns whole, newest block first', () => {
    const bench = new Bench();
    const chain = Array.from({ length: 200 }, (_, nonce) => bench.make(1, nonce));
    bench.pool.headChanged({ applied: [], reverted: [...chain].reverse() }, head);
    expect(bench.pool.waiting).toBe(200);
  });

  it('what another branch has included does not return', () => {
    const bench = new Bench();
    const first = bench.add(1, 0);
    bench.set(1, { nonce: 1n });
    bench.pool.headChanged({ applied: [first], reverted: [first] }, head);
    expect(bench.pool.counts()).toEqual({ pending: 0, queued: 0 });
  });

  it('the same nonce mined by another transaction drops the one here', () => {
    const bench = new Bench();
    bench.add(1, 0);
    const other = bench.make(1, 0, { value: 77n });
    bench.set(1, { nonce: 1n });
    bench.pool.headChanged({ applied: [other], reverted: [] }, head);
    expect(bench.pool.counts()).toEqual({ pending: 0, queued: 0 });
  });

  it('a higher base fee makes some wait, a lower one calls them back', () => {
    const bench = new Bench();
    bench.add(1, 0, fees(5n, 1n));
    bench.add(2, 0, fees(50n, 1n));
    bench.pool.headChanged({ applied: [], reverted: [] }, { height: 11, baseFee: 6n * gwei });
    expect([bench.pool.waiting, bench.pool.counts().pending]).toEqual([1, 2]);
    bench.pool.headChanged({ applied: [], reverted: [] }, head);
    expect(bench.pool.waiting).toBe(2);
  });

  it('what waits behind a gap for three hours of blocks is dropped', () => {
    const bench = new Bench();
    bench.add(1, 0);
    bench.add(2, 1);
    const later = { height: head.height + limits.poolQueuedBlocksMax, baseFee: gwei };
    bench.pool.headChanged({ applied: [], reverted: [] }, later);
    expect(bench.pool.counts()).toEqual({ pending: 1, queued: 1 });
    bench.pool.headChanged({ applied: [], reverted: [] }, { ...later, height: later.height + 1 });
    expect(bench.pool.counts()).toEqual({ pending: 1, queued: 0 });
  });
});

describe('the pool stays bounded', () => {
  it('in count and bytes, keeping what pays best', () => {
    const bench = new Bench({ poolTransactionsMax: 100 });
    const tips = Array.from({ length: 300 }, (_, index) => BigInt((index * 7919) % 300));
    tips.forEach((tip, index) => {
      bench.pool.add(bench.make(index, 0, fees(1_000n, tip)));
    });
    expect(bench.offered().length).toBeLessThanOrEqual(100);
    const cheapest = bench.offered().at(-1)?.maxPriorityFeePerGas ?? 0n;
    expect(cheapest >= 195n * gwei).toBe(true);
    const small = new Bench({ poolSizeBytesMax: 5_000 });
    for (let index = 0; index < 20; index++) {
      small.pool.add(small.make(index, 0, { data: new Uint8Array(900), gasLimit: 100_000n }));
    }
    const sizeBytes = small.offered().reduce((sum, { raw }) => sum + raw.length, 0);
    expect(sizeBytes).toBeLessThanOrEqual(5_000);
    expect(small.offered().length).toBeGreaterThanOrEqual(4);
  });

  it('and takes low tips again once it has emptied', () => {
    const bench = new Bench({ poolTransactionsMax: 10 });
    const all = Array.from({ length: 11 }, (_, index) =>
      bench.make(index, 0, fees(100n, BigInt(index + 5))),
    );
    for (const each of all) bench.pool.add(each);
    expect(bench.refusal(50, 0, fees(100n, 1n))).toMatch(/^transaction underpriced/);
    all.forEach((_, index) => {
      bench.set(index, { nonce: 1n });
    });
    bench.pool.headChanged({ applied: all, reverted: [] }, head);
    expect(bench.refusal(50, 0, fees(100n, 1n))).toBe('');
  });
});

describe('short ids', () => {
  it('find the raw transactions of an announced block, in its order', () => {
    const bench = new Bench();
    const known = [bench.add(1, 0), bench.add(2, 0), bench.add(3, 4)];
    const stranger = bench.make(9, 0);
    const id = 'ab'.repeat(32);
    const wanted = [known[2], stranger, known[0]] as SignedTransaction[];
    const found = bench.pool.byShortIds(
      id,
      wanted.map(({ hash }) => shortId(id, hash, crypto)),
    );
    expect(found).toEqual([known[2]?.raw, undefined, known[0]?.raw]);
  });
});
