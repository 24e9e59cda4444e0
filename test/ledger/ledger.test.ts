/** The ledger as its hosts use it: real signatures, refusals of bytes, reorganisations, limits. */

import { describe, expect, it } from 'vitest';
import { commitOperations } from '../../src/ledger/execute.ts';
import { buildGenesis } from '../../src/ledger/genesis-block.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { buildBlock } from '../../src/ledger/propose.ts';
import { fromHex, toHex } from '../../src/primitives/bytes.ts';
import { nobleCrypto as crypto } from '../../src/primitives/crypto.ts';
import { addressOfPrivateKey, signTransaction } from '../../src/primitives/keys.ts';
import { limits } from '../../src/primitives/limits.ts';
import { keys } from '../../src/primitives/store.ts';
import type { TransactionFields } from '../../src/primitives/transaction.ts';
import { account, chainId, oak, TestChain, testGenesis, transfersOnly } from './chain.ts';
import { MemoryStore } from './support.ts';

// The first two accounts of the mnemonic "test test ... junk".
const alice = fromHex('ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80');
const bob = fromHex('59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d');

const fields: TransactionFields = {
  type: 2,
  chainId,
  nonce: 0n,
  gasLimit: 21_000n,
  maxFeePerGas: 3_000_000_000n,
  maxPriorityFeePerGas: 1_000_000_000n,
  to: account(9),
  value: 1n,
  data: new Uint8Array(0),
  accessList: [],
};

const balances = new Map([alice, bob].map((key) => [addressOfPrivateKey(key), 100n * oak]));
const newChain = (): TestChain => new TestChain(testGenesis(balances));

describe('submitted bytes', () => {
  it('are taken with a real signature of every type, and mined', () => {
    const chain = newChain();
    for (const type of [0, 1, 2] as const) {
      const fee = type === 2 ? {} : { maxPriorityFeePerGas: fields.maxFeePerGas };
      const raw = signTransaction({ ...fields, ...fee, type, nonce: BigInt(type) }, alice, crypto);
      expect(chain.ledger.submit(raw)).toEqual({ ok: true, hash: crypto.keccak256(raw) });
    }
    expect(chain.ledger.waiting()).toBe(3);
    expect(chain.mine().block.transactions).toHaveLength(3);
    expect(chain.nonce(addressOfPrivateKey(alice))).toBe(3n);
    expect(chain.ledger.waiting()).toBe(0);
  });

  it('belong to whoever signed them', () => {
    const raw = signTransaction(fields, alice, crypto);
    const tampered = raw.slice();
    tampered[tampered.length - 1] = (tampered[tampered.length - 1] as number) ^ 1;
    expect(newChain().ledger.submit(tampered).ok).toBe(false);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(0), /empty/],
    ['no RLP', fromHex('f8'), /./],
    ['blobs', fromHex('03c0'), /type 3 \(blobs, EIP-4844\) is not supported/],
    ['set code', fromHex('04c0'), /type 4 \(set code, EIP-7702\) is not supported/],
  ])('are refused as malformed: %s', (_, raw, words) => {
    const result = newChain().ledger.submit(raw);
    expect(result).toMatchObject({ ok: false, code: 'malformed' });
    expect(result.ok ? '' : result.message).toMatch(words);
  });

  it('are copied out of the message that brought them', () => {
    const chain = newChain();
    const raw = signTransaction(fields, alice, crypto);
    const message = new Uint8Array(100_000);
    message.set(raw, 500);
    chain.ledger.submit(message.subarray(500, 500 + raw.length));
    const held = chain.ledger.pool.get(toHex(crypto.keccak256(raw)));
    expect(held?.raw).toEqual(raw);
    expect(held?.raw.buffer.byteLength).toBe(raw.length);
    expect(held?.data.buffer.byteLength).toBe(raw.length);
  });

  it('are refused by size before anything is decoded', () => {
    const raw = new Uint8Array(limits.transactionSizeBytesMax + 1);
    expect(newChain().ledger.submit(raw)).toMatchObject({ code: 'transaction-too-large' });
  });
});

describe('a ledger', () => {
  it('starts on a store with a head only', () => {
    const parts = { genesis: testGenesis(balances), vm: transfersOnly, crypto };
    expect(() => new Ledger({ ...parts, reader: new MemoryStore() })).toThrow(/genesis block/);
  });

  it('crashes when asked to build on what is not its state', () => {
    const chain = newChain();
    const { block, entry, parent } = chain.mine();
    expect(() => chain.ledger.execute(block, parent, entry)).toThrow(/state is not that of block/);
    const options = { time: 1, bits: 1, beneficiary: account(1), extraData: new Uint8Array(32) };
    expect(() => chain.ledger.propose(parent, { ...options, empty: true })).toThrow(/state is not/);
  });

  it('takes transactions back into the pool when a heavier branch leaves them out', () => {
    const chain = newChain();
    const raws = [alice, bob].map((key) => signTransaction(fields, key, crypto));
    for (const raw of raws) chain.ledger.submit(raw);
    chain.mine();
    const reverted = chain.undo();
    const rival = chain.propose({ empty: true });
    chain.apply(rival);
    expect(chain.ledger.waiting()).toBe(0);
    chain.ledger.headChanged({ applied: [], reverted });
    expect(chain.ledger.waiting()).toBe(2);
    expect(chain.mine().block.transactions.map(toHex).sort()).toEqual(raws.map(toHex).sort());
  });

  it('does not execute again what it has checked', () => {
    const author = newChain();
    author.ledger.submit(signTransaction(fields, alice, crypto));
    const block = author.propose();
    const follower = newChain();
    expect(follower.execute(block).ok).toBe(true);
    const before = follower.signer.recovered;
    follower.apply(block);
    expect(follower.signer.recovered).toBe(before);
    expect(follower.balance(account(9))).toBe(1n);
  });

  it('forgets the oldest undo data', () => {
    const genesis = testGenesis(balances);
    const { entry, operations } = buildGenesis(genesis, new Map(), transfersOnly, crypto);
    const store = new MemoryStore();
    store.apply(operations);
    const parts = { genesis, reader: store, vm: transfersOnly, crypto };
    const options = {
      time: entry.header.time + 15,
      bits: genesis.bits,
      beneficiary: account(1),
      extraData: new Uint8Array(32),
    };
    const candidates = () => ({ next: () => undefined, skip: () => {} });
    const { execution } = buildBlock(parts, entry, options, candidates);
    const old = 'ab'.repeat(32);
    store.apply([{ key: keys.canonical(3), value: fromHex(old) }]);
    const undoOf = (height: number) =>
      commitOperations(store, execution, { ...entry, height })
        .filter(({ key, value }) => key[0] === keys.undo(old)[0] && value === undefined)
        .map(({ key }) => toHex(key));
    expect(undoOf(limits.undoBlocks + 3)).toEqual([toHex(keys.undo(old))]);
    expect(undoOf(limits.undoBlocks + 2)).toEqual([]);
    expect(undoOf(1)).toEqual([]);
  });
});
