/**
 * OptimisticOracle with a jury and recipients that obey the test, and a check of its books after
 * every block that changed something.
 */

import { type Hex, toHex } from 'viem';
import { expect } from 'vitest';
import { fromHex } from '../../src/primitives/bytes.ts';
import { nobleCrypto } from '../../src/primitives/crypto.ts';
import { createVm } from '../../src/vm/vm.ts';
import { ContractChain, type Result, type Target } from '../support/contract-chain.ts';
import { account, addresses, encodeConstructor, moduleOf, targetOf } from './artifacts.ts';
import { slots, standInAbi } from './stand-in.ts';

export const optimistic = targetOf('OptimisticOracle');
export const guard = targetOf('CorruptionGuard');
export const fund = targetOf('OracleFund');
export const jury: Target = { address: addresses.SchellingOracle as Hex, abi: standInAbi };
export const recipient: Target = { address: account(0xcafe), abi: standInAbi };
export const governor = account(0xf0);
export const asserter = account(0xa1);
export const disputer = account(0xa2);
export const settler = account(0xa3);
export const people = [asserter, disputer, settler];
export const nobody = account(0);
export const noDomain: Hex = `0x${'00'.repeat(32)}`;
export const oak = 10n ** 18n;

/** Those of the production networks, in the order of the ABI. */
export const baseTerms = {
  liveness: 480,
  livenessMin: 40,
  livenessMax: 40_320,
  settleDelay: 6,
  burnBps: 5_000,
  jurors: 3,
  callbackGas: 200_000,
};

export type Terms = typeof baseTerms;

export interface Assertion {
  readonly state: number;
  readonly asserter: Hex;
  readonly disputer: Hex;
  readonly bond: bigint;
  readonly fee: bigint;
  readonly burnBps: number;
  readonly question: bigint;
  readonly expirationBlock: bigint;
  readonly callbackFailed: boolean;
  readonly juryMissing: boolean;
}

export const states = {
  asserted: 1,
  disputed: 2,
  true: 3,
  false: 4,
  undecided: 5,
} as const;

/** What the jury may say. */
export const outcomes = { invalid: 0n, true: 1n, false: 2n, tooEarly: 255n } as const;
const ruled = 8n;
const voided = 9n;

export interface Making {
  readonly text?: string;
  readonly callback?: Hex;
  readonly liveness?: bigint;
  readonly bond?: bigint;
  readonly nonce?: bigint;
  readonly value?: bigint;
}

/** It holds only compiled modules, so all scenes share it. */
const vm = createVm({ crypto: nobleCrypto });

export class OptimisticScene {
  readonly chain = new ContractChain(vm, 1337, [optimistic, guard, fund]);
  readonly ids: Hex[] = [];
  readonly #refunds = new Map<Hex, bigint>();

  /** `fee` is what the jury asks. */
  constructor(standIn: Uint8Array, fee = 50n * oak, terms: Partial<Terms> = {}) {
    const { chain } = this;
    const deploy = (name: string, address: Hex, values: readonly unknown[]) =>
      chain.deploy(address, moduleOf(name), encodeConstructor(name, values));
    deploy('OracleFund', fund.address, [[], [], []]);
    deploy('CorruptionGuard', guard.address, [nobody, fund.address, 0]);
    chain.deploy(jury.address, standIn, '0x');
    chain.deploy(recipient.address, standIn, '0x');
    deploy('OptimisticOracle', optimistic.address, [
      jury.address,
      guard.address,
      fund.address,
      governor,
      { ...baseTerms, ...terms },
    ]);
    for (const person of people) chain.world.credit(fromHex(person), 10n ** 27n);
    this.setJury('fee', fee);
    chain.atEndOfBlock((touched) => {
      if (touched) this.checkBooks();
    });
    chain.mine();
  }

  setJury(slot: keyof typeof slots | bigint, value: bigint): void {
    const number = typeof slot === 'bigint' ? slot : slots[slot];
    this.chain.mustSend(settler, jury, 'set', [number, value]);
  }

  setRecipient(slot: keyof typeof slots, value: bigint): void {
    this.chain.mustSend(settler, recipient, 'set', [slots[slot], value]);
  }

  recipientSlot(slot: keyof typeof slots): bigint {
    return this.chain.read(recipient, 'get', [slots[slot]]);
  }

  minimumBond(): bigint {
    return this.chain.read(optimistic, 'getMinimumBond');
  }

  /** A statement of `asserter`; the least bond, no callback and liveness 40 by default. */
  assert(making: Making = {}): Result {
    const bond = making.bond ?? this.minimumBond();
    const result = this.chain.send(
      asserter,
      optimistic,
      'assertTruth',
      [
        toHex(making.text ?? 'The oak is older than the temple.'),
        asserter,
        making.callback ?? nobody,
        making.liveness ?? 40n,
        bond,
        noDomain,
        making.nonce ?? 0n,
      ],
      making.value ?? bond,
    );
    if (result.error === undefined) this.ids.push(result.value as Hex);
    return result;
  }

  mustAssert(making: Making = {}): Hex {
    const { value, error } = this.assert(making);
    expect(error).toBe(undefined);
    return value as Hex;
  }

  dispute(id: Hex, by = disputer): Result {
    const { bond } = this.assertion(id);
    return this.chain.send(by, optimistic, 'disputeAssertion', [id, by], bond);
  }

  settle(id: Hex): Result {
    return this.chain.send(settler, optimistic, 'settleAssertion', [id]);
  }

  mustSettle(id: Hex): Result {
    return this.chain.mustSend(settler, optimistic, 'settleAssertion', [id]);
  }

  rule(id: Hex, outcome: bigint): void {
    const { question } = this.assertion(id);
    this.setJury(slots.status + question, ruled);
    this.setJury(slots.outcome + question, outcome);
  }

  /** The jury finds nobody: the fee is the asker's again. */
  void(id: Hex): void {
    const { question, fee } = this.assertion(id);
    this.setJury(slots.status + question, voided);
    this.#refunds.set(id, fee);
    this.setJury('refund', this.juryOwes() + fee);
  }

  juryOwes(): bigint {
    return this.chain.read(jury, 'get', [slots.refund]);
  }

  assertion(id: Hex): Assertion {
    return this.chain.read(optimistic, 'getAssertion', [id]);
  }

  claimable(person: Hex): bigint {
    return this.chain.read(optimistic, 'claimable', [person]);
  }

  /** First block that may settle the assertion undisputed. */
  settleBlock(id: Hex): bigint {
    return this.assertion(id).expirationBlock + 6n;
  }

  /** Every acorn is a bond that is at stake, a fee on its way back, or somebody's credit. */
  checkBooks(): void {
    let owed = this.claimable(fund.address);
    let refunds = 0n;
    for (const person of people) owed += this.claimable(person);
    for (const id of this.ids) {
      const { state, bond, fee, juryMissing } = this.assertion(id);
      if (state === states.asserted) owed += bond;
      if (state !== states.disputed) continue;
      owed += juryMissing ? 2n * bond : 2n * bond - fee;
      refunds += this.#refunds.get(id) ?? 0n;
    }
    expect(this.chain.read(optimistic, 'liabilities')).toBe(owed);
    expect(this.chain.balance(optimistic.address) + this.juryOwes()).toBe(owed + refunds);
  }

  /** Everybody takes what is theirs; nothing may be left. */
  drain(): void {
    for (const person of people) {
      if (this.claimable(person) > 0n) this.chain.mustSend(person, optimistic, 'claim');
    }
    if (this.claimable(fund.address) > 0n) this.chain.mustSend(settler, optimistic, 'sweep');
    this.checkBooks();
  }
}
