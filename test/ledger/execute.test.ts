/** Blocks of transfers: money is conserved, every wrong record is refused, undo restores all bytes. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accountPath, decodeAccount } from '../../src/ledger/account.ts';
import { decodeReceipts } from '../../src/ledger/receipts.ts';
import { proveState, stateRoot } from '../../src/ledger/state-tree.ts';
import { stateAt, UndoMissing } from '../../src/ledger/undo.ts';
import type { Block } from '../../src/primitives/block.ts';
import { fromHex, toHex } from '../../src/primitives/bytes.ts';
import { nobleCrypto as crypto } from '../../src/primitives/crypto.ts';
import { merkleRoot } from '../../src/primitives/merkle.ts';
import { type CoinbaseRecord, recordCommitment } from '../../src/primitives/record.ts';
import { verifyStateProof } from '../../src/primitives/state-proof.ts';
import { keys } from '../../src/primitives/store.ts';
import { account, type Fields, miner, oak, oracleFund, TestChain, testGenesis } from './chain.ts';

const rich = Array.from({ length: 6 }, (_, index) => account(index));
const balances = new Map(rich.map((address) => [address, 100n * oak]));

function newChain(): TestChain {
  return new TestChain(testGenesis(balances));
}

/** Sum over every account in the store. */
function totalBalance(chain: TestChain): bigint {
  let total = 0n;
  for (const [key, value] of chain.store.entries) {
    if (key.startsWith('73')) total += decodeAccount(value).balance;
  }
  return total;
}

function submit(chain: TestChain, fields: Fields): void {
  const result = chain.ledger.submit(chain.signer.sign(fields).raw);
  if (!result.ok) throw new Error(result.message);
}

/** `block` with another record, header adjusted. */
function withRecord(block: Block, change: Partial<CoinbaseRecord>): Block {
  const record = { ...block.record, ...change };
  const header = { ...block.header, commitment: recordCommitment(record, crypto) };
  return { ...block, record, header };
}

interface Step {
  readonly from: number;
  readonly to: number;
  readonly value: bigint;
  readonly tip: bigint;
  readonly endsBlock: boolean;
}

/** A random life: who sends how much to whom, and after how many transfers a block comes. */
const transfers: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    from: fc.integer({ min: 0, max: 5 }),
    to: fc.integer({ min: 0, max: 12 }),
    value: fc.bigInt({ min: 0n, max: 30n * oak }),
    tip: fc.bigInt({ min: 0n, max: 3_000_000_000n }),
    endsBlock: fc.boolean(),
  }),
  { maxLength: 40 },
);

function live(chain: TestChain, life: readonly Step[]): void {
  for (const { from, to, value, tip, endsBlock } of life) {
    const sender = account(from);
    const transaction = chain.signer.sign({
      from: sender,
      nonce: chain.ledger.pool.pendingNonce(sender),
      to: account(to),
      value,
      maxPriorityFeePerGas: tip,
    });
    chain.ledger.submit(transaction.raw);
    if (endsBlock) chain.mine({ beneficiary: account(to) });
  }
}

describe('blocks of transfers', () => {
  it('move value, pay the tip, burn the base fee and pay the subsidy, to the acorn', () => {
    const chain = newChain();
    const [from, to] = [account(0), account(50)];
    submit(chain, { from, to, nonce: 0n, value: 5n * oak });
    const { block, entry } = chain.mine();
    const baseFee = 875_000_000n;
    const tip = 1_000_000_000n;
    expect(block.record.baseFeePerGas).toBe(baseFee);
    expect(block.record.gasUsed).toBe(21_000);
    expect(chain.balance(to)).toBe(5n * oak);
    expect(chain.balance(from)).toBe(95n * oak - 21_000n * (baseFee + tip));
    expect(chain.nonce(from)).toBe(1n);
    expect(chain.balance(miner)).toBe((8n * oak * 9n) / 10n + 21_000n * tip);
    expect(chain.balance(oracleFund)).toBe((8n * oak) / 10n);
    const receipts = decodeReceipts(chain.store.get(keys.receipts(entry.id)) as Uint8Array);
    expect(receipts.map(({ receipt }) => [receipt.status, receipt.cumulativeGasUsed])).toEqual([
      [1, 21_000],
    ]);
  });

  it('conserve money: allocations plus issue minus burned base fees', () => {
    fc.assert(
      fc.property(transfers, (life) => {
        const chain = newChain();
        live(chain, life);
        let expected = 600n * oak;
        for (const { block } of chain.blocks) {
          expected += 8n * oak - BigInt(block.record.gasUsed) * block.record.baseFeePerGas;
        }
        expect(totalBalance(chain)).toBe(expected);
        const last = chain.blocks.at(-1)?.block.record.stateRoot;
        if (last !== undefined) expect(toHex(stateRoot(chain.store, crypto))).toBe(toHex(last));
      }),
      { numRuns: 60 },
    );
  });

  it('execute the same on a node that sees them for the first time', () => {
    fc.assert(
      fc.property(transfers, (life) => {
        const [author, follower] = [newChain(), newChain()];
        live(author, life);
        for (const { block } of author.blocks) {
          for (const raw of block.transactions) {
            const known = author.signer.recover(raw);
            if (known !== undefined) follower.signer.sign({ ...known, from: known.sender });
          }
          follower.apply(block);
        }
        expect(follower.store.dump()).toEqual(author.store.dump());
      }),
      { numRuns: 30 },
    );
  });

  it('are not executed twice when this node proposed them, whatever the miner rolled', () => {
    const chain = newChain();
    submit(chain, { from: account(0), nonce: 0n });
    const template = chain.propose();
    /** The list is made anew by each execution, and handed on by a remembered one. */
    const executed = (block: Block) => {
      const result = chain.execute(block);
      return result.ok ? result.transactions : undefined;
    };
    const first = executed(template);
    expect(first).toHaveLength(1);
    const mined = withRecord(template, { extranonce: new Uint8Array(16).fill(7) });
    expect(executed({ ...mined, header: { ...mined.header, nonce: 42 } })).toBe(first);
    const later = { ...mined, header: { ...mined.header, time: mined.header.time + 1 } };
    expect(executed(later)).not.toBe(first);
    expect(executed(later)).toHaveLength(1);
  });

  it('without transactions still pay the subsidy', () => {
    const chain = newChain();
    submit(chain, { from: account(0), nonce: 0n });
    const { block } = chain.mine({ empty: true });
    expect(block.transactions).toEqual([]);
    expect(toHex(block.record.receiptsRoot)).toBe(toHex(crypto.sha256(new Uint8Array(0))));
    expect(chain.balance(miner)).toBe((8n * oak * 9n) / 10n);
    expect(chain.ledger.waiting()).toBe(1);
  });
});

describe('a wrong record', () => {
  const wrong: [string, Partial<CoinbaseRecord>][] = [
    ['wrong-height', { height: 2 }],
    ['wrong-gas-limit', { gasLimit: 30_000_001 }],
    ['wrong-base-fee', { baseFeePerGas: 875_000_001n }],
    ['wrong-gas-used', { gasUsed: 21_001 }],
    ['wrong-receipts-root', { receiptsRoot: new Uint8Array(32) }],
    ['wrong-state-root', { stateRoot: new Uint8Array(32) }],
    ['wrong-state-root', { beneficiary: account(3) }],
  ];
  it.each(wrong)('is refused: %s', (code, change) => {
    const chain = newChain();
    submit(chain, { from: account(0), nonce: 0n });
    const dump = chain.store.dump();
    expect(chain.execute(withRecord(chain.propose(), change))).toMatchObject({ ok: false, code });
    expect(chain.store.dump()).toEqual(dump);
  });

  it.each<[string, Partial<Fields>]>([
    ['nonce too low', { from: account(1), nonce: 0n }],
    ['nonce too high', { nonce: 2n }],
    ['insufficient funds for gas * price + value', { value: 100n * oak }],
    ['max fee per gas less than block base fee', { maxFeePerGas: 1n, maxPriorityFeePerGas: 1n }],
    ['intrinsic gas too low', { gasLimit: 20_999n }],
    ['exceeds block gas limit', { gasLimit: 30_000_001n }],
    ['gas limit reached', { gasLimit: 29_999_999n }],
    ['invalid chain id', { chainId: 1n }],
    ['max priority fee per gas higher than max fee', { maxPriorityFeePerGas: 10n ** 10n }],
    ['nonce has max value', { nonce: 2n ** 64n - 1n }],
  ])('with a transaction that breaks a rule is refused: %s', (words, fields) => {
    const chain = newChain();
    submit(chain, { from: account(1), nonce: 0n });
    const good = chain.propose();
    const bad = chain.signer.sign({ from: account(0), nonce: 0n, ...fields });
    const transactions = [...good.transactions, bad.raw];
    const result = chain.execute(
      withRecord({ ...good, transactions }, { transactionsRoot: merkleRoot(transactions, crypto) }),
    );
    expect(result).toMatchObject({ ok: false, code: 'invalid-transaction' });
    expect(result.ok ? '' : result.detail).toContain(words);
  });

  it('with bytes that are no transaction is refused', () => {
    const chain = newChain();
    const transactions = [fromHex('c0')];
    const block = withRecord(
      { ...chain.propose(), transactions },
      { transactionsRoot: merkleRoot(transactions, crypto) },
    );
    expect(chain.execute(block)).toMatchObject({ ok: false, code: 'invalid-transaction' });
  });
});

describe('undo', () => {
  it('restores every byte of state, tree, index and receipts, to any depth, and again', () => {
    fc.assert(
      fc.property(transfers, transfers, fc.nat(), (life, other, choice) => {
        const chain = newChain();
        const dumps = [chain.dumpState()];
        for (const step of life) {
          live(chain, [{ ...step, endsBlock: true }]);
          dumps.push(chain.dumpState());
        }
        const depth = choice % (chain.blocks.length + 1);
        const undone = chain.blocks.slice(chain.blocks.length - depth);
        for (let count = depth; count > 0; count--) {
          chain.undo();
          expect(chain.dumpState()).toEqual(dumps[chain.blocks.length]);
        }
        const fork = chain.blocks.length;
        live(chain, other);
        while (chain.blocks.length > fork) chain.undo();
        for (const { block } of undone) chain.apply(block);
        expect(chain.dumpState()).toEqual(dumps.at(-1));
      }),
      { numRuns: 40 },
    );
  });

  it('stops where undo data ends', () => {
    const chain = newChain();
    const { entry } = chain.mine();
    chain.store.apply([{ key: keys.undo(entry.id), value: undefined }]);
    expect(() => chain.undo()).toThrow(UndoMissing);
  });

  it('refuses undo data that does not lead to the parent', () => {
    const chain = newChain();
    const { entry } = chain.mine();
    const undo = chain.store.get(keys.undo(entry.id)) as Uint8Array;
    chain.store.apply([{ key: keys.undo(entry.id), value: undo.slice(0, 2) }]);
    expect(() => chain.undo()).toThrow(/not its parent's/);
  });

  it('shows the state of earlier blocks with proofs against their roots', () => {
    fc.assert(
      fc.property(transfers, (life) => {
        const chain = newChain();
        const accounts = [...rich, account(8), account(12), miner, oracleFund];
        const paths = accounts.map((address) => accountPath(address, crypto));
        const seen: (Uint8Array | undefined)[][] = [];
        const look = () => seen.push(paths.map((path) => chain.store.get(keys.state(path))));
        look();
        for (const step of life) {
          live(chain, [{ ...step, endsBlock: true }]);
          look();
        }
        chain.blocks.forEach(({ block, entry }) => {
          const state = stateAt(chain.store, chain.head.id, entry.height, crypto);
          if (state === undefined) throw new Error(`no state at ${entry.height}`);
          paths.forEach((path, index) => {
            const value = state.get(keys.state(path));
            expect(value).toEqual(seen[entry.height]?.[index]);
            const proof = proveState(state, path, crypto);
            const claim = { root: block.record.stateRoot, path, value, proof };
            expect(verifyStateProof(claim, crypto)).toBe(true);
          });
        });
        expect(stateAt(chain.store, chain.head.id, chain.head.height + 1, crypto)).toBe(undefined);
      }),
      { numRuns: 15 },
    );
  });

  it('shows at most 128 blocks of the past', () => {
    const chain = new TestChain(testGenesis(new Map()));
    while (chain.head.height < 129) chain.mine();
    expect(stateAt(chain.store, chain.head.id, 0, crypto)).toBe(undefined);
    const oldest = stateAt(chain.store, chain.head.id, 1, crypto);
    expect(oldest && stateRoot(oldest, crypto)).toEqual(chain.blocks[0]?.block.record.stateRoot);
  });
});
