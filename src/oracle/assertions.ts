/**
 * Typed reads of OptimisticOracle: terms, assertions with their claims, and the phase that an
 * assertion is in at a height. Nothing is cached but what the genesis block fixed.
 */

import { type ContractAddress, view } from './contracts.ts';
import { JuryClient } from './jury.ts';
import { type EventLog, readEvents } from './logs.ts';
import { optimisticAbi } from './optimistic-abi.ts';
import type { Transport } from './transport.ts';

/** States by their number in the contract. */
export const assertionStates = [
  'none',
  'asserted',
  'disputed',
  'true',
  'false',
  'undecided',
] as const;
export type AssertionState = (typeof assertionStates)[number];

/**
 * What the next block may do with an assertion: `open` takes a dispute, `closed` waits for the delay
 * that lets a dispute survive a reorganisation, `jury` waits for a ruling, `settle` can be settled.
 */
export type AssertionPhase = 'open' | 'closed' | 'jury' | 'settle' | 'true' | 'false' | 'undecided';

/** Spans in blocks. */
export interface AssertionTerms {
  readonly liveness: number;
  readonly livenessMin: number;
  readonly livenessMax: number;
  /** Blocks from the expiration to the first that may settle. */
  readonly settleDelay: number;
  readonly burnBps: number;
  readonly jurors: number;
  readonly callbackGas: number;
}

export interface Assertion {
  readonly id: `0x${string}`;
  readonly state: AssertionState;
  readonly asserter: ContractAddress;
  /** Undefined until somebody disputes. */
  readonly disputer: ContractAddress | undefined;
  readonly callback: ContractAddress | undefined;
  /** First height that takes no dispute. */
  readonly expiration: number;
  /** Acorns of each side. */
  readonly bond: bigint;
  /** What a jury costs, in acorns. */
  readonly fee: bigint;
  readonly burnBps: number;
  /** The jury's number of the question; undefined when nobody disputed or no jury was there. */
  readonly question: bigint | undefined;
  readonly callbackFailed: boolean;
  readonly juryMissing: boolean;
}

/** An assertion as its event tells it: the claim is kept there alone. */
export interface MadeAssertion {
  readonly id: `0x${string}`;
  readonly claim: `0x${string}`;
  readonly asserter: ContractAddress;
  readonly expirationBlock: bigint;
  readonly bond: bigint;
}

const noAddress = /^0x0+$/;

const given = (address: ContractAddress): ContractAddress | undefined =>
  noAddress.test(address) ? undefined : address;

/** The phase for block `next`; `juryIsDone` says whether the question's ruling is final. */
export function assertionPhase(
  { state, expiration, juryMissing }: Assertion,
  { settleDelay }: Pick<AssertionTerms, 'settleDelay'>,
  juryIsDone: boolean,
  next: number,
): AssertionPhase {
  if (state === 'true' || state === 'false' || state === 'undecided') return state;
  if (state === 'disputed' && !juryMissing) return juryIsDone ? 'settle' : 'jury';
  if (state === 'asserted' && next < expiration) return 'open';
  return next < expiration + settleDelay ? 'closed' : 'settle';
}

export class AssertionClient {
  readonly transport: Transport;
  readonly address: ContractAddress;
  #terms: AssertionTerms | undefined;
  #jury: JuryClient | undefined;

  constructor(transport: Transport, address: ContractAddress) {
    this.transport = transport;
    this.address = address;
  }

  /** All but the burn is fixed at genesis, so they are read once. */
  async terms(): Promise<AssertionTerms> {
    this.#terms ??= await this.#ask<AssertionTerms>('terms', []);
    return this.#terms;
  }

  /** Least bond in acorns of an assertion that calls nobody back. */
  minimumBond(): Promise<bigint> {
    return this.#ask<bigint>('getMinimumBond', []);
  }

  claimable(account: ContractAddress): Promise<bigint> {
    return this.#ask<bigint>('claimable', [account]);
  }

  /** @throws ContractRefusal UnknownAssertion */
  async read(id: `0x${string}`): Promise<Assertion> {
    const found = await this.#ask<{
      readonly state: number;
      readonly asserter: ContractAddress;
      readonly disputer: ContractAddress;
      readonly callback: ContractAddress;
      readonly expirationBlock: bigint;
      readonly bond: bigint;
      readonly fee: bigint;
      readonly burnBps: number;
      readonly question: bigint;
      readonly callbackFailed: boolean;
      readonly juryMissing: boolean;
    }>('getAssertion', [id]);
    const { bond, fee, burnBps, callbackFailed, juryMissing } = found;
    const state = assertionStates[found.state] ?? 'none';
    const disputer = given(found.disputer);
    return {
      id,
      state,
      asserter: found.asserter,
      disputer,
      callback: given(found.callback),
      expiration: Number(found.expirationBlock),
      bond,
      fee,
      burnBps,
      question: disputer === undefined || juryMissing ? undefined : found.question,
      callbackFailed,
      juryMissing,
    };
  }

  /** The phase of an assertion for block `next`; asks the jury when it was disputed. */
  async phase(assertion: Assertion, next: number): Promise<AssertionPhase> {
    const { state, question } = assertion;
    const isBeforeJury = state === 'disputed' && question !== undefined;
    const juryIsDone = isBeforeJury && (await this.#isRuled(question));
    return assertionPhase(assertion, await this.terms(), juryIsDone, next);
  }

  async #isRuled(question: bigint): Promise<boolean> {
    this.#jury ??= new JuryClient(this.transport, (await this.parts()).jury);
    const { status } = await this.#jury.rulingOf(question);
    return status === 'ruled' || status === 'void';
  }

  /** The contracts that it was made with. */
  async parts(): Promise<{ readonly jury: ContractAddress; readonly fund: ContractAddress }> {
    const [jury, , fund] = await this.#ask<
      readonly [ContractAddress, ContractAddress, ContractAddress]
    >('parts', []);
    return { jury, fund };
  }

  /** Assertions made from height `from` to `to`, oldest first. */
  made(from: number, to: number): Promise<readonly EventLog<MadeAssertion>[]> {
    return this.#made({}, from, to);
  }

  /**
   * The event of one assertion, which has its claim: looked for where the default liveness puts it,
   * then wherever the bounds of liveness allow.
   */
  async madeOf({ id, expiration }: Assertion): Promise<EventLog<MadeAssertion> | undefined> {
    const { liveness, livenessMin, livenessMax } = await this.terms();
    const likely = Math.max(0, expiration - liveness);
    const [found] = await this.#made({ id }, likely, likely);
    if (found !== undefined) return found;
    const last = Math.max(0, expiration - livenessMin);
    return (await this.#made({ id }, Math.max(0, expiration - livenessMax), last))[0];
  }

  /** Ids of assertions whose dispute `caller` paid for, from height `from` to `to`. */
  async disputesPaidBy(
    caller: ContractAddress,
    from: number,
    to: number,
  ): Promise<readonly `0x${string}`[]> {
    const { transport, address } = this;
    const query = { address, abi: optimisticAbi, event: 'AssertionDisputed', match: { caller } };
    const found = await readEvents<{ id: `0x${string}` }>(transport, { ...query, from, to });
    return found.map((log) => log.arguments.id);
  }

  #made(
    match: { readonly id?: string },
    from: number,
    to: number,
  ): Promise<readonly EventLog<MadeAssertion>[]> {
    const { transport, address } = this;
    const query = { address, abi: optimisticAbi, event: 'AssertionMade', match, from, to };
    return readEvents<MadeAssertion>(transport, query);
  }

  #ask<Result>(name: string, parameters: readonly unknown[]): Promise<Result> {
    return view<Result>(this.transport, this.address, optimisticAbi, name, parameters);
  }
}
