/**
 * Assertions as JSON-RPC offers them: each with its claim, its phase and the heights that matter.
 * Faults of the contract are returned with its error's name, never thrown for input's sake.
 */

import { fromHex, toHex } from '../primitives/bytes.ts';
import { limits } from '../primitives/limits.ts';
import type { Assertion, AssertionClient, AssertionPhase } from './assertions.ts';
import { claimText } from './claim.ts';
import { ContractRefusal } from './contracts.ts';

export interface AssertionFacts {
  readonly id: Uint8Array;
  /** Undefined when the bytes are no UTF-8. What strangers write may hold control characters. */
  readonly claim: string | undefined;
  readonly claimBytes: Uint8Array;
  readonly phase: AssertionPhase;
  readonly asserter: Uint8Array;
  readonly disputer: Uint8Array | undefined;
  readonly callback: Uint8Array | undefined;
  /** Acorns of each side. */
  readonly bond: bigint;
  /** Acorns that a jury costs. */
  readonly fee: bigint;
  readonly madeAt: number;
  /** First height that takes no dispute. */
  readonly disputeUntil: number;
  /** First height that settles it undisputed. */
  readonly settleFrom: number;
  /** The jury's number of the question. */
  readonly question: bigint | undefined;
  readonly juryMissing: boolean;
  readonly callbackFailed: boolean;
}

export interface AssertionPage {
  /** The contract, 20 bytes. */
  readonly oracle: Uint8Array;
  readonly minimumBond: bigint;
  /** Blocks: the default, and its bounds. */
  readonly liveness: number;
  readonly livenessMin: number;
  readonly livenessMax: number;
  readonly settleDelay: number;
  /** Made from the first to the last of these heights; newest first. */
  readonly from: number;
  readonly to: number;
  readonly assertions: readonly AssertionFacts[];
  /** Older ones of these heights that are left out. */
  readonly left: number;
}

export interface AssertionFault {
  readonly code: string;
  readonly message: string;
}

/** Heights of one page: what a node searches for events at once. */
const pageBlocks = limits.rpcLogsBlocksMax;

interface Made {
  readonly height: number;
  readonly claim: `0x${string}`;
}

export class AssertionDesk {
  readonly #client: AssertionClient;

  constructor(client: AssertionClient) {
    this.#client = client;
  }

  /** @param id 32 bytes; an unknown one is the fault `UnknownAssertion` */
  async assertion(id: Uint8Array): Promise<AssertionFacts | AssertionFault> {
    try {
      const assertion = await this.#client.read(`0x${toHex(id)}`);
      const made = await this.#client.madeOf(assertion);
      const height = made?.height ?? 0;
      const claim = made?.arguments.claim ?? '0x';
      return await this.#facts(assertion, { height, claim }, (await this.#height()) + 1);
    } catch (error) {
      if (!(error instanceof ContractRefusal)) throw error;
      return { code: error.code, message: error.message };
    }
  }

  /**
   * Assertions made in blocks `from` to `to`; without them, in the last 10,000.
   * @returns the fault `range` when there are more blocks than that
   */
  async assertions(
    from: number | undefined,
    to: number | undefined,
  ): Promise<AssertionPage | AssertionFault> {
    const head = await this.#height();
    const last = Math.min(to ?? head, head);
    const first = from ?? Math.max(0, last - pageBlocks + 1);
    if (last - first >= pageBlocks) {
      const message = `heights ${first} to ${last} are too many: ask for ${pageBlocks} at once`;
      return { code: 'range', message };
    }
    const client = this.#client;
    const [{ liveness, livenessMin, livenessMax, settleDelay }, minimumBond, made] =
      await Promise.all([client.terms(), client.minimumBond(), client.made(first, last)]);
    const newest = [...made].reverse().slice(0, limits.assertionsListedMax);
    const assertions = await Promise.all(
      newest.map(async ({ height, arguments: { id, claim } }) =>
        this.#facts(await client.read(id), { height, claim }, head + 1),
      ),
    );
    const terms = { minimumBond, liveness, livenessMin, livenessMax, settleDelay };
    const left = made.length - newest.length;
    return { oracle: fromHex(client.address), ...terms, from: first, to: last, assertions, left };
  }

  async #facts(
    assertion: Assertion,
    { height, claim }: Made,
    next: number,
  ): Promise<AssertionFacts> {
    const { asserter, disputer, callback, bond, fee, expiration, question } = assertion;
    const { settleDelay } = await this.#client.terms();
    return {
      id: fromHex(assertion.id),
      claim: claimText(claim),
      claimBytes: fromHex(claim),
      phase: await this.#client.phase(assertion, next),
      asserter: fromHex(asserter),
      disputer: disputer === undefined ? undefined : fromHex(disputer),
      callback: callback === undefined ? undefined : fromHex(callback),
      bond,
      fee,
      madeAt: height,
      disputeUntil: expiration,
      settleFrom: expiration + settleDelay,
      question,
      juryMissing: assertion.juryMissing,
      callbackFailed: assertion.callbackFailed,
    };
  }

  async #height(): Promise<number> {
    return Number(await this.#client.transport.request('eth_blockNumber', []));
  }
}
