/** OptimisticOracle in front of the real jury: assertions, disputes, and who has won what in the end. */

import { type Hex, toHex } from 'viem';
import { expect } from 'vitest';
import { fromHex } from '../../src/primitives/bytes.ts';
import { account, encodeConstructor, moduleOf } from './artifacts.ts';
import { anyone, fund, JuryScene, jury, shortTerms, weightUnit } from './jury-scene.ts';
import { type Assertion, baseTerms, guard, nobody, optimistic } from './optimistic-scene.ts';

export const asserter = account(0xe1);
export const disputer = account(0xe2);
const start = 10n ** 20n;
export const fee = 3n * shortTerms.feePerJuror;
export const bond = 2n * fee;
export const [yes, no] = [1, 2];
/** Every juror could hold all seats of the first jury. */
const pool = Array.from({ length: 8 }, () => 12_000n * weightUnit);

export class EscalationScene extends JuryScene {
  constructor(amounts = pool) {
    super(amounts, shortTerms);
    const { chain } = this;
    const deploy = (name: string, address: Hex, values: readonly unknown[]) =>
      chain.deploy(address, moduleOf(name), encodeConstructor(name, values));
    deploy('CorruptionGuard', guard.address, [nobody, fund.address, 0]);
    const parts = [jury.address, guard.address, fund.address, nobody];
    deploy('OptimisticOracle', optimistic.address, [...parts, baseTerms]);
    chain.know(optimistic);
    for (const person of [asserter, disputer]) chain.world.credit(fromHex(person), start);
  }

  override people(): Hex[] {
    return [...super.people(), optimistic.address];
  }

  override checkBooks(): void {
    super.checkBooks();
    // the parent checks its books before there is an optimistic oracle
    if (this.chain.world.code(fromHex(optimistic.address)).length === 0) return;
    const owed = this.chain.read<bigint>(optimistic, 'liabilities');
    expect(this.chain.balance(optimistic.address)).toBe(owed);
  }

  assertion(id: Hex): Assertion {
    return this.chain.read(optimistic, 'getAssertion', [id]);
  }

  assert(text = 'The river did not freeze.'): Hex {
    const args = [toHex(text), asserter];
    const { chain } = this;
    return chain.mustSend(asserter, optimistic, 'assertTruthWithDefaults', args, bond).value as Hex;
  }

  /** Number of the jury's question. */
  dispute(id: Hex): bigint {
    this.chain.mustSend(disputer, optimistic, 'disputeAssertion', [id, disputer], bond);
    const { question } = this.assertion(id);
    this.ids.push(question);
    return question;
  }

  settle(id: Hex): string | undefined {
    return this.chain.send(anyone, optimistic, 'settleAssertion', [id]).error;
  }

  /** What asserter and disputer have won or lost, once all that is owed is paid. */
  outcomes(): readonly bigint[] {
    const { chain } = this;
    chain.mine();
    for (const person of [asserter, disputer]) {
      const owed = chain.read<bigint>(optimistic, 'claimable', [person]);
      if (owed > 0n) chain.mustSend(person, optimistic, 'claim');
    }
    if (chain.read<bigint>(optimistic, 'claimable', [fund.address]) > 0n) {
      chain.mustSend(anyone, optimistic, 'sweep');
    }
    chain.mine();
    expect(chain.balance(optimistic.address)).toBe(0n);
    return [asserter, disputer].map((person) => chain.balance(person) - start);
  }
}
