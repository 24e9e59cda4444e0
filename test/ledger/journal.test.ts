/** The journal against a model that copies everything at each checkpoint. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accountPath, emptyCodeHash, encodeAccount, zeroWord } from '../../src/ledger/account.ts';
import { Journal } from '../../src/ledger/journal.ts';
import {
  bigintToBytes,
  concat,
  equalBytes,
  fromHex,
  toHex,
  utf8,
} from '../../src/primitives/bytes.ts';
import { nobleCrypto as crypto } from '../../src/primitives/crypto.ts';
import { slotPath } from '../../src/primitives/state-proof.ts';
import { keys } from '../../src/primitives/store.ts';
import { wordFromBytes, wordToBytes } from '../../src/primitives/words.ts';
import { account } from './chain.ts';
import { MemoryStore } from './support.ts';

interface Model {
  balances: Record<number, bigint>;
  nonces: Record<number, bigint>;
  codes: Record<number, number>;
  slots: Record<string, number>;
  transient: Record<string, number>;
  warm: string[];
  logs: number[];
}

const who = fc.integer({ min: 0, max: 3 });
const small = fc.integer({ min: 0, max: 2 });
const step = fc.oneof(
  fc.record({ kind: fc.constant('credit' as const), who, amount: small }),
  fc.record({ kind: fc.constant('transfer' as const), who, to: who }),
  fc.record({ kind: fc.constant('nonce' as const), who }),
  fc.record({ kind: fc.constant('code' as const), who, code: small }),
  fc.record({ kind: fc.constant('slot' as const), who, slot: small, value: small }),
  fc.record({ kind: fc.constant('transient' as const), who, slot: small, value: small }),
  fc.record({ kind: fc.constant('warm' as const), who, slot: small }),
  fc.record({ kind: fc.constant('log' as const), value: small }),
  fc.record({ kind: fc.constant('checkpoint' as const) }),
  fc.record({ kind: fc.constant('revert' as const) }),
  fc.record({ kind: fc.constant('begin' as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

const word = (value: number): Uint8Array => bigintToBytes(BigInt(value), 32);
const codeOf = (code: number): Uint8Array => utf8(`module ${code}`);

const slotOf = (journal: Journal, who: number, slot: number): number =>
  journal.slot(journal.account(account(who)), wordFromBytes(word(slot)));

/** A store with money, a contract with a slot, and nothing else. */
function initialStore(): MemoryStore {
  const store = new MemoryStore();
  const codeHash = crypto.keccak256(codeOf(0));
  const rich = encodeAccount({ nonce: 0n, balance: 50n, codeHash: emptyCodeHash });
  const contract = encodeAccount({ nonce: 1n, balance: 0n, codeHash });
  store.apply([
    { key: keys.state(accountPath(account(0), crypto)), value: rich },
    { key: keys.state(accountPath(account(1), crypto)), value: contract },
    { key: keys.state(slotPath(account(1), word(1), crypto)), value: word(1) },
    { key: keys.code(codeHash), value: codeOf(0) },
  ]);
  return store;
}

const initialModel = (): Model => ({
  balances: { 0: 50n },
  nonces: { 1: 1n },
  codes: { 1: 0 },
  slots: { '1 1': 1 },
  transient: {},
  warm: [],
  logs: [],
});

class Pair {
  readonly journal = new Journal(initialStore(), crypto);
  model = initialModel();
  atStart = initialModel();
  saved: { readonly checkpoint: number; readonly model: Model }[] = [];

  take(step: Step): void {
    const { journal, model } = this;
    switch (step.kind) {
      case 'credit':
        journal.credit(account(step.who), BigInt(step.amount));
        model.balances[step.who] = (model.balances[step.who] ?? 0n) + BigInt(step.amount);
        break;
      case 'transfer':
        if ((model.balances[step.who] ?? 0n) < 1n) break;
        journal.transfer(account(step.who), account(step.to), 1n);
        model.balances[step.who] = (model.balances[step.who] ?? 0n) - 1n;
        model.balances[step.to] = (model.balances[step.to] ?? 0n) + 1n;
        break;
      case 'nonce':
        model.nonces[step.who] = (model.nonces[step.who] ?? 0n) + 1n;
        journal.setNonce(account(step.who), model.nonces[step.who] as bigint);
        break;
      case 'code':
        journal.setCode(account(step.who), codeOf(step.code));
        model.codes[step.who] = step.code;
        break;
      case 'slot':
        journal.storeSlot(slotOf(journal, step.who, step.slot), wordFromBytes(word(step.value)));
        model.slots[`${step.who} ${step.slot}`] = step.value;
        break;
      case 'transient':
        journal.setTransientStorage(account(step.who), word(step.slot), word(step.value));
        model.transient[`${step.who} ${step.slot}`] = step.value;
        break;
      case 'warm': {
        const name = `${step.who} ${step.slot}`;
        const isCold = !model.warm.includes(name);
        expect(journal.warmSlot(slotOf(journal, step.who, step.slot))).toBe(isCold);
        if (isCold) model.warm.push(name);
        break;
      }
      case 'log':
        journal.log(account(0), 1, concat(word(step.value), word(step.value)));
        model.logs.push(step.value);
        break;
      case 'checkpoint':
        this.saved.push({ checkpoint: journal.checkpoint(), model: structuredClone(model) });
        break;
      case 'revert': {
        const saved = this.saved.pop();
        if (saved === undefined) break;
        journal.revertTo(saved.checkpoint);
        this.model = saved.model;
        break;
      }
      case 'begin':
        journal.beginTransaction();
        this.model = { ...model, transient: {}, warm: [], logs: [] };
        this.atStart = structuredClone(this.model);
        this.saved = [];
        break;
    }
  }

  compare(): void {
    const { journal, model } = this;
    for (let index = 0; index < 4; index++) {
      const address = account(index);
      const code = model.codes[index];
      const balance = model.balances[index] ?? 0n;
      const nonce = model.nonces[index] ?? 0n;
      const exists = balance > 0n || nonce > 0n || code !== undefined;
      expect(journal.balance(address)).toBe(balance);
      expect(journal.nonce(address)).toBe(nonce);
      expect(journal.exists(address)).toBe(exists);
      expect(toHex(journal.code(address))).toBe(code === undefined ? '' : toHex(codeOf(code)));
      const codeHash = code === undefined ? emptyCodeHash : crypto.keccak256(codeOf(code));
      expect(toHex(journal.codeHash(address))).toBe(toHex(exists ? codeHash : zeroWord));
      for (let slot = 0; slot < 3; slot++) {
        const name = `${index} ${slot}`;
        expect(journal.storage(address, word(slot))).toEqual(word(model.slots[name] ?? 0));
        const original = new Int32Array(8);
        journal.loadOriginal(slotOf(journal, index, slot), original);
        expect(wordToBytes(original)).toEqual(word(this.atStart.slots[name] ?? 0));
        expect(journal.transientStorage(address, word(slot))).toEqual(
          word(model.transient[name] ?? 0),
        );
      }
    }
    expect(journal.logs.map(({ data }) => data[31])).toEqual(model.logs);
  }
}

describe('journal', () => {
  it('agrees with a model that copies everything', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const pair = new Pair();
        pair.journal.beginTransaction();
        for (const each of steps) pair.take(each);
        pair.compare();
      }),
      { numRuns: 300 },
    );
  });

  it('reports exactly the leaves that differ, with what they replace', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const pair = new Pair();
        for (const each of steps) pair.take(each);
        const { after, before, codes } = pair.journal.changes();
        const store = initialStore();
        expect([...after.keys()]).toEqual([...before.keys()]);
        for (const [path, value] of before) {
          const stored = store.entries.get(`73${path}`);
          expect(value).toEqual(stored);
          expect(after.get(path)).not.toEqual(stored);
        }
        const stored = new Map(store.entries);
        for (const [path, value] of after) {
          if (value === undefined) stored.delete(`73${path}`);
          else stored.set(`73${path}`, value);
        }
        for (const [hash, code] of codes) stored.set(`6b${hash}`, code);
        const reread = new Journal({ get: (key) => stored.get(toHex(key)) }, crypto);
        for (let index = 0; index < 4; index++) {
          const address = account(index);
          expect(reread.balance(address)).toBe(pair.journal.balance(address));
          expect(reread.nonce(address)).toBe(pair.journal.nonce(address));
          expect(reread.code(address)).toEqual(pair.journal.code(address));
          for (let slot = 0; slot < 3; slot++) {
            const held = pair.journal.storage(address, word(slot));
            expect(reread.storage(address, word(slot))).toEqual(held);
          }
        }
        expect([...codes.keys()].filter((hash) => store.entries.has(`6b${hash}`))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('reads each code from the store once', () => {
    const store = initialStore();
    const journal = new Journal(store, crypto);
    journal.setCode(account(3), codeOf(2));
    const { after, codes } = journal.changes();
    store.apply([...after].map(([path, value]) => ({ key: keys.state(fromHex(path)), value })));
    store.apply([...codes].map(([hash, value]) => ({ key: keys.code(fromHex(hash)), value })));
    let reads = 0;
    const counting = {
      get: (key: Uint8Array) => {
        const value = store.get(key);
        if (value !== undefined && equalBytes(value, codeOf(2))) reads += 1;
        return value;
      },
    };
    const reread = new Journal(counting, crypto);
    for (let turn = 0; turn < 3; turn++) {
      expect(reread.code(account(3))).toEqual(codeOf(2));
      reread.beginTransaction();
    }
    expect(reads).toBe(1);
  });

  it('reports nothing when everything was taken back', () => {
    const journal = new Journal(initialStore(), crypto);
    journal.beginTransaction();
    journal.credit(account(3), 5n);
    journal.setCode(account(3), codeOf(2));
    journal.storeSlot(slotOf(journal, 1, 1), wordFromBytes(word(2)));
    journal.revertTo(0);
    const { after, before, codes } = journal.changes();
    expect([after.size, before.size, codes.size]).toEqual([0, 0, 0]);
  });

  it('creates no account by a touch with nothing', () => {
    const journal = new Journal(new MemoryStore(), crypto);
    journal.credit(account(7), 0n);
    journal.transfer(account(7), account(8), 0n);
    expect(journal.changes().after.size).toBe(0);
  });

  it('crashes on money that is not there', () => {
    const journal = new Journal(new MemoryStore(), crypto);
    expect(() => journal.debit(account(0), 1n)).toThrow(/below zero/);
  });
});
